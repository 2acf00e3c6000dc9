"""Structures: what a list would change, applying it, closing and merging."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire.models import Bassin, Commune, Structure, TypeStructure, cle_de_tri

from .passation import terminer_tous
from .reprise import apercu, transferer

#: The columns in which structures go out, and that the import reads back.
COLONNES = (
    "code", "uai", "siret", "nom", "type", "code_commune", "commune", "bassin", "adresse", "telephone", "courriel",
    "prive", "fermee_le", "reprise_par",
)  # fmt: skip

# Headers that people give to each column.
SYNONYMES = {
    "code": ("code", "code_portail"),
    "uai": ("uai", "rne", "code_uai", "numero_uai", "identifiant_de_l_etablissement"),
    "siret": ("siret", "siren_siret"),
    "nom": ("nom", "nom_etablissement", "denomination", "libelle", "appellation_officielle"),
    "type": ("type", "nature", "type_etablissement"),
    "code_commune": ("code_commune", "code_insee", "commune_insee", "insee"),
    "bassin": ("bassin", "code_bassin"),
    "adresse": ("adresse", "adresse_1"),
    "telephone": ("telephone", "tel"),
    "courriel": ("courriel", "mail", "email", "boite_fonctionnelle"),
    "prive": ("prive", "secteur"),
    "fermee_le": ("fermee_le", "date_fermeture"),
    "reprise_par": ("reprise_par", "uai_reprise"),
}
CHAMPS = list(SYNONYMES)
LIBELLES = {
    "siret": "SIRET", "nom": "nom", "type": "type", "commune": "commune", "bassin": "bassin", "adresse": "adresse",
    "telephone": "téléphone", "courriel": "boîte fonctionnelle", "prive": "privé", "fermee_le": "fermée le",
    "reprise_par": "reprise par",
}  # fmt: skip


@dataclass
class LigneStructure:
    """What one line of the list would do: `nouvelle`, `modifiee`, `identique` or `refusee`."""

    numero: int
    effet: str
    structure: Structure | None = None
    changements: list = field(default_factory=list)  # (label, before, after)
    erreurs: list = field(default_factory=list)


def _trouver(ligne, champ):
    return next((ligne[s] for s in SYNONYMES[champ] if s in ligne), None)


def _date(texte):
    for separateur in "/-.":
        morceaux = texte.split(separateur)
        if len(morceaux) == 3 and all(m.isdigit() for m in morceaux):
            a, b, c = map(int, morceaux)
            return date(a, b, c) if a > 31 else date(c, b, a)
    raise ValueError(texte)


def comparer(lignes, academie):
    """What these rows (from `lecture.lire_tableau`) would change in this académie: a list of `LigneStructure`.

    The key is the UAI, else the SIRET, else the code that the portal issued (for a structure that it knows). A column
    that is absent changes nothing; an empty cell empties the value, but for the name and the type.
    """
    toutes = list(
        Structure.objects.filter(academie=academie).select_related("commune", "bassin", "reprise_par")
    )
    connues = {s.uai: s for s in toutes if s.uai}
    par_code = {s.code: s for s in toutes}
    par_siret = {s.siret: s for s in toutes if s.siret and not s.uai}
    reprenables = _designees(toutes)
    communes = {
        c.code_insee: c for c in Commune.objects.filter(actuelle__isnull=True).select_related("bassin")
    }
    bassins = {}
    for bassin in Bassin.objects.filter(academie=academie):
        bassins[bassin.code] = bassins[cle_de_tri(bassin.nom)] = bassin
    types = {cle_de_tri(label): code for code, label in TypeStructure.choices} | {
        code: code for code in TypeStructure.values
    }
    vues, sortie = set(), []
    for ligne in lignes:
        valeurs = {champ: _trouver(ligne, champ) for champ in CHAMPS}
        resultat = LigneStructure(ligne["_ligne"], "identique")
        sortie.append(resultat)
        uai = (valeurs["uai"] or "").upper().replace(" ", "")
        siret = (valeurs["siret"] or "").replace(" ", "")
        code = (valeurs["code"] or "").strip()
        cle = uai or siret or code
        if not cle:
            resultat.erreurs.append("Ni UAI, ni SIRET, ni code du portail.")
        elif cle in vues:
            resultat.erreurs.append(f"{cle} est déjà plus haut dans la liste.")
        vues.add(cle)
        if uai or siret:
            structure = connues.get(uai) if uai else par_siret.get(siret)
        else:
            structure = par_code.get(code)
            if code and structure is None:
                resultat.erreurs.append(f"Aucune structure ne porte le code {code}.")
        nouvelle = structure is None
        if nouvelle:
            structure = Structure(code=cle, uai=uai, academie=academie)
        resultat.structure = structure
        avant = _photo(structure)
        try:
            _remplir(structure, valeurs, siret, communes, bassins, types, reprenables)
        except ValueError as erreur:
            resultat.erreurs.append(str(erreur))
        if not resultat.erreurs:
            try:
                structure.clean_fields(exclude=["nom_tri"])
                structure.clean()
            except ValidationError as erreur:
                resultat.erreurs += _en_clair(erreur)
        apres = _photo(structure)
        resultat.changements = [
            (LIBELLES[c], avant[c] if not nouvelle else "", apres[c])
            for c in LIBELLES
            if avant[c] != apres[c]
        ]
        if resultat.erreurs:
            resultat.effet = "refusee"
        elif nouvelle:
            resultat.effet = "nouvelle"
            connues[uai] = structure
            for designation in (structure.code, siret, uai):
                if designation:
                    reprenables.setdefault(designation.upper(), structure)
        elif resultat.changements:
            resultat.effet = "modifiee"
    return sortie


def _en_clair(erreur):
    """The sentences of a ValidationError, each with the column that it is about."""
    if not hasattr(erreur, "error_dict"):
        return erreur.messages
    noms = LIBELLES | {"uai": "UAI", NON_FIELD_ERRORS: ""}
    return [
        f"{noms.get(champ, champ)} : {message}".removeprefix(" : ")
        for champ, messages in erreur.message_dict.items()
        for message in messages
        if champ != "code" or "uai" not in erreur.message_dict  # drawn from the UAI: said once
    ]


def _designees(structures):
    """What names one structure alone in the column of the one that takes over: its UAI, its SIRET, its code."""
    sirets = Counter(s.siret for s in structures)
    designees = {s.siret: s for s in structures if s.siret and sirets[s.siret] == 1}
    designees |= {s.code.upper(): s for s in structures}
    return designees | {s.uai: s for s in structures if s.uai}


def fusion(ligne):
    """What the merge that a line announces would move, as `reprise.apercu` tells it; [] when it announces none."""
    structure, vers = ligne.structure, ligne.structure.reprise_par
    annoncee = any(libelle == LIBELLES["reprise_par"] for libelle, _, _ in ligne.changements)
    if ligne.effet != "modifiee" or not annoncee or vers is None:
        return []
    return apercu(structure, vers if vers.pk else Structure(pk=0))  # 0: one that the same list creates


def _photo(structure):
    return {c: str(getattr(structure, c) if getattr(structure, c) is not None else "") for c in LIBELLES}


def _remplir(structure, valeurs, siret, communes, bassins, types, reprenables):
    if valeurs["siret"] is not None:
        structure.siret = siret
    for champ in ("nom", "adresse", "telephone", "courriel"):
        if valeurs[champ] is not None and (valeurs[champ] or champ != "nom"):
            structure.__dict__[champ] = valeurs[champ]
    if valeurs["type"]:
        if cle_de_tri(valeurs["type"]) not in types:
            raise ValueError(f"Type inconnu : {valeurs['type']}.")
        structure.type = types[cle_de_tri(valeurs["type"])]
    if not structure.type:
        raise ValueError("Le type manque.")
    if valeurs["prive"] is not None:
        structure.prive = cle_de_tri(valeurs["prive"]) in {"1", "oui", "vrai", "true", "prive", "pr"}
    commune_avant = structure.commune_id if structure.pk else None
    if valeurs["code_commune"]:
        commune = communes.get(valeurs["code_commune"].zfill(5))
        if commune is None:
            raise ValueError(f"Aucune commune ne porte le code {valeurs['code_commune']}.")
        structure.commune = commune
    if valeurs["bassin"]:
        bassin = bassins.get(cle_de_tri(valeurs["bassin"]))
        if bassin is None:
            raise ValueError(f"Bassin inconnu : {valeurs['bassin']}.")
        structure.bassin = bassin
        structure.bassin_force = structure.commune is None or structure.commune.bassin != bassin
    elif structure.commune and not structure.bassin_force and structure.commune_id != commune_avant:
        structure.bassin = structure.commune.bassin
    if valeurs["fermee_le"] is not None:
        try:
            structure.fermee_le = _date(valeurs["fermee_le"][:10]) if valeurs["fermee_le"] else None
        except ValueError:
            raise ValueError(f"Date de fermeture illisible : {valeurs['fermee_le']}.") from None
    if valeurs["reprise_par"]:
        reprise = reprenables.get(valeurs["reprise_par"].upper().replace(" ", ""))
        if reprise is None or reprise is structure:
            raise ValueError(f"La structure qui reprend est inconnue : {valeurs['reprise_par']}.")
        if not structure.fermee_le:
            raise ValueError("Une structure reprise par une autre doit avoir une date de fermeture.")
        structure.reprise_par = reprise


@transaction.atomic
def appliquer(lignes, academie, *, par):
    """Apply what `comparer` announces, recomputed now. Returns {effet: count}. Refused lines are left out."""
    bilan = {"nouvelle": 0, "modifiee": 0, "identique": 0, "refusee": 0}
    touchees = []
    reprises = dict(Structure.objects.filter(academie=academie).values_list("pk", "reprise_par"))
    for ligne in comparer(lignes, academie):
        bilan[ligne.effet] += 1
        if ligne.effet in {"nouvelle", "modifiee"}:
            structure = ligne.structure
            structure.save()
            touchees.append(structure)
            nouvelle = structure.reprise_par_id and reprises.get(structure.pk) != structure.reprise_par_id
            if nouvelle and structure.est_fermee:
                transferer(structure, structure.reprise_par, par=par)
    noter(Action.ECRITURE, "structures_importees", touchees, par=par, **bilan)
    return bilan


@transaction.atomic
def fermer(structure, le, *, par, reprise_par=None, terminer_les_acces=False):
    """Close a structure on a day; that day, what it holds goes to the one that takes over, if any.

    terminer_les_acces: when nobody takes over, end the memberships of its people too (on that day, or at once).
    """
    structure.fermee_le = le
    structure.reprise_par = reprise_par
    structure.save()
    noter(Action.ECRITURE, "structure_fermee", structure, par=par, le=str(le))
    if reprise_par and le <= timezone.localdate():
        transferer(structure, reprise_par, par=par)
    elif terminer_les_acces and not reprise_par:
        terminer_tous(structure, par=par, le=le)

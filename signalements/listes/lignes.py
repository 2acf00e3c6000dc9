"""A row of a list as a report: each cell understood, the whole checked by the very form of the entry.

Who the jeune is, when they were born and when they left are demanded: a row that lacks one is refused, with the reason.
What is optional and cannot be read is left out, and said. What has no column at all in the list is not asked of each row.
"""

import functools
import hashlib
import re
from dataclasses import dataclass, field

from dateutil.relativedelta import relativedelta
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from qualit.echanges.lecture import SANS_RESULTAT, SANS_VALEUR
from qualit.territoire.models import cle_de_tri
from qualit.territoire.nomenclatures import choix
from qualit.web.texte_libre import reperer
from signalements.controles import numero_lisible, numero_normalise
from signalements.forms import SignalementForm, liens_legaux
from signalements.models import Contact, Signalement
from signalements.services import commune_de, eligibilite, nom_de_lieu, situer

from . import valeurs
from .colonnes import CHAMPS, cle_du_texte, normaliser
from .valeurs import Illisible, Liste

#: Without one of these no report can be made of a row.
EXIGES = ("nom_naissance", "prenom", "date_naissance", "date_sortie")
#: Demanded of each row when the list has the column (or a value for the whole list).
EXIGES_SI_PRESENTS = ("sexe", "classe", "nature_sortie")
NOMENCLATURES = {
    "nature_sortie": "natures_sortie",
    "motifs": "motifs",
    "statut": "statuts",
    "regime": "regimes",
    "niveau": "niveaux",
    "diplome": "diplomes",
    "resp_lien": "liens",
}
#: A value may be given for the whole list when no column says it.
PAR_DEFAUT = ("date_sortie", "nature_sortie", "statut", "classe")
REFUSENT = frozenset({*EXIGES, *EXIGES_SI_PRESENTS, "ine", "nom_usage"})
CONTACTS_MAXIMUM = 10


@dataclass
class Ligne:
    """What a row says: `donnees` are the fields of the report (codes, ISO dates), refused when `raisons` is not empty."""

    numero: int
    donnees: dict = field(default_factory=dict)
    contacts: list = field(default_factory=list)
    responsables: list = field(default_factory=list)
    raisons: list = field(default_factory=list)
    remarques: list = field(default_factory=list)

    @property
    def empreinte(self):
        """What tells that the same row was sent before: the jeune and the day of the exit, whatever the typing."""
        d = self.donnees
        cles = [cle_de_tri(d[c]).replace("-", " ") for c in ("nom_naissance", "prenom")]
        return hashlib.sha256("|".join([*cles, d["date_naissance"], d["date_sortie"]]).encode()).hexdigest()


class LigneForm(SignalementForm):
    """The form of the entry, made once and filled again for each row: building it takes longer than reading a row."""

    obligatoires = frozenset()

    def relire(self, donnees):
        """Validate other data. Returns True without errors."""
        self.data, self._errors, self.cleaned_data = donnees, None, {}
        return self.is_valid()


class Lecteur:
    """Reads the rows of one list for one structure.

    colonnes: the `Colonne`s with their field; defauts: {field: value} for the whole list; correspondances:
    {field: {normalised text: code}} chosen by the structure; formations: {normalised class: formation}.
    """

    def __init__(
        self, colonnes, structure, *, defauts=None, correspondances=None, formations=None, aujourdhui=None
    ):
        self.structure = structure
        self.colonnes = [c for c in colonnes if c.champ in CHAMPS]
        self.presents = {c.champ for c in self.colonnes}
        self.defauts = {c: v for c, v in (defauts or {}).items() if v and c in PAR_DEFAUT}
        self.formations = formations or {}
        self.aujourdhui = aujourdhui or timezone.localdate()
        correspondances = correspondances or {}
        self.listes = {
            champ: Liste(
                liste, liens_legaux() if liste == "liens" else choix(liste), correspondances.get(champ)
            )
            for champ, liste in NOMENCLATURES.items()
        }
        self.commune_de = functools.lru_cache(20_000)(commune_de)
        self.form = LigneForm({})
        self.form.code_du_lieu = functools.lru_cache(20_000)(nom_de_lieu)
        self.libelles = {c: champ.label for c, champ in self.form.fields.items()}
        self.exiges = [
            *EXIGES,
            *(c for c in EXIGES_SI_PRESENTS if c in self.presents or c in self.defauts),
        ]

    # --- cells -----------------------------------------------------------------------------------------

    def lire(self, numero, cellules):
        """The `Ligne` of these cells (as `qualit.echanges.lecture` gives them)."""
        ligne = Ligne(numero)
        bruts = {}
        for colonne in self.colonnes:
            if colonne.rang >= len(cellules) or cellules[colonne.rang] is None:
                continue
            if cellules[colonne.rang] == SANS_VALEUR:
                self._formule(ligne, colonne.champ)
            else:
                bruts.setdefault(colonne.champ, []).append(cellules[colonne.rang])
        saisie = self._identite(ligne, bruts)
        self._domicile(ligne, bruts, saisie)
        self._scolarite(ligne, bruts, saisie)
        self._contacts(ligne, bruts)
        saisie["aucun_contact"] = not ligne.contacts
        self._controler(ligne, saisie)
        return ligne

    def _formule(self, ligne, champ):
        """A formula that gives nothing: said as such, for the cell is not empty in a spreadsheet."""
        libelle = CHAMPS[champ].libelle
        if champ in self.exiges or champ == "nom_prenom":
            ligne.raisons.append(f"{libelle} : {SANS_RESULTAT}")
            ligne.donnees["illisible"] = champ == "nom_prenom"
        else:
            ligne.remarques.append(f"{libelle} non repris : la case contient une formule sans résultat.")

    def _lire(self, ligne, lecture, cellule, defaut=""):
        """The value of a demanded cell; when unreadable, the row is refused."""
        try:
            return lecture(cellule)
        except Illisible as erreur:
            ligne.raisons.append(str(erreur))
            return defaut

    def _date(self, ligne, champ, cellule):
        """A demanded date; the refusal names the column: a list has several."""
        try:
            return valeurs.jour(cellule)
        except Illisible as erreur:
            ligne.raisons.append(f"{CHAMPS[champ].libelle}{str(erreur).removeprefix('Date')}")
            return None

    def _identite(self, ligne, bruts):
        un = {champ: valeurs_[0] for champ, valeurs_ in bruts.items()}
        saisie = {c: valeurs.nom(un.get(c)) for c in ("nom_naissance", "nom_usage", "prenom")}
        if "nom_prenom" in un:
            nom, prenom = self._lire(ligne, valeurs.nom_et_prenom, un["nom_prenom"], ("", ""))
            saisie["nom_naissance"] = saisie["nom_naissance"] or nom
            saisie["prenom"] = saisie["prenom"] or prenom
            if not nom and ligne.raisons:
                ligne.donnees["illisible"] = True
        if saisie["nom_usage"] and not saisie["nom_naissance"] and "nom_naissance" not in self.presents:
            saisie["nom_naissance"], saisie["nom_usage"] = saisie["nom_usage"], ""
        if saisie["nom_usage"] == saisie["nom_naissance"]:
            saisie["nom_usage"] = ""
        saisie["autres_prenoms"] = " ".join(valeurs.nom(c) for c in bruts.get("autres_prenoms", ()))
        saisie["date_naissance"] = self._date(ligne, "date_naissance", un.get("date_naissance"))
        saisie["sexe"] = self._lire(ligne, valeurs.sexe, un.get("sexe"))
        saisie["commune_naissance"] = valeurs.texte(un.get("commune_naissance"))
        code = valeurs.texte(un.get("commune_naissance_insee")).upper()
        saisie["commune_naissance_insee"] = code.zfill(5) if len(code) == 4 and code.isdigit() else code
        saisie["ine"], remarque = self._lire(ligne, valeurs.ine, un.get("ine"), ("", ""))
        if remarque:
            ligne.remarques.append(remarque)
        return saisie

    def _domicile(self, ligne, bruts, saisie):
        un = {champ: valeurs_[0] for champ, valeurs_ in bruts.items()}
        saisie["adresse"] = ", ".join(filter(None, (valeurs.texte(c) for c in bruts.get("adresse", ()))))
        saisie["code_postal"] = valeurs.code_postal(un.get("code_postal"))
        saisie["ville"] = valeurs.texte(un.get("ville"))
        if "cp_ville" in un:
            code, ville = valeurs.postal_et_ville(un["cp_ville"])
            saisie["code_postal"], saisie["ville"] = saisie["code_postal"] or code, saisie["ville"] or ville
        pays = valeurs.texte(un.get("pays"))
        francais = normaliser(pays) in {"", "france", "fr", "fra", "100"}
        saisie["pays"] = "" if francais else pays
        saisie["domicile"] = Signalement.Domicile.FRANCE if francais else Signalement.Domicile.ETRANGER

    def _scolarite(self, ligne, bruts, saisie):
        un = {champ: valeurs_[0] for champ, valeurs_ in bruts.items()}
        saisie["classe"] = valeurs.texte(un.get("classe")) or self.defauts.get("classe", "")
        saisie["formation"] = valeurs.texte(un.get("formation")) or self.formations.get(
            cle_du_texte(saisie["classe"]), ""
        )
        saisie["date_sortie"] = self._date(ligne, "date_sortie", un.get("date_sortie"))
        if saisie["date_sortie"] is None and "date_sortie" in self.defauts and un.get("date_sortie") is None:
            saisie["date_sortie"] = valeurs.jour(self.defauts["date_sortie"])
        for champ in ("statut", "regime", "niveau", "diplome"):
            saisie[champ] = self._code(ligne, champ, un.get(champ)) or self.defauts.get(champ, "")
        saisie["nature_sortie"] = self._nature(ligne, un.get("nature_sortie"))
        motifs = []
        for cellule in bruts.get("motifs", ()):
            for ecrit in self.ecrits("motifs", cellule):
                if code := self._code(ligne, "motifs", ecrit):
                    motifs.append(code)
        saisie["motifs"] = list(dict.fromkeys(motifs))
        saisie["motif_principal"] = saisie["motifs"][0] if saisie["motifs"] else ""
        informee = valeurs.oui_non(un.get("famille_informee"))
        saisie["famille_informee"] = {True: "oui", False: "non"}.get(informee, "")
        try:
            saisie["famille_informee_le"] = valeurs.jour(un.get("famille_informee_le"))
        except Illisible as erreur:
            ligne.remarques.append(f"{CHAMPS['famille_informee_le'].libelle} : non repris. {erreur}")
        message = "\n".join(filter(None, (valeurs.texte(c) for c in bruts.get("message", ()))))
        if message and reperer(message):
            ligne.remarques.append(
                "Message au GAB non repris : il touche à ce qui n’a pas sa place ici (santé, famille, sanction…)."
            )
            message = ""
        saisie["message"] = message

    def _nature(self, ligne, cellule):
        ecrit = valeurs.texte(cellule)
        code = self.listes["nature_sortie"].code(ecrit)
        if code:
            return code
        if not ecrit or code == "":
            return self.defauts.get("nature_sortie", "")
        motif = self.listes["motifs"].code(ecrit)  # a single column for both is usual
        if motif and "nature_sortie" in self.defauts:
            return self.defauts["nature_sortie"]
        ligne.raisons.append(
            f"Nature de la sortie « {ecrit[:60]} » inconnue : écrivez {self.listes['nature_sortie'].attendus}."
        )
        return None

    def ecrits(self, champ, cellule):
        """The texts to look up in a nomenclature for one cell: several motives may share one, unless it is known whole."""
        ecrit = valeurs.texte(cellule)
        if champ != "motifs" or self.listes[champ].code(ecrit):
            return [ecrit]
        return [morceau.strip() for morceau in re.split("[;/|]", ecrit)]

    def _code(self, ligne, champ, cellule):
        ecrit = valeurs.texte(cellule)
        code = self.listes[champ].code(ecrit)
        if code is None:
            ligne.remarques.append(f"{CHAMPS[champ].libelle} « {ecrit[:60]} » non repris : valeur inconnue.")
        return code or ""

    def _contacts(self, ligne, bruts):
        un = {champ: valeurs_[0] for champ, valeurs_ in bruts.items()}
        lien = self._code(ligne, "resp_lien", un.get("resp_lien"))
        sources = [
            ("telephone", "jeune"), ("courriel", "jeune"), ("tel_mere", "mere"), ("tel_pere", "pere"),
            ("resp_telephone", lien or "autre"), ("resp_courriel", lien or "autre"),
        ]  # fmt: skip
        lus, siens = {}, {}
        for champ, proprietaire in sources:
            for cellule in bruts.get(champ, ()):
                trouves, rates = valeurs.contacts(cellule, proprietaire)
                for type_, valeur, qui in trouves:
                    if type_ == Contact.Type.COURRIEL and not _courriel_valide(valeur):
                        rates.append(valeur)
                        continue
                    cle = (
                        type_,
                        numero_normalise(valeur) if type_ == Contact.Type.TELEPHONE else valeur.lower(),
                    )
                    lus.setdefault(cle, (type_, valeur, qui))
                    if champ.startswith("resp_"):
                        siens.setdefault(type_, valeur)
                ligne.remarques += [
                    f"{CHAMPS[champ].libelle} « {r[:40]} » non repris : incomplet ou illisible."
                    for r in rates
                ]
        ligne.contacts = list(lus.values())[:CONTACTS_MAXIMUM]
        nom = valeurs.nom(un.get("resp_nom"))
        if nom:
            telephone = siens.get("telephone", "")
            ligne.responsables.append(
                {
                    "nom": nom[:100],
                    "prenom": valeurs.nom(un.get("resp_prenom"))[:100],
                    "lien": lien,
                    "telephone": numero_lisible(numero_normalise(telephone)) if telephone else "",
                    "courriel": siens.get("courriel", ""),
                    "adresse": valeurs.texte(un.get("resp_adresse"))[:250],
                }
            )

    # --- the whole row -----------------------------------------------------------------------------------

    def _controler(self, ligne, saisie):
        illisible = ligne.donnees.pop("illisible", False)
        deja = bool(ligne.raisons)
        for champ in self.exiges:
            if saisie.get(champ) in ("", None) and not self._dit(ligne, champ, illisible):
                ligne.raisons.append(f"{CHAMPS[champ].libelle} : la case est vide.")
        saisie["nature_sortie"] = saisie["nature_sortie"] or ""
        self.form.relire(saisie)
        for champ, erreurs in self.form.errors.items():
            texte = f"{self.libelles.get(champ, '')} « {str(saisie.get(champ))[:40]} » : {' '.join(erreurs)}"
            if champ in REFUSENT:
                valeur = saisie.get(champ)
                if hasattr(valeur, "strftime"):
                    texte = f"{self.libelles[champ]} « {valeur:%d/%m/%Y} » : {' '.join(erreurs)}"
                ligne.raisons.append(texte)
            else:
                ligne.remarques.append(f"{texte} Non repris.")
        nettes = {c: v for c, v in self.form.cleaned_data.items() if c not in self.form.errors}
        ligne.donnees = {c: _en_json(v) for c, v in nettes.items() if v not in (None, "", [], False)}
        if not ligne.raisons and not deja:
            self._eligibilite(ligne)

    @staticmethod
    def _dit(ligne, champ, illisible):
        """A reason already speaks of this field."""
        if illisible and champ in ("nom_naissance", "prenom"):
            return True
        debut = CHAMPS[champ].libelle
        return any(r.startswith(debut) for r in ligne.raisons)

    def _eligibilite(self, ligne):
        signalement = self.signalement(ligne)
        age = signalement.age_a_la_sortie
        if age is not None and 0 <= age < 16:
            seize = signalement.date_naissance + relativedelta(years=16)
            suite = (
                f"Il a 16 ans depuis le {seize:%d/%m/%Y} : s’il est sans solution, signalez-le par le formulaire."
                if seize <= self.aujourdhui
                else "Prévenez la DSDEN (cellule de l’obligation scolaire) pour qu’il soit rescolarisé ; "
                f"il pourra être signalé à partir du {seize:%d/%m/%Y}."
            )
            ligne.raisons.append(
                f"Moins de 16 ans à la sortie : ce jeune avait {age} ans le {signalement.date_sortie:%d/%m/%Y}, "
                f"l’obligation scolaire demeurait. {suite}"
            )
            return
        for constat in eligibilite(signalement, self.aujourdhui, trouver=self.commune_de):
            if constat.gravite == "bloquant":
                ligne.raisons.append(constat.texte)
            else:
                ligne.remarques.append(constat.texte)

    def signalement(self, ligne):
        """The unsaved report of a row, in its place of the territory."""
        return signalement_de(ligne.donnees, self.structure, trouver=self.commune_de)


def signalement_de(donnees, structure, *, trouver=None):
    """An unsaved `Signalement` from the `donnees` of a `Ligne`."""
    signalement = Signalement(structure=structure)
    for champ, valeur in donnees.items():
        modele = Signalement._meta.get_field(champ)
        setattr(signalement, champ, modele.to_python(valeur) if valeur is not None else None)
    situer(signalement, trouver=trouver)
    return signalement


def _courriel_valide(valeur):
    try:
        validate_email(valeur)
    except ValidationError:
        return False
    return len(valeur) <= 200


def _en_json(valeur):
    return valeur.isoformat() if hasattr(valeur, "isoformat") else valeur

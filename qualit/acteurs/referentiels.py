"""Reference tables in and out by file: what a list would change, applying it, and every earlier version.

Nomenclatures, bassins and communes → bassin are compared here; structures have their own comparison
(`structures.comparer`). A version is the whole content: to go back is to import it again, with the same preview.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from qualit.echanges.lecture import FichierIllisible
from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits, nomenclatures
from qualit.territoire.droits import Droit
from qualit.territoire.models import Academie, Bassin, Commune, Structure, Terme, cle_de_tri
from qualit.web.formulaires import lire_date

from . import structures
from .models import VersionReferentiel

Jeu = VersionReferentiel.Jeu
ECRITES = {"nouvelle", "modifiee", "fermee"}
UN_JOUR = timedelta(days=1)
LISTE_CODE = "abcdefghijklmnopqrstuvwxyz0123456789_-"


@dataclass
class LigneReferentiel:
    """What one line would do: `nouvelle`, `modifiee`, `fermee`, `identique` or `refusee`."""

    numero: int
    libelle: str
    effet: str = "identique"
    changements: list = field(default_factory=list)  # (column, before, after)
    erreurs: list = field(default_factory=list)
    ecritures: list = field(default_factory=list)
    """What is stored: [(row or None for a new one, {field: text})]."""

    def refuser(self, raison):
        self.effet, self.changements = "refusee", []
        if raison not in self.erreurs:
            self.erreurs.append(raison)


class Referentiel:
    """How one table is read, compared and written. `colonnes`: {field: header}; `cle`: the fields that name a line."""

    jeu = ""
    colonnes = {}
    cle = ()
    aide = ""

    def __init__(self, academie):
        self.academie = academie

    def objets(self):
        """The rows of today, in order."""
        raise NotImplementedError

    def valeurs(self, objet):
        """{field: text} of a row."""
        raise NotImplementedError

    def designer(self, lues, existants, jour):
        """The key of the row that a line names; `jour`: when several have the same code, the day that tells."""
        return _cle(self, lues)

    def lire(self, valeurs, existant):
        """Check the texts of a line and return them in their stored form. Raises ValueError, its message in French."""
        raise NotImplementedError

    def ecritures(self, objet, valeurs, existants, a_partir_du):
        """What storing a line comes to, as in `LigneReferentiel`. Raises ValueError, its message in French."""
        return [(objet, valeurs)]

    def controler(self, lignes, existants):
        """Refuse the lines that cannot go together."""

    def ecrire(self, objet, valeurs):
        """Store a row, new when `objet` is None."""
        raise NotImplementedError

    def close(self, objet, vues):
        """The values that end a row which an earlier version (`vues`: its keys) did not have; None when it stays."""


def _jour(texte):
    return lire_date(texte) if texte else None


def _texte(jour):
    return f"{jour:%d/%m/%Y}" if jour else ""


class Nomenclatures(Referentiel):
    jeu = Jeu.NOMENCLATURES
    colonnes = {
        "liste": "liste",
        "code": "code",
        "libelle": "libellé",
        "ordre": "ordre",
        "valide_du": "valide du",
        "valide_au": "valide au",
    }
    cle = ("liste", "code", "valide_du")
    aide = (
        "Une ligne par terme. Le code ne change jamais ; un terme qui ne sert plus reçoit une date dans « valide au », "
        "il n’est jamais effacé : les fiches qui le portent gardent son libellé. Sans la colonne « valide du », une ligne "
        "désigne le terme en vigueur."
    )

    def objets(self):
        return Terme.objects.order_by("liste", "ordre", "code", "valide_du")

    def valeurs(self, objet):
        return {
            "liste": objet.liste,
            "code": objet.code,
            "libelle": objet.libelle,
            "ordre": str(objet.ordre),
            "valide_du": _texte(objet.valide_du),
            "valide_au": _texte(objet.valide_au),
        }

    def designer(self, lues, existants, jour):
        """Without the column « valide du », a code names its term in force on that day, else the last one."""
        cle = _cle(self, lues)
        if lues["valide_du"] is not None:
            return cle
        memes = [terme for connue, (terme, _) in existants.items() if connue[:2] == cle[:2]]
        terme = nomenclatures.du_jour(memes, jour)
        return (*cle[:2], _texte(terme.valide_du)) if terme else cle

    def listes(self):
        if not hasattr(self, "_listes"):
            self._listes = set(Terme.objects.values_list("liste", flat=True))
        return self._listes

    def lire(self, valeurs, existant):
        if valeurs["liste"] not in self.listes():
            raise ValueError(f"La liste « {valeurs['liste']} » n’existe pas.")
        if not valeurs["code"] or set(valeurs["code"]) - set(LISTE_CODE) or len(valeurs["code"]) > 60:
            raise ValueError("Le code s’écrit en minuscules sans accent, chiffres et tirets bas.")
        if not valeurs["libelle"]:
            raise ValueError("Le libellé manque.")
        if len(valeurs["libelle"]) > 200:
            raise ValueError("Ce libellé dépasse 200 caractères.")
        if not valeurs["ordre"].isascii() or not valeurs["ordre"].isdigit() or len(valeurs["ordre"]) > 6:
            raise ValueError("L’ordre est un nombre entier.")
        du, au = _jour(valeurs["valide_du"]), _jour(valeurs["valide_au"])
        if du and au and au < du - UN_JOUR:
            raise ValueError("« valide au » précède « valide du ».")
        return valeurs | {
            "ordre": str(int(valeurs["ordre"])),
            "valide_du": _texte(du),
            "valide_au": _texte(au),
        }

    def ecritures(self, terme, valeurs, existants, a_partir_du):
        """A label changed from a day on is another term: the former one stays on what was dated before that day."""
        if (
            terme is None
            or a_partir_du is None
            or terme.libelle == valeurs["libelle"]
            or (terme.valide_du or date.min) >= a_partir_du
        ):
            return [(terme, valeurs)]
        fin = _jour(valeurs["valide_au"])
        if fin and fin < a_partir_du:
            raise ValueError(
                f"Ce terme prend fin le {_texte(fin)}, avant le changement de libellé : "
                "prolongez-le dans « valide au », ou corrigez son libellé sans donner de date."
            )
        veille = min(terme.valide_au or date.max, a_partir_du - UN_JOUR)
        debut = _texte(a_partir_du)
        connu, _ = existants.get((terme.liste, terme.code, debut), (None, None))
        return [
            (terme, self.valeurs(terme) | {"valide_au": _texte(veille)}),
            (connu, valeurs | {"valide_du": debut}),
        ]

    def controler(self, lignes, existants):
        """A code has one term a day: else all the lines that change it are refused, and it stays as it is."""
        termes, changements = {}, {}
        for cle, (_, valeurs) in existants.items():
            termes.setdefault(cle[:2], {})[cle] = valeurs
        for ligne in lignes:
            for _, valeurs in ligne.ecritures if ligne.effet in ECRITES else ():
                cle = _cle(self, valeurs)
                termes.setdefault(cle[:2], {})[cle] = valeurs
                changements.setdefault(cle[:2], []).append(ligne)
        for code, changees in changements.items():
            periodes = [(_jour(v["valide_du"]), _jour(v["valide_au"])) for v in termes[code].values()]
            periodes = sorted((du or date.min, au or date.max) for du, au in periodes)
            periodes = [(du, au) for du, au in periodes if du <= au]
            for (_, fin), (debut, _) in pairwise(periodes):
                if debut <= fin:
                    for ligne in changees:
                        ligne.refuser(
                            f"Le code « {code[1]} » aurait deux termes à la fois à partir du {_texte(debut)} : "
                            "mettez fin au premier dans « valide au », au plus tard la veille."
                        )
                    break

    def ecrire(self, terme, valeurs):
        if terme is None:
            memes = Terme.objects.filter(liste=valeurs["liste"], code=valeurs["code"])
            modele = memes.order_by(F("valide_du").desc(nulls_last=True)).first()
            terme = Terme(liste=valeurs["liste"], code=valeurs["code"], plus=modele.plus if modele else {})
        terme.libelle, terme.ordre = valeurs["libelle"], int(valeurs["ordre"])
        terme.valide_du, terme.valide_au = _jour(valeurs["valide_du"]), _jour(valeurs["valide_au"])
        terme.save()

    def close(self, terme, vues):
        """Ended yesterday; before it began when it had not, or when the code goes back to another term."""
        fin = timezone.localdate() - UN_JOUR
        remplacee = any(cle[:2] == (terme.liste, terme.code) for cle in vues)
        if terme.valide_du and (remplacee or terme.valide_du > fin):
            fin = terme.valide_du - UN_JOUR
        if terme.valide_au and terme.valide_au <= fin:
            return None
        return self.valeurs(terme) | {"valide_au": _texte(fin)}


class Bassins(Referentiel):
    jeu = Jeu.BASSINS
    colonnes = {
        "code": "code",
        "nom": "nom",
        "telephone_gab": "téléphone du GAB",
        "courriel_gab": "courriel du GAB",
        "delai_habituel_jours": "délai habituel (jours)",
    }
    cle = ("code",)
    aide = "Un bassin qui a servi ne s’efface pas."

    def objets(self):
        return Bassin.objects.filter(academie=self.academie).order_by("nom")

    def valeurs(self, objet):
        return {champ: str(getattr(objet, champ)) for champ in self.colonnes}

    def lire(self, valeurs, existant):
        bassin = existant or Bassin(academie=self.academie)
        if existant is None and Bassin.objects.filter(code=valeurs["code"]).exists():
            raise ValueError("Ce code est celui d’un bassin d’une autre académie.")
        copie = Bassin(academie=self.academie, **valeurs)
        copie.pk = bassin.pk
        try:
            copie.clean_fields(exclude=["academie"])
        except Exception as erreur:
            raise ValueError(" ".join(getattr(erreur, "messages", [str(erreur)]))) from None
        return {champ: str(getattr(copie, champ)) for champ in self.colonnes}

    def ecrire(self, bassin, valeurs):
        bassin = bassin or Bassin(academie=self.academie)
        for champ, valeur in valeurs.items():
            setattr(bassin, champ, valeur)
        bassin.save()


class Communes(Referentiel):
    jeu = Jeu.COMMUNES
    colonnes = {"code_insee": "code INSEE", "nom": "commune", "bassin": "bassin"}
    cle = ("code_insee",)
    aide = (
        "Le code INSEE désigne la commune. Un changement vaut pour les prochains signalements : les dossiers ouverts "
        "restent au bassin qui les suit."
    )

    def objets(self):
        return (
            Commune.objects.filter(actuelle__isnull=True, departement__in=self.departements())
            .select_related("bassin")
            .order_by("nom_tri")
        )

    def departements(self):
        """The départements of the académie: those of the communes that one of its bassins has."""
        return (
            Commune.objects.filter(bassin__academie=self.academie).order_by().values("departement").distinct()
        )

    def valeurs(self, objet):
        return {
            "code_insee": objet.code_insee,
            "nom": objet.nom,
            "bassin": objet.bassin.code if objet.bassin else "",
        }

    def bassins(self):
        if not hasattr(self, "_bassins"):
            self._bassins = {}
            for bassin in Bassin.objects.filter(academie=self.academie):
                self._bassins[bassin.code] = self._bassins[cle_de_tri(bassin.nom)] = bassin
        return self._bassins

    def lire(self, valeurs, existant):
        if existant is None:
            raise ValueError("Aucune commune de l’académie ne porte ce code INSEE.")
        if not valeurs["bassin"]:
            raise ValueError("Le bassin manque.")
        bassin = self.bassins().get(cle_de_tri(valeurs["bassin"]))
        if bassin is None:
            raise ValueError(f"Le bassin « {valeurs['bassin']} » n’existe pas dans l’académie.")
        return {"code_insee": existant.code_insee, "nom": existant.nom, "bassin": bassin.code}

    def ecrire(self, commune, valeurs):
        bassin = self.bassins()[valeurs["bassin"]]
        Commune.objects.filter(pk=commune.pk).update(bassin=bassin)
        Structure.objects.filter(commune=commune, bassin_force=False, academie=self.academie).update(
            bassin=bassin
        )


class Structures(Referentiel):
    """Read only here: comparing and applying is `structures`."""

    jeu = Jeu.STRUCTURES
    colonnes = {c: c for c in structures.COLONNES}
    cle = ("code",)
    aide = (
        "L’UAI, sinon le SIRET, sinon le code du portail, désigne la structure. Une structure qui ferme reçoit une date ; "
        "elle ne s’efface pas."
    )

    def objets(self):
        return (
            Structure.objects.filter(academie=self.academie)
            .select_related("commune", "bassin", "reprise_par")
            .order_by("nom_tri", "pk")
        )

    def valeurs(self, objet):
        return {
            "code": objet.code,
            "uai": objet.uai,
            "siret": objet.siret,
            "nom": objet.nom,
            "type": objet.type,
            "code_commune": objet.commune.code_insee if objet.commune else "",
            "commune": objet.commune.nom if objet.commune else "",
            "bassin": objet.bassin.code if objet.bassin else "",
            "adresse": objet.adresse,
            "telephone": objet.telephone,
            "courriel": objet.courriel,
            "prive": "oui" if objet.prive else "non",
            "fermee_le": _texte(objet.fermee_le),
            "reprise_par": objet.reprise_par.code if objet.reprise_par else "",
        }


REFERENTIELS = {r.jeu: r for r in (Nomenclatures, Bassins, Communes, Structures)}


def actuel(referentiel):
    """The content of today: (headers, rows of texts)."""
    lignes = [list(referentiel.valeurs(o).values()) for o in referentiel.objets()]
    return list(referentiel.colonnes.values()), lignes


def en_fichier(request, referentiel, objets):
    """The file of these rows when ?format= asks for one (`tableaux.telecharger`), in the columns that the import reads."""
    colonnes = [Colonne(t, lambda v, champ=champ: v[champ], 24) for champ, t in referentiel.colonnes.items()]
    return telecharger(
        request,
        str(referentiel.jeu),
        referentiel.jeu.label,
        colonnes,
        objets,
        droit=None,
        preparer=lambda lot: [referentiel.valeurs(o) for o in lot],
    )


def comparer(referentiel, lignes, *, a_partir_du=None, retour=False):
    """What these rows (dicts header → text, with `_ligne`) would change: [LigneReferentiel].

    An absent column changes nothing. a_partir_du: the day from which changed labels hold. retour: the rows are an
    earlier version; what it did not have is then closed, where a row can be.
    """
    existants = {}
    for objet in referentiel.objets():
        valeurs = referentiel.valeurs(objet)
        existants[tuple(valeurs[c] for c in referentiel.cle)] = (objet, valeurs)
    entetes = {champ: cle_de_tri(titre).replace(" ", "_") for champ, titre in referentiel.colonnes.items()}
    jour = a_partir_du or timezone.localdate()
    vues, sortie = set(), []
    for ligne in lignes:
        lues = {champ: ligne.get(entete, ligne.get(champ)) for champ, entete in entetes.items()}
        cle = referentiel.designer(lues, existants, jour)
        objet, avant = existants.get(cle, (None, dict.fromkeys(referentiel.colonnes, "")))
        valeurs = {champ: avant[champ] if lue is None else lue.strip() for champ, lue in lues.items()}
        resultat = LigneReferentiel(
            ligne["_ligne"], valeurs.get("libelle") or valeurs.get("nom") or str(cle[0])
        )
        sortie.append(resultat)
        touchees = {cle}
        try:
            resultat.ecritures = referentiel.ecritures(
                objet, referentiel.lire(valeurs, objet), existants, a_partir_du
            )
            touchees |= {_cle(referentiel, ecrites) for _, ecrites in resultat.ecritures}
        except ValueError as erreur:
            resultat.refuser(str(erreur))
        if touchees & vues:
            resultat.refuser("Cette ligne est déjà plus haut dans la liste.")
        vues |= touchees
        if resultat.erreurs:
            continue
        if any(un is None or referentiel.valeurs(un) != ecrites for un, ecrites in resultat.ecritures):
            resultat.effet = "modifiee" if objet else "nouvelle"
            resultat.changements = [
                (titre, avant[champ], resultat.ecritures[-1][1][champ])
                for champ, titre in referentiel.colonnes.items()
                if avant[champ] != resultat.ecritures[-1][1][champ]
            ]
    if retour:
        for cle, (objet, valeurs) in existants.items():
            if cle not in vues and (close := referentiel.close(objet, vues)):
                sortie.append(
                    LigneReferentiel(
                        0, valeurs.get("libelle") or str(cle[0]), "fermee", ecritures=[(objet, close)]
                    )
                )
    referentiel.controler(sortie, existants)
    return sortie


def exiger_les_cles(referentiel, lignes):
    """Raises FichierIllisible when a column that names the lines is not in the file (`valide_du` may be left out)."""
    entetes = set(lignes[0])
    for champ in referentiel.cle:
        titre = referentiel.colonnes[champ]
        if champ != "valide_du" and not {champ, cle_de_tri(titre).replace(" ", "_")} & entetes:
            attendues = ", ".join(f"« {t} »" for t in referentiel.colonnes.values())
            raise FichierIllisible(
                f"La colonne « {titre} » manque : c’est elle qui désigne la ligne. Colonnes attendues : {attendues}."
            )


def _cle(referentiel, lues):
    """The key of a line; its dates as they are stored."""
    cle = []
    for champ in referentiel.cle:
        valeur = (lues[champ] or "").strip()
        if champ == "valide_du" and valeur:
            with suppress(ValueError):
                valeur = _texte(lire_date(valeur))
        elif champ == "code_insee":
            valeur = valeur.upper().zfill(5)
        cle.append(valeur)
    return tuple(cle)


@transaction.atomic
def appliquer(referentiel, lignes, *, par, motif="", a_partir_du=None, retour=False):
    """Apply what `comparer` announces, computed now; refused lines are left out. Returns {effect: count}."""
    garder_l_etat(referentiel)
    bilan = {"nouvelle": 0, "modifiee": 0, "fermee": 0, "identique": 0, "refusee": 0}
    for ligne in comparer(referentiel, lignes, a_partir_du=a_partir_du, retour=retour):
        bilan[ligne.effet] += 1
        if ligne.effet in ECRITES:
            for objet, valeurs in ligne.ecritures:
                referentiel.ecrire(objet, valeurs)
    nomenclatures.vider_cache()
    memoriser(referentiel, par=par, motif=motif, bilan=bilan)
    return bilan


@transaction.atomic
def appliquer_structures(lignes, academie, *, par):
    """`structures.appliquer`, with the versions of the table before and after."""
    referentiel = Structures(academie)
    garder_l_etat(referentiel)
    bilan = structures.appliquer(lignes, academie, par=par)
    memoriser(referentiel, par=par, motif="Import de structures", bilan=bilan)
    return bilan


def apres_import(modele, *, par):
    """A table was imported in the technical administration: keep its version."""
    classe = {Terme: Nomenclatures, Bassin: Bassins, Commune: Communes, Structure: Structures}[modele]
    academies = droits.academies_pour(par, Droit.GERER_NOMENCLATURES)
    memoriser(classe(Academie.objects.get(pk=academies[0])), par=par, motif="Administration technique")
    nomenclatures.vider_cache()


def dernieres(jeu, academie):
    """The versions of a table, latest first."""
    return VersionReferentiel.objects.filter(jeu=jeu, academie=academie).order_by("-numero")


def garder_l_etat(referentiel):
    """Keep the content of today as a version when nothing has: what was changed by hand is not lost by an import."""
    derniere = dernieres(referentiel.jeu, referentiel.academie).first()
    colonnes, lignes = actuel(referentiel)
    if derniere is None or derniere.lignes != lignes:
        memoriser(referentiel, par=None, motif="État avant l’import", contenu=(colonnes, lignes))


@transaction.atomic
def memoriser(referentiel, *, par, motif="", bilan=None, contenu=None):
    """Write the content as the next version, unless it is that of the last one and nothing was asked for."""
    colonnes, lignes = contenu or actuel(referentiel)
    numero = dernieres(referentiel.jeu, referentiel.academie).aggregate(m=Max("numero"))["m"] or 0
    version = VersionReferentiel.objects.create(
        jeu=referentiel.jeu,
        academie=referentiel.academie,
        numero=numero + 1,
        colonnes=colonnes,
        lignes=lignes,
        bilan=bilan or {},
        motif=motif,
        par=par,
    )
    noter(
        Action.ECRITURE,
        f"referentiel_{referentiel.jeu}",
        version,
        par=par,
        numero=version.numero,
        **(bilan or {}),
    )
    return version


def en_lignes(version):
    """The rows of a version as `comparer` reads them."""
    entetes = [cle_de_tri(c).replace(" ", "_") for c in version.colonnes]
    return [
        dict(zip(entetes, ligne, strict=True)) | {"_ligne": numero}
        for numero, ligne in enumerate(version.lignes, 2)
    ]

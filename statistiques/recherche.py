"""The pseudonymised file for the evaluator: one row a jeune in a campaign, no name, no date, small groups made vaguer.

Pseudonyms are keyed (HMAC-SHA-256, key `CLE_RECHERCHE`) and drawn for one release: stable within it, unrelated to those of
another one, unless the same release code is given on purpose. `anonymat` sees to it that no combination of what could
tell a person apart is borne by fewer than `k` rows.
"""

import contextlib
import csv
import io
import secrets
import zipfile
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Bassin, Commune
from qualit.web.documents import PdfIndisponible, pdf

from .anonymat import RETENU, generaliser, plus_petit_groupe
from .bord import version_du_regroupement
from .dimensions import DIMENSIONS, GROUPES, Noms
from .fichiers import sur
from .indicateurs import COMPTE, ENVOIS
from .relation import Champ, libelle_campagne

SCOLAIRES = ("lp", "lycee_poly", "lycee_gt", "erea", "college", "prive_sc", "prive_hc")
AGRICOLES = ("lycee_agricole", "mfr", "cfa_agricole")


def _dimension(code):
    return DIMENSIONS[code].sql


def _classes(debut, fin, bornes=(15, 30, 60, 90)):
    """SQL that turns the days between two dates into a class; "" when a date is missing, or comes after the day."""
    jours = f"({fin} - {debut})"
    bas = (0, *(borne + 1 for borne in bornes))
    cas = " ".join(f"WHEN {jours} <= {b} THEN '{a}-{b} j'" for a, b in zip(bas, bornes, strict=False))
    inconnu = f"{debut} IS NULL OR {fin} IS NULL OR {fin} > p.fin OR {jours} < 0"
    return f"(CASE WHEN {inconnu} THEN '' {cas} ELSE 'plus de {bornes[-1]} j' END)"


def _avant(colonne):
    return f"(CASE WHEN {colonne} <= p.fin THEN 'oui' ELSE 'non' END)"


@dataclass(frozen=True)
class Colonne:
    """A column of the file: name, SQL over an episode, what it means. `identifiante`: could tell who the person is."""

    nom: str
    sql: str
    definition: str
    dimension: str = ""
    identifiante: bool = False


COLONNES = [
    Colonne("trimestre", "(CASE WHEN extract(month FROM e.ouvert_le) >= 7 THEN extract(quarter FROM e.ouvert_le) - 2 "
            "ELSE extract(quarter FROM e.ouvert_le) + 2 END)::int::text",
            "Trimestre de la campagne où le jeune a été signalé pour la première fois : 1 (juillet-septembre) à 4 (avril-juin).",
            identifiante=True),
    Colonne("bassin", _dimension("bassin"), "Bassin de résidence ; à défaut le département (14, 50, 61).", "bassin", True),
    Colonne("formation", "(CASE WHEN bf.id IS NULL THEN '' WHEN bf.id = b.id THEN 'meme_bassin' ELSE 'autre_bassin' END)",
            "Le jeune se formait-il dans son bassin de résidence.", identifiante=True),
    Colonne("sexe", _dimension("sexe"), "F, M.", "sexe", True),
    Colonne("age", _dimension("age"), "Âge à la sortie ; à défaut « mineur » (moins de 18 ans) ou « majeur ».", "age", True),
    Colonne("niveau", _dimension("niveau"), "Niveau de sortie (nomenclature de 1969).", "niveau", True),
    Colonne("statut", _dimension("statut"), "Statut à la sortie.", "statut", True),
    Colonne("nature_sortie", _dimension("nature"), "Nature de la sortie.", "nature", True),
    Colonne("type_structure", _dimension("type_structure"), "Type de l’établissement qui a signalé ; à défaut sa famille "
            "(scolaire, agricole, autre).", "type_structure", True),
    Colonne("reperage", _dimension("origine"), "Mode de repérage.", "origine", True),
    Colonne("motif", _dimension("motif"), "Motif principal selon l’établissement.", "motif"),
    Colonne("signalements", f"(CASE WHEN {ENVOIS} >= 3 THEN '3+' ELSE {ENVOIS}::text END)",
            "Nombre de signalements reçus pour ce jeune dans la campagne, à la date d’arrêté : 1, 2, 3+ ; 0 si son dossier a été "
            "rouvert sans nouveau signalement."),
    Colonne("delai_signalement", _classes("e.date_sortie", "e.ouvert_le"),
            "Jours de la sortie au premier signalement, en classes."),
    Colonne("entretien", _avant("e.entretien_le"), "Un entretien de situation a été tenu : oui, non."),
    Colonne("delai_entretien", _classes("e.ouvert_le", "e.entretien_le"),
            "Jours du premier signalement à l’entretien, en classes."),
    Colonne("delai_legal", "(CASE WHEN e.echeance_legale IS NULL THEN 'sans objet' WHEN e.recu_le <= e.echeance_legale "
            "AND e.recu_le <= p.au THEN 'tenu' WHEN e.echeance_legale < p.au OR e.recu_le <= p.au THEN 'non tenu' "
            "ELSE 'en cours' END)",
            "Réception du mineur et de son responsable dans les trois mois (L313-8) : tenu, non tenu, en cours, sans objet."),
    Colonne("preconisation", _avant("e.preconisation_le"), "Une préconisation a été donnée : oui, non."),
    Colonne("mission", _avant("e.mission_le"), "Une structure a été missionnée : oui, non."),
    Colonne("solution", _dimension("solution"), "Meilleure solution commencée à la date d’arrêté.", "solution"),
    Colonne("delai_solution", _classes("e.ouvert_le", "e.solution_le"),
            "Jours du premier signalement à la première solution, en classes."),
    Colonne("devenir_3_mois", _dimension("devenir_3"),
            "Situation trois mois après ; vide si trois mois n’ont pas passé.", "devenir_3"),
    Colonne("devenir_6_mois", _dimension("devenir_6"),
            "Situation six mois après ; vide si six mois n’ont pas passé.", "devenir_6"),
    Colonne("devenir_12_mois", _dimension("devenir_12"),
            "Situation douze mois après ; vide si douze mois n’ont pas passé.", "devenir_12"),
    Colonne("retour_lu", "(CASE WHEN EXISTS (SELECT FROM unnest(e.lus) AS u(le) WHERE u.le <= p.fin) THEN 'oui' ELSE 'non' END)",
            "L’établissement a ouvert le retour : oui, non."),
]  # fmt: skip
IDENTIFIANTES = ["campagne", *(c.nom for c in COLONNES if c.identifiante)]


@dataclass(frozen=True)
class Fichier:
    """A release: its code, the rows, and what it took to make them safe."""

    code: str
    campagnes: tuple
    au: object
    demande: int
    lignes: list
    retirees: int
    generalisees: dict

    @property
    def k(self):
        return plus_petit_groupe(self.lignes, IDENTIFIANTES)

    @property
    def noms_campagnes(self):
        return ", ".join(map(libelle_campagne, self.campagnes))

    @property
    def pertes(self):
        """[(column, values made vaguer)], those that changed."""
        return [(c, n) for c, n in self.generalisees.items() if n]


def echelle():
    """The ladder of generalisation: what an evaluator misses least first."""
    departements = dict(
        Commune.objects.filter(bassin__isnull=False)
        .order_by()
        .values_list("bassin__code", "departement")
        .distinct()
    )
    retenir = lambda valeur: RETENU  # noqa: E731
    age = lambda v: {"-16": "mineur", "16": "mineur", "17": "mineur", "": ""}.get(v, "majeur")  # noqa: E731
    famille = lambda v: "scolaire" if v in SCOLAIRES else "agricole" if v in AGRICOLES else "autre"  # noqa: E731
    return [
        ("trimestre", lambda v: "1-2" if v in {"1", "2"} else "3-4"),
        ("reperage", retenir),
        ("nature_sortie", retenir),
        ("type_structure", famille),
        ("age", age),
        ("formation", retenir),
        ("niveau", retenir),
        ("bassin", lambda v: departements.get(v, v)),
        ("trimestre", retenir),
        ("statut", retenir),
        ("type_structure", retenir),
        ("age", retenir),
        ("bassin", retenir),
        ("sexe", retenir),
        ("campagne", retenir),
    ]


def nouveau_code():
    """The code of a release: pseudonyms depend on it."""
    return secrets.token_hex(6).upper()


def pseudonyme(jeune_id, code):
    """16 hexadecimal digits that nobody can turn back, or link to another release, without the key."""
    cle = settings.CLE_RECHERCHE or settings.SECRET_KEY
    return salted_hmac(f"recherche:{code}", str(jeune_id), secret=cle, algorithm="sha256").hexdigest()[:16]


def preparer(lieu, campagnes, au, code, k):
    """The `Fichier` of the jeunes counted in these campaigns by that day."""
    if k < settings.QUALIT["EFFECTIF_MINIMAL"]:
        raise ValueError("k trop petit")
    brutes = []
    for campagne in campagnes:
        champ = Champ(lieu, campagne, au)
        for jeune, *valeurs in champ.executer(
            ["e.jeune_id", *(c.sql for c in COLONNES)], DIMENSIONS, condition=COMPTE
        ):
            brutes.append(
                {"pseudonyme": pseudonyme(jeune, code), "campagne": libelle_campagne(campagne)}
                | {c.nom: "" if v is None else v for c, v in zip(COLONNES, valeurs, strict=True)}
            )
    sures, changees = generaliser(brutes, IDENTIFIANTES, echelle(), k)
    # sorted by pseudonym: the order of the rows must not tell the order of the reports
    lignes = sorted(
        (ligne for ligne in sures if ligne is not None), key=lambda x: (x["pseudonyme"], x["campagne"])
    )
    return Fichier(code, tuple(campagnes), au, k, lignes, sures.count(None), changees)


def dictionnaire():
    """[(column, definition, [(code, label)])]: the codebook."""
    noms = Noms()
    bassins = sorted(Bassin.objects.values_list("code", "nom"))
    fiches = [
        ("pseudonyme", "Identifiant du jeune dans cette diffusion seulement : le même jeune porte le même pseudonyme dans toutes "
         "les campagnes du fichier, et un autre dans une autre diffusion.", []),
        ("campagne", "Du 1er juillet au 30 juin.", []),
    ]  # fmt: skip
    for colonne in COLONNES:
        if colonne.dimension == "bassin":
            valeurs = bassins
        elif colonne.dimension:
            d = DIMENSIONS[colonne.dimension]
            valeurs = [(v, noms(d, v)) for v in (GROUPES if colonne.nom == "solution" else d.valeurs())]
        else:
            valeurs = []
        fiches.append((colonne.nom, colonne.definition, valeurs))
    return fiches


def _csv(lignes):
    texte = io.StringIO()
    csv.writer(texte, delimiter=";").writerows([[sur(v) for v in ligne] for ligne in lignes])
    return ("\ufeff" + texte.getvalue()).encode()


def archive(fichier, lieu):
    """The ZIP: data, codebook (CSV, HTML, and PDF when this server can make one)."""
    fiches = dictionnaire()
    colonnes = [nom for nom, *_ in fiches]
    contexte = {
        "fichier": fichier, "lieu": lieu, "fiches": fiches, "le": timezone.localdate(), "retenu": RETENU,
        "identifiantes": IDENTIFIANTES, "regroupement": version_du_regroupement(),
    }  # fmt: skip
    lignes_dictionnaire = [["colonne", "definition", "code", "libelle"]]
    for nom, definition, valeurs in fiches:
        lignes_dictionnaire.append([nom, definition, "", ""])
        lignes_dictionnaire += [[nom, "", code, libelle] for code, libelle in valeurs]
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as zip_:
        zip_.writestr("donnees.csv", _csv([colonnes, *([x[c] for c in colonnes] for x in fichier.lignes)]))
        zip_.writestr("dictionnaire.csv", _csv(lignes_dictionnaire))
        zip_.writestr("dictionnaire.html", render_to_string("statistiques/pdf/dictionnaire.html", contexte))
        with contextlib.suppress(PdfIndisponible):  # the HTML says the same
            zip_.writestr("dictionnaire.pdf", pdf("statistiques/pdf/dictionnaire.html", contexte))
    return sortie.getvalue()


@transaction.atomic
def diffuser(lieu, campagnes, au, *, k, code="", motif, par):
    """(release, ZIP bytes): prepared, journaled with its reason. Raises PermissionDenied."""
    droits.exiger(par, Droit.PUBLIER_STATISTIQUES)
    fichier = preparer(lieu, campagnes, au, code or nouveau_code(), k)
    noter(
        Action.EXPORT, "fichier_recherche", par=par, motif=motif, diffusion=fichier.code, campagnes=list(fichier.campagnes),
        arrete_au=au.isoformat(), k=fichier.k, lignes=len(fichier.lignes), retirees=fichier.retirees, reprise=bool(code),
    )  # fmt: skip
    return fichier, archive(fichier, lieu)

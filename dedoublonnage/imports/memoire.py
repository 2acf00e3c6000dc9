"""What a structure said once of its headings, its values and its classes, so that it is not asked again."""

from collections import defaultdict

from qualit.territoire.nomenclatures import libelle
from signalements.listes.colonnes import CHAMPS, cle_du_texte
from signalements.listes.lignes import NOMENCLATURES
from signalements.models import Signalement

from .modeles import Correspondance

TITRES, FORMATIONS = "", "formation"


def lire(structure):
    """(headings {text: field}, values {field: {text: code}}, formations {class: formation}) of a structure.

    A class whose formation was never said takes that of the latest report of the structure that has both.
    """
    titres, formations, valeurs = {}, {}, defaultdict(dict)
    for champ, texte, cible in Correspondance.objects.filter(structure=structure).values_list(
        "champ", "texte", "cible"
    ):
        destination = titres if champ == TITRES else formations if champ == FORMATIONS else valeurs[champ]
        destination[texte] = cible
    connues = (
        Signalement.objects.filter(structure=structure)
        .exclude(classe="")
        .exclude(formation="")
        .order_by("-pk")
        .values_list("classe", "formation")[:2_000]
    )
    for classe, formation in connues:
        formations.setdefault(cle_du_texte(classe), formation)
    return titres, dict(valeurs), formations


def quoi(correspondance):
    """What a remembered text is: a heading, a class, or a value of a column."""
    if correspondance.champ == TITRES:
        return "Titre de colonne"
    if correspondance.champ == FORMATIONS:
        return "Classe"
    return CHAMPS[correspondance.champ].libelle


def sens(correspondance):
    """What it was said to mean, in the words of the screens."""
    cible = correspondance.cible
    if correspondance.champ == TITRES:
        return CHAMPS[cible].libelle if cible in CHAMPS else "Colonne laissée de côté"
    if correspondance.champ == FORMATIONS:
        return cible or "Aucune formation"
    return libelle(NOMENCLATURES[correspondance.champ], cible)


def retenir(structure, champ, associations):
    """Remember {key of a text (`cle_du_texte`): meaning} for one field ('' for headings)."""
    Correspondance.objects.bulk_create(
        [
            Correspondance(structure=structure, champ=champ, texte=texte, cible=cible[:200])
            for texte, cible in associations.items()
            if texte
        ],
        update_conflicts=True,
        unique_fields=["structure", "champ", "texte"],
        update_fields=["cible"],
    )


def oublier(structure, champ, textes):
    """Forget what the texts of these keys mean for one field."""
    Correspondance.objects.filter(structure=structure, champ=champ, texte__in=textes).delete()

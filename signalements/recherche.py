"""Reports of a scope found by name, INE or telephone: rows outside the scope change nothing."""

import re

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db import connection, transaction
from django.db.models import CharField, Q, Value
from django.db.models.functions import Concat
from rapidfuzz import fuzz, process

from qualit.territoire.models import cle_de_tri

from .controles import ine_normalise, numero_normalise
from .models import Contact

MAXIMUM = 50
SEUIL = 82
SEUIL_AVEC_DATE = 62
#: Trigrams that a name must share with the words to be compared with them, below what any name at SEUIL shares (a
#: transposition in six letters leaves 3 of 7 in one word); and how many names are compared, the nearest first.
TRIGRAMMES = {"similarity_threshold": 0.25, "word_similarity_threshold": 0.4}
COMPARES = 1000


def trouver(portee, quoi, date_naissance=None):
    """Ids of the reports of this queryset that answer to a name, an INE or a telephone, best first."""
    if date_naissance:
        portee = portee.filter(date_naissance=date_naissance)
    ine = ine_normalise(quoi)
    chiffres = re.sub(r"\D", "", quoi)
    if numero := numero_normalise(quoi):
        return _ids(portee.filter(contacts__type=Contact.Type.TELEPHONE, contacts__normalisee=numero))
    if len(chiffres) >= 6 and re.fullmatch(r"[\d .+()-]+", quoi):
        return _ids(portee.filter(contacts__normalisee__endswith=chiffres))
    if re.fullmatch(r"[0-9A-Z]{10,11}", ine) and len(re.sub(r"\D", "", ine)) >= 8:
        return _ids(portee.filter(ine=ine))
    return _par_nom(portee, quoi, avec_date=bool(date_naissance))


def _ids(signalements):
    return list(dict.fromkeys(signalements.order_by("-envoye_le").values_list("pk", flat=True)[:MAXIMUM]))


def _lettres(texte):
    return re.sub(r"[^a-z ]+", " ", cle_de_tri(texte).replace("œ", "oe")).split()


def _par_nom(portee, quoi, *, avec_date):
    """Ids whose name holds every word, then those whose name looks like it."""
    mots = _lettres(quoi)
    if not mots:
        return []
    exacts = portee
    for mot in mots:
        exacts = exacts.filter(nom_tri__contains=mot)
    trouves = list(exacts.order_by("nom_tri", "-envoye_le").values_list("pk", flat=True)[:MAXIMUM])
    if len(trouves) >= MAXIMUM:
        return trouves
    cherche = " ".join(mots)
    lignes = portee.values_list("pk", "nom_tri", "nom_usage", "prenom")
    noms = {}
    for pk, nom, usage, prenom in lignes if avec_date else _voisins(lignes, cherche, seul=len(mots) == 1):
        noms[pk] = " ".join(_lettres(nom))
        if usage:
            noms[pk, "usage"] = " ".join(_lettres(f"{usage} {prenom}"))
    mesure = fuzz.token_sort_ratio if len(mots) > 1 else _un_mot
    proches = process.extract(
        cherche, noms, scorer=mesure, score_cutoff=SEUIL_AVEC_DATE if avec_date else SEUIL, limit=MAXIMUM
    )
    ids = [cle[0] if isinstance(cle, tuple) else cle for _, _, cle in proches]
    return list(dict.fromkeys([*trouves, *ids]))[:MAXIMUM]


@transaction.atomic
def _voisins(lignes, cherche, *, seul):
    """The lines nearest to these words by their name, and those nearest by their usage name (indexes answer).

    seul: one word alone is compared with each word of a name.
    """
    with connection.cursor() as curseur:
        for reglage, seuil in TRIGRAMMES.items():
            curseur.execute("SELECT set_config(%s, %s, true)", [f"pg_trgm.{reglage}", str(seuil)])
    usage = Concat("nom_usage", Value(" "), "prenom", output_field=CharField())
    if seul:
        semblables = Q(nom_tri__trigram_word_similar=cherche)
        proximite, de_l_usage = (
            TrigramWordSimilarity(cherche, "nom_tri"),
            TrigramWordSimilarity(cherche, usage),
        )
    else:
        semblables = Q(nom_tri__trigram_similar=cherche)
        proximite, de_l_usage = TrigramSimilarity("nom_tri", cherche), TrigramSimilarity(usage, cherche)
    par_nom = lignes.filter(semblables).order_by(proximite.desc())[:COMPARES]
    par_usage = lignes.exclude(nom_usage="").order_by(de_l_usage.desc())[:COMPARES]
    return [*par_nom, *par_usage]


def _un_mot(cherche, nom, *, score_cutoff=0, **_):
    """One word alone is compared with each word of the name."""
    meilleur = max((fuzz.ratio(cherche, mot) for mot in nom.split()), default=0)
    return meilleur if meilleur >= (score_cutoff or 0) else 0

"""Reports of a scope found by name, INE or telephone: rows outside the scope change nothing."""

import re

from rapidfuzz import fuzz, process

from qualit.territoire.models import cle_de_tri

from .controles import ine_normalise, numero_normalise
from .models import Contact

MAXIMUM = 50
#: Beyond that many reports in the scope, a name written approximately must come with a birth date.
PORTEE_MAXIMALE = 60_000
SEUIL = 82
SEUIL_AVEC_DATE = 62


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
    lignes = list(portee.values_list("pk", "nom_tri", "nom_usage", "prenom")[: PORTEE_MAXIMALE + 1])
    if len(lignes) > PORTEE_MAXIMALE:
        return trouves
    noms = {}
    for pk, nom, usage, prenom in lignes:
        noms[pk] = " ".join(_lettres(nom))
        if usage:
            noms[pk, "usage"] = " ".join(_lettres(f"{usage} {prenom}"))
    cherche = " ".join(mots)
    mesure = fuzz.token_sort_ratio if len(mots) > 1 else _un_mot
    proches = process.extract(
        cherche, noms, scorer=mesure, score_cutoff=SEUIL_AVEC_DATE if avec_date else SEUIL, limit=MAXIMUM
    )
    ids = [cle[0] if isinstance(cle, tuple) else cle for _, _, cle in proches]
    return list(dict.fromkeys([*trouves, *ids]))[:MAXIMUM]


def _un_mot(cherche, nom, *, score_cutoff=0, **_):
    """One word alone is compared with each word of the name."""
    meilleur = max((fuzz.ratio(cherche, mot) for mot in nom.split()), default=0)
    return meilleur if meilleur >= (score_cutoff or 0) else 0

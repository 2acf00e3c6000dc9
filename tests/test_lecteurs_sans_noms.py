"""What readers without names can compute from all that they may ask: every place, every day, every filter, together."""

import random
from itertools import combinations

import pytest
from django.http import QueryDict

from statistiques import services
from statistiques.croisements import Croiseur
from statistiques.dimensions import DETAILS, DIMENSIONS, dimensions_pour
from statistiques.forms import lire_champ
from statistiques.jours import jours_de_lecture
from statistiques.portees import Portee, lieu_academie, portees
from statistiques.publications import contenu
from statistiques.relation import Champ
from statistiques.secret import TOTAL

from .attaquant import SEUIL, attaquer, fouiller
from .monde import construire
from .mondes_aleatoires import peupler_au_hasard, raconter

CAMPAGNE = 2023
JOURS = [
    "2023-09-29",
    "2023-09-30",
    "2023-10-15",
    "2023-12-31",
    "2024-01-31",
    "2024-03-31",
    "2024-06-30",
    "2025-06-30",
    "",
]
CROISEES = ("sexe", "age", "statut", "solution", "type_structure", "mois", "devenir_6")


@pytest.fixture
def m(db):
    monde = construire()
    peupler_au_hasard(monde, 3, jeunes=450)
    raconter(random.Random(3))
    services.rafraichir_tout()
    return monde


def champs_possibles(personne):
    """{(place, day): (field, scope)} of all the addresses that a person may write for the campaign."""
    trouves = {}
    for portee in portees(personne).values():
        if portee.exact:
            continue
        for au in JOURS:
            for autre in ("", "&sexe=F&niveau=vi", "&connu=2024-03-31"):
                champ = lire_champ(QueryDict(f"campagne=2023-2024&au={au}{autre}"), portee)
                assert champ.filtres == ()
                trouves[champ.lieu.cle, champ.au, champ.connu_au] = (champ, portee)
    return trouves


def verite(m, jour, dimension):
    """{(bassin, value, with a solution or not): jeunes} of the campaign at that day."""
    lieu = lieu_academie(m.academie)
    c = Croiseur(Champ(lieu, CAMPAGNE, jour), Portee(lieu, exact=True))
    cube = {}
    for cle, v in c.croiser(["avec_solution"], [DIMENSIONS["bassin"], dimension]).items():
        if TOTAL not in cle:
            r = v["avec_solution"][0]
            cube[(*cle, "oui")], cube[(*cle, "non")] = r.detail, r.base - r.detail
    return cube


def montrees(champ, portee, dimension):
    """Coordinates of `verite` that the pages of a field show: breakdown, crossing by bassin, totals."""
    ici, bassin = champ.lieu.code if champ.lieu.type == "bassin" else TOTAL, DIMENSIONS["bassin"]
    c = Croiseur(champ, portee)
    tables = [([dimension], lambda cle: (ici, *cle))]
    if ici is TOTAL:
        tables.append(([bassin, dimension], lambda cle: cle))
    vues = set()
    for dimensions, place in tables:
        for cle, v in c.croiser(["jeunes", "avec_solution"], dimensions).items():
            vues |= _lues(place(cle), v)
    vues |= _lues((ici, TOTAL), c.totaux(["jeunes", "avec_solution"]))
    return vues


def _lues(cle, v):
    lues = set()
    if v["jeunes"][1]:
        lues.add((*cle, TOTAL))
    if v["avec_solution"][1]:
        lues |= {(*cle, "oui"), (*cle, "non"), (*cle, TOTAL)}
    return lues


def test_rien_ne_revient_de_toutes_les_pages_reunies(m):
    for qui in ("rita", "celia", "paul"):  # a school reads the other bassins as a coordinator does
        chercher(m, qui)


def chercher(m, qui):
    demandes = champs_possibles(getattr(m, qui))
    assert demandes
    vus = 0
    for dimension in [DIMENSIONS[code] for code in CROISEES]:
        etats, visibles = {}, {}
        for champ, portee in demandes.values():
            etats.setdefault(champ.au, verite(m, champ.au, dimension))
            visibles.setdefault(champ.au, set()).update(montrees(champ, portee, dimension))
        cases = {c for etat in etats.values() for c in etat}
        etats = {jour: {c: etat.get(c, 0) for c in cases} for jour, etat in etats.items()}
        totaux = {(TOTAL, TOTAL, s) for s in ("oui", "non", TOTAL)} if qui == "rita" else set()
        for jour, etat in etats.items():
            trouvees, valeurs = attaquer(etat, visibles[jour])
            assert not {c: n for c, n in trouvees.items() if 0 < n < SEUIL}, (dimension.code, jour)
            assert all(valeurs[c] >= SEUIL for c in visibles[jour] - totaux), (dimension.code, jour)
            vus += len(visibles[jour] - totaux)
        for a, b in combinations(etats, 2):
            changes = fouiller([etats[a], etats[b]], [visibles[a] - totaux, visibles[b] - totaux])
            assert changes == [], (dimension.code, a, b)
    assert vus > 20, "rien n’est montré : l’essai ne prouve rien"


def test_ce_qui_se_retranche_n_est_pas_offert(m):
    for qui in ("rita", "celia", "alice", "paul"):
        ce_qui_est_refuse(m, qui)
    les_parts_de_solution(m)
    deux_publications(m)


def ce_qui_est_refuse(m, qui):
    """Elsewhere than at the days of reading: totals of the académie for the rectorat's readers, nothing else."""
    for champ, portee in champs_possibles(getattr(m, qui)).values():
        c = Croiseur(champ, portee)
        if champ.au in jours_de_lecture(CAMPAGNE) and champ.connu_au is None:
            continue
        assert portee.totaux and champ.lieu.type == "academie"
        for dimension in dimensions_pour(champ.lieu, exact=False).values():
            for cle, v in c.croiser(["jeunes"], [dimension]).items():
                assert cle == (TOTAL,) or not v["jeunes"][1], (dimension.code, cle)
    assert not set(DETAILS) & set(dimensions_pour(champ.lieu, exact=False))


def les_parts_de_solution(m):
    """Formation, insertion and accompaniment add up to "avec une solution": shown together, or none of them."""
    codes = ["en_formation", "en_insertion", "en_accompagnement", "avec_solution"]
    vues = set()
    for champ, portee in champs_possibles(m.paul).values():
        c = Croiseur(champ, portee)
        parts = {code: visible for code, (_, visible) in c.totaux(codes).items()}
        groupes = {k[0]: v["jeunes"][1] for k, v in c.croiser(["jeunes"], [DIMENSIONS["solution"]]).items()}
        trois = [groupes.get(g, False) for g in ("formation", "insertion", "accompagnement")]
        assert len(set(trois)) == 1
        assert all(trois) or not any(parts[f"en_{g}"] for g in ("formation", "insertion", "accompagnement"))
        vues.add(parts["avec_solution"])
    assert True in vues


def deux_publications(m):
    """A publication is one more day at which bassins are read: protected against the days of reading."""
    lieu = lieu_academie(m.academie)
    etats, visibles = [], []
    for jour in (*jours_de_lecture(CAMPAGNE), *(j.replace(day=15) for j in jours_de_lecture(CAMPAGNE))):
        figures = contenu(Champ(lieu, CAMPAGNE, jour))["par_bassin"]
        etat = {}
        for (bassin, _, cote), n in verite(m, jour, DIMENSIONS["sexe"]).items():
            etat[bassin, cote] = etat.get((bassin, cote), 0) + n
        etats.append(etat)
        visibles.append({(b, TOTAL) for b, v in figures.items() if v["jeunes"] != "secret"})
        for bassin, valeurs in figures.items():
            if valeurs["avec_solution_pct"] != "secret":
                visibles[-1] |= {(bassin, "oui"), (bassin, "non")}
    cases = {c for etat in etats for c in etat}
    etats = [{c: etat.get(c, 0) for c in cases} for etat in etats]
    assert any(visibles)
    for k in range(len(jours_de_lecture(CAMPAGNE)), len(etats)):
        for jour in range(len(jours_de_lecture(CAMPAGNE))):
            assert fouiller([etats[jour], etats[k]], [visibles[jour], visibles[k]]) == []

"""Confidentiality of tables: an attacker who solves the linear system of what is shown learns no hidden cell."""

import random
from itertools import product

import pytest

from statistiques.secret import TOTAL, lignes_de, proteger, sommes

from .attaquant import SEUIL, attaquer, fouiller, resoudre

FORMES = [(4,), (2,), (4, 3), (6, 5), (2, 2), (3, 3, 2), (5, 2, 2)]


@pytest.mark.parametrize("graine", range(12))
@pytest.mark.parametrize("forme", FORMES, ids=str)
def test_rien_ne_revient_par_difference(forme, graine):
    hasard = random.Random(f"{forme}{graine}")

    cellules = {
        c: hasard.choice([0, 1, 2, 3, 4, 6, 9, 15, 40, 120]) for c in product(*(range(n) for n in forme))
    }
    visibles = proteger(cellules, SEUIL)
    fixes, valeurs = attaquer(cellules, visibles)
    assert all(valeurs[c] >= SEUIL for c in visibles)
    assert fixes == {}


@pytest.mark.parametrize("graine", range(6))
@pytest.mark.parametrize("forme", [(4,), (4, 3), (3, 3, 2)], ids=str)
def test_rien_ne_revient_d_un_jour_a_l_autre(forme, graine):
    """Four days of one table, each protected against those before: neither a cell, nor what a line hides, is seen to move by
    1 to 4; read again later, against all the others, it is no better."""
    hasard = random.Random(f"jours {forme}{graine}")
    cases = list(product(*(range(n) for n in forme)))
    etats = [{c: hasard.choice([0, 2, 6, 9, 15, 40]) for c in cases}]
    for _ in range(3):
        etats.append({c: max(0, n + hasard.choice([-1, 0, 0, 1, 2, 3, 6, 12])) for c, n in etats[-1].items()})
    alors = [proteger(etat, SEUIL, autres=etats[:k]) for k, etat in enumerate(etats)]
    apres = [proteger(etat, SEUIL, autres=etats[:k] + etats[k + 1 :]) for k, etat in enumerate(etats)]
    for visibles in (alors, apres):
        assert fouiller(etats, visibles) == []
        for etat, vus in zip(etats, visibles, strict=True):
            assert attaquer(etat, vus)[0] == {}
    naifs = [proteger(etat, SEUIL) for etat in etats]
    assert len(forme) == 1 or fouiller(etats, naifs), "l’attaquant ne trouve rien sans protection"


def test_l_attaquant_trouve_sans_suppression_complementaire():
    """The attacker of these tests is able: with the small cells alone hidden, it finds them."""
    cellules = {("a", "x"): 3, ("a", "y"): 20, ("b", "x"): 30, ("b", "y"): 40}
    naif = {
        ("a", "y"),
        ("b", "x"),
        ("b", "y"),
        ("a", TOTAL),
        ("b", TOTAL),
        (TOTAL, "x"),
        (TOTAL, "y"),
        (TOTAL, TOTAL),
    }
    fixes, _ = attaquer(cellules, naif)
    assert fixes == {("a", "x"): 3}


def test_un_grand_tableau_reste_lisible():
    cellules = {(i, j): 50 + i * j for i in range(13) for j in range(6)}
    cellules[(3, 2)] = 2
    visibles = proteger(cellules, SEUIL)
    caches = [c for c in cellules if c not in visibles]
    assert (3, 2) in caches and len(caches) == 4


def test_une_marge_se_lit_pareil_dans_tous_les_tableaux():
    hasard = random.Random(5)
    trois = {(i, j, k): hasard.choice([0, 2, 7, 30]) for i in range(4) for j in range(3) for k in range(3)}
    deux = {}
    for (i, j, _), n in trois.items():
        deux[i, j] = deux.get((i, j), 0) + n
    dans_trois = {c[:2] for c in proteger(trois) if c[2] is TOTAL}
    assert dans_trois == proteger(deux)


def test_le_total_de_l_academie_peut_rester_exact():
    assert (TOTAL,) in proteger({("a",): 2, ("b",): 1}, exactes={(TOTAL,)})
    assert proteger({("a",): 2, ("b",): 1}) == set()
    assert proteger({}) == set()


def test_ce_qui_est_su_par_ailleurs_ne_denonce_pas_une_case():
    """Both sides of a share are exact totals: a share hidden alone would be the rest."""
    avant = {
        ("a", "oui"): 20,
        ("a", "non"): 60,
        ("b", "oui"): 1,
        ("b", "non"): 39,
        ("c", "oui"): 15,
        ("c", "non"): 50,
    }
    maintenant = avant | {("b", "oui"): 3, ("b", "non"): 37}
    sues = {(TOTAL, TOTAL), (TOTAL, "oui"), (TOTAL, "non")}
    visibles = proteger(maintenant, exactes=sues, autres=[avant])
    assert sues <= visibles
    cachees = [b for b in "abc" if (b, "oui") not in visibles]
    assert "b" in cachees and len(cachees) > 1


def test_la_somme_de_quelques_lignes_est_une_case_aussi():
    """One with a solution (two kinds of it, or none): the small sum of a line is found by nobody, were each of its parts safe."""
    hasard = random.Random(17)
    groupes = {1: {"avec": {"f", "i", "a"}}}
    montrees = 0
    for _ in range(120):
        cellules = {
            (d, s): hasard.choice([0, 1, 2, 5, 13, 30]) for d in range(5) for s in ("f", "i", "a", "sans")
        }
        visibles = proteger(cellules, niveaux=groupes)
        valeurs = sommes(cellules, groupes)
        modalites = [list(range(5)), ["a", "f", "i", "sans", "avec"]]
        lignes = [
            ligne for choisis in ((0,), (1,), (0, 1)) for ligne in lignes_de(choisis, modalites, 2, groupes)
        ]
        inconnues = sorted({c for t, e in lignes for c in (t, *e)} - visibles, key=str)
        equations = [
            (
                {c: s for c, s in [(t, -1), *((x, 1) for x in e)] if c not in visibles},
                -sum(s * valeurs[c] for c, s in [(t, -1), *((x, 1) for x in e)] if c in visibles),
            )
            for t, e in lignes
        ]
        trouvees = resoudre([x for x in equations if x[0]], inconnues)
        assert not {c: n for c, n in trouvees.items() if 0 < n < 5}
        montrees += sum((d, "avec") in visibles for d in range(5))
    assert montrees > 60

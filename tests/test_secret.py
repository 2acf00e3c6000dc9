"""Confidentiality of tables: an attacker who solves the linear system of what is shown learns no hidden cell."""

import random
from fractions import Fraction
from itertools import combinations, product

import pytest

from statistiques.secret import TOTAL, lignes_de, proteger

SEUIL = 5


def resoudre(equations, inconnues):
    """Unknowns that the equations fix, by Gauss-Jordan over fractions (an attacker's own code)."""
    rang = {c: i for i, c in enumerate(inconnues)}
    lignes = []
    for coefficients, second in equations:
        ligne = [Fraction(0)] * (len(inconnues) + 1)
        for c, k in coefficients.items():
            ligne[rang[c]] += k
        ligne[-1] = Fraction(second)
        lignes.append(ligne)
    pivots, bas = {}, 0
    for colonne in range(len(inconnues)):
        choisi = next((i for i in range(bas, len(lignes)) if lignes[i][colonne]), None)
        if choisi is None:
            continue
        lignes[bas], lignes[choisi] = lignes[choisi], lignes[bas]
        pivot = lignes[bas][colonne]
        lignes[bas] = [v / pivot for v in lignes[bas]]
        for i, ligne in enumerate(lignes):
            if i != bas and ligne[colonne]:
                k = ligne[colonne]
                lignes[i] = [a - k * b for a, b in zip(ligne, lignes[bas], strict=True)]
        pivots[colonne] = bas
        bas += 1
    fixes = {}
    for colonne, i in pivots.items():
        if not any(lignes[i][c] for c in range(len(inconnues)) if c != colonne):
            fixes[inconnues[colonne]] = lignes[i][-1]
    return fixes


def attaquer(cellules, visibles):
    """{hidden cell: value} that follow from what is shown."""
    axes = len(next(iter(cellules)))
    modalites = [sorted({c[i] for c in cellules}, key=str) for i in range(axes)]
    valeurs = {}

    for coordonnee, n in cellules.items():
        for garde in product((True, False), repeat=axes):
            cle = tuple(v if g else TOTAL for v, g in zip(coordonnee, garde, strict=True))
            valeurs[cle] = valeurs.get(cle, 0) + n
    lignes = [
        ligne
        for taille in range(1, axes + 1)
        for choisis in combinations(range(axes), taille)
        for ligne in lignes_de(choisis, modalites, axes)
    ]
    toutes = {c for total, elements in lignes for c in (total, *elements)}
    inconnues = sorted(toutes - visibles, key=str)
    equations = []
    for total, elements in lignes:
        coefficients, second = {}, 0
        for c, signe in [(total, -1), *((e, 1) for e in elements)]:
            if c in visibles:
                second -= signe * valeurs.get(c, 0)
            else:
                coefficients[c] = coefficients.get(c, 0) + signe
        if coefficients:
            equations.append((coefficients, second))
    return resoudre(equations, inconnues), valeurs


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
    assert (TOTAL,) in proteger({("a",): 2, ("b",): 1}, total_exact=True)
    assert proteger({("a",): 2, ("b",): 1}) == set()
    assert proteger({}) == set()

"""An attacker's own code: what follows from the figures that are shown, at one day and from one day to another."""

from fractions import Fraction
from itertools import combinations, product

from statistiques.secret import TOTAL, lignes_de, sommes

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


def fouiller(etats, visibles_par_jour):
    """[(line or cell, day, other day, change)] of the small changes that a reader of several days computes."""
    trouves = []
    axes = len(next(iter(etats[0])))
    modalites = [sorted({c[i] for c in etats[0]}, key=str) for i in range(axes)]
    valeurs = [sommes(etat) for etat in etats]
    groupes = [(c,) for c in valeurs[0]]
    groupes += [
        tuple(c for c in elements if c not in visibles)
        for taille in range(1, axes + 1)
        for choisis in combinations(range(axes), taille)
        for total, elements in lignes_de(choisis, modalites, axes)
        for visibles in visibles_par_jour
        if total in visibles
    ]

    def connu(groupe, jour):
        """Cells shown, or all that a shown line hides: no other group of one line is known."""
        visibles = visibles_par_jour[jour]
        if all(c in visibles for c in groupe):
            return True
        return any(
            total in visibles
            and set(groupe) <= set(elements)
            and {c for c in elements if c not in visibles} <= set(groupe)
            for taille in range(1, axes + 1)
            for choisis in combinations(range(axes), taille)
            for total, elements in lignes_de(choisis, modalites, axes)
        )

    for groupe in filter(None, set(groupes)):
        for a, b in combinations(range(len(etats)), 2):
            ecart = sum(valeurs[b][c] for c in groupe) - sum(valeurs[a][c] for c in groupe)
            if 0 < abs(ecart) < SEUIL and connu(groupe, a) and connu(groupe, b):
                trouves.append((groupe, a, b, ecart))
    return trouves

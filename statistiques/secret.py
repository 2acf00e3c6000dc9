"""Statistical confidentiality: which cells of a table may be shown to those who may not read the people. Pure module.

A cell under the threshold is hidden; further cells are hidden until nothing hidden can be computed from what is shown
(a line with its total is an equation; the hidden cells must stay undetermined by the whole system, also knowing that
counts are not negative). A table that was shown at other days is protected against them: what moved by less than the
threshold since is treated as small. Margins are decided first, each alone, and a larger table never changes them: the same
margin reads the same in every table that shows it.
"""

from collections import defaultdict
from itertools import combinations, product

import numpy as np

TOTAL = None
#: Above this number of hidden cells times equations, the interior is hidden altogether rather than solved.
TAILLE_MAXIMALE = 4_000_000


def sommes(cellules, niveaux=None):
    """{coordinates: count} of a table and of all its margins, those of the groups of `niveaux` included (see `proteger`)."""
    valeurs = defaultdict(int, cellules)
    for axe in range(len(next(iter(cellules), ()))):
        marge = defaultdict(int)
        for c, n in valeurs.items():
            marge[*c[:axe], TOTAL, *c[axe + 1 :]] += n
        valeurs |= marge
    for axe, groupes in (niveaux or {}).items():
        for c, n in list(valeurs.items()):
            for groupe, membres in groupes.items():
                if c[axe] in membres:
                    valeurs[*c[:axe], groupe, *c[axe + 1 :]] += n
    return valeurs


def proteger(cellules, seuil=5, exactes=frozenset(), autres=(), niveaux=None):
    """The coordinates that may be shown.

    cellules: {(a, b, …): count} of the finest cells, one value an axis, absent ones being 0; the result also holds
    coordinates of margins, `TOTAL` standing for the sum over an axis. exactes: coordinates that these readers know anyway,
    small or not: they are shown. autres: the same table at the other days at which it is shown. niveaux: {axis: {group:
    values}}, sums of some values of an axis that other figures show: they are cells of the table too.
    """
    if not cellules:
        return set()
    axes = len(next(iter(cellules)))
    modalites = [sorted({c[i] for c in cellules}, key=str) for i in range(axes)]
    niveaux = {
        i: {g: membres for g, membres in groupes.items() if not membres.isdisjoint(modalites[i])}
        for i, groupes in (niveaux or {}).items()
    }
    modalites = [[*valeurs, *niveaux.get(i, ())] for i, valeurs in enumerate(modalites)]
    valeurs = sommes(cellules, niveaux)
    ailleurs = [sommes(autre, niveaux) for autre in autres]

    def petit(*coordonnees):
        """Is this group small, or did it move by a small number since one of the other days?"""
        ici = sum(valeurs[c] for c in coordonnees)
        return ici < seuil or any(
            0 < abs(ici - sum(autre[c] for c in coordonnees)) < seuil for autre in ailleurs
        )

    visibles = set(exactes)
    grand_total = (TOTAL,) * axes
    if not petit(grand_total):
        visibles.add(grand_total)
    for taille in range(1, axes + 1):
        for choisis in combinations(range(axes), taille):
            visibles |= _proteger_marge(choisis, modalites, valeurs, visibles, petit, axes, niveaux)
    return visibles


def _proteger_marge(choisis, modalites, valeurs, visibles, petit, axes, niveaux):
    """Visible cells of the table over the chosen axes, its own margins being already decided."""

    def cellule(valeurs_choisies):
        coordonnee = [TOTAL] * axes
        for axe, valeur in zip(choisis, valeurs_choisies, strict=True):
            coordonnee[axe] = valeur
        return tuple(coordonnee)

    interieur = [cellule(v) for v in product(*(modalites[a] for a in choisis))]
    lignes = list(lignes_de(choisis, modalites, axes, niveaux))
    masquees = {c for c in interieur if petit(c)} - visibles
    par_cellule = defaultdict(list)
    for ligne in lignes:
        for c in ligne[1]:
            par_cellule[c].append(ligne)

    def montree(c):
        return c in visibles or (c not in masquees and c[choisis[0]] is not TOTAL and _dedans(c))

    dans_interieur = set(interieur)

    def _dedans(c):
        return c in dans_interieur

    def completer(ligne):
        """Hide one more cell of a line: the smallest shown. False when there is none left."""
        restantes = [c for c in ligne[1] if c in dans_interieur and c not in masquees and c not in visibles]
        if not restantes:
            return False
        masquees.add(min(restantes, key=lambda c: (valeurs[c], str(c))))
        return True

    while True:
        change = False
        for ligne in lignes:
            total, elements = ligne
            cachees = [c for c in elements if not montree(c)]
            if not cachees and montree(total):
                continue
            seule = len(cachees) + (not montree(total)) == 1
            petite = montree(total) and cachees and petit(*cachees)
            if (seule or petite) and completer(ligne):
                change = True
        if change:
            continue
        inconnues = [c for c in interieur if c in masquees]
        inconnues += sorted(
            {c for ligne in lignes for c in (ligne[0], *ligne[1]) if not montree(c)} - set(inconnues), key=str
        )
        if len(inconnues) * len(lignes) > TAILLE_MAXIMALE:
            masquees.update(interieur)
            break
        determinees = determiner(lignes, inconnues, valeurs, montree)
        if not any(completer(ligne) for c in determinees for ligne in _lignes_autour(c, par_cellule, lignes)):
            break
    return dans_interieur - masquees


def _lignes_autour(c, par_cellule, lignes):
    return par_cellule.get(c) or [ligne for ligne in lignes if ligne[0] == c]


def lignes_de(choisis, modalites, axes, niveaux=None):
    """The equations of a table: (total, elements), one for each axis and each value of the others; on an axis with groups, the
    total is that of the groups and of the values in none, and each group that of its values."""
    for axe in choisis:
        groupes = (niveaux or {}).get(axe, {})
        seules = [v for v in modalites[axe] if not any(v in membres for membres in groupes.values())]
        sommees = {TOTAL: seules} | {g: [v for v in modalites[axe] if v in m] for g, m in groupes.items()}
        autres = [a for a in choisis if a != axe]
        for fixees in product(*(modalites[a] for a in autres)):
            base = [TOTAL] * axes
            for a, v in zip(autres, fixees, strict=True):
                base[a] = v
            for somme, membres in sommees.items():
                total, *elements = ((*base[:axe], v, *base[axe + 1 :]) for v in (somme, *membres))
                yield total, elements


def determiner(lignes, inconnues, valeurs, montree):
    """Unknown cells whose value follows from the equations, or from them and from counts being ≥ 0."""
    if not inconnues:
        return []
    rang = {c: i for i, c in enumerate(inconnues)}
    matrice, second = [], []
    for total, elements in lignes:
        vecteur = np.zeros(len(inconnues))
        constante = 0
        for c, signe in [(total, -1), *((e, 1) for e in elements)]:
            if c in rang:
                vecteur[rang[c]] += signe
            else:
                constante -= signe * valeurs[c]
        if vecteur.any():
            matrice.append(vecteur)
            second.append(constante)
    if not matrice:
        return []
    a = np.array(matrice)
    # A cell is fixed when the equations span it: its diagonal term in the projector on their row space is 1. Working
    # from A·Aᵀ (one line an equation) is a hundred times faster than the whole singular value decomposition.
    valeurs_propres, vecteurs = np.linalg.eigh(a @ a.T)
    gardes = valeurs_propres > 1e-9 * valeurs_propres[-1]
    base = vecteurs[:, gardes].T @ a
    fixes = (base**2 / valeurs_propres[gardes, None]).sum(axis=0) > 1 - 1e-6
    trouvees = [c for c in inconnues if fixes[rang[c]]]
    return trouvees or [c for c, (bas, haut) in bornes(a, np.array(second), inconnues).items() if bas == haut]


def bornes(a, second, inconnues, passages=20):
    """{cell: (low, high)} by propagation along the equations, counts being whole and not negative."""
    n = len(inconnues)
    infini = 1e9
    bas, haut = np.zeros(n), np.full(n, infini)
    equations = [(ou := np.flatnonzero(ligne), ligne[ou], b) for ligne, b in zip(a, second, strict=True)]
    for _ in range(passages):
        avant = bas.sum() - haut.sum()
        for ou, coef, b in equations:
            mini = np.where(coef > 0, bas[ou], -haut[ou])
            maxi = np.where(coef > 0, haut[ou], -bas[ou])
            # coef is 1 or -1: the term of each cell lies between b minus the others' extremes
            terme_bas, terme_haut = b - (maxi.sum() - maxi), b - (mini.sum() - mini)
            nouveau_bas = np.where(coef > 0, terme_bas, -terme_haut)
            nouveau_haut = np.where(coef > 0, terme_haut, -terme_bas)
            bas[ou] = np.maximum(bas[ou], nouveau_bas)
            haut[ou] = np.minimum(haut[ou], nouveau_haut)
        if bas.sum() - haut.sum() == avant:
            break
    return {c: (bas[i], haut[i]) for i, c in enumerate(inconnues)}

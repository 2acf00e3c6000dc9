"""k-anonymity by local generalisation: rows too rare to be released as they are lose detail, step after step. Pure module.

Two rows are of one group when what could tell who they are (the quasi-identifiers) reads the same. A row whose group
holds fewer than `k` rows goes one step up the ladder; what is still rare at the top is withdrawn.
"""

from collections import Counter

RETENU = "*"  # "not said here"


def generaliser(lignes, colonnes, echelle, k):
    """([row or None], {column: number of values made vaguer}).

    lignes: dicts; colonnes: the quasi-identifiers; echelle: [(column, value → vaguer value)], the steps in order, from
    the least to the most costly in information. A withdrawn row is None. Raises ValueError when k < 2.
    """
    if k < 2:
        raise ValueError("k doit valoir au moins 2")
    courantes = [{c: ligne[c] for c in colonnes} for ligne in lignes]
    cles = [tuple(x.values()) for x in courantes]
    for colonne, vague in echelle:
        effectifs = Counter(cles)
        for rang, courante in enumerate(courantes):
            if effectifs[cles[rang]] < k:
                courante[colonne] = vague(courante[colonne])
                cles[rang] = tuple(courante.values())
    effectifs = Counter(cles)
    changes = Counter()
    sortie = []
    for ligne, courante, cle in zip(lignes, courantes, cles, strict=True):
        if effectifs[cle] < k:
            sortie.append(None)
            continue
        changes.update(c for c in colonnes if courante[c] != ligne[c])
        sortie.append(ligne | courante)
    return sortie, {c: changes[c] for c in colonnes}


def plus_petit_groupe(lignes, colonnes):
    """The smallest number of rows that share the same quasi-identifiers: the k that was reached; 0 without rows."""
    return min(Counter(tuple(ligne[c] for c in colonnes) for ligne in lignes).values(), default=0)

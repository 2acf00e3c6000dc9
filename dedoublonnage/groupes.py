"""From pairs to people: average link, so that a chain of look-alikes does not join two persons."""

from __future__ import annotations

from collections.abc import Mapping

Paire = tuple[int, int]
ABSENTE = -6.0
"""Weight of a pair that retrieval did not even propose."""
_BORNE = 14.0


def regrouper(poids: Mapping[Paire, float], seuil: float = 0.0) -> dict[int, int]:
    """Each record's group. The two groups whose mean weight is highest are joined while it exceeds `seuil`."""
    voisins: dict[int, set[int]] = {}
    for (i, j), w in poids.items():
        if w > seuil:
            voisins.setdefault(i, set()).add(j)
            voisins.setdefault(j, set()).add(i)
    groupe: dict[int, int] = {}
    vus: set[int] = set()
    for depart in voisins:
        if depart in vus:
            continue
        pile, composante = [depart], []
        vus.add(depart)
        while pile:
            i = pile.pop()
            composante.append(i)
            for j in voisins[i]:
                if j not in vus:
                    vus.add(j)
                    pile.append(j)
        for membres in _lier(sorted(composante), poids, seuil):
            for i in membres:
                groupe[i] = membres[0]
    return groupe


def _poids(poids: Mapping[Paire, float], i: int, j: int) -> float:
    w = poids.get((i, j) if i < j else (j, i), ABSENTE)
    return max(min(w, _BORNE), -_BORNE)


def _lier(composante: list[int], poids: Mapping[Paire, float], seuil: float) -> list[list[int]]:
    groupes = [[i] for i in composante]
    if len(groupes) > 400:  # a degenerate file: keep components by their strong pairs only
        return groupes
    somme = {
        (x, y): _poids(poids, composante[x], composante[y])
        for x in range(len(groupes))
        for y in range(x + 1, len(groupes))
    }
    vivants = set(range(len(groupes)))
    while len(vivants) > 1:
        mieux, choix = seuil, None
        for (x, y), s in somme.items():
            moyenne = s / (len(groupes[x]) * len(groupes[y]))
            if moyenne > mieux:
                mieux, choix = moyenne, (x, y)
        if choix is None:
            break
        x, y = choix
        groupes[x] += groupes[y]
        vivants.discard(y)
        for z in vivants - {x}:
            a, b = (min(x, z), max(x, z)), (min(y, z), max(y, z))
            somme[a] += somme[b]
        somme = {(p, q): s for (p, q), s in somme.items() if p != y and q != y}
    return [sorted(groupes[x]) for x in vivants]


def ajuster_paires(poids: Mapping[Paire, float], seuil: float = 0.0) -> dict[Paire, float]:
    """The weight of each pair once the groups are known: a pair is tempered by the mean of its group.

    Within a group a pair counts as the same person; between two groups it does not, whatever its own weight.
    """
    groupe = regrouper(poids, seuil)
    membres: dict[int, list[int]] = {}
    for i, g in groupe.items():
        membres.setdefault(g, []).append(i)
    moyennes: dict[int, float] = {}
    for g, m in membres.items():
        if len(m) > 1:
            tous = [_poids(poids, i, j) for x, i in enumerate(m) for j in m[x + 1 :]]
            moyennes[g] = sum(tous) / len(tous)
    resultat: dict[Paire, float] = {}
    for (i, j), w in poids.items():
        gi, gj = groupe.get(i, -1 - i), groupe.get(j, -1 - j)
        if gi == gj:
            resultat[i, j] = max((w + moyennes[gi]) / 2, 0.05)
        elif w > seuil:
            resultat[i, j] = min(w / 2 - 1.0, -0.05) if w < 4 else -0.05
        else:
            resultat[i, j] = w
    for g, m in membres.items():
        for x, i in enumerate(m):
            for j in m[x + 1 :]:
                resultat.setdefault((min(i, j), max(i, j)), max((ABSENTE + moyennes[g]) / 2, 0.05))
    return resultat

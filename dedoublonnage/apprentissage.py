"""Learning the weights of the model from labelled pairs: a logistic regression on levels, in plain numpy.

Three steps: pairs that retrieval would compare are turned into levels; some columns are hidden in turn, so that a
missing column is neutral and no weight leans on a field that another file lacks; the weights that best tell the same
person from another are found by L-BFGS, pulled towards zero (more strongly for pairs of levels, which are rarer).
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import blocage
from .comparaisons import CRITERES, INDICES, NOMS_CRITERES, confronter
from .normalisation import Identite, Preparee, preparer
from .score import Contexte, Modele

Flottants = NDArray[np.float64]
Entiers = NDArray[np.int64]

INTERACTIONS: dict[tuple[str, str], str] = {
    ("nom", "prenom"): "le nom et le prénom, ensemble",
    ("nom", "date"): "le nom et la date de naissance, ensemble",
    ("prenom", "date"): "le prénom et la date de naissance, ensemble",
    ("prenom", "sexe"): "le prénom et le sexe, ensemble",
    ("prenom", "autres"): "le prénom et les autres prénoms, ensemble",
    ("prenom", "attestation_prenom"): "cet écart entre deux prénoms, selon qu'ils existent",
    ("nom", "attestation_nom"): "cet écart entre deux noms, selon qu'ils existent",
    ("rarete_nom", "date"): "la rareté du nom et la date, ensemble",
    ("rarete_prenom", "nom"): "la rareté du prénom et le nom, ensemble",
    ("prenom", "courriel"): "le prénom et l'adresse électronique, ensemble",
    ("nom", "ine"): "le nom et l'INE, ensemble",
    ("prenom", "ine"): "le prénom et l'INE, ensemble",
    ("date", "ine"): "la date et l'INE, ensemble",
    ("nom", "adresse"): "le nom et l'adresse, ensemble",
    ("prenom", "adresse"): "le prénom et l'adresse, ensemble",
    ("date", "adresse"): "la date de naissance et l'adresse, ensemble",
}
"""The pairs of criteria whose levels mean more together than apart, with the words shown."""

_IDENTITE = ("ine", "telephones", "courriels", "adresse", "code_postal", "commune", "structure_uai")
MASQUES: dict[str, tuple[str, ...]] = {
    "identité seule, noms simples": ("nom_usage", "autres_prenoms", *_IDENTITE),
    "identité seule": _IDENTITE,
    "identité et INE, noms simples": ("nom_usage", "autres_prenoms", *_IDENTITE[1:]),
    "identité et INE": _IDENTITE[1:],
    "toutes les colonnes": (),
    "sans sexe, lieu ni contacts": (
        "sexe",
        "commune_naissance",
        "commune_naissance_insee",
        "telephones",
        "courriels",
    ),
}
"""What is hidden in turn."""


@dataclass(frozen=True)
class Paires:
    """Pairs as levels, their labels and their weights."""

    niveaux: Entiers
    memes: Flottants
    importance: Flottants


def masquer(identite: Identite, champs: Sequence[str]) -> Identite:
    """The same identity with these fields unknown."""
    return replace(identite, **{c: () if c in ("telephones", "courriels") else "" for c in champs})


def candidats_en_memoire(
    preparees: Sequence[Preparee], *, bloc: int = 400, meilleurs: int = 60
) -> list[tuple[int, int]]:
    """The pairs that retrieval would compare, found in memory: the same keys and the same cut as in the database."""
    index: dict[int, list[int]] = defaultdict(list)
    for i, p in enumerate(preparees):
        for c in blocage.cles(p):
            index[c].append(i)
    paires: set[tuple[int, int]] = set()
    for i, p in enumerate(preparees):
        voix: Counter[int] = Counter()
        for c in blocage.cles_demandees(p):
            membres = index.get(c)
            if membres:
                poids = 14 - math.log(len(membres))
                for j in membres[:bloc]:
                    voix[j] += poids  # type: ignore[assignment]
        voix.pop(i, None)
        paires.update((min(i, j), max(i, j)) for j, _ in voix.most_common(meilleurs))
    return sorted(paires)


def frequences(identites: Sequence[Identite], personnes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Prior frequencies of names: those that several people bear in the labelled file."""
    noms: dict[str, set[str]] = defaultdict(set)
    prenoms: dict[str, set[str]] = defaultdict(set)
    for identite, personne in zip(identites, personnes, strict=True):
        p = preparer(identite)
        for v in p.noms[:1]:
            noms[v.forme].add(personne)
        for v in p.prenoms[:1]:
            prenoms[v.forme].add(personne)
    total = max(len(set(personnes)), 1)
    return {
        "nom": {k: round(len(v) / total, 6) for k, v in sorted(noms.items()) if len(v) >= 3},
        "prenom": {k: round(len(v) / total, 6) for k, v in sorted(prenoms.items()) if len(v) >= 2},
    }


FOIS_FAUTIF = 4
PERSONNES_FAUTIF = 3
PART_FAUTIF = 0.13


def prenoms_fautifs(identites: Sequence[Identite], personnes: Sequence[str]) -> list[str]:
    """Ways to write a given name that the other reports of the same person hardly ever confirm.

    A true name is written the same in most of a person's reports; a misspelling (Valantin) or a short form (Ju) never is,
    however often it comes. Seen for `PERSONNES_FAUTIF` people, at least `FOIS_FAUTIF` comparisons, at most `PART_FAUTIF`
    of them in agreement.
    """
    ecrits: dict[str, list[str]] = defaultdict(list)
    for identite, personne in zip(identites, personnes, strict=True):
        for v in preparer(identite).prenoms[:1]:
            ecrits[personne].append(v.forme)
    vus: Counter[str] = Counter()
    confirmes: Counter[str] = Counter()
    porteurs: Counter[str] = Counter()
    for formes in ecrits.values():
        fois = Counter(formes)
        for forme, n in fois.items():
            porteurs[forme] += len(formes) > 1
            vus[forme] += n * (len(formes) - 1)
            confirmes[forme] += n * (n - 1)
    return sorted(
        f
        for f, n in vus.items()
        if porteurs[f] >= PERSONNES_FAUTIF
        and n >= FOIS_FAUTIF
        and (confirmes[f] + 1) / (n + 4) <= PART_FAUTIF
    )


def modele_vide(freq: Mapping[str, Mapping[str, float]] | None = None, fautifs: Sequence[str] = ()) -> Modele:
    """A model without weights: it only turns pairs into levels."""
    return Modele("vide", {}, 0.0, 15000, {}, {}, {}, freq or {}, frozenset(fautifs))


def paires_de_fichier(
    identites: Sequence[Identite],
    personnes: Sequence[str],
    *,
    freq: Mapping[str, Mapping[str, float]] | None = None,
    fautifs: Sequence[str] = (),
    masques: Mapping[str, tuple[str, ...]] = MASQUES,
    toutes: bool = False,
) -> Paires:
    """All the pairs of a labelled file that retrieval would compare, under each mask; with `toutes`, also the pairs of
    one person that it would not."""
    de_meme: dict[str, list[int]] = defaultdict(list)
    for i, personne in enumerate(personnes):
        de_meme[personne].append(i)
    vraies = {(i, j) for m in de_meme.values() for i in m for j in m if i < j} if toutes else set()
    modele = modele_vide(freq, fautifs)
    blocs: list[list[tuple[int, ...]]] = []
    memes: list[float] = []
    for champs in masques.values():
        preparees = [preparer(masquer(i, champs)) for i in identites]
        contexte = Contexte.compter(preparees)
        for i, j in sorted(vraies.union(candidats_en_memoire(preparees))):
            a, b = preparees[i], preparees[j]
            blocs.append([modele.completer(confronter(a, b), a, b, contexte)])
            memes.append(1.0 if personnes[i] == personnes[j] else 0.0)
    niveaux = np.array([n for bloc in blocs for n in bloc], dtype=np.int64)
    return Paires(niveaux, np.array(memes), np.full(len(memes), 1.0 / max(len(masques), 1)))


# --- the fit -------------------------------------------------------------------------------------------------------

_TAILLES = [len(CRITERES[c]) for c in NOMS_CRITERES]


ABIMES = 0.5
"""Share of the identities of the damaged copy of the file that are damaged."""
IMPORTANCE_ABIMES = 0.3


def abimer(identites: Sequence[Identite], graine: int = 2009) -> list[Identite]:
    """A copy of the file with gross errors, rarer in it than elsewhere: a field of someone else, an empty field.

    Without it the weight of an INE or of an address would be that of the few pairs whose names differ in the file.
    """
    alea = random.Random(graine)
    copie = []
    for identite in identites:
        if alea.random() < ABIMES:
            for _ in range(alea.choice((1, 1, 2, 2, 3, 4))):
                champ = alea.choice(("nom_naissance", "prenom", "date_naissance", "ine"))
                valeur: Any = getattr(alea.choice(identites), champ) if alea.random() < 0.6 else None
                if champ == "ine" and identite.ine:
                    k = alea.randrange(len(identite.ine))
                    valeur = identite.ine[:k] + alea.choice("0123456789") + identite.ine[k + 1 :]
                    if alea.random() < 0.5:
                        valeur = f"{alea.randrange(10**11):011}"
                identite = replace(identite, **{champ: valeur if valeur or champ == "date_naissance" else ""})
        copie.append(identite)
    return copie


def paires_d_apprentissage(
    identites: Sequence[Identite],
    personnes: Sequence[str],
    *,
    freq: Mapping[str, Mapping[str, float]],
    fautifs: Sequence[str],
) -> Paires:
    """The pairs that the weights are learnt on: the file under each mask, and, of its damaged copy, the pairs whose INE
    is the same or nearly so. The other damaged pairs would teach nothing but that anything may be anything."""
    sain = paires_de_fichier(identites, personnes, freq=freq, fautifs=fautifs)
    masques = {k: v for k, v in MASQUES.items() if "ine" not in v}
    abime = paires_de_fichier(
        abimer(identites), personnes, freq=freq, fautifs=fautifs, masques=masques, toutes=True
    )
    utiles = [INDICES["ine"][c] for c in ("identique", "faute", "proche")]
    garder = np.isin(abime.niveaux[:, NOMS_CRITERES.index("ine")], utiles)
    return Paires(
        np.concatenate([sain.niveaux, abime.niveaux[garder]]),
        np.concatenate([sain.memes, abime.memes[garder]]),
        np.concatenate([sain.importance, abime.importance[garder] * IMPORTANCE_ABIMES]),
    )


_ACCORDS = {
    "nom": ("naissance_identique",),
    "prenom": ("premier_identique",),
    "date": ("identique", "identique_0101"),
    "sexe": ("identique",),
    "lieu": ("identique",),
    "autres": ("identiques",),
    "ine": ("identique",),
    "telephone": ("identique",),
    "courriel": ("identique",),
    "adresse": ("identique",),
}
"""Full agreement. Its weight is never negative, alone or in a pair of levels: a missing field, which weighs nothing, can
then never be worth more than an agreeing one, whatever the other fields say."""


def _accords(critere: str) -> NDArray[np.bool_]:
    """Which levels of a criterion are full agreement."""
    return np.array([code in _ACCORDS.get(critere, ()) for code, _ in CRITERES[critere]])


def _positifs(interactions: Iterable[tuple[str, str]], total: int) -> NDArray[np.bool_]:
    """Which parameters may not be negative."""
    masque = np.zeros(total + 1, dtype=np.bool_)
    debut = 1
    for critere in NOMS_CRITERES:
        accords = _accords(critere)
        masque[debut : debut + len(accords)] = accords
        debut += len(accords)
    for x, y in interactions:
        table = _accords(x)[:, None] | _accords(y)[None, :]
        masque[debut : debut + table.size] = table.ravel()
        debut += table.size
    return masque


def _colonnes(niveaux: Entiers, interactions: Iterable[tuple[str, str]]) -> tuple[Entiers, int, int]:
    """For each pair the numbers of its active parameters; column 0 is the level that carries no parameter."""
    colonnes: list[Entiers] = []
    debut = 1
    for k, taille in enumerate(_TAILLES):
        colonnes.append(np.where(niveaux[:, k] > 0, debut + niveaux[:, k], 0))
        debut += taille
    simples = debut
    for x, y in interactions:
        i, j = NOMS_CRITERES.index(x), NOMS_CRITERES.index(y)
        actif = (niveaux[:, i] > 0) & (niveaux[:, j] > 0)
        colonnes.append(np.where(actif, debut + niveaux[:, i] * _TAILLES[j] + niveaux[:, j], 0))
        debut += _TAILLES[i] * _TAILLES[j]
    return np.stack(colonnes, axis=1), simples, debut


def _lbfgs(
    f: Callable[[Flottants], tuple[float, Flottants]], x: Flottants, iterations: int, memoire: int = 12
) -> Flottants:
    """Limited-memory BFGS with a backtracking line search: enough for a smooth convex function."""
    fx, g = f(x)
    pas: list[tuple[Flottants, Flottants]] = []
    for _ in range(iterations):
        q = g.copy()
        coefs = []
        for s, y in reversed(pas):
            c = float(s @ q) / float(y @ s)
            q -= c * y
            coefs.append(c)
        if pas:
            s, y = pas[-1]
            q *= float(s @ y) / float(y @ y)
        else:
            q /= max(1.0, float(np.abs(g).sum()) / 10)
        for (s, y), c in zip(pas, reversed(coefs), strict=True):
            q += s * (c - float(y @ q) / float(y @ s))
        pente = float(g @ q)
        t = 1.0
        for _ in range(30):
            xn = x - t * q
            fn, gn = f(xn)
            if fn <= fx - 1e-4 * t * pente:
                break
            t *= 0.5
        s, y = xn - x, gn - g
        if float(s @ y) > 1e-10:
            pas.append((s, y))
            del pas[:-memoire]
        fini = abs(fx - fn) < 1e-8 * abs(fx)
        x, fx, g = xn, fn, gn
        if fini:
            break
    return x


def ajuster(
    paires: Paires,
    interactions: Sequence[tuple[str, str]] = tuple(INTERACTIONS),
    *,
    rappel_simple: float = 0.3,
    rappel_double: float = 3.0,
    iterations: int = 300,
) -> tuple[float, dict[str, list[float]], dict[tuple[str, str], dict[tuple[int, int], float]]]:
    """Fit the weights (in log2): the base, those of the levels, those of the pairs of levels."""
    z, simples, total = _colonnes(paires.niveaux, interactions)
    lignes = np.concatenate([z, paires.memes[:, None].astype(np.int64)], axis=1)
    uniques, inverse = np.unique(lignes, axis=0, return_inverse=True)
    w = np.bincount(inverse.ravel(), weights=paires.importance)
    zu, y = uniques[:, :-1], uniques[:, -1].astype(float)
    plat, k = zu.ravel(), zu.shape[1]
    penalite = np.full(total + 1, rappel_double)
    penalite[:simples] = rappel_simple
    penalite[-1] = 0.0

    def cout(theta: Flottants) -> tuple[float, Flottants]:
        theta = theta.copy()
        theta[0] = 0.0
        theta[nuls] = 0.0
        s = theta[-1] + theta[zu].sum(axis=1)
        p = 1.0 / (1.0 + np.exp(-np.clip(s, -40, 40)))
        r = w * (p - y)
        g = np.bincount(plat, weights=np.repeat(r, k), minlength=total + 1).astype(float)
        g[-1] = r.sum()
        g += penalite * theta
        g[0] = 0.0
        g[nuls] = 0.0
        valeur = float((w * (np.logaddexp(0.0, s) - y * s)).sum() + 0.5 * (penalite * theta * theta).sum())
        return valeur, g

    # weights that may not be negative: those that come out so are set to zero, and the others fitted again
    positifs, nuls = _positifs(interactions, total), np.zeros(total + 1, dtype=np.bool_)
    theta = np.zeros(total + 1)
    for _ in range(4):
        theta = _lbfgs(cout, theta, iterations)
        negatifs = positifs & (theta < 0)
        if not negatifs.any():
            break
        nuls |= negatifs
        theta[nuls] = 0.0
    theta = np.where(positifs, np.maximum(theta, 0.0), theta) / math.log(2)
    poids: dict[str, list[float]] = {}
    debut = 1
    for critere, taille in zip(NOMS_CRITERES, _TAILLES, strict=True):
        poids[critere] = [0.0, *(float(v) for v in theta[debut + 1 : debut + taille])]
        debut += taille
    croisees: dict[tuple[str, str], dict[tuple[int, int], float]] = {}
    for x, y_ in interactions:
        nx, ny = len(CRITERES[x]), len(CRITERES[y_])
        table = theta[debut : debut + nx * ny].reshape(nx, ny)
        croisees[x, y_] = {
            (i, j): float(table[i, j]) for i in range(1, nx) for j in range(1, ny) if abs(table[i, j]) >= 0.02
        }
        debut += nx * ny
    return float(theta[-1]), poids, croisees


def en_json(
    base: float,
    poids: Mapping[str, Sequence[float]],
    croisees: Mapping[tuple[str, str], Mapping[tuple[int, int], float]],
    *,
    version: str,
    provenance: Mapping[str, Any],
    taille_reference: int,
    freq: Mapping[str, Mapping[str, float]],
    fautifs: Sequence[str] = (),
) -> dict[str, Any]:
    """The content of a model file: readable codes, weights in log2 with two decimals."""

    def code(critere: str, niveau: int) -> str:
        return CRITERES[critere][niveau][0]

    interactions = []
    for (x, y), table in croisees.items():
        lignes: dict[str, dict[str, float]] = {}
        for (i, j), v in table.items():
            if abs(v) >= 0.05:
                lignes.setdefault(code(x, i), {})[code(y, j)] = round(v, 2)
        interactions.append(
            {"criteres": [x, y], "libelle": INTERACTIONS.get((x, y), f"{x} et {y}"), "poids": lignes}
        )
    return {
        "version": version,
        "provenance": dict(provenance),
        "unite": "logarithme en base 2 du rapport des chances",
        "base": round(base, 3),
        "taille_reference": taille_reference,
        "poids": {
            c: {code(c, i): round(v, 2) for i, v in enumerate(valeurs) if i} for c, valeurs in poids.items()
        },
        "interactions": interactions,
        "frequences": {k: dict(v) for k, v in freq.items()},
        "prenoms_fautifs": list(fautifs),
    }


def apprendre(
    paires_etiquetees: Iterable[tuple[Preparee, Preparee, bool]],
    *,
    contexte: Contexte,
    depart: Modele,
    force: float = 20.0,
) -> dict[str, float]:
    """Re-learning from people's decisions: a correction of each level's weight, pulled towards the present model.

    The pairs that people decide are the doubtful ones only, so they may move the weights (`force` says how many
    agreeing decisions it takes), never replace what was learnt on a whole file. Returns the corrections by
    `critere.niveau`, in log2, and `base`.
    """
    niveaux_l: list[tuple[int, ...]] = []
    decalages: list[float] = []
    memes: list[float] = []
    for a, b, meme in paires_etiquetees:
        n = depart.completer(confronter(a, b), a, b, contexte)
        niveaux_l.append(n)
        decalages.append(depart.poids_total(n, contexte) * math.log(2))
        memes.append(1.0 if meme else 0.0)
    if not niveaux_l:
        return {}
    niveaux = np.array(niveaux_l, dtype=np.int64)
    z, simples, total = _colonnes(niveaux, ())
    y, d = np.array(memes), np.array(decalages)
    plat, k = z.ravel(), z.shape[1]

    def cout(theta: Flottants) -> tuple[float, Flottants]:
        theta = theta.copy()
        theta[0] = 0.0
        s = d + theta[-1] + theta[z].sum(axis=1)
        p = 1.0 / (1.0 + np.exp(-np.clip(s, -40, 40)))
        g = np.bincount(plat, weights=np.repeat(p - y, k), minlength=total + 1).astype(float)
        g[-1] = (p - y).sum()
        g += force * theta
        g[0] = 0.0
        return float((np.logaddexp(0.0, s) - y * s).sum() + 0.5 * force * (theta * theta).sum()), g

    theta = _lbfgs(cout, np.zeros(total + 1), 100) / math.log(2)
    corrections: dict[str, float] = {"base": float(theta[-1])}
    debut = 1
    for critere, taille in zip(NOMS_CRITERES, _TAILLES, strict=True):
        for i in range(1, taille):
            if abs(theta[debut + i]) >= 0.01:
                corrections[f"{critere}.{CRITERES[critere][i][0]}"] = float(theta[debut + i])
        debut += taille
    return corrections


def corriger(contenu: Mapping[str, Any], corrections: Mapping[str, float]) -> dict[str, Any]:
    """The content of a model file with these corrections added."""
    nouveau = {**contenu, "poids": {c: dict(v) for c, v in contenu["poids"].items()}}
    nouveau["base"] = round(float(contenu["base"]) + corrections.get("base", 0.0), 3)
    for cle, v in corrections.items():
        critere, _, code = cle.partition(".")
        if code:
            table = nouveau["poids"].setdefault(critere, {})
            table[code] = round(float(table.get(code, 0.0)) + v, 2)
    return nouveau

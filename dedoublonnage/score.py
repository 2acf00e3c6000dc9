"""From the levels of a comparison to a probability, by adding weights that a person can read.

The model file (`modele/*.json`) gives a weight to each level of each criterion, and to a few pairs of levels that mean
more together than apart. Their sum, with the prior, is the logarithm (base 2) of the odds that the two reports are
about one person. No learning library at run time: evaluating is looking up tables.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from .comparaisons import CRITERES, INDICES, NOMS_CRITERES, Comparaison, confronter
from .normalisation import ENTIER, PREMIER, Preparee, diminutif, feminin

DOSSIER_MODELES = Path(__file__).resolve().parent / "modele"

# --- the three zones: the only place where their thresholds are written ---------------

SEUIL_AUTOMATIQUE = 0.985
"""From here two identities are joined without a question (and can be undone)."""
SEUIL_A_VERIFIER = 0.15
"""From here a person is asked; below, the identity is new."""
SEUIL_MEME = 0.5
"""`same person`, when only yes or no may be said."""

Zone = Literal["nouveau", "a_verifier", "automatique"]


def zone(
    probabilite: float, *, automatique: float = SEUIL_AUTOMATIQUE, a_verifier: float = SEUIL_A_VERIFIER
) -> Zone:
    """The zone of a probability."""
    if probabilite >= automatique:
        return "automatique"
    return "a_verifier" if probabilite >= a_verifier else "nouveau"


# --- frequencies of names, size of the base ----------------------------------------------------------------------

_POIDS_A_PRIORI = 3000.0
_INCONNU = {"nom": 1.5e-6, "prenom": 4e-6}
_BORNES_NOM = (2e-3, 6e-4, 1.5e-4, 3e-5)
_BORNES_PRENOM = (8e-3, 2.5e-3, 6e-4, 8e-5)
_FOIS_ATTESTE = 3


PLANCHER_TAILLE = 0.7
"""A small base makes a join easier by half a bit at most: it fills up with relatives and homonyms like a large one."""


def _rang_rarete(p: float, bornes: Sequence[float]) -> int:
    for i, borne in enumerate(bornes):
        if p >= borne:
            return i + 1
    return len(bornes) + 1


@dataclass(frozen=True)
class Contexte:
    """What a score depends on besides the two records: a dated snapshot of the base."""

    taille: int = 0
    """Number of identities in the base."""
    noms: Mapping[str, int] = field(default_factory=dict)
    prenoms: Mapping[str, int] = field(default_factory=dict)
    date: str = ""
    reference: str = ""

    @classmethod
    def compter(cls, identites: Iterable[Preparee], date: str = "") -> Contexte:
        """The snapshot of these identities."""
        noms: dict[str, int] = {}
        prenoms: dict[str, int] = {}
        n = 0
        for p in identites:
            n += 1
            for v in p.noms[:1]:
                noms[v.forme] = noms.get(v.forme, 0) + 1
            for v in p.prenoms[:1]:
                prenoms[v.forme] = prenoms.get(v.forme, 0) + 1
        return cls(n, noms, prenoms, date)

    def vers_json(self) -> dict[str, Any]:
        """A JSON-able form; names seen once only are left out, they say no more than an unknown name."""
        return {
            "taille": self.taille,
            "noms": {k: v for k, v in self.noms.items() if v > 1},
            "prenoms": {k: v for k, v in self.prenoms.items() if v > 1},
            "date": self.date,
        }

    @classmethod
    def depuis_json(cls, d: Mapping[str, Any]) -> Contexte:
        """The inverse of `vers_json`."""
        return cls(int(d["taille"]), dict(d["noms"]), dict(d["prenoms"]), str(d.get("date", "")))


# --- the outcome ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contribution:
    """One line of the explanation: what was seen, and how much it weighs (logarithm in base 2)."""

    code: str
    libelle: str
    valeur: float

    def __str__(self) -> str:
        return f"{self.libelle} : {self.valeur:+.1f}".replace(".", ",")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How likely it is that two records, or a record and a jeune, are one person, and why."""

    probabilite: float
    poids: float
    contributions: tuple[Contribution, ...] = ()
    prudence: bool = False
    """Only a person may join, whatever the probability."""

    @property
    def zone(self) -> Zone:
        """The zone at the thresholds of this module."""
        z = zone(self.probabilite)
        return "a_verifier" if self.prudence and z == "automatique" else z


def probabilite(poids: float) -> float:
    """From a weight (log2 of the odds) to a probability."""
    if poids > 60:
        return 1.0
    if poids < -60:
        return 0.0
    return 1.0 / (1.0 + math.exp2(-poids))


_INV_N = tuple(INDICES["nom"][c] for c in ("inverse", "inverse_proche", "inverse_partiel"))
_N_PAREIL = INDICES["nom"]["naissance_identique"]
_P_PAREIL = INDICES["prenom"]["premier_identique"]
_N_DIFFERENT = frozenset(INDICES["nom"][c] for c in ("absent", "naissance_different", "naissance_voisin"))
_P_DIFFERENT = frozenset(
    INDICES["prenom"][c] for c in ("absent", "premier_different", "premier_voisin", "element_commun")
)
_DATE_PROCHE = frozenset(
    INDICES["date"][c] for c in ("identique", "identique_0101", "inversee", "defaut_annee")
)


# Given names that one hand writes in two ways; any other relation between two given names may be that of twins.
_PRENOM_SUR = frozenset(
    INDICES["prenom"][c] for c in ("premier_du_compose", "initiales", "inverse", "second")
)
_PRENOM_FAUTE = frozenset(
    INDICES["prenom"][c] for c in ("premier_frappe", "premier_du_compose_frappe", "inverse_proche")
)
_PRENOM_COURT = frozenset(
    INDICES["prenom"][c] for c in ("diminutif", "premier_lettre_court", "premier_deux", "autre_du_compose")
)
_PRENOM_LETTRE = INDICES["prenom"]["premier_lettre"]
_PRENOM_SON = INDICES["prenom"]["premier_son"]
_DIMINUTIF = INDICES["prenom"]["diminutif"]
_PRENOM_ECRIT = _PRENOM_COURT | _PRENOM_FAUTE | {_PRENOM_LETTRE, _PRENOM_SON}
_INE_AUTRES = (INDICES["ine"]["voisin"], INDICES["ine"]["different"])
_AP = INDICES["attestation_prenom"]
_AP_DEUX_NOMS = (_AP["deux"], _AP["feminin"])


def prudence(niveaux: Sequence[int]) -> bool:
    """True when only a person may join these two: their given names could be those of twins.

    Same surname and birth date with another first name is a twin or a second first name, about even. The INE, the other
    given names or a contact settle it; a spelling that no one bears is a mistake, not a sister.
    """
    prenom, sexe, autres, ine = niveaux[1], niveaux[3], niveaux[5], niveaux[6]
    if ine in (1, 2):  # the INE of someone else is typed sometimes: the names must not both deny it
        return niveaux[0] in _N_DIFFERENT and prenom in _P_DIFFERENT
    if prenom == _P_PAREIL:
        return False
    if sexe == 2 or ine in _INE_AUTRES:
        return True
    if prenom in _PRENOM_SUR or (autres == 1 and prenom not in _P_DIFFERENT):
        return False
    if niveaux[7] == 1 or niveaux[8] == 1:  # the same telephone or e-mail address, which twins may share
        return prenom not in _PRENOM_ECRIT or niveaux[13] in _AP_DEUX_NOMS
    if prenom == _PRENOM_SON:  # no one calls twins Rémi and Rémy
        return niveaux[13] == _AP["feminin"]
    if prenom in _PRENOM_FAUTE:
        return niveaux[13] in _AP_DEUX_NOMS
    if prenom == _PRENOM_LETTRE:
        return niveaux[13] not in (_AP["un_long"], _AP["aucun"])
    return not (prenom == _DIMINUTIF and niveaux[13] == _AP["surnom"])


def _en_mots(forme: str, p: Preparee) -> str:
    """A variant of a given name; with its spaces when it is the whole of a compound one."""
    return p.prenom if forme == p.prenoms[0].forme else forme


@dataclass(frozen=True)
class Modele:
    """A set of weights, read from a model file."""

    version: str
    provenance: Mapping[str, Any]
    base: float
    """Log2 odds of a pair about which nothing is known, at the reference size of the base."""
    taille_reference: int
    poids: Mapping[str, tuple[float, ...]]
    interactions: Mapping[tuple[str, str], Mapping[tuple[int, int], float]]
    libelles_interactions: Mapping[tuple[str, str], str]
    frequences: Mapping[str, Mapping[str, float]]
    """Prior frequencies of names, for a base that is still small."""
    fautives: frozenset[str] = frozenset()
    """Ways to write a given name that are nobody's name: frequent misspellings and short forms, learnt."""

    @classmethod
    def charger(cls, version: str | None = None) -> Modele:
        """Read a model of `modele/` by its version, the one named in `modele/actuel.txt` by default, or a path."""
        chemin = chemin_du_modele(version)
        return _lire_modele(chemin, chemin.stat().st_mtime_ns)

    @classmethod
    def depuis_json(cls, d: Mapping[str, Any]) -> Modele:
        """Build a model from the content of its file."""
        poids = {
            c: tuple(float(d["poids"].get(c, {}).get(code, 0.0)) for code, _ in CRITERES[c])
            for c in NOMS_CRITERES
        }
        inter: dict[tuple[str, str], dict[tuple[int, int], float]] = {}
        libelles: dict[tuple[str, str], str] = {}
        for bloc in d.get("interactions", ()):
            x, y = bloc["criteres"]
            libelles[x, y] = bloc["libelle"]
            inter[x, y] = {
                (INDICES[x][cx], INDICES[y][cy]): float(v)
                for cx, ligne in bloc["poids"].items()
                for cy, v in ligne.items()
                if cx in INDICES[x] and cy in INDICES[y]
            }
        return cls(
            version=str(d["version"]),
            provenance=dict(d.get("provenance", {})),
            base=float(d["base"]),
            taille_reference=int(d["taille_reference"]),
            poids=poids,
            interactions=inter,
            libelles_interactions=libelles,
            frequences={k: dict(v) for k, v in d.get("frequences", {}).items()},
            fautives=frozenset(d.get("prenoms_fautifs", ())),
        )

    # -- frequencies --

    def frequence(self, sorte: str, forme: str, contexte: Contexte) -> float:
        """The share of people who bear this name, from the base and from the prior."""
        compte = (contexte.noms if sorte == "nom" else contexte.prenoms).get(forme, 0)
        a_priori = self.frequences.get(sorte, {}).get(forme, _INCONNU[sorte])
        return (compte + _POIDS_A_PRIORI * a_priori) / (contexte.taille + _POIDS_A_PRIORI)

    def _commune(self, sorte: str, formes: Iterable[str], contexte: Contexte) -> float:
        """The frequency of a name written in several ways: that of its most frequent spelling."""
        return max(self.frequence(sorte, forme, contexte) for forme in set(formes))

    def rang_rarete(self, sorte: str, forme: str, contexte: Contexte) -> int:
        """Level of the criterion `rarete_…` of a name."""
        return _rang_rarete(
            self.frequence(sorte, forme, contexte), _BORNES_NOM if sorte == "nom" else _BORNES_PRENOM
        )

    def _atteste(self, sorte: str, forme: str, contexte: Contexte) -> bool:
        if sorte == "prenom" and forme in self.fautives:
            return False
        if forme in self.frequences.get(sorte, {}):
            return True
        return (contexte.noms if sorte == "nom" else contexte.prenoms).get(forme, 0) >= _FOIS_ATTESTE

    def _attestation(self, sorte: str, x: str, y: str, contexte: Contexte) -> int:
        """Level of the criterion `attestation_…`: which of the two spellings are names that people bear.

        x, y: folded names; a compound given name has spaces, and exists when each of its elements does.
        """
        niveaux = INDICES[f"attestation_{sorte}"]
        connu_x = all(self._atteste(sorte, m, contexte) for m in x.split())
        connu_y = all(self._atteste(sorte, m, contexte) for m in y.split())
        if sorte == "prenom":
            court, long = sorted((x, y), key=lambda m: (len(m), m))
            if feminin(court, long):
                return niveaux["feminin"]
            if court in self.fautives and diminutif(court, long):
                return niveaux["surnom"]
        if connu_x and connu_y:
            return niveaux["deux"]
        if not connu_x and not connu_y:
            return niveaux["aucun"]
        ecart = (len(x) - len(y)) if connu_x else (len(y) - len(x))
        return niveaux["un_long" if ecart > 0 else "un_court" if ecart < 0 else "un_egal"]

    def completer(self, c: Comparaison, a: Preparee, b: Preparee, contexte: Contexte) -> tuple[int, ...]:
        """All the levels: those of the comparison, then rarity and existence of the names."""
        n, p = c.niveaux[0], c.niveaux[1]
        rn = rp = an = ap = 0
        if n in _INV_N:
            # which of the two crossed couples is the surname: the more frequent reading
            noms, prenoms = sorted([sorted((c.nom_a, c.nom_b)), sorted((c.prenom_a, c.prenom_b))])
            droit = self._commune("nom", noms, contexte) * self._commune("prenom", prenoms, contexte)
            croise = self._commune("nom", prenoms, contexte) * self._commune("prenom", noms, contexte)
            if croise > droit:
                noms, prenoms = prenoms, noms
            rn = _rang_rarete(self._commune("nom", noms, contexte), _BORNES_NOM)
            rp = _rang_rarete(self._commune("prenom", prenoms, contexte), _BORNES_PRENOM)
            if prenoms[0] != prenoms[1]:
                ap = self._attestation("prenom", prenoms[0], prenoms[1], contexte)
            return (*c.niveaux, rn, rp, an, ap)
        if n and n not in _N_DIFFERENT:
            rn = _rang_rarete(self._commune("nom", (c.nom_a, c.nom_b), contexte), _BORNES_NOM)
        if p and p not in _P_DIFFERENT:
            rp = _rang_rarete(self._commune("prenom", (c.prenom_a, c.prenom_b), contexte), _BORNES_PRENOM)
        if n > _N_PAREIL and a.noms and b.noms and a.noms[0].genre == ENTIER == b.noms[0].genre:
            an = self._attestation("nom", a.noms[0].forme, b.noms[0].forme, contexte)
        if p > _P_PAREIL and a.prenoms and b.prenoms and a.prenoms[0].genre == PREMIER == b.prenoms[0].genre:
            x, y = _en_mots(c.prenom_a, a), _en_mots(c.prenom_b, b)
            if x != y:
                ap = self._attestation("prenom", x, y, contexte)
        return (*c.niveaux, rn, rp, an, ap)

    # -- the sum --

    @cached_property
    def _tables(
        self,
    ) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[int, int, dict[tuple[int, int], float]], ...]]:
        rang = {c: i for i, c in enumerate(NOMS_CRITERES)}
        return (
            tuple(self.poids[c] for c in NOMS_CRITERES),
            tuple((rang[x], rang[y], dict(t)) for (x, y), t in self.interactions.items()),
        )

    def a_priori(self, niveaux: Sequence[int], contexte: Contexte) -> float:
        """How the prior moves with the size of the base: chance agreements grow with it, relatives do not."""
        taille = max(contexte.taille, 200)
        rapport = taille / self.taille_reference
        hasard = part_hasard(niveaux)
        return -math.log2(max(1.0 + hasard * (rapport - 1.0), PLANCHER_TAILLE))

    def poids_total(self, niveaux: Sequence[int], contexte: Contexte) -> float:
        """The weight of these levels, prior included."""
        simples, doubles = self._tables
        s = self.base + self.a_priori(niveaux, contexte)
        for table, niveau in zip(simples, niveaux, strict=True):
            s += table[niveau]
        for i, j, croisee in doubles:
            s += croisee.get((niveaux[i], niveaux[j]), 0.0)
        return s

    def peser(self, a: Preparee, b: Preparee, contexte: Contexte) -> float:
        """The weight alone, without the explanation: what searching and replaying use."""
        return self.poids_total(self.completer(confronter(a, b), a, b, contexte), contexte)

    def evaluer(self, a: Preparee, b: Preparee, contexte: Contexte) -> Evaluation:
        """Two records: probability, weight, and the explanation, strongest reason first."""
        niveaux = self.completer(confronter(a, b), a, b, contexte)
        lignes = []
        for critere, niveau in zip(NOMS_CRITERES, niveaux, strict=True):
            valeur = self.poids[critere][niveau]
            if abs(valeur) >= 0.05:
                code, libelle = CRITERES[critere][niveau]
                lignes.append(Contribution(f"{critere}.{code}", libelle, valeur))
        rang = {c: i for i, c in enumerate(NOMS_CRITERES)}
        for (x, y), table in self.interactions.items():
            couple = niveaux[rang[x]], niveaux[rang[y]]
            valeur = table.get(couple, 0.0)
            if abs(valeur) >= 0.05:
                code = f"{x}.{CRITERES[x][couple[0]][0]}+{y}.{CRITERES[y][couple[1]][0]}"
                lignes.append(Contribution(code, self.libelles_interactions[x, y], valeur))
        lignes.sort(key=lambda c: (-abs(c.valeur), c.code))
        depart = self.base + self.a_priori(niveaux, contexte)
        lignes.append(Contribution("a_priori", "point de départ, selon la taille de la base", depart))
        poids = self.poids_total(niveaux, contexte)
        return Evaluation(probabilite(poids), poids, tuple(lignes), prudence(niveaux))

    def evaluer_jeune(self, a: Preparee, identites: Sequence[Preparee], contexte: Contexte) -> Evaluation:
        """A record and a jeune, that is all their known identities: a constrained average link.

        The best identity speaks, the others temper it: the weight is halfway between the best and the mean, so that
        a chain of look-alikes does not join two people, and one bad spelling does not part a person in two.
        """
        if not identites:
            raise ValueError("un jeune a au moins une identité")
        niveaux = [self.completer(confronter(a, b), a, b, contexte) for b in identites]
        poids = [self.poids_total(n, contexte) for n in niveaux]
        meilleur = max(range(len(poids)), key=poids.__getitem__)
        detail = self.evaluer(a, identites[meilleur], contexte)
        total = lien(poids)
        ecart = total - poids[meilleur]
        lignes = detail.contributions
        if abs(ecart) >= 0.05:
            lignes = (*lignes, Contribution("identites", "les autres identités connues de ce jeune", ecart))
        prudent = reserve([(p, prudence(n)) for p, n in zip(poids, niveaux, strict=True)])
        return Evaluation(probabilite(total), total, lignes, prudent)


def chemin_du_modele(version: str | None = None) -> Path:
    """The file of a version, of the one in use by default; a name that ends in .json is a path already."""
    if version and version.endswith(".json"):
        return Path(version)
    nom = version or (DOSSIER_MODELES / "actuel.txt").read_text(encoding="utf-8").strip()
    return DOSSIER_MODELES / f"{nom}.json"


@lru_cache(maxsize=4)
def _lire_modele(chemin: Path, _modifie_le: int) -> Modele:
    """A model file is read once by each process, and again when it changes."""
    return Modele.depuis_json(json.loads(chemin.read_text(encoding="utf-8")))


def lien(poids: Sequence[float]) -> float:
    """The weight between a record and a group of identities of one person."""
    if len(poids) == 1:
        return poids[0]
    bornes = [max(min(p, 15.0), -15.0) for p in poids]
    return 0.5 * max(bornes) + 0.5 * sum(bornes) / len(bornes)


def reserve(identites: Iterable[tuple[float, bool]]) -> bool:
    """Whether a jeune may only be joined by a person: no likely identity of theirs is free of `prudence`."""
    return not any(poids > 3.0 and not prudent for poids, prudent in identites)


def part_hasard(niveaux: Sequence[int]) -> float:
    """The share of the look-alikes of this kind that are chance (they grow with the base), not relatives or twins."""
    nom, prenom, date = niveaux[0], niveaux[1], niveaux[2]
    nom_proche = nom not in _N_DIFFERENT
    prenom_proche = prenom not in _P_DIFFERENT
    if date in _DATE_PROCHE and nom_proche:
        return 0.3 if prenom_proche else 0.15
    return 1.0


__all__ = [
    "SEUIL_AUTOMATIQUE",
    "SEUIL_A_VERIFIER",
    "SEUIL_MEME",
    "Contexte",
    "Contribution",
    "Evaluation",
    "Modele",
    "Zone",
    "lien",
    "part_hasard",
    "probabilite",
    "prudence",
    "reserve",
    "zone",
]

"""Which records are worth comparing: a record carries a few keys, two records that share one are compared.

A key is a conjunction of two facts or more, hashed to a signed 32-bit integer, so that its block stays small whatever
the size of the base. `cles` is what the database stores (`int4[]`, GIN index), `cles_demandees` what a search asks
for: the same, and keys that only records without a birth date carry, since those cannot be found by their date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zlib import crc32

from .normalisation import (
    AUTRE,
    COMPOSE,
    COURRIEL,
    ENTIER,
    MOITIE,
    PREMIER,
    PRENOM_COURRIEL,
    SANS_PARTICULE,
    USAGE,
    Preparee,
    Variante,
    squelette,
)

MAX_CLES = 48
"""A record with many names is cut there; ordinary ones have about 17 to 20."""

_NOMS_SURS = frozenset({ENTIER, USAGE, SANS_PARTICULE, MOITIE})
_PRENOMS_SURS = frozenset({PREMIER, COMPOSE})


def empreinte(texte: str) -> int:
    """A text as a signed 32-bit integer."""
    h = crc32(texte.encode())
    return h - (1 << 32) if h >= 1 << 31 else h


def _garder(variantes: Iterable[Variante], genres: frozenset[str], combien: int) -> list[Variante]:
    return [v for v in variantes if v.genre in genres and v.son][:combien]


def _paire(x: str, y: str) -> str:
    return f"{x}|{y}" if x <= y else f"{y}|{x}"


def _communes(p: Preparee) -> Iterator[str]:
    """Keys that are the same when stored and when asked for."""
    noms = _garder(p.noms, _NOMS_SURS, 4)
    prenoms = _garder(p.prenoms, _PRENOMS_SURS, 3)
    autres = [v for v in p.prenoms if v.genre == AUTRE][:2]
    if p.naissance:
        a, m, j = p.naissance
        jour = f"{a}{m:02}{j:02}"
        if (m, j) == (1, 1):
            # a default date: too many people share it to let it stand alone
            for v in noms[:3]:
                yield f"J1{jour}{squelette(v.son)[:3]}"
            for v in prenoms[:2]:
                yield f"J1{jour}{squelette(v.son)[:3]}"
        else:
            # the birth date and an initial of either name, as written and as heard
            initiales = {v.forme[0] for v in noms[:3]} | {v.son[0] for v in noms[:3]}
            initiales |= {v.forme[0] for v in prenoms[:1]} | {v.son[0] for v in prenoms[:1]}
            for lettre in sorted(initiales):
                yield f"D{jour}{lettre}"
            # its second letter, when the first is the one mistyped
            for v in (*noms[:1], *prenoms[:1]):
                yield f"D2{jour}{squelette(v.son)[-2:]}"
        # the date with day and month in any order, or the year wrong, and the beginning of a name
        petit, grand = min(m, j), max(m, j)
        for v in (*noms[:3], *prenoms[:2]):
            yield f"M{petit:02}{grand:02}{squelette(v.son)[:2]}{v.son[:1]}"
        # the year, the consonants of the surname and an initial of the first name: the day or month is wrong
        for v in noms[:2]:
            for w in prenoms[:1]:
                yield f"A{a}" + _paire(squelette(v.son), w.son[:1])
                yield f"A{a}" + _paire(v.son[:1], squelette(w.son))
        # the year and a surname: the first name and the day are both wrong (large for common names, cut there)
        for v in noms[:2]:
            yield f"N{a}{v.son}"
    vues: set[str] = set()
    for v in noms[:4]:
        for w in prenoms[:2]:
            vues.add("P" + _paire(v.son, w.son))
    for w in autres:
        for v in noms[:1]:
            vues.add("P" + _paire(v.son, w.son))
    yield from sorted(vues)
    if p.ine:
        yield "I" + p.ine
        if len(p.ine) >= 6:
            # one wrong digit leaves one of the two halves right
            milieu = len(p.ine) // 2
            yield "I1" + p.ine[:milieu]
            yield "I2" + p.ine[milieu:]
    for t in p.telephones[:2]:
        yield "T" + t
    for c in p.courriels[:2]:
        yield "C" + c
    if p.naissance and p.naissance[1:] != (1, 1) and p.code_postal:
        # the birth date and the place of residence: both names are wrong, or both changed
        yield f"DC{p.naissance}{p.code_postal}"
    if p.voie and len(p.voie) > 5:
        for v in (*noms[:1], *prenoms[:1]):
            yield f"V{p.voie}{p.commune}{v.son[:1]}"
        if p.naissance:
            yield f"VN{p.voie.split()[0]}{p.code_postal or p.commune}{p.naissance[0]}"


def _sans_date(p: Preparee) -> Iterator[str]:
    """Looser keys on the names alone, for the few records whose birth date is missing."""
    noms = _garder(p.noms, _NOMS_SURS, 3)
    prenoms = _garder(p.prenoms, _PRENOMS_SURS, 2)
    for v in noms:
        for w in prenoms:
            yield _paire(squelette(v.son), w.son[:2])
            yield _paire(v.son[:2], squelette(w.son))
            yield "L" + _paire(v.forme[:3], w.forme[:3])
            yield "F" + _paire(v.forme[-3:], w.forme[:2])
            yield "G" + _paire(v.forme[-3:], w.forme[-3:])


def _hacher(textes: Iterable[str]) -> list[int]:
    return list(dict.fromkeys(empreinte(t) for t in textes))[:MAX_CLES]


def cles(p: Preparee) -> list[int]:
    """The keys stored with a record."""
    if p.naissance:
        return _hacher([*_communes(p), *("SD" + c for c in list(_sans_date(p))[:10])])
    return _hacher([*_communes(p), *("SN" + c for c in _sans_date(p))])


def cles_demandees(p: Preparee) -> list[int]:
    """The keys that a search for a record asks for: never less than those it shares with what is stored."""
    if p.naissance:
        return _hacher([*_communes(p), *("SN" + c for c in _sans_date(p))])
    return _hacher([*_communes(p), *("SN" + c for c in _sans_date(p)), *("SD" + c for c in _sans_date(p))])


def cles_de_masse(p: Preparee) -> tuple[list[int], list[int]]:
    """Keys for comparing a whole base with itself: the common ones, and the loose ones that count only when one of
    the two records has no birth date."""
    return _hacher(_communes(p)), _hacher("L" + c for c in _sans_date(p))


__all__ = ["COURRIEL", "MAX_CLES", "PRENOM_COURRIEL", "cles", "cles_de_masse", "cles_demandees", "empreinte"]

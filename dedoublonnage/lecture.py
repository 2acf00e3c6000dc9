"""Reading a file of identities: any order of columns, any missing column, BOM, comma or semicolon, UTF-8 or cp1252."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .normalisation import Identite

COLONNES = (
    "record_id",
    "nom_naissance",
    "nom_usage",
    "prenom",
    "autres_prenoms",
    "date_naissance",
    "sexe",
    "commune_naissance",
    "commune_naissance_insee",
    "ine",
    "telephone",
    "email",
    "adresse",
    "code_postal",
    "commune",
    "structure_uai",
    "date_signalement",
)


@dataclass(frozen=True)
class Ligne:
    """One row: its id, when it was reported, the identity, and the truth when the file has it."""

    record_id: str
    date_signalement: str
    identite: Identite
    person_id: str = ""


_JMA = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_AMJ = re.compile(r"(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})")


class FichierIllisible(ValueError):
    """The file cannot be replayed; the message says why, in French."""


def lire_date(texte: str) -> date | None:
    """A date written 2010-03-01, 20100301 or 01/03/2010; None when it is none of them or does not exist."""
    texte = texte.strip().split("T")[0].split(" ")[0]
    if m := _JMA.fullmatch(texte):
        j, mo, a = (int(x) for x in m.groups())
    elif m := _AMJ.fullmatch(texte):
        a, mo, j = (int(x) for x in m.groups())
    else:
        return None
    try:
        return date(a, mo, j)
    except ValueError:
        return None


def _plusieurs(texte: str) -> tuple[str, ...]:
    return tuple(t.strip() for t in re.split(r"[;,/|]", texte) if t.strip())


def identite_de(r: Mapping[str, str]) -> Identite:
    """The identity of a row; a column that is missing is an empty value."""

    def v(colonne: str) -> str:
        return (r.get(colonne) or "").strip()

    return Identite(
        nom_naissance=v("nom_naissance"),
        nom_usage=v("nom_usage"),
        prenom=v("prenom"),
        autres_prenoms=v("autres_prenoms"),
        date_naissance=lire_date(v("date_naissance")),
        sexe=v("sexe"),
        commune_naissance=v("commune_naissance"),
        commune_naissance_insee=v("commune_naissance_insee"),
        ine=v("ine"),
        telephones=_plusieurs(v("telephone")),
        courriels=_plusieurs(v("email")),
        adresse=v("adresse"),
        code_postal=v("code_postal"),
        commune=v("commune"),
        structure_uai=v("structure_uai"),
        reference=v("record_id"),
    )


def texte_de(chemin: Path) -> str:
    """The text of a file, UTF-8 (with or without BOM) or the cp1252 of a French Excel."""
    brut = chemin.read_bytes()
    try:
        return brut.decode("utf-8-sig")
    except UnicodeDecodeError:
        return brut.decode("cp1252", errors="replace")


def lire(chemin: str | Path, *, sans: Sequence[str] = ()) -> list[Ligne]:
    """All the rows of a file, in its order, without these columns. Unknown columns are ignored.

    A row without an id takes its rank. Raises FichierIllisible: no such file, none of the known columns, the same
    record_id twice.
    """
    if not Path(chemin).is_file():
        raise FichierIllisible(f"Fichier introuvable : {chemin}")
    texte = texte_de(Path(chemin))
    entete = texte.split("\n", 1)[0]
    separateur = max(",;\t", key=entete.count)
    lecteur = csv.DictReader(io.StringIO(texte, newline=""), delimiter=separateur)
    lecteur.fieldnames = [(c or "").strip().lower() for c in lecteur.fieldnames or []]
    if not set(lecteur.fieldnames).intersection(COLONNES):
        raise FichierIllisible(
            "Aucune colonne connue dans la première ligne. Colonnes attendues, dans n’importe quel ordre : "
            + ", ".join(COLONNES)
        )
    lignes = []
    for rang, r in enumerate(lecteur):
        propre = {k: v for k, v in r.items() if isinstance(k, str) and isinstance(v, str) and k not in sans}
        rid = propre.get("record_id", "").strip() or str(rang)
        lignes.append(
            Ligne(
                rid,
                propre.get("date_signalement", "").strip(),
                identite_de({**propre, "record_id": rid}),
                propre.get("person_id", "").strip(),
            )
        )
    doubles = [rid for rid, n in Counter(x.record_id for x in lignes).items() if n > 1]
    if doubles:
        raise FichierIllisible(
            f"record_id doit être unique : {len(doubles)} valeurs reviennent ({', '.join(doubles[:5])}"
            f"{'…' if len(doubles) > 5 else ''})."
        )
    return lignes


def ordonner(lignes: list[Ligne]) -> list[Ligne]:
    """By date of report (empty first), then by id, as numbers when all are digits."""
    if all(x.record_id.isdecimal() for x in lignes):
        return sorted(lignes, key=lambda x: (_cle_date(x.date_signalement), int(x.record_id)))
    return sorted(lignes, key=lambda x: (_cle_date(x.date_signalement), x.record_id))


def _cle_date(texte: str) -> str:
    d = lire_date(texte)
    return d.isoformat() if d else texte

"""The only link of the matching engine with the database: candidates by an index of keys, then their scores.

Shape of the table (`DDL` makes one, the Django model `Empreinte` mirrors it): a row per known identity, its keys in an
`int4[]` under a GIN index (default array_ops, fastupdate off), the prepared identity in jsonb, an index on jeune_id.
No trigram index is needed: records without a birth date carry looser keys of their own (see `blocage`).

Finding ids (`ids_candidats`) is apart from reading rows (`lire_identites`), so that the first may run inside a SECURITY
DEFINER function that returns ids only. Two settings matter there: `enable_seqscan = off` (with a LIMIT per key the
planner would otherwise prefer a sequential scan) and `jit = off`. The operator is written `OPERATOR(pg_catalog.@>)`
because the extension intarray, once installed, takes over a bare `@>` on int4[] and the index is not used any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from . import blocage
from .normalisation import Identite, Preparee, preparer
from .score import SEUIL_A_VERIFIER, Contexte, Evaluation, Modele, lien, probabilite

TABLE = "dedoublonnage_empreinte"

DDL = """
CREATE {temporaire} TABLE {table} (
    id bigserial PRIMARY KEY,
    signalement_id bigint NULL,
    jeune_id bigint NOT NULL,
    cles int4[] NOT NULL,
    preparee jsonb NOT NULL,
    date_naissance date NULL
);
CREATE INDEX {table}_cles ON {table} USING gin (cles) WITH (fastupdate = off);
CREATE INDEX {table}_jeune ON {table} (jeune_id);
"""

BLOC_MAX = 250
"""No more rows than that are read under one key: a larger block says too little to be worth reading."""
LIMITE = 40
"""Jeunes that are scored for one entry."""
MAX_CANDIDATS = 5

SQL_IDS = """
WITH v AS MATERIALIZED (
    SELECT k.c, e.id, e.jeune_id
      FROM unnest(%s::int4[]) AS k(c)
     CROSS JOIN LATERAL (SELECT id, jeune_id FROM {table} WHERE cles OPERATOR(pg_catalog.@>) ARRAY[k.c] LIMIT {bloc}) AS e
), tailles AS (
    SELECT c, 14 - ln(count(*)) AS poids FROM v GROUP BY c
), voix AS (
    SELECT v.id, v.jeune_id, sum(t.poids) AS total FROM v JOIN tailles t USING (c) GROUP BY v.id, v.jeune_id
)
SELECT jeune_id, max(total) FROM voix GROUP BY jeune_id ORDER BY 2 DESC, 1 LIMIT %s
"""
"""Jeunes that share keys with the record; a key counts the more, the smaller its block."""


class Candidat(NamedTuple):
    """A jeune who may be the person of the record."""

    jeune_id: int
    evaluation: Evaluation


def creer_table(curseur: Any, table: str, *, temporaire: bool = True) -> None:
    """Make a table of this shape, temporary by default."""
    curseur.execute(DDL.format(table=table, temporaire="TEMP" if temporaire else ""))


def regler_session(curseur: Any) -> None:
    """Planner settings for the searches of this transaction (see the module's first lines)."""
    curseur.execute("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")


def ids_candidats(
    curseur: Any, cles: Sequence[int], *, table: str = TABLE, limite: int = LIMITE
) -> list[int]:
    """Ids of the jeunes that share keys, those that share the most telling ones first."""
    if not cles:
        return []
    curseur.execute(SQL_IDS.format(table=table, bloc=BLOC_MAX), [list(cles), limite])
    return [ligne[0] for ligne in curseur.fetchall()]


def lire_identites(curseur: Any, ids: Sequence[int], *, table: str = TABLE) -> dict[int, list[Preparee]]:
    """All the known identities of these jeunes."""
    if not ids:
        return {}
    curseur.execute(
        f"SELECT jeune_id, preparee::text FROM {table} WHERE jeune_id = ANY(%s) ORDER BY id", [list(ids)]
    )
    connus: dict[int, list[Preparee]] = {}
    for jeune_id, texte in curseur.fetchall():
        connus.setdefault(jeune_id, []).append(Preparee.depuis_json(json.loads(texte)))
    return connus


def candidats(
    preparee: Preparee, *, curseur: Any, table: str = TABLE, limite: int = LIMITE
) -> list[tuple[int, list[Preparee]]]:
    """Jeunes worth comparing, with all their identities."""
    ids = ids_candidats(curseur, blocage.cles_demandees(preparee), table=table, limite=limite)
    connus = lire_identites(curseur, ids, table=table)
    return [(i, connus[i]) for i in ids if i in connus]


def classer(
    preparee: Preparee,
    jeunes: Sequence[tuple[int, Sequence[Preparee]]],
    *,
    contexte: Contexte,
    modele: Modele,
    seuil: float = SEUIL_A_VERIFIER,
    maximum: int = MAX_CANDIDATS,
) -> list[Candidat]:
    """Score these jeunes; the best first, explained, at most `maximum` from the threshold up."""
    notes = []
    for jeune_id, identites in jeunes:
        poids = lien([modele.peser(preparee, b, contexte) for b in identites])
        if probabilite(poids) >= seuil / 2:
            notes.append((poids, jeune_id, identites))
    notes.sort(key=lambda n: (-n[0], n[1]))
    retenus = [
        Candidat(jeune_id, modele.evaluer_jeune(preparee, identites, contexte))
        for _, jeune_id, identites in notes[: maximum + 3]
    ]
    return [c for c in retenus if c.evaluation.probabilite >= seuil][:maximum]


def rapprocher(
    identite: Identite | Preparee,
    *,
    curseur: Any,
    contexte: Contexte,
    modele: Modele,
    table: str = TABLE,
    seuil: float = SEUIL_A_VERIFIER,
) -> list[Candidat]:
    """Who may already be known: at most five jeunes at or above the lower threshold, best first."""
    preparee = identite if isinstance(identite, Preparee) else preparer(identite)
    return classer(
        preparee,
        candidats(preparee, curseur=curseur, table=table),
        contexte=contexte,
        modele=modele,
        seuil=seuil,
    )


def enregistrer(
    curseur: Any,
    preparee: Preparee,
    jeune_id: int,
    *,
    table: str = TABLE,
    signalement_id: int | None = None,
) -> None:
    """Add a known identity."""
    n = preparee.naissance
    curseur.execute(
        f"INSERT INTO {table} (signalement_id, jeune_id, cles, preparee, date_naissance) VALUES (%s, %s, %s, %s, %s)",
        [
            signalement_id,
            jeune_id,
            blocage.cles(preparee),
            json.dumps(preparee.vers_json(), ensure_ascii=False),
            date(*n) if n else None,
        ],
    )


def instantane(curseur: Any, table: str = TABLE) -> Contexte:
    """A snapshot of the base: its size and how often each surname and each given name is borne."""
    curseur.execute(f"SELECT count(*), current_date::text FROM {table}")
    taille, jour = curseur.fetchone()
    comptes: list[dict[str, int]] = []
    for place in (2, 4):
        curseur.execute(
            f"SELECT preparee #>> '{{{place},0,0}}', count(*) FROM {table} GROUP BY 1 HAVING count(*) > 1"
        )
        comptes.append({nom: n for nom, n in curseur.fetchall() if nom})
    return Contexte(taille, comptes[0], comptes[1], jour)

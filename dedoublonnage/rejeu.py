"""Replay of a file of reports into an empty base, one by one, as if they were entered; and its measure."""

from __future__ import annotations

import csv
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import blocage, recherche
from .comparaisons import Comparaison, confronter
from .decision import Decision, decider
from .groupes import ajuster_paires
from .lecture import Ligne, ordonner
from .normalisation import Preparee, preparer
from .score import SEUIL_A_VERIFIER, SEUIL_AUTOMATIQUE, Contexte, Modele, probabilite, prudence

PAS_INSTANTANE = 250
"""The snapshot of the base is taken again after so many rows, as a nightly command does."""


@dataclass
class Rejeu:
    """All that came out of a replay."""

    lignes: list[Ligne]
    flux: list[tuple[str, str, list[tuple[str, float]]]] = field(default_factory=list)
    """record_id, zone, candidates as (record_id standing for the jeune, probability)."""
    paires: list[tuple[str, str, float]] = field(default_factory=list)
    secondes: float = 0.0


def rejouer(
    lignes: Iterable[Ligne],
    *,
    curseur: Any,
    modele: Modele,
    automatique: float = SEUIL_AUTOMATIQUE,
    a_verifier: float = SEUIL_A_VERIFIER,
    avance: Callable[[int], None] | None = None,
) -> Rejeu:
    """Replay the rows in order in a temporary table, then score every pair met with the final prior."""
    debut = time.perf_counter()
    resultat = Rejeu(ordonner(list(lignes)))
    table = f"rejeu_{uuid.uuid4().hex[:12]}"
    recherche.creer_table(curseur, table)
    try:
        _rejouer(resultat, curseur, table, modele, automatique, a_verifier, avance)
    finally:
        curseur.execute(f"DROP TABLE IF EXISTS {table}")
    resultat.secondes = time.perf_counter() - debut
    return resultat


def _rejouer(
    resultat: Rejeu,
    curseur: Any,
    table: str,
    modele: Modele,
    automatique: float,
    a_verifier: float,
    avance: Callable[[int], None] | None,
) -> None:
    recherche.regler_session(curseur)
    preparees: list[Preparee] = []
    membres: dict[int, list[int]] = defaultdict(list)
    confrontations: dict[tuple[int, int], Comparaison] = {}
    noms: dict[str, int] = {}
    prenoms: dict[str, int] = {}
    contexte = Contexte()
    for rang, ligne in enumerate(resultat.lignes):
        if rang % PAS_INSTANTANE == 0:
            contexte = Contexte(rang, dict(noms), dict(prenoms))
            if rang and rang & (rang - 1) < PAS_INSTANTANE:
                curseur.execute(f"ANALYZE {table}")
        p = preparer(ligne.identite)
        ids = recherche.ids_candidats(curseur, blocage.cles_demandees(p), table=table)
        jeunes: list[tuple[int, list[tuple[float, bool]]]] = []
        for jeune in ids:
            notes = []
            for i in membres[jeune]:
                c = confronter(preparees[i], p)
                confrontations[i, rang] = c
                niveaux = modele.completer(c, preparees[i], p, contexte)
                notes.append((modele.poids_total(niveaux, contexte), prudence(niveaux)))
            jeunes.append((jeune, notes))

        def entre(x: int, y: int, contexte: Contexte = contexte) -> float:
            """How much two known jeunes look like one person."""
            return max(
                modele.peser(preparees[i], preparees[j], contexte) for i in membres[x] for j in membres[y]
            )

        d: Decision = decider(jeunes, entre, automatique=automatique, a_verifier=a_verifier)
        jeune = d.candidats[0][0] if d.zone == "automatique" else rang
        membres[jeune].append(rang)
        preparees.append(p)
        for v in p.noms[:1]:
            noms[v.forme] = noms.get(v.forme, 0) + 1
        for v in p.prenoms[:1]:
            prenoms[v.forme] = prenoms.get(v.forme, 0) + 1
        recherche.enregistrer(curseur, p, jeune, table=table)
        resultat.flux.append(
            (
                ligne.record_id,
                d.zone,
                [(resultat.lignes[membres[j][0]].record_id, pr) for j, pr in d.candidats],
            )
        )
        if avance and rang % 200 == 0:
            avance(rang)
    contexte = Contexte(len(preparees), noms, prenoms)
    poids_finaux = {}
    for (i, j), c in confrontations.items():
        poids_finaux[i, j] = modele.poids_total(
            modele.completer(c, preparees[i], preparees[j], contexte), contexte
        )
    for (i, j), w in sorted(ajuster_paires(poids_finaux).items()):
        pr = probabilite(w)
        if pr >= 0.01:
            resultat.paires.append((resultat.lignes[i].record_id, resultat.lignes[j].record_id, pr))


def ecrire(resultat: Rejeu, paires: Path | None, flux: Path | None) -> None:
    """Write PAIRES.csv and FLUX.csv."""
    if paires:
        with paires.open("w", encoding="utf-8", newline="") as f:
            w = csv.writer(f)
            w.writerow(["record_id_a", "record_id_b", "probabilite"])
            w.writerows((a, b, f"{p:.6f}") for a, b, p in resultat.paires)
    if flux:
        with flux.open("w", encoding="utf-8", newline="") as f:
            w = csv.writer(f)
            w.writerow(["record_id", "zone", "candidats"])
            for rid, z, cands in resultat.flux:
                w.writerow([rid, z, " ".join(f"{r}:{p:.6f}" for r, p in cands)])


def jumeaux_du_fichier(lignes: list[Ligne], verite: dict[str, str] | None = None) -> set[tuple[str, str]]:
    """Pairs of persons (ids) who are twins: told by the truth file, else same surname and birth date."""
    groupes: dict[Any, set[str]] = defaultdict(set)
    if verite:
        for x in lignes:
            if verite.get(x.record_id):
                groupes[verite[x.record_id]].add(x.person_id)
    else:
        for x in lignes:
            p = preparer(x.identite)
            if p.noms and p.naissance and p.naissance[1:] != (1, 1):
                groupes[p.noms[0].forme, p.naissance].add(x.person_id)
    return {(a, b) for g in groupes.values() for a in g for b in g if a < b}


def mesurer(resultat: Rejeu, verite: dict[str, str] | None = None) -> dict[str, float | int]:
    """The figures of the contract, from `person_id`."""
    personne = {x.record_id: x.person_id for x in resultat.lignes}
    effectifs: dict[str, int] = defaultdict(int)
    for x in resultat.lignes:
        if x.person_id:
            effectifs[x.person_id] += 1
    total = sum(n * (n - 1) // 2 for n in effectifs.values())
    vrai = {(a, b): bool(personne[a]) and personne[a] == personne[b] for a, b, _ in resultat.paires}
    trouvees = [(a, b) for a, b, p in resultat.paires if p >= 0.5]
    bonnes = sum(vrai[c] for c in trouvees)
    precision = bonnes / len(trouvees) if trouvees else 1.0
    rappel = bonnes / total if total else 1.0
    f1 = 2 * bonnes / (len(trouvees) + total) if trouvees or total else 1.0
    f1_max, ok = 0.0, 0
    par_p = sorted(resultat.paires, key=lambda t: -t[2])
    for k, (a, b, p) in enumerate(par_p):
        ok += vrai[a, b]
        if k + 1 == len(par_p) or par_p[k + 1][2] < p:
            f1_max = max(f1_max, 2 * ok / (k + 1 + total))
    jumeaux = jumeaux_du_fichier(resultat.lignes, verite)
    paire_de = {tuple(sorted((personne[a], personne[b]))) for a, b in trouvees if not vrai[a, b]}
    joints = len(paire_de & jumeaux)
    faux = jumeaux_faux = manques = questions = premiers = avec_bon = 0
    vus: set[str] = set()
    for rid, z, cands in resultat.flux:
        qui = personne[rid]
        connus = [personne.get(c, "") for c, _ in cands]
        if z == "automatique":
            if connus[0] != qui:
                faux += 1
                jumeaux_faux += tuple(sorted((qui, connus[0]))) in jumeaux
        elif qui and qui in vus and (z == "nouveau" or qui not in connus):
            manques += 1
        if z == "a_verifier":
            questions += 1
            if qui in connus:
                avec_bon += 1
                premiers += connus[0] == qui
        vus.add(qui)
    lignes = max(len(resultat.flux), 1)
    repetitions = sum(n - 1 for n in effectifs.values())
    return {
        "precision": round(precision, 5),
        "rappel": round(rappel, 5),
        "f1_a_05": round(f1, 5),
        "f1_max": round(f1_max, 5),
        "jumeaux_joints": joints,
        "faux_pour_1000": round(1000 * faux / lignes, 3),
        "jumeaux_faux": jumeaux_faux,
        "manques_pct": round(100 * manques / max(repetitions, 1), 3),
        "questions_pct": round(100 * questions / lignes, 3),
        "bon_premier_pct": round(100 * premiers / avec_bon, 3) if avec_bon else 100.0,
        "ms_par_ligne": round(1000 * resultat.secondes / lignes, 3),
    }

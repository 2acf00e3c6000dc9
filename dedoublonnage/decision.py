"""From scored candidates to a zone: the rule shared by the entry form, the import and the replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .comparaisons import confronter
from .normalisation import Preparee
from .score import (
    SEUIL_A_VERIFIER,
    SEUIL_AUTOMATIQUE,
    Contexte,
    Evaluation,
    Modele,
    Zone,
    lien,
    probabilite,
    prudence,
    reserve,
    zone,
)

MAX_CANDIDATS = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """The zone and at most five candidates (jeune, probability), best first."""

    zone: Zone
    candidats: tuple[tuple[int, float], ...]


def decider(
    jeunes: Sequence[tuple[int, Sequence[tuple[float, bool]]]],
    entre: Callable[[int, int], float],
    *,
    automatique: float = SEUIL_AUTOMATIQUE,
    a_verifier: float = SEUIL_A_VERIFIER,
) -> Decision:
    """The zone of a record, from its weight and its `prudence` against each jeune's identities.

    When two jeunes are both likely and are not one person (twins), the record is one of them at most: their odds share
    one probability. When they are one person still to be merged, each keeps its own.
    """
    notes = sorted(((lien([p for p, _ in vus]), jeune) for jeune, vus in jeunes), key=lambda n: (-n[0], n[1]))
    notes = [n for n in notes if probabilite(n[0]) >= a_verifier / 4][: MAX_CANDIDATS + 3]
    finals: list[tuple[int, float]] = []
    for k, (poids, jeune) in enumerate(notes):
        chances = 2.0 ** min(poids, 50.0)
        rivaux = sum(
            2.0 ** min(autre, 50.0)
            for m, (autre, voisin) in enumerate(notes)
            if m != k and autre > -2.0 and probabilite(entre(jeune, voisin)) < 0.5
        )
        finals.append((jeune, chances / (1.0 + chances + rivaux)))
    finals.sort(key=lambda c: -c[1])
    retenus = tuple((j, p) for j, p in finals if p >= a_verifier)[:MAX_CANDIDATS]
    if not retenus:
        return Decision("nouveau", ())
    z = zone(retenus[0][1], automatique=automatique, a_verifier=a_verifier)
    if z == "automatique" and reserve(next(vus for jeune, vus in jeunes if jeune == retenus[0][0])):
        z = "a_verifier"
    return Decision(z, retenus)


def noter(a: Preparee, b: Preparee, *, modele: Modele, contexte: Contexte) -> tuple[float, bool]:
    """The weight of two records, and whether only a person may join them."""
    niveaux = modele.completer(confronter(a, b), a, b, contexte)
    return modele.poids_total(niveaux, contexte), prudence(niveaux)


def examiner(
    preparee: Preparee,
    jeunes: Sequence[tuple[int, Sequence[Preparee]]],
    *,
    modele: Modele,
    contexte: Contexte,
) -> tuple[Decision, list[tuple[int, Evaluation]]]:
    """Decide about a record against these jeunes (id, known identities), with the explanation of each candidate."""
    connus = dict(jeunes)

    def entre(x: int, y: int) -> float:
        return max(modele.peser(a, b, contexte) for a in connus[x] for b in connus[y])

    notes = [
        (jeune, [noter(preparee, b, modele=modele, contexte=contexte) for b in identites])
        for jeune, identites in jeunes
    ]
    decision = decider(notes, entre)
    expliques = [
        (jeune, replace(modele.evaluer_jeune(preparee, connus[jeune], contexte), probabilite=chance))
        for jeune, chance in decision.candidats
    ]
    return decision, expliques

"""Re-learning from people's decisions: the pairs that they settled correct the weights of the model in use.

A decision is an answer of a person, never one of the machine: a pair of the queue confirmed or refused, a look-alike
confirmed or refused while typing. The correction is pulled towards the present model (`apprentissage.apprendre`), and
judged on decisions that it has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .apprentissage import apprendre, corriger
from .models import Empreinte, Paire, Rattachement
from .normalisation import Preparee
from .score import SEUIL_MEME, Contexte, Modele, probabilite

MINIMUM = 50
"""Below that number of decisions a correction would be noise."""
PLIS = 5


class Tranchee(NamedTuple):
    """Two identities, and whether a person said that they are one."""

    a: Preparee
    b: Preparee
    meme: bool


def decisions_des_personnes() -> list[Tranchee]:
    """All the decisions made by people, in a fixed order, on the identities as they are known now."""
    couples: dict[tuple[int, int], bool] = {}
    paires = Paire.objects.filter(
        decidee_par__isnull=False,
        etat__in=[Paire.Etat.MEME, Paire.Etat.DIFFERENTS],
        signalement_a__isnull=False,
        signalement_b__isnull=False,
    )
    for a, b, etat in paires.order_by("pk").values_list("signalement_a", "signalement_b", "etat"):
        couples[a, b] = etat == Paire.Etat.MEME
    confirmes = Rattachement.objects.actifs().filter(mode=Rattachement.Mode.CONFIRME, par__isnull=False)
    for signalement, identite in confirmes.order_by("pk").values_list("signalement", "jeune__identite"):
        if identite and identite != signalement:
            couples.setdefault((identite, signalement), True)
    concernes = {s for couple in couples for s in couple}
    preparees = {
        e.signalement_id: Preparee.depuis_json(e.preparee)
        for e in Empreinte.objects.filter(signalement__in=concernes)
    }
    return [
        Tranchee(preparees[a], preparees[b], meme)
        for (a, b), meme in couples.items()
        if a in preparees and b in preparees
    ]


def perte(modele: Modele, paires: Sequence[Tranchee], contexte: Contexte) -> tuple[float, int]:
    """(sum of the logarithmic losses, number of decisions on the side that the model leans to)."""
    total, accords = 0.0, 0
    for a, b, meme in paires:
        p = min(max(probabilite(modele.peser(a, b, contexte)), 1e-9), 1 - 1e-9)
        total -= math.log(p if meme else 1 - p)
        accords += (p >= SEUIL_MEME) == meme
    return total, accords


def reapprendre(
    contenu: Mapping[str, Any], paires: Sequence[Tranchee], contexte: Contexte, *, force: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(content of the corrected model file, report).

    contenu: the model file to correct. The report compares both models on decisions kept apart in turn, so that the
    corrected one does not judge itself: `perte_*` is the mean logarithmic loss (less is better), `accord_*_pct` the share
    of decisions that the model would have leaned to.
    """
    depart = Modele.depuis_json(contenu)
    avant = apres = 0.0
    accords_avant = accords_apres = 0
    for pli in range(PLIS):
        a_part = [p for k, p in enumerate(paires) if k % PLIS == pli]
        vues = [p for k, p in enumerate(paires) if k % PLIS != pli]
        corrige = Modele.depuis_json(
            corriger(contenu, apprendre(vues, contexte=contexte, depart=depart, force=force))
        )
        for modele in (depart, corrige):
            total, accords = perte(modele, a_part, contexte)
            if modele is depart:
                avant, accords_avant = avant + total, accords_avant + accords
            else:
                apres, accords_apres = apres + total, accords_apres + accords
    corrections = apprendre(paires, contexte=contexte, depart=depart, force=force)
    n = max(len(paires), 1)
    bilan = {
        "decisions": len(paires),
        "confirmees": sum(p.meme for p in paires),
        "perte_avant": round(avant / n, 4),
        "perte_apres": round(apres / n, 4),
        "accord_avant_pct": round(100 * accords_avant / n, 1),
        "accord_apres_pct": round(100 * accords_apres / n, 1),
        "corrections": {
            k: round(v, 2) for k, v in sorted(corrections.items(), key=lambda c: -abs(c[1]))[:10]
        },
    }
    return corriger(contenu, corrections), bilan

"""What later steps do when identities change. They register here at start (`gab/apps.py`), so imports stay one way.

Events: `rattache(signalement, jeune, par)`; `retire(signalement, par)`, withdrawn before triage;
`corrige(signalement, changes, par)`, with the names of the fields that changed;
`detache(signalement, ancien, nouveau, par)`;
`fusionne(fusion, inventaire, par)`, before any row moves: what it changes must go through the
`fusion.Inventaire` so that the undo is exact; `fusion_annulee(fusion, par)`, after the rows are back.
Each runs in the transaction of the decision.

They also tell what they know of a jeune, for the page that asks whether two are one (`raconter`), what was done since a
merge, for the one that undoes it (`partager_les_faits`), and, through `TRAVAUX`, which reports somebody has worked on:
functions that take a queryset of `Signalement` and return those of them.
"""

from dataclasses import dataclass
from datetime import datetime

TRAVAUX = []

EVENEMENTS = ("rattache", "retire", "corrige", "detache", "fusionne", "fusion_annulee")
_suites = {evenement: [] for evenement in EVENEMENTS}


def brancher(evenement, fonction):
    """Register what follows an event (once)."""
    if fonction not in _suites[evenement]:
        _suites[evenement].append(fonction)


_recits = []


def raconter(fonction):
    """Register what a later step tells of a jeune to a person: `fonction(jeune, user)` gives [{quand, titre, texte}].

    `quand`: date or datetime. Dates, states and names of structures only: nothing of what was written in an interview.
    """
    if fonction not in _recits:
        _recits.append(fonction)


def recits(jeune, user):
    """What the later steps tell this person of a jeune, in the order of registration."""
    return [ligne for fonction in _recits for ligne in fonction(jeune, user)]


@dataclass(frozen=True)
class Fait:
    """Something recorded since a merge. cle: what the form sends back; separe: goes back with the separated jeune."""

    cle: str
    libelle: str
    quand: datetime
    separe: bool


_partages = []


def partager_les_faits(lister, repartir):
    """Register what a later step recorded since a merge: `lister(fusion)` gives [Fait], before the undo;

    `repartir(fusion, suivent, par)` runs after the rows are back: what is in `suivent` (keys of facts, ids of
    reports) goes to the separated jeune, the other facts to the kept one.
    """
    if (lister, repartir) not in _partages:
        _partages.append((lister, repartir))


def faits(fusion):
    """What the later steps recorded since a merge, oldest first."""
    return sorted((f for lister, _ in _partages for f in lister(fusion)), key=lambda f: f.quand)


def repartir(fusion, suivent, *, par):
    """Let each later step give what it recorded since to one jeune or the other."""
    for _, donner in _partages:
        donner(fusion, suivent, par=par)


def inscrire_travaux(fonction):
    """Register what tells the reports that a later step has worked on (once)."""
    if fonction not in TRAVAUX:
        TRAVAUX.append(fonction)


def poursuivre(evenement, *args, par):
    """Run what follows an event, in the order of registration."""
    for fonction in _suites[evenement]:
        fonction(*args, par=par)

"""The states of a look-alike pair. `docs/etats.md` says the same in words; a test compares the two."""

from qualit.territoire.droits import Droit
from qualit.workflow import Transition, declarer

from .models import Paire

E = Paire.Etat

TRANSITIONS = [
    Transition(
        "confirmer_meme",
        de={E.A_DECIDER},
        vers=E.MEME,
        droit=Droit.ARBITRER,
        libelle="C’est la même personne",
    ),
    Transition(
        "dire_differents",
        de={E.A_DECIDER},
        vers=E.DIFFERENTS,
        droit=Droit.ARBITRER,
        libelle="Ce ne sont pas les mêmes",
    ),
    Transition(
        "revenir_sur_la_decision",
        de={E.MEME, E.DIFFERENTS},
        vers=E.A_DECIDER,
        droit=Droit.ARBITRER,
        libelle="Revenir sur la décision",
    ),
    Transition("classer", de={E.A_DECIDER}, vers=E.SANS_OBJET),
    Transition("reposer", de={E.DIFFERENTS, E.SANS_OBJET}, vers=E.A_DECIDER),
]

declarer(Paire, TRANSITIONS)

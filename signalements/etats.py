"""The states of a report. `docs/etats.md` says the same in words; a test compares the two."""

from qualit.territoire.droits import Droit
from qualit.workflow import Transition, declarer

from .models import EtatSignalement as E
from .models import Signalement

TRANSITIONS = [
    Transition("envoyer", de={E.BROUILLON}, vers=E.ENVOYE, droit=Droit.SIGNALER, libelle="Envoyer"),
    Transition(
        "juger_recevable",
        de={E.ENVOYE, E.A_COMPLETER},
        vers=E.RECEVABLE,
        droit=Droit.TRIER,
        libelle="Recevable",
    ),
    Transition(
        "demander_complement",
        de={E.ENVOYE, E.RECEVABLE},
        vers=E.A_COMPLETER,
        droit=Droit.TRIER,
        libelle="À compléter",
    ),
    Transition("completer", de={E.A_COMPLETER}, vers=E.ENVOYE, droit=Droit.SIGNALER, libelle="Répondre"),
    Transition(
        "ecarter",
        de={E.ENVOYE, E.RECEVABLE, E.A_COMPLETER},
        vers=E.HORS_CHAMP,
        droit=Droit.TRIER,
        libelle="Hors champ",
    ),
    Transition("annuler", de={E.ENVOYE}, vers=E.ANNULE, droit=Droit.RETIRER, libelle="Retirer"),
    Transition(
        "confirmer_retrait",
        de={E.ENVOYE, E.RECEVABLE, E.A_COMPLETER},
        vers=E.ANNULE,
        droit=Droit.TRIER,
        libelle="Confirmer le retrait",
    ),
    Transition("retablir", de={E.HORS_CHAMP, E.ANNULE}, vers=E.ENVOYE, droit=Droit.TRIER, libelle="Rétablir"),
]

declarer(Signalement, TRANSITIONS)

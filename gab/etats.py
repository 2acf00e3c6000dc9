"""The states of dossiers, interviews, séances, missions, transfers. `docs/etats.md` says the same; a test compares."""

from qualit.territoire.droits import Droit
from qualit.workflow import Transition, declarer

from .models import ETATS_OUVERTS, Dossier, Entretien, Mission, Seance, Transfert
from .models import EtatDossier as D

DOSSIER = [
    Transition("retenir", de={D.A_TRIER}, vers=D.ENTRETIEN_A_TENIR, droit=Droit.TRIER, libelle="Retenir"),
    Transition(
        "tenir_entretien",
        de={D.ENTRETIEN_A_TENIR},
        vers=D.ENTRETIEN_TENU,
        droit=Droit.CONVOQUER,
        libelle="Entretien tenu",
    ),
    Transition(
        "preconiser",
        de={D.ENTRETIEN_TENU, D.PRECONISE},
        vers=D.PRECONISE,
        droit=Droit.PRECONISER,
        libelle="Donner une préconisation",
    ),
    Transition(
        "missionner",
        de={D.A_TRIER, D.ENTRETIEN_A_TENIR, D.ENTRETIEN_TENU, D.PRECONISE},
        vers=D.MISSIONNE,
        droit=Droit.MISSIONNER,
        libelle="Missionner une structure",
    ),
    Transition("prendre_en_charge", de={D.MISSIONNE}, vers=D.PRIS_EN_CHARGE),
    Transition("revenir_au_gab", de={D.MISSIONNE, D.PRIS_EN_CHARGE, D.EN_SOLUTION}, vers=D.PRECONISE),
    Transition(
        "trouver_solution",
        de={D.A_TRIER, D.ENTRETIEN_A_TENIR, D.ENTRETIEN_TENU, D.PRECONISE, D.MISSIONNE, D.PRIS_EN_CHARGE},
        vers=D.EN_SOLUTION,
        droit=Droit.SUIVRE,
        libelle="Enregistrer une solution",
    ),
    Transition(
        "reprendre_suivi",
        de={D.EN_SOLUTION},
        vers=D.PRIS_EN_CHARGE,
        droit=Droit.SUIVRE,
        libelle="Reprendre le suivi",
    ),
    Transition(
        "rouvrir",
        de={D.EN_SOLUTION, D.CLOS, D.PERDU_DE_VUE},
        vers=D.A_TRIER,
        droit=Droit.CLORE,
        libelle="Rouvrir",
    ),
    Transition("retablir", de={D.HORS_CHAMP}, vers=D.A_TRIER, droit=Droit.TRIER, libelle="Rétablir"),
    Transition("ecarter", de=ETATS_OUVERTS, vers=D.HORS_CHAMP, droit=Droit.TRIER, libelle="Hors champ"),
    Transition(
        "perdre_de_vue", de=ETATS_OUVERTS, vers=D.PERDU_DE_VUE, droit=Droit.CLORE, libelle="Sans nouvelles"
    ),
    Transition("clore", de=ETATS_OUVERTS, vers=D.CLOS, droit=Droit.CLORE, libelle="Clore le dossier"),
]

N = Entretien.Etat
ENTRETIEN = [
    Transition("tenir", de={N.PREVU}, vers=N.TENU, droit=Droit.CONVOQUER, libelle="Tenu"),
    Transition("excuser", de={N.PREVU}, vers=N.ABSENT_EXCUSE, droit=Droit.CONVOQUER, libelle="Absent excusé"),
    Transition("constater_absence", de={N.PREVU}, vers=N.ABSENT, droit=Droit.CONVOQUER, libelle="Absent"),
    Transition("reporter", de={N.PREVU}, vers=N.REPORTE, droit=Droit.CONVOQUER, libelle="Reporter"),
    Transition("annuler", de={N.PREVU}, vers=N.ANNULE, droit=Droit.CONVOQUER, libelle="Annuler"),
    Transition(
        "corriger", de={N.ABSENT, N.ABSENT_EXCUSE}, vers=N.PREVU, droit=Droit.CONVOQUER, libelle="Corriger"
    ),
]

M = Mission.Etat
MISSION = [
    Transition(
        "accepter", de={M.PROPOSEE}, vers=M.ACCEPTEE, droit=Droit.REPONDRE_MISSION, libelle="Accepter"
    ),
    Transition("refuser", de={M.PROPOSEE}, vers=M.REFUSEE, droit=Droit.REPONDRE_MISSION, libelle="Refuser"),
    Transition("expirer", de={M.PROPOSEE}, vers=M.EXPIREE),
    Transition(
        "terminer",
        de={M.ACCEPTEE},
        vers=M.TERMINEE,
        droit=Droit.REPONDRE_MISSION,
        libelle="Terminer la mission",
    ),
    Transition(
        "revoquer",
        de={M.PROPOSEE, M.ACCEPTEE},
        vers=M.REVOQUEE,
        droit=Droit.MISSIONNER,
        libelle="Retirer la mission",
    ),
]

S = Seance.Etat
SEANCE = [
    Transition(
        "ouvrir", de={S.PREPAREE}, vers=S.OUVERTE, droit=Droit.TENIR_SEANCE, libelle="Ouvrir la séance"
    ),
    Transition("clore", de={S.OUVERTE}, vers=S.CLOSE, droit=Droit.PRECONISER, libelle="Clore la séance"),
    Transition(
        "signer", de={S.CLOSE}, vers=S.SIGNEE, droit=Droit.PRECONISER, libelle="Signer le compte rendu"
    ),
    Transition(
        "annuler",
        de={S.PREPAREE, S.OUVERTE},
        vers=S.ANNULEE,
        droit=Droit.TENIR_SEANCE,
        libelle="Annuler la séance",
    ),
]

T = Transfert.Etat
TRANSFERT = [
    Transition(
        "accepter", de={T.PROPOSE}, vers=T.ACCEPTE, droit=Droit.TRANSFERER, libelle="Accepter le transfert"
    ),
    Transition(
        "refuser", de={T.PROPOSE}, vers=T.REFUSE, droit=Droit.TRANSFERER, libelle="Refuser le transfert"
    ),
    Transition("annuler", de={T.PROPOSE}, vers=T.ANNULE),
]

declarer(Dossier, DOSSIER)
declarer(Entretien, ENTRETIEN)
declarer(Mission, MISSION)
declarer(Seance, SEANCE)
declarer(Transfert, TRANSFERT)

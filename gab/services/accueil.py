"""A jeune who walks in."""

from django.db import transaction
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.models import Origine

from ..models import EtatDossier, Mission
from .dossiers import avancer, lien, responsables_du_bassin
from .missions import AVANT_MISSION, date_d_expiration, donner_un_referent


@transaction.atomic
def accueillir(signalement, *, par):
    """After the sending of a walk-in: the operator that received the jeune follows them.

    The mission stays to be confirmed by the coordinator; until then the operator sees what it entered, and the
    work done is the same whether or not the jeune was already known (decisions.md 26).
    """
    dossier = signalement.versement.dossier
    structure = signalement.structure
    mission = dossier.missions.vivantes().filter(structure=structure).first()
    if mission is None:
        mission = Mission.objects.create(
            dossier=dossier,
            structure=structure,
            etat=Mission.Etat.ACCEPTEE,
            a_confirmer=True,
            proposee_par=par,
            repondue_par=par,
            repondue_le=timezone.now(),
            conseiller=par,
            expire_le=date_d_expiration(structure),
        )
        workflow.passage(mission, "accueillir", "", par=par)
    elif mission.etat == Mission.Etat.PROPOSEE:
        workflow.franchir(
            mission,
            "accepter",
            par=par,
            systeme=True,
            repondue_par=par,
            repondue_le=timezone.now(),
            conseiller=par,
        )
    donner_un_referent(dossier, structure)
    if dossier.etat in AVANT_MISSION:
        avancer(dossier, "missionner", par=par, systeme=True)
    if dossier.etat == EtatDossier.MISSIONNE:
        avancer(dossier, "prendre_en_charge", par=par, systeme=True)
    notifications.prevoir(
        "jeune_accueilli",
        a=responsables_du_bassin(dossier.bassin),
        lien=lien(dossier),
        reference=dossier.reference,
    )
    return mission


def accueillir_qui_se_presente(signalement, jeune, *, par):
    """What follows the sending of a walk-in, whichever page sent it."""
    if signalement.origine == Origine.ACCUEIL:
        accueillir(signalement, par=par)


@transaction.atomic
def confirmer_accueil(mission, *, par):
    """The coordinator confirms the mission of an operator that received a jeune who walked in."""
    droits.exiger(par, Droit.MISSIONNER, mission.dossier)
    mission.a_confirmer = False
    mission.save(update_fields=["a_confirmer"])
    noter(Action.ECRITURE, "accueil_confirme", mission, par=par, jeunes=[mission.dossier.jeune_id])

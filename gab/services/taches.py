"""Tasks that the coordinator answers."""

from django.db import transaction
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit

from ..models import Mission, Tache
from .missions import revoquer_mission


@transaction.atomic
def clore_tache(tache, *, par, reponse="", accepter=False):
    """Answer a task. A reorientation accepted withdraws the mission; the operator reads the answer either way."""
    droits.exiger(par, Droit.MISSIONNER, tache.dossier)
    tache.close_le, tache.close_par, tache.reponse = timezone.now(), par, reponse
    tache.save(update_fields=["close_le", "close_par", "reponse"])
    mission = tache.mission
    if tache.type == Tache.Type.REORIENTATION and mission is not None:
        if accepter and mission.etat in {Mission.Etat.PROPOSEE, Mission.Etat.ACCEPTEE}:
            revoquer_mission(mission, "Réorientation acceptée", par=par)
        else:
            notifications.prevoir(
                "tache_coordinateur",
                a=notifications.equipe(mission.structure),
                lien=f"/missions/{mission.reference}/",
                reference=mission.dossier.reference,
                precision="réponse à votre demande de réorientation",
            )
    noter(Action.ECRITURE, f"tache_{tache.type}", tache, par=par, jeunes=[tache.dossier.jeune_id])

"""What a person of the GAB or of an operator holds, and hands over when they leave (`qualit.acteurs.passation`)."""

from django.utils import timezone

from qualit.acteurs.passation import Charge
from qualit.territoire.roles import Role

from .models import Creneau, Entretien, Mission

GAB = (Role.COORDINATEUR_GAB, Role.MEMBRE_GAB)


def entretiens_prevus():
    """Interviews convened and not yet held."""
    return Entretien.objects.filter(etat=Entretien.Etat.PREVU)


def creneaux_a_venir():
    """Free slots to come."""
    return Creneau.objects.filter(annule_le__isnull=True, entretien__isnull=True, quand__gte=timezone.now())


CHARGES = (
    Charge(
        "missions",
        "mission suivie",
        "missions suivies",
        vivants=Mission.objects.vivantes,
        tenu_par="conseiller",
        type_siege="structure",
        siege="structure",
        roles=(Role.OPERATEUR,),
        jeune="dossier__jeune_id",
        dossier="dossier__reference",
    ),
    Charge(
        "entretiens",
        "entretien à tenir",
        "entretiens à tenir",
        vivants=entretiens_prevus,
        tenu_par="mene_par",
        type_siege="bassin",
        siege="dossier__bassin",
        roles=GAB,
        jeune="dossier__jeune_id",
        dossier="dossier__reference",
    ),
    Charge(
        "creneaux",
        "créneau libre de l’agenda",
        "créneaux libres de l’agenda",
        vivants=creneaux_a_venir,
        tenu_par="mene_par",
        type_siege="bassin",
        siege="bassin",
        roles=GAB,
        dossier="quand",
    ),
)

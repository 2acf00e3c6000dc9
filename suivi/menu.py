"""What is counted beside the entries of the menu."""

from gab.models import Mission
from qualit.notifications.models import Avis


def missions_a_repondre(user):
    """Missions that wait for an answer of one's structures."""
    return Mission.objects.pour(user).filter(etat=Mission.Etat.PROPOSEE).values("pk")


def retours_non_lus(user):
    """Reports of which this person was told something that they have not opened."""
    codes = (
        "signalement_trie",
        "retour_disponible",
        "devenir_enregistre",
        "complement_demande",
        "coordonnees_fausses",
    )
    avis = Avis.objects.filter(destinataire=user, code__in=codes).non_lus()
    return avis.values("reference").distinct()

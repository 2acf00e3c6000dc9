"""What the rectorat watches over all its bassins (a bassin over itself): queries of the page and of the home page."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from qualit.territoire import droits
from qualit.territoire.droits import Droit

from .models import Dossier, Transfert

SANS_REPONSE_JOURS = 7


def echeances_depassees(user):
    """Open dossiers of this person's territory whose legal clock has ended, the oldest first."""
    siens = Q(bassin__academie__in=droits.academies_pour(user, Droit.LIRE_DOSSIER)) | Q(
        bassin__in=droits.bassins_pour(user, Droit.LIRE_DOSSIER)
    )
    return Dossier.objects.filter(siens).echeance_legale_proche(-1).order_by("echeance_legale", "pk")


def transferts_sans_reponse(user):
    """Transfers proposed to this person's territory more than a week ago, without an answer."""
    siens = Q(vers__academie__in=droits.academies_pour(user, Droit.LIRE_DOSSIER)) | Q(
        vers__in=droits.bassins_pour(user, Droit.LIRE_DOSSIER)
    )
    limite = timezone.now() - timedelta(days=SANS_REPONSE_JOURS)
    return Transfert.objects.filter(siens, etat="propose", propose_le__lt=limite).order_by("propose_le", "pk")

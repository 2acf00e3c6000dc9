"""Background work of the reports: the reminder of those kept as drafts until the sixteenth birthday."""

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, OuterRef
from django.utils import timezone
from procrastinate.contrib.django import app

from qualit.notifications import services as notifications
from qualit.notifications.models import Avis

from .models import Signalement


def rappeler_seize_ans(aujourdhui=None):
    """Remind the structure of drafts whose jeune turned 16 this week (once each). Returns how many."""
    seize = (aujourdhui or timezone.localdate()) - relativedelta(years=16)
    brouillons = (
        Signalement.objects.brouillons()
        .filter(date_naissance__gt=seize - relativedelta(days=7), date_naissance__lte=seize)
        .exclude(Exists(Avis.objects.filter(code="brouillon_seize_ans", reference=OuterRef("reference"))))
        .select_related("structure")
    )
    for brouillon in brouillons:
        notifications.prevoir(
            "brouillon_seize_ans",
            a=notifications.equipe(brouillon.structure),
            lien=f"/signalements/{brouillon.reference}/modifier/",
            reference=brouillon.reference,
        )
    return len(brouillons)


@app.periodic(cron="20 6 * * *")
@app.task(queueing_lock="rappeler_seize_ans")
def rappels_des_seize_ans(timestamp):
    """Each morning."""
    rappeler_seize_ans()

"""Background work on lists: reading, sending and undoing go on without the page; what is no longer needed is erased."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from qualit.echanges.lecture import FichierIllisible

from .imports import services
from .imports.modeles import Import, LigneImport

BATTEMENT = 30  # seconds without a heartbeat: no worker is running
TOUT_DE_SUITE = {Import.Etape.LECTURE: 200, Import.Etape.ENVOI: 20, Import.Etape.ANNULATION: 20}
"""Rows treated at once, in the request itself: a usual list is done before the page shows."""
TOUR = 300
"""Seconds of one job: then a shorter list has its turn."""
REPRISES = RetryStrategy(max_attempts=6, exponential_wait=4)  # the last one an hour after the first
CONSERVER_NON_CONFIRME = timedelta(days=15)
CONSERVER_LIGNES = timedelta(days=60)


@app.task(queue="imports", retry=REPRISES)
def poursuivre_import(lot):
    """Carry the current step of an import on, turn after turn, to its end. Run twice, it does nothing twice."""
    trouve = (
        Import.objects.filter(pk=lot)
        .select_related("structure", "auteur", "confirme_par", "annule_par")
        .first()
    )
    if trouve is not None and trouve.en_travail:
        try:
            reste = services.mener_a_bien(trouve, duree=TOUR)
        except FichierIllisible:
            services.revenir_aux_colonnes(trouve)
        else:
            if reste:
                poursuivre_import.defer(lot=lot)


def lancer(lot):
    """Treat the first rows now, and leave the others to the worker. Returns True when there are others."""
    reste = services.avancer(lot, pas=TOUT_DE_SUITE[lot.etape])
    if reste:
        poursuivre_import.defer(lot=lot.pk)
    return reste


def ouvrier_present():
    """Whether a worker gave a sign of life lately; without one, the page itself carries the work."""
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT EXISTS (SELECT 1 FROM procrastinate_workers "
            "WHERE last_heartbeat > now() - make_interval(secs => %s))",
            [BATTEMENT],
        )
        return curseur.fetchone()[0]


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="oublier_imports")
def oublier_imports(timestamp):
    """Erase lists that nobody confirmed, and the rows of those that are done: the reports remain."""
    maintenant = timezone.now()
    Import.objects.filter(confirme_le__isnull=True, cree_le__lt=maintenant - CONSERVER_NON_CONFIRME).delete()
    LigneImport.objects.filter(
        lot__etape__in=[Import.Etape.TERMINE, Import.Etape.ANNULE],
        lot__confirme_le__lt=maintenant - CONSERVER_LIGNES,
    ).delete()

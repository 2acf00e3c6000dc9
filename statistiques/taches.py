"""Background work of the statistics: the summary follows what changed, minute by minute."""

from procrastinate.contrib.django import app

from . import cliches, services


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="rafraichir_statistiques")
def rafraichir_statistiques(timestamp):
    """Recompute the episodes of the jeunes that changed. Until then figures recompute them on the fly."""
    services.rafraichir_tout()


@app.periodic(cron="15 0 * * *")
@app.task(queueing_lock="prendre_les_cliches")
def prendre_les_cliches(timestamp):
    """Keep the days at which those without names read tables, once each may be read."""
    cliches.prendre_tous_les_jours()

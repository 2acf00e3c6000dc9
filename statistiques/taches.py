"""Background work of the statistics: the summary follows what changed, minute by minute."""

from procrastinate.contrib.django import app

from . import services


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="rafraichir_statistiques")
def rafraichir_statistiques(timestamp):
    """Recompute the episodes of the jeunes that changed. Until then figures recompute them on the fly."""
    services.rafraichir_tout()

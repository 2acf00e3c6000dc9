"""Background work of the privacy part, at night."""

from procrastinate.contrib.django import app

from . import alertes


@app.periodic(cron="40 3 * * *")
@app.task(queueing_lock="consultations_inhabituelles")
def consultations_inhabituelles(timestamp):
    """Look at yesterday's journal."""
    alertes.relever()

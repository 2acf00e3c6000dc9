"""Background work of the follow-up, every working morning before the digests."""

from procrastinate.contrib.django import app

from . import relances


@app.periodic(cron="50 5 * * 1-5")
@app.task(queueing_lock="suivi_sans_nouvelles")
def sans_nouvelles(timestamp):
    """Remind the operators of the jeunes that nobody has heard of."""
    relances.rappeler_sans_nouvelles()


@app.periodic(cron="55 5 * * 1-5")
@app.task(queueing_lock="suivi_a_reverifier")
def a_reverifier(timestamp):
    """Remind who follows a jeune that an outcome is to be checked again."""
    relances.rappeler_a_reverifier()

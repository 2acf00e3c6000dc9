"""Background work of the API: the webhooks each minute, the keys that expire each morning."""

from procrastinate.contrib.django import app

from . import crochets, services


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="crochets")
def prevenir_les_logiciels(timestamp):
    """Write down the news, then deliver what is due."""
    crochets.prevoir()
    crochets.livrer()


@app.periodic(cron="10 7 * * *")
@app.task(queueing_lock="cles_qui_expirent")
def cles_qui_expirent(timestamp):
    """Tell of the keys that end soon, and forget the counters of the day before."""
    services.rappeler_expirations()
    services.oublier_debits()

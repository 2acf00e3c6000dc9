"""Background work on accounts."""

from procrastinate.contrib.django import app

from . import reprise, services


@app.periodic(cron="15 5 * * 1")
@app.task(queueing_lock="comptes_inactifs")
def comptes_inactifs(timestamp):
    """Warn, then close, the accounts that nobody uses."""
    services.suivre_les_inactifs()


@app.periodic(cron="10 0 * * *")
@app.task(queueing_lock="structures_reprises")
def structures_reprises(timestamp):
    """The structures that close today give what they hold to the one that takes over."""
    reprise.reprendre_les_fermees()

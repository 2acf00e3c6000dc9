"""Background work of the GAB, every morning. Shares end by themselves: their dates are read at each request."""

from procrastinate.contrib.django import app

from . import relances
from .services import places


@app.periodic(cron="10 5 * * *")
@app.task(queueing_lock="gab_missions")
def missions(timestamp):
    """Remind, then expire, the missions without an answer."""
    relances.relancer_missions()
    relances.expirer_missions()


@app.periodic(cron="20 5 * * *")
@app.task(queueing_lock="gab_echeances_legales")
def echeances_legales(timestamp):
    """Tell the GAB of the legal clocks that near their end."""
    relances.alerter_echeances_legales()


@app.periodic(cron="30 5 * * *")
@app.task(queueing_lock="gab_transferts")
def transferts(timestamp):
    """Propose the transfers that new addresses call for; tell the rectorat of those without an answer."""
    relances.proposer_transferts()
    relances.alerter_transferts()


@app.periodic(cron="35 5 * * *")
@app.task(queueing_lock="gab_etablissements_fermes")
def etablissements_fermes(timestamp):
    """Give the GAB the questions that a closed school will not answer."""
    relances.reprendre_les_questions_des_fermes()


@app.periodic(cron="37 5 * * *")
@app.task(queueing_lock="gab_complements")
def complements(timestamp):
    """Remind the schools that a question of the GAB waits for their answer."""
    relances.relancer_les_complements()


@app.periodic(cron="40 5 * * 1-5")
@app.task(queueing_lock="gab_places")
def places_a_confirmer(timestamp):
    """Ask the operators whether their places are still free."""
    places.demander_confirmations()

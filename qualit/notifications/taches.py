"""Background work of the notifications: the outbox every minute, the digests in the morning, what the worker left behind."""

import asyncio

from procrastinate import builtin_tasks
from procrastinate.contrib.django import app

from qualit.territoire.models import Utilisateur

from . import services

BATTEMENT_PERDU = 60  # seconds without a heartbeat: the worker that held the job is dead
CONSERVATION_HEURES = 24 * 7


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="envoyer_courriels")
def envoyer_courriels(timestamp):
    """Send what the outbox holds."""
    services.envoyer_en_attente()


@app.periodic(cron="30 6 * * 1-5")
@app.task(queueing_lock="resumes_quotidiens")
def resumes_quotidiens(timestamp):
    """Write the digests of the day (the outbox sends them)."""
    services.preparer_resumes(Utilisateur.Resume.QUOTIDIEN)


@app.periodic(cron="40 6 * * 1")
@app.task(queueing_lock="resumes_hebdomadaires")
def resumes_hebdomadaires(timestamp):
    """Write the digests of the week."""
    services.preparer_resumes(Utilisateur.Resume.HEBDOMADAIRE)


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="reprendre_taches", pass_context=True)
async def reprendre_taches(contexte, timestamp):
    """Take again the jobs of a worker that died; tasks are written to bear being run twice."""
    gestion = contexte.app.job_manager
    taches = await gestion.get_stalled_jobs(seconds_since_heartbeat=BATTEMENT_PERDU)
    await asyncio.gather(*(gestion.retry_job(tache) for tache in taches))


@app.periodic(cron="20 3 * * *")
@app.task(queueing_lock="oublier_taches", pass_context=True)
async def oublier_taches(contexte, timestamp):
    """Forget the jobs done more than a week ago."""
    await builtin_tasks.remove_old_jobs(contexte, max_hours=CONSERVATION_HEURES, remove_failed=False)

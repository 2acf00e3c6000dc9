"""`manage.py ouvrier`: the worker of the background tasks (e-mails, digests, clocks, imports)."""

import asyncio
import logging

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app


class Command(BaseCommand):
    help = (
        "Exécute les tâches de fond (courriels, récapitulatifs, rappels, imports) jusqu'à Ctrl-C ou SIGTERM."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--simultanees", type=int, default=2, help="Tâches menées à la fois (2 par défaut)."
        )
        parser.add_argument(
            "--une-fois",
            action="store_true",
            help="Exécute ce qui attend, puis s'arrête (sans les tâches à heure fixe).",
        )

    def handle(self, *, simultanees, une_fois, **options):
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        asyncio.run(self.travailler(simultanees, une_fois))

    async def travailler(self, simultanees, une_fois):
        """Run the worker over its own asynchronous connection; a running job is finished before stopping."""
        ouvrier = app.with_connector(app.connector.get_worker_connector())
        async with ouvrier.open_async():
            await ouvrier.run_worker_async(
                concurrency=simultanees,
                wait=not une_fois,
                listen_notify=not une_fois,
                delete_jobs="never",
                shutdown_graceful_timeout=30,
                name="ouvrier",
            )

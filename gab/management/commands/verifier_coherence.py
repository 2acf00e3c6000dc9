"""`manage.py verifier_coherence [--json]`: each open dossier has someone in charge and a next deadline."""

import json

from django.core.management.base import BaseCommand, CommandError

from gab.coherence import verifier


class Command(BaseCommand):
    help = "Vérifie que chaque dossier ouvert a un responsable et une prochaine échéance, et que les états s’accordent."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help='{"dossiers": N, "anomalies": 0}')

    def handle(self, *args, **options):
        bilan = verifier()
        if options["json"]:
            self.stdout.write(json.dumps({"dossiers": bilan["dossiers"], "anomalies": bilan["anomalies"]}))
        else:
            self.stdout.write(f"{bilan['dossiers']} dossiers, {bilan['anomalies']} anomalies")
        for quoi, references in bilan["details"].items():
            self.stderr.write(f"{quoi} : {', '.join(references)}")
        if bilan["anomalies"]:
            raise CommandError("Des dossiers sont incohérents.", returncode=1)

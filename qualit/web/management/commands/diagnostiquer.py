"""Say what is missing for the portal to serve as it should; fails when something is."""

import json

from django.core.management.base import BaseCommand, CommandError

from qualit.web.diagnostic import ATTENTION, ERREUR, OK, diagnostiquer

SIGNES = {OK: "✓", ATTENTION: "!", ERREUR: "✗"}


class Command(BaseCommand):
    help = "Vérifie l’installation : base, rôles, migrations, ouvrier, courriel, réglages, registre."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="Rend les constats en JSON.")

    def handle(self, *args, **options):
        constats = diagnostiquer()
        erreurs = sum(c.niveau == ERREUR for c in constats)
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {"erreurs": erreurs, "constats": [c.en_dict() for c in constats]}, ensure_ascii=False
                )
            )
        else:
            for c in constats:
                self.stdout.write(f"{SIGNES[c.niveau]} {c.sujet} : {c.texte}")
        if erreurs:
            raise CommandError(f"{erreurs} point{'s' if erreurs > 1 else ''} à corriger.")

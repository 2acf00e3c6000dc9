"""`manage.py rafraichir_statistiques [--tout]`: bring the summary up to date, and keep the reading days that are over (the worker
does the one every minute, the other every night)."""

from django.core.management.base import BaseCommand

from statistiques import cliches, services


class Command(BaseCommand):
    help = "Met à jour le résumé des statistiques ; --tout le recalcule en entier (après une mise à jour)."

    def add_arguments(self, parser):
        parser.add_argument("--tout", action="store_true")

    def handle(self, *, tout, **options):
        if tout:
            self.stdout.write(f"{services.reconstruire()} jeunes-campagnes recalculés.")
        else:
            self.stdout.write(f"{services.rafraichir_tout()} jeunes recalculés.")
        self.stdout.write(f"{cliches.prendre_tous_les_jours()} états gardés.")

"""`manage.py charger_demo`: reference data, accounts, three campaigns of invented jeunes."""

import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date

from dedoublonnage.models import Jeune, Paire
from gab.models import Dossier, Entretien, Mission
from qualit.territoire.chargement import charger_referentiels
from signalements.models import Signalement
from statistiques import cliches
from statistiques.demo.peuplement import Peuplement
from statistiques.services import reconstruire
from suivi.models import Devenir


class Command(BaseCommand):
    help = "Charge la démonstration : trois campagnes de jeunes inventés, dans une base vide."

    def add_arguments(self, parser):
        parser.add_argument("--graine", type=int, default=14, help="Même graine, mêmes données.")
        parser.add_argument(
            "--au", type=_jour, default=None, help="Jour de référence (AAAA-MM-JJ), aujourd'hui."
        )
        parser.add_argument("--jeunes", type=int, default=6000)

    def handle(self, *, graine, au, jeunes, **options):
        if not settings.DEMONSTRATION:
            raise CommandError("Les données de démonstration ne se chargent pas en production.")
        if Signalement.objects.exists():
            raise CommandError("La base contient déjà des signalements : « make nettoyer » repart de zéro.")
        debut = time.monotonic()
        charger_referentiels(inventees=True)
        call_command("charger_population", verbosity=0)
        nombres = Peuplement(graine, au or timezone.localdate(), jeunes).peupler()
        for modele in (Signalement, Jeune, Paire, Dossier, Entretien, Mission, Devenir):
            self.stdout.write(f"{nombres[modele]:>7} {modele._meta.verbose_name_plural}")
        reconstruire()
        cliches.prendre_tous_les_jours()
        self.stdout.write(f"Chargé en {time.monotonic() - debut:.0f} secondes.")


def _jour(texte):
    jour = parse_date(texte)
    if jour is None:
        raise ValueError(texte)
    return jour

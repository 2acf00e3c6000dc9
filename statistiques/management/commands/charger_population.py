"""`manage.py charger_population [fichier]`: the school population by campaign and bassin, for the rates."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from statistiques import services


class Command(BaseCommand):
    help = "Charge la population scolaire (campagne,bassin,population_16_18) qui sert aux taux."

    def add_arguments(self, parser):
        parser.add_argument(
            "fichier",
            nargs="?",
            type=Path,
            default=settings.BASE_DIR / "fixtures" / "population_scolaire.csv",
        )

    def handle(self, *, fichier, verbosity, **options):
        try:
            with fichier.open(encoding="utf-8", newline="") as ouvert:
                nombre = services.charger_population(ouvert)
        except OSError as erreur:
            raise CommandError(f"Fichier illisible : {fichier}") from erreur
        except (KeyError, ValueError) as erreur:
            raise CommandError(
                f"Ligne incorrecte : {erreur} (attendu : campagne,bassin,population_16_18)"
            ) from erreur
        if verbosity:
            self.stdout.write(f"{nombre} lignes chargées.")

"""`manage.py charger_referentiels`: nomenclatures, communes, countries, structures."""

from django.core.management.base import BaseCommand

from qualit.territoire.chargement import charger_referentiels


class Command(BaseCommand):
    help = "Charge ou met à jour les nomenclatures, les communes, les pays et les structures (sans doublon)."

    def add_arguments(self, parser):
        parser.add_argument(
            "--remettre",
            action="store_true",
            help="Redonne aux structures et aux bassins des communes les valeurs des fichiers.",
        )
        parser.add_argument(
            "--inventees",
            action="store_true",
            default=None,
            help="Charge aussi les structures inventées (par défaut : seulement en démonstration).",
        )

    def handle(self, *, remettre, inventees, **options):
        bilan = charger_referentiels(remettre=remettre, inventees=inventees)
        for quoi, nombre in bilan.lignes.items():
            self.stdout.write(f"{nombre:>6} {quoi}")

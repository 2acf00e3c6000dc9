"""`manage.py comptes_demo [--json]`: the accounts of the demonstration."""

import json

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qualit.territoire.roles import Role
from statistiques.demo.acteurs import MOT_DE_PASSE, comptes


class Command(BaseCommand):
    help = "Liste les comptes de la démonstration."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="Sortie JSON, pour les outils.")

    def handle(self, **options):
        if not settings.DEMONSTRATION:
            raise CommandError("Il n'y a pas de comptes de démonstration en production.")
        lignes = comptes()
        if options["json"]:
            self.stdout.write(json.dumps(lignes, ensure_ascii=False, indent=2))
            return
        if not lignes:
            self.stdout.write("Aucun compte : lancez d'abord « manage.py charger_demo ».")
            return
        self.stdout.write(f"Comptes de démonstration, mot de passe : {MOT_DE_PASSE}")
        for ligne in lignes:
            role = Role(ligne["role"]).label
            self.stdout.write(f"  {ligne['email']:<36} {role:<36} {ligne['structure']}")

"""`manage.py documenter_etats`: write docs/etats.md from the declared state tables (`--verifier` only compares)."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gab.documentation import etats_en_markdown


class Command(BaseCommand):
    help = "Écrit docs/etats.md : les tables d’états, les rôles et les délais."

    def add_arguments(self, parser):
        parser.add_argument("--verifier", action="store_true", help="compare sans écrire")

    def handle(self, *args, **options):
        chemin = Path(settings.BASE_DIR) / "docs" / "etats.md"
        texte = etats_en_markdown()
        if options["verifier"]:
            if chemin.read_text(encoding="utf-8") != texte:
                raise CommandError("docs/etats.md n’est pas à jour : lancez manage.py documenter_etats.")
            return
        chemin.write_text(texte, encoding="utf-8")
        self.stdout.write("docs/etats.md est à jour.")

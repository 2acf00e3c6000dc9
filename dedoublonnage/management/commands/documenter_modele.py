"""Write the worked example of docs/rapprochement.md and its picture from the model in use."""

import re
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dedoublonnage import explication
from dedoublonnage.score import Modele


class Command(BaseCommand):
    help = "Récrit l'exemple et l'image de docs/rapprochement.md d'après le modèle en usage."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser):
        parser.add_argument("--verifier", action="store_true", help="échoue s'ils ne sont plus à jour")

    def handle(self, *args, verifier, **options):
        modele, docs = Modele.charger(), Path(settings.BASE_DIR) / "docs"
        page, image = docs / "rapprochement.md", docs / "rapprochement-poids.svg"
        bloc = re.compile(re.escape(explication.DEBUT) + ".*?" + re.escape(explication.FIN), re.DOTALL)
        ancien = page.read_text(encoding="utf-8")
        voulus = {
            page: bloc.sub(lambda _: explication.texte(modele), ancien),
            image: explication.image(modele),
        }
        for chemin, voulu in voulus.items():
            if verifier:
                if not chemin.is_file() or chemin.read_text(encoding="utf-8") != voulu:
                    raise CommandError(f"{chemin.name} n'est plus à jour : manage.py documenter_modele")
            else:
                chemin.write_text(voulu, encoding="utf-8")
                self.stdout.write(chemin.name)

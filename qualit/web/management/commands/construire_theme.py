"""Write `static/theme/dsfr.css` again, or check with --verifier that it is up to date."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qualit.web.theme import construire


class Command(BaseCommand):
    help = "Construit static/theme/dsfr.css à partir de django-dsfr (composants et icônes utiles seulement)."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--verifier", action="store_true", help="échoue si le fichier n’est pas à jour")

    def handle(self, *args, verifier=False, **options):
        static = settings.BASE_DIR / "static"
        fichier = static / "theme" / "dsfr.css"
        css = construire(static)
        if verifier:
            if not fichier.exists() or fichier.read_text(encoding="utf-8") != css:
                raise CommandError(
                    "static/theme/dsfr.css n’est pas à jour : lancer manage.py construire_theme"
                )
            return
        fichier.parent.mkdir(parents=True, exist_ok=True)
        fichier.write_text(css, encoding="utf-8")
        self.stdout.write(f"{fichier.relative_to(settings.BASE_DIR)} : {len(css.encode()) // 1000} ko")

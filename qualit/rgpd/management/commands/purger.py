"""Apply the retention: `purger` says what it would do, `purger --appliquer` does it and prints the proof."""

import json
from datetime import date

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from qualit.rgpd import conservation
from qualit.rgpd.grand_livre import GrandLivreIllisible, chemin


def base_proprietaire():
    """The alias of the owner's connection, the only one that may touch the journal."""
    return "proprietaire" if "proprietaire" in settings.DATABASES else "default"


class Command(BaseCommand):
    help = "Applique les durées de conservation (à blanc, sauf avec --appliquer) et rend compte."

    def add_arguments(self, parser):
        parser.add_argument("--appliquer", action="store_true", help="effacer vraiment")
        parser.add_argument(
            "--au", metavar="AAAA-MM-JJ", help="à blanc seulement : comme si l’on était ce jour-là"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, appliquer, au, **options):
        try:
            jour = date.fromisoformat(au) if au else timezone.localdate()
        except ValueError as erreur:
            raise CommandError("--au attend une date AAAA-MM-JJ.") from erreur
        if appliquer and au:
            raise CommandError("--au ne sert qu’à prévoir : on n’efface pas en avance.")
        if not appliquer:
            return self._rendre(
                options["json"], {"date": str(jour), "appliquee": False, "prevu": conservation.prevoir(jour)}
            )
        try:
            fait, bilan = conservation.appliquer(jour, base=base_proprietaire())
        except GrandLivreIllisible as erreur:
            raise CommandError(str(erreur)) from erreur
        except DatabaseError as erreur:
            raise CommandError(
                "La base refuse : la purge demande le compte propriétaire (DATABASE_URL_PROPRIETAIRE). "
                f"Ce qui était déjà effacé le reste. ({type(erreur).__name__})"
            ) from erreur
        self._rendre(
            options["json"],
            {
                "date": str(jour),
                "appliquee": True,
                "fait": fait,
                "lignes_videes": bilan.lignes,
                "registre": str(chemin()),
                "reste": conservation.prevoir(jour),
            },
        )

    def _rendre(self, en_json, compte):
        if en_json:
            self.stdout.write(json.dumps(compte, ensure_ascii=False))
            return
        titre = "Purge appliquée" if compte["appliquee"] else "Purge à blanc, rien n’est changé"
        self.stdout.write(f"{titre} – {compte['date']}")
        for partie in ("prevu", "fait", "lignes_videes"):
            for nom, nombre in compte.get(partie, {}).items():
                self.stdout.write(f"  {nom} : {nombre}")
        if compte["appliquee"]:
            self.stdout.write(
                f"Registre des effacements : {compte['registre']} (à sauvegarder à part de la base)"
            )

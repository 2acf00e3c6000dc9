"""After a restore of the database: erase again what had been erased since the backup."""

import json

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from qualit.rgpd import conservation, grand_livre

from .purger import base_proprietaire


class Command(BaseCommand):
    help = "Après une restauration, efface de nouveau ce que le registre des effacements dit effacé."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true")

    def handle(self, **options):
        try:
            inscrits = len(grand_livre.lire())
            nombre, bilan = conservation.rejouer(base_proprietaire())
        except grand_livre.GrandLivreIllisible as erreur:
            raise CommandError(str(erreur)) from erreur
        except DatabaseError as erreur:
            raise CommandError(
                "La base refuse : cette commande demande le compte propriétaire (DATABASE_URL_PROPRIETAIRE). "
                f"({type(erreur).__name__})"
            ) from erreur
        self._rendre(options["json"], inscrits, nombre, bilan)

    def _rendre(self, en_json, inscrits, nombre, bilan):
        if en_json:
            self.stdout.write(
                json.dumps({"inscrits": inscrits, "personnes": nombre, "lignes_videes": bilan.lignes})
            )
            return
        if not inscrits:
            self.stdout.write(
                f"Le registre {grand_livre.chemin()} est vide ou absent : reprenez-le de sa sauvegarde s’il a existé."
            )
        self.stdout.write(
            f"{nombre} personne(s) effacée(s) de nouveau, sur {inscrits} effacement(s) inscrit(s)."
        )

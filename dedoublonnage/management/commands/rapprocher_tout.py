"""manage.py rapprocher_tout: re-examine the whole base."""

import json

from django.core.management.base import BaseCommand

from dedoublonnage.masse import rapprocher_tout
from dedoublonnage.services import rafraichir_instantane


class Command(BaseCommand):
    help = (
        "Réexamine toute la base : réunit les certitudes, propose les doutes. Reprend une passe interrompue."
    )

    def add_arguments(self, parser):
        parser.add_argument("--processus", type=int, default=2, help="processus de calcul (2)")
        parser.add_argument("--simuler", action="store_true", help="compte sans rien écrire")
        parser.add_argument("--recommencer", action="store_true", help="ne reprend pas la passe interrompue")
        parser.add_argument("--json", action="store_true", help="bilan en JSON")

    def handle(self, *args, **options):
        if not options["simuler"]:
            rafraichir_instantane()

        def avance(fait, total):
            if not options["json"]:
                largeur = 30 * fait // total
                self.stderr.write(f"\r[{'#' * largeur}{'.' * (30 - largeur)}] {fait}/{total}", ending="")

        passe = rapprocher_tout(
            processus=options["processus"],
            reprendre=not options["recommencer"],
            simuler=options["simuler"],
            avance=avance,
        )
        if options["json"]:
            self.stdout.write(json.dumps(passe.bilan))
            return
        b = passe.bilan
        self.stderr.write("")
        self.stdout.write(
            f"Jeunes : {b['jeunes_avant']} avant, {b['jeunes_apres']} après. Réunis : {b['reunis']}. "
            f"Proposés : {b['proposes']}. "
            f"Déjà en attente d’une décision : {b.get('en_attente', 0)}. Déjà décidés : {b['deja_decides']}. "
            f"Questions en attente : {b['a_decider_avant']} avant, {b['a_decider_apres']} après."
        )

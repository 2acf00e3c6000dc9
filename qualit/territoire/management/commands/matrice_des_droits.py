"""Every route and its declared rule, for people and for the tests."""

import json

from django.core.management.base import BaseCommand

from qualit.territoire.regles import routes
from qualit.territoire.roles import Role


class Command(BaseCommand):
    help = "Montre chaque route et sa règle d'accès ; échoue si l'une n'en a pas."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="Le bilan seul, en JSON")

    def handle(self, **options):
        toutes = list(routes())
        sans_regle = [r for r in toutes if r.regle is None]
        if options["json"]:
            bilan = {"routes": len(toutes), "sans_regle": len(sans_regle), "roles": list(Role.values)}
            self.stdout.write(json.dumps(bilan))
        else:
            for route in toutes:
                droit = route.regle.libelle if route.regle else "AUCUNE RÈGLE"
                self.stdout.write(f"{route.motif:<60} {route.nom:<40} {droit}")
        if sans_regle:
            self.stderr.write("Routes sans règle : " + ", ".join(r.nom or r.motif for r in sans_regle))
            raise SystemExit(1)

"""`manage.py charger_reprise_2009`: the campaign 2009-2010 from its (invented) paper slips, through the engine."""

import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from qualit.territoire.chargement import charger_referentiels
from signalements.models import Origine, Signalement
from statistiques import cliches
from statistiques.demo import fiches_2009
from statistiques.reprise import Reprise
from statistiques.services import reconstruire


class Command(BaseCommand):
    help = "Reprend les fiches papier (inventées) de la campagne 2009-2010 par le moteur de rapprochement."

    def add_arguments(self, parser):
        parser.add_argument("--graine", type=int, help="Invente d'autres fiches au lieu de lire le dossier.")
        parser.add_argument("--jeunes", type=int, default=fiches_2009.JEUNES, help="Avec --graine.")
        parser.add_argument("--fiches", type=Path, default=fiches_2009.DOSSIER, help="Dossier des fiches.")
        parser.add_argument(
            "--ecrire",
            type=Path,
            help="Écrit les fiches et les réponses aux seules questions posées par le moteur.",
        )

    def handle(self, *, graine, jeunes, fiches, ecrire, **options):
        if not settings.DEMONSTRATION:
            raise CommandError("Les fiches reprises sont inventées : elles ne se chargent pas en production.")
        if Signalement.objects.filter(origine=Origine.REPRISE).exists():
            raise CommandError("La campagne 2009-2010 est déjà reprise.")
        debut = time.monotonic()
        charger_referentiels(inventees=True)
        call_command("charger_population", verbosity=0)
        if graine is None:
            lues, reponses, verite = fiches_2009.lire(fiches)

            def repondre(a, b):
                return reponses.get((a, b))
        else:
            nombre = round(jeunes * fiches_2009.FICHES / fiches_2009.JEUNES)
            lues, verite = fiches_2009.inventer(graine, jeunes, nombre)

            def repondre(a, b):
                return verite[a] == verite[b]

        reprise = Reprise(lues, repondre, suivre=lambda n: self.stdout.write(f"  {n} fiches", ending="\r"))
        bilan = reprise.charger()
        reprise.confronter(verite)
        if ecrire is not None:
            fiches_2009.ecrire(ecrire, lues, reprise.questions, verite)
        reconstruire()
        cliches.reprendre(fiches_2009.CAMPAGNE)
        self._imprimer(bilan, fiches_2009.chiffres_vrais(lues, verite))
        self.stdout.write(f"En {time.monotonic() - debut:.0f} secondes.")

    def _imprimer(self, bilan, vrais):
        jeunes, solution, automne = vrais
        lignes = [
            f"{bilan.fiches} fiches, {bilan.jeunes} jeunes distincts (en vérité {jeunes})",
            f"avec une solution : {bilan.avec_solution}, {_pct(bilan.part_avec_solution)} "
            f"(en vérité {solution}, {_pct(100 * solution / jeunes)})",
            f"de septembre à décembre : {bilan.septembre_decembre}, {_pct(bilan.part_septembre_decembre)} "
            f"(en vérité {automne}, {_pct(100 * automne / jeunes)})",
            f"reconnus automatiquement : {bilan.automatiques} fiches",
            f"questions : {bilan.demandes}, dont {bilan.memes} « c'est le même », "
            f"{bilan.differents} « ce ne sont pas les mêmes », {bilan.sans_reponse} sans réponse",
            f"manqués : {bilan.manques} ; réunis à tort : {bilan.joints_a_tort}",
        ]
        for ligne in lignes:
            self.stdout.write(ligne)


def _pct(valeur):
    return f"{valeur:.1f} %".replace(".", ",")

"""`manage.py statistiques --campagne 2009-2010 [--au DATE] --json`: the figures of the pages, by the same functions."""

import json

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from qualit.territoire.models import Academie
from signalements.models import Origine, Signalement
from statistiques.bord import chiffres
from statistiques.forms import lire_jour
from statistiques.portees import lieu_academie
from statistiques.relation import Champ, fin_de_campagne, lire_campagne


class Command(BaseCommand):
    help = "Chiffres d'une campagne pour l'académie, par les mêmes fonctions que les pages."

    def add_arguments(self, parser):
        parser.add_argument("--campagne", required=True, help="par exemple 2009-2010")
        parser.add_argument("--au", help="arrêté à ce jour (AAAA-MM-JJ)")
        parser.add_argument("--connu", help="tel que connu ce jour-là (AAAA-MM-JJ)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, campagne, au, connu, json: bool, **options):
        try:
            annee = lire_campagne(campagne)
        except ValueError as erreur:
            raise CommandError("Écrivez la campagne ainsi : 2009-2010.") from erreur
        jours = {nom: lire_jour(texte) for nom, texte in (("au", au), ("connu", connu)) if texte}
        if None in jours.values():
            raise CommandError("Écrivez la date ainsi : 2010-06-30.")
        academie = Academie.objects.filter(code=settings.QUALIT["ACADEMIE"]).first()
        if academie is None:
            raise CommandError("L'académie n'est pas chargée : manage.py charger_referentiels.")
        jour = jours.get("au", min(fin_de_campagne(annee), timezone.localdate()))
        if annee == 2009 and not Signalement.objects.filter(origine=Origine.REPRISE).exists():
            raise CommandError(
                "La campagne 2009-2010 n'est pas chargée : lancez d'abord « python manage.py charger_reprise_2009 »."
            )
        champ = Champ(lieu_academie(academie), annee, jour, jours.get("connu"))
        resultat = chiffres(champ)
        if json:
            self.stdout.write(en_json(resultat))
            return
        self.stdout.write(
            f"{resultat['territoire']}, {campagne}, chiffres arrêtés au {champ.arrete:%d/%m/%Y}"
        )
        for code, valeur in resultat["indicateurs"].items():
            self.stdout.write(f"  {resultat['definitions'][code]['libelle']} : {valeur}")


def en_json(resultat):
    return json.dumps(resultat, ensure_ascii=False, indent=2)

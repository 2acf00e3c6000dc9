"""Measure the engine on a labelled file: the figures of the contract, as JSON."""

import csv
import io
import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from dedoublonnage.lecture import FichierIllisible, lire, texte_de
from dedoublonnage.rejeu import ecrire, mesurer, rejouer

from .rapprocher_fichier import modele_demande, verifier_sorties


def verite_de(chemin):
    """Twin groups by record, from the *_verite.csv beside the file, when there is one."""
    voisin = chemin.with_name(f"{chemin.stem}_verite.csv")
    if not voisin.is_file():
        return None
    lignes = csv.DictReader(io.StringIO(texte_de(voisin), newline=""))
    return {r["record_id"]: r["twin_id"] for r in lignes if r.get("twin_id")}


class Command(BaseCommand):
    help = "Rejoue un fichier étiqueté (person_id) et imprime en JSON la qualité du rapprochement."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser):
        parser.add_argument("fichier", help="CSV avec person_id")
        parser.add_argument("--modele", default=None, help="version du modèle (par défaut celui du portail)")
        parser.add_argument("--paires", help="garder aussi les paires dans ce fichier")
        parser.add_argument("--flux", help="garder aussi le flux dans ce fichier")
        parser.add_argument("--sans", default="", help="colonnes à cacher, séparées par des virgules")

    def handle(self, *args, fichier, modele, paires, flux, sans, **options):
        chemin = Path(fichier)
        verifier_sorties(paires, flux)
        try:
            lignes = lire(chemin, sans=[c.strip() for c in sans.split(",") if c.strip()])
        except FichierIllisible as e:
            raise CommandError(str(e)) from e
        if not any(x.person_id for x in lignes):
            raise CommandError("Le fichier doit avoir une colonne person_id remplie.")
        with transaction.atomic(), connection.cursor() as curseur:
            resultat = rejouer(lignes, curseur=curseur, modele=modele_demande(modele))
        ecrire(resultat, Path(paires) if paires else None, Path(flux) if flux else None)
        self.stdout.write(json.dumps(mesurer(resultat, verite_de(chemin)), ensure_ascii=False, indent=1))

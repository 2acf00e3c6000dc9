"""Replay a file of reports through the engine, apart from the portal's data."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from dedoublonnage.lecture import FichierIllisible, lire
from dedoublonnage.rejeu import ecrire, rejouer
from dedoublonnage.score import Modele, chemin_du_modele


def modele_demande(version):
    """The model of this version, or a clear error."""
    if not chemin_du_modele(version).is_file():
        raise CommandError(f"Aucun modèle de ce nom : {version}")
    return Modele.charger(version)


def verifier_sorties(*sorties):
    """Refuse at once what could not be written at the end."""
    for sortie in filter(None, sorties):
        if not Path(sortie).resolve().parent.is_dir():
            raise CommandError(f"Le dossier de {sortie} n'existe pas.")


class Command(BaseCommand):
    help = (
        "Rejoue un fichier de signalements dans une base vide, à part des données du portail, et écrit les paires "
        "et le flux des décisions. Rien ne reste dans la base."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser):
        parser.add_argument("entree", help="CSV des signalements")
        parser.add_argument("--paires", required=True, help="CSV des paires et de leur probabilité")
        parser.add_argument("--flux", required=True, help="CSV des décisions, une par signalement")
        parser.add_argument("--modele", default=None, help="version du modèle (par défaut celui du portail)")

    def handle(self, *args, entree, paires, flux, modele, **options):
        verifier_sorties(paires, flux)
        try:
            lignes = lire(entree)
        except FichierIllisible as e:
            raise CommandError(str(e)) from e
        with transaction.atomic(), connection.cursor() as curseur:
            resultat = rejouer(lignes, curseur=curseur, modele=modele_demande(modele))
        ecrire(resultat, Path(paires), Path(flux))
        self.stdout.write(
            f"{len(resultat.flux)} signalements, {len(resultat.paires)} paires, {resultat.secondes:.1f} s"
        )

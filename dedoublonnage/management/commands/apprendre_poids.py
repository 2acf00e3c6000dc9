"""Learn the weights of the matching model: from a labelled file, or from the decisions that people made."""

import hashlib
import json
import re
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from dedoublonnage import apprentissage
from dedoublonnage.lecture import FichierIllisible, lire
from dedoublonnage.reapprentissage import MINIMUM, decisions_des_personnes, reapprendre
from dedoublonnage.rejeu import mesurer, rejouer
from dedoublonnage.score import DOSSIER_MODELES, Modele, chemin_du_modele
from dedoublonnage.services import contexte

SUIVIES = ("f1_a_05", "faux_pour_1000", "manques_pct", "questions_pct", "bon_premier_pct")


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = (
        "Apprend les poids du rapprochement sur un fichier étiqueté (colonne person_id), ou corrige le modèle en usage "
        "d'après les décisions des personnes (--decisions), et écrit un fichier de modèle."
    )

    def add_arguments(self, parser):
        parser.add_argument("fichier", nargs="?", help="CSV avec person_id")
        parser.add_argument(
            "--decisions",
            action="store_true",
            help="corriger le modèle en usage d'après les paires tranchées par des personnes",
        )
        parser.add_argument(
            "--force",
            type=float,
            default=20.0,
            help="avec --decisions : attachement au modèle de départ (20 ; plus grand, corrections plus petites)",
        )
        parser.add_argument(
            "--controle", help="avec --decisions : CSV étiqueté rejoué avec l'ancien et le nouveau modèle"
        )
        parser.add_argument(
            "--sortie", help="fichier de modèle à écrire (par défaut dans dedoublonnage/modele/)"
        )
        parser.add_argument("--nom", default="", help="version du modèle (par défaut la date du jour)")
        parser.add_argument(
            "--activer", action="store_true", help="en faire le modèle utilisé par le portail"
        )

    def handle(self, *args, fichier, decisions, force, controle, sortie, nom, activer, **options):
        if bool(fichier) == decisions:
            raise CommandError("Indiquez un fichier étiqueté, ou --decisions (l'un des deux).")
        version = nom or f"modele-{date.today():%Y-%m-%d}"
        if not re.fullmatch(r"[\w.-]+", version):
            raise CommandError("--nom : des lettres, des chiffres, des points et des tirets seulement.")
        if activer and sortie:
            raise CommandError(
                "--activer demande que le modèle soit dans dedoublonnage/modele/ : retirez --sortie."
            )
        cible = Path(sortie) if sortie else DOSSIER_MODELES / f"{version}.json"
        if cible.resolve() == chemin_du_modele().resolve():
            raise CommandError(f"{cible.name} est le modèle en usage : donnez un autre nom avec --nom.")
        contenu = self._corriger(version, force, controle) if decisions else self._apprendre(version, fichier)
        cible.write_text(json.dumps(contenu, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if activer:
            (DOSSIER_MODELES / "actuel.txt").write_text(version + "\n", encoding="utf-8")
        self.stdout.write(f"Modèle écrit : {cible.name}")

    def _lire(self, chemin):
        try:
            lignes = lire(chemin)
        except FichierIllisible as e:
            raise CommandError(str(e)) from e
        if not any(x.person_id for x in lignes):
            raise CommandError("Le fichier doit avoir une colonne person_id remplie.")
        return lignes

    def _apprendre(self, version, fichier):
        lignes = self._lire(fichier)
        identites = [x.identite for x in lignes]
        personnes = [x.person_id or f"seul-{i}" for i, x in enumerate(lignes)]
        freq = apprentissage.frequences(identites, personnes)
        fautifs = apprentissage.prenoms_fautifs(identites, personnes)
        paires = apprentissage.paires_d_apprentissage(identites, personnes, freq=freq, fautifs=fautifs)
        self.stdout.write(f"{len(paires.memes)} paires, dont {int(paires.memes.sum())} d'une même personne")
        base, poids, croisees = apprentissage.ajuster(paires)
        return apprentissage.en_json(
            base,
            poids,
            croisees,
            version=version,
            taille_reference=len(lignes),
            freq=freq,
            fautifs=fautifs,
            provenance={
                "fichier": Path(fichier).name,
                "sha256": hashlib.sha256(Path(fichier).read_bytes()).hexdigest(),
                "signalements": len(lignes),
                "personnes": len(set(personnes)),
                "paires": len(paires.memes),
                "appris_le": date.today().isoformat(),
                "methode": "régression logistique sur niveaux, numpy, L-BFGS, rappel vers zéro",
                "masques": list(apprentissage.MASQUES),
            },
        )

    def _corriger(self, version, force, controle):
        lignes = self._lire(controle) if controle else []
        tranchees = decisions_des_personnes()
        if len(tranchees) < MINIMUM:
            raise CommandError(
                f"{len(tranchees)} décisions de personnes : il en faut au moins {MINIMUM} pour corriger le modèle."
            )
        ancien = json.loads(chemin_du_modele().read_text(encoding="utf-8"))
        contenu, bilan = reapprendre(ancien, tranchees, contexte(), force=force)
        if lignes:
            bilan["controle"] = {
                quand: self._mesures(lignes, modele)
                for quand, modele in (("avant", ancien), ("apres", contenu))
            }
        contenu["version"] = version
        contenu["provenance"] = {
            "depart": ancien["version"],
            "corrige_le": date.today().isoformat(),
            "methode": "correction des poids d'après les décisions des personnes, rappel vers le modèle de départ",
            "force": force,
            **bilan,
            "provenance_du_depart": ancien["provenance"],
        }
        self.stdout.write(json.dumps(bilan, ensure_ascii=False, indent=1))
        if bilan["perte_apres"] > bilan["perte_avant"]:
            self.stderr.write(
                "Sur les décisions mises de côté, le modèle corrigé fait moins bien : ne l'activez pas."
            )
        return contenu

    def _mesures(self, lignes, contenu):
        with transaction.atomic(), connection.cursor() as curseur:
            mesure = mesurer(rejouer(lignes, curseur=curseur, modele=Modele.depuis_json(contenu)))
        return {k: mesure[k] for k in SUIVIES}

"""`importer_signalements FICHIER --structure UAI [--simuler] [--json]`: a list of reports, read as the page reads it."""

import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand

from dedoublonnage.imports import memoire, reponses, services
from dedoublonnage.imports.analyse import Analyse
from dedoublonnage.imports.modeles import LigneImport
from qualit.echanges.lecture import OCTETS_MAXIMUM, FichierIllisible, lire
from qualit.territoire import droits
from qualit.territoire.droits import ROLES_DU_DROIT, Droit
from qualit.territoire.models import Structure, Utilisateur
from qualit.territoire.nomenclatures import choix
from qualit.web.templatetags.qualit import pluriel
from signalements.listes import valeurs
from signalements.listes.colonnes import reconnaitre
from signalements.listes.lignes import Lecteur

Statut = LigneImport.Statut


class Command(BaseCommand):
    help = (
        "Importe une liste de signalements (CSV, XLSX, ODS). Compte : « lignes » les lignes remplies sous les titres ; "
        "« nouvelles » celles d'un jeune que la structure ne connaît pas ; « deja_connues » celles d'un jeune déjà signalé, "
        "déjà connu de la structure, ou déjà nommé plus haut dans le fichier ; « a_verifier » celles qui ressemblent à un "
        "jeune connu sans certitude ; « refusees » les autres, avec leurs raisons. lignes = la somme des quatre. "
        "Codes de sortie : 0 le fichier est lu, 2 il ne peut pas l'être (la raison est sur la sortie d'erreur)."
    )
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("fichier")
        parser.add_argument(
            "--structure", required=True, help="UAI, SIRET ou code de la structure qui signale."
        )
        parser.add_argument("--simuler", action="store_true", help="N'écrit rien.")
        parser.add_argument("--json", action="store_true", help="Résultat en JSON.")
        parser.add_argument(
            "--par", help="Courriel de la personne qui importe (par défaut, un déclarant de la structure)."
        )
        parser.add_argument(
            "--date-sortie",
            default="",
            help="Date de sortie de toute la liste, si elle n'a pas cette colonne.",
        )
        parser.add_argument(
            "--nature-sortie", default="", help="Code de la nature de la sortie, si la liste ne la dit pas."
        )

    def handle(self, *, fichier, structure, simuler, par, **options):
        try:
            une = self._structure(structure)
            contenu = self._contenu(Path(fichier))
            defauts = self._defauts(options["date_sortie"], options["nature_sortie"])
            if simuler:
                bilan = simulation(
                    contenu, Path(fichier).name, une, defauts, user=self._auteur(par, une) if par else None
                )
            else:
                bilan = self._importer(contenu, Path(fichier).name, une, defauts, self._auteur(par, une))
        except (FichierIllisible, services.ImportImpossible) as refus:
            self.stderr.write(str(refus))
            sys.exit(2)
        if autres := bilan.pop("autres_feuilles"):
            self.stderr.write(
                f"Une seule feuille est lue. Non reprises : {', '.join(f'« {nom} »' for nom in autres)}. Réunissez les listes "
                "sur une feuille, ou importez ensuite un fichier par feuille."
            )
        if options["json"]:
            self.stdout.write(json.dumps(bilan, ensure_ascii=False))
        else:
            self._dire(bilan, simuler)

    def _structure(self, code):
        code = "".join(code.split()).upper()
        toutes = Structure.objects.select_related("bassin", "academie")
        une = code and next(
            filter(None, (toutes.filter(**{cle: code}).first() for cle in ("uai", "code", "siret"))), None
        )
        if not une:
            raise FichierIllisible(
                f"Aucune structure n'a le code « {code} » : vérifiez l'UAI, ou chargez les référentiels "
                "(manage.py charger_referentiels)."
            )
        if une.bassin is None:
            raise FichierIllisible(f"{une.nom} n'a pas de bassin : rattachez-la d'abord à un bassin.")
        return une

    def _contenu(self, chemin):
        try:
            if chemin.stat().st_size > OCTETS_MAXIMUM:
                raise FichierIllisible(f"Ce fichier pèse plus de {OCTETS_MAXIMUM // 1024**2} Mo.")
            return chemin.read_bytes()
        except OSError as erreur:
            raise FichierIllisible(f"Le fichier {chemin} ne peut pas être ouvert.") from erreur

    def _defauts(self, sortie, nature):
        """The values for the whole list, checked before any row is read with them."""
        try:
            jour = valeurs.jour(sortie)
        except valeurs.Illisible as erreur:
            raise FichierIllisible(f"--date-sortie : {erreur}") from erreur
        natures = dict(choix("natures_sortie"))
        if nature and nature not in natures:
            raise FichierIllisible(
                f"--nature-sortie : le code « {nature} » n'existe pas. Écrivez l'un de ceux-ci : {', '.join(natures)}."
            )
        return {"date_sortie": jour.isoformat() if jour else "", "nature_sortie": nature}

    def _personne(self, courriel):
        try:
            return Utilisateur.objects.get(email__iexact=courriel, is_active=True)
        except Utilisateur.DoesNotExist as erreur:
            raise FichierIllisible(f"Aucune personne active n'a le courriel {courriel}.") from erreur

    def _auteur(self, courriel, structure):
        if courriel:
            personne = self._personne(courriel)
            if structure.pk not in droits.structures_pour(personne, Droit.IMPORTER):
                raise FichierIllisible(
                    f"{personne.email} ne peut pas importer de liste pour {structure.nom} : indiquez avec --par un déclarant "
                    "de cette structure."
                )
            return personne
        adhesion = (
            structure.adhesions.actives()
            .filter(role__in=ROLES_DU_DROIT[Droit.IMPORTER], utilisateur__is_active=True)
            .order_by("pk")
            .first()
        )
        if adhesion is None:
            raise FichierIllisible(
                f"Personne n'est déclarant à {structure.nom} : indiquez avec --par la personne qui importe."
            )
        return adhesion.utilisateur

    def _importer(self, contenu, nom, structure, defauts, auteur):
        lot = services.deposer(structure, nom, contenu, par=auteur)
        autres = lot.bilan.get("autres_feuilles", [])
        services.choisir_colonnes(lot, {c.rang: c.champ for c in services.colonnes(lot)}, defauts, par=auteur)
        services.demarrer_lecture(lot, par=auteur)
        services.mener_a_bien(lot)
        bilan = _bilan(
            (ligne.numero, ligne.statut, ligne.raisons)
            for ligne in lot.lignes.only("numero", "statut", "raisons")
        )
        reponses.ne_pas_savoir(lot)
        services.confirmer(lot, par=auteur)
        services.mener_a_bien(lot)
        return bilan | {
            "importees": services.comptes(lot)["importees"],
            "reference": lot.reference,
            "autres_feuilles": autres,
        }

    def _dire(self, bilan, simuler):
        self.stdout.write(
            f"{pluriel(bilan['lignes'], 'ligne,lignes')} : {pluriel(bilan['nouvelles'], 'nouvelle,nouvelles')}, "
            f"{pluriel(bilan['deja_connues'], 'déjà connue,déjà connues')}, {bilan['a_verifier']} à vérifier, "
            f"{pluriel(len(bilan['refusees']), 'refusée,refusées')}."
        )
        for refusee in bilan["refusees"]:
            self.stdout.write(f"  ligne {refusee['ligne']} : {' '.join(refusee['raisons'])}")
        self.stdout.write(
            "Rien n'est enregistré."
            if simuler
            else f"{pluriel(bilan['importees'], 'signalement envoyé,signalements envoyés')} (import {bilan['reference']})."
        )


def simulation(contenu, nom, structure, defauts, *, user=None):
    """The counts of a list, without writing anything. Raises FichierIllisible."""
    tableau = lire(contenu, nom)
    titres, correspondances, formations = memoire.lire(structure)
    entete = reconnaitre(tableau, titres)
    if entete is None:
        raise FichierIllisible("Aucune ligne de titres n’est reconnue dans ce fichier.")
    if manques := services.manquants(entete.colonnes, defauts):
        raise FichierIllisible(f"Colonnes introuvables : {', '.join(manques)}.")
    if len(tableau.feuilles[entete.feuille].lignes) <= entete.debut:
        raise FichierIllisible("Ce fichier n’a aucune ligne sous ses titres.")
    lecteur = Lecteur(
        entete.colonnes, structure, defauts=defauts, correspondances=correspondances, formations=formations
    )
    analyse = Analyse(lecteur, user=user)
    lignes = tableau.feuilles[entete.feuille].lignes[entete.debut :]
    verdicts = (analyse.examiner(numero, cellules) for numero, cellules in lignes)
    bilan = _bilan((v.ligne.numero, v.statut, v.ligne.raisons) for v in verdicts)
    return bilan | {"autres_feuilles": entete.autres}


def _bilan(lignes):
    bilan = {"lignes": 0, "nouvelles": 0, "deja_connues": 0, "a_verifier": 0, "refusees": []}
    noms = {
        Statut.NOUVELLE: "nouvelles", Statut.CONNUE: "deja_connues", Statut.DEJA_ENVOYEE: "deja_connues",
        Statut.A_DECIDER: "a_verifier",
    }  # fmt: skip
    for numero, statut, raisons in lignes:
        bilan["lignes"] += 1
        if statut == Statut.REFUSEE:
            bilan["refusees"].append({"ligne": numero, "raisons": raisons})
        else:
            bilan[noms[statut]] += 1
    return bilan

"""Three campaigns of the demonstration, written in bulk: reports, identities, dossiers and what follows."""

import random
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from django.contrib.auth.models import Permission
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from dedoublonnage import arbitrage
from dedoublonnage.models import Empreinte, Jeune, Paire, Rattachement, joignable
from dedoublonnage.services import rafraichir_instantane
from gab.models import (
    Convocation,
    Creneau,
    Dossier,
    Entretien,
    EtatDossier,
    LigneSeance,
    Mission,
    PartageDossier,
    Place,
    Preconisation,
    Seance,
    Tache,
    Transfert,
    Versement,
    calculer_echeance_legale,
)
from gab.services import seances
from qualit.copie import analyser
from qualit.notifications.evenements import EVENEMENTS
from qualit.notifications.models import Avis
from qualit.territoire import nomenclatures
from qualit.territoire.models import ALPHABET_REFERENCE, Adhesion, Bassin, Commune, Structure, cle_de_tri
from signalements.controles import numero_normalise
from signalements.models import (
    Contact,
    EtatNeant,
    EtatSignalement,
    Origine,
    Question,
    ResponsableLegal,
    Signalement,
    campagne_de,
)
from suivi.models import Devenir, Etape, LectureRetour

from . import vies
from .acteurs import creer_acteurs
from .ebauches import Registre
from .identites import Regard
from .personnes import Taux, Urne, communes_academie, generer, saisies
from .vies import Cadre, Vie, moment

#: share of a campaign's jeunes first reported in each month: 70 % from September to December
MOIS = {7: 3, 8: 1, 9: 27, 10: 22, 11: 13, 12: 8, 1: 9, 2: 4, 3: 4, 4: 5, 5: 2, 6: 2}
DECLARANTS = {
    "lp": 30,
    "lycee_poly": 26,
    "cfa": 18,
    "prive_sc": 8,
    "lycee_agricole": 5,
    "mfr": 4,
    "lycee_gt": 6,
    "erea": 1,
    "college": 2,
}
CLASSES = {
    "college": [("3e", "vi", "aucun"), ("3e_segpa", "vi", "cfg")],
    "lycee_gt": [
        ("2nde_gt", "v_bis", "dnb"),
        ("1re_techno", "v_bis", "dnb"),
        ("1re_generale", "v_bis", "dnb"),
    ],
    "lycee_agricole": [
        ("1re_annee_capa", "vi", "aucun"),
        ("2nde_pro", "v_bis", "dnb"),
        ("2e_annee_capa", "vi", "cfg"),
    ],
    "apprentissage": [("cap_apprentissage", "vi", "aucun"), ("cap_apprentissage", "vi", "dnb")],
    "pro": [
        ("2nde_pro", "v_bis", "dnb"),
        ("1re_annee_cap", "vi", "aucun"),
        ("1re_annee_cap", "vi", "cfg"),
        ("2e_annee_cap", "v_bis", "dnb"),
        ("1re_pro", "v_bis", "dnb"),
        ("tle_pro", "v", "dnb"),
        ("2nde_gt", "v_bis", "dnb"),
    ],
}
FORMATIONS = [
    "Maintenance des équipements industriels",
    "Métiers de la relation client",
    "Cuisine",
    "Boulangerie",
    "Métiers de l’électricité",
    "Accompagnement, soins et services à la personne",
    "Maçonnerie",
    "Menuiserie",
    "Carrosserie",
    "Coiffure",
    "Transport et logistique",
    "Gestion et administration",
    "Productions horticoles",
    "Mécanique automobile",
    "Peinture et finitions",
]
FONCTIONS = [
    "CPE",
    "Proviseur adjoint",
    "Directrice des études",
    "Secrétariat de direction",
    "Référent décrochage",
]
NATURES = {
    "scolaire": [
        ("fin_annee", 22),
        ("demission", 24),
        ("exclusion_definitive", 5),
        ("non_presente", 20),
        ("echec_examen", 9),
        ("non_affecte", 8),
        ("demission_office", 12),
    ],
    "apprenti": [("rupture_contrat", 75), ("fin_annee", 15), ("echec_examen", 10)],
}
RECENT = 120  # days: the questions of these last months still wait for their arbiter
#: a jeune reported by somebody who hardly knows them: the doubtful pairs come from there
MAL_CONNU = Taux(
    ine_absent=0.9,
    nom_faute=0.2,
    prenom_faute=0.2,
    date_faute=0.15,
    naissance_absente=0.6,
    demenagement=0.3,
    telephone_autre=0.8,
    courriel_absent=0.95,
)
ORDRE = [
    Signalement,
    Contact,
    ResponsableLegal,
    Question,
    Jeune,
    Rattachement,
    Empreinte,
    Paire,
    Dossier,
    Versement,
    Seance,
    LigneSeance,
    Transfert,
    Entretien,
    Creneau,
    Convocation,
    Preconisation,
    Place,
    Mission,
    Tache,
    Etape,
    Devenir,
    LectureRetour,
    EtatNeant,
    PartageDossier,
    Avis,
]


def jours_de_campagne(annee, jusqu_au):
    """The days of a campaign up to `jusqu_au` with their weights: an urn to draw first reports from."""
    jours, poids = [], []
    jour = date(annee, 7, 1)
    while jour <= min(jusqu_au, date(annee + 1, 6, 30)):
        ouvrables = [
            jour + timedelta(days=d) for d in range(31) if (jour + timedelta(days=d)).month == jour.month
        ]
        ouvrables = [j for j in ouvrables if j.weekday() < 5]
        for j in ouvrables:
            if j <= jusqu_au:
                jours.append(j)
                poids.append(MOIS[jour.month] / len(ouvrables))
        jour += relativedelta(months=1)
    return Urne(jours, poids), sum(poids) / sum(MOIS.values())


class Peuplement:
    """One loading: a seed, a day, a number of jeunes. `peupler` writes it all in one transaction."""

    def __init__(self, graine, au, jeunes=6000):
        self.rng = random.Random(graine)
        self.au = au
        self.nombre = jeunes
        maintenant = timezone.make_aware(datetime.combine(au, time(19)))
        self.maintenant = min(maintenant, timezone.now()) if au >= timezone.localdate() else maintenant
        self.registre = Registre()
        self.regard = Regard(jeunes)
        self.numero = 0

    def reference(self):
        return "".join(self.rng.choices(ALPHABET_REFERENCE, k=8))

    @transaction.atomic
    def peupler(self):
        """Write everything; returns the number of rows by model."""
        rng = self.rng
        self.acteurs = creer_acteurs(rng, self.au)
        self.communes = {c.code_insee: c for c in Commune.objects.filter(actuelle=None, bassin__isnull=False)}
        self.bassins = {b.pk: b for b in Bassin.objects.select_related("academie")}
        structures = list(Structure.objects.select_related("commune").order_by("pk"))
        operateurs, partout, self.declarantes = {}, {}, {}
        for s in structures:
            if s.pk not in self.acteurs.equipes:
                continue
            if s.est_operatrice:
                operateurs.setdefault((s.bassin_id, s.type), []).append(s)
                partout.setdefault(s.type, []).append(s)
            if s.type in DECLARANTS:
                self.declarantes.setdefault(s.bassin_id, []).append(s)
        self.cadre = Cadre(
            rng=rng,
            maintenant=self.maintenant,
            registre=self.registre,
            acteurs=self.acteurs,
            operateurs=operateurs,
            partout=partout,
            bassins=list(self.bassins.values()),
            references=self.reference,
        )
        derniere = campagne_de(self.au)
        vies.programmer_seances(self.cadre, date(derniere - 2, 7, 1))
        tirages = {annee: jours_de_campagne(annee, self.au) for annee in range(derniere - 2, derniere + 1)}
        total = sum(part for _, part in tirages.values())
        self.anciens = []
        for annee, (urne, part) in tirages.items():
            self.campagne(annee, urne, round(self.nombre * part / total))
        self.brouillons()
        self.offre()
        self.creneaux()
        self.taches()
        self.neants(derniere)
        self.partages()
        self.avis()
        self.regard.memoriser(self.registre)
        nombres = self.registre.ecrire(ORDRE, preparer=_preparer)
        analyser(list(nombres))
        self.inviter()
        self.rappeler()
        self.rediger()
        self.reunir()
        rafraichir_instantane()
        return nombres

    # -- people and their reports ---------------------------------------------------------------------------

    def campagne(self, annee, urne, nombre):
        """The jeunes first reported in a campaign, some of them twice, some of them for a second exit."""
        rng = self.rng
        marge = nombre + nombre // 8 + 20
        personnes = [
            p
            for p in generer(
                marge,
                rng,
                date(annee - 19, 1, 1),
                date(annee - 16, 4, 30),
                communes=communes_academie(),
                premier_numero=self.numero,
            )
            if date(annee - 21, 1, 1) <= p.date_naissance <= date(annee - 16, 4, 30)
        ][:nombre]
        self.numero += marge + 10
        retours = [
            (jeune, p)
            for jeune, p, vie in self.anciens
            if vie.etat in vies.FINIS and vie.depuis.date() < date(annee - 1, 12, 31) and rng.random() < 0.03
        ]
        self.anciens = []
        familles = {}
        for personne in personnes:
            self.histoire(personne, urne.tirer(rng), familles)
        for jeune, personne in retours:
            self.histoire(personne, urne.tirer(rng), {}, jeune=jeune)

    def histoire(self, personne, jour, familles, jeune=None):
        """All the reports of one jeune in one campaign, their attachments, and the life of the dossier."""
        rng = self.rng
        combien = rng.choices([1, 2, 3], [90, 9, 1])[0]
        textes = saisies(personne, 1, rng)
        for _ in range(combien - 1):
            textes += saisies(personne, 1, rng, MAL_CONNU if rng.random() < 0.5 else None)
        quand = moment(jour, rng)
        if quand > self.maintenant:
            quand = self.maintenant - timedelta(hours=rng.randint(1, 5))
        accueil = rng.random() < 0.05
        structure = self.structure_pour(personne, accueil=accueil)
        premier = self.signaler(personne, textes[0], structure, quand, accueil=accueil)
        deja = jeune is not None
        if not deja:
            jeune = self.registre.noter(Jeune, reference=self.reference(), identite=premier, cree_le=quand)
        self.rattacher(premier, jeune, "confirme" if deja else "nouveau", quand)
        vie = self.ouvrir(jeune, premier)
        for texte in textes[1:]:
            suivant = quand + timedelta(days=2 + rng.expovariate(1 / 30))
            if suivant > self.maintenant:
                continue
            autre = self.structure_pour(personne, sauf=structure)
            signalement = self.signaler(personne, texte, autre, suivant, accueil=autre.type not in DECLARANTS)
            self.doublon(vie, jeune, premier, signalement)
        if accueil:
            self.accueillir(vie, premier)
        vie.derouler()
        self.anciens.append((jeune, personne, vie))
        if personne.jumeau or personne.homonyme:
            self.comparer_aux_siens(personne, jeune, premier, familles)

    def structure_pour(self, personne, *, accueil=False, sauf=None):
        """Who reports: most often a school of the bassin, one time in five elsewhere, or an operator."""
        rng = self.rng
        bassin = self.communes[personne.commune.code].bassin_id
        if rng.random() < 0.2:
            bassin = rng.choice(list(self.declarantes))
        if accueil or (sauf is not None and rng.random() < 0.35):
            structure = self.cadre.un_de(
                bassin, rng.choice(["mission_locale", "mission_locale", "cio", "mlds"])
            )
        else:
            ecoles = self.declarantes[bassin]
            structure = rng.choices(ecoles, [DECLARANTS[s.type] for s in ecoles])[0]
        if structure == sauf and rng.random() < 0.9:
            return self.structure_pour(personne, accueil=accueil, sauf=sauf)
        return structure

    def scolarite(self, structure):
        """(class, level, diploma, status) that fit a structure."""
        if structure.type in ("cfa", "cfa_agricole", "ufa"):
            return *self.rng.choice(CLASSES["apprentissage"]), "apprenti"
        famille = structure.type if structure.type in CLASSES else "pro"
        return *self.rng.choice(CLASSES[famille]), "scolaire"

    def signaler(self, personne, texte, structure, quand, *, accueil=False, brouillon=False):
        """A report as typed, with its contacts and guardians."""
        rng = self.rng
        auteur = self.cadre.equipier(structure)
        commune = self.communes.get(texte.commune_code)
        jour = timezone.localdate(quand)
        sortie = jour - timedelta(days=int(4 + rng.expovariate(1 / 25)))
        seize = personne.date_naissance + relativedelta(years=16)
        sortie = min(max(sortie, seize + timedelta(days=1)), jour)
        classe, niveau, diplome, statut = self.scolarite(structure)
        natures = NATURES[statut]
        motifs = rng.sample(vies.MOTIFS, rng.choice([1, 1, 2, 3]))
        champs = {
            "reference": self.reference(),
            "origine": Origine.ACCUEIL if accueil else rng.choice([Origine.SAISIE] * 4 + [Origine.IMPORT]),
            "structure": structure,
            "auteur": auteur,
            "bassin": self.bassins[commune.bassin_id if commune else structure.bassin_id],
            "bassin_deduit": commune is None,
            "nom_naissance": texte.nom_naissance,
            "nom_usage": texte.nom_usage,
            "prenom": texte.prenom,
            "autres_prenoms": texte.autres_prenoms,
            "date_naissance": texte.date_naissance,
            "sexe": texte.sexe,
            "commune_naissance": texte.naissance_nom,
            "commune_naissance_insee": texte.naissance_code,
            "ine": "" if accueil else texte.ine,
            "adresse": texte.adresse,
            "code_postal": texte.code_postal,
            "ville": texte.commune_nom,
            "commune": commune,
            "classe": nomenclatures.libelle("classes", classe),
            "formation": rng.choice(FORMATIONS) if classe[-2:] not in ("3e", "gt") else "",
            "niveau": niveau,
            "diplome": diplome,
            "statut": statut,
            "regime": rng.choices(["externe", "demi_pensionnaire", "interne"], [35, 50, 15])[0],
            "date_sortie": sortie,
            "nature_sortie": rng.choices([n for n, _ in natures], [p for _, p in natures])[0],
            "motifs": motifs,
            "motif_principal": motifs[0],
            "famille_informee": rng.random() < 0.85,
            "famille_informee_le": jour - timedelta(days=rng.randint(0, 12)),
            "famille_informee_par": "Courrier de l’établissement",
            "declarant_nom": str(auteur),
            "declarant_fonction": rng.choice(FONCTIONS),
            "declarant_telephone": structure.telephone,
            "prioritaire": rng.random() < 0.04,
            "cree_le": quand - timedelta(minutes=rng.randint(2, 40)),
            "version": 1,
        }
        if accueil:
            champs |= dict.fromkeys(
                ("classe", "formation", "niveau", "diplome", "statut", "regime", "nature_sortie"), ""
            )
            champs |= {"motifs": [], "motif_principal": "", "date_sortie": None, "famille_informee": None}
            champs |= {"famille_informee_le": None, "famille_informee_par": ""}
        signalement = self.registre.noter(Signalement, etat=EtatSignalement.BROUILLON, **champs)
        if not brouillon:
            signalement.poser(envoye_le=quand)
            signalement.passer("envoyer", EtatSignalement.ENVOYE, quand, auteur)
        self.contacts(personne, texte, signalement, quand)
        mineur = texte.date_naissance and relativedelta(jour, texte.date_naissance).years < 18
        if mineur and not accueil:
            for r in personne.responsables:
                self.registre.noter(
                    ResponsableLegal,
                    signalement=signalement,
                    nom=r.nom,
                    prenom=r.prenom,
                    lien=r.lien,
                    telephone=r.telephone,
                )
        return signalement

    def contacts(self, personne, texte, signalement, quand):
        """The numbers and addresses that were typed; some were checked since."""
        rng = self.rng
        lignes = {}
        if texte.telephone:
            lignes["telephone", numero_normalise(texte.telephone)] = (texte.telephone, "jeune")
        if texte.telephone_famille:
            proprietaire = personne.responsables[0].lien if personne.responsables else "autre"
            lignes.setdefault(
                ("telephone", numero_normalise(texte.telephone_famille)),
                (texte.telephone_famille, proprietaire),
            )
        if texte.courriel:
            lignes["courriel", texte.courriel.lower()] = (texte.courriel, "jeune")
        for (type_, normalisee), (valeur, proprietaire) in lignes.items():
            etat = rng.choices(["non_verifie", "verifie", "faux"], [80, 15, 5])[0]
            self.registre.noter(
                Contact,
                signalement=signalement,
                type=type_,
                valeur=valeur,
                normalisee=normalisee,
                proprietaire=proprietaire,
                etat=etat,
                etat_le=quand + timedelta(days=3) if etat != "non_verifie" else None,
                cree_le=quand,
            )
        if not lignes:
            signalement.poser(aucun_contact=True)
        self.regard.voir(signalement, list(lignes))

    # -- identity --------------------------------------------------------------------------------------------

    def rattacher(self, signalement, jeune, mode, quand, par=None):
        return self.registre.noter(
            Rattachement,
            signalement=signalement,
            jeune=jeune,
            mode=mode,
            par=par or signalement["auteur"],
            quand=quand,
        )

    def ouvrir(self, jeune, signalement):
        """A dossier for this report."""
        instance = Signalement(
            envoye_le=signalement["envoye_le"], date_naissance=signalement["date_naissance"]
        )
        vie = Vie(self.cadre, jeune, signalement, signalement["bassin"], calculer_echeance_legale(instance))
        self.registre.noter(
            Versement, dossier=vie.dossier, signalement=signalement, quand=signalement["envoye_le"]
        )
        return vie

    def doublon(self, vie, jeune, premier, signalement):
        """A second report about the same jeune: joined by the engine when it is sure, else asked.

        The recent questions wait for the arbiter; a report that the engine does not recognise makes a jeune of
        its own, as it would at entry.
        """
        rng, quand = self.rng, signalement["envoye_le"]
        evaluation = self.regard.comparer(signalement, premier)
        recent = (self.maintenant - quand).days <= RECENT
        if evaluation.zone == "nouveau" or (evaluation.zone == "a_verifier" and recent):
            autre = self.registre.noter(
                Jeune, reference=self.reference(), identite=signalement, cree_le=quand
            )
            self.rattacher(signalement, autre, "nouveau", quand)
            vie_a_part = self.ouvrir(autre, signalement)
            if recent:
                vie_a_part.finir()
            else:
                vie_a_part.derouler()
            if evaluation.zone == "a_verifier":
                self.paire(jeune, autre, premier, signalement, evaluation)
            return
        if evaluation.zone == "a_verifier":
            mode, par = "arbitre", self.acteurs.coordinateurs[signalement["bassin"].pk]
        else:
            mode, par = rng.choices(["automatique", "confirme"], [80, 20])[0], None
        rattachement = self.rattacher(signalement, jeune, mode, quand, par)
        self.regard.expliquer(rattachement, evaluation)
        self.registre.noter(Versement, dossier=vie.dossier, signalement=signalement, quand=quand)
        vie.signalements.append(signalement)

    def paire(self, a, b, signalement_a, signalement_b, evaluation, motif=""):
        """Two look-alikes, in the order of their birth (so of their primary keys); `motif`: said to be different."""
        meme_bassin = signalement_a["bassin"] == signalement_b["bassin"]
        bassin = signalement_b["bassin"]
        quand = max(signalement_a["envoye_le"], signalement_b["envoye_le"])
        arbitre = self.acteurs.coordinateurs[bassin.pk] if meme_bassin else self.acteurs.pilote
        paire = self.registre.noter(
            Paire,
            a=a,
            b=b,
            reference=self.reference(),
            signalement_a=signalement_a,
            signalement_b=signalement_b,
            arbitre=Paire.Arbitre.BASSIN if meme_bassin else Paire.Arbitre.ACADEMIE,
            bassin=bassin if meme_bassin else None,
            academie=bassin.academie,
            cree_le=quand,
        )
        self.regard.expliquer(paire, evaluation)
        paire.passer("proposer", Paire.Etat.A_DECIDER, quand, signalement_b["auteur"])
        if motif:
            decision = min(self.cadre.plus_tard(quand, 6), self.maintenant)
            paire.passer("dire_differents", Paire.Etat.DIFFERENTS, decision, arbitre, motif)
            paire.poser(decidee_le=decision, decidee_par=arbitre, motif_decision=motif)
        return paire

    def comparer_aux_siens(self, personne, jeune, premier, familles):
        """Twins and homonyms met before: said to be different people, the latest still asked."""
        groupe = ("j", personne.jumeau) if personne.jumeau else ("h", personne.homonyme)
        motif = "Jumeaux" if personne.jumeau else "Homonymes"
        if groupe in familles:
            autre, son_premier = familles[groupe]
            evaluation = self.regard.comparer(premier, son_premier)
            if evaluation.zone != "nouveau":
                recent = (self.maintenant - premier["envoye_le"]).days <= RECENT
                self.paire(autre, jeune, son_premier, premier, evaluation, "" if recent else motif)
        familles.setdefault(groupe, (jeune, premier))

    def accueillir(self, vie, premier):
        """A jeune who walked in: the operator follows them, the coordinator confirms."""
        quand, agent, structure = premier["envoye_le"], premier["auteur"], premier["structure"]
        confirme = quand + timedelta(days=4) < self.maintenant
        mission = self.registre.noter(
            Mission,
            reference=self.reference(),
            dossier=vie.dossier,
            structure=structure,
            a_confirmer=not confirme,
            proposee_par=agent,
            proposee_le=quand,
            repondue_par=agent,
            repondue_le=quand,
            conseiller=agent,
            expire_le=timezone.localdate(quand) + timedelta(days=15),
            connaissance="suivi",
        )
        mission.passer("accueillir", Mission.Etat.ACCEPTEE, quand, agent)
        vie.accueilli(mission, quand, agent, structure)

    # -- what stands around ------------------------------------------------------------------------------------

    def brouillons(self):
        """Unsent reports of the last weeks, four at the named schools, a few elsewhere."""
        rng = self.rng
        nommes = [self.acteurs.comptes[c] for c in ("declarant.caen", "declarant.lisieux", "cfa.caen")]
        structures = [s for e in self.declarantes.values() for s in e]
        choisies = [s for s in structures if any(u in nommes for u in self.acteurs.equipes[s.pk])] * 4
        choisies += rng.sample(structures, 20)
        personnes = generer(
            len(choisies),
            rng,
            date(self.au.year - 18, 1, 1),
            date(self.au.year - 16, 1, 31),
            premier_numero=self.numero,
        )
        for structure, personne in zip(choisies, personnes, strict=True):
            quand = self.maintenant - timedelta(days=rng.expovariate(1 / 6), hours=1)
            (texte,) = saisies(personne, 1, rng)
            self.signaler(personne, texte, structure, quand, brouillon=True)

    def offre(self):
        """Vacant places published by operators, most of them still to come."""
        rng = self.rng
        offres = [
            ("cfa", "apprentissage", "CAP Cuisine"),
            ("cfa", "apprentissage", "CAP Maçon"),
            ("cfa", "apprentissage", "CAP Boulanger"),
            ("greta", "region_qualifiante", "Titre professionnel Agent magasinier"),
            ("mission_locale", "cej", "Contrat d’engagement jeune"),
            ("mission_locale", "promo_16_18", "Promo 16-18"),
            ("mlds", "mlds_action", "Module de remobilisation"),
            ("e2c", "e2c", "Parcours École de la deuxième chance"),
            ("epide", "epide", "Parcours d’insertion"),
        ]
        for type_, solution, formation in offres:
            for structure in self.cadre.partout.get(type_, [])[:6]:
                agent = self.cadre.equipier(structure)
                publiee = self.maintenant - timedelta(days=rng.randint(1, 40))
                self.registre.noter(
                    Place,
                    structure=structure,
                    solution=solution,
                    formation=formation,
                    lieu=structure.commune.nom if structure.commune else "",
                    date_entree=self.au + timedelta(days=rng.randint(-5, 70)),
                    nombre=rng.randint(1, 8),
                    conditions=rng.choice(
                        ["16-18 ans", "Dès 16 ans", "18-25 ans", "Sans condition de niveau"]
                    ),
                    publiee_par=agent,
                    publiee_le=publiee,
                    confirmee_le=min(self.maintenant, publiee + timedelta(days=rng.choice([0, 0, 10]))),
                )

    def reunir(self):
        """A few doubtful pairs already decided, through the very service: their merges can be undone."""
        attente = Paire.objects.a_decider().filter(arbitre=Paire.Arbitre.BASSIN)
        en_mission = Mission.objects.vivantes().values("dossier__jeune")
        attente = attente.exclude(a__in=en_mission).exclude(b__in=en_mission)
        for paire in attente.order_by("-probabilite")[:6]:
            arbitrage.confirmer_meme(
                paire,
                "Même numéro de téléphone, confirmé par la famille.",
                par=self.acteurs.coordinateurs[paire.bassin_id],
            )

    def rediger(self):
        """Who attended the past séances, and the minutes of those signed, as the service writes them."""
        equipes = {}
        for adhesion in Adhesion.objects.actives().filter(bassin__isnull=False).select_related("utilisateur"):
            equipes.setdefault(adhesion.bassin_id, []).append(adhesion.utilisateur)
        for seance in Seance.objects.filter(etat__in=["close", "signee"]).select_related("bassin"):
            seance.presences.set(equipes.get(seance.bassin_id, []))
            if seance.etat == Seance.Etat.SIGNEE:
                seance.compte_rendu = seances.compte_rendu(seance)
                seance.save(update_fields=["compte_rendu"])

    def inviter(self):
        """Who sits at the séances to come of the two named bassins, and who is invited."""
        for seance in Seance.objects.filter(
            bassin__code__in=["caen", "lisieux"], etat=Seance.Etat.PREPAREE
        ).select_related("bassin"):
            comptes = self.acteurs.comptes
            code = seance.bassin.code
            seance.participants.set([comptes[f"coordinateur.{code}"], comptes[f"membre.{code}"]])
            seance.invites.set([comptes[f"invite.{code}"]])

    def rappeler(self):
        """Calls that the two named GAB are to make again: one late, one today, one in three days."""
        quand = self.maintenant - timedelta(days=5)
        for code in ("caen", "lisieux"):
            dossiers = Dossier.objects.filter(
                joignable("jeune__"),
                bassin__code=code,
                etat=EtatDossier.ENTRETIEN_A_TENIR,
                ouvert_le__lt=quand,
            ).order_by("-ouvert_le", "pk")[:3]
            for dossier, jours in zip(dossiers, (-2, 0, 3), strict=False):
                Etape.objects.create(
                    dossier=dossier,
                    type="contacte_sans_reponse",
                    date=timezone.localdate(quand),
                    rappeler_le=self.au + timedelta(days=jours),
                    par=self.acteurs.comptes[f"coordinateur.{code}"],
                    quand=quand,
                )

    def creneaux(self):
        """Slots of the GAB: those of the interviews to come, and free ones in the next three weeks."""
        rng = self.rng
        for entretien in self.registre.de(Entretien):
            if entretien["etat"] == Entretien.Etat.PREVU and entretien["quand"] > self.maintenant:
                self.registre.noter(
                    Creneau,
                    reference=self.reference(),
                    bassin=entretien["dossier"]["bassin"],
                    quand=entretien["quand"],
                    duree_minutes=entretien["duree_minutes"],
                    lieu=entretien["lieu"],
                    mode=entretien["mode"],
                    mene_par=entretien["mene_par"],
                    entretien=entretien,
                    cree_par=entretien["cree_par"],
                )
        for bassin in self.bassins.values():
            membres = [self.acteurs.coordinateurs[bassin.pk], *self.acteurs.membres[bassin.pk]]
            for _ in range(12):
                jour = self.au + timedelta(days=rng.randint(1, 21))
                membre = rng.choice(membres)
                self.registre.noter(
                    Creneau,
                    reference=self.reference(),
                    bassin=bassin,
                    quand=moment(jour, rng).replace(minute=rng.choice([0, 30])),
                    lieu=f"CIO, {bassin.nom}",
                    mene_par=membre,
                    cree_par=membre,
                )

    def taches(self):
        """Operators that ask for another orientation: a few wait, most were answered."""
        acceptees = [m for m in self.registre.de(Mission) if m["etat"] == Mission.Etat.ACCEPTEE]
        for mission in self.rng.sample(acceptees, min(len(acceptees), 40)):
            quand = self.cadre.plus_tard(mission["repondue_le"], 12)
            if not self.cadre.a_lieu(quand):
                continue
            tache = self.registre.noter(
                Tache,
                reference=self.reference(),
                dossier=mission["dossier"],
                mission=mission,
                type=Tache.Type.REORIENTATION,
                texte="Le jeune préfère finalement une formation à temps plein.",
                creee_par=mission["conseiller"],
                creee_le=quand,
            )
            reponse = self.cadre.plus_tard(quand, 6)
            if self.cadre.a_lieu(reponse):
                coordinateur = self.acteurs.coordinateurs[mission["dossier"]["bassin"].pk]
                tache.poser(close_le=reponse, close_par=coordinateur, reponse="Vu en séance.")

    def neants(self, annee):
        """Schools that said that nobody left last month."""
        mois = date(annee, 9, 1)
        while mois < self.au.replace(day=1):
            for ecoles in self.declarantes.values():
                for structure in ecoles:
                    if structure.type in ("college", "lycee_gt", "mfr") and self.rng.random() < 0.5:
                        quand = moment(mois + relativedelta(months=1, day=3), self.rng)
                        if quand < self.maintenant:
                            self.registre.noter(
                                EtatNeant,
                                structure=structure,
                                mois=mois,
                                par=self.cadre.equipier(structure),
                                quand=quand,
                            )
            mois += relativedelta(months=1)

    def partages(self):
        """A few dossiers shared outside their territory, until a date."""
        caen, lisieux = (
            self.acteurs.comptes["coordinateur.caen"],
            self.acteurs.comptes["coordinateur.lisieux"],
        )
        permission = Permission.objects.get(codename="voir_dossier", content_type__app_label="gab")
        for code, de, vers in (("caen", caen, lisieux), ("lisieux", lisieux, caen)):
            ouverts = [
                d
                for d in self.registre.de(Dossier)
                if d["bassin"].code == code and d["etat"] in vies.OUVERTS and d["etat"] != "a_trier"
            ]
            for dossier in ouverts[-3:]:
                debut = self.au - timedelta(days=8)
                self.registre.noter(
                    PartageDossier,
                    content_object=dossier,
                    permission=permission,
                    user=vers,
                    motif="Le jeune suit une formation dans votre bassin.",
                    debut=debut,
                    fin=self.au + timedelta(days=60),
                    accorde_par=de,
                    accorde_le=moment(debut, self.rng),
                    accepte_le=moment(debut + timedelta(days=1), self.rng),
                    accepte_par=vers,
                )

    def avis(self):
        """Notices of the last days for the named accounts: what waits for them."""
        limite = self.maintenant - timedelta(days=10)
        nommes = set(self.acteurs.comptes.values())

        def prevenir(qui, code, quand, lien, reference):
            if qui in nommes and quand >= limite:
                self.registre.noter(
                    Avis,
                    destinataire=qui,
                    code=code,
                    titre=EVENEMENTS[code].titre,
                    lien=lien,
                    reference=reference,
                    urgent=EVENEMENTS[code].urgent,
                    cree_le=quand,
                    lu_le=quand + timedelta(hours=5) if self.rng.random() < 0.4 else None,
                )

        for versement in self.registre.de(Versement):
            dossier = versement["dossier"]
            coordinateur = self.acteurs.coordinateurs[dossier["bassin"].pk]
            lien = reverse("gab:dossier", args=[dossier["reference"]])
            prevenir(coordinateur, "signalement_recu", versement["quand"], lien, dossier["reference"])
        for mission in self.registre.de(Mission):
            if mission["etat"] == Mission.Etat.PROPOSEE:
                for agent in self.acteurs.equipes[mission["structure"].pk]:
                    lien = reverse("suivi:mission", args=[mission["reference"]])
                    prevenir(
                        agent,
                        "mission_proposee",
                        mission["proposee_le"],
                        lien,
                        mission["dossier"]["reference"],
                    )
        for devenir in self.registre.de(Devenir):
            for versement in self.par_dossier().get(devenir["dossier"], []):
                signalement = versement["signalement"]
                lien = f"/signalements/{signalement['reference']}/"
                prevenir(
                    signalement["auteur"],
                    "devenir_enregistre",
                    devenir["quand"],
                    lien,
                    signalement["reference"],
                )

    def par_dossier(self):
        if not hasattr(self, "_par_dossier"):
            self._par_dossier = {}
            for versement in self.registre.de(Versement):
                self._par_dossier.setdefault(versement["dossier"], []).append(versement)
        return self._par_dossier


def _preparer(instance):
    """What `save()` works out and `bulk_create` does not call."""
    if isinstance(instance, Signalement):
        instance.nom_tri = cle_de_tri(instance.nom_naissance, instance.prenom)

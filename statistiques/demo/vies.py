"""One dropout from the report to the outcome, as it may go: delays, absences, refusals, dead ends.

Nothing happens after `Cadre.maintenant`: the states of the demonstration are where each life stands that day.
Shares and delays are invented, set so that about seven jeunes in ten of a past campaign have a solution.
"""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

from gab.models import (
    ETATS_OUVERTS,
    ETATS_TERMINES,
    Convocation,
    Dossier,
    Entretien,
    EtatDossier,
    LigneSeance,
    Mission,
    Preconisation,
    Seance,
    Transfert,
)
from gab.services import DELAI_D_ACTION
from qualit.territoire import nomenclatures
from signalements.models import EtatSignalement, Question
from suivi.models import Devenir, Etape, LectureRetour
from suivi.services import VALIDITE

D = EtatDossier
E = EtatSignalement
FINIS = ETATS_TERMINES
OUVERTS = ETATS_OUVERTS

#: weight, kind of operator; the lists of codes are those of fixtures/referentiels/solutions.csv
SOLUTIONS = {
    "retour_meme_etablissement": (7, "cio"),
    "retour_autre_etablissement": (10, "cio"),
    "cned": (1, "cio"),
    "structure_retour_ecole": (2, "mlds"),
    "preparation_examen": (2, "cio"),
    "mlds_action": (13, "mlds"),
    "micro_lycee": (3, "mlds"),
    "apprentissage": (14, "cfa"),
    "contrat_pro": (2, "cfa"),
    "region_qualifiante": (5, "greta"),
    "region_prequalifiante": (6, "mission_locale"),
    "region_remobilisation": (5, "mission_locale"),
    "e2c": (5, "e2c"),
    "epide": (2, "epide"),
    "service_civique": (4, "mission_locale"),
    "civis": (9, "mission_locale"),
    "garantie_jeunes": (6, "mission_locale"),
    "pacea": (4, "mission_locale"),
    "cej": (7, "mission_locale"),
    "promo_16_18": (6, "mission_locale"),
    "emploi_durable": (2, "mission_locale"),
    "emploi_court": (4, "mission_locale"),
    "accompagnement_specialise": (1, "mission_locale"),
}
#: where to look when the bassin has no operator of that kind
REPLI = {
    "mission_locale": "paio",
    "greta": "mission_locale",
    "mlds": "cio",
    "e2c": "",
    "epide": "",
    "cfa": "cio",
}
REFUS = ["hors_public", "capacite", "hors_territoire", "jeune_absent", "deja_suivi", "autre"]
HORS_CHAMP = ["n_etait_pas_sorti"] * 5 + ["diplome", "hors_academie"]
OU_ETAIT = [
    "Scolarisé en lycée agricole",
    "Inscrit au CFA dans un autre département",
    "Inscrit dans un établissement privé",
    "Inscrit au CNED",
    "Scolarisé dans une autre académie",
]
MOTIFS = [
    "orientation_non_choisie",
    "difficultes_scolaires",
    "rejet_institution",
    "methodes_inadaptees",
    "conflit_adultes",
    "mesentente_eleves",
    "absenteisme_lourd",
    "exclusion_sanction",
    "attrait_vie_active",
    "pas_de_place",
    "rupture_employeur",
    "eloignement",
    "echec_examen",
    "depart_academie",
    "raisons_personnelles",
    "non_communique",
]
PROJETS = [
    "Souhaite reprendre une formation en alternance, cherche un employeur dans la restauration.",
    "Hésite entre la mécanique et la maintenance ; voudrait découvrir les deux métiers en stage.",
    "Veut travailler tout de suite, accepte l’idée d’une formation courte.",
    "Souhaite retourner au lycée dans une autre filière à la rentrée.",
    "Pas encore d’idée précise ; intéressé par les métiers du bois après un stage en troisième.",
    "Projet de CAP petite enfance, doit trouver un lieu de stage.",
    "Aimerait entrer dans la vente ; a besoin de préparer ses entretiens.",
    "Voudrait préparer l’examen en candidat libre.",
]
DEMARCHES = [
    "A envoyé trois candidatures, sans réponse à ce jour.",
    "A rencontré un centre de formation lors des portes ouvertes.",
    "Aucune démarche pour l’instant.",
    "A pris rendez-vous avec un employeur de son canton.",
    "S’est renseigné sur les dates de concours.",
]
PROCHAINES = [
    "Stage de découverte à organiser avant la prochaine séance.",
    "Revenir avec un CV pour le prochain rendez-vous.",
    "Visite de la section avec la structure pressentie.",
    "Le GAB examine la situation à sa prochaine séance.",
]
SYNTHESES = [
    "Rendez-vous tenu, le projet se précise.",
    "Le jeune a visité les ateliers et confirme son intérêt.",
    "Inscription en cours, dossier complet.",
    "Stage d’une semaine effectué, bilan positif de l’entreprise.",
    "Reprise de contact après deux semaines sans nouvelles.",
    "Test de positionnement passé.",
]
NOTES = ["Rappeler en fin de journée.", "Préfère les SMS.", "Vient en bus depuis sa commune.", ""]


@dataclass
class Cadre:
    """What a life needs to know of the world: the clock, the actors, the registry of rows, the sessions."""

    rng: object
    maintenant: datetime
    registre: object
    acteurs: object
    operateurs: dict  # (bassin id, type) → [Structure]
    partout: dict  # type → [Structure]
    bassins: list
    seances: dict = field(default_factory=dict)  # bassin id → [Ebauche of Seance], by date
    references: object = None  # random references, reproducible

    def a_lieu(self, quand):
        return quand <= self.maintenant

    def plus_tard(self, quand, moyenne, minimum=0.2):
        """A moment later than `quand`, in office hours, by about `moyenne` days."""
        jours = minimum + self.rng.expovariate(1 / moyenne)
        return ouvrable(quand + timedelta(days=jours), self.rng)

    def chance(self, probabilite):
        return self.rng.random() < probabilite

    def un_de(self, bassin_id, type_):
        """An operator of that kind in the bassin, else the next best one, else anywhere."""
        vus = set()
        while type_ and type_ not in vus:
            vus.add(type_)
            ici = self.operateurs.get((bassin_id, type_))
            if ici:
                return self.rng.choice(ici)
            if not REPLI.get(type_) and self.partout.get(type_):
                return self.rng.choice(self.partout[type_])
            type_ = REPLI.get(type_, "")
        return self.rng.choice(self.operateurs[bassin_id, "cio"])

    def equipier(self, structure):
        return self.rng.choice(self.acteurs.equipes[structure.pk])


def ouvrable(quand, rng):
    """The same day, or the Monday after, at an office hour."""
    local = timezone.localtime(quand)
    jour = local.date()
    if jour.weekday() >= 5:
        jour += timedelta(days=7 - jour.weekday())
    heure = time(rng.randint(8, 17), rng.randrange(60))
    return timezone.make_aware(datetime.combine(jour, heure))


def moment(jour, rng):
    """An office hour of that day."""
    return ouvrable(timezone.make_aware(datetime.combine(jour, time(12))), rng)


def programmer_seances(cadre, premier_jour):
    """A séance of each GAB every four weeks: the past ones signed, the next one being prepared."""
    for rang, bassin in enumerate(cadre.bassins):
        coordinateur = cadre.acteurs.coordinateurs[bassin.pk]
        jour = premier_jour + timedelta(days=9 + 2 * rang)
        seances = []
        while True:
            quand = timezone.make_aware(datetime.combine(lundi_ou_apres(jour), time(14)))
            passee = quand + timedelta(hours=3) <= cadre.maintenant
            seance = cadre.registre.noter(
                Seance,
                bassin=bassin,
                quand=quand,
                lieu=f"CIO, {bassin.nom}",
                cree_par=coordinateur,
                presents="Le coordinateur du GAB, la mission locale, la MLDS, les CFA du bassin"
                if passee
                else "",
            )
            seance.passer(
                "preparer",
                Seance.Etat.PREPAREE,
                min(quand - timedelta(days=20), cadre.maintenant - timedelta(hours=2)),
                coordinateur,
            )
            if passee and cadre.chance(0.02):
                seance.passer("annuler", Seance.Etat.ANNULEE, quand - timedelta(days=1), coordinateur)
            elif passee:
                tenir_seance(cadre, seance, quand, coordinateur)
            seances.append(seance)
            if quand > cadre.maintenant:
                break
            jour += timedelta(days=28)
        cadre.seances[bassin.pk] = seances


def tenir_seance(cadre, seance, quand, coordinateur):
    """A past séance: its minutes signed, except the latest of the académie, not closed or not signed yet."""
    age = (cadre.maintenant - quand).days
    seance.passer("ouvrir", Seance.Etat.OUVERTE, quand, coordinateur)
    if age < 2:
        return
    seance.passer("clore", Seance.Etat.CLOSE, quand + timedelta(hours=2), coordinateur)
    if age < 4:
        return
    signature = ouvrable(quand + timedelta(days=1), cadre.rng)
    seance.passer("signer", Seance.Etat.SIGNEE, signature, coordinateur)
    seance.poser(signee_par=coordinateur, signee_le=signature)


def lundi_ou_apres(jour):
    return jour + timedelta(days=7 - jour.weekday()) if jour.weekday() >= 5 else jour


class Vie:
    """The life of one dossier. Build it with its first report, add later reports, then `derouler`."""

    def __init__(self, cadre, jeune, signalement, bassin, echeance):
        self.cadre = cadre
        self.rng = cadre.rng
        self.bassin = bassin
        self.coordinateur = cadre.acteurs.coordinateurs[bassin.pk]
        self.envoi = signalement["envoye_le"]
        self.solutions_possibles = None
        self.signalements = [signalement]
        self.echeance = echeance
        self.dossier = cadre.registre.noter(
            Dossier,
            reference=cadre.references(),
            jeune=jeune,
            bassin=bassin,
            date_sortie=signalement["date_sortie"],
            ouvert_le=self.envoi,
            premier_envoi_le=self.envoi,
            echeance_legale=echeance,
            prioritaire=signalement["prioritaire"],
        )
        self.dossier.passer("ouvrir", D.A_TRIER, self.envoi, signalement["auteur"])
        self.depuis = self.envoi
        self.rang_mission = 0
        self.referent = None
        self.accueil = None
        self.exigeant = self.rng.random()  # how hard this jeune is to reach

    # -- states ------------------------------------------------------------------------------------------

    @property
    def etat(self):
        return self.dossier["etat"]

    def passer(self, action, vers, quand, par=None, motif=""):
        self.dossier.passer(action, vers, quand, par, motif)
        self.depuis = quand

    def gab(self):
        """Somebody of the GAB: the coordinator or a member."""
        membres = self.cadre.acteurs.membres[self.bassin.pk]
        return self.coordinateur if self.rng.random() < 0.4 else self.rng.choice(membres)

    def finir(self):
        """Fields that follow from the last state."""
        dossier = self.dossier
        recu = dossier.champs.get("recu_avec_responsable_le")
        if self.etat in DELAI_D_ACTION:
            jour = timezone.localdate(self.depuis) + timedelta(days=DELAI_D_ACTION[D(self.etat)][1])
            if self.echeance and not recu:
                jour = min(jour, self.echeance)
            dossier.poser(prochaine_echeance=jour)
        dossier.poser(referent=self.referent)

    def arreter(self, action, vers, quand, par, motif, **champs):
        """End the dossier: planned interviews and live missions end with it."""
        self.passer(action, vers, quand, par, motif)
        self.dossier.poser(clos_le=quand, **champs)

    # -- the path ----------------------------------------------------------------------------------------

    def derouler(self):
        """Let the life go on until today, then settle what follows from its state."""
        if self.accueil is not None:
            self._suite_d_accueil(*self.accueil)
        else:
            self._derouler()
        self.finir()

    def accueilli(self, mission, quand, agent, structure):
        """The jeune walked in: an operator follows them from the first day."""
        self.passer("missionner", D.MISSIONNE, quand, agent)
        self.passer("prendre_en_charge", D.PRIS_EN_CHARGE, quand, agent)
        self.referent = structure
        self.accueil = (mission, quand, agent)

    def _suite_d_accueil(self, mission, quand, agent):
        tri = self.cadre.plus_tard(quand, 5)
        if self.cadre.a_lieu(tri):
            self.juger_recevables(tri, self.gab())
        self.rang_mission = 3
        self.suivre(mission, quand, self.choisir_solution(quand), agent)

    def _derouler(self):
        cadre = self.cadre
        if cadre.chance(0.025):
            return self.retirer(cadre.plus_tard(self.envoi, 6))
        tri = cadre.plus_tard(self.envoi, 7)
        if not cadre.a_lieu(tri):
            return None
        if cadre.chance(0.05):
            tri = self.completer(tri)
            if tri is None or not cadre.a_lieu(tri):
                return None
        if cadre.chance(0.065):
            return self.ecarter(tri)
        self.retenir(tri)
        if cadre.chance(0.03):
            self.transferer(cadre.plus_tard(tri, 8))
        if cadre.chance(0.06):  # found a solution alone
            seul = cadre.plus_tard(tri, 15)
            if cadre.a_lieu(seul):
                self.devenir(seul, None, self.choisir_solution(seul), self.coordinateur)
                return self.apres(seul)
            return None
        if cadre.chance(0.05):  # urgent: commissioned before any interview
            return self.missionner(cadre.plus_tard(tri, 2), self.choisir_solution(tri), None, urgente=True)
        tenu = self.entretiens(tri)
        if tenu is None:
            return None
        seance = self.seance_apres(tenu)
        if seance is None:
            return None
        return self.preconiser(seance)

    def retirer(self, quand):
        """The school withdraws its report: at once before triage."""
        if not self.cadre.a_lieu(quand):
            return
        premier = self.signalements[0]
        motif = self.rng.choice(["saisi_par_erreur", "retour_formation", "changement_etablissement", "autre"])
        premier.passer("annuler", E.ANNULE, quand, premier["auteur"], motif)
        premier.poser(motif_retrait=motif)
        self.arreter("clore", D.CLOS, quand, premier["auteur"], "retrait", motif_cloture="retrait")

    def completer(self, quand):
        """The GAB asks the school something; returns the day of the answer, or None while it waits."""
        premier, par = self.signalements[0], self.gab()
        premier.passer("demander_complement", E.A_COMPLETER, quand, par)
        question = self.cadre.registre.noter(
            Question,
            signalement=premier,
            type=Question.Type.COMPLETER,
            texte=self.rng.choice(
                [
                    "Pouvez-vous préciser la date de sortie et la dernière classe suivie ?",
                    "Auriez-vous un numéro où joindre la famille en journée ?",
                    "La famille a-t-elle été informée du signalement ?",
                ]
            ),
            posee_par=par,
            posee_le=quand,
        )
        reponse = self.cadre.plus_tard(quand, 9)
        if not self.cadre.a_lieu(reponse) or self.cadre.chance(0.1):
            return None
        question.poser(
            reponse="C’est complété sur la fiche.",
            repondue_par=premier["auteur"],
            repondue_le=reponse,
            close_le=reponse,
        )
        premier.passer("completer", E.ENVOYE, reponse, premier["auteur"])
        return self.cadre.plus_tard(reponse, 4)

    def ecarter(self, quand):
        """Out of scope: most were not out at all."""
        motif, par = self.rng.choice(HORS_CHAMP), self.gab()
        for signalement in self.signalements:
            if signalement["envoye_le"] <= quand and signalement["etat"] == E.ENVOYE:
                signalement.passer("ecarter", E.HORS_CHAMP, quand, par, motif)
                signalement.poser(motif_hors_champ=motif, trie_le=quand)
        precision = self.rng.choice(OU_ETAIT) if motif == "n_etait_pas_sorti" else ""
        self.arreter(
            "ecarter",
            D.HORS_CHAMP,
            quand,
            par,
            motif,
            motif_hors_champ=motif,
            hors_champ_precision=precision,
        )

    def retenir(self, quand):
        par = self.gab()
        self.juger_recevables(quand, par)
        self.passer("retenir", D.ENTRETIEN_A_TENIR, quand, par)

    def juger_recevables(self, quand, par):
        """Triage of each report once it is there; the school may read its return from then on."""
        for signalement in self.signalements:
            jour = max(quand, signalement["envoye_le"] + timedelta(days=1))
            if signalement["etat"] != E.ENVOYE or not self.cadre.a_lieu(jour):
                continue
            signalement.passer("juger_recevable", E.RECEVABLE, jour, par)
            signalement.poser(trie_le=jour)
            if self.cadre.chance(0.62):
                lu = self.cadre.plus_tard(jour, 25)
                if self.cadre.a_lieu(lu):
                    self.cadre.registre.noter(
                        LectureRetour, signalement=signalement, utilisateur=signalement["auteur"], quand=lu
                    )

    def transferer(self, quand):
        """A move: proposed to the new bassin, which accepts, refuses or has not answered yet."""
        cadre = self.cadre
        if not cadre.a_lieu(quand):
            return
        vers = self.rng.choice([b for b in cadre.bassins if b != self.bassin])
        transfert = cadre.registre.noter(
            Transfert,
            dossier=self.dossier,
            de=self.bassin,
            vers=vers,
            motif="Le jeune a changé de domicile.",
            propose_par=self.coordinateur,
            propose_le=quand,
        )
        transfert.passer("proposer", Transfert.Etat.PROPOSE, quand, self.coordinateur)
        reponse = cadre.plus_tard(quand, 4)
        if not cadre.a_lieu(reponse):
            return
        if cadre.chance(0.08):
            transfert.passer("annuler", Transfert.Etat.ANNULE, reponse, self.coordinateur)
            return
        autre = cadre.acteurs.coordinateurs[vers.pk]
        transfert.poser(repondu_par=autre, repondu_le=reponse)
        if cadre.chance(0.2):
            transfert.passer("refuser", Transfert.Etat.REFUSE, reponse, autre)
            transfert.poser(motif_refus="Le jeune est revenu dans son ancien domicile.")
            return
        transfert.passer("accepter", Transfert.Etat.ACCEPTE, reponse, autre)
        mois = 30 * settings.QUALIT["LECTURE_APRES_TRANSFERT_MOIS"]
        transfert.poser(lisible_jusqu_au=timezone.localdate(reponse) + timedelta(days=mois))
        self.bassin, self.coordinateur = vers, autre
        self.dossier.poser(bassin=vers)

    def entretiens(self, depuis):
        """Up to three calls. Returns when the interview was held, or None (waiting, or lost)."""
        cadre, convocation = self.cadre, depuis
        for rang in (1, 2, 3):
            convocation = cadre.plus_tard(convocation, 5 if rang == 1 else 3)
            if not cadre.a_lieu(convocation):
                return None
            quand = ouvrable(convocation + timedelta(days=self.rng.randint(6, 16)), self.rng)
            tirage = self.rng.random()
            canal = self.rng.choice(["lettre", "lettre", "courriel", "telephone", "sms"])
            mene_par = self.gab()
            mode = self.rng.choices(["presence", "telephone", "visite"], [80, 16, 4])[0]
            entretien = cadre.registre.noter(
                Entretien,
                dossier=self.dossier,
                quand=quand,
                lieu=f"CIO, {self.bassin.nom}" if mode == "presence" else "",
                mode=mode,
                mene_par=mene_par,
                cree_par=mene_par,
                cree_le=convocation,
                duree_minutes=self.rng.choice([30, 45, 45, 60]),
            )
            entretien.passer("prevoir", Entretien.Etat.PREVU, convocation, mene_par)
            appel = cadre.registre.noter(
                Convocation,
                entretien=entretien,
                rang=rang,
                canal=canal,
                envoyee_le=convocation,
                par=mene_par,
            )
            if rang > 1 and canal == "lettre" and cadre.chance(0.1):
                appel.poser(
                    resultat="Courrier revenu", revenue_le=timezone.localdate(convocation) + timedelta(days=6)
                )
            if cadre.chance(0.02):
                annulation = ouvrable(convocation + timedelta(days=1), self.rng)
                if cadre.a_lieu(annulation):
                    entretien.passer("annuler", Entretien.Etat.ANNULE, annulation, mene_par)
                    convocation = annulation
                    continue
            if not cadre.a_lieu(quand):
                return None
            constat = quand + timedelta(hours=1)
            entretien.poser(constate_le=constat)
            if tirage < 0.72 - 0.2 * self.exigeant:
                self.tenir(entretien, quand, constat, mene_par)
                return constat
            if tirage < 0.8:
                entretien.passer("reporter", Entretien.Etat.REPORTE, constat, mene_par)
            elif tirage < 0.87:
                entretien.passer("excuser", Entretien.Etat.ABSENT_EXCUSE, constat, mene_par)
            else:
                entretien.passer("constater_absence", Entretien.Etat.ABSENT, constat, mene_par)
            convocation = constat
        if cadre.chance(0.92):
            fin = cadre.plus_tard(convocation, 30)
            if cadre.a_lieu(fin):
                self.arreter("perdre_de_vue", D.PERDU_DE_VUE, fin, self.coordinateur, "", motif_cloture="")
                if cadre.chance(0.12):
                    retour = cadre.plus_tard(fin, 40)
                    if cadre.a_lieu(retour):
                        self.passer("rouvrir", D.A_TRIER, retour, self.coordinateur)
                        self.dossier.poser(clos_le=None)
        return None

    def tenir(self, entretien, quand, constat, par):
        entretien.passer("tenir", Entretien.Etat.TENU, constat, par)
        mineur = self.echeance is not None
        present = ("oui" if self.cadre.chance(0.8) else "non") if mineur else "majeur"
        motifs = self.rng.sample(MOTIFS, self.rng.choice([1, 2, 2, 3]))
        entretien.poser(
            responsable_present=present,
            obligation_expliquee=mineur or self.cadre.chance(0.5),
            motifs_jeune=motifs,
            projet=self.rng.choice(PROJETS),
            demarches=self.rng.choice(DEMARCHES),
            prochaine_etape=self.rng.choice(PROCHAINES),
        )
        if present == "oui":
            self.dossier.poser(recu_avec_responsable_le=timezone.localdate(quand))
        self.passer("tenir_entretien", D.ENTRETIEN_TENU, constat, par)

    def seance_apres(self, quand):
        """The next séance of the bassin, with the dossier on its agenda; None while it has not been held."""
        prochaine = next(
            (
                s
                for s in self.cadre.seances[self.bassin.pk]
                if s["quand"] > quand + timedelta(days=1) and s["etat"] != Seance.Etat.ANNULEE
            ),
            None,
        )
        if prochaine is None:
            return None
        self.ligne = self.cadre.registre.noter(
            LigneSeance, seance=prochaine, dossier=self.dossier, ordre=self.rng.randrange(1, 40)
        )
        return prochaine if prochaine["etat"] in (Seance.Etat.CLOSE, Seance.Etat.SIGNEE) else None

    def choisir_solution(self, quand):
        """A type of solution that exists on that day."""
        valides = {t.code for t in nomenclatures.en_vigueur("solutions", timezone.localdate(quand))}
        possibles = [(code, poids) for code, (poids, _) in SOLUTIONS.items() if code in valides]
        return self.rng.choices([c for c, _ in possibles], [p for _, p in possibles])[0]

    def preconiser(self, seance):
        quand = seance["quand"] + timedelta(minutes=self.rng.randint(5, 110))
        solution = self.choisir_solution(quand)
        self.ligne.poser(
            decision=LigneSeance.Decision.MISSIONNER,
            solution=solution,
            decidee_le=quand,
            decidee_par=self.coordinateur,
        )
        preconisation = self.cadre.registre.noter(
            Preconisation,
            dossier=self.dossier,
            solution=solution,
            seance=seance,
            par=self.coordinateur,
            donnee_le=timezone.localdate(quand),
            quand=quand,
            synthese=self.rng.choice(PROJETS) if self.cadre.chance(0.5) else "",
        )
        self.passer("preconiser", D.PRECONISE, quand, self.coordinateur)
        mission = self.cadre.plus_tard(quand, 1.5)
        return self.missionner(mission, solution, preconisation)

    def missionner(self, quand, solution, preconisation, urgente=False):
        """Commission a structure and follow its answer; a refusal or silence brings the dossier back."""
        cadre = self.cadre
        if not cadre.a_lieu(quand):
            return
        self.rang_mission += 1
        structure = cadre.un_de(self.bassin.pk, SOLUTIONS[solution][1])
        if preconisation is not None and self.rang_mission == 1:
            self.ligne.poser(
                structure=structure, effet="Fait : préconisation donnée et structure missionnée."
            )
        mission = cadre.registre.noter(
            Mission,
            reference=cadre.references(),
            dossier=self.dossier,
            structure=structure,
            preconisation=preconisation,
            urgente=urgente,
            proposee_par=self.coordinateur,
            proposee_le=quand,
            expire_le=timezone.localdate(quand) + timedelta(days=settings.QUALIT["EXPIRATION_MISSION_JOURS"]),
            message=self.rng.choice(["", "Merci de recevoir ce jeune pour un premier rendez-vous.", ""]),
        )
        mission.passer("proposer", Mission.Etat.PROPOSEE, quand, self.coordinateur)
        self.passer("missionner", D.MISSIONNE, quand, self.coordinateur)
        agent = cadre.equipier(structure)
        tirage = self.rng.random()
        if self.rang_mission == 1 and tirage < 0.07:
            expiration = moment(mission["expire_le"] + timedelta(days=1), self.rng)
            if cadre.a_lieu(expiration):
                mission.passer("expirer", Mission.Etat.EXPIREE, expiration)
                self.revenir(expiration, solution, preconisation)
            return
        reponse = min(cadre.plus_tard(quand, 4), moment(mission["expire_le"], self.rng))
        if not cadre.a_lieu(reponse):
            return
        if self.rang_mission < 3 and tirage > 0.98:
            mission.passer("revoquer", Mission.Etat.REVOQUEE, reponse, self.coordinateur)
            mission.poser(terminee_le=reponse, motif_fin="Une autre structure convient mieux.")
            self.revenir(reponse, solution, preconisation)
            return
        mission.poser(repondue_par=agent, repondue_le=reponse)
        if self.rang_mission < 3 and tirage < 0.18:
            motif = self.rng.choice(REFUS)
            mission.passer("refuser", Mission.Etat.REFUSEE, reponse, agent, motif)
            mission.poser(motif_refus=motif)
            self.revenir(reponse, solution, preconisation)
            return
        mission.passer("accepter", Mission.Etat.ACCEPTEE, reponse, agent)
        mission.poser(
            conseiller=agent, connaissance=self.rng.choice(["suivi", "connu", "inconnu", "inconnu"])
        )
        self.referent = structure
        self.passer("prendre_en_charge", D.PRIS_EN_CHARGE, reponse, agent)
        self.suivre(mission, reponse, solution, agent)

    def revenir(self, quand, solution, preconisation):
        """Back to the GAB: another structure, sometimes another solution."""
        self.referent = None
        self.passer("revenir_au_gab", D.PRECONISE, quand)
        if self.cadre.chance(0.4):
            solution = self.choisir_solution(quand)
        self.missionner(self.cadre.plus_tard(quand, 6), solution, preconisation)

    def etape(self, type_, quand, mission, agent, **champs):
        return self.cadre.registre.noter(
            Etape,
            dossier=self.dossier,
            mission=mission,
            structure=mission["structure"],
            type=type_,
            date=timezone.localdate(quand),
            par=agent,
            quand=quand,
            **champs,
        )

    def suivre(self, mission, depuis, solution, agent):
        """Steps of the operator, then an outcome."""
        cadre, quand = self.cadre, depuis
        suite = ["rdv_pris"]
        if self.exigeant > 0.7:
            suite.append(self.rng.choice(["contacte_sans_reponse", "coordonnees_incorrectes"]))
        suite += ["entretien"]
        suite += self.rng.choice([[], ["positionnement"], ["positionnement", "entretien"]])
        for type_ in suite:
            quand = cadre.plus_tard(quand, 11)
            if not cadre.a_lieu(quand):
                return
            synthese = self.rng.choice(SYNTHESES) if type_ in ("entretien", "positionnement") else ""
            etape = self.etape(type_, quand, mission, agent, synthese=synthese, note=self.rng.choice(NOTES))
            if type_ == "coordonnees_incorrectes":
                self.coordonnees_fausses(quand, agent)
            if cadre.chance(0.15):
                etape.poser(rappeler_le=timezone.localdate(quand) + timedelta(days=self.rng.randint(3, 15)))
        quand = cadre.plus_tard(quand, 14)
        if not cadre.a_lieu(quand):
            return
        if cadre.chance(0.83 - 0.2 * self.exigeant):
            self.etape("entree", quand, mission, agent, synthese=self.rng.choice(SYNTHESES))
            self.devenir(quand, mission, solution, agent)
            self.apres(quand, mission, agent)
            return
        code = self.rng.choice(["sans_solution", "sans_solution", "refus", "injoignable", "demenage"])
        self.etape("injoignable" if code == "injoignable" else "abandon", quand, mission, agent)
        self.devenir(quand, mission, code, agent)
        fin = cadre.plus_tard(quand, 12)
        if cadre.a_lieu(fin):
            mission.passer("terminer", Mission.Etat.TERMINEE, fin, agent)
            mission.poser(terminee_le=fin, motif_fin="Le jeune ne donne pas suite.")
            self.referent = None
            self.passer("revenir_au_gab", D.PRECONISE, fin)
            autre = cadre.plus_tard(fin, 30)
            if code in ("injoignable", "demenage") and cadre.a_lieu(autre):
                vers = D.PERDU_DE_VUE if code == "injoignable" else D.CLOS
                action = "perdre_de_vue" if code == "injoignable" else "clore"
                motif = "" if code == "injoignable" else "demenage"
                self.arreter(action, vers, autre, self.coordinateur, motif, motif_cloture=motif)
            elif self.rang_mission < 3 and code == "sans_solution" and cadre.chance(0.45):
                self.missionner(autre, self.choisir_solution(autre), None)
            else:
                self.classer(cadre.plus_tard(autre, 60))

    def classer(self, quand):
        """Nothing more came of it: the coordinator closes the dossier."""
        if self.cadre.a_lieu(quand) and self.cadre.chance(0.85):
            motif = self.rng.choice(["ne_plus_contacter", "autre", "limite_age"])
            self.arreter("clore", D.CLOS, quand, self.coordinateur, motif, motif_cloture=motif)

    def coordonnees_fausses(self, quand, agent):
        """A task at the reporting school, answered two times in three."""
        premier = self.signalements[0]
        question = self.cadre.registre.noter(
            Question,
            signalement=premier,
            type=Question.Type.COORDONNEES,
            texte="Les coordonnées données ne permettent pas de joindre le jeune : pouvez-vous les corriger ?",
            posee_par=agent,
            posee_le=quand,
        )
        reponse = self.cadre.plus_tard(quand, 8)
        if self.cadre.a_lieu(reponse) and self.cadre.chance(0.7):
            question.poser(
                reponse="Nouveau numéro ajouté à la fiche.",
                repondue_par=premier["auteur"],
                repondue_le=reponse,
                close_le=reponse,
            )

    def devenir(self, quand, mission, code, agent):
        """Record an outcome; a solution moves the dossier, except an accompagnement without any appointment."""
        jour = timezone.localdate(quand)
        terme = nomenclatures.terme("devenirs", code, jour)
        groupe = terme.plus.get("groupe", "") if terme else ""
        precedent = getattr(self, "dernier_devenir", None)
        if precedent is not None:
            precedent.poser(remplace_le=quand)
        rdv = None
        if groupe == "accompagnement" and self.cadre.chance(0.93):
            rdv = jour
        self.dernier_devenir = self.cadre.registre.noter(
            Devenir,
            dossier=self.dossier,
            mission=mission,
            code=code,
            groupe=groupe,
            date=jour,
            source=self.rng.choice(["structure", "structure", "jeune", "famille"]),
            premier_rdv_le=rdv,
            verifie_le=jour,
            valable_jusqu_au=jour + timedelta(days=VALIDITE[groupe]),
            par=agent,
            quand=quand,
        )
        if groupe and (groupe != "accompagnement" or rdv):
            self.passer("trouver_solution", D.EN_SOLUTION, quand, agent)

    def apres(self, quand, mission=None, agent=None):
        """After a solution: it lasts, it breaks, or the dossier closes."""
        cadre = self.cadre
        if self.etat != D.EN_SOLUTION:
            return
        if cadre.chance(0.1) and mission is not None:
            rupture = cadre.plus_tard(quand, 70)
            if cadre.a_lieu(rupture):
                self.devenir(rupture, mission, "sans_solution", agent)
                self.passer("reprendre_suivi", D.PRIS_EN_CHARGE, rupture, agent)
                reprise = cadre.plus_tard(rupture, 45)
                if cadre.a_lieu(reprise) and cadre.chance(0.6):
                    self.devenir(reprise, mission, self.choisir_solution(reprise), agent)
            return
        verification = cadre.plus_tard(quand, 90)
        if cadre.a_lieu(verification) and cadre.chance(0.6):
            self.dernier_devenir.poser(
                verifie_le=timezone.localdate(verification),
                valable_jusqu_au=timezone.localdate(verification)
                + timedelta(days=VALIDITE[self.dernier_devenir["groupe"]]),
            )
        fin = cadre.plus_tard(quand + timedelta(days=120), 110)
        if not cadre.a_lieu(fin) or cadre.chance(0.15):
            return
        if mission is not None:
            mission.passer("terminer", Mission.Etat.TERMINEE, fin, agent)
            mission.poser(terminee_le=fin, motif_fin="Solution en place.")
        motif = self.rng.choice(["solution_stable"] * 5 + ["diplome_obtenu", "limite_age"])
        self.arreter("clore", D.CLOS, fin, self.coordinateur, motif, motif_cloture=motif)

"""Lives drawn at random, through the same services as the pages: after each step nothing has fallen out.

The actions are functions of `ACTIONS`; one that the rules refuse changes nothing. The checks are those of
`manage.py verifier_coherence`.
"""

import random
from collections import Counter
from datetime import timedelta
from functools import cache

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, Value
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedoublonnage import fusion as fusions
from dedoublonnage import suites
from dedoublonnage.models import Fusion, Jeune, Rattachement
from dedoublonnage.services import detacher, retirer
from gab import coherence, relances, services
from gab.models import Creneau, Dossier, Seance
from gab.services import agenda, seances
from qualit import workflow
from qualit.acteurs import passation, reprise, structures
from qualit.territoire.models import Adhesion, Structure
from qualit.territoire.roles import Role
from signalements.models import Contact, Question, Signalement
from signalements.services import ConflitDeVersion, repondre
from suivi import services as suivi

from .monde import adherer, personne, signalement

pytestmark = pytest.mark.usefixtures("nomenclatures")

REFUS = (
    workflow.TransitionImpossible, PermissionDenied, ValidationError, IntegrityError, ConflitDeVersion,
    fusions.FusionImpossible,
)  # fmt: skip
ACTIONS = {}
#: What makes the rest impossible comes seldom.
RARES = {
    "deces", "s_opposer", "partir", "fermer_une_structure", "clore", "ecarter", "ecarter_dossier",
    "demander_le_retrait", "detacher_un_signalement",
}  # fmt: skip


class SansObjet(Exception):
    """The dossier holds nothing to which the action applies."""


def action(fonction):
    ACTIONS[fonction.__name__] = fonction
    return fonction


class Vie:
    """A dossier, the people who may act on it today, and chance."""

    def __init__(self, m, dossier, alea):
        self.m, self.dossier, self.alea = m, dossier, alea

    @property
    def gab(self):
        """The coordinator of the bassin in charge."""
        return self.coordinateur(self.dossier.bassin_id)

    def coordinateur(self, bassin):
        return self.en_exercice(role=Role.COORDINATEUR_GAB, bassin=bassin)

    def operateur(self, structure):
        return self.en_exercice(role=Role.OPERATEUR, structure=structure)

    def en_exercice(self, **siege):
        adhesion = Adhesion.objects.actives().filter(**siege).select_related("utilisateur").first()
        if adhesion is None:
            raise SansObjet
        return adhesion.utilisateur

    def un(self, queryset):
        """One row drawn among these."""
        lignes = list(queryset.order_by("pk"))
        if not lignes:
            raise SansObjet
        return self.alea.choice(lignes)

    def hasard(self, part=0.5):
        return self.alea.random() < part

    def signalement(self, **filtres):
        return self.un(Signalement.objects.filter(versement__dossier=self.dossier, **filtres))

    def mission(self, **filtres):
        return self.un(self.dossier.missions.filter(**filtres))

    def entretien(self, **filtres):
        return self.un(self.dossier.entretiens.filter(**filtres))


# --- Triage and withdrawal


@action
def recevable(v):
    services.juger_recevable(v.signalement(), par=v.gab)


@action
def ecarter(v):
    services.ecarter(v.signalement(), "diplome", par=v.gab)


@action
def ecarter_dossier(v):
    services.ecarter_dossier(v.dossier, "hors_academie", par=v.gab)


@action
def retablir(v):
    services.retablir(v.signalement(etat__in=["hors_champ", "annule"]), par=v.gab)


@action
def completer(v):
    services.demander_complement(v.signalement(), "Quelle classe ?", par=v.gab)


@action
def repondre_question(v):
    question = v.un(Question.objects.ouvertes().filter(signalement__versement__dossier=v.dossier))
    repondre(question, "2 MELEC", par=question.signalement.auteur)


@action
def demander_le_retrait(v):
    envoi = v.signalement()
    retirer(envoi, "retour_formation", "", par=envoi.auteur)


@action
def repondre_au_retrait(v):
    envoi = v.signalement(questions__type=Question.Type.RETRAIT, questions__close_le__isnull=True)
    if v.hasard(0.7):
        services.confirmer_retrait(envoi, par=v.gab)
    else:
        services.refuser_retrait(envoi, "Il est toujours sorti", par=v.gab)


# --- Identity


@action
def second_signalement(v):
    deposer(v.m.cfa, v.m.basile, jeune=v.dossier.jeune, depuis=v.alea.randint(0, 100))


@action
def reunir(v):
    autre = v.un(Jeune.objects.filter(fusionne_dans__isnull=True).exclude(pk=v.dossier.jeune_id))
    fusions.fusionner(*fusions.choisir_garde(v.dossier.jeune, autre), par=v.gab)


@action
def annuler_la_reunion(v):
    fusion = v.un(Fusion.objects.filter(garde=v.dossier.jeune, annulee_le__isnull=True))
    cles = [f.cle for f in suites.faits(fusion)]
    cles += [f.rattachement.signalement_id for f in fusions.faits_posterieurs(fusion)]
    fusions.annuler_fusion(fusion, par=v.gab, suivent=frozenset(c for c in cles if v.hasard()))


@action
def detacher_un_signalement(v):
    detacher(v.signalement(), "homonyme", par=v.gab)


@action
def corriger_la_naissance(v):
    envoi = v.signalement()
    envoi.date_naissance = timezone.localdate() - timedelta(days=365 * v.alea.choice([16, 17, 19, 22]) + 90)
    envoi.save(update_fields=["date_naissance"])
    services.suivre_la_naissance(envoi, ["date_naissance"], par=envoi.auteur)


@action
def s_opposer(v):
    """The person opposes the processing, or takes the opposition back."""
    v.dossier.jeune.oppose_le = None if v.dossier.jeune.oppose_le else timezone.now()
    v.dossier.jeune.save(update_fields=["oppose_le"])


# --- Interviews


@action
def convoquer(v):
    creneau = v.alea.choice([None, *Creneau.objects.filter(bassin=v.dossier.bassin).libres()[:3]])
    quand = creneau.quand if creneau else timezone.now() + timedelta(days=v.alea.randint(-2, 9))
    services.convoquer(
        v.dossier,
        quand=quand,
        lieu="",
        mode="presence",
        canaux=[v.alea.choice(["lettre", "sms", "courriel"])],
        creneau=creneau,
        par=v.gab,
    )


@action
def convoquer_en_lot(v):
    agenda.convoquer_lot(list(agenda.a_convoquer(v.gab)[:3]), ["lettre"], par=v.gab)


@action
def relancer_la_convocation(v):
    services.convoquer_de_nouveau(v.entretien(etat="prevu"), "telephone", par=v.gab)


@action
def courrier_revenu(v):
    convocation = v.un(v.entretien(convocations__isnull=False).convocations.filter(revenue_le__isnull=True))
    services.noter_retour_courrier(convocation, par=v.gab)


@action
def tenir(v):
    services.constater(
        v.entretien(etat="prevu"), "tenir", par=v.gab, responsable_present=v.alea.choice(["oui", "non"])
    )


@action
def manquer(v):
    services.constater(v.entretien(etat="prevu"), v.alea.choice(["constater_absence", "excuser"]), par=v.gab)


@action
def reporter_ou_annuler(v):
    services.constater(v.entretien(etat="prevu"), v.alea.choice(["reporter", "annuler"]), par=v.gab)


@action
def corriger_l_absence(v):
    services.constater(v.entretien(etat__in=["absent", "absent_excuse"]), "corriger", par=v.gab)


@action
def corriger_la_grille(v):
    entretien = v.entretien()
    services.remplir_la_grille(
        entretien, par=v.gab, version=entretien.version, responsable_present=v.alea.choice(["oui", "non"])
    )


# --- Recommendations, missions, walk-ins


@action
def preconiser(v):
    services.preconiser(v.dossier, "apprentissage", par=v.gab)


@action
def missionner(v):
    services.missionner(v.dossier, v.alea.choice(v.m.operatrices), par=v.gab)


@action
def accepter(v):
    mission = v.mission(etat="proposee")
    services.accepter_mission(mission, par=v.operateur(mission.structure))


@action
def refuser(v):
    mission = v.mission(etat="proposee")
    services.refuser_mission(mission, "capacite", par=v.operateur(mission.structure))


@action
def terminer(v):
    mission = v.mission(etat="acceptee")
    services.terminer_mission(mission, "fin", par=v.operateur(mission.structure))


@action
def revoquer(v):
    services.revoquer_mission(v.mission(), "autre", par=v.gab)


@action
def reorienter(v):
    mission = v.mission(etat__in=["proposee", "acceptee"])
    services.demander_reorientation(mission, "essai", par=v.operateur(mission.structure))


@action
def repondre_a_une_tache(v):
    services.clore_tache(v.un(v.dossier.taches.ouvertes()), par=v.gab, accepter=v.hasard())


@action
def choisir_le_referent(v):
    suivi.choisir_referent(v.dossier, v.mission(etat="acceptee").structure, par=v.gab)


@action
def se_presenter(v):
    """A jeune whom nobody reported, or one whom the portal knows: nobody at the counter can tell."""
    structure = v.alea.choice(v.m.operatrices)
    jeune = v.dossier.jeune if v.hasard(0.7) else None
    deposer(structure, v.operateur(structure), jeune=jeune, origine="accueil")


@action
def confirmer_l_accueil(v):
    services.confirmer_accueil(v.mission(a_confirmer=True), par=v.gab)


# --- Séances


@action
def preparer_une_seance(v):
    bassin = v.dossier.bassin
    autres = Dossier.objects.ouverts().filter(bassin=bassin).exclude(pk=v.dossier.pk)[:2]
    seance = Seance(bassin=bassin, quand=timezone.now() + timedelta(days=1))
    seances.preparer(seance, [v.dossier, *autres], par=v.gab)
    seances.ouvrir(seance, par=v.gab)


@action
def decider_en_seance(v):
    ligne = v.un(v.dossier.lignes.filter(seance__etat="ouverte", seance__bassin=v.dossier.bassin))
    seances.decider(
        ligne,
        v.alea.choice(["preconiser", "missionner", "missionner", "reporter", "aucune"]),
        solution="apprentissage",
        structure=v.alea.choice(v.m.operatrices),
        par=v.gab,
    )


@action
def clore_la_seance(v):
    seance = v.un(Seance.objects.filter(etat="ouverte", bassin=v.dossier.bassin))
    if v.hasard(0.85):
        seances.clore(seance, par=v.gab)
    else:
        seances.annuler(seance, par=v.gab)


@action
def signer_la_seance(v):
    seances.signer(v.un(Seance.objects.filter(etat="close", bassin=v.dossier.bassin)), par=v.gab)


# --- Transfers


@action
def transferer(v):
    vers = v.m.lisieux if v.dossier.bassin_id == v.m.caen.pk else v.m.caen
    services.proposer_transfert(v.dossier, vers, "essai", par=v.gab)


@action
def accepter_le_transfert(v):
    _repondre_au_transfert(v, True)


@action
def refuser_le_transfert(v):
    _repondre_au_transfert(v, False)


def _repondre_au_transfert(v, accepte):
    transfert = v.un(v.dossier.transferts.filter(etat="propose"))
    services.repondre_transfert(transfert, accepte, par=v.coordinateur(transfert.vers_id))


@action
def reprendre_le_transfert(v):
    services.annuler_transfert(v.un(v.dossier.transferts.filter(etat="propose")), par=v.gab)


@action
def demenager(v):
    envoi = v.signalement()
    envoi.commune = v.alea.choice([v.m.commune_caen, v.m.commune_lisieux, v.m.commune_rouen])
    envoi.save(update_fields=["commune"])
    services.suivre_l_adresse(envoi, par=envoi.auteur)


# --- Follow-up and outcomes


def _suivre(v):
    """Who writes: the GAB, or the structure of an accepted mission."""
    missions = list(v.dossier.missions.filter(etat="acceptee").select_related("structure"))
    mission = v.alea.choice([None, *missions])
    return {"mission": mission, "par": v.operateur(mission.structure) if mission else v.gab}


@action
def noter_une_etape(v):
    contacts = Contact.objects.filter(signalement__versement__dossier=v.dossier)
    rappel = timezone.localdate() + timedelta(days=v.alea.randint(1, 60)) if v.hasard() else None
    type_ = v.alea.choice(["rdv_pris", "contacte", "coordonnees_incorrectes", "entree", "ne_plus_contacter"])
    suivi.noter_etape(v.dossier, type_, contact=contacts.first(), rappeler_le=rappel, **_suivre(v))


@action
def annuler_une_etape(v):
    etape = v.un(v.dossier.etapes.filter(annulee_le__isnull=True))
    suivi.annuler_etape(etape, par=v.operateur(etape.structure) if etape.structure else v.gab)


def _devenir(v, code, **champs):
    suivi.enregistrer_devenir(
        v.dossier, code, date=timezone.localdate(), source="jeune", **champs, **_suivre(v)
    )


@action
def solution(v):
    _devenir(v, v.alea.choice(["emploi_durable", "apprentissage"]))


@action
def accompagnement(v):
    _devenir(v, "accompagnement_ml", premier_rdv_le=timezone.localdate() if v.hasard() else None)


@action
def sans_solution(v):
    _devenir(v, "sans_solution")


@action
def deces(v):
    _devenir(v, "decede")


@action
def verifier_le_devenir(v):
    devenir = v.un(v.dossier.devenirs.filter(remplace_le__isnull=True, annule_le__isnull=True))
    suivi.verifier_devenir(devenir, par=v.gab)


@action
def corriger_le_devenir(v):
    devenir = v.un(v.dossier.devenirs.filter(remplace_le__isnull=True, annule_le__isnull=True))
    code = v.alea.choice(["sans_solution", "emploi_durable"])
    suivi.corriger_devenir(devenir, par=v.gab, version=devenir.version, code=code)


# --- The end, and again


@action
def clore(v):
    services.clore(v.dossier, "autre", par=v.gab, perdu_de_vue=v.hasard())


@action
def rouvrir(v):
    services.rouvrir(v.dossier, "essai", par=v.gab)


# --- The clock, people who leave, structures that close


@action
def le_temps_passe(v):
    """The tasks of the morning, some weeks later."""
    jours = v.alea.choice([1, 8, 20])
    jour, instant = timezone.localdate() + timedelta(days=jours), timezone.now() + timedelta(days=jours)
    for mission in v.dossier.missions.filter(etat="proposee"):
        if mission.expire_le < jour:
            services.expirer_mission(mission)
    relances.alerter_echeances_legales(jour)
    relances.alerter_transferts(instant)
    relances.proposer_transferts()
    relances.reprendre_les_questions_des_fermes()


@action
def partir(v):
    """An operator or a coordinator leaves; a colleague takes over, or nobody."""
    adhesion = v.un(
        Adhesion.objects.actives().filter(role__in=[Role.OPERATEUR, Role.COORDINATEUR_GAB, Role.MEMBRE_GAB])
    )
    reste = passation.repreneurs(adhesion).order_by("pk")
    passation.terminer_et_remettre(adhesion, par=v.m.rene, a=reste.first() if v.hasard() else None)


@action
def arriver(v):
    """Seats that nobody holds any more are taken again."""
    sieges = [(v.m.celia, Role.COORDINATEUR_GAB, v.m.caen), (v.m.denis, Role.COORDINATEUR_GAB, v.m.lisieux)]
    sieges += [(qui, Role.OPERATEUR, structure) for structure, qui in v.m.operateurs]
    vides = [s for s in sieges if not Adhesion.objects.actives().filter(utilisateur=s[0]).exists()]
    if not vides:
        raise SansObjet
    for qui, role, siege in vides:
        adherer(qui, role, siege)


@action
def fermer_une_structure(v):
    """It closes today; another takes its jeunes over, or its accesses end, or neither."""
    structure = v.un(Structure.objects.ouvertes().filter(pk__in=[s.pk for s in v.m.operatrices]))
    vers = v.alea.choice([None, *v.m.operatrices])
    structures.fermer(
        structure,
        timezone.localdate(),
        par=v.m.rene,
        reprise_par=vers if vers != structure else None,
        terminer_les_acces=v.hasard(),
    )


@action
def rouvrir_une_structure(v):
    """The closing was a mistake: what had moved comes back."""
    structure = v.un(Structure.objects.filter(fermee_le__isnull=False))
    derniere = structure.reprises_subies.filter(annulee_le__isnull=True).first()
    if derniere is None:
        Structure.objects.filter(pk=structure.pk).update(fermee_le=None, reprise_par=None)
    else:
        reprise.annuler(derniere, par=v.m.rene)


# --- The lives


def deposer(structure, auteur, jeune=None, origine="saisie", depuis=0):
    """A report sent about a known jeune or a new one, without the engine: identity is not the matter here."""
    envoi = signalement(structure, auteur, telephone="", origine=origine)
    Contact.objects.create(signalement=envoi, type="telephone", normalisee="+33639980001")
    workflow.franchir(envoi, "envoyer", par=auteur, envoye_le=timezone.now() - timedelta(days=depuis))
    jeune = jeune or Jeune.objects.create(identite=envoi)
    Rattachement.objects.create(signalement=envoi, jeune=jeune, mode="confirme", par=auteur)
    dossier = services.verser(envoi, jeune, par=auteur)
    services.accueillir_qui_se_presente(envoi, jeune, par=auteur)
    return dossier


@cache
def requete_des_anomalies(jour):
    """The checks of `verifier_coherence` on that day, as one query: (SQL, parameters)."""
    parties = [
        lignes.order_by()
        .annotate(quoi=Value(quoi, output_field=CharField()))
        .values_list("quoi", "reference")
        for quoi, lignes in (coherence.controles() | coherence.orphelins()).items()
    ]
    return parties[0].union(*parties[1:], all=True).query.sql_with_params()


def anomalies():
    """[(what, reference)]."""
    with connection.cursor() as curseur:
        curseur.execute(*requete_des_anomalies(timezone.localdate()))
        return curseur.fetchall()


def tirer(alea):
    """The name of an action, drawn among all; a rare one is drawn twice to be done."""
    nom = alea.choice(sorted(ACTIONS))
    return alea.choice(sorted(ACTIONS)) if nom in RARES else nom


def agir(m, pk, nom, alea):
    """One action on one dossier, then the checks. Returns whether the rules allowed it."""
    try:
        with transaction.atomic():
            ACTIONS[nom](Vie(m, Dossier.objects.select_related("bassin", "jeune").get(pk=pk), alea))
    except (SansObjet, *REFUS):
        return False
    assert anomalies() == [], nom
    return True


@pytest.fixture
def m(monde):
    """Two bassins; four operators, one of which has two people; a few free slots."""
    monde.cyril, monde.ophelie = personne("Cyril"), personne("Ophelie")
    monde.operateurs = [
        (monde.ml, monde.omar), (monde.ml, monde.ophelie), (monde.cio, monde.cyril), (monde.ml_lisieux, monde.olga),
    ]  # fmt: skip
    adherer(monde.cyril, Role.OPERATEUR, monde.cio)
    adherer(monde.ophelie, Role.OPERATEUR, monde.ml)
    monde.operatrices = [monde.ml, monde.cio, monde.ml_lisieux]
    for jours in range(1, 40):
        for bassin, par in ((monde.caen, monde.celia), (monde.lisieux, monde.denis)):
            Creneau.objects.create(
                bassin=bassin, quand=timezone.now() + timedelta(days=jours), cree_par=par, mene_par=par
            )
    return monde


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    graine=st.integers(0, 10**6),
    noms=st.lists(st.sampled_from(sorted(ACTIONS)), min_size=8, max_size=40),
)
def test_une_vie_au_hasard(m, graine, noms):
    """Three dossiers, one of a walk-in: what falls out is shrunk to the few actions that made it fall."""
    alea = random.Random(graine)
    with transaction.atomic():
        dossiers = [deposer(m.lycee, m.alice).pk, deposer(m.cfa, m.basile, depuis=60).pk]
        dossiers.append(deposer(m.ml, m.omar, origine="accueil").pk)
        for nom in noms:
            agir(m, alea.choice(dossiers), nom, alea)
        transaction.set_rollback(True)


def vivre(m, nombre, pas, graine=0):
    """`nombre` dossiers of the two bassins, by fives, and `pas` actions tried for each; how often each was allowed."""
    alea = random.Random(graine)
    ecoles = [(m.lycee, m.alice), (m.cfa, m.basile), (m.lycee_lisieux, m.lucie)]
    faits = Counter()
    for lot in range(nombre // 5):
        dossiers = [deposer(*alea.choice(ecoles), depuis=alea.randint(0, 100)).pk for _ in range(5)]
        if lot % 4 == 0:
            actualiser_les_statistiques()
        for _ in range(5 * pas):
            nom = tirer(alea)
            faits[nom] += agir(m, alea.choice(dossiers), nom, alea)
    return faits


def actualiser_les_statistiques():
    """What autovacuum does elsewhere: it does not see the rows of a test, which are never committed."""
    with connection.cursor() as curseur:
        curseur.execute(
            "ANALYZE gab_dossier, gab_versement, gab_mission, gab_transfert, gab_entretien, gab_ligneseance,"
            " signalements_signalement, dedoublonnage_jeune, dedoublonnage_rattachement, journal_passage"
        )


def test_cinq_cents_dossiers(m):
    faits = vivre(m, 500, 2)
    assert Dossier.objects.count() > 500 and sum(faits.values()) > 200
    assert len([nom for nom in ACTIONS if faits[nom]]) > 30
    assert coherence.verifier()["anomalies"] == 0


@pytest.mark.long
def test_cinq_cents_longues_vies(m):
    """Long enough for every action to have been allowed: other lives follow while one is still missing."""
    faits = vivre(m, 500, 20, graine=1)
    for graine in (2, 3, 4):
        if all(faits[nom] for nom in ACTIONS):
            break
        faits += vivre(m, 100, 20, graine=graine)
    assert [nom for nom in ACTIONS if not faits[nom]] == []
    assert coherence.verifier()["anomalies"] == 0

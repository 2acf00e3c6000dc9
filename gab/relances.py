"""What the clock does: missions that expire, reminders, legal clock, transfers without answer, reopened shares."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from qualit import workflow
from qualit.notifications import services as notifications
from qualit.web.templatetags.qualit import pluriel
from signalements.models import EtatSignalement, Question, Signalement

from . import services
from .models import ETATS_OUVERTS, Dossier, Mission, Tache, Transfert

RAPPEL_COMPLEMENT_JOURS = 7
SEUILS_LEGAUX = (30, 15, 7, 0)  # days before the legal deadline on which the GAB is told, once each


def expirer_missions(aujourdhui=None):
    """Expire the missions that nobody answered in time, closing days of the structure set apart. Returns how many."""
    aujourdhui = aujourdhui or timezone.localdate()
    nombre = 0
    for mission in Mission.objects.filter(etat="proposee", expire_le__lt=aujourdhui).select_related(
        "structure"
    ):
        limite = services.date_d_expiration(mission.structure, timezone.localdate(mission.proposee_le))
        with transaction.atomic():
            if limite >= aujourdhui:
                Mission.objects.filter(pk=mission.pk, etat="proposee").update(expire_le=limite)
                services.fixer_echeance(mission.dossier)
            else:
                services.expirer_mission(mission)
                nombre += 1
    return nombre


@transaction.atomic
def relancer_les_complements(aujourdhui=None):
    """Remind the schools, each week, of the questions that keep a report waiting. Returns how many."""
    aujourdhui = aujourdhui or timezone.localdate()
    nombre = 0
    questions = Question.objects.ouvertes().filter(
        type=Question.Type.COMPLETER, signalement__etat=EtatSignalement.A_COMPLETER
    )
    for question in questions.select_related("signalement__structure"):
        jours = (aujourdhui - timezone.localdate(question.posee_le)).days
        if jours > 0 and jours % RAPPEL_COMPLEMENT_JOURS == 0:
            signalement = question.signalement
            notifications.prevoir(
                "complement_demande",
                a=notifications.equipe(signalement.structure),
                boite=signalement.structure,
                lien=f"/mes-signalements/{signalement.reference}/",
                reference=signalement.reference,
            )
            nombre += 1
    return nombre


def relancer_missions(aujourdhui=None):
    """Remind, once, the structures whose answer is due within five days. Returns how many."""
    aujourdhui = aujourdhui or timezone.localdate()
    missions = Mission.objects.filter(
        etat="proposee",
        relancee_le__isnull=True,
        expire_le__range=(aujourdhui, aujourdhui + timedelta(days=5)),
    ).select_related("structure", "dossier")
    for mission in missions:
        services.relancer_mission(mission, par=None)
    return len(missions)


@transaction.atomic
def alerter_echeances_legales(aujourdhui=None):
    """Tell the GAB when a legal clock passes 30, 15, 7 and 0 days. Returns how many dossiers."""
    aujourdhui = aujourdhui or timezone.localdate()
    nombre = 0
    dossiers = (
        Dossier.objects.echeance_legale_proche(max(SEUILS_LEGAUX), aujourdhui)
        .filter(jeune__oppose_le__isnull=True, jeune__limite_le__isnull=True)
        .select_related("bassin")
        .select_for_update(of=("self",), skip_locked=True)
    )
    for dossier in dossiers:
        reste = (dossier.echeance_legale - aujourdhui).days
        seuil = min(s for s in SEUILS_LEGAUX if s >= max(reste, 0))
        if dossier.alerte_legale is not None and dossier.alerte_legale <= seuil:
            continue
        dossier.alerte_legale = seuil
        dossier.save(update_fields=["alerte_legale"])
        notifications.prevoir(
            "echeance_legale",
            a=services.responsables_du_bassin(dossier.bassin),
            lien=services.lien(dossier),
            reference=dossier.reference,
            precision="dépassée" if reste < 0 else f"dans {pluriel(reste, 'jour,jours')}",
        )
        nombre += 1
    return nombre


@transaction.atomic
def alerter_transferts(maintenant=None):
    """Tell the rectorat, once, of the transfers that wait for more than 7 days (setting). Returns how many."""
    maintenant = maintenant or timezone.now()
    limite = maintenant - timedelta(days=settings.QUALIT["ALERTE_TRANSFERT_JOURS"])
    transferts = Transfert.objects.filter(
        etat="propose", propose_le__lt=limite, alerte_le__isnull=True
    ).select_related("dossier", "vers__academie")
    nombre = 0
    for transfert in transferts.select_for_update(of=("self",), skip_locked=True):
        notifications.prevoir(
            "transfert_sans_reponse",
            a=[
                *notifications.rectorat(transfert.vers.academie),
                *services.responsables_du_bassin(transfert.vers),
            ],
            lien=services.lien(transfert.dossier),
            reference=transfert.dossier.reference,
        )
        transfert.alerte_le = maintenant
        transfert.save(update_fields=["alerte_le"])
        nombre += 1
    return nombre


def proposer_transferts(maintenant=None):
    """Reports that joined a dossier of another bassin, by their address: propose the transfer, once a report.

    Not done in the transaction of the sending, which must not depend on whether the jeune was known. Returns how many.
    """
    deja = Transfert.objects.filter(
        dossier=OuterRef("versement__dossier"),
        vers=OuterRef("commune__bassin"),
        propose_le__gte=OuterRef("versement__quand"),
    )
    plus_recent = Signalement.objects.filter(
        versement__dossier=OuterRef("versement__dossier"), envoye_le__gt=OuterRef("envoye_le")
    )
    signalements = (
        Signalement.objects.valides()
        .filter(
            versement__dossier__etat__in=sorted(ETATS_OUVERTS),
            commune__bassin__isnull=False,
            versement__quand__gte=(maintenant or timezone.now()) - timedelta(days=30),
        )
        .exclude(commune__bassin=F("versement__dossier__bassin"))
        .filter(~Exists(deja), ~Exists(plus_recent))
        .select_related("commune__bassin", "versement")
    )
    return len([s for s in signalements if services.suivre_l_adresse(s, par=None)])


@transaction.atomic
def reprendre_les_questions_des_fermes():
    """Questions to a school that has closed become tasks of the GAB: nobody there will answer. Returns how many."""
    questions = (
        Question.objects.ouvertes()
        .exclude(type=Question.Type.RETRAIT)
        .filter(signalement__structure__fermee_le__lte=timezone.localdate())
        .filter(signalement__versement__dossier__etat__in=sorted(ETATS_OUVERTS))
        .select_related("signalement__structure", "signalement__versement__dossier__bassin")
        .select_for_update(of=("self",), skip_locked=True)
    )
    nombre = 0
    for question in questions:
        signalement = question.signalement
        dossier = signalement.versement.dossier
        Tache.objects.create(
            dossier=dossier,
            type=Tache.Type.ETABLISSEMENT_FERME,
            texte=f"{signalement.structure}, fermé depuis. {question.get_type_display()} : {question.texte}",
        )
        question.close_le = timezone.now()
        question.save(update_fields=["close_le"])
        if signalement.etat == EtatSignalement.A_COMPLETER:
            workflow.franchir(signalement, "completer", par=None, systeme=True)
        notifications.prevoir(
            "tache_coordinateur",
            a=services.responsables_du_bassin(dossier.bassin),
            lien=services.lien(dossier),
            reference=dossier.reference,
            precision="question à un établissement fermé",
        )
        nombre += 1
    return nombre

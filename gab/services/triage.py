"""Triage of the reports, and their withdrawal."""

from django.db import transaction
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.models import Question, Signalement
from signalements.services import poser_question

from ..models import EtatDossier
from .dossiers import arreter_les_suites, autres_valides, avancer, exiger_ouvert, retirer_du_dossier, rouvrir


@transaction.atomic
def juger_recevable(signalement, *, par):
    """Accept a report: its reporter is told, and the jeune is to be received."""
    workflow.franchir(signalement, "juger_recevable", par=par, trie_le=timezone.now())
    dossier = signalement.versement.dossier
    if dossier.etat == EtatDossier.A_TRIER:
        avancer(dossier, "retenir", par=par)
    notifications.prevoir(
        "signalement_trie",
        a=notifications.equipe(signalement.structure),
        boite=signalement.structure,
        lien=f"/mes-signalements/{signalement.reference}/",
        reference=signalement.reference,
    )
    return dossier


@transaction.atomic
def demander_complement(signalement, question, *, par):
    """Ask the reporter something; the report waits, the dossier's clock goes on."""
    workflow.franchir(signalement, "demander_complement", par=par)
    return poser_question(signalement, Question.Type.COMPLETER, question, par=par)


@transaction.atomic
def ecarter(signalement, motif, *, par, precision=""):
    """Judge a report out of scope; the dossier follows when no other valid report is left in it."""
    workflow.franchir(
        signalement, "ecarter", par=par, motif=motif, motif_hors_champ=motif, trie_le=timezone.now()
    )
    dossier = signalement.versement.dossier
    if dossier.est_ouvert and not autres_valides(dossier, signalement):
        avancer(
            dossier,
            "ecarter",
            par=par,
            motif=motif,
            clos_le=timezone.now(),
            motif_hors_champ=motif,
            hors_champ_precision=precision,
        )
        arreter_les_suites(dossier, par=par)
    notifications.prevoir(
        "signalement_trie",
        a=notifications.equipe(signalement.structure),
        boite=signalement.structure,
        lien=f"/mes-signalements/{signalement.reference}/",
        reference=signalement.reference,
    )
    return dossier


@transaction.atomic
def ecarter_dossier(dossier, motif, *, par, precision=""):
    """Judge a whole dossier out of scope: each of its valid reports is judged so and its reporter told."""
    droits.exiger(par, Droit.TRIER, dossier)
    exiger_ouvert(dossier)
    valides = Signalement.objects.filter(versement__dossier=dossier).valides().select_related("structure")
    for signalement in valides:
        ecarter(signalement, motif, par=par, precision=precision)
    dossier.refresh_from_db(fields=["etat"])
    if dossier.est_ouvert:
        avancer(
            dossier,
            "ecarter",
            par=par,
            motif=motif,
            clos_le=timezone.now(),
            motif_hors_champ=motif,
            hors_champ_precision=precision,
        )
        arreter_les_suites(dossier, par=par)
    return dossier


@transaction.atomic
def confirmer_retrait(signalement, *, par):
    """Confirm a withdrawal asked by the reporter: convocations are cancelled, operators told, the clock stopped."""
    workflow.franchir(signalement, "confirmer_retrait", par=par, motif=signalement.motif_retrait)
    signalement.questions.filter(type=Question.Type.RETRAIT, close_le__isnull=True).update(
        close_le=timezone.now(), repondue_par=par, repondue_le=timezone.now()
    )
    retirer_du_dossier(signalement, par=par)


@transaction.atomic
def refuser_retrait(signalement, reponse, *, par):
    """Keep a report whose withdrawal was asked, and answer the reporter."""
    droits.exiger(par, Droit.TRIER, signalement)
    for question in signalement.questions.filter(type=Question.Type.RETRAIT, close_le__isnull=True):
        question.reponse, question.repondue_par = reponse, par
        question.repondue_le = question.close_le = timezone.now()
        question.save(update_fields=["reponse", "repondue_par", "repondue_le", "close_le"])
    signalement.motif_retrait = ""
    signalement.save(update_fields=["motif_retrait"])
    noter(Action.ECRITURE, "retrait_refuse", signalement, par=par)
    notifications.prevoir(
        "signalement_trie",
        a=notifications.equipe(signalement.structure),
        boite=signalement.structure,
        lien=f"/mes-signalements/{signalement.reference}/",
        reference=signalement.reference,
    )


@transaction.atomic
def retablir(signalement, *, par):
    """Take back a decision "hors champ" or a withdrawal: the report is to be triaged again, its dossier reopens.

    Raises TransitionImpossible when the jeune has another open dossier.
    """
    workflow.franchir(signalement, "retablir", par=par, motif_hors_champ="", trie_le=None)
    dossier = signalement.versement.dossier
    if not dossier.est_ouvert:
        rouvrir(dossier, "triage repris", par=par, systeme=True)
    return dossier

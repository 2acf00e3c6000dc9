"""The life of a dossier: where a report goes, who must act and when, its end and its reopening."""

import functools
import operator
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from qualit import workflow
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.models import (
    EtatSignalement,
    Signalement,
)

from ..models import (
    ETATS_OUVERTS,
    Creneau,
    Dossier,
    Entretien,
    EtatDossier,
    Mission,
    Transfert,
    Versement,
    calculer_echeance_legale,
)

# Who is in charge in each state, and in how many days they must act: the table of `docs/etats.md`.
DELAI_D_ACTION = {
    EtatDossier.A_TRIER: ("coordinateur_gab", 15),
    EtatDossier.ENTRETIEN_A_TENIR: ("membre_gab", 30),
    EtatDossier.ENTRETIEN_TENU: ("coordinateur_gab", 30),
    EtatDossier.PRECONISE: ("coordinateur_gab", 15),
    EtatDossier.MISSIONNE: ("operateur", 15),
    EtatDossier.PRIS_EN_CHARGE: ("operateur", 30),
    EtatDossier.EN_SOLUTION: ("operateur", 180),
}


def lien(dossier):
    """Path of the page of a dossier."""
    return f"/gab/dossiers/{dossier.reference}/"


def fixer_echeance(dossier):
    """Set the day by which somebody must act, from the state and the legal clock (None when finished)."""
    if dossier.etat not in ETATS_OUVERTS:
        dossier.prochaine_echeance = None
    else:
        jour = timezone.localdate() + timedelta(days=DELAI_D_ACTION[EtatDossier(dossier.etat)][1])
        if dossier.etat == EtatDossier.MISSIONNE:
            attente = dossier.missions.filter(etat=Mission.Etat.PROPOSEE).order_by("expire_le").first()
            jour = attente.expire_le if attente else jour
        elif dossier.etat == EtatDossier.EN_SOLUTION:  # until the outcome is to be checked again
            devenir = dossier.devenirs.filter(remplace_le__isnull=True, annule_le__isnull=True).first()
            jour = devenir.valable_jusqu_au if devenir else jour
        if dossier.echeance_legale and not dossier.recu_avec_responsable_le:
            jour = min(jour, dossier.echeance_legale)
        dossier.prochaine_echeance = jour
        if dossier.archive_le is not None:  # reopened: everybody reads it again
            dossier.archive_le = None
            type(dossier.jeune)._base_manager.filter(pk=dossier.jeune_id).update(archive_le=None)
    dossier.save(update_fields=["prochaine_echeance", "archive_le"])


def avancer(dossier, action, *, par, systeme=False, motif="", survenu_le=None, **champs):
    """Make a dossier take a transition and set its next deadline.

    A follow-up taken up again with no operator left comes back to the GAB: nobody would be in charge.
    """
    if action == "reprendre_suivi" and not dossier.missions.filter(etat=Mission.Etat.ACCEPTEE).exists():
        if not systeme:
            droits.exiger(par, Droit.SUIVRE, dossier)
        action, systeme = "revenir_au_gab", True
        if dossier.missions.filter(etat=Mission.Etat.PROPOSEE).exists():
            workflow.franchir(dossier, action, par=par, systeme=True, motif=motif)
            action = "missionner"
    workflow.franchir(dossier, action, par=par, systeme=systeme, motif=motif, survenu_le=survenu_le, **champs)
    fixer_echeance(dossier)
    return dossier


def exiger_ouvert(dossier):
    """Lock a dossier and read its state again. Raises TransitionImpossible when it is finished."""
    etat = Dossier.objects.select_for_update(of=("self",)).values_list("etat", flat=True).get(pk=dossier.pk)
    dossier.refresh_from_db(fields=["etat"])
    if etat not in ETATS_OUVERTS:
        raise workflow.TransitionImpossible(
            f"Ce dossier est terminé ({EtatDossier(etat).label.lower()}) : rouvrez-le d’abord."
        )


def exiger_non_gele(jeune):
    """Raise TransitionImpossible when the person opposed the processing or has it limited."""
    if jeune.est_gele:
        raise workflow.TransitionImpossible(jeune.a_ne_pas_contacter)


def responsables_du_bassin(bassin):
    """Active people of the GAB in charge."""
    return notifications.membres_du_gab(bassin)


def declarants(dossier):
    """Teams of the structures that reported the jeune: [(report, people)]."""
    return [
        (v.signalement, notifications.equipe(v.signalement.structure))
        for v in dossier.versements.select_related("signalement__structure")
    ]


def prevenir_declarants(dossier, code):
    """Tell the reporting structures that something happened on their reports."""
    for signalement, equipe in declarants(dossier):
        if signalement.etat == EtatSignalement.RECEVABLE:
            notifications.prevoir(
                code,
                a=equipe,
                boite=signalement.structure,
                lien=f"/mes-signalements/{signalement.reference}/",
                reference=signalement.reference,
            )


@transaction.atomic
def verser(signalement, jeune, *, par):
    """Place a report in the jeune's dossier: the open one, the last one reopened if both exits lie within
    12 months (setting), else a new one (decisions.md 2). Follows each attachment, in its transaction."""
    dossier = jeune.dossiers.select_for_update(of=("self",)).filter(etat__in=ETATS_OUVERTS).first()
    if dossier is None:
        dernier = (
            jeune.dossiers.select_for_update(of=("self",))
            .exclude(motif_cloture="fusion")
            .order_by("-ouvert_le")
            .first()
        )
        if dernier is not None and _meme_sortie(dernier, signalement):
            dossier = dernier
    echeance = calculer_echeance_legale(signalement)
    if dossier is None:
        dossier = Dossier.objects.create(
            jeune=jeune,
            bassin=signalement.bassin,
            date_sortie=signalement.date_sortie,
            ouvert_le=signalement.envoye_le,
            premier_envoi_le=signalement.envoye_le,
            echeance_legale=echeance,
            prioritaire=signalement.prioritaire,
        )
        workflow.passage(dossier, "ouvrir", "", par=par, survenu_le=signalement.envoye_le)
        fixer_echeance(dossier)
    else:
        if dossier.etat in {EtatDossier.CLOS, EtatDossier.PERDU_DE_VUE}:
            avancer(dossier, "rouvrir", par=par, systeme=True, clos_le=None, motif_cloture="")
        elif dossier.etat == EtatDossier.HORS_CHAMP:
            avancer(dossier, "retablir", par=par, systeme=True, clos_le=None, motif_hors_champ="")
        dossier.premier_envoi_le = min(dossier.premier_envoi_le, signalement.envoye_le)
        dossier.echeance_legale = min(filter(None, [dossier.echeance_legale, echeance]), default=None)
        dossier.prioritaire = dossier.prioritaire or signalement.prioritaire
        dossier.save(update_fields=["premier_envoi_le", "echeance_legale", "prioritaire"])
        fixer_echeance(dossier)
    Versement.objects.create(dossier=dossier, signalement=signalement)
    notifications.prevoir(
        "signalement_mineur_recu" if echeance and signalement.prioritaire else "signalement_recu",
        a=responsables_du_bassin(dossier.bassin),
        lien=lien(dossier),
        reference=dossier.reference,
    )
    return dossier


@transaction.atomic
def suivre_la_naissance(signalement, changes, *, par):
    """A corrected birth date may start the legal clock of its dossier, move it or stop it (L313-8)."""
    versement = getattr(signalement, "versement", None)
    if versement is None or "date_naissance" not in changes:
        return
    dossier = Dossier.objects.select_for_update(of=("self",)).get(pk=versement.dossier_id)
    valides = Signalement.objects.filter(versement__dossier=dossier).valides()
    echeances = [calculer_echeance_legale(s) for s in valides]
    dossier.echeance_legale = min(filter(None, echeances), default=None)
    dossier.alerte_legale = None
    dossier.save(update_fields=["echeance_legale", "alerte_legale"])
    fixer_echeance(dossier)


def _meme_sortie(dossier, signalement):
    if dossier.date_sortie is None or signalement.date_sortie is None:
        return True
    ecart = relativedelta(months=settings.QUALIT["REOUVERTURE_MOIS"])
    return dossier.date_sortie - ecart <= signalement.date_sortie <= dossier.date_sortie + ecart


@transaction.atomic
def separer(signalement, ancien, nouveau, *, par):
    """A report was detached from a jeune: it gets a dossier of the new jeune."""
    ancien_dossier = Dossier.objects.filter(versements__signalement=signalement).first()
    Versement.objects.filter(signalement=signalement).delete()
    if ancien_dossier and ancien_dossier.est_ouvert and not autres_valides(ancien_dossier, signalement):
        avancer(ancien_dossier, "clore", par=par, systeme=True, clos_le=timezone.now(), motif_cloture="autre")
        arreter_les_suites(ancien_dossier, par=par)
    finir_sans_signalement(verser(signalement, nouveau, par=par), par=par)


def finir_sans_signalement(dossier, *, par):
    """End an open dossier whose reports have all been withdrawn or judged out of scope. Returns whether it did."""
    signalements = Signalement.objects.filter(versement__dossier=dossier)
    if not dossier.est_ouvert or signalements.valides().exists():
        return False
    ecarte = signalements.filter(etat=EtatSignalement.HORS_CHAMP).order_by("trie_le").last()
    if ecarte is not None:
        motif = ecarte.motif_hors_champ
        avancer(
            dossier,
            "ecarter",
            par=par,
            systeme=True,
            motif=motif,
            motif_hors_champ=motif,
            clos_le=timezone.now(),
        )
    else:
        avancer(dossier, "clore", par=par, systeme=True, clos_le=timezone.now(), motif_cloture="retrait")
    arreter_les_suites(dossier, par=par)
    return True


def autres_valides(dossier, signalement):
    autres = Signalement.objects.filter(versement__dossier=dossier).valides().exclude(pk=signalement.pk)
    return autres.exists()


@transaction.atomic
def retirer_du_dossier(signalement, *, par):
    """After a withdrawal: the dossier closes when it holds no other valid report."""
    versement = getattr(signalement, "versement", None)
    if versement is None:
        return
    dossier = versement.dossier
    if dossier.est_ouvert and not autres_valides(dossier, signalement):
        avancer(dossier, "clore", par=par, systeme=True, clos_le=timezone.now(), motif_cloture="retrait")
        arreter_les_suites(dossier, par=par)


def deja_travailles(signalements):
    """The reports, among these, whose dossier has an interview, a preconisation, a mission or a transfer."""
    travail = ("entretiens", "preconisations", "missions", "transferts")
    avec = Dossier.objects.filter(
        functools.reduce(operator.or_, (Q(**{f"{t}__isnull": False}) for t in travail))
    )
    return signalements.filter(versement__dossier__in=avec.values("pk"))


def arreter_les_suites(dossier, *, par):
    """Cancel planned interviews, proposed transfers and live missions of a dossier that ends."""
    for entretien in dossier.entretiens.filter(etat=Entretien.Etat.PREVU):
        workflow.franchir(entretien, "annuler", par=par, systeme=True)
        Creneau.objects.filter(entretien=entretien).update(entretien=None)
    for transfert in dossier.transferts.filter(etat=Transfert.Etat.PROPOSE):
        workflow.franchir(transfert, "annuler", par=par, systeme=True)
    dossier.taches.ouvertes().update(close_le=timezone.now(), close_par=par)
    if dossier.referent_id is not None:
        dossier.referent = None
        dossier.save(update_fields=["referent"])
    for mission in dossier.missions.vivantes().select_related("structure"):
        workflow.franchir(mission, "revoquer", par=par, systeme=True, terminee_le=timezone.now())
        notifications.prevoir(
            "mission_retiree",
            a=notifications.equipe(mission.structure),
            boite=mission.structure,
            reference=dossier.reference,
        )


@transaction.atomic
def clore(dossier, motif, *, par, perdu_de_vue=False):
    """Close a dossier with a motive; planned interviews and live missions end with it."""
    avancer(
        dossier,
        "perdre_de_vue" if perdu_de_vue else "clore",
        par=par,
        motif=motif,
        clos_le=timezone.now(),
        motif_cloture=motif,
    )
    arreter_les_suites(dossier, par=par)
    prevenir_declarants(dossier, "retour_disponible")
    return dossier


@transaction.atomic
def rouvrir(dossier, motif, *, par, systeme=False):
    """Reopen a finished dossier; reports that had been judged out of scope with it are valid again.

    Raises TransitionImpossible when the jeune has another open one, or when every report was withdrawn.
    """
    if dossier.jeune.dossiers.ouverts().exclude(pk=dossier.pk).exists():
        raise workflow.TransitionImpossible("Ce jeune a déjà un dossier ouvert.")
    if dossier.etat == EtatDossier.EN_SOLUTION and dossier.missions.vivantes().exists():
        raise workflow.TransitionImpossible(
            "Une structure suit encore ce jeune : c’est à elle de reprendre le suivi, ou retirez d’abord sa mission."
        )
    signalements = Signalement.objects.filter(versement__dossier=dossier)
    if not systeme and not signalements.valides().exists():
        ecartes = signalements.filter(etat=EtatSignalement.HORS_CHAMP)
        if not ecartes:
            raise workflow.TransitionImpossible("Tous les signalements de ce dossier ont été retirés.")
        for signalement in ecartes:
            workflow.franchir(signalement, "retablir", par=par, motif_hors_champ="")
    action = "retablir" if dossier.etat == EtatDossier.HORS_CHAMP else "rouvrir"
    return avancer(
        dossier,
        action,
        par=par,
        systeme=systeme,
        motif=motif[:200],
        clos_le=None,
        motif_cloture="",
        motif_hors_champ="",
        hors_champ_precision="",
    )

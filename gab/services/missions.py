"""Recommendations and missions."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.models import Signalement

from ..models import (
    Dossier,
    Entretien,
    EtatDossier,
    Mission,
    Preconisation,
    Tache,
)
from .dossiers import (
    arreter_les_suites,
    avancer,
    exiger_non_gele,
    exiger_ouvert,
    finir_sans_signalement,
    fixer_echeance,
    lien,
    prevenir_declarants,
    responsables_du_bassin,
    rouvrir,
)

#: States that a first mission leaves.
AVANT_MISSION = frozenset(
    {EtatDossier.A_TRIER, EtatDossier.ENTRETIEN_A_TENIR, EtatDossier.ENTRETIEN_TENU, EtatDossier.PRECONISE}
)


@transaction.atomic
def preconiser(dossier, solution, *, par, synthese="", seance=None, donnee_le=None):
    """Record the type of solution that the GAB recommends; history is kept."""
    droits.exiger(par, Droit.PRECONISER, dossier)
    exiger_ouvert(dossier)
    preconisation = Preconisation.objects.create(
        dossier=dossier,
        solution=solution,
        synthese=synthese,
        seance=seance,
        par=par,
        donnee_le=donnee_le or timezone.localdate(),
    )
    if dossier.etat in {EtatDossier.ENTRETIEN_TENU, EtatDossier.PRECONISE}:
        avancer(dossier, "preconiser", par=par)
    noter(Action.ECRITURE, "preconisation", preconisation, par=par, jeunes=[dossier.jeune_id])
    prevenir_declarants(dossier, "retour_disponible")
    return preconisation


def date_d_expiration(structure, depuis=None):
    """The day by which a structure must answer: N days (setting) that skip its closing days."""
    jour = depuis or timezone.localdate()
    reste = settings.QUALIT["EXPIRATION_MISSION_JOURS"]
    fermetures = list(structure.fermetures.filter(fin__gte=jour).values_list("debut", "fin"))
    while reste > 0:
        jour += timedelta(days=1)
        if not any(debut <= jour <= fin for debut, fin in fermetures):
            reste -= 1
    return jour


@transaction.atomic
def missionner(dossier, structure, *, par, message="", preconisation=None, urgente=False, place=None):
    """Commission a structure; it has N days to answer. Raises IntegrityError when it already holds a live mission."""
    droits.exiger(par, Droit.MISSIONNER, dossier)
    exiger_ouvert(dossier)
    exiger_non_gele(dossier.jeune)
    mission = Mission.objects.create(
        dossier=dossier,
        structure=structure,
        preconisation=preconisation or dossier.preconisations.first(),
        message=message,
        urgente=urgente,
        place=place,
        proposee_par=par,
        expire_le=date_d_expiration(structure),
    )
    workflow.passage(mission, "proposer", "", par=par)
    if dossier.etat in AVANT_MISSION:
        avancer(dossier, "missionner", par=par)
    else:
        fixer_echeance(dossier)
    notifications.prevoir(
        "mission_urgente" if urgente else "mission_proposee",
        a=notifications.equipe(structure),
        boite=structure,
        lien=f"/missions/{mission.reference}/",
        reference=dossier.reference,
    )
    noter(Action.ECRITURE, "mission", mission, par=par, jeunes=[dossier.jeune_id])
    prevenir_declarants(dossier, "retour_disponible")
    return mission


@transaction.atomic
def accepter_mission(mission, *, par, connaissance="", numero_imilo=""):
    """The structure takes the jeune on; it becomes the referent when there is none."""
    workflow.franchir(
        mission,
        "accepter",
        par=par,
        repondue_par=par,
        repondue_le=timezone.now(),
        connaissance=connaissance,
        numero_imilo=numero_imilo,
        conseiller=par,
    )
    dossier = mission.dossier
    donner_un_referent(dossier, mission.structure)
    if dossier.etat == EtatDossier.MISSIONNE:
        avancer(dossier, "prendre_en_charge", par=par, systeme=True)
    notifications.prevoir(
        "mission_acceptee",
        a=responsables_du_bassin(dossier.bassin),
        lien=lien(dossier),
        reference=dossier.reference,
    )
    prevenir_declarants(dossier, "retour_disponible")
    return mission


@transaction.atomic
def refuser_mission(mission, motif, *, par, precision=""):
    """The structure declines, with a motive; the dossier comes back to the GAB when no other mission lives."""
    workflow.franchir(
        mission,
        "refuser",
        par=par,
        motif=motif,
        repondue_par=par,
        repondue_le=timezone.now(),
        motif_refus=motif,
        precision_refus=precision,
    )
    revenir_au_gab(mission, "mission_refusee", par=par)
    return mission


@transaction.atomic
def expirer_mission(mission):
    """Nobody answered in time."""
    workflow.franchir(mission, "expirer", par=None, systeme=True)
    revenir_au_gab(mission, "mission_expiree", par=None)


@transaction.atomic
def terminer_mission(mission, motif, *, par):
    """The structure ends its mission; the dossier comes back to the GAB unless a solution or another mission stands."""
    workflow.franchir(
        mission, "terminer", par=par, motif=motif[:200], terminee_le=timezone.now(), motif_fin=motif
    )
    revenir_au_gab(mission, "mission_terminee", par=par)
    return mission


@transaction.atomic
def relancer_mission(mission, *, par):
    """Remind a structure that a mission waits for its answer."""
    if par is not None:
        droits.exiger(par, Droit.MISSIONNER, mission.dossier)
    mission.relancee_le = timezone.now()
    mission.save(update_fields=["relancee_le"])
    notifications.prevoir(
        "mission_relance",
        a=notifications.equipe(mission.structure),
        boite=mission.structure,
        lien=f"/missions/{mission.reference}/",
        reference=mission.dossier.reference,
    )
    noter(Action.ECRITURE, "mission_relancee", mission, par=par, jeunes=[mission.dossier.jeune_id])


@transaction.atomic
def demander_reorientation(mission, texte, *, par):
    """The operator asks the GAB for another solution; the mission goes on until the coordinator answers."""
    droits.exiger(par, Droit.REPONDRE_MISSION, mission)
    if mission.etat not in {Mission.Etat.PROPOSEE, Mission.Etat.ACCEPTEE}:
        raise workflow.TransitionImpossible("Cette mission n’est plus en cours.")
    tache, nouvelle = Tache.objects.get_or_create(
        dossier=mission.dossier,
        mission=mission,
        type=Tache.Type.REORIENTATION,
        close_le=None,
        defaults={"texte": texte, "creee_par": par},
    )
    if nouvelle:
        noter(Action.ECRITURE, "reorientation_demandee", mission, par=par, jeunes=[mission.dossier.jeune_id])
        notifications.prevoir(
            "reorientation_demandee",
            a=responsables_du_bassin(mission.dossier.bassin),
            lien=lien(mission.dossier),
            reference=mission.dossier.reference,
        )
    return tache


@transaction.atomic
def revoquer_mission(mission, motif, *, par):
    """The coordinator withdraws a mission."""
    workflow.franchir(
        mission, "revoquer", par=par, motif=motif[:200], terminee_le=timezone.now(), motif_fin=motif
    )
    notifications.prevoir(
        "mission_retiree",
        a=notifications.equipe(mission.structure),
        boite=mission.structure,
        reference=mission.dossier.reference,
    )
    revenir_au_gab(mission, None, par=par)
    return mission


def revenir_au_gab(mission, code, *, par):
    """With no live mission left, a dossier that waited for one comes back to the GAB; else the live one gives the state."""
    dossier = Dossier.objects.select_for_update(of=("self",)).get(pk=mission.dossier_id)
    suivre_les_missions(dossier, par=par)
    if code:
        notifications.prevoir(
            code, a=responsables_du_bassin(dossier.bassin), lien=lien(dossier), reference=dossier.reference
        )


def suivre_les_missions(dossier, *, par):
    """The most advanced live mission gives the state and the referent of an open dossier that expects an operator."""
    etats = dict(dossier.missions.vivantes().order_by("-proposee_le").values_list("structure", "etat"))
    acceptees = [structure for structure, etat in etats.items() if etat == Mission.Etat.ACCEPTEE]
    if dossier.referent_id is not None and dossier.referent_id not in acceptees:
        dossier.referent_id = acceptees[0] if acceptees else None
        dossier.save(update_fields=["referent"])
    if not etats and dossier.etat in {EtatDossier.MISSIONNE, EtatDossier.PRIS_EN_CHARGE}:
        avancer(dossier, "revenir_au_gab", par=par, systeme=True)
    elif dossier.etat == EtatDossier.PRIS_EN_CHARGE and not acceptees:
        avancer(dossier, "revenir_au_gab", par=par, systeme=True)
        avancer(dossier, "missionner", par=par, systeme=True)


def donner_un_referent(dossier, structure):
    """The structure that follows the jeune is the referent when there is none."""
    if dossier.referent_id is None:
        dossier.referent = structure
        dossier.save(update_fields=["referent"])


@transaction.atomic
def accorder(dossier, *, par):
    """Make the state of a dossier agree with its reports and its missions, after these went from one to another."""
    if dossier.est_ouvert and finir_sans_signalement(dossier, par=par):
        return
    vivantes = set(dossier.missions.vivantes().values_list("etat", flat=True))
    if not dossier.est_ouvert:
        if not vivantes and not dossier.entretiens.filter(etat=Entretien.Etat.PREVU).exists():
            return
        ailleurs = dossier.jeune.dossiers.ouverts().exists()  # another one is in charge of this jeune
        if ailleurs or not Signalement.objects.filter(versement__dossier=dossier).valides().exists():
            arreter_les_suites(dossier, par=par)
            return
        rouvrir(dossier, "réunion annulée", par=par, systeme=True)
    suivre_les_missions(dossier, par=par)
    if vivantes and dossier.etat in AVANT_MISSION:
        avancer(dossier, "missionner", par=par, systeme=True)
    if Mission.Etat.ACCEPTEE in vivantes:
        if dossier.etat == EtatDossier.MISSIONNE:
            avancer(dossier, "prendre_en_charge", par=par, systeme=True)
        donner_un_referent(dossier, dossier.missions.filter(etat=Mission.Etat.ACCEPTEE).last().structure)

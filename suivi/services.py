"""The follow-up and the outcome: steps, outcomes that expire, wrong contacts, returns read."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from gab.models import EtatDossier, Mission
from gab.services import (
    arreter_les_suites,
    avancer,
    fixer_echeance,
    lien,
    places,
    prevenir_declarants,
    responsables_du_bassin,
)
from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Utilisateur
from qualit.territoire.nomenclatures import terme
from qualit.territoire.roles import Role
from signalements.models import EtatContact, Question
from signalements.services import ConflitDeVersion, marquer_contact, poser_question

from .models import Devenir, Etape, LectureRetour

# How long an outcome is believed without a new check, in days.
VALIDITE = {"formation": 300, "insertion": 180, "accompagnement": 120, "": 60}

# One click after a call: result → (type of step, new state of the contact, or None to leave it).
APPELS = {
    "repondu": ("contacte", EtatContact.VERIFIE),
    "messagerie": ("contacte_sans_reponse", None),
    "faux_numero": ("coordonnees_incorrectes", EtatContact.FAUX),
    "rappeler": ("contacte_sans_reponse", None),
}


def groupe_de(code, le=None):
    """The group of an outcome on that day: formation, insertion, accompagnement, or '' when it is no solution."""
    t = terme("devenirs", code, le) or terme("solutions", code, le)
    return (t.plus.get("groupe") or "") if t else ""


def exiger_suivi(par, dossier, mission, *, terminee=False):
    """Who keeps the follow-up: the structure of an accepted mission (or ended, where `terminee`), or the GAB in charge.

    Raises PermissionDenied, or TransitionImpossible when the mission is not, or no longer, accepted.
    """
    droits.exiger(par, Droit.SUIVRE, mission or dossier)
    permis = [Mission.Etat.ACCEPTEE, Mission.Etat.TERMINEE] if terminee else [Mission.Etat.ACCEPTEE]
    if mission is not None and mission.etat not in permis:
        raise workflow.TransitionImpossible(
            "Le suivi se note sur une mission acceptée : cette mission ne l’est pas, ou ne l’est plus."
        )


@transaction.atomic
def noter_etape(
    dossier, type_, *, par, mission=None, date=None, synthese="", note="", contact=None, rappeler_le=None
):
    """Record a step. Wrong contacts open a task at the reporter; "ne souhaite plus être contacté" stops reminders.

    What the step changes elsewhere is kept in `effets`, so that `annuler_etape` puts it back.
    """
    exiger_suivi(par, dossier, mission)
    etape = Etape.objects.create(
        dossier=dossier,
        mission=mission,
        structure=mission.structure if mission else None,
        type=type_,
        date=date or timezone.localdate(),
        synthese=synthese,
        note=note,
        contact=contact,
        rappeler_le=rappeler_le,
        par=par,
    )
    effets = {}
    if type_ == "coordonnees_incorrectes":
        effets = signaler_coordonnees(dossier, contact, par=par, mission=mission)
    elif type_ == "contacte" and contact is not None and contact.etat != EtatContact.VERIFIE:
        effets = {"contact_etat": contact.etat}
        marquer_contact(contact, EtatContact.VERIFIE, par=par)
    elif type_ == "ne_plus_contacter" and dossier.jeune.ne_plus_contacter_le is None:
        effets = {"ne_plus_contacter": True}
        ne_plus_contacter(dossier.jeune)
    elif type_ == "entree" and mission and (place := places.confirmer_entree(mission, par=par)):
        effets = {"place": place.pk}
    if effets:
        etape.effets = effets
        etape.save(update_fields=["effets"])
    dossier.refresh_from_db(fields=["etat"])
    fixer_echeance(dossier)
    if rappeler_le and dossier.est_ouvert:  # a finished dossier waits for nobody
        dossier.prochaine_echeance = min(filter(None, [dossier.prochaine_echeance, rappeler_le]))
        dossier.save(update_fields=["prochaine_echeance"])
    noter(Action.ECRITURE, f"etape_{type_}", etape, par=par, jeunes=[dossier.jeune_id])
    return etape


@transaction.atomic
def voir_coordonnees(mission, reponse, *, par):
    """The structure has seen this answer about the contacts, and those before it; a later one still waits."""
    droits.exiger(par, Droit.REPONDRE_MISSION, mission)
    mission.coordonnees_vues_le = max(filter(None, [mission.coordonnees_vues_le, reponse.repondue_le]))
    mission.save(update_fields=["coordonnees_vues_le"])
    noter(Action.ECRITURE, "coordonnees_vues", mission, par=par, jeunes=[mission.dossier.jeune_id])


def ne_plus_contacter(jeune):
    """No reminder any more about this jeune, whoever follows them."""
    jeune.ne_plus_contacter_le = timezone.now()
    jeune.save(update_fields=["ne_plus_contacter_le"])


@transaction.atomic
def noter_appel(dossier, contact, resultat, *, par, mission=None, rappeler_le=None):
    """Record a call in one click (`APPELS`); "rappeler" takes a day. Returns the `Etape`, which can be undone."""
    type_, _ = APPELS[resultat]
    return noter_etape(dossier, type_, par=par, mission=mission, contact=contact, rappeler_le=rappeler_le)


@transaction.atomic
def annuler_etape(etape, *, par):
    """Undo a step: what it changed elsewhere comes back, unless somebody acted on it since.

    Raises TransitionImpossible when it was undone already.
    """
    exiger_suivi(par, etape.dossier, etape.mission)
    actuelle = Etape.objects.select_for_update(of=("self",)).get(pk=etape.pk)
    if actuelle.annulee_le is not None:
        raise workflow.TransitionImpossible("Cette étape a déjà été annulée.")
    actuelle.annulee_le = timezone.now()
    actuelle.version += 1
    actuelle.save(update_fields=["annulee_le", "version"])
    effets = actuelle.effets
    if "contact_etat" in effets and actuelle.contact is not None:
        marquer_contact(actuelle.contact, effets["contact_etat"], par=par)
    if questions := effets.get("questions"):
        Question.objects.filter(reference__in=questions, close_le__isnull=True, reponse="").update(
            close_le=timezone.now(), reponse="Sans objet : le numéro est bon."
        )
    if effets.get("ne_plus_contacter"):
        jeune = actuelle.dossier.jeune
        jeune.ne_plus_contacter_le = None
        jeune.save(update_fields=["ne_plus_contacter_le"])
    if effets.get("place") and actuelle.mission is not None:
        places.rendre(actuelle.mission, effets["place"], par=par)
    if actuelle.mission is None:
        _reprendre_l_echeance(actuelle.dossier)
    noter(Action.ECRITURE, "etape_annulee", actuelle, par=par, jeunes=[actuelle.dossier.jeune_id])
    return actuelle


def _reprendre_l_echeance(dossier):
    """The deadline of a dossier again, no later than the call that the GAB is to make."""
    fixer_echeance(dossier)
    rappel = Etape.objects.rappels_du_gab().filter(dossier=dossier).values_list("rappeler_le", flat=True)
    if dossier.est_ouvert and rappel:
        dossier.prochaine_echeance = min(dossier.prochaine_echeance, rappel[0])
        dossier.save(update_fields=["prochaine_echeance"])


@transaction.atomic
def classer_rappel(etape, *, par, fait=True):
    """The GAB says that the call noted by this step was made, or that it is to be made after all.

    Raises TransitionImpossible when the step was undone, or says no such day.
    """
    exiger_suivi(par, etape.dossier, etape.mission)
    actuelle = Etape.objects.select_for_update(of=("self",)).get(pk=etape.pk)
    if actuelle.annulee_le is not None:
        raise workflow.TransitionImpossible("Cette étape a été annulée.")
    if actuelle.mission_id is not None or actuelle.rappeler_le is None:
        raise workflow.TransitionImpossible("Cette étape n’est pas un rappel du GAB.")
    actuelle.rappel_fait_le = timezone.now() if fait else None
    actuelle.version += 1
    actuelle.save(update_fields=["rappel_fait_le", "version"])
    _reprendre_l_echeance(actuelle.dossier)
    noter(
        Action.ECRITURE,
        "rappel_fait" if fait else "rappel_remis",
        actuelle,
        par=par,
        jeunes=[actuelle.dossier.jeune_id],
    )
    return actuelle


@transaction.atomic
def modifier_etape(etape, *, par, version, **champs):
    """Correct a step of one's own structure. Raises ConflitDeVersion when somebody saved it meanwhile."""
    exiger_suivi(par, etape.dossier, etape.mission)
    actuelle = Etape.objects.select_for_update(of=("self",)).get(pk=etape.pk)
    if actuelle.version != version:
        raise ConflitDeVersion(actuelle)
    if actuelle.annulee_le is not None:
        raise workflow.TransitionImpossible("Cette étape a été annulée.")
    for nom, valeur in champs.items():
        setattr(actuelle, nom, valeur)
    actuelle.version += 1
    actuelle.save(update_fields=[*champs, "version"])
    noter(
        Action.ECRITURE,
        "etape_modifiee",
        actuelle,
        par=par,
        jeunes=[actuelle.dossier.jeune_id],
        champs=sorted(champs),
    )
    return actuelle


def signaler_coordonnees(dossier, contact, *, par, mission=None):
    """Mark a contact wrong and ask the structure that gave it for another (without a contact: every reporter whose
    report the person sees). Returns what changed, for the undo."""
    effets = {}
    if contact is not None:
        effets["contact_etat"] = contact.etat
        marquer_contact(contact, EtatContact.FAUX, par=par)
        signalements = [contact.signalement]
    else:
        versements = dossier.versements.select_related("signalement__structure")
        if mission is not None and mission.a_confirmer:
            versements = versements.filter(signalement__structure=mission.structure)
        signalements = [v.signalement for v in versements]
    effets["questions"] = [
        poser_question(
            signalement,
            Question.Type.COORDONNEES,
            "Les coordonnées données ne permettent pas de joindre le jeune : pouvez-vous les corriger ?",
            par=par,
            contact=contact,
        ).reference
        for signalement in signalements
    ]
    return effets


@transaction.atomic
def enregistrer_devenir(
    dossier,
    code,
    *,
    date,
    source,
    par,
    mission=None,
    precision="",
    premier_rdv_le=None,
    valable_jusqu_au=None,
    vu=None,
):
    """Record what became of the jeune; the former outcome is kept as history. Returns the `Devenir`.

    A solution of the group accompagnement counts from the first appointment held (domaine.md §4). vu: reference of
    the outcome that the person had before them ('' for none); raises ConflitDeVersion when another was recorded since.
    """
    exiger_suivi(par, dossier, mission, terminee=True)
    type(dossier).objects.select_for_update(of=("self",)).get(pk=dossier.pk)
    actuel = dossier.devenirs.select_for_update(of=("self",)).filter(
        remplace_le__isnull=True, annule_le__isnull=True
    )
    actuel = actuel.first()
    if vu is not None and (actuel.reference if actuel else "") != vu:
        raise ConflitDeVersion(actuel)
    groupe = groupe_de(code, date)
    if actuel is not None:
        actuel.remplace_le = timezone.now()
        actuel.version += 1
        actuel.save(update_fields=["remplace_le", "version"])
    devenir = Devenir.objects.create(
        dossier=dossier,
        mission=mission,
        code=code,
        groupe=groupe,
        date=date,
        source=source,
        precision=precision,
        premier_rdv_le=premier_rdv_le,
        valable_jusqu_au=valable_jusqu_au or timezone.localdate() + timedelta(days=VALIDITE[groupe]),
        par=par,
    )
    _accorder_le_dossier(dossier, devenir, par=par)
    arret = terme("devenirs", code, date)
    if mission is not None and est_solution(groupe, premier_rdv_le):
        places.confirmer_entree(mission, par=par)
    if arret is not None and arret.plus.get("arrete_courriers"):
        ne_plus_contacter(dossier.jeune)
        if dossier.est_ouvert:  # nobody convenes, reminds or writes any more
            avancer(dossier, "clore", par=par, systeme=True, clos_le=timezone.now(), motif_cloture=code)
            arreter_les_suites(dossier, par=par)
    noter(Action.ECRITURE, f"devenir_{code}", devenir, par=par, jeunes=[dossier.jeune_id])
    if arret is None or not arret.plus.get("arrete_courriers"):
        prevenir_declarants(dossier, "devenir_enregistre")
    notifications.prevoir(
        "devenir_enregistre",
        a=[u for u in responsables_du_bassin(dossier.bassin) if u != par],
        lien=lien(dossier),
        reference=dossier.reference,
    )
    return devenir


def est_solution(groupe, premier_rdv_le):
    """Whether an outcome of that group counts as a solution."""
    return bool(groupe) and (groupe != "accompagnement" or premier_rdv_le is not None)


def _accorder_le_dossier(dossier, devenir, *, par):
    """Make the state of the dossier follow its current outcome."""
    dossier.refresh_from_db(fields=["etat"])
    compte = est_solution(devenir.groupe, devenir.premier_rdv_le)
    if compte and dossier.etat != EtatDossier.EN_SOLUTION and dossier.est_ouvert:
        avancer(dossier, "trouver_solution", par=par, systeme=True, survenu_le=timezone.now())
    elif not compte and dossier.etat == EtatDossier.EN_SOLUTION:
        avancer(dossier, "reprendre_suivi", par=par, systeme=True)
    elif dossier.est_ouvert:
        fixer_echeance(dossier)


@transaction.atomic
def corriger_devenir(devenir, *, par, version, **champs):
    """Correct the outcome in force (date, source, precision, first appointment, validity, or its code).

    Raises ConflitDeVersion when somebody saved it meanwhile.
    """
    droits.exiger(par, Droit.SUIVRE, devenir)
    actuel = Devenir.objects.select_for_update(of=("self",)).get(pk=devenir.pk)
    if actuel.version != version or actuel.remplace_le or actuel.annule_le:
        raise ConflitDeVersion(actuel)
    for nom, valeur in champs.items():
        setattr(actuel, nom, valeur)
    actuel.groupe = groupe_de(actuel.code, actuel.date)
    actuel.version += 1
    actuel.save()
    _accorder_le_dossier(actuel.dossier, actuel, par=par)
    noter(
        Action.ECRITURE,
        "devenir_corrige",
        actuel,
        par=par,
        jeunes=[actuel.dossier.jeune_id],
        champs=sorted(champs),
    )
    return actuel


@transaction.atomic
def verifier_devenir(devenir, *, par, valable_jusqu_au=None, version=None):
    """Confirm that an outcome still holds, for as long again. Raises ConflitDeVersion."""
    droits.exiger(par, Droit.SUIVRE, devenir)
    actuel = Devenir.objects.select_for_update(of=("self",)).get(pk=devenir.pk)
    if actuel.remplace_le or (version is not None and actuel.version != version):
        raise ConflitDeVersion(actuel)
    actuel.verifie_le = timezone.localdate()
    actuel.valable_jusqu_au = valable_jusqu_au or timezone.localdate() + timedelta(
        days=VALIDITE[actuel.groupe]
    )
    actuel.rappele_le = None
    actuel.version += 1
    actuel.save(update_fields=["verifie_le", "valable_jusqu_au", "rappele_le", "version"])
    fixer_echeance(actuel.dossier)
    noter(Action.ECRITURE, "devenir_verifie", actuel, par=par, jeunes=[actuel.dossier.jeune_id])
    return actuel


@transaction.atomic
def lire_retour(signalement, *, par):
    """Record that this person opened the return (posted by the page, so that a prefetch does not count)."""
    notifications.marquer_lus(par, references=[signalement.reference])
    return LectureRetour.objects.create(signalement=signalement, utilisateur=par)


@transaction.atomic
def confier(mission, conseiller, *, par):
    """Say which colleague of the structure follows this mission (None: nobody in particular)."""
    droits.exiger(par, Droit.REPONDRE_MISSION, mission)
    if conseiller is not None and conseiller not in collegues(mission.structure):
        raise workflow.TransitionImpossible("Cette personne n’est pas de votre structure.")
    mission.conseiller = conseiller
    mission.save(update_fields=["conseiller"])
    noter(Action.ECRITURE, "mission_confiee", mission, par=par, jeunes=[mission.dossier.jeune_id])


@transaction.atomic
def choisir_referent(dossier, structure, *, par):
    """Of the structures that follow a jeune, the one that answers for the whole."""
    droits.exiger(par, Droit.MISSIONNER, dossier)
    if not dossier.missions.filter(structure=structure, etat=Mission.Etat.ACCEPTEE).exists():
        raise workflow.TransitionImpossible("Cette structure ne suit pas (ou plus) ce jeune.")
    dossier.referent = structure
    dossier.save(update_fields=["referent"])
    noter(Action.ECRITURE, "referent_choisi", dossier, par=par, jeunes=[dossier.jeune_id])


def collegues(structure):
    """Active people of a structure, by name."""
    return collegues_de([structure.pk])


def collegues_de(structures):
    """Active people of these structures (ids) who may follow a jeune, by name."""
    return Utilisateur.objects.filter(
        pk__in=Adhesion.objects.actives()
        .filter(structure__in=structures, role=Role.OPERATEUR)
        .values("utilisateur")
    ).order_by("nom", "prenom")

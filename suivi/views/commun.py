"""What the pages of the operator share: find a mission, its card, a form, what to say when two people typed."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from gab.models import Mission, Tache
from qualit import workflow
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.nomenclatures import libelle

from .. import coordonnees, services
from .. import missions as lectures
from ..forms import (
    ConfierForm,
    EtapeForm,
    RappelForm,
)

POST = ("POST",)


GET_POST = ("GET", "POST")


def mes_missions(user):
    """Missions of the structures for which this person answers."""
    return (
        Mission.objects.visibles_par(user)
        .pour(user)
        .select_related("structure", "conseiller", "dossier__jeune__identite__commune", "preconisation")
    )


def trouver(request, reference):
    """The mission of that reference for somebody of its structure (404 outside the territory, 403 for its readers)."""
    mission = get_object_or_404(
        Mission.objects.visibles_par(request.user).select_related(
            "structure",
            "conseiller",
            "dossier__jeune__identite",
            "dossier__bassin",
            "dossier__referent",
            "preconisation",
        ),
        reference=reference,
    )
    droits.exiger(request.user, Droit.REPONDRE_MISSION, mission)
    return mission


def montrer_la_fiche(request, mission, *, status=200, **formulaires):
    f = lectures.fiche(mission, request.user)
    siennes = set(droits.structures_pour(request.user, Droit.REPONDRE_MISSION))
    for etape in f.etapes:
        etape.note_lisible = etape.structure_id in siennes
        etape.a_moi = etape.mission_id == mission.pk
        etape.libelle = str(etape)
        etape.annulable = etape.a_moi and (timezone.now() - etape.quand).days < 1
    if f.lisible:
        montrer(
            request, [mission, *f.signalements], [] if mission.a_confirmer else [mission.dossier.jeune_id]
        )
    suivie = mission.etat == Mission.Etat.ACCEPTEE
    contexte = {
        "mission": mission,
        "fiche": f,
        "suivie": suivie,
        "corrections": coordonnees.corrections([mission]).get(mission.pk, [])
        if suivie and not mission.a_confirmer
        else [],
        "actions": {t.action for t in workflow.possibles(mission, request.user)},
        "preconisation": mission.preconisation
        and libelle("solutions", mission.preconisation.solution, mission.preconisation.donnee_le),
        "motif_refus": libelle("motifs_refus_mission", mission.motif_refus),
        "taches": Tache.objects.filter(mission=mission, type=Tache.Type.REORIENTATION).order_by("-creee_le"),
        "ne_plus_contacter": mission.dossier.jeune.a_ne_pas_contacter if not mission.a_confirmer else "",
        "rappel_form": RappelForm(),
        "etape_form": EtapeForm(),
        "confier_form": ConfierForm(
            collegues=services.collegues(mission.structure),
            initial={"conseiller": mission.conseiller and mission.conseiller.reference},
        ),
        "aujourd_hui": timezone.localdate(),
        "fil": [("Missions", reverse("suivi:missions")), (f"Mission {mission.reference}", None)],
    } | formulaires
    return render(request, "suivi/mission.html", contexte, status=status)


def retour_a_la_fiche(mission, ancre=""):
    return redirect(reverse("suivi:mission", args=[mission.reference]) + ancre)


def refus(request, erreur, mission):
    messages.error(request, str(erreur))
    return retour_a_la_fiche(mission)


def formulaire_de_mission(request, mission, form, titre, bouton, *, danger=False):
    adresse = reverse("suivi:mission", args=[mission.reference])
    fil = [("Missions", reverse("suivi:missions")), (f"Mission {mission.reference}", adresse), (titre, None)]
    return montrer_formulaire(request, form, titre, adresse, fil=fil, bouton=bouton, danger=danger)


def montrer_formulaire(
    request, form, titre, adresse, *, fil=None, bouton="Enregistrer", aide="", danger=False
):
    """A page that holds one form; `adresse` is where "Annuler" goes back to."""
    contexte = {
        "form": form,
        "titre": titre,
        "bouton": bouton,
        "aide": aide,
        "danger": danger,
        "annuler": adresse,
        "fil": fil or [("Retour à la fiche", adresse), (titre, None)],
    }
    return render(request, "suivi/formulaire.html", contexte)


def adresse_de(request, objet):
    """The card where this step or outcome was seen: the person's own mission, else the page of the jeune."""
    mission = mes_missions(request.user).filter(dossier=objet.dossier).order_by("-proposee_le").first()
    if mission is not None:
        return reverse("suivi:mission", args=[mission.reference])
    return reverse("suivi:jeune", args=[objet.dossier.jeune.reference])


def retour_de(request, objet):
    return redirect(adresse_de(request, objet) + "#suivi")

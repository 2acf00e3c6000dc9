"""Recommendation and missions."""

from django.contrib import messages
from django.db import IntegrityError
from django.shortcuts import get_object_or_404, redirect, render

from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.territoire.regles import regle
from qualit.web import jetons

from .. import services
from ..forms import (
    MissionForm,
    MotifForm,
    PreconisationForm,
)
from ..models import Dossier, Mission
from ..services.places import proposables
from .commun import fil_du_dossier, montrer_dossiers, page_de_formulaire, suite_sure, tenter, trouver_dossier


@regle(Droit.PRECONISER, objet=Dossier, methodes=("GET", "POST"))
@jetons.une_fois
def preconiser(request, reference):
    """Recommend a type of solution; the mission comes next."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.PRECONISER, dossier)
    form = PreconisationForm(request.POST or None, dossier=dossier)
    if (
        request.method == "POST"
        and form.is_valid()
        and tenter(
            request,
            services.preconiser,
            dossier,
            form.cleaned_data["solution"],
            synthese=form.cleaned_data["synthese"],
            par=request.user,
            garde=form,
            reussite="La préconisation est enregistrée.",
        )
    ):
        suite = "gab:missionner" if "missionner" in request.POST else "gab:dossier"
        return redirect(suite, reference=dossier.reference)
    montrer_dossiers(request, [dossier])
    return page_de_formulaire(
        request,
        dossier,
        "Donner une préconisation",
        form,
        "Enregistrer",
        gabarit="gab/preconiser.html",
        historique=dossier.preconisations.select_related("par"),
        places=proposables(dossier.bassin),
    )


@regle(Droit.MISSIONNER, objet=Dossier, methodes=("GET", "POST"))
@jetons.une_fois
def missionner(request, reference):
    """Commission a structure: its load is shown, and the vacant places of the solution recommended."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.MISSIONNER, dossier)
    preconisation = dossier.preconisations.first()
    places = proposables(dossier.bassin, preconisation.solution) if preconisation else []
    form = MissionForm(request.POST or None, dossier=dossier, places=places)
    if request.method == "POST" and form.is_valid():
        donnees = form.cleaned_data
        structure = Structure.objects.get(pk=donnees["structure"])
        try:
            fait = tenter(
                request,
                services.missionner,
                dossier,
                structure,
                message=donnees["message"],
                urgente=donnees["urgente"],
                place=donnees["place"],
                preconisation=preconisation,
                par=request.user,
                garde=form,
                reussite=f"{structure} est missionnée.",
            )
        except IntegrityError:
            messages.error(request, "Cette structure est déjà missionnée pour ce jeune.")
            fait = True
        if fait:
            return redirect(services.lien(dossier))
    montrer_dossiers(request, [dossier])
    return page_de_formulaire(
        request,
        dossier,
        "Missionner une structure",
        form,
        "Missionner",
        gabarit="gab/missionner.html",
        preconisation=preconisation,
        places=places,
    )


def _mission(request, reference, droit):
    mission = get_object_or_404(
        Mission.objects.visibles_par(request.user).select_related(
            "dossier__jeune__identite", "dossier__bassin", "structure"
        ),
        reference=reference,
    )
    droits.exiger(request.user, droit, mission)
    montrer(request, [mission], jeunes=[mission.dossier.jeune_id])
    return mission


@regle(Droit.MISSIONNER, objet=Mission, methodes=("GET", "POST"))
def retirer_mission(request, reference):
    """Withdraw a mission, with a motive."""
    mission = _mission(request, reference, Droit.MISSIONNER)
    form = MotifForm(request.POST or None, dossier=mission.dossier)
    if request.method == "POST" and form.is_valid():
        tenter(
            request,
            services.revoquer_mission,
            mission,
            form.cleaned_data["motif"],
            par=request.user,
            garde=form,
            reussite="La mission est retirée, la structure est prévenue.",
        )
        return redirect(services.lien(mission.dossier))
    return render(
        request,
        "composants/confirmation.html",
        {
            "fil": fil_du_dossier(mission.dossier, ("Retirer la mission", None)),
            "titre": "Retirer la mission",
            "question": f"Retirer la mission donnée à {mission.structure} ?",
            "consequences": [
                "La structure est prévenue et ne lit plus le dossier.",
                "Sans autre mission, le dossier revient au GAB.",
            ],
            "form": form,
            "bouton": "Retirer la mission",
            "annuler": services.lien(mission.dossier),
        },
    )


@regle(Droit.MISSIONNER, objet=Mission, methodes=("POST",))
def relancer_mission(request, reference):
    """Remind the structure."""
    mission = _mission(request, reference, Droit.MISSIONNER)
    if mission.etat == Mission.Etat.PROPOSEE:
        services.relancer_mission(mission, par=request.user)
        messages.success(request, f"{mission.structure} est relancée.")
    else:
        messages.error(request, "Cette mission n’attend plus de réponse.")
    return redirect(suite_sure(request, services.lien(mission.dossier)))


@regle(Droit.MISSIONNER, objet=Mission, methodes=("POST",))
def accueil(request, reference):
    """Confirm the mission of an operator that received a jeune who walked in."""
    mission = _mission(request, reference, Droit.MISSIONNER)
    if mission.a_confirmer:
        services.confirmer_accueil(mission, par=request.user)
        messages.success(request, f"La mission de {mission.structure} est confirmée.")
    return redirect(services.lien(mission.dossier))

"""Steps of the follow-up."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect

from gab.models import Mission
from qualit import workflow
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.conflits import apres_conflit
from signalements.services import ConflitDeVersion

from .. import services
from ..forms import (
    EtapeForm,
)
from ..models import Etape
from .commun import (
    GET_POST,
    POST,
    adresse_de,
    montrer_formulaire,
    montrer_la_fiche,
    refus,
    retour_a_la_fiche,
    retour_de,
    trouver,
)


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=POST)
@jetons.une_fois
def etape(request, reference):
    """Add a step."""
    mission = trouver(request, reference)
    form = EtapeForm(request.POST)
    if not form.is_valid():
        return montrer_la_fiche(request, mission, etape_form=form)
    d = form.cleaned_data
    try:
        une_etape = services.noter_etape(
            mission.dossier,
            d["type"],
            par=request.user,
            mission=mission,
            date=d["date"],
            synthese=d["synthese"],
            note=d["note"],
            rappeler_le=d["rappeler_le"],
        )
    except workflow.TransitionImpossible as erreur:
        return refus(request, erreur, mission)
    form.journaliser_garde(une_etape, par=request.user, jeunes=[mission.dossier.jeune_id])
    messages.success(request, "Étape enregistrée.")
    return retour_a_la_fiche(mission, "#suivi")


@regle(Droit.SUIVRE, objet=Etape, methodes=GET_POST)
@jetons.une_fois
def modifier_etape(request, reference):
    """Correct a step of one's own structure."""
    une_etape = _trouver_etape(request, reference)
    if une_etape.mission is not None and une_etape.mission.etat != Mission.Etat.ACCEPTEE:
        messages.error(request, "Cette mission n’est plus en cours : l’étape ne se modifie plus.")
        return retour_de(request, une_etape)
    champs = ("type", "date", "rappeler_le", "synthese", "note")
    initial = {c: getattr(une_etape, c) for c in champs} | {"version": une_etape.version}
    form = EtapeForm(request.POST or None, initial=initial)
    form.fields["type"].disabled = True  # a step of another kind is another step: undo this one
    if form.is_valid():
        valeurs = {c: form.cleaned_data[c] for c in champs if c != "type"}
        try:
            services.modifier_etape(
                une_etape, par=request.user, version=form.cleaned_data["version"], **valeurs
            )
        except ConflitDeVersion as conflit:
            form = apres_conflit(form, conflit.actuel, champs)
        except workflow.TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return retour_de(request, une_etape)
        else:
            form.journaliser_garde(une_etape, par=request.user, jeunes=[une_etape.dossier.jeune_id])
            messages.success(request, "Étape modifiée.")
            return retour_de(request, une_etape)
    montrer(request, [une_etape], [une_etape.dossier.jeune_id])
    return montrer_formulaire(
        request, form, f"Modifier l’étape « {une_etape} »", adresse_de(request, une_etape)
    )


def _trouver_etape(request, reference):
    une_etape = get_object_or_404(
        Etape.objects.visibles_par(request.user)
        .valables()
        .select_related("mission__structure", "dossier__jeune"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.SUIVRE, une_etape)
    return une_etape


@regle(Droit.SUIVRE, objet=Etape, methodes=POST)
def annuler_etape(request, reference):
    """Undo a step."""
    une_etape = _trouver_etape(request, reference)
    try:
        services.annuler_etape(une_etape, par=request.user)
    except workflow.TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    else:
        messages.success(request, f"« {une_etape} » est annulé.")
    if "liste" in request.POST:
        return redirect("suivi:rappels")
    return retour_de(request, une_etape)

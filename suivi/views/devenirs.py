"""Outcomes."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

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
    DevenirForm,
)
from ..models import Devenir
from .commun import GET_POST, POST, adresse_de, montrer_formulaire, retour_de, trouver


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=GET_POST)
@jetons.une_fois
def devenir(request, reference):
    """Record what became of the jeune."""
    mission = trouver(request, reference)
    return saisir_devenir(
        request,
        mission.dossier,
        mission=mission,
        adresse=reverse("suivi:mission", args=[mission.reference]),
        # a structure whose mission is to be confirmed knows only the outcomes that it recorded
        actuels=mission.devenirs.all() if mission.a_confirmer else mission.dossier.devenirs.all(),
    )


def saisir_devenir(request, dossier, *, adresse, actuels, mission=None):
    """The form of an outcome, for a mission or for the GAB. Nothing is lost when somebody recorded one meanwhile."""
    actuel = actuels.filter(remplace_le__isnull=True, annule_le__isnull=True).first()
    form = DevenirForm(request.POST or None, initial={"vu": actuel.reference if actuel else ""})
    if form.is_valid():
        d = form.cleaned_data
        try:
            nouveau = services.enregistrer_devenir(
                dossier,
                d["code"],
                date=d["date"],
                source=d["source"],
                precision=d["precision"],
                premier_rdv_le=d["premier_rdv_le"],
                valable_jusqu_au=d["valable_jusqu_au"],
                par=request.user,
                mission=mission,
                vu=None if mission is not None and mission.a_confirmer else d["vu"],
            )
        except ConflitDeVersion as conflit:
            form.data = form.data.copy()
            form.data["vu"] = conflit.actuel.reference if conflit.actuel else ""
            form.add_error(
                None,
                f"Quelqu’un a enregistré « {conflit.actuel or 'autre chose'} » pendant votre saisie, qui est gardée "
                f"ci-dessous. Enregistrez de nouveau si votre information est plus récente.",
            )
        except workflow.TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return redirect(adresse)
        else:
            form.journaliser_garde(nouveau, par=request.user, jeunes=[dossier.jeune_id])
            messages.success(
                request, "Devenir enregistré : l’établissement qui a signalé le jeune est prévenu."
            )
            return redirect(adresse + "#suivi")
    if actuel is not None:
        montrer(request, [actuel], [dossier.jeune_id])
        aide = f"Devenir actuel : {actuel}, depuis le {actuel.date:%d/%m/%Y}. Il restera dans l’historique."
    else:
        aide = ""
    return montrer_formulaire(request, form, "Enregistrer le devenir", adresse, aide=aide)


def _trouver_devenir(request, reference):
    un_devenir = get_object_or_404(
        Devenir.objects.visibles_par(request.user).valables().select_related("mission", "dossier__jeune"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.SUIVRE, un_devenir)
    return un_devenir


@regle(Droit.SUIVRE, objet=Devenir, methodes=POST)
def verifier_devenir(request, reference):
    """The outcome still holds."""
    un_devenir = _trouver_devenir(request, reference)
    try:
        services.verifier_devenir(un_devenir, par=request.user)
    except ConflitDeVersion:
        messages.error(request, "Un autre devenir a été enregistré entre-temps.")
    else:
        messages.success(request, "Devenir vérifié aujourd’hui.")
    return retour_de(request, un_devenir)


@regle(Droit.SUIVRE, objet=Devenir, methodes=GET_POST)
@jetons.une_fois
def corriger_devenir(request, reference):
    """Correct the outcome in force."""
    un_devenir = _trouver_devenir(request, reference)
    if un_devenir.remplace_le:
        messages.error(request, "Ce devenir a été remplacé : il ne se corrige plus.")
        return retour_de(request, un_devenir)
    champs = ("code", "date", "precision", "premier_rdv_le", "source", "valable_jusqu_au")
    initial = {c: getattr(un_devenir, c) for c in champs} | {"version": un_devenir.version}
    form = DevenirForm(request.POST or None, initial=initial)
    if form.is_valid():
        valeurs = {c: form.cleaned_data[c] for c in champs}
        try:
            services.corriger_devenir(
                un_devenir, par=request.user, version=form.cleaned_data["version"], **valeurs
            )
        except ConflitDeVersion as conflit:
            form = apres_conflit(form, conflit.actuel, champs)
        else:
            form.journaliser_garde(un_devenir, par=request.user, jeunes=[un_devenir.dossier.jeune_id])
            messages.success(request, "Devenir corrigé.")
            return retour_de(request, un_devenir)
    montrer(request, [un_devenir], [un_devenir.dossier.jeune_id])
    return montrer_formulaire(request, form, "Corriger le devenir", adresse_de(request, un_devenir))

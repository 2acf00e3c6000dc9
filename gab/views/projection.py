"""The séance on the screen: one dossier at a time, a decision on the spot."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit import workflow
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.territoire.regles import regle
from qualit.web.conflits import apres_conflit
from signalements.services import ConflitDeVersion

from ..forms import (
    DecisionForm,
    choix_operateurs,
    choix_solutions,
)
from ..models import Seance
from ..services import seances as services
from ..services.places import proposables
from .commun import noter_la_garde
from .seances import fil_de_la_seance, lignes_de_la_seance, trouver_seance


def _rang(request, total):
    return max(1, min(numero(request.GET.get("ligne")), total))


def _formulaire(ligne, valeurs, *, lie=False, operateurs=None):
    """The form of a decision, with the vacant places of the solution that it holds; lie: these values were posted.

    Ids are those of the line: the field left on one does not keep the focus on the next, whose letters it would take.
    """
    seance, solution = ligne.seance, valeurs.get("solution", "")
    return DecisionForm(
        valeurs if lie else None,
        initial=None if lie else valeurs,
        auto_id=f"id_{ligne.pk}_%s",
        solutions=choix_solutions(),
        operateurs=operateurs or choix_operateurs(seance.bassin),
        places=proposables(seance.bassin, solution) if solution else (),
    )


def _ecran(request, seance, lignes, rang, form=None, operateurs=None):
    """The context of one line on the screen: large, without sensitive text. operateurs: their choices, when already read.

    `solution` in the address: the one just chosen on the page, whose places are asked for.
    """
    ligne = lignes[rang - 1]
    identite = ligne.dossier.jeune.identite
    modifiable = seance.etat == Seance.Etat.OUVERTE and droits.peut(request.user, Droit.TENIR_SEANCE, seance)
    if form is None and modifiable:
        valeurs = {
            "decision": ligne.decision,
            "solution": request.GET.get("solution", ligne.solution),
            "structure": ligne.structure_id,
            "place": ligne.place_id or "",
            "message": ligne.message,
            "vu": ligne.jalon,
        }
        form = _formulaire(ligne, valeurs, operateurs=operateurs)
    return {
        "fil": fil_de_la_seance(seance, ("Projection", None)),
        "seance": seance,
        "ligne": ligne,
        "dossier": ligne.dossier,
        "identite": identite,
        "age": identite.age_au(timezone.localdate()) if identite else None,
        "preconisation": ligne.dossier.preconisations.first(),
        "rang": rang,
        "total": len(lignes),
        "precedent": rang - 1 if rang > 1 else None,
        "suivant": rang + 1 if rang < len(lignes) else None,
        "form": form,
        "solution": form["solution"].value() if form else "",
        "modifiable": modifiable,
        # another dossier came in place of the former: the focus goes to its name, which is read aloud
        "nouvel_ecran": bool(request.htmx) and not (form and form.is_bound),
        "decidees": sum(bool(autre.decision) for autre in lignes),
    }


@regle(Droit.LIRE_SEANCE, objet=Seance, agir=False)
def projection(request, reference):
    """The projector: one dossier a screen, without address, contact, motive nor any free text."""
    seance = trouver_seance(request, reference)
    lignes = lignes_de_la_seance(seance)
    if not lignes:
        messages.info(request, "L’ordre du jour est vide.")
        return redirect("gab:seance", reference=seance.reference)
    rang = _rang(request, len(lignes))
    montrer(request, [seance], jeunes=[lignes[rang - 1].dossier.jeune_id])
    gabarit = "gab/_ecran.html" if request.htmx else "gab/projection.html"
    return render(request, gabarit, _ecran(request, seance, lignes, rang))


@regle(Droit.TENIR_SEANCE, objet=Seance, methodes=("POST",))
def decider(request, reference):
    """Write the decision of the line on the screen, then show the next one."""
    seance = trouver_seance(request, reference, Droit.TENIR_SEANCE)
    lignes = lignes_de_la_seance(seance)
    demandee = request.POST.get("ligne_id", "")
    rang = next((i for i, ligne in enumerate(lignes, 1) if str(ligne.pk) == demandee), None)
    if rang is None:
        messages.error(request, "Ce dossier n’est plus à l’ordre du jour.")
        return redirect("gab:seance", reference=seance.reference)
    ligne = lignes[rang - 1]
    operateurs = choix_operateurs(seance.bassin)
    if "voir_places" in request.POST:  # without JavaScript: the places of the solution chosen, nothing saved
        form = _formulaire(ligne, request.POST.dict(), operateurs=operateurs)
        return _de_nouveau(request, seance, lignes, rang, form)
    form = _formulaire(ligne, request.POST, lie=True, operateurs=operateurs)
    if form.is_valid():
        try:
            with transaction.atomic():
                services.decider(
                    ligne,
                    form.cleaned_data["decision"],
                    solution=form.cleaned_data["solution"],
                    structure=Structure.objects.filter(pk=form.cleaned_data["structure"]).first(),
                    place=form.cleaned_data["place"],
                    message=form.cleaned_data["message"],
                    vu=form.cleaned_data["vu"] or None,
                    par=request.user,
                )
                noter_la_garde(request, form, ligne)
        except ConflitDeVersion as conflit:
            ligne.refresh_from_db()
            champs = [
                c for c in ("decision", "solution", "structure", "place", "message") if c in form.fields
            ]
            form = apres_conflit(form, conflit.actuel, champs, jalon="vu", vu=conflit.actuel.jalon)
            return _de_nouveau(request, seance, lignes, rang, form)
        except workflow.TransitionImpossible as erreur:
            messages.error(request, str(erreur))
            return redirect("gab:seance", reference=seance.reference)
        suivant = min(rang + 1, len(lignes))
        if not request.htmx:
            if rang == len(lignes):
                messages.success(request, "Toutes les décisions sont notées.")
                return redirect("gab:seance", reference=seance.reference)
            return redirect(f"{reverse('gab:projection', args=[seance.reference])}?ligne={suivant}")
        montrer(request, [seance], jeunes=[lignes[suivant - 1].dossier.jeune_id])
        contexte = _ecran(request, seance, lignes, suivant, operateurs=operateurs)
        return render(request, "gab/_ecran.html", contexte | {"fait": rang, "fini": rang == len(lignes)})
    return _de_nouveau(request, seance, lignes, rang, form)


def _de_nouveau(request, seance, lignes, rang, form):
    """The same line again, with what was typed and why it is not saved."""
    montrer(request, [seance], jeunes=[lignes[rang - 1].dossier.jeune_id])
    gabarit = "gab/_ecran.html" if request.htmx else "gab/projection.html"
    return render(request, gabarit, _ecran(request, seance, lignes, rang, form))

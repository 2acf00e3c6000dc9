"""Unusual consultations, and how long things are kept."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.models import Trace
from qualit.journal.services import montrer
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.pagination import paginer

from .. import alertes, conservation
from ..forms import TraitementForm
from ..models import Alerte

COLONNES = [
    Colonne("Jour", "jour", 12),
    Colonne("Personne", "acteur", 28),
    Colonne("Pourquoi", lambda a: a.get_raison_display(), 40),
    Colonne("Mesure", "mesure", 10),
    Colonne("D’habitude", "habitude", 10),
    Colonne("Examinée le", "traitee_le", 16),
    Colonne("Par", "traitee_par", 24),
]
JOURNEE = [
    Colonne("Quand", "quand", 16),
    Colonne("Action", lambda t: t.get_action_display()),
    Colonne("Page", "quoi", 30),
    Colonne("Jeunes montrés", lambda t: len(t.jeunes), 14),
    Colonne("Motif", "motif", 40),
]
DUREES = [
    Colonne("Quoi", "quoi", 50),
    Colonne("Durée (mois)", "mois", 12),
    Colonne("À partir de", "depuis", 40),
    Colonne("Ensuite", "ensuite", 60),
]


@regle(Droit.LIRE_JOURNAL)
def liste(request):
    """What is to be looked at; `?vue=traitees` shows the rest."""
    toutes = Alerte.objects.visibles_par(request.user).select_related("acteur", "traitee_par")
    traitees = request.GET.get("vue") == "traitees"
    lignes = toutes.exclude(traitee_le=None) if traitees else toutes.a_traiter()
    if fichier := telecharger(
        request, "consultations", "Consultations inhabituelles", COLONNES, lignes, droit=None
    ):
        return fichier
    return render(
        request,
        "rgpd/alertes.html",
        {
            "page": paginer(request, lignes),
            "traitees": traitees,
            "nombre": toutes.a_traiter().count(),
            "fil": [("Consultations inhabituelles", None)],
        },
    )


@regle(Droit.LIRE_JOURNAL, objet=Alerte, agir=False, methodes=("GET", "POST"))
@jetons.une_fois
def traiter(request, reference):
    """One alert: why, what the journal holds of that day, and what the delegate found."""
    alerte = get_object_or_404(
        Alerte.objects.visibles_par(request.user).select_related("acteur", "traitee_par"),
        reference=reference,
    )
    form = TraitementForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and alerte.traitee_le is None:
        alertes.traiter(alerte, form.cleaned_data["reponse"], par=request.user)
        messages.success(request, "C’est noté.")
        return redirect("rgpd:alertes")
    traces = Trace.objects.filter(acteur=alerte.acteur, quand__date=alerte.jour, action__in=alertes.LECTURES)
    if alerte.jeune is not None:
        traces = traces.du_jeune(alerte.jeune_id)
        montrer(request, [alerte.jeune], [alerte.jeune_id], motif=f"Consultation {alerte.reference}")
    if fichier := telecharger(request, "journee", "Consultations de la journée", JOURNEE, traces, droit=None):
        return fichier
    return render(
        request,
        "rgpd/alerte.html",
        {
            "alerte": alerte,
            "form": form,
            "page": paginer(request, traces),
            "fil": [("Consultations inhabituelles", reverse("rgpd:alertes")), (str(alerte), None)],
        },
    )


@regle(Droit.TENIR_REGISTRE)
def conservation_page(request):
    """The retention table, and what the next purge will do."""
    if fichier := telecharger(
        request, "conservation", "Durées de conservation", DUREES, conservation.DUREES, droit=None
    ):
        return fichier
    return render(
        request,
        "rgpd/conservation.html",
        {
            "durees": conservation.DUREES,
            "prevu": conservation.prevoir().items(),
            "derniere": Trace.objects.filter(quoi="purge").order_by("-quand").first(),
            "fil": [("Conservation", None)],
        },
    )

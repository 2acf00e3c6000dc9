"""The agenda of the bassin and its slots."""

from datetime import timedelta

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.formulaires import lire_date

from ..forms import CreneauxForm
from ..models import Creneau, Entretien
from ..services import agenda as services_agenda
from .commun import tenter


def _jour(texte, defaut):
    try:
        return lire_date(texte)
    except ValueError:
        return defaut


@regle(Droit.CONVOQUER)
def agenda(request):
    """The week of the bassin: interviews and free slots, day by day."""
    demande = _jour(request.GET.get("semaine", ""), timezone.localdate())
    lundi = demande - timedelta(days=demande.weekday())
    fin = lundi + timedelta(days=7)
    bassins = droits.bassins_pour(request.user, Droit.CONVOQUER)
    entretiens = list(
        Entretien.objects.filter(dossier__bassin__in=bassins, quand__date__gte=lundi, quand__date__lt=fin)
        .exclude(etat=Entretien.Etat.ANNULE)
        .select_related("dossier__jeune__identite", "mene_par")
        .order_by("quand", "pk")
    )
    libres = list(
        Creneau.objects.filter(
            bassin__in=bassins,
            quand__date__gte=lundi,
            quand__date__lt=fin,
            annule_le__isnull=True,
            entretien__isnull=True,
        ).select_related("mene_par")
    )
    jours = []
    for i in range(7):
        jour = lundi + timedelta(days=i)
        lignes = sorted(
            [e for e in [*entretiens, *libres] if timezone.localdate(e.quand) == jour], key=lambda e: e.quand
        )
        if lignes or i < 5:
            jours.append((jour, [(e, isinstance(e, Creneau)) for e in lignes]))
    montrer(request, entretiens, jeunes=[e.dossier.jeune_id for e in entretiens])
    return render(
        request,
        "gab/agenda.html",
        {
            "fil": [("File du bassin", reverse("gab:file")), ("Agenda", None)],
            "jours": jours,
            "lundi": lundi,
            "dimanche": fin - timedelta(days=1),
            "precedente": f"{lundi - timedelta(days=7):%Y-%m-%d}",
            "suivante": f"{fin:%Y-%m-%d}",
            "du": f"{lundi:%Y-%m-%d}",
            "au": f"{fin - timedelta(days=1):%Y-%m-%d}",
            "a_convoquer": services_agenda.a_convoquer(request.user).count(),
            "vide": not entretiens and not libres,
        },
    )


@regle(Droit.CONVOQUER, methodes=("GET", "POST"))
@jetons.une_fois
def creneaux(request):
    """Open slots for a day."""
    form = CreneauxForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        d = form.cleaned_data
        crees = services_agenda.ouvrir_creneaux(
            d["bassin"],
            form.debuts,
            duree_minutes=d["duree"],
            mode=d["mode"],
            lieu=d["lieu"],
            mene_par=d["mene_par"],
            par=request.user,
        )
        messages.success(
            request,
            f"{len(crees)} créneau{'x' if len(crees) > 1 else ''} ouvert{'s' if len(crees) > 1 else ''}.",
        )
        return redirect(f"{reverse('gab:agenda')}?semaine={d['jour']:%Y-%m-%d}")
    return render(
        request,
        "gab/formulaire.html",
        {
            "fil": [("Agenda", reverse("gab:agenda")), ("Ouvrir des créneaux", None)],
            "titre": "Ouvrir des créneaux",
            "form": form,
            "bouton": "Ouvrir",
            "annuler": reverse("gab:agenda"),
            "jeton": True,
        },
    )


@regle(Droit.CONVOQUER, objet=Creneau, methodes=("POST",))
def supprimer_creneau(request, reference):
    """Take a free slot away."""
    creneau = get_object_or_404(Creneau.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.CONVOQUER, creneau)
    tenter(
        request,
        services_agenda.supprimer_creneau,
        creneau,
        par=request.user,
        reussite="Le créneau est supprimé.",
    )
    return redirect(f"{reverse('gab:agenda')}?semaine={timezone.localdate(creneau.quand):%Y-%m-%d}")

"""The calls that the GAB noted for itself: the list, the result of one in a click, and its undoing."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from dedoublonnage.models import Jeune
from qualit import workflow
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.pagination import paginer

from .. import rappels, services, tableurs
from ..forms import RappelForm
from ..models import Etape
from .appels import dire_le_resultat, jour_du_rappel
from .commun import POST
from .jeunes import du_gab, sans_dossier


@regle(Droit.SUIVRE)
def liste(request):
    """Whom the GAB is to call again, late ones first; what was noted today can be undone."""
    lignes = rappels.en_attente(request.user)
    if fichier := tableurs.rappels(request, lignes):
        return fichier
    page = paginer(request, lignes)
    page.object_list = rappels.joindre(page.object_list)
    traites = list(rappels.traites_aujourd_hui(request.user)[:20])
    montrees = [*page.object_list, *traites]
    montrer(request, montrees, [e.dossier.jeune_id for e in montrees])
    contexte = {
        "page": page,
        "traites": traites,
        "rappel_form": RappelForm(),
        "aujourd_hui": timezone.localdate(),
        "fil": [("À rappeler", None)],
    }
    return render(request, "suivi/rappels.html", contexte)


@regle(Droit.SUIVRE, objet=Jeune, methodes=POST)
@jetons.une_fois
def appel(request, reference):
    """One click after a call of the GAB: answered, voicemail, wrong number, call again on…"""
    un_jeune, dossier = du_gab(request, reference)
    if dossier is None:
        return sans_dossier(request, un_jeune)
    suite = (
        redirect("suivi:rappels") if "liste" in request.POST else redirect("suivi:jeune", reference=reference)
    )
    pk, resultat = request.POST.get("contact"), request.POST.get("resultat")
    contact = next((c for c in rappels.contacts_du_dossier(dossier) if str(c.pk) == pk), None)
    if contact is None or resultat not in services.APPELS:
        messages.error(request, "Ce numéro n’est plus sur la fiche.")
        return suite
    jour, probleme = jour_du_rappel(request.POST)
    if probleme:
        messages.error(request, probleme)
        return suite
    services.noter_appel(dossier, contact, resultat, par=request.user, rappeler_le=jour)
    messages.success(request, dire_le_resultat(resultat, jour))
    return suite


@regle(Droit.SUIVRE, objet=Etape, methodes=POST)
def fait(request, reference):
    """A call noted by the GAB is no longer to be made; or is again (action=remettre)."""
    etape = get_object_or_404(
        Etape.objects.visibles_par(request.user).valables().select_related("dossier", "mission"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.SUIVRE, etape)
    remettre = request.POST.get("action") == "remettre"
    try:
        services.classer_rappel(etape, par=request.user, fait=not remettre)
    except workflow.TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    else:
        messages.success(request, "Le rappel est de nouveau à faire." if remettre else "Rappel fait.")
    return redirect("suivi:rappels")

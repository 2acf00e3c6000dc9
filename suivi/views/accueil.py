"""The home page of each role."""

from django.shortcuts import redirect, render

from qualit.notifications.models import Avis
from qualit.territoire.regles import CONNECTE, regle

from .. import accueil as taches


@regle(CONNECTE)
def accueil(request):
    """What is to be done today, in order, with counts that are links."""
    contexte = {
        "tuiles": taches.a_faire(request.user, request.adhesion),
        "raccourcis": taches.raccourcis(request.user),
        "avis": Avis.objects.filter(destinataire=request.user).non_lus()[:5],
    }
    return render(request, "suivi/accueil.html", contexte)


@regle(CONNECTE)
def mon_compte(request):
    """The short address that e-mails give: one's own account."""
    return redirect("territoire:compte")

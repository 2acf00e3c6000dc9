"""One's own notices."""

from django.contrib import messages
from django.shortcuts import redirect, render

from qualit.territoire.controles import numero
from qualit.territoire.regles import CONNECTE, regle

from . import services
from .models import Avis

PAR_PAGE = 100


@regle(CONNECTE, methodes=("GET", "POST"))
def liste(request):
    """The notices of the last weeks, the unread ones first; a POST marks them read (all, or one and opens it)."""
    if request.method == "POST":
        if un := request.POST.get("avis"):
            avis = Avis.objects.filter(destinataire=request.user, pk=numero(un)).first()
            if avis is not None:
                services.marquer_lus(request.user, pks=[avis.pk])
                if avis.lien.startswith("/") and not avis.lien.startswith("//"):
                    return redirect(avis.lien)
        else:
            nombre = services.marquer_lus(request.user)
            messages.success(
                request,
                f"{nombre} avis marqué{'s' if nombre > 1 else ''} comme lu{'s' if nombre > 1 else ''}.",
            )
        return redirect("notifications:liste")
    tous = Avis.objects.filter(destinataire=request.user)
    contexte = {
        "non_lus": tous.non_lus()[:PAR_PAGE],
        "nombre": tous.non_lus().count(),
        "lus": tous.filter(lu_le__isnull=False)[:PAR_PAGE],
        "fil": [("Avis", None)],
    }
    return render(request, "notifications/avis.html", contexte)

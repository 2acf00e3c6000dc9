"""One's own notices, and the page of what is stuck in the outbox."""

from django.contrib import messages
from django.shortcuts import redirect, render

from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
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


@regle(Droit.SUPERVISER_ENVOIS, methodes=("GET", "POST"))
def envois(request):
    """What is stuck in the outbox: send again, or give up."""
    if request.method == "POST":
        droits.exiger(request.user, Droit.SUPERVISER_ENVOIS)
        faits = 0
        choisis = [numero(pk) for pk in request.POST.getlist("courriel")]
        agir = services.abandonner if "abandonner" in request.POST else services.renvoyer
        for courriel in services.a_surveiller().filter(pk__in=choisis):
            faits += agir(courriel, par=request.user)
        if faits:
            verbe = "à l’abandon" if "abandonner" in request.POST else "de nouveau en file"
            messages.success(request, f"{faits} courriel{'s' if faits > 1 else ''} {verbe}.")
        else:
            messages.error(request, "Cochez au moins un courriel.")
        return redirect("notifications:envois")
    contexte = {
        "bloques": services.a_surveiller()
        .select_related("utilisateur", "structure")
        .order_by("cree_le")[:PAR_PAGE],
        "comptes": services.etat_des_envois(),
        "fil": [("Courriels en attente", None)],
    }
    return render(request, "notifications/envois.html", contexte)

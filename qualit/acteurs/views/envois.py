"""The page of what is stuck in the outbox."""

from django.contrib import messages
from django.shortcuts import redirect, render

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.notifications import services
from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle

PAR_PAGE = 100
ENVOIS = [
    Colonne("Objet", "objet", 40),
    Colonne("Adresse", "adresse", 30),
    Colonne("État", lambda c: c.get_etat_display()),
    Colonne("Écrit le", "cree_le", 16),
    Colonne("Essais", "tentatives", 8),
    Colonne("Dernière erreur", "derniere_erreur", 50),
]


@regle(Droit.SUPERVISER_ENVOIS, methodes=("GET", "POST"))
def envois(request):
    """Send again what is stuck, or give it up."""
    bloques = services.a_surveiller().order_by("cree_le", "pk")
    if request.method == "POST":
        droits.exiger(request.user, Droit.SUPERVISER_ENVOIS)
        faits = 0
        choisis = [numero(pk) for pk in request.POST.getlist("courriel")]
        agir = services.abandonner if "abandonner" in request.POST else services.renvoyer
        for courriel in bloques.filter(pk__in=choisis):
            faits += agir(courriel, par=request.user)
        if faits:
            verbe = "à l’abandon" if "abandonner" in request.POST else "de nouveau en file"
            messages.success(request, f"{faits} courriel{'s' if faits > 1 else ''} {verbe}.")
        else:
            messages.error(request, "Cochez au moins un courriel.")
        return redirect("territoire:envois")
    if fichier := telecharger(request, "courriels", "Courriels bloqués", ENVOIS, bloques, droit=None):
        return fichier
    contexte = {
        "bloques": bloques[:PAR_PAGE],
        "comptes": services.etat_des_envois(),
        "fil": [("Courriels en attente", None)],
    }
    return render(request, "acteurs/envois.html", contexte)

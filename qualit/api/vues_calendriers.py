"""The page that gives the secret addresses of one's calendars, and the feeds themselves."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.territoire.droits import Droit
from qualit.territoire.regles import PUBLIC, regle
from qualit.web.documents import calendrier

from . import calendriers
from .models import FluxCalendrier


def _lignes(user):
    """What may be subscribed to, each with its feed when there is one."""
    ouverts = {(f.contenu, f.bassin_id): f for f in FluxCalendrier.objects.filter(utilisateur=user)}
    return [
        {
            "titre": f"{FluxCalendrier.Contenu(contenu).label}{f' de {bassin}' if bassin else ''}",
            "contenu": contenu,
            "bassin": bassin.code if bassin else "",
            "flux": ouverts.get((contenu, bassin.pk if bassin else None)),
        }
        for contenu, bassin in calendriers.possibles(user)
    ]


@regle(Droit.LIRE_SEANCE, Droit.CONVOQUER, methodes=("GET", "POST"))
def liste(request):
    """My calendars: make or change an address (shown once)."""
    adresse = titre = ""
    if request.method == "POST":
        choisie = next(
            (
                ligne
                for ligne in _lignes(request.user)
                if ligne["contenu"] == request.POST.get("contenu")
                and ligne["bassin"] == request.POST.get("bassin", "")
            ),
            None,
        )
        if choisie is None:
            messages.error(request, "Ce calendrier n’est pas à vous.")
            return redirect("calendriers:liste")
        bassin = next(
            (b for c, b in calendriers.possibles(request.user) if b and b.code == choisie["bassin"]), None
        )
        secret = calendriers.ouvrir(request.user, choisie["contenu"], bassin)
        titre = choisie["titre"]
        adresse = settings.ADRESSE_DU_SITE + reverse("calendriers:flux", args=[secret])
    reponse = render(
        request,
        "api/calendriers.html",
        {
            "lignes": _lignes(request.user),
            "adresse": adresse,
            "titre_adresse": titre,
            "fil": [("Mon compte", reverse("territoire:compte")), ("Mes calendriers", None)],
        },
    )
    if adresse:
        reponse["Cache-Control"] = "private, no-store"
    return reponse


@regle(Droit.LIRE_SEANCE, Droit.CONVOQUER, methodes=("POST",), numero=0)
def fermer(request, numero):
    """Stop a feed of one's own."""
    flux = get_object_or_404(FluxCalendrier, utilisateur=request.user, pk=numero)
    calendriers.fermer(flux, par=request.user)
    messages.success(request, "L’adresse est coupée : le calendrier ne se met plus à jour.")
    return redirect("calendriers:liste")


@regle(PUBLIC, secret="ABSENT")
def flux(request, secret):
    """The feed of a secret address. It holds references, no name; the same 404 for an address that never was."""
    trouve = calendriers.trouver(secret)
    if trouve is None:
        raise Http404
    reponse = HttpResponse(
        calendrier(calendriers.evenements(trouve), f"Qual'I.T. – {trouve}"),
        content_type="text/calendar; charset=utf-8",
    )
    reponse["Cache-Control"] = "private, no-store"
    reponse["X-Robots-Tag"] = "noindex"
    return reponse

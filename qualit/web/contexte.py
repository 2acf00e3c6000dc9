"""What every page knows."""

from functools import cache

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from qualit.notifications.models import Avis

from . import navigation
from .sessions import ECART_SECONDES


def _url(nom):
    try:
        return reverse(nom)
    except NoReverseMatch:
        return ""


def portail(request):
    """The menu, the membership and the length of the session. Lazy: a fragment or an error page pays for nothing."""
    user = getattr(request, "user", None)
    connecte = bool(user and user.is_authenticated)

    @cache
    def menu():
        return navigation.menu(request, Avis.objects.filter(destinataire=user).non_lus())

    return {
        "navigation": SimpleLazyObject(lambda: menu()[0]) if connecte else [],
        "url_avis": _url("notifications:liste") if connecte else "",
        "avis_non_lus": SimpleLazyObject(lambda: menu()[1][0]) if connecte else 0,
        "adhesion": getattr(request, "adhesion", None),
        "adhesions": getattr(request, "adhesions", []),
        "url_accueil": _url("accueil") or "/",
        "url_adhesion": _url("territoire:choisir_adhesion"),
        "url_compte": _url("territoire:compte"),
        "demonstration": getattr(settings, "DEMONSTRATION", False),
        "vu_comme": getattr(user, "vu_comme_par", None) and user.get_full_name(),
        "duree_session": settings.SESSION_COOKIE_AGE - ECART_SECONDES if connecte else 0,
        "sans_connexion": False,
    }

"""To ProConnect, back from it, and out of it. Without its three variables these pages do not exist."""

from allauth.account.signals import user_logged_in
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.dispatch import receiver
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from qualit.territoire.regles import PUBLIC, regle

from . import sortie
from .provider import ProConnectOAuth2Adapter, ProConnectProvider, vers


class RetourView(OAuth2CallbackView):
    """The callback: gives back to the exchange what was put aside for it."""

    def _get_state(self, request, provider):
        etat, reponse = super()._get_state(request, provider)
        self.adapter.mis_de_cote = etat
        return etat, reponse


def _servir(vue, request):
    try:
        return vue.adapter_view(ProConnectOAuth2Adapter(request, ProConnectProvider.id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None


@regle(PUBLIC, methodes=("GET", "POST"))
@never_cache
def entree(request):
    """Ask first (GET), then leave for ProConnect (POST)."""
    return _servir(OAuth2LoginView, request)


@regle(PUBLIC)
@never_cache
def retour(request):
    """Back from ProConnect."""
    return _servir(RetourView, request)


@regle(PUBLIC)
@never_cache
def sortir(request):
    """Signed out of the portal: sign out of ProConnect too."""
    adresse = request.session.pop(sortie.ADRESSE, "")
    return vers(request, adresse) if adresse else redirect("account_login")


@receiver(user_logged_in)
def garder_le_jeton(request, sociallogin=None, **kwargs):
    """Keep what ProConnect will ask for when the person leaves."""
    if sociallogin is not None and sociallogin.state.get("jeton"):
        request.session[sortie.JETON] = sociallogin.state["jeton"]

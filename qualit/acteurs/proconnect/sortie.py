"""Leaving ProConnect together with the portal (RP-initiated logout)."""

import secrets
from urllib.parse import urlencode

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from django.urls import reverse

#: Session keys: the identity token of the one who is signed in; where to go once signed out.
JETON = "proconnect_jeton"
ADRESSE = "proconnect_sortie"


def adresse(request):
    """Where ProConnect ends its own session, or "" for who came with a password (or if ProConnect does not answer)."""
    jeton = request.session.get(JETON)
    if not jeton:
        return ""
    try:
        config = get_adapter().get_provider(request, "proconnect").get_oauth2_adapter(request).openid_config
    except (SocialApp.DoesNotExist, requests.RequestException, ValueError):
        return ""
    if not config.get("end_session_endpoint"):
        return ""
    parametres = {
        "id_token_hint": jeton,
        "state": secrets.token_urlsafe(16),
        "post_logout_redirect_uri": request.build_absolute_uri(reverse("account_login")),
    }
    return f"{config['end_session_endpoint']}?{urlencode(parametres)}"

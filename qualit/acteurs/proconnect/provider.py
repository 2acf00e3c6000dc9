"""ProConnect, the State's sign-in for agents, on top of allauth's OpenID Connect.

What it demands and allauth does not do: a nonce, a userinfo that is a signed JWT, `usual_name`. Signatures are always
checked, against the keys that ProConnect publishes. Nothing of the identity is kept but its identifier.
"""

import secrets

import jwt
import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.core.cache import cache
from django.shortcuts import render
from django.urls import reverse

ALGORITHMES = {"RS256", "ES256"}
ECART_HORLOGES = 60  # seconds of difference allowed between the clocks


class ProConnectOAuth2Adapter(OpenIDConnectOAuth2Adapter):
    """The exchange of one sign-in. mis_de_cote: what `redirect` put aside, given back by the callback view."""

    mis_de_cote = None

    @property
    def openid_config(self):
        """The addresses that ProConnect publishes, kept for an hour."""
        adresse = self.get_provider().server_url
        config = cache.get(f"proconnect:{adresse}")
        if config is None:
            config = super().openid_config
            cache.set(f"proconnect:{adresse}", config, 3600)
        return config

    def get_callback_url(self, request, app):
        return request.build_absolute_uri(reverse("proconnect_callback"))

    def complete_login(self, request, app, token, *, response, **kwargs):
        """The `SocialLogin` of a checked identity token and its userinfo. Raises OAuth2Error on any doubt."""
        jeton = response.get("id_token")
        if not jeton:
            raise OAuth2Error("no identity token")
        identite = self.lire(jeton, app, exige=["exp", "iat", "sub", "nonce"])
        if not secrets.compare_digest(str(identite["nonce"]), self.mis_de_cote["nonce"]):
            raise OAuth2Error("the nonce is not the one that was sent")
        infos = self.lire(self.demander_infos(token.token), app, exige=["sub"])
        if infos["sub"] != identite["sub"]:
            raise OAuth2Error("userinfo of another person")
        self.mis_de_cote["jeton"] = jeton  # to leave ProConnect later
        return self.get_provider().sociallogin_from_response(request, infos)

    def demander_infos(self, jeton):
        """The userinfo as it comes: a signed JWT."""
        with get_adapter().get_requests_session() as session:
            reponse = session.get(self.profile_url, headers={"Authorization": f"Bearer {jeton}"})
            reponse.raise_for_status()
        if reponse.headers.get("Content-Type", "").split(";")[0] != "application/jwt":
            raise OAuth2Error("userinfo is not signed")
        return reponse.text.strip()

    def lire(self, jeton, app, *, exige):
        """Claims of a JWT, once its signature, issuer, audience and dates are checked."""
        try:
            algorithme, cle = jwtkit.fetch_key(jeton, self.openid_config["jwks_uri"], jwtkit.lookup_kid_jwk)
            if algorithme not in ALGORITHMES:
                raise OAuth2Error(f"algorithm {algorithme}")
            return jwt.decode(
                jeton,
                cle,
                algorithms=[algorithme],
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=ECART_HORLOGES,
                options={"require": ["iss", "aud", *exige]},
            )
        except (jwt.PyJWTError, KeyError, TypeError) as erreur:
            raise OAuth2Error("unreadable or forged token") from erreur


class ProConnectProvider(OpenIDConnectProvider):
    """The service itself: what is asked, where, and how its answer is read."""

    id = "proconnect"
    name = "ProConnect"
    package = "qualit.acteurs.proconnect"
    oauth2_adapter_class = ProConnectOAuth2Adapter
    supports_token_authentication = False

    def get_login_url(self, request, **kwargs):
        return reverse("proconnect_login")

    def get_callback_url(self):
        return reverse("proconnect_callback")

    def get_default_scope(self):
        return ["openid", "given_name", "usual_name", "email"]

    def get_scope_from_request(self, request):
        return self.get_scope()  # what is asked does not depend on the address that was typed

    def get_auth_params_from_request(self, request, action):
        return self.get_auth_params()

    def redirect(self, request, process, next_url=None, data=None, **kwargs):
        """The page that leads to ProConnect; the nonce stays in the session, with the state."""
        nonce = secrets.token_urlsafe(32)
        parametres = {**self.get_auth_params(), "nonce": nonce}
        kwargs.pop("auth_params", None)
        try:
            reponse = super().redirect(
                request, process, next_url, data, auth_params=parametres, nonce=nonce, **kwargs
            )
        except (requests.RequestException, ValueError) as erreur:
            return render_authentication_error(request, self, exception=erreur)
        if reponse.status_code != 302:
            return reponse
        return vers(request, reponse.url)

    def extract_uid(self, data):
        return str(data["sub"])

    def extract_extra_data(self, data):
        return {}

    def extract_common_fields(self, data):
        return {
            "email": data.get("email"),
            "first_name": data.get("given_name"),
            "last_name": data.get("usual_name") or data.get("family_name"),
        }

    def extract_email_addresses(self, data):
        """ProConnect answers for the addresses of its identity providers; one that it says unverified is not."""
        if not data.get("email"):
            return []
        verifie = data.get("email_verified", True) is True
        return [EmailAddress(email=data["email"], verified=verifie, primary=True)]


def vers(request, adresse):
    """Go to ProConnect through a page: a redirection after a form would need its address in the CSP, and its partners'."""
    return render(request, "acteurs/proconnect_vers.html", {"adresse": adresse})


provider_classes = [ProConnectProvider]

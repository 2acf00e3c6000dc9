"""First sign-in: the charter, then the second factor where it is demanded, before any other page."""

from allauth.mfa.signals import authenticator_removed
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.dispatch import receiver
from django.shortcuts import redirect

from qualit.territoire.roles import ROLES_A_DEUX_FACTEURS

TOUJOURS_OUVERTES = (
    "account_logout", "account_reauthenticate", "mfa_", "sante", "accessibilite", "mentions_legales",
    "donnees_personnelles", "notice_familles", "territoire:charte", "territoire:invitation", "territoire:second_facteur",
)  # fmt: skip


#: Session key: a second factor was found for this person.
VERIFIE = "second_facteur"


def second_facteur_demande(user, adhesions):
    """Whether the portal demands a second factor of this person, by all their memberships in force (EXIGER_MFA)."""
    return settings.EXIGER_MFA and (user.is_staff or any(a.role in ROLES_A_DEUX_FACTEURS for a in adhesions))


class PremierAccesMiddleware:
    """Send to the charter, or to the choice of a second factor, whoever has not done it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, vue, args, kwargs):
        user = request.user
        nom = request.resolver_match.view_name
        if not user.is_authenticated or user.vu_comme_par or nom.startswith(TOUJOURS_OUVERTES):
            return None
        if settings.EXIGER_CHARTE and user.charte_version != settings.QUALIT["CHARTE_VERSION"]:
            return redirect("territoire:charte")
        if not request.session.get(VERIFIE) and second_facteur_demande(user, request.adhesions):
            if not is_mfa_enabled(user):
                return redirect("territoire:second_facteur")
            request.session[VERIFIE] = True
        return None


@receiver(authenticator_removed)
def second_facteur_retire(request, **kwargs):
    """Ask again whether a factor is left."""
    request.session.pop(VERIFIE, None)

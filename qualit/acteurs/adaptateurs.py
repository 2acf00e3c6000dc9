"""allauth: no open sign-up, accounts come from invitations. What ProConnect confirms enters only if it was invited."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from django.shortcuts import render
from django.urls import reverse

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire.models import Utilisateur

from . import services
from .proconnect import sortie


class ComptesAdapter(DefaultAccountAdapter):
    """People cannot create an account by themselves; leaving the portal also leaves ProConnect."""

    def is_open_for_signup(self, request):
        return False

    def send_mail(self, template_prefix, email, context):
        """E-mails of allauth leave by the outbox: a slow mail server neither delays a page nor tells who exists."""
        message = self.render_mail(template_prefix, email, {"email": email, **context})
        notifications.deposer(template_prefix.rsplit("/", 1)[1], email, message.subject, message.body)

    def format_email_subject(self, subject):
        return subject

    def get_logout_redirect_url(self, request):
        if request.session.get(sortie.JETON):
            return reverse("proconnect_sortie")
        return reverse("account_login")

    def logout(self, request):
        adresse = sortie.adresse(request)
        super().logout(request)
        if adresse:
            request.session[sortie.ADRESSE] = adresse


def refuser(request, raison, statut=403):
    """The page that says why ProConnect did not open the portal; `raison` is a code of the template."""
    noter(Action.REFUS, f"proconnect_{raison}", par=None)
    raise ImmediateHttpResponse(
        render(request, "acteurs/proconnect_refus.html", {"raison": raison}, status=statut)
    )


class ProConnectAdapter(DefaultSocialAccountAdapter):
    """From an identity that ProConnect confirmed to an account of the portal.

    The account is found by the identifier of ProConnect (`sub`), else, the first time, by the e-mail. A person without
    an account enters if an invitation for this e-mail is pending: it is accepted. Nobody else does.
    """

    def pre_social_login(self, request, sociallogin):
        if sociallogin.state.get("process") != AuthProcess.LOGIN:
            refuser(request, "technique", 400)
        if not sociallogin.is_existing:
            sociallogin.user = self.rattacher(request, sociallogin)
        if not sociallogin.user.is_active:
            refuser(request, "ferme")

    def rattacher(self, request, sociallogin):
        """Tie the identity to the account of its e-mail (or of its invitations) and return the `Utilisateur`."""
        adresse = next(iter(sociallogin.email_addresses), None)
        if adresse is None:
            refuser(request, "sans_courriel")
        if not adresse.verified:
            refuser(request, "non_verifie")
        courriel = adresse.email.lower()
        utilisateur = Utilisateur.objects.filter(email=courriel).first()
        if utilisateur is None:
            identite = sociallogin.user
            try:
                utilisateur = services.accepter_les_invitations(
                    courriel, prenom=identite.prenom, nom=identite.nom
                )
            except services.StructureFermee:
                refuser(request, "structure_fermee")
        if utilisateur is None:
            refuser(request, "inconnu")
        if not utilisateur.is_active:
            refuser(request, "ferme")
        compte = sociallogin.account
        if SocialAccount.objects.filter(user=utilisateur, provider=compte.provider).exists():
            refuser(
                request, "autre_identite"
            )  # the address passed to somebody else: an administrator decides
        compte.user = utilisateur
        compte.save()
        noter(Action.CONNEXION, "proconnect_rattache", utilisateur, par=utilisateur)
        return utilisateur

    def populate_user(self, request, sociallogin, data):
        sociallogin.user.email = data.get("email") or ""
        sociallogin.user.prenom = (data.get("first_name") or "")[:80]
        sociallogin.user.nom = (data.get("last_name") or "")[:80]
        return sociallogin.user

    def on_authentication_error(self, request, provider, error=None, exception=None, extra_context=None):
        if error == AuthError.CANCELLED:
            refuser(request, "abandon", 401)
        refuser(request, "technique", 401)

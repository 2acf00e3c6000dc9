"""One transaction per request, with the membership that the person works under."""

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from . import droits
from .models import Utilisateur
from .roles import Role

PRIORITE = [
    Role.COORDINATEUR_GAB,
    Role.MEMBRE_GAB,
    Role.RECTORAT_PILOTE,
    Role.OPERATEUR,
    Role.REFERENT_STRUCTURE,
    Role.SIGNALEUR,
    Role.RECTORAT_LECTURE,
    Role.DPO,
    Role.PARTENAIRE,
    Role.INVITE_SEANCE,
    Role.ADMIN_TECHNIQUE,
]


def choisir_adhesion(adhesions, choix):
    """The membership chosen in the session if it is still in force, else the first by order of use."""
    for adhesion in adhesions:
        if adhesion.pk == choix:
            return adhesion
    return min(adhesions, key=lambda a: (PRIORITE.index(a.role), a.pk), default=None)


def voir_comme(assistant, pk):
    """The person whom the support looks at the portal as, marked so; None when the right or the account is gone."""
    if not droits.a_le_droit(assistant, droits.Droit.VOIR_COMME):
        return None
    vue = Utilisateur.objects.visibles_par(assistant).filter(pk=pk, is_active=True).first()
    if vue is not None:
        vue.vu_comme_par = assistant
    return vue


def poser_contexte(user, adhesion):
    """Tell the database, until the end of the transaction, who asks and under which membership."""
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT set_config('qualit.utilisateur', %s, true), set_config('qualit.adhesion', %s, true)",
            [str(user.pk or ""), str(adhesion.pk if adhesion else "")],
        )


class ContexteMiddleware:
    """Open the request's transaction, end sessions that are too old, choose the membership.

    ATOMIC_REQUESTS wraps the view in a savepoint of it: an exception undoes what the view wrote, and the error page
    can still read the database.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with transaction.atomic():
            self.preparer(request)
            assistance = getattr(request.user, "vu_comme_par", None) is not None
            fin = request.path == reverse("territoire:fin_voir_comme")
            if assistance and request.method not in ("GET", "HEAD") and not fin:
                raise PermissionDenied
            with droits.noms_masques(assistance):
                reponse = self.get_response(request)
            return reponse

    def preparer(self, request):
        request.adhesion, request.adhesions = None, []
        user = request.user
        if user.is_authenticated:
            debut = request.session.setdefault("debut", timezone.now().timestamp())
            if timezone.now().timestamp() - debut > settings.SESSION_DUREE_MAXIMALE.total_seconds():
                logout(request)
                user = request.user
        if user.is_authenticated and "voir_comme" in request.session:
            user = request.user = voir_comme(user, request.session["voir_comme"]) or user
        if user.is_authenticated:
            request.adhesions = droits.adhesions(user)
            request.adhesion = choisir_adhesion(request.adhesions, request.session.get("adhesion"))
            user.adhesion_choisie = request.adhesion
        poser_contexte(user, request.adhesion)

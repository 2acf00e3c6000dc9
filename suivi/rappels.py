"""Whom the GAB said it would call again: the days that it noted itself, late ones first, and what it has dealt with today."""

from django.db.models import Count, Q, prefetch_related_objects
from django.utils import timezone

from dedoublonnage.models import joignable
from gab.models import ETATS_OUVERTS
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from signalements.models import EtatSignalement

from .missions import contacts_de
from .models import Etape


def _du_bassin(etapes, user):
    """Steps of open dossiers that this person follows, about jeunes who may be contacted."""
    return etapes.filter(
        joignable("dossier__jeune__"),
        dossier__bassin__in=droits.bassins_pour(user, Droit.SUIVRE),
        dossier__etat__in=ETATS_OUVERTS,
    )


def en_attente(user):
    """The calls to make, the earliest day first."""
    return (
        _du_bassin(Etape.objects.rappels_du_gab(), user)
        .select_related("dossier__jeune__identite__commune", "par")
        .order_by("rappeler_le", "pk")
    )


def comptes(user):
    """(due today or before, later) of the calls to make, in one query."""
    dus = Q(rappeler_le__lte=timezone.localdate())
    nombres = (
        _du_bassin(Etape.objects.rappels_du_gab(), user)
        .order_by()
        .aggregate(dus=Count("pk", filter=dus), ensuite=Count("pk", filter=~dus))
    )
    return nombres["dus"], nombres["ensuite"]


def traites_aujourd_hui(user):
    """What was done today from the list, the latest first, to be undone if need be: calls noted, and calls said done."""
    aujourdhui = timezone.localdate()
    return (
        _du_bassin(Etape.objects.valables(), user)
        .filter(mission__isnull=True)
        .filter(Q(quand__date=aujourdhui, contact__isnull=False) | Q(rappel_fait_le__date=aujourdhui))
        .select_related("dossier__jeune__identite")
        .order_by("-quand", "-pk")
    )


def joindre(etapes):
    """Put on each step `contacts`, those of the valid reports of its dossier: one list a jeune, a fixed number of queries."""
    etapes = list(etapes)
    prefetch_related_objects(etapes, "dossier__versements__signalement__contacts")
    for etape in etapes:
        etape.contacts = contacts_du_dossier(etape.dossier)
    return etapes


def contacts_du_dossier(dossier):
    """The contacts that the GAB may call, without repetition."""
    ecartes = {EtatSignalement.ANNULE, EtatSignalement.HORS_CHAMP}
    versements = sorted(dossier.versements.all(), key=lambda v: v.pk, reverse=True)
    return contacts_de([v.signalement for v in versements if v.signalement.etat not in ecartes])

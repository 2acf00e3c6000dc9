"""Vacant places: published by an operator, to be confirmed after 14 days, fewer when an entry is confirmed."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure

from ..models import Fermeture, Place

PLACES_PROPOSEES = 20


def exiger_structure(user, structure):
    """Places belong to the structures where the person is an operator."""
    if structure.pk not in droits.structures_pour(user, Droit.PUBLIER_PLACES):
        raise PermissionDenied


def proposables(bassin, solution=None):
    """Vacant places to choose from for a jeune of this bassin, those of the bassin first; of one solution, when given."""
    places = Place.objects.visibles().filter(structure__academie=bassin.academie_id)
    if solution is not None:
        places = places.filter(solution=solution)
    return list(
        places.select_related("structure__commune")
        .annotate(ailleurs=~Q(structure__bassin=bassin))
        .order_by("ailleurs", "date_entree", "structure__nom_tri", "pk")[:PLACES_PROPOSEES]
    )


@transaction.atomic
def publier(place, *, par):
    """Save new or changed places; saving also confirms them."""
    exiger_structure(par, place.structure)
    if place.pk is None:
        place.publiee_par = par
    place.confirmee_le, place.relancee_le, place.retiree_le = timezone.now(), None, None
    place.save()
    noter(Action.ECRITURE, "places_publiees", place, par=par)
    return place


@transaction.atomic
def confirmer(place, *, par):
    """Say that these places are still free."""
    return publier(place, par=par)


@transaction.atomic
def retirer(place, *, par):
    """Take places off the board."""
    exiger_structure(par, place.structure)
    place.retiree_le = timezone.now()
    place.save(update_fields=["retiree_le"])
    noter(Action.ECRITURE, "places_retirees", place, par=par)


@transaction.atomic
def confirmer_entree(mission, *, par):
    """One place fewer when the entry of a jeune is confirmed; once for each mission. Returns the place, or None.

    Called by the follow-up when a step "entrée" or a solution is recorded on a mission that was given for a place.
    """
    if mission.place_id is None:
        return None
    place = Place.objects.select_for_update(of=("self",)).get(pk=mission.place_id)
    place.nombre = max(0, place.nombre - 1)
    place.save(update_fields=["nombre"])
    mission.place = None
    mission.save(update_fields=["place"])
    noter(Action.ECRITURE, "place_prise", place, par=par, mission=mission.pk)
    return place


@transaction.atomic
def rendre(mission, place_pk, *, par):
    """The entry was noted by mistake: its place is free again, and the mission holds it as before."""
    place = Place.objects.select_for_update(of=("self",)).get(pk=place_pk)
    place.nombre += 1
    place.save(update_fields=["nombre"])
    mission.place = place
    mission.save(update_fields=["place"])
    noter(Action.ECRITURE, "place_rendue", place, par=par, mission=mission.pk)


@transaction.atomic
def demander_confirmations():
    """Ask, once, the operators of places not confirmed for long. Returns how many were asked about."""
    limite = timezone.now() - timedelta(days=settings.QUALIT["PLACE_A_CONFIRMER_JOURS"])
    places = (
        Place.objects.visibles()
        .filter(confirmee_le__lte=limite, relancee_le__isnull=True)
        .select_related("structure")
        .select_for_update(of=("self",), skip_locked=True)
    )
    nombre = 0
    for place in places:
        notifications.prevoir(
            "place_a_confirmer", a=notifications.equipe(place.structure), lien="/gab/places/"
        )
        place.relancee_le = timezone.now()
        place.save(update_fields=["relancee_le"])
        nombre += 1
    return nombre


def structures_a_fermer(user):
    """Structures whose closing days this person keeps: one's own, or every operator of the académie."""
    return (
        Structure.objects.ouvertes()
        .operatrices()
        .filter(
            Q(pk__in=droits.structures_pour(user, Droit.PUBLIER_PLACES))
            | Q(academie__in=droits.academies_pour(user, Droit.GERER_STRUCTURES))
        )
        .order_by("nom_tri")
    )


def _exiger_fermeture(user, structure):
    if not structures_a_fermer(user).filter(pk=structure.pk).exists():
        raise PermissionDenied


@transaction.atomic
def fermer(structure, debut, fin, libelle, *, par):
    """Record closing days; missions that wait for an answer get as many days more."""
    _exiger_fermeture(par, structure)
    fermeture = Fermeture.objects.create(structure=structure, debut=debut, fin=fin, libelle=libelle, par=par)
    noter(Action.ECRITURE, "fermeture", fermeture, par=par)
    return fermeture


@transaction.atomic
def rouvrir(fermeture, *, par):
    """Remove closing days."""
    _exiger_fermeture(par, fermeture.structure)
    noter(Action.ECRITURE, "fermeture_supprimee", fermeture, par=par)
    fermeture.delete()

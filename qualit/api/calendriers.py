"""Calendar feeds by secret address: the séances of a bassin, the interviews that a person holds. No name is in them."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from gab.models import Entretien, Seance
from gab.services import agenda
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.middleware import poser_contexte

from .models import FluxCalendrier
from .services import empreinte_de

AVANT, APRES = timedelta(days=60), timedelta(days=400)
DUREE_SEANCE = timedelta(hours=3)
DROITS = {
    FluxCalendrier.Contenu.SEANCES: Droit.LIRE_SEANCE,
    FluxCalendrier.Contenu.ENTRETIENS: Droit.CONVOQUER,
}


def possibles(user):
    """The feeds that this person may have: [(contenu, Bassin or None)]."""
    flux = []
    if droits.a_le_droit(user, Droit.CONVOQUER):
        flux.append((FluxCalendrier.Contenu.ENTRETIENS, None))
    bassins = {a.bassin_id: a.bassin for a in droits.adhesions(user) if a.bassin_id}
    permis = droits.bassins_pour(user, Droit.LIRE_SEANCE)
    flux += [(FluxCalendrier.Contenu.SEANCES, b) for pk, b in sorted(bassins.items()) if pk in permis]
    return flux


@transaction.atomic
def ouvrir(user, contenu, bassin=None):
    """Give a new secret address to this feed; the former one, if any, stops at once. Returns the secret."""
    if (contenu, bassin) not in possibles(user):
        raise FluxImpossible("Ce calendrier n’est pas à vous.")
    secret = secrets.token_urlsafe(32)
    FluxCalendrier.objects.filter(utilisateur=user, contenu=contenu, bassin=bassin).delete()
    flux = FluxCalendrier.objects.create(
        utilisateur=user, contenu=contenu, bassin=bassin, empreinte=empreinte_de(secret)
    )
    noter(Action.DROITS, f"calendrier_{contenu}", flux, par=user)
    return secret


class FluxImpossible(Exception):
    """The feed is not for this person. The message is for the user."""


@transaction.atomic
def fermer(flux, *, par):
    """Stop a feed: its address opens nothing any more."""
    noter(Action.DROITS, "calendrier_ferme", flux, par=par)
    flux.delete()


def trouver(secret):
    """The feed of this secret whose person still has the right to it, else None."""
    flux = (
        FluxCalendrier.objects.select_related("utilisateur", "bassin")
        .filter(empreinte=empreinte_de(secret), utilisateur__is_active=True)
        .first()
    )
    if flux is None:
        return None
    porteuses = [
        a
        for a in droits.adhesions(flux.utilisateur)
        if a.role in droits.ROLES_DU_DROIT[DROITS[flux.contenu]]
        and (flux.bassin_id is None or a.bassin_id == flux.bassin_id)
    ]
    if not porteuses:
        return None
    flux.utilisateur.adhesion_choisie = porteuses[0] if flux.bassin_id or len(porteuses) == 1 else None
    poser_contexte(flux.utilisateur, porteuses[0])
    return flux


def evenements(flux, maintenant=None):
    """The events of a feed, from two months ago to a year ahead: see `web.documents.calendrier`."""
    maintenant = maintenant or timezone.now()
    periode = {"quand__gte": maintenant - AVANT, "quand__lte": maintenant + APRES}
    user = flux.utilisateur
    if flux.contenu == FluxCalendrier.Contenu.ENTRETIENS:
        entretiens = (
            Entretien.objects.visibles_par(user)
            .filter(mene_par=user, **periode)
            .select_related("dossier")
            .order_by("quand")
        )
        return [agenda.evenement(e, settings.ADRESSE_DU_SITE) for e in entretiens]
    seances = Seance.objects.visibles_par(user).filter(bassin=flux.bassin, **periode).order_by("quand")
    return [
        {
            "uid": f"seance-{s.reference.lower()}@qualit",
            "debut": s.quand,
            "fin": s.quand + DUREE_SEANCE,
            "titre": f"Séance du GAB, {flux.bassin}",
            "lieu": s.lieu,
            "texte": f"{s.get_etat_display()}. {settings.ADRESSE_DU_SITE}/gab/seances/{s.reference}/",
            "annule": s.etat == Seance.Etat.ANNULEE,
            "sequence": s.version,
        }
        for s in seances
    ]

"""Consultations out of the ordinary, found once a day in the journal, for the delegate to look at.

Each rule compares a person with their own habit, or with a fact anybody can check; the thresholds are settings. An
alert is a question, not an accusation: the page says so, and keeps what the delegate found.
"""

from collections import defaultdict
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dedoublonnage.models import Jeune
from qualit.journal.models import Action, Trace
from qualit.journal.services import noter
from qualit.territoire.models import Adhesion, Utilisateur, cle_de_tri

from .models import Alerte

LECTURES = (Action.LECTURE, Action.RECHERCHE, Action.EXPORT)


def _jour(jour):
    """The first and the last instant of a day, in Paris."""
    debut = timezone.make_aware(datetime.combine(jour, time()))
    return debut, timezone.make_aware(datetime.combine(jour + timedelta(days=1), time()))


def _jeunes_par_personne(debut, fin):
    """{person: {day: set of jeunes shown}}."""
    lus = defaultdict(lambda: defaultdict(set))
    traces = Trace.objects.filter(quand__gte=debut, quand__lt=fin, acteur__isnull=False, action__in=LECTURES)
    for acteur, quand, jeunes in traces.order_by().values_list("acteur", "quand", "jeunes").iterator():
        lus[acteur][timezone.localdate(quand)].update(jeunes)
    return lus


def _habituel(jours):
    """What a person reads on an ordinary day: the median of the days when they read something."""
    nombres = sorted(len(jeunes) for jeunes in jours if jeunes)
    return nombres[len(nombres) // 2] if nombres else 0


def hors_horaires(quand):
    """Whether a moment is outside working hours: at night, or on a Saturday or a Sunday."""
    local = timezone.localtime(quand)
    debut, fin = settings.QUALIT["ALERTE_HEURES"]
    return local.weekday() >= 5 or not debut <= local.hour < fin


def _academies():
    """{person: académie of one of their memberships}."""
    sortie = {}
    adhesions = Adhesion.objects.select_related("structure", "bassin").order_by("pk")
    for adhesion in adhesions.iterator(chunk_size=500):
        siege = adhesion.siege
        sortie[adhesion.utilisateur_id] = adhesion.academie_id or siege.academie_id
    return sortie


def _volumes(jour, lus):
    minimum, facteur = settings.QUALIT["ALERTE_VOLUME_MINIMUM"], settings.QUALIT["ALERTE_VOLUME_FACTEUR"]
    for acteur, jours in lus.items():
        nombre = len(jours.get(jour, ()))
        habitude = _habituel([j for quand, j in jours.items() if quand != jour])
        if nombre >= minimum and nombre > facteur * habitude:
            yield acteur, Alerte.Raison.VOLUME, None, nombre, habitude


def _horaires(debut, fin):
    minimum = settings.QUALIT["ALERTE_HORAIRE_MINIMUM"]
    jeunes = defaultdict(set)
    traces = Trace.objects.filter(quand__gte=debut, quand__lt=fin, acteur__isnull=False, action__in=LECTURES)
    for acteur, quand, lus in traces.order_by().values_list("acteur", "quand", "jeunes"):
        if hors_horaires(quand):
            jeunes[acteur].update(lus)
    for acteur, lus in jeunes.items():
        if len(lus) >= minimum:
            yield acteur, Alerte.Raison.HORAIRE, None, len(lus), 0


def _homonymes(jour):
    """The page of a jeune who bears the family name of the reader, opened (a list or a search is no choice)."""
    debut, fin = _jour(jour)
    ouverts = defaultdict(set)
    traces = Trace.objects.filter(
        quand__gte=debut, quand__lt=fin, acteur__isnull=False, action=Action.LECTURE, jeunes__len=1
    )
    for acteur, jeunes in traces.order_by().values_list("acteur", "jeunes"):
        ouverts[acteur].update(jeunes)
    noms = {u.pk: cle_de_tri(u.nom) for u in Utilisateur.objects.filter(pk__in=ouverts).only("nom")}
    jeunes = Jeune.objects.select_related("identite").in_bulk({j for lot in ouverts.values() for j in lot})
    for acteur, siens in ouverts.items():
        for pk in siens:
            identite = jeunes[pk].identite if pk in jeunes else None
            if identite and noms.get(acteur) in {
                cle_de_tri(identite.nom_naissance),
                cle_de_tri(identite.nom_usage),
            } - {""}:
                yield acteur, Alerte.Raison.HOMONYME, pk, 1, 0


def _recherches(debut, fin):
    minimum = settings.QUALIT["ALERTE_RECHERCHES_MINIMUM"]
    nombres = defaultdict(lambda: [0, 0])
    traces = Trace.objects.filter(
        quand__gte=debut, quand__lt=fin, acteur__isnull=False, action__in=[Action.RECHERCHE, Action.LECTURE]
    )
    for acteur, action, jeunes in traces.order_by().values_list("acteur", "action", "jeunes"):
        if action == Action.RECHERCHE:
            nombres[acteur][0] += 1
        elif len(jeunes) == 1:
            nombres[acteur][1] += 1
    for acteur, (recherches, ouvertures) in nombres.items():
        if recherches >= minimum and ouvertures * 10 < recherches:
            yield acteur, Alerte.Raison.RECHERCHES, None, recherches, ouvertures


@transaction.atomic
def relever(jour=None):
    """Look at one day of the journal (yesterday by default) and write the alerts; returns how many are new.

    Doing the same day again adds nothing.
    """
    jour = jour or timezone.localdate() - timedelta(days=1)
    debut, fin = _jour(jour)
    lus = _jeunes_par_personne(_jour(jour - timedelta(days=settings.QUALIT["ALERTE_HABITUDE_JOURS"]))[0], fin)
    academies = _academies()
    nouvelles = 0
    constats = [*_volumes(jour, lus), *_horaires(debut, fin), *_homonymes(jour), *_recherches(debut, fin)]
    for acteur, raison, jeune, mesure, habitude in constats:
        if acteur not in academies:
            continue
        _, neuve = Alerte.objects.get_or_create(
            acteur_id=acteur,
            jour=jour,
            raison=raison,
            jeune_id=jeune,
            defaults={"academie_id": academies[acteur], "mesure": mesure, "habitude": habitude},
        )
        nouvelles += neuve
    return nouvelles


@transaction.atomic
def traiter(alerte, reponse, *, par):
    """The delegate looked at it, and writes what they found."""
    alerte.traitee_le, alerte.traitee_par, alerte.reponse = timezone.now(), par, reponse
    alerte.save(update_fields=["traitee_le", "traitee_par", "reponse"])
    noter(Action.ECRITURE, "alerte_traitee", alerte, par=par)

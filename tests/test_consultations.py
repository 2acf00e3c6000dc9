"""Unusual consultations: found in the journal, by day and once, and looked at by the delegate."""

from datetime import datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qualit.journal.models import Action, Trace
from qualit.rgpd import alertes
from qualit.rgpd.models import Alerte

from . import monde as w

pytestmark = pytest.mark.django_db
R = Alerte.Raison


@pytest.fixture
def m(db):
    m = w.construire()
    m.jour = timezone.localdate() - timedelta(days=1)
    while m.jour.weekday() != 2:  # a Wednesday
        m.jour -= timedelta(days=1)
    return m


def lire(qui, jour, combien=1, *, heure=10, depuis=1000, action=Action.LECTURE):
    """Traces of one page a jeune, on that day."""
    quand = timezone.make_aware(datetime.combine(jour, time(heure)))
    Trace.objects.bulk_create(
        Trace(quand=quand, acteur=qui, action=action, quoi="suivi:jeune", jeunes=[depuis + n])
        for n in range(combien)
    )


def raisons(qui):
    return set(Alerte.objects.filter(acteur=qui).values_list("raison", flat=True))


def test_beaucoup_plus_que_d_habitude(m):
    for n in range(1, 11):
        lire(m.celia, m.jour - timedelta(days=n), 30)
        lire(m.denis, m.jour - timedelta(days=n), 5)
    lire(m.celia, m.jour, 70)  # a coordinator who reads 30 a day prepares a séance: nothing odd
    lire(m.denis, m.jour, 70)
    assert alertes.relever(m.jour) == 1 and raisons(m.denis) == {R.VOLUME} and raisons(m.celia) == set()
    alerte = Alerte.objects.get()
    assert (alerte.mesure, alerte.habitude, alerte.academie) == (70, 5, m.academie)
    assert alertes.relever(m.jour) == 0  # the same day again adds nothing


def test_sous_le_seuil_rien(m):
    lire(m.denis, m.jour, 59)
    assert alertes.relever(m.jour) == 0


@pytest.mark.parametrize(("heure", "attendu"), [(6, {R.HORAIRE}), (7, set()), (19, set()), (20, {R.HORAIRE})])
def test_hors_des_heures_de_travail(m, heure, attendu):
    lire(m.omar, m.jour, 5, heure=heure)
    alertes.relever(m.jour)
    assert raisons(m.omar) == attendu


def test_le_samedi_et_peu_de_choses(m):
    samedi = m.jour + timedelta(days=(5 - m.jour.weekday()) % 7 - 7)
    lire(m.omar, samedi, 5)
    lire(m.celia, samedi, 4)
    alertes.relever(samedi)
    assert raisons(m.omar) == {R.HORAIRE} and raisons(m.celia) == set()


def test_un_jeune_du_meme_nom(m):
    jeune = w.signaler(m.lycee, m.alice, nom_naissance="ÉSSAI").rattachements.get().jeune
    lire(m.celia, m.jour, depuis=jeune.pk)
    autre = w.signaler(m.lycee, m.alice, 1).rattachements.get().jeune
    lire(m.denis, m.jour, depuis=autre.pk)
    alertes.relever(m.jour)
    assert raisons(m.celia) == {R.HOMONYME} and raisons(m.denis) == set()


def test_chercher_sans_ouvrir(m):
    lire(m.omar, m.jour, 30, action=Action.RECHERCHE)
    lire(m.celia, m.jour, 30, action=Action.RECHERCHE)
    lire(m.celia, m.jour, 6)
    alertes.relever(m.jour)
    assert raisons(m.omar) == {R.RECHERCHES} and raisons(m.celia) == set()


def test_le_delegue_examine_et_garde_ce_qu_il_a_constate(m):
    lire(m.omar, m.jour, 5, heure=22)
    alertes.relever(m.jour)
    alerte = Alerte.objects.get()
    client = w.connecter(Client(), m.dora)
    liste = client.get(reverse("rgpd:alertes")).content.decode()
    assert "Omar Essai" in liste and "en dehors des heures de travail" in liste
    adresse = reverse("rgpd:alerte", args=[alerte.reference])
    assert "22:00" in client.get(adresse).content.decode()
    assert "obligatoire" in client.post(adresse, {"reponse": ""}).content.decode()
    client.post(adresse, {"reponse": "Séance préparée la veille."})
    alerte.refresh_from_db()
    assert (
        alerte.traitee_par == m.dora
        and "Rien à examiner" in client.get(reverse("rgpd:alertes")).content.decode()
    )
    assert "Séance préparée" in client.get(reverse("rgpd:alertes"), {"vue": "traitees"}).content.decode()
    for qui in (m.rene, m.celia, m.omar):
        assert w.connecter(Client(), qui).get(adresse).status_code == 403

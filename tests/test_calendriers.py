"""Calendar feeds: by a secret address, without a name, cut at once, and only as long as the person has the right."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from gab import services as gab
from gab.models import Entretien, Seance
from qualit.api.models import FluxCalendrier
from qualit.territoire.models import Adhesion

from .monde import connecter, signaler

pytestmark = pytest.mark.django_db


def adresse_de(client, contenu, bassin=""):
    """Ask the page for an address; returns its path."""
    page = client.post("/calendriers/", {"contenu": contenu, "bassin": bassin}).content.decode()
    return page.split("<code>")[1].split("</code>")[0].partition("/calendriers/")[1:]


def lire(morceaux):
    return Client().get("".join(morceaux))


def etats(texte):
    """[(STATUS, SEQUENCE)] of the events of a calendar."""
    return [(e, int(n)) for e, n in re.findall(r"STATUS:(\w+)\s+SEQUENCE:(\d+)", texte)]


@pytest.fixture
def entretien(monde):
    s = signaler(monde.lycee, monde.alice)
    dossier = gab.juger_recevable(s, par=monde.celia)
    return gab.convoquer(
        dossier,
        quand=timezone.now() + timedelta(days=3),
        lieu="CIO de Caen",
        mode="presence",
        canaux=["lettre"],
        mene_par=monde.medhi,
        par=monde.celia,
    )


def test_mes_entretiens_sans_aucun_nom(client, monde, entretien):
    connecter(client, monde.medhi)
    reponse = lire(adresse_de(client, "entretiens"))
    texte = reponse.content.decode().replace("\r\n ", "")
    assert reponse["Content-Type"].startswith("text/calendar")
    assert texte.startswith("BEGIN:VCALENDAR") and texte.count("BEGIN:VEVENT") == 1
    assert f"Entretien\\, dossier {entretien.dossier.reference}" in texte and "CIO de Caen" in texte
    assert "DUVIVIER" not in texte and "Maëlle" not in texte


def test_les_entretiens_des_autres_n_y_sont_pas(client, monde, entretien):
    connecter(client, monde.celia)
    assert "BEGIN:VEVENT" not in lire(adresse_de(client, "entretiens")).content.decode()


def test_les_seances_de_son_bassin_seulement(client, monde):
    Seance.objects.create(bassin=monde.caen, quand=timezone.now() + timedelta(days=5), lieu="Salle 2")
    Seance.objects.create(bassin=monde.lisieux, quand=timezone.now() + timedelta(days=5), lieu="Ailleurs")
    connecter(client, monde.celia)
    texte = lire(adresse_de(client, "seances", "caen")).content.decode()
    assert "Salle 2" in texte and "Ailleurs" not in texte
    refus = client.post("/calendriers/", {"contenu": "seances", "bassin": "lisieux"})
    assert refus.status_code == 302 and not FluxCalendrier.objects.filter(bassin=monde.lisieux).exists()


def test_une_seance_annulee_l_est_aussi_dans_l_agenda(client, monde):
    quand = timezone.now() + timedelta(days=5)
    Seance.objects.create(bassin=monde.caen, quand=quand, lieu="Salle 2")
    apres = quand + timedelta(hours=4)
    Seance.objects.create(bassin=monde.caen, quand=apres, lieu="Salle 3", etat=Seance.Etat.ANNULEE)
    connecter(client, monde.celia)
    texte = lire(adresse_de(client, "seances", "caen")).content.decode()
    assert etats(texte) == [("CONFIRMED", 0), ("CANCELLED", 1)]


@pytest.mark.parametrize("action", ["annuler", "reporter", "excuser"])
def test_un_entretien_qui_n_aura_pas_lieu_quitte_l_agenda(client, monde, entretien, action):
    """Its number rises, without which an agenda keeps what it has; it does not come down if the interview is put back."""
    connecter(client, monde.medhi)
    adresse = adresse_de(client, "entretiens")
    assert etats(lire(adresse).content.decode()) == [("CONFIRMED", 0)]
    gab.constater(entretien, action, par=monde.medhi)
    assert etats(lire(adresse).content.decode()) == [("CANCELLED", 1)]
    if action == "excuser":
        gab.constater(entretien, "corriger", par=monde.medhi)
        assert etats(lire(adresse).content.decode()) == [("CONFIRMED", 1)]


def test_un_entretien_excuse_apres_coup_reste_dans_l_agenda(client, monde, entretien):
    connecter(client, monde.medhi)
    adresse = adresse_de(client, "entretiens")
    Entretien.objects.update(quand=timezone.now() - timedelta(hours=1))
    entretien.refresh_from_db()
    gab.constater(entretien, "excuser", par=monde.medhi)
    assert etats(lire(adresse).content.decode()) == [("CONFIRMED", 0)]


def test_changer_ou_couper_l_adresse_ferme_l_ancienne(client, monde):
    connecter(client, monde.celia)
    ancienne = adresse_de(client, "seances", "caen")
    nouvelle = adresse_de(client, "seances", "caen")
    assert lire(ancienne).status_code == 404 and lire(nouvelle).status_code == 200
    client.post(f"/calendriers/{FluxCalendrier.objects.get().pk}/couper/")
    assert lire(nouvelle).status_code == 404


def test_on_ne_coupe_pas_le_calendrier_d_un_autre(client, monde):
    connecter(client, monde.celia)
    adresse = adresse_de(client, "seances", "caen")
    autre = connecter(Client(), monde.denis)
    assert autre.post(f"/calendriers/{FluxCalendrier.objects.get().pk}/couper/").status_code == 404
    assert lire(adresse).status_code == 200


def test_le_calendrier_se_tait_avec_la_fin_de_l_adhesion(client, monde, entretien):
    connecter(client, monde.medhi)
    adresse = adresse_de(client, "entretiens")
    Adhesion.objects.filter(utilisateur=monde.medhi).update(fin=timezone.localdate() - timedelta(days=1))
    assert lire(adresse).status_code == 404


def test_le_secret_n_est_pas_garde(client, monde):
    connecter(client, monde.celia)
    _, secret = adresse_de(client, "seances", "caen")
    assert secret.removesuffix(".ics") not in str(FluxCalendrier.objects.values().get())


def test_une_adresse_inventee_n_ouvre_rien(db):
    assert Client().get("/calendriers/nimporte-quoi.ics").status_code == 404

"""In a real Chromium: triage by keyboard without leaving the page, and a whole séance to its minutes."""

import re
from datetime import timedelta
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gab import services
from gab.models import Dossier, EtatDossier, Mission, Place, Seance
from gab.services import seances
from signalements.models import EtatSignalement

from .monde import connecter, construire, signaler

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
NOMS = ["AUBIN", "COLIN", "FOUCHER", "IMBERT"]


@pytest.fixture
def ecran(live_server, nouveau_contexte):
    """A signed-in page of the coordinator, at the width asked."""
    m = construire()
    client = connecter(Client(), m.celia)

    def ouvrir(chemin, largeur=1280):
        contexte = nouveau_contexte(viewport={"width": largeur, "height": 900})
        contexte.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": live_server.url,
                }
            ]
        )
        page = contexte.new_page()
        page.goto(live_server.url + chemin)
        return page

    return m, ouvrir


def sans_debordement(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_tri_au_clavier(ecran, capturer):
    m, ouvrir = ecran
    envois = [
        signaler(m.lycee, m.alice, nom_naissance=nom, date_naissance=timezone.datetime(2009, 2 + i, 3).date())
        for i, nom in enumerate(NOMS)
    ]
    page = ouvrir(reverse("gab:tri"))
    capturer(page, "gab-tri")
    adresse = page.url
    lignes = page.locator("[data-tri-ligne]")
    assert lignes.count() == 4
    page.keyboard.press("r")
    page.locator(".gab-tri__ligne--faite").first.wait_for()
    assert lignes.count() == 3 and page.url == adresse
    page.keyboard.press("j")
    page.keyboard.press("h")
    choisie = page.locator("[data-tri-ligne][aria-current]")
    choisie.locator("select[name=motif]").select_option("diplome")
    choisie.get_by_role("button", name="Hors champ", exact=True).click()
    page.locator(".gab-tri__ligne--faite").nth(1).wait_for()
    page.keyboard.press("c")
    page.locator("[data-tri-ligne][aria-current] textarea").fill("Quelle classe ?")
    page.locator("[data-tri-ligne][aria-current]").get_by_role("button", name="Poser la question").click()
    page.locator(".gab-tri__ligne--faite").nth(2).wait_for()
    for envoi in envois:
        envoi.refresh_from_db()
    assert sorted(e.etat for e in envois) == sorted(
        [
            EtatSignalement.RECEVABLE,
            EtatSignalement.HORS_CHAMP,
            EtatSignalement.A_COMPLETER,
            EtatSignalement.ENVOYE,
        ]
    )
    dossier = Dossier.objects.get(versements__signalement=envois[0])
    for nom, chemin in {
        "gab-file": reverse("gab:file"),
        "gab-dossier": services.lien(dossier),
        "gab-agenda": reverse("gab:agenda"),
        "gab-places": reverse("gab:places"),
        "gab-preconiser": reverse("gab:preconiser", args=[dossier.reference]),
    }.items():
        capturer(ouvrir(chemin), nom)
        etroite = ouvrir(chemin, 360)
        capturer(etroite, f"{nom}-360")
        assert sans_debordement(etroite), chemin


def recevoir(m):
    """Two dossiers whose interview is done, and a place in an apprenticeship."""
    dossiers = []
    for i, nom in enumerate(NOMS[:2]):
        envoi = signaler(
            m.lycee, m.alice, nom_naissance=nom, date_naissance=timezone.datetime(2009, 2 + i, 3).date()
        )
        dossier = services.juger_recevable(envoi, par=m.celia)
        entretien = services.convoquer(
            dossier, quand=timezone.now(), lieu="CIO", mode="presence", canaux=["lettre"], par=m.celia
        )
        services.constater(entretien, "tenir", par=m.celia, responsable_present="oui")
        dossiers.append(dossier)
    place = Place.objects.create(
        structure=m.ml,
        solution="apprentissage",
        formation="Cuisine",
        date_entree=timezone.localdate() + timedelta(days=30),
        nombre=1,
    )
    return dossiers, place


def test_un_choix_fait_avant_les_scripts_compte(ecran):
    """On a slow line, one chooses before the scripts are there: what depends on the choice still comes."""
    m, ouvrir = ecran
    dossiers, _ = recevoir(m)
    seance = seances.preparer(Seance(bassin=m.caen, quand=timezone.now()), dossiers, par=m.celia)
    seances.ouvrir(seance, par=m.celia)
    page = ouvrir(reverse("gab:agenda"))
    retenus = []
    scripts = re.compile(r"/(htmx|qualit|gab)[^/]*\.js")
    page.route(scripts, lambda route: retenus.append(route))
    page.goto(urljoin(page.url, reverse("gab:projection", args=[seance.reference])), wait_until="commit")
    page.locator("label", has_text="Préconisation et mission").click()
    page.get_by_label("Type de solution").select_option("apprentissage")
    for demande in retenus:
        demande.continue_()
    assert retenus
    page.get_by_text("Cuisine, Caen – Mission locale de Caen").wait_for()


def test_seance_jusqu_au_compte_rendu(ecran, capturer):
    m, ouvrir = ecran
    dossiers, place = recevoir(m)
    page = ouvrir(reverse("gab:preparer_seance"))
    page.get_by_label("Jour").fill(f"{timezone.localdate() + timedelta(days=1):%d/%m/%Y}")
    page.get_by_label("Heure").fill("9h30")
    page.get_by_role("button", name="Préparer").click()
    page.get_by_role("link", name="Revenir à la séance").click()
    page.get_by_role("button", name="Ouvrir la séance").click()
    page.get_by_role("link", name="Projeter et décider").click()
    capturer(page, "gab-projection")
    for rang in (1, 2):
        page.locator("label", has_text="Préconisation et mission").click()
        page.get_by_label("Type de solution").select_option("apprentissage")
        page.get_by_text(
            "Cuisine, Caen – Mission locale de Caen"
        ).wait_for()  # the places of that solution come by themselves
        if rang == 1:
            capturer(page, "gab-projection-places")
            page.get_by_text("Cuisine, Caen – Mission locale de Caen").click()
        else:
            page.get_by_label("Structure").select_option(str(m.ml.pk))
        page.get_by_role("button", name="Noter et passer au suivant").click()
        page.get_by_text(f"{rang} / 2 décidés").wait_for()
        page.locator("h1:focus").wait_for()
    page.get_by_role("link", name="Quitter la projection").click()
    page.get_by_role("button", name="Clore la séance").click()
    page.get_by_role("button", name="Clore la séance").click()
    page.get_by_role("link", name="Compte rendu", exact=True).click()
    capturer(page, "gab-compte-rendu")
    page.get_by_role("button", name="Signer le compte rendu").click()
    page.get_by_role("button", name="Signer le compte rendu").click()
    page.get_by_text("Le compte rendu est signé").wait_for()
    places = [Mission.objects.get(dossier=d).place for d in dossiers]
    assert sorted(places, key=bool) == [None, place]
    assert Seance.objects.get().etat == Seance.Etat.SIGNEE
    assert {Dossier.objects.get(pk=d.pk).etat for d in dossiers} == {EtatDossier.MISSIONNE}

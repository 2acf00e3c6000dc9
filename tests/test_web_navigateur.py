"""The look and the behaviours, in a real browser: axe, narrow screens, no JavaScript, drafts, double sending."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import expect

from qualit.web import navigation

pytestmark = [
    pytest.mark.navigateur,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.gabarits_essai"),
]
PUBLIQUES = [
    "/accessibilite",
    "/mentions-legales",
    "/donnees-personnelles",
    "/notice-familles",
    "/compte/login/",
    "/compte/password/reset/",
]
CONNECTEES = [
    "/galerie",
    "/galerie/confirmation",
    "/compte/2fa/",
    "/compte/password/change/",
    "/compte/sessions/",
    "/compte/logout/",
    "/nulle-part",
]
CAPTURES = os.environ.get("CAPTURES")


def capturer(page, nom):
    if CAPTURES:
        page.screenshot(path=str(Path(CAPTURES) / f"{nom}.png"), full_page=True)


@pytest.fixture
def personne(django_user_model, settings):
    return django_user_model.objects.create_user(
        "ana@exemple.invalid",
        "x",
        prenom="Ana",
        nom="Essai",
        charte_version=settings.QUALIT["CHARTE_VERSION"],
    )


@pytest.fixture
def ouvrir(nouveau_contexte, live_server, personne):
    """Open a page, signed in or not, and watch its console."""

    def _ouvrir(adresse, *, largeur=1280, connecte=True, **options):
        contexte = nouveau_contexte(viewport={"width": largeur, "height": 900}, **options)
        if connecte:
            client = Client()
            client.force_login(personne)
            contexte.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
        page = contexte.new_page()
        page.fautes = []
        page.on(
            "console",
            lambda m: page.fautes.append(m.text) if m.type == "error" and "404" not in m.text else None,
        )
        page.on("pageerror", lambda e: page.fautes.append(str(e)))
        page.goto(live_server.url + adresse)
        return page

    return _ouvrir


def verifier(page):
    resultats = Axe().run(page)
    assert resultats.violations_count == 0, resultats.generate_report()
    debord = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert debord <= 0, f"la page déborde de {debord} px"
    assert not page.fautes


@pytest.mark.parametrize("largeur", [1280, 320])
@pytest.mark.parametrize("adresse", PUBLIQUES)
def test_pages_publiques_accessibles(ouvrir, adresse, largeur):
    page = ouvrir(adresse, largeur=largeur, connecte=False)
    capturer(page, f"public{adresse.replace('/', '_')}{largeur}")
    verifier(page)


@pytest.mark.parametrize("largeur", [1280, 320])
@pytest.mark.parametrize("adresse", CONNECTEES)
def test_pages_connectees_accessibles(ouvrir, adresse, largeur):
    page = ouvrir(adresse, largeur=largeur)
    capturer(page, f"connecte{adresse.replace('/', '_')}{largeur}")
    verifier(page)


def test_theme_sombre(ouvrir):
    page = ouvrir("/galerie", color_scheme="dark")
    capturer(page, "sombre")
    assert page.evaluate("document.documentElement.dataset.frTheme") == "dark"
    verifier(page)


def test_formulaire_en_erreur(ouvrir):
    page = ouvrir("/galerie", largeur=360)
    page.fill("#id_ne_le", "31/02/1993")
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_selector("[data-erreurs]")
    capturer(page, "erreurs360")
    assert page.evaluate("document.activeElement.hasAttribute('data-erreurs')")
    verifier(page)
    page.get_by_role("link", name="Date de naissance").click()
    assert page.evaluate("location.hash") == "#id_ne_le"


def test_sans_javascript_le_menu_et_le_formulaire_servent(ouvrir):
    page = ouvrir("/galerie", largeur=360, java_script_enabled=False)
    assert page.locator("[data-avec-js]:visible").count() == 0
    page.get_by_role("button", name="Envoyer").click()
    assert page.get_by_text("points sont à corriger").is_visible()


def test_menu_selon_les_droits_replie_sur_petit_ecran(ouvrir, monkeypatch):
    entrees = [{"libelle": "À trier", "url": "/galerie", "actif": True, "exact": True, "compte": 3}]
    entrees += [
        {"libelle": f"Entrée {n}", "url": f"/{n}", "actif": False, "exact": False, "compte": None}
        for n in range(5)
    ]
    monkeypatch.setattr(navigation, "menu", lambda request, *aussi: (entrees, [0] * len(aussi)))
    large = ouvrir("/galerie")
    capturer(large, "menu1280")
    assert large.get_by_role("link", name="À trier 3 à traiter").is_visible()
    verifier(large)
    etroit = ouvrir("/galerie", largeur=360)
    assert not etroit.get_by_role("link", name="Entrée 1").is_visible()
    etroit.locator("summary", has_text="Menu").click()
    capturer(etroit, "menu360")
    assert etroit.get_by_role("link", name="Entrée 1").is_visible()
    verifier(etroit)


def test_brouillon_enregistre_et_annonce(ouvrir):
    page = ouvrir("/galerie")
    with page.expect_request("**/galerie/brouillon") as requete:
        page.fill("#id_nom", "Essai")
    assert requete.value.method == "POST"
    expect(page.locator("[data-brouillon-etat]")).to_contain_text("Brouillon enregistré")


def test_raccourcis_clavier(ouvrir):
    page = ouvrir("/galerie")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").get_by_text("Signaler un jeune").is_visible()
    verifier(page)


def test_impression_sans_menu(ouvrir):
    page = ouvrir("/galerie")
    page.emulate_media(media="print")
    assert not page.locator(".fr-header").is_visible() and not page.locator(".fr-footer").is_visible()


def test_poids_de_la_premiere_page(ouvrir):
    page = ouvrir("/compte/login/", connecte=False)
    total = page.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".reduce((s, e) => s + e.encodedBodySize, 0)"
    )
    print(f"première page : {total // 1000} ko sans compression")  # noqa: T201
    assert total < 600_000

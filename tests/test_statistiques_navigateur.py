"""The statistics in a real Chromium: axe, 360 px, print in black and white, for each page and each kind of dashboard."""

import random
from datetime import date
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse

from qualit.territoire.models import Bassin
from statistiques import services
from statistiques.models import Population
from statistiques.publications import figer

from . import monde as w
from .mondes_aleatoires import peupler_au_hasard, raconter

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
CAMPAGNE = {"campagne": "2023-2024", "au": "2024-06-30"}


@pytest.fixture
def m(monde):
    peupler_au_hasard(monde, 7)
    raconter(random.Random(7))
    Population.objects.bulk_create(
        Population(campagne=2023, bassin=b, effectif=4000)
        for b in Bassin.objects.filter(academie=monde.academie)
    )
    services.rafraichir_tout()
    return monde


@pytest.fixture
def page_de(nouveau_contexte, live_server):
    """A browser page, signed in as this person."""

    def ouvrir(personne):
        contexte = nouveau_contexte(viewport={"width": 1280, "height": 900}, base_url=live_server.url)
        cookie = w.connecter(Client(), personne).cookies[settings.SESSION_COOKIE_NAME]
        contexte.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        return contexte.new_page()

    return ouvrir


def adresse(nom, **parametres):
    return f"{reverse(f'statistiques:{nom}')}?{urlencode(CAMPAGNE | parametres)}"


def eprouver(page, capturer, nom, chemin):
    """axe finds nothing; nothing overflows at 360 px, definitions and filters unfolded."""
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.goto(chemin).status == 200, nom
    capturer(page, f"statistiques-{nom}-1280")
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in Axe().run(page).response["violations"]] == [], nom
    page.set_viewport_size({"width": 360, "height": 800})
    capturer(page, f"statistiques-{nom}-360")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, nom
    page.evaluate("document.querySelectorAll('main details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, (
        f"{nom}, tout déplié"
    )


def test_les_tableaux_de_bord_de_chacun(m, page_de, capturer):
    lieux = {
        "academie": (m.rene, "academie"), "bassin": (m.celia, "bassin-caen"), "protege": (m.rita, "bassin-caen"),
        "etablissement": (m.alice, f"etablissement-{m.lycee.code}"), "operateur": (m.omar, f"operateur-{m.ml.code}"),
    }  # fmt: skip
    for nom, (personne, lieu) in lieux.items():
        eprouver(page_de(personne), capturer, f"tableau-{nom}", adresse("tableau", lieu=lieu))


def test_les_autres_pages(m, page_de, capturer):
    publication = figer(m.academie, "Point de juin", 2023, date(2024, 6, 30), par=m.rene)
    page = page_de(m.rene)
    pages = {
        "liste": adresse("liste", indicateur="jeunes"),
        "liste-missions": adresse("liste", indicateur="missions"),
        "liste-sans-reponse": adresse("liste", indicateur="couverture"),
        "question": adresse("question", indicateur="avec_solution", lignes="sexe"),
        "question-croisee": adresse("question", indicateur="jeunes", lignes="structure", colonnes="mois"),
        "rapport": adresse("rapport"),
        "publications": reverse("statistiques:publications"),
        "publication": publication.get_absolute_url(),
        "figer": reverse("statistiques:figer"),
        "recherche": reverse("statistiques:recherche"),
    }
    for nom, chemin in pages.items():
        eprouver(page, capturer, nom, chemin)


def luminances(page, selecteur):
    """Relative luminance of the fill of each element, as a printer in grey would lay it."""
    return page.evaluate(
        """selecteur => [...document.querySelectorAll(selecteur)].map(e => {
            const [r, v, b] = getComputedStyle(e).fill.match(/[\\d.]+/g).map(Number);
            return (0.2126 * r + 0.7152 * v + 0.0722 * b) / 255;
        })""",
        selecteur,
    )


def test_l_impression_se_lit_en_noir_et_blanc(m, page_de, capturer):
    """On paper: dark bars over a light ground, five greys of the map apart, tables whole, nothing to click."""
    page = page_de(m.rene)
    for nom in ("tableau", "rapport"):
        page.goto(adresse(nom))
        assert page.locator(".qualit-carte svg").count() == 2
        page.emulate_media(media="print", color_scheme="light")
        capturer(page, f"statistiques-{nom}-impression")
        barres, fonds = luminances(page, ".qualit-barre__valeur"), luminances(page, ".qualit-barre__fond")
        assert barres and max(barres) < 0.25 and min(fonds) > 0.75
        for classe in ("sans-impression", "qualit-info"):
            caches = page.locator(f"main .{classe}")
            assert all(not caches.nth(k).is_visible() for k in range(caches.count())), classe
        page.set_viewport_size({"width": 720, "height": 1000})  # the width of an A4 sheet
        debords = page.evaluate(
            "[...document.querySelectorAll('main table')].filter(t => t.offsetWidth > document.documentElement.clientWidth)"
            ".map(t => t.caption?.innerText)"
        )
        assert debords == []
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(media="screen")
    # each chart is followed by its table, whose figures are those of its bars
    page.goto(adresse("tableau"))
    for k in range(page.locator(".qualit-cote:has(.qualit-barre)").count()):
        cote = page.locator(".qualit-cote:has(.qualit-barre)").nth(k)
        textes = cote.locator(".qualit-barre__texte").all_inner_texts()
        assert textes and set(textes) <= set(cote.locator("table td").all_inner_texts())


def test_les_cinq_classes_de_la_carte_se_distinguent_en_gris(m, page_de):
    page = page_de(m.rene)
    page.goto(adresse("tableau"))
    page.evaluate(
        """() => { const svg = document.querySelector('.qualit-carte svg'); for (let k = 1; k <= 5; k++) {
            const p = document.createElementNS('http://www.w3.org/2000/svg', 'path');
            p.setAttribute('class', `qualit-zone qualit-zone--${k}`); p.dataset.essai = k; svg.append(p); } }"""
    )
    for media in ("screen", "print"):
        page.emulate_media(media=media, color_scheme="light")
        gris = luminances(page, "[data-essai]")
        assert all(clair - fonce > 0.08 for clair, fonce in zip(gris, gris[1:], strict=False)), (media, gris)


def test_le_tableau_se_lit_sans_script_et_ses_liens_menent_aux_listes(m, nouveau_contexte, live_server):
    contexte = nouveau_contexte(
        viewport={"width": 1280, "height": 900}, base_url=live_server.url, java_script_enabled=False
    )
    cookie = w.connecter(Client(), m.celia).cookies[settings.SESSION_COOKIE_NAME]
    contexte.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = contexte.new_page()
    page.goto(adresse("tableau"))
    page.locator(".qualit-filtres summary").click()
    page.locator("[name=motif]").select_option("absenteisme_lourd")
    page.locator(".qualit-filtres form button").click()
    assert "motif=absenteisme_lourd" in page.url
    nombre = page.locator(".qualit-chiffre__valeur a").first.inner_text()
    page.locator(".qualit-chiffre__valeur a").first.click()
    assert f": {nombre} jeune" in page.get_by_role("heading", level=1).inner_text()

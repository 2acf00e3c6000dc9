"""Plumbing of the tests: the private cluster (through settings) and the browser.

Browser tests are marked `navigateur`. Without a Chromium they are left out, and the closing lines say so
loudly; with NAVIGATEUR_EXIGE=1 (continuous integration) its absence fails.
"""

import os
import shutil
from pathlib import Path

import hypothesis
import pytest

# The suite answers the same twice: the same examples each time. `make verifier` draws new ones.
hypothesis.settings.register_profile("fixe", derandomize=True)
hypothesis.settings.register_profile("hasard", derandomize=False)
hypothesis.settings.load_profile(os.environ.get("EXEMPLES", "fixe"))

CHEMINS_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chemin_chromium():
    """Path of the system's Chromium (CHROMIUM overrides), or None."""
    if "CHROMIUM" in os.environ:
        return shutil.which(os.environ["CHROMIUM"])
    return next(filter(None, map(shutil.which, CHEMINS_CHROMIUM)), None)


def variables_strictes():
    """An undefined variable in a page of the project fails the test, instead of printing nothing.

    Components are left out (their parameters are optional), and so are `request…`, the filters `default` and
    `default_if_none`, and the templates of libraries.
    """
    from django.conf import settings
    from django.template.base import FilterExpression, Variable, VariableDoesNotExist

    dossier = str(settings.BASE_DIR / "templates")
    hors = ("composants", "account", "allauth", "mfa", "socialaccount", "usersessions", "dsfr", "admin")
    resoudre = FilterExpression.resolve

    def resoudre_strictement(self, context, ignore_failures=False):
        gabarit = getattr(context.render_context, "template", None)
        origine = str(getattr(getattr(gabarit, "origin", None), "name", ""))
        if (
            not ignore_failures
            and isinstance(self.var, Variable)
            and origine.startswith(dossier)
            and not origine.removeprefix(dossier).lstrip("/").startswith(hors)
            and not self.var.var.startswith("request.")
            and not any(filtre.__name__ in ("default", "default_if_none") for filtre, _ in self.filters)
        ):
            try:
                self.var.resolve(context)
            except VariableDoesNotExist as e:
                raise AssertionError(f"{origine} : variable « {self.var.var} » indéfinie") from e
        return resoudre(self, context, ignore_failures)

    FilterExpression.resolve = resoudre_strictement


def pytest_configure(config):
    variables_strictes()
    if os.environ.get("NAVIGATEUR_EXIGE") == "1" and not chemin_chromium():
        raise pytest.UsageError(
            "NAVIGATEUR_EXIGE=1, mais aucun Chromium n'est installé "
            "(paquet Debian « chromium », ou CHROMIUM=chemin)."
        )


def pytest_collection_modifyitems(config, items):
    if chemin_chromium():
        return
    omis = [item for item in items if item.get_closest_marker("navigateur")]
    if omis:
        config.hook.pytest_deselected(items=omis)
        items[:] = [item for item in items if not item.get_closest_marker("navigateur")]


def pytest_terminal_summary(terminalreporter, config):
    if not chemin_chromium():
        terminalreporter.write_line(
            "ATTENTION : aucun Chromium ici, les tests de navigateur sont "
            "laissés de côté. Installez « chromium », ou indiquez CHROMIUM=chemin.",
            yellow=True,
            bold=True,
        )


@pytest.fixture(scope="session", autouse=True)
def nomenclatures_gardees():
    """Lists are read once, not once a minute: the number of queries of a page does not follow the clock."""
    from qualit.territoire import nomenclatures

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(nomenclatures, "DUREE_CACHE", float("inf"))
        yield


@pytest.fixture(scope="session")
def navigateur():
    """A running Chromium, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    # Playwright's sync API runs an event loop in this thread; Django would refuse the ORM under it.
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chemin_chromium(), args=OPTIONS_CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture
def nouveau_contexte(navigateur):
    """Open isolated browser contexts, French by default; closed at the end of the test."""
    contextes = []

    def ouvrir(**options):
        contexte = navigateur.new_context(**{"locale": "fr-FR", "timezone_id": "Europe/Paris"} | options)
        contexte.set_default_timeout(30_000)  # a busy machine is slow, not wrong
        contextes.append(contexte)
        return contexte

    yield ouvrir
    for contexte in contextes:
        contexte.close()


@pytest.fixture
def nomenclatures(db):
    """The lists of fixtures/referentiels/ as the database has them, for tests that choose a solution, a motive, an outcome."""
    from qualit.territoire import nomenclatures

    nomenclatures.vider_cache()
    yield
    nomenclatures.vider_cache()


@pytest.fixture
def page(nouveau_contexte):
    """A page of a fresh context."""
    return nouveau_contexte().new_page()


@pytest.fixture
def capturer():
    """Write a screenshot to the folder that CAPTURES names (make captures); nothing otherwise."""
    dossier = os.environ.get("CAPTURES")

    def prendre(page, nom):
        if dossier:
            # caret: hiding it takes an inline style, which the page's CSP refuses aloud
            chemin = Path(dossier) / f"{nom}.png"
            page.screenshot(path=chemin, full_page=True, animations="disabled", caret="initial")

    return prendre


@pytest.fixture
def en_tant_que(nouveau_contexte, live_server):
    """A browser page signed in as this person, which notes the errors of its console."""

    from django.test import Client

    def ouvrir(personne):
        client = Client()
        client.force_login(personne)
        contexte = nouveau_contexte(viewport={"width": 1280, "height": 900}, base_url=live_server.url)
        contexte.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
        )
        page = contexte.new_page()
        page.fautes = []
        page.on("console", lambda m: page.fautes.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.fautes.append(str(e)))
        return page

    return ouvrir


@pytest.fixture
def regarder(capturer):
    """Axe finds nothing, nothing runs out of a narrow screen, nothing in the console; the page is kept as a screenshot."""
    from axe_playwright_python.sync_playwright import Axe

    def controler(page, nom):
        capturer(page, nom)
        violations = [(v["id"], v["nodes"][0]["html"]) for v in Axe().run(page).response["violations"]]
        assert violations == [], nom
        page.set_viewport_size({"width": 360, "height": 800})
        debord = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert debord <= 0, f"{nom} : {debord} px de trop à 360 px"
        page.set_viewport_size({"width": 1280, "height": 900})
        assert page.fautes == [], nom

    return controler


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """A test that emptied the tables gives the nomenclatures back, so that the next one, whichever it is, finds them."""
    from pytest_django.plugin import blocking_manager_key

    from qualit.territoire.chargement import charger_termes
    from qualit.territoire.nomenclatures import vider_cache

    suite = yield
    marque = item.get_closest_marker("django_db")
    if nextitem is None:  # the database of the tests is gone already
        return suite
    if (marque and marque.kwargs.get("transaction")) or "transactional_db" in item.fixturenames:
        with item.config.stash[blocking_manager_key].unblock():
            charger_termes()
        vider_cache()
    return suite


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The test database with the nomenclatures, loaded once."""
    from qualit.territoire.chargement import charger_termes

    with django_db_blocker.unblock():
        charger_termes()


@pytest.fixture
def monde(db):
    """The small world of `tests/monde.py`."""
    from tests.monde import construire

    return construire()

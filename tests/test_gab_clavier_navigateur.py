"""Thirty reports triaged, then thirty lines of a séance decided, by keyboard and without leaving the page."""

from collections import Counter
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from gab.models import Dossier, LigneSeance, Place, Seance
from gab.services import seances
from signalements.models import EtatSignalement, Signalement

from .monde import signaler

pytestmark = [
    pytest.mark.navigateur,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("nomenclatures"),
]
NOMBRE = 30
SYLLABES = ["BAR", "COL", "DUN", "FER", "GIL", "HUM"]


class Trafic:
    """What the page asks of the server: addresses, in order, and whether another page was ever loaded."""

    def __init__(self, page):
        self.adresses = []
        self.pages = 0
        page.on("request", lambda r: self.noter(r))

    def noter(self, requete):
        self.pages += requete.is_navigation_request()
        if requete.resource_type in {"document", "xhr", "fetch"}:
            self.adresses.append(requete.url)


def signaler_trente(m):
    """Thirty reports that do not look alike."""
    annee = timezone.localdate().year - 17
    for rang in range(NOMBRE):
        a, b = divmod(rang, len(SYLLABES))
        signaler(
            m.lycee,
            m.alice,
            rang,
            nom_naissance=f"{SYLLABES[b]}{SYLLABES[a]}",
            prenom=f"{SYLLABES[a]}{SYLLABES[(a + b) % 6]}ette".title(),
            date_naissance=date(annee, 1 + rang % 12, 1 + (7 * rang) % 28),
            telephone="",
        )


def test_trente_signalements_puis_trente_lignes(monde, en_tant_que):
    m = monde
    signaler_trente(m)
    page = en_tant_que(m.celia)
    page.goto(reverse("gab:tri"))
    lignes, trafic = page.locator("[data-tri-ligne]"), Trafic(page)
    assert lignes.count() == NOMBRE
    page.get_by_role("button", name="Recevable (r)").first.wait_for()  # the letters stand on the buttons
    for reste in range(NOMBRE, 0, -1):
        page.keyboard.press("r")
        page.wait_for_function(
            "n => document.querySelectorAll('[data-tri-ligne]').length === n"
            " && (n === 0 || document.querySelector('[data-tri-ligne][aria-current]'))",
            arg=reste - 1,
        )
    assert trafic.pages == 0 and len(trafic.adresses) <= 2 * NOMBRE
    assert Signalement.objects.filter(etat=EtatSignalement.RECEVABLE).count() == NOMBRE

    place = Place.objects.create(
        structure=m.ml,
        solution="apprentissage",
        formation="Cuisine",
        date_entree=timezone.localdate() + timedelta(days=30),
        nombre=NOMBRE,
    )
    seance = seances.preparer(
        Seance(bassin=m.caen, quand=timezone.now()), list(Dossier.objects.order_by("pk")), par=m.celia
    )
    seances.ouvrir(seance, par=m.celia)
    page.goto(reverse("gab:projection", args=[seance.reference]))
    page.get_by_role("button", name="Noter et passer au suivant (n)").wait_for()
    trafic = Trafic(page)
    for rang in range(NOMBRE):
        touche = "mprs"[rang % 4]
        page.keyboard.press(touche)
        if touche in "mp":
            page.keyboard.press("t")
            page.locator("select[name=solution]:focus").select_option("apprentissage")
            page.get_by_text("Cuisine, Caen").wait_for()
            if touche == "m":
                page.get_by_text("Cuisine, Caen").click()
                page.keyboard.press("n")
            else:
                page.locator("select[name=solution]").press("Control+Enter")
        else:
            page.keyboard.press("n")
        page.get_by_text(f"{rang + 1} / {NOMBRE} décidés").wait_for()
        # the name of the next one is read aloud, and htmx listens to the new screen (it takes its mark off then)
        page.locator("#ecran:not(.htmx-added) h1:focus").wait_for()
    page.get_by_text("Dernière décision notée.").wait_for()
    assert trafic.pages == 0 and len(trafic.adresses) <= 2 * NOMBRE
    decisions = Counter(LigneSeance.objects.values_list("decision", "solution", "place"))
    assert decisions == {
        ("missionner", "apprentissage", place.pk): 8,
        ("preconiser", "apprentissage", None): 8,
        ("reporter", "", None): 7,
        ("aucune", "", None): 7,
    }
    assert page.fautes == []

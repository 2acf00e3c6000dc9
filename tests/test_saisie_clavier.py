"""A report typed from the keyboard alone, in a real browser, and how long that takes a person.

The time is that of the keystroke-level model (Card, Moran and Newell, 1980): 0.28 s a key for somebody who is not a
typist, 1.35 s to prepare each field. It counts what was really pressed, so it does not depend on the machine.
"""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from signalements.models import Signalement

from .saisie import jour
from .test_saisie_navigateur import ouvrir

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]

SECONDES_PAR_TOUCHE = 0.28
SECONDES_PAR_CHAMP = 1.35
LIMITE_UN_SIGNALEMENT = 120  # seconds
LIMITE_LE_SUIVANT = 90  # with class and dates kept: forty in an afternoon leave time to look each jeune up


class Clavier:
    """Hands on a keyboard, that count."""

    def __init__(self, page):
        self.page = page
        self.touches = self.champs = 0

    @property
    def secondes(self):
        return self.touches * SECONDES_PAR_TOUCHE + self.champs * SECONDES_PAR_CHAMP

    def appuyer(self, touche):
        self.page.keyboard.press(touche)
        self.touches += touche.count("+") + 1

    def aller(self, nom):
        """Tab on to the field of that name."""
        for _ in range(60):
            if self.page.evaluate("document.activeElement.name || ''") == nom:
                return
            self.appuyer("Tab")
        raise AssertionError(f"La tabulation n’atteint pas le champ {nom}.")

    def taper(self, nom, texte):
        self.aller(nom)
        self.champs += 1
        self.page.keyboard.type(texte)
        self.touches += len(texte)

    def choisir(self, nom, touche):
        self.aller(nom)
        self.champs += 1
        self.appuyer(touche)


def identite(clavier, nom, prenom, ine, telephone):
    clavier.taper("nom_naissance", nom)
    clavier.taper("prenom", prenom)
    clavier.taper("date_naissance", jour(17).replace("/", ""))
    clavier.choisir("sexe", "ArrowRight")  # the second of Féminin, Masculin
    clavier.taper("ine", ine)
    clavier.taper("contacts-0-valeur", telephone)


def test_un_signalement_au_clavier_tient_en_deux_minutes(monde, live_server, nouveau_contexte):
    page = ouvrir(nouveau_contexte(), live_server.url, monde.alice)
    page.goto(f"{live_server.url}/signalements/nouveau/")
    page.locator("[name=nom_naissance]").focus()
    clavier = Clavier(page)
    identite(clavier, "Lemarchand", "Tristan", "1234567890V", "0639981234")
    clavier.taper("classe", "2 MELEC")
    clavier.taper("date_sortie", f"{timezone.localdate():%d%m%Y}")
    clavier.choisir("nature_sortie", "d")
    clavier.taper("code_postal", "14000")
    clavier.taper("ville", "Caen")
    clavier.taper("responsables-0-nom", "Lemarchand")
    clavier.taper("responsables-0-prenom", "Solène")
    clavier.choisir("famille_informee", "Space")
    clavier.appuyer("Control+Shift+Enter")
    premier = clavier.secondes
    expect(page.locator("[name=nom_naissance]")).to_have_value("")
    expect(page.locator("[name=classe]")).to_have_value("2 MELEC")

    clavier = Clavier(page)
    expect(page.locator("[name=nom_naissance]")).to_be_focused()
    identite(clavier, "Vauquelin", "Inès", "1234567891W", "0639985678")
    clavier.appuyer("Control+Enter")
    page.wait_for_url("**/accuse/")
    assert Signalement.objects.exclude(envoye_le=None).count() == 2
    assert premier < LIMITE_UN_SIGNALEMENT
    assert clavier.secondes < LIMITE_LE_SUIVANT

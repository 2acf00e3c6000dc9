"""Rights in a real Chromium: a first sign-in with a second factor, a shared dossier, a request of access, an opening."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal import auth as totp
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from benchmarks import ouverture
from qualit.notifications.models import Courriel
from qualit.territoire.models import DemandeAcces, Invitation, Structure, Utilisateur
from qualit.territoire.roles import Role

from . import monde as w

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]
MOT_DE_PASSE = "trois pommes dans un panier"


@pytest.fixture
def en_tant_que(nouveau_contexte, live_server):
    """A browser page, signed in as this person unless None."""

    def ouvrir(personne=None, largeur=1280):
        contexte = nouveau_contexte(viewport={"width": largeur, "height": 900}, base_url=live_server.url)
        if personne is not None:
            cookie = w.connecter(Client(), personne).cookies[settings.SESSION_COOKIE_NAME]
            contexte.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        return contexte.new_page()

    return ouvrir


def code_du_moment(secret):
    """What the application of the person shows now (RFC 6238, 30 seconds)."""
    compteur = int(timezone.now().timestamp()) // 30
    return totp.format_hotp_value(totp.hotp_value(secret, compteur))


def jour(n=0):
    return f"{timezone.localdate() + timedelta(days=n):%d/%m/%Y}"


def test_invitation_premiere_connexion_avec_second_facteur_fin_d_adhesion(monde, en_tant_que, settings):
    settings.EXIGER_MFA = False
    rectorat = en_tant_que(monde.rene)
    rectorat.goto(reverse("territoire:equipe"))
    rectorat.get_by_role("link", name="Inviter une personne").click()
    rectorat.locator("[name=email]").fill("neuve@example.invalid")
    rectorat.locator("[name=prenom]").fill("Nora")
    rectorat.locator("[name=role]").select_option(Role.COORDINATEUR_GAB.value)
    rectorat.locator("[name=siege]").select_option(label="Bassin Caen")
    rectorat.get_by_role("button", name="Envoyer l’invitation").click()
    rectorat.locator(".fr-alert--success").wait_for()
    settings.EXIGER_MFA = True
    settings.MFA_TOTP_TOLERANCE = 1  # a page that takes long between two half minutes
    texte = Courriel.objects.get(adresse="neuve@example.invalid").texte
    page = en_tant_que()
    page.goto(re.search(r"(/territoire/invitation/\S+)", texte)[1])
    page.locator("[name=nom]").fill("Venue")
    page.locator("[name=mot_de_passe]").fill(MOT_DE_PASSE)
    page.locator("[name=confirmation]").fill(MOT_DE_PASSE)
    page.locator("main form button").first.click()
    # the charter, the tour, then the second factor before anything else
    page.locator("label", has_text="J’ai lu la charte").click()
    page.locator("main form button").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre second facteur")
    page.goto(reverse("gab:file"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre second facteur")
    page.goto(reverse("mfa_activate_totp"))
    if page.locator("input[type=password]").count():
        page.locator("input[type=password]").fill(MOT_DE_PASSE)
        page.locator("main form button").first.click()
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.locator("main").inner_html())[0]
    page.locator("[name=code]").fill(code_du_moment(secret))
    page.locator("main form button").first.click()
    expect(page.locator("main")).to_contain_text("Codes de secours")
    page.goto(reverse("gab:file"))
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Votre second facteur")
    page.get_by_role("button", name="Se déconnecter").click()
    # the next time: the password, then the code of the moment
    page.goto(reverse("account_login"))
    page.locator("[name=login]").fill("neuve@example.invalid")
    page.locator("[name=password]").fill(MOT_DE_PASSE)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.locator("[name=code]").fill("000000")
    page.locator("main form button").first.click()
    expect(page.locator("main")).to_contain_text("incorrect")
    page.goto(reverse("gab:file"))
    expect(page).to_have_url(re.compile("/compte/"))
    page.goto(reverse("mfa_authenticate"))
    cache.clear()  # a code serves once: allow the same half minute
    page.locator("[name=code]").fill(code_du_moment(secret))
    page.locator("main form button").first.click()
    page.goto(reverse("gab:file"))
    expect(page.locator("header")).to_contain_text("Nora Venue")
    # the rectorat ends the membership: the very next page is refused
    adhesion = Utilisateur.objects.get(email="neuve@example.invalid").adhesions.get()
    settings.EXIGER_MFA = False
    rectorat.goto(reverse("territoire:terminer_adhesion", args=[adhesion.reference]))
    rectorat.get_by_role("button", name="Mettre fin à l’adhésion").click()
    rectorat.locator(".fr-alert--success").wait_for()
    assert page.goto(reverse("gab:file")).status == 403


def test_un_dossier_partage_hors_du_territoire_se_lit_puis_ne_se_lit_plus(monde, en_tant_que):
    signalement = w.signaler(monde.lycee, monde.alice, nom_naissance="DUVIVIERPARTAGE")
    dossier = signalement.versement.dossier
    adresse = reverse("gab:dossier", args=[dossier.reference])
    celia, denis = en_tant_que(monde.celia), en_tant_que(monde.denis, largeur=360)
    assert denis.goto(adresse).status == 404
    celia.goto(reverse("partages:partager", args=[dossier.reference]))
    celia.locator("[name=courriel]").fill(monde.denis.email)
    celia.locator("[name=motif]").fill("Le jeune demande une formation à Lisieux")
    celia.locator("[name=fin]").fill(jour(30))
    celia.locator("main form button").first.click()
    celia.locator(".fr-alert--success").wait_for()
    assert denis.goto(adresse).status == 404  # not accepted yet
    denis.goto(reverse("partages:liste"))
    denis.get_by_role("button", name="Accepter").click()
    assert denis.goto(adresse).status == 200
    expect(denis.locator("main")).to_contain_text("DUVIVIERPARTAGE")
    assert denis.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    celia.goto(reverse("partages:liste"))
    celia.get_by_role("button", name="Arrêter le partage").click()
    celia.locator(".fr-alert--success").wait_for()
    assert denis.goto(adresse).status == 404


def test_une_demande_d_acces_recoit_une_reponse(monde, en_tant_que):
    signalement = w.signaler(monde.lycee, monde.alice, nom_naissance="DUVIVIERACCES", prenom="Maëlle")
    dossier = signalement.versement.dossier
    adresse = reverse("gab:dossier", args=[dossier.reference])
    olga, celia = en_tant_que(monde.olga), en_tant_que(monde.celia)
    assert olga.goto(adresse).status == 404
    olga.goto(reverse("partages:demander"))
    for nom, valeur in {
        "nom": "Duvivieracces",
        "prenom": "Maëlle",
        "date_naissance": f"12/03/{timezone.localdate().year - 17}",
        "motif": "Elle s’est présentée chez nous",
    }.items():
        olga.locator(f"[name={nom}]").fill(valeur)
    olga.locator("[name=bassin]").select_option(label="Caen")
    olga.locator("main form button").first.click()
    olga.locator(".fr-alert").first.wait_for()
    demande = DemandeAcces.objects.get()
    celia.goto(reverse("partages:demande", args=[demande.reference]))
    celia.locator("[name=dossier]").select_option(dossier.reference)
    celia.locator("[name=fin]").fill(jour(30))
    celia.get_by_role("button", name="Répondre").click()
    celia.locator(".fr-alert--success").wait_for()
    olga.goto(reverse("partages:liste"))
    expect(olga.locator("main")).to_contain_text("accès ouvert")
    assert olga.goto(adresse).status == 200
    expect(olga.locator("main")).to_contain_text("DUVIVIERACCES")


def test_les_pages_des_personnes_et_des_structures_se_lisent(monde, en_tant_que, capturer):
    """Axe finds nothing, at the width of a desk and of a telephone, where nothing runs out of the screen."""
    m = w.peupler(monde)
    page = en_tant_que(m.rene)
    adresses = {
        "structure": reverse("territoire:structure", args=[m.ml.code]),
        "fermer": reverse("territoire:fermer_structure", args=[m.ml.code]),
        "equipe": reverse("territoire:equipe"),
        "invitations": reverse("territoire:invitations"),
        "annuaire": reverse("territoire:annuaire"),
        "personne": reverse("territoire:personne", args=[m.omar.reference]),
        "qui-voit-quoi": reverse("territoire:qui_voit_quoi"),
        "compte": reverse("territoire:compte"),
    }
    for nom, adresse in adresses.items():
        page.set_viewport_size({"width": 1280, "height": 900})
        assert page.goto(adresse).status == 200
        if nom == "fermer":  # the preview: what moves, before anything does
            page.locator("[name=fermee_le]").fill(jour())
            page.locator("[name=reprise_par]").select_option(label=m.cio.nom)
            page.get_by_role("button", name="Voir ce qui change").click()
            page.get_by_role("button", name="Fermer et transférer").wait_for()
        capturer(page, f"acces-{nom}-1280")
        assert [v["id"] for v in Axe().run(page).response["violations"]] == [], nom
        page.set_viewport_size({"width": 360, "height": 800})
        capturer(page, f"acces-{nom}-360")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, nom


@pytest.mark.long
def test_ouverture_300_structures_3000_invitations(monde, en_tant_que, tmp_path):
    """In one session of the browser; benchmarks/ouverture.py measures the time."""
    fichiers = ouverture.generer(tmp_path, ["14118", "14366"])
    page = en_tant_que(monde.rene)
    page.set_default_timeout(300_000)
    _, phrases = ouverture.ouvrir(page, *fichiers)
    assert "300 structures ajoutées" in phrases["structures"]
    assert re.search(r"3\s?000 invitations envoyées, 0 ligne refusée", phrases["invitations"])
    assert Structure.objects.filter(uai__startswith="99").count() == 300
    assert Invitation.objects.en_attente().count() == 3000
    assert Courriel.objects.filter(code="invitation").count() == 3000

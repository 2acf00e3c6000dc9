"""The entry of a report in a real browser: live checks, identity check, receipt."""

import pytest
from django.conf import settings
from django.test import Client

from signalements.models import Signalement

from .monde import construire, signaler
from .saisie import formulaire, jour

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


def ouvrir(contexte, adresse, utilisateur):
    """A page of a browser already signed in."""
    client = Client()
    client.force_login(utilisateur)
    contexte.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                "url": adresse,
            }
        ]
    )
    return contexte.new_page()


def test_saisir_verifier_envoyer(live_server, nouveau_contexte, capturer):
    monde = construire()
    connu = signaler(monde.lycee, monde.alice, nom_naissance="LEMARCHAND", prenom="Tristan", sexe="M")
    for largeur in (1280, 360):
        contexte = nouveau_contexte(viewport={"width": largeur, "height": 900})
        page = ouvrir(contexte, live_server.url, monde.alice)
        page.goto(f"{live_server.url}/signalements/nouveau/")
        capturer(page, f"saisie-vide-{largeur}")
        page.fill("#id_nom_naissance", "Lemarchand")
        page.fill("#id_prenom", "Tristan")
        page.fill("#id_date_naissance", f"{connu.date_naissance:%d/%m/%Y}")
        page.keyboard.press("Tab")
        page.get_by_text("Ce jeune est peut-être déjà signalé").wait_for()
        page.fill("#id_code_postal", "14100")
        page.wait_for_selector("#communes-domicile option[value=Lisieux]", state="attached")
        page.fill("#id_ine", "1234567890A")
        page.keyboard.press("Tab")
        page.get_by_text("lettre finale de l’INE").wait_for()
        page.get_by_text("Brouillon enregistré à").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        capturer(page, f"saisie-verification-{largeur}")
        page.fill("#id_classe", "2 MELEC")
        page.fill("#id_date_sortie", jour(0))
        page.select_option("#id_nature_sortie", "demission")
        page.locator("label[for=id_sexe_1]").click()
        page.get_by_role("button", name="Ajouter un contact").click()
        page.wait_for_selector("#id_contacts-3-valeur")
        page.fill("#id_contacts-0-valeur", "06 39 98 12 34")
        page.keyboard.press("Tab")
        for reponse in page.locator("#verification label", has_text="Ce n’est pas le même").all():
            reponse.click()
        page.get_by_role("button", name="Envoyer", exact=True).click()
        page.wait_for_url("**/accuse/")
        capturer(page, f"saisie-accuse-{largeur}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        Signalement.objects.filter(nom_naissance="Lemarchand").update(nom_naissance=f"Autre{largeur}")
        for nom, chemin in (
            ("brouillons", "/signalements/brouillons/"),
            ("neant", "/signalements/etat-neant/"),
            ("qualite", "/signalements/qualite/"),
            ("corriger", f"/identites/corriger/{connu.reference}/"),
            ("retirer", f"/identites/retirer/{connu.reference}/"),
        ):
            page.goto(live_server.url + chemin)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (nom, largeur)
            capturer(page, f"saisie-{nom}-{largeur}")


def test_un_enregistrement_automatique_en_retard_ne_gene_pas_l_envoi(en_tant_que):
    """On a slow line "Envoyer" overtakes the draft being saved: that saving is given up, not shown as refused."""
    page = en_tant_que(construire().alice)
    saisie, enregistrements, envois = formulaire(), [], []
    page.route("**/sauver/", lambda route: enregistrements.append(route))
    page.route("**/envoyer/", lambda route: envois.append(route))
    page.goto("/signalements/nouveau/")
    with page.expect_request("**/sauver/"):
        for champ in ("nom_naissance", "prenom", "date_naissance", "classe", "date_sortie"):
            page.fill(f"#id_{champ}", saisie[champ])
        page.fill("#id_code_postal", saisie["code_postal"])
        page.fill("#id_ville", saisie["ville"])
        page.fill("#id_contacts-0-valeur", saisie["contacts-0-valeur"])
        page.locator("label[for=id_sexe_1]").click()
        page.select_option("#id_nature_sortie", "demission")
    with page.expect_request("**/envoyer/"):
        page.get_by_role("button", name="Envoyer", exact=True).click(no_wait_after=True)
    for enregistrement in enregistrements:
        enregistrement.fulfill(status=409, json={"message": "Ce signalement a déjà été envoyé."})
    for envoi in envois:
        envoi.continue_()
    page.wait_for_url("**/accuse/")
    assert page.fautes == [] and len(enregistrements) == len(envois) == 1

"""The journey in a real Chromium: the school reports, the GAB commissions, the operator follows, the school reads.

Each page of the way is checked with axe, at the width of a desk and at 360 px, and kept as a screenshot (make captures).
"""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from dedoublonnage.models import Jeune
from gab.models import Dossier, EtatDossier, Mission
from signalements.models import Signalement
from suivi.models import LectureRetour

from .monde import signaler

pytestmark = [pytest.mark.navigateur, pytest.mark.django_db(transaction=True)]


def jour(n=0):
    return f"{timezone.localdate() + timedelta(days=n):%d/%m/%Y}"


def test_les_six_etapes(monde, en_tant_que, regarder):
    # 1 and 2. The school
    page = en_tant_que(monde.alice)
    page.goto("/")
    regarder(page, "parcours-01-accueil-etablissement")
    page.get_by_role("link", name="Signaler un jeune").first.click()
    for nom, valeur in {
        "nom_naissance": "Serinette",
        "prenom": "Tristan",
        "date_naissance": f"12/03/{timezone.localdate().year - 17}",
        "code_postal": "14000",
        "ville": "Caen",
        "contacts-0-valeur": "06 39 98 12 34",
        "classe": "2 MELEC",
        "date_sortie": jour(-3),
    }.items():
        page.locator(f"[name={nom}]").fill(valeur)
    page.locator("label", has_text="Masculin").click()
    page.locator("[name=nature_sortie]").select_option("demission")
    regarder(page, "parcours-02-signalement")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    if page.get_by_text("Vérifiez ces points, puis envoyez").count():
        page.get_by_role("button", name="Envoyer", exact=True).click()
    expect(page).to_have_url(re.compile(".*/accuse/"))
    regarder(page, "parcours-03-accuse")
    signalement = Signalement.objects.get()
    dossier = Dossier.objects.get()

    # 3. The GAB
    page = en_tant_que(monde.celia)
    page.goto("/")
    regarder(page, "parcours-04-accueil-gab")
    page.get_by_role("link", name="Signalements à trier").click()
    regarder(page, "parcours-05-tri")
    with page.expect_response(lambda reponse: reponse.request.method == "POST"):
        page.get_by_role("button", name="Recevable", exact=False).first.click()
    expect(page.get_by_text("SERINETTE").first).to_be_visible()
    page.goto(f"/gab/dossiers/{dossier.reference}/convoquer/")
    regarder(page, "gab-convoquer")
    page.locator("[name=jour]").fill(jour(3))
    page.locator("[name=heure]").fill("14h30")
    choisir(page, "mode", "presence")
    choisir(page, "canaux", "sms")
    page.locator("main form button.fr-btn").last.click()
    page.wait_for_url("**/gab/entretiens/**")
    regarder(page, "gab-entretien")
    entretien = dossier.entretiens.get()
    page.goto(f"/gab/entretiens/{entretien.reference}/tenir/")
    regarder(page, "gab-tenir")
    choisir(page, "responsable_present", "oui")
    page.locator("[name=projet]").fill("Cherche un employeur dans la cuisine.")
    page.locator("main form button.fr-btn").last.click()
    page.wait_for_url("**/gab/dossiers/**")
    page.goto(f"/gab/dossiers/{dossier.reference}/preconiser/")
    regarder(page, "gab-preconiser")
    choisir(page, "solution", "apprentissage")
    page.get_by_role("button", name="Enregistrer et missionner une structure").click()
    choisir(page, "structure", str(monde.ml.pk))
    regarder(page, "parcours-06-missionner")
    page.get_by_role("button", name="Missionner", exact=True).click()
    page.wait_for_url(f"**/gab/dossiers/{dossier.reference}/")
    regarder(page, "parcours-07-dossier")
    mission = Mission.objects.get()

    # 4. The operator
    page = en_tant_que(monde.omar)
    page.goto("/")
    page.get_by_role("link", name="Missions à répondre").click()
    regarder(page, "parcours-08-missions")
    page.get_by_role("link", name="SERINETTE").click()
    regarder(page, "parcours-09-mission")
    page.get_by_role("link", name="Accepter").click()
    page.locator("label", has_text="Inconnu").click()
    regarder(page, "parcours-10-accepter")
    page.get_by_role("button", name="Accepter").click()
    page.get_by_role("button", name="Messagerie").click()
    expect(page.get_by_text("Appel noté : messagerie.")).to_be_visible()
    page.get_by_role("button", name="Répondu").click()
    page.get_by_role("button", name="Annuler l’étape « Contacté, a répondu »").click()
    expect(page.get_by_text("« Contacté, a répondu » est annulé.")).to_be_visible()
    page.get_by_role("link", name="Enregistrer le devenir").click()
    page.locator("[name=code]").select_option("apprentissage")
    page.locator("label", has_text="La structure d’accueil").click()
    regarder(page, "parcours-11-devenir")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Devenir enregistré")).to_be_visible()
    regarder(page, "parcours-12-suivi")
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.EN_SOLUTION
    mission.refresh_from_db()
    assert mission.connaissance == "inconnu"

    # 5. The school reads; the page itself says that it was read
    page = en_tant_que(monde.alice)
    page.goto("/mes-signalements/")
    expect(page.get_by_text("Nouveau", exact=True)).to_be_visible()
    regarder(page, "parcours-13-mes-signalements")
    with page.expect_response(lambda r: r.url.endswith("/lu/")):
        page.get_by_role("link", name="SERINETTE").click()
    expect(page.get_by_text("Solution : formation")).to_be_visible()
    regarder(page, "parcours-14-retour")
    assert LectureRetour.objects.get().signalement == signalement
    page.goto("/mes-signalements/")
    expect(page.get_by_text("Nouveau", exact=True)).to_have_count(0)

    # The GAB opens the page of the jeune, found by a name written approximately
    page = en_tant_que(monde.celia)
    page.goto("/jeunes/")
    page.locator("[name=quoi]").fill("serinete tristan")
    page.get_by_role("button", name="Rechercher").click()
    page.get_by_role("link", name="SERINETTE").click()
    expect(page.get_by_text("Devenir : Apprentissage")).to_be_visible()
    regarder(page, "parcours-15-jeune")

    # 6. The rectorat: its dashboard counts this jeune, with a solution
    call_command("rafraichir_statistiques", verbosity=0)
    page = en_tant_que(monde.rene)
    page.goto("/")
    page.get_by_role("link", name="Statistiques").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Académie de Caen")
    for chiffre, valeur in {"Jeunes repérés": r"^\s*1\s*$", "Avec une solution": r"^\s*100,0\s%\s*$"}.items():
        tuile = page.locator(".qualit-chiffre", has_text=chiffre).first
        expect(tuile.locator(".qualit-chiffre__valeur")).to_have_text(re.compile(valeur))
    regarder(page, "parcours-16-tableau-de-bord")


def test_un_jeune_deja_signale_est_reconnu_avant_l_envoi(monde, en_tant_que, regarder):
    """Step 2: the candidate of one's own scope stands beside what is typed; "c'est le même" joins, after a confirmation."""
    connu = signaler(
        monde.lycee, monde.alice, nom_naissance="LEMARCHAND", prenom="Tristan", sexe="M",
        date_sortie=timezone.localdate() - timedelta(days=200),
    )  # fmt: skip
    page = en_tant_que(monde.alice)
    page.goto("/signalements/nouveau/")
    page.locator("[name=nom_naissance]").fill("Le Marchand")
    page.locator("[name=prenom]").fill("Tristan")
    page.locator("[name=date_naissance]").fill(f"{connu.date_naissance:%d/%m/%Y}")
    page.keyboard.press("Tab")
    page.get_by_text("Ce jeune est peut-être déjà signalé").wait_for()
    page.locator("#verification label", has_text="C’est le même").first.click()
    regarder(page, "parcours-02a-candidat")
    for nom, valeur in {
        "code_postal": "14000",
        "ville": "Caen",
        "contacts-0-valeur": "06 39 98 12 34",
    }.items():
        page.locator(f"[name={nom}]").fill(valeur)
    page.locator("[name=classe]").fill("2 MELEC")
    page.locator("[name=date_sortie]").fill(jour(-3))
    page.locator("label", has_text="Masculin").click()
    page.locator("[name=nature_sortie]").select_option("demission")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    page.wait_for_load_state()
    while not re.search("/accuse/", page.url):
        regarder(page, "parcours-02b-meme-jeune")
        page.locator("main form button.fr-btn").first.click()
        page.wait_for_load_state()
    assert Signalement.objects.count() == 2 and Jeune.objects.count() == 1


def choisir(page, nom, valeur):
    """Choose a value in a select, radios or checkboxes of that name."""
    champ = page.locator(f"[name={nom}]").first
    if champ.evaluate("e => e.tagName") == "SELECT":
        champ.select_option(valeur)
    else:
        page.locator(f"[name={nom}][value='{valeur}'] + label").first.click()

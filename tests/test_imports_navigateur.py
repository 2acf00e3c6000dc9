"""In a real Chromium: a list with columns of its own, refused rows corrected and sent again, the same file twice, undo."""

from datetime import timedelta

import openpyxl
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dedoublonnage.imports import services
from dedoublonnage.imports.modeles import Import
from signalements.models import EtatSignalement, Signalement
from tests import listes

from .test_imports import jeunes, liste, triplees

pytestmark = [
    pytest.mark.navigateur,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("nomenclatures"),
]


def deposer(page, chemin):
    page.goto("/imports/")
    page.get_by_role("link", name="Déposer une liste").first.click()
    page.locator("input[type=file]").set_input_files(chemin)
    page.get_by_role("button", name="Lire la liste").click()


def jusqu_aux_lignes(page):
    """From the columns to the rows, keeping what the portal proposes."""
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Vérifier les lignes").click()
    expect(page.get_by_role("heading", name="Vérifier les lignes")).to_be_visible()


def test_la_liste_de_l_etablissement_de_l_envoi_a_l_annulation(monde, en_tant_que, regarder, tmp_path):
    tous = jeunes(4)
    rangs = listes.rangees(tous)
    rangs[1][2] = "31/02/2008"
    titres = list(listes.TITRES)
    titres[1] = "Truc"  # a heading that no software has
    chemin = tmp_path / "sortants.csv"
    chemin.write_bytes(listes.csv_de(rangs, titres))
    page = en_tant_que(monde.alice)

    page.goto("/imports/")
    regarder(page, "imports-1-listes")
    deposer(page, chemin)
    expect(page.get_by_role("heading", name="Vérifier les colonnes")).to_be_visible()
    expect(page.get_by_text("Il manque une information")).to_be_visible()
    page.get_by_label("Truc").select_option(label="Prénom")
    regarder(page, "imports-2-colonnes")
    page.get_by_role("button", name="Continuer").click()
    regarder(page, "imports-3-valeurs")
    page.get_by_role("button", name="Vérifier les lignes").click()
    expect(page.get_by_text("Rien n’est encore envoyé")).to_be_visible()
    page.get_by_role("link", name="Refusées (1)").click()
    expect(page.get_by_text("31/02/2008")).to_be_visible()
    regarder(page, "imports-4-lignes")
    page.get_by_role("button", name="Envoyer 3 signalements").click()
    expect(page.get_by_text("3 signalements envoyés")).to_be_visible()
    regarder(page, "imports-5-compte-rendu")

    # the refused row, corrected in the workbook that the portal gives back
    with page.expect_download() as attente:
        page.get_by_role("link", name="Lignes refusées, à corriger").click()
    refusees = tmp_path / "refusees.xlsx"
    attente.value.save_as(refusees)
    classeur = openpyxl.load_workbook(refusees)
    for ligne in classeur.active.iter_rows():
        for cellule in ligne:
            if cellule.value == "31/02/2008":
                cellule.value = f"{tous[1]['naissance']:%d/%m/%Y}"
    classeur.save(refusees)
    deposer(page, refusees)
    jusqu_aux_lignes(page)
    page.get_by_role("button", name="Envoyer 1 signalement").click()
    expect(page.get_by_text("1 signalement envoyé")).to_be_visible()
    assert Signalement.objects.count() == 4

    # the first file once more: nothing twice
    deposer(page, chemin)
    expect(page.get_by_label("Truc")).to_have_value("prenom")  # remembered
    jusqu_aux_lignes(page)
    expect(page.get_by_text("Aucune ligne n’est à envoyer")).to_be_visible()

    # undo the first list
    premier = Import.objects.filter(etape=Import.Etape.TERMINE).order_by("pk").first()
    page.goto(f"/imports/{premier.reference}/")
    page.get_by_role("link", name="Annuler l’import").click()
    regarder(page, "imports-6-annuler")
    page.get_by_role("button", name="Annuler l’import").click()
    expect(page.get_by_role("heading", name="Import annulé")).to_be_visible()
    assert Signalement.objects.exclude(etat=EtatSignalement.ANNULE).count() == 1


def test_une_liste_arretee_reprend_des_qu_on_ouvre_sa_page(monde, en_tant_que, regarder):
    lot = services.deposer(monde.lycee, "sortants.csv", liste(jeunes(5)), par=monde.alice)
    services.choisir_colonnes(lot, {c.rang: c.champ for c in services.colonnes(lot)}, {}, par=monde.alice)
    services.demarrer_lecture(lot, par=monde.alice)
    services.avancer(lot, pas=2)
    Import.objects.update(avance_le=timezone.now() - timedelta(hours=1))
    page = en_tant_que(monde.alice)
    page.goto("/imports/")
    expect(page.get_by_text("Arrêtée : ouvrez-la pour la reprendre")).to_be_visible()
    page.route("**/avancer/", lambda route: route.fulfill(content_type="text/html", body="ailleurs"))
    page.get_by_role("link", name="sortants.csv").click()
    expect(page.get_by_text("il reprend")).to_be_visible()
    expect(page.get_by_role("button", name="Continuer")).to_be_hidden()
    expect(page.get_by_role("button", name="Continuer")).to_be_visible(timeout=20_000)
    regarder(page, "imports-8-arretee")
    page.unroute("**/avancer/")
    page.reload()
    expect(page.get_by_role("heading", name="Vérifier les lignes")).to_be_visible(timeout=20_000)
    assert lot.lignes.count() == 5


def test_decider_entre_deux_fiches_qui_ressemblent_a_une_ligne(monde, en_tant_que, regarder):
    _, lot = triplees(monde)
    page = en_tant_que(monde.alice)
    page.goto(f"/imports/{lot.reference}/")
    page.get_by_role("link", name="Décider (1)", exact=True).click()
    expect(page.get_by_text("2 fiches lui ressemblent")).to_be_visible()
    regarder(page, "imports-7-decider")
    page.get_by_role("group", name="fiche 1 sur 2").get_by_text("Ce n’est pas le même").click()
    page.get_by_role("group", name="fiche 2 sur 2").get_by_text("C’est le même jeune").click()
    page.get_by_role("button", name="Garder ces réponses").click()
    page.get_by_role("button", name="Envoyer 1 signalement").click()
    expect(page.get_by_text("1 signalement envoyé")).to_be_visible()
    seconde = Signalement.objects.get(pk=lot.lignes.get().candidats[1]["signalement"])
    envoye = lot.lignes.get().signalement
    assert envoye.rattachements.get().jeune == seconde.rattachements.get().jeune

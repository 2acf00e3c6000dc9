"""In a real Chromium: the follow-up sheet out and back, with a conflict; a key made and shown once."""

from datetime import timedelta

import openpyxl
import pytest
from django.utils import timezone
from playwright.sync_api import expect

from gab import services as gab
from qualit.api.models import Acces
from suivi import feuille, services
from suivi.models import Etape

from .monde import signaler
from .test_feuille_de_suivi import rang_de, remplir

pytestmark = [
    pytest.mark.navigateur,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("nomenclatures"),
]


def test_la_feuille_part_et_revient(monde, en_tant_que, tmp_path, regarder):
    missions = []
    for rang in range(2):
        dossier = gab.juger_recevable(signaler(monde.lycee, monde.alice, rang), par=monde.celia)
        missions.append(gab.missionner(dossier, monde.ml, par=monde.celia))
        gab.accepter_mission(missions[-1], par=monde.omar, connaissance="inconnu")
    page = en_tant_que(monde.omar)
    page.goto("/missions/")
    page.get_by_role("link", name="Feuille de suivi").click()
    regarder(page, "echanges-1-feuille")
    with page.expect_download() as attente:
        page.get_by_role("link", name="Télécharger la feuille").click()
    chemin = tmp_path / "suivi.xlsx"
    attente.value.save_as(chemin)

    # filled in at the desk, while the GAB records something else
    classeur = openpyxl.load_workbook(chemin)
    remplir(
        classeur, missions[0], etape="Rendez-vous pris", rappeler_le=timezone.localdate() + timedelta(days=7)
    )
    remplir(classeur, missions[1], code="MLDS, micro-lycée", date=timezone.localdate(), source="Le jeune")
    classeur[feuille.ONGLET].cell(2, rang_de("Prénom")).value = "Sans effet"
    classeur.save(chemin)
    services.enregistrer_devenir(
        missions[1].dossier, "apprentissage", date=timezone.localdate(), source="famille", par=monde.celia
    )

    page.get_by_label("Feuille remplie").set_input_files(chemin)
    page.get_by_role("button", name="Vérifier le fichier").click()
    expect(page.get_by_role("heading", name="Ce que la feuille change")).to_be_visible()
    expect(page.get_by_text("1 ligne en désaccord")).to_be_visible()
    regarder(page, "echanges-2-desaccord")

    # without a choice nothing is written
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Rien n’est enregistré")).to_be_visible()
    assert not Etape.objects.exists()

    for mien in page.get_by_text("Ma saisie :").all():
        mien.click()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("heading", name="Feuille de suivi enregistrée")).to_be_visible()
    expect(page.get_by_text("1 étape ajoutée")).to_be_visible()
    expect(page.get_by_text("1 devenir enregistré")).to_be_visible()
    regarder(page, "echanges-3-bilan")
    assert missions[1].dossier.devenirs.get(remplace_le__isnull=True).code == "mlds"

    # the same file again: nothing to write
    page.goto("/missions/feuille/")
    page.get_by_label("Feuille remplie").set_input_files(chemin)
    page.get_by_role("button", name="Vérifier le fichier").click()
    expect(page.get_by_text("Rien à enregistrer")).to_be_visible()
    assert Etape.objects.count() == 1


def test_une_cle_se_cree_et_ne_se_montre_qu_une_fois(monde, en_tant_que, regarder):
    page = en_tant_que(monde.andre)
    page.goto("/logiciels/")
    regarder(page, "echanges-4-logiciels")
    page.get_by_role("link", name="Ouvrir un accès").first.click()
    page.get_by_label("Nom du logiciel").fill("Vie scolaire")
    regarder(page, "echanges-5-acces")
    page.get_by_role("button", name="Créer la clé").click()
    cle = page.locator("#cle").inner_text()
    assert cle.startswith(f"qit_{Acces.objects.get().reference}_")
    regarder(page, "echanges-6-cle")
    page.get_by_role("link", name="J’ai copié la clé").click()
    expect(page.get_by_role("heading", name="Vie scolaire")).to_be_visible()
    assert cle not in page.content()
    regarder(page, "echanges-7-acces-ouvert")
    reponse = page.request.get("/api/v1/cle", headers={"Authorization": f"Bearer {cle}"})
    assert reponse.json()["structure"] == "Lycée Malherbe-sur-Orne"

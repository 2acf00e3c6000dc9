"""In a real Chromium: a mission refused and what follows, the loop of the wrong number, two tabs on one interview."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from gab import services as gab
from gab.models import Entretien, Mission
from qualit.territoire.roles import Role
from signalements.models import Contact
from suivi.models import LectureRetour

from .monde import adherer, personne, signaler
from .test_parcours_navigateur import choisir

pytestmark = [
    pytest.mark.navigateur,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("nomenclatures"),
]


def missionner(page, dossier, structure):
    page.goto(f"/gab/dossiers/{dossier.reference}/missionner/")
    choisir(page, "structure", str(structure.pk))
    page.get_by_role("button", name="Missionner", exact=True).click()
    expect(page.get_by_text(f"{structure} est missionnée.")).to_be_visible()


def test_refusee_puis_reorientation_puis_acceptee_jusqu_au_retour_lu(monde, en_tant_que):
    cyril = personne("Cyril")
    adherer(cyril, Role.OPERATEUR, monde.cio)
    signalement = signaler(monde.lycee, monde.alice)
    dossier = gab.juger_recevable(signalement, par=monde.celia)
    coordination = en_tant_que(monde.celia)
    missionner(coordination, dossier, monde.cio)

    # refused, with a motive
    page = en_tant_que(cyril)
    page.goto(f"/missions/{Mission.objects.get().reference}/refuser/")
    choisir(page, "motif", "capacite")
    page.get_by_role("button", name="Refuser").click()
    expect(page.get_by_text("Mission refusée")).to_be_visible()

    # another structure accepts, then asks for something else; the GAB agrees
    missionner(coordination, dossier, monde.ml_lisieux)
    mission = Mission.objects.get(structure=monde.ml_lisieux)
    page = en_tant_que(monde.olga)
    page.goto(f"/missions/{mission.reference}/accepter/")
    page.locator("label", has_text="Inconnu").click()
    page.get_by_role("button", name="Accepter").click()
    page.get_by_role("link", name="Demander une réorientation").click()
    page.locator("[name=texte]").fill("Habite trop loin : la mission locale de Caen conviendrait mieux.")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_text("En attente de la réponse du GAB.")).to_be_visible()
    coordination.goto("/gab/taches/")
    coordination.get_by_role("link", name="Réorientation demandée").click()
    expect(coordination.get_by_text("Habite trop loin")).to_be_visible()
    coordination.get_by_role("button", name="Accepter : retirer la mission").click()
    mission.refresh_from_db()
    assert mission.etat == Mission.Etat.REVOQUEE

    # the third one takes the jeune on, and an outcome comes
    missionner(coordination, dossier, monde.ml)
    page = en_tant_que(monde.omar)
    page.goto(f"/missions/{Mission.objects.get(structure=monde.ml).reference}/accepter/")
    page.locator("label", has_text="Déjà suivi").click()
    page.locator("[name=numero_imilo]").fill("14-0042")
    page.get_by_role("button", name="Accepter").click()
    page.get_by_role("link", name="Enregistrer le devenir").click()
    page.locator("[name=code]").select_option("service_civique")
    choisir(page, "source", "jeune")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Devenir enregistré")).to_be_visible()

    # the school reads it
    page = en_tant_que(monde.alice)
    page.goto("/mes-signalements/")
    with page.expect_response(lambda r: r.url.endswith("/lu/")):
        page.get_by_role("link", name="DUVIVIER").click()
    expect(page.get_by_text("Solution : emploi ou service civique")).to_be_visible()
    assert LectureRetour.objects.get().signalement == signalement


def test_la_boucle_du_faux_numero(monde, en_tant_que):
    signalement = signaler(monde.lycee, monde.alice, telephone="06 39 98 44 44")
    mission = gab.missionner(gab.juger_recevable(signalement, par=monde.celia), monde.ml, par=monde.celia)
    gab.accepter_mission(mission, par=monde.omar)

    # the number typed in any format opens the card; it is wrong
    operateur = en_tant_que(monde.omar)
    operateur.goto("/missions/appel/")
    operateur.locator("[name=appel-numero]").fill("+33 (0)6.39.98.44.44")
    operateur.locator("[name=appel-numero]").press("Enter")
    operateur.get_by_role("button", name="Faux numéro").click()
    expect(operateur.get_by_text("Numéro noté comme faux")).to_be_visible()
    expect(operateur.get_by_text("Faux", exact=True)).to_be_visible()

    # the school is asked, and corrects
    page = en_tant_que(monde.alice)
    page.goto("/")
    page.get_by_role("link", name="Questions du GAB").click()
    page.goto(reverse("dedoublonnage:corriger", args=[signalement.reference]))
    page.locator("[name=contacts-0-valeur]").fill("06 39 98 55 55")
    page.get_by_role("button", name="Enregistrer", exact=False).first.click()
    expect(page.get_by_text("La correction est enregistrée.")).to_be_visible()
    assert Contact.objects.filter(normalisee="+33639985555").exists()

    # it comes back to the operator, who calls
    operateur.goto("/")
    expect(operateur.get_by_text("Des coordonnées ont été corrigées").first).to_be_visible()
    operateur.get_by_role("link", name="Coordonnées corrigées", exact=True).click()
    expect(operateur.get_by_role("link", name="06 39 98 55 55")).to_have_attribute("href", "tel:+33639985555")
    operateur.get_by_role("link", name="DUVIVIER").click()
    expect(operateur.get_by_role("link", name="06 39 98 55 55").first).to_be_visible()
    operateur.get_by_role("button", name="Répondu").first.click()
    expect(operateur.get_by_text("Appel noté : a répondu.")).to_be_visible()
    operateur.goto("/missions/?vue=corrigees")
    expect(operateur.get_by_text("Aucune coordonnée corrigée à voir")).to_be_visible()


def test_deux_onglets_sur_un_meme_entretien(monde, en_tant_que):
    dossier = gab.juger_recevable(signaler(monde.lycee, monde.alice), par=monde.celia)
    entretien = gab.convoquer(
        dossier,
        quand=timezone.now() - timedelta(hours=1),
        lieu="CIO",
        mode="presence",
        canaux=["lettre"],
        par=monde.medhi,
    )
    onglets = [en_tant_que(monde.medhi), en_tant_que(monde.celia)]
    for page, projet in zip(onglets, ["Un CAP cuisine", "Un BP coiffure"], strict=True):
        page.goto(f"/gab/entretiens/{entretien.reference}/tenir/")
        choisir(page, "responsable_present", "oui")
        page.locator("[name=projet]").fill(projet)
    onglets[0].get_by_role("button", name="Enregistrer l’entretien").click()
    expect(onglets[0].get_by_text("L’entretien est enregistré.")).to_be_visible()

    onglets[1].get_by_role("button", name="Enregistrer l’entretien").click()
    expect(onglets[1].get_by_text("Projet du jeune : « Un CAP cuisine »")).to_be_visible()
    expect(onglets[1].locator("[name=projet]")).to_have_value("Un BP coiffure")
    onglets[1].locator("[name=projet]").fill("Un CAP cuisine, ou un BP coiffure")
    onglets[1].get_by_role("button", name="Enregistrer le compte rendu").click()
    expect(onglets[1].get_by_text("Le compte rendu est corrigé.")).to_be_visible()
    assert Entretien.objects.get().projet == "Un CAP cuisine, ou un BP coiffure"

"""The pages of the GAB and the lists of the follow-up in a real Chromium: nothing for axe, nothing too wide at 360 px."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.services import corriger
from gab import services as gab
from gab.models import Place, Seance
from gab.services import agenda, seances
from suivi import services as suivi

from .monde import signaler

pytestmark = [
    pytest.mark.navigateur,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("nomenclatures"),
]


@pytest.fixture
def rempli(monde):
    """Something on each page: slots and interviews, a séance with its guest, places, calls to make, a corrected number."""
    m = monde
    m.dossiers = [
        gab.juger_recevable(signaler(m.lycee, m.alice, rang, telephone=f"06 39 98 00 0{rang}"), par=m.celia)
        for rang in range(3)
    ]
    demain = timezone.now() + timedelta(days=1)
    agenda.ouvrir_creneaux(
        m.caen,
        [demain, demain + timedelta(hours=1)],
        par=m.celia,
        duree_minutes=45,
        mode="presence",
        lieu="CIO de Caen, 2e étage",
        mene_par=m.medhi,
    )
    for dossier, quand in ((m.dossiers[0], timezone.now() - timedelta(hours=2)), (m.dossiers[1], demain)):
        gab.convoquer(dossier, quand=quand, lieu="CIO", mode="presence", canaux=["lettre"], par=m.medhi)
    for formation, jours, confirmee in (
        ("Cuisine", 30, 1),
        ("Maintenance des véhicules automobiles", 40, 20),
    ):
        Place.objects.create(
            structure=m.ml,
            solution="apprentissage",
            formation=formation,
            date_entree=timezone.localdate() + timedelta(days=jours),
            nombre=2,
            conditions="16 à 25 ans, casier de bonne taille exigé au vestiaire",
            confirmee_le=timezone.now() - timedelta(days=confirmee),
        )
    m.seance = seances.preparer(Seance(bassin=m.caen, quand=demain, lieu="CIO"), m.dossiers, par=m.celia)
    seances.inviter(m.seance, [m.olga], par=m.celia)
    for dossier, jours in zip(m.dossiers[1:], (-3, 4), strict=True):
        suivi.noter_etape(
            dossier,
            "contacte_sans_reponse",
            par=m.celia,
            rappeler_le=timezone.localdate() + timedelta(days=jours),
        )
    m.mission = gab.missionner(m.dossiers[0], m.ml, par=m.celia)
    gab.accepter_mission(m.mission, par=m.omar, connaissance="inconnu")
    signalement = m.dossiers[0].versements.get().signalement
    suivi.noter_appel(
        m.mission.dossier, signalement.contacts.get(), "faux_numero", par=m.omar, mission=m.mission
    )
    corriger(
        signalement,
        {"adresse": "12 bis rue de la République-des-Lettres"},
        contacts=[
            ("telephone", "06 39 98 55 55", "mere"),
            ("courriel", "famille.serinette@example.invalid", "pere"),
        ],
        par=m.alice,
    )
    return m


def test_les_pages_du_coordinateur(rempli, en_tant_que, regarder):
    m = rempli
    page = en_tant_que(m.celia)
    seance = [m.seance.reference]
    jeune = m.dossiers[1].jeune.reference
    adresses = {
        "gab-accueil": "/",
        "gab-agenda": reverse("gab:agenda"),
        "gab-creneaux": reverse("gab:creneaux"),
        "gab-convocations": reverse("gab:convoquer_lot"),
        "gab-sms": reverse("gab:textos"),
        "gab-places": reverse("gab:places"),
        "gab-a-rappeler": reverse("suivi:rappels"),
        "gab-jeune": reverse("suivi:jeune", args=[jeune]),
        "gab-seances": reverse("gab:seances"),
        "gab-seance-preparee": reverse("gab:seance", args=seance),
        "gab-ordre-du-jour": reverse("gab:ordre_du_jour", args=seance),
        "gab-invites": reverse("gab:invites", args=seance),
        "gab-presences": reverse("gab:presences", args=seance),
    }
    for nom, adresse in adresses.items():
        page.goto(adresse)
        regarder(page, nom)


def test_la_seance_du_premier_ecran_au_compte_rendu(rempli, en_tant_que, regarder):
    m = rempli
    seances.ouvrir(m.seance, par=m.celia)
    page = en_tant_que(m.celia)
    seance = reverse("gab:seance", args=[m.seance.reference])
    projection = reverse("gab:projection", args=[m.seance.reference])
    page.goto(f"{projection}?ligne=2")
    regarder(page, "gab-projection")
    page.get_by_label("Type de solution").select_option("apprentissage")
    page.get_by_text("Maintenance des véhicules automobiles").click()
    regarder(page, "gab-projection-places")
    # refused: the reason is beside the field
    page.locator("label", has_text="Préconisation (p)").click()
    page.get_by_role("button", name="Noter et passer au suivant").click()
    page.get_by_text("choisissez « Préconisation et mission »").first.wait_for()
    regarder(page, "gab-projection-refus")
    page.locator("label", has_text="Préconisation et mission").click()
    page.get_by_role("button", name="Noter et passer au suivant").click()
    page.get_by_text("1 / 3 décidés").wait_for()
    page.goto(seance)
    regarder(page, "gab-seance-ouverte")
    seances.clore(m.seance, par=m.celia)
    page.goto(reverse("gab:compte_rendu", args=[m.seance.reference]))
    regarder(page, "gab-compte-rendu")


def test_les_listes_de_l_operateur_et_de_l_invitee(rempli, en_tant_que, regarder):
    m = rempli
    page = en_tant_que(m.omar)
    for nom, adresse in {
        "operateur-accueil": "/",
        "operateur-corrigees": "/missions/?vue=corrigees",
        "operateur-fiche": reverse("suivi:mission", args=[m.mission.reference]),
        "operateur-places": reverse("gab:places"),
        "operateur-publier": reverse("gab:publier_place"),
    }.items():
        page.goto(adresse)
        regarder(page, nom)
    page = en_tant_que(m.olga)
    page.goto("/")
    regarder(page, "invitee-accueil")
    page.get_by_role("button", name="Ouvrir comme invité").click()
    page.get_by_role("heading", name="Séance du").wait_for()
    regarder(page, "invitee-seance")

"""Vacant places on the line of a séance: those of the solution are shown, the one chosen goes with the mission."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from gab import services
from gab.models import Mission, Place, Seance
from gab.services import seances

from . import monde as w

pytestmark = pytest.mark.usefixtures("nomenclatures")


@pytest.fixture
def en_seance(monde, client):
    """An open séance of two dossiers, the coordinator signed in; places here, at Lisieux, of another solution, in Rouen."""
    m = monde
    dossiers = [
        services.juger_recevable(w.signaler(m.lycee, m.alice, rang), par=m.celia) for rang in range(2)
    ]
    m.seance = seances.preparer(Seance(bassin=m.caen, quand=timezone.now()), dossiers, par=m.celia)
    seances.ouvrir(m.seance, par=m.celia)
    m.lignes = list(m.seance.lignes.all())

    def place(structure, formation, jours, **champs):
        return Place.objects.create(
            structure=structure,
            formation=formation,
            date_entree=timezone.localdate() + timedelta(days=jours),
            **{"solution": "apprentissage", "nombre": 2} | champs,
        )

    m.cuisine = place(m.ml, "Cuisine", 40)
    vieille = timezone.now() - timedelta(days=20)
    m.coiffure = place(m.ml_lisieux, "Coiffure", 10, lieu="Orbec", nombre=1, confirmee_le=vieille)
    place(m.ml, "Préparatoire", 40, solution="e2c")
    place(m.lycee_rouen, "Ferronnerie", 40)
    place(m.ml, "Boulangerie", 40, nombre=0)
    m.projection = reverse("gab:projection", args=[m.seance.reference])
    m.decider = reverse("gab:decider", args=[m.seance.reference])
    w.connecter(client, m.celia)
    return m


def texte(reponse):
    return reponse.content.decode()


def decision(m, rang=0, **champs):
    return {"ligne_id": m.lignes[rang].pk, "decision": "missionner", "solution": "apprentissage"} | champs


def test_les_places_de_la_solution_se_montrent(en_seance, client):
    m = en_seance
    assert "Cuisine" not in texte(client.get(m.projection))  # no solution yet
    page = texte(client.get(f"{m.projection}?ligne=1&solution=apprentissage", headers={"hx-request": "true"}))
    confirmees = f"2 places (confirmées le {timezone.localdate():%d/%m/%Y})"
    assert "Cuisine, Caen – Mission locale de Caen" in page and confirmees in page
    assert "Coiffure, Orbec – Mission locale de Lisieux" in page and "1 place (à confirmer)" in page
    assert page.index("Cuisine") < page.index("Coiffure")  # the bassin first
    for autre in ("Préparatoire", "Ferronnerie", "Boulangerie"):
        assert autre not in page
    vide = texte(client.get(f"{m.projection}?ligne=1&solution=service_civique"))
    assert "Aucune place vacante n’est publiée pour cette solution." in vide


def test_sans_javascript_un_bouton_les_montre_et_garde_la_saisie(en_seance, client):
    m = en_seance
    page = texte(client.post(m.decider, decision(m, voir_places="1", message="À voir avec la famille")))
    assert "Cuisine, Caen" in page and "À voir avec la famille" in page and "fr-error" not in page
    m.lignes[0].refresh_from_db()
    assert m.lignes[0].decision == ""


def test_la_place_choisie_part_avec_la_mission(en_seance, client):
    m = en_seance
    # the structure goes without saying
    assert client.post(m.decider, decision(m, place=m.coiffure.pk)).status_code == 302
    ligne = m.lignes[0]
    ligne.refresh_from_db()
    assert (ligne.structure, ligne.place) == (m.ml_lisieux, m.coiffure)
    assert "Mission locale de Lisieux, Coiffure" in texte(
        client.get(reverse("gab:seance", args=[m.seance.reference]))
    )
    page = texte(client.get(m.projection))
    assert f'value="{m.coiffure.pk}"' in page and "Décision notée" in page
    # the second place is gone when the séance closes: the mission is made all the same
    client.post(m.decider, decision(m, 1, place=m.cuisine.pk, structure=m.ml.pk))
    Place.objects.filter(pk=m.cuisine.pk).update(nombre=0)
    seances.clore(m.seance, par=m.celia)
    assert Mission.objects.get(structure=m.ml_lisieux).place == m.coiffure
    assert Mission.objects.get(structure=m.ml).place is None
    m.lignes[1].refresh_from_db()
    assert "la place choisie n’est plus libre" in m.lignes[1].effet
    pv = texte(client.get(reverse("gab:compte_rendu", args=[m.seance.reference])))
    assert "Mission locale de Lisieux, Coiffure" in pv


@pytest.mark.parametrize(
    ("champs", "message"),
    [
        ({"structure": "ml"}, "Cette place est dans une autre structure."),
        ({"decision": "preconiser"}, "choisissez « Préconisation et mission »"),
        ({"solution": "e2c"}, "Sélectionnez un choix valide"),
    ],
)
def test_une_place_qui_ne_va_pas_est_refusee(en_seance, client, champs, message):
    m = en_seance
    if "structure" in champs:
        champs = {"structure": m.ml.pk}
    reponse = client.post(m.decider, decision(m, place=m.coiffure.pk, **champs))
    assert reponse.status_code == 200 and message in texte(reponse)
    m.lignes[0].refresh_from_db()
    assert m.lignes[0].decision == ""


def test_deux_personnes_decident_de_la_meme_ligne(en_seance, client):
    m = en_seance
    vue = m.lignes[0].jalon
    client.post(m.decider, decision(m, place=m.coiffure.pk, vu=vue))
    reponse = client.post(m.decider, decision(m, place=m.cuisine.pk, structure=m.ml.pk, vu=vue))
    page = texte(reponse)
    assert "Enregistré entre-temps" in page and "Place vacante : « Coiffure, Orbec" in page
    m.lignes[0].refresh_from_db()
    assert m.lignes[0].place == m.coiffure

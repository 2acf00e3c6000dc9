"""The page of a jeune, the search, the home page of each role."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gab import services as gab
from qualit.journal.models import Action, Trace
from suivi import recherche

from . import monde as w


def chercher(user, quoi, **plus):
    return [str(r.premier) for r in recherche.chercher(user, quoi, **plus)]


@pytest.mark.parametrize(
    "quoi",
    ["duvivier", "Maelle DUVIVIER", "Duviver Maelle", "du vivier maëlle", "DUVIVIEZ", "duviv", "06 39 98 00 01",
     "+33639980001", "980001"],
)  # fmt: skip
def test_recherche_tolerante(monde, quoi):
    w.signaler(monde.lycee, monde.alice)
    w.signaler(monde.lycee, monde.alice, 1, telephone="06 39 98 00 09")
    for personne in (monde.alice, monde.celia, monde.rene):
        assert chercher(personne, quoi) == ["DUVIVIER Maëlle"]
    for personne in (monde.lucie, monde.denis, monde.omar, monde.robin, monde.rita):
        assert chercher(personne, quoi) == []


def test_recherche_par_ine_et_date(monde):
    s = w.signaler(monde.lycee, monde.alice, ine="1234567890V")
    assert chercher(monde.celia, "1234567890v") == ["DUVIVIER Maëlle"]
    assert chercher(monde.celia, "Duvivié", date_naissance=s.date_naissance) == ["DUVIVIER Maëlle"]
    assert chercher(monde.celia, "Langlois", date_naissance=s.date_naissance) == []


def test_un_nom_d_usage_se_trouve_parmi_beaucoup(monde, monkeypatch):
    """Names are compared with the nearest of their kind: those near by birth name do not take the place of one of usage."""
    monkeypatch.setattr("signalements.recherche.COMPARES", 2)
    for n, usage in enumerate(("Vasseur", "Quesnel", "Delarbre", "Tostain", "Buisson")):
        w.signaler(monde.lycee, monde.alice, n, nom_usage=usage)
    w.signaler(monde.lycee, monde.alice, 5, nom_naissance="Delabre", prenom="Hugo")
    for quoi in ("Delarbe", "Delarbe Inès"):
        assert "POTTIER Inès" in chercher(monde.celia, quoi), quoi


def test_la_recherche_ne_depend_pas_de_l_exterieur(client, monde):
    """The same bytes whether or not jeunes of elsewhere answer to the words."""

    def reponse():
        client.force_login(monde.alice)
        html = client.post(reverse("suivi:recherche"), {"quoi": "Pottier"}).content.decode()
        return [ligne for ligne in html.splitlines() if "csrf" not in ligne]

    avant = reponse()
    w.signaler(monde.lycee_lisieux, monde.lucie, 2)
    w.signaler(monde.lycee_rouen, monde.robin, 2)
    assert reponse() == avant


def test_la_recherche_est_tracee_et_ne_passe_pas_par_l_adresse(client, monde):
    s = w.signaler(monde.lycee, monde.alice)
    client.force_login(monde.celia)
    reponse = client.post(reverse("suivi:recherche"), {"quoi": "duvivier"})
    assert reverse("suivi:jeune", args=[s.rattachements.get().jeune.reference]) in reponse.content.decode()
    trace = Trace.objects.get(action=Action.RECHERCHE)
    assert trace.jeunes == [s.rattachements.get().jeune_id] and "duvivier" not in str(trace.__dict__).lower()
    assert "DUVIVIER" not in client.get(reverse("suivi:recherche") + "?quoi=duvivier").content.decode()
    client.force_login(monde.alice)
    html = client.post(reverse("suivi:recherche"), {"quoi": "duvivier"}).content.decode()
    assert reverse("suivi:retour", args=[s.reference]) in html


def test_la_page_du_jeune(client, monde):
    s = w.signaler(monde.lycee, monde.alice, message="Message au GAB")
    jeune = s.rattachements.get().jeune
    adresse = reverse("suivi:jeune", args=[jeune.reference])
    gab.juger_recevable(s, par=monde.celia)
    client.force_login(monde.celia)
    html = client.get(adresse).content.decode()
    assert "Signalement de Lycée Malherbe-sur-Orne" in html and "Message au GAB" in html
    assert "Qui a consulté" in html
    html = client.get(adresse).content.decode()
    assert "Celia Essai" in html  # her own reading of a moment ago
    attendus = {"denis": 404, "alice": 404, "omar": 404, "medhi": 200, "rene": 200, "rita": 403}
    for nom, attendu in attendus.items():
        personne = getattr(monde, nom)
        client.force_login(personne)
        assert client.get(adresse).status_code == attendu, personne
    client.force_login(monde.medhi)
    assert "Qui a consulté" not in client.get(adresse).content.decode()


def test_le_gab_note_une_etape_et_un_devenir(client, monde):
    s = w.signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    jeune = s.rattachements.get().jeune
    client.force_login(monde.celia)
    jour = f"{s.envoye_le:%d/%m/%Y}"
    client.post(
        reverse("suivi:jeune_etape", args=[jeune.reference]),
        {"type": "rdv_pris", "date": jour, "synthese": "Vendredi"},
    )
    reponse = client.post(
        reverse("suivi:jeune_devenir", args=[jeune.reference]),
        {"code": "emploi_court", "date": jour, "source": "famille", "vu": ""},
    )
    assert reponse.status_code == 302
    html = client.get(reverse("suivi:jeune", args=[jeune.reference])).content.decode()
    assert "Vendredi" in html and "Devenir : Emploi court" in html
    client.force_login(monde.medhi)
    assert (
        client.post(reverse("suivi:jeune_etape", args=[jeune.reference]), {"type": "rdv_pris"}).status_code
        == 403
    )


PERSONNES = [
    "alice", "andre", "basile", "celia", "medhi", "denis", "lucie", "omar", "olga",
    "rene", "rita", "paul", "dora", "tom", "jeanne", "robin", "nobody",
]  # fmt: skip


@pytest.mark.parametrize("nom", PERSONNES)
def test_l_accueil_de_chaque_role(client, monde, nom):
    w.signaler(monde.lycee, monde.alice)
    client.force_login(getattr(monde, nom))
    with CaptureQueriesContext(connection) as requetes:
        reponse = client.get(reverse("accueil"))
    assert reponse.status_code == 200
    assert len(requetes) < 40
    html = reponse.content.decode()
    assert "DUVIVIER" not in html
    for tuile in reponse.context["tuiles"]:
        assert client.get(tuile.url).status_code == 200, f"{tuile.titre} : {tuile.url}"
    if nom in {"nobody", "jeanne"}:
        assert "rattaché à aucune structure" in html


def test_les_comptes_de_l_operateur_menent_a_leur_liste(client, monde):
    s = w.signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    gab.missionner(s.versement.dossier, monde.ml, par=monde.celia, urgente=True)
    client.force_login(monde.omar)
    tuile = client.get(reverse("accueil")).context["tuiles"][0]
    assert (tuile.titre, tuile.nombre, tuile.urgent) == ("Missions à répondre", 1, True)
    assert tuile.accord == "proposée par le GAB" and replace(tuile, nombre=2).accord == "proposées par le GAB"
    assert len(client.get(tuile.url).context["lignes"]) == 1


def test_l_adresse_des_courriels_mene_au_compte(client, monde):
    client.force_login(monde.omar)
    assert client.get("/mon-compte/")["Location"] == reverse("territoire:compte")

"""The coordinator's journey without JavaScript: queue, triage, convocation, interview, recommendation, mission."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.models import Jeune
from gab import services
from gab.models import Dossier, EtatDossier, Mission
from qualit.notifications.models import Avis, Courriel
from signalements.models import EtatSignalement
from signalements.services import demander_retrait

from .monde import connecter, signaler

pytestmark = pytest.mark.usefixtures("nomenclatures")


LISTES = [
    *("file", "tri", "echeances", "missions", "transferts", "taches", "agenda", "creneaux", "convoquer_lot"),
    *("lettres", "places", "seances", "preparer_seance"),
]


def dossier_de(signalement):
    return Dossier.objects.get(versements__signalement=signalement)


def test_du_signalement_a_la_mission(monde, client):
    signalement = signaler(monde.lycee, monde.alice)
    dossier = dossier_de(signalement)
    connecter(client, monde.celia)

    page = client.get(reverse("gab:file"))
    assert page.status_code == 200
    assert signalement.nom_naissance in page.content.decode()

    page = client.get(reverse("gab:tri"))
    assert "Recevable" in page.content.decode()
    client.post(reverse("gab:trier", args=[signalement.reference]), {"action": "recevable"})
    signalement.refresh_from_db()
    dossier.refresh_from_db()
    assert signalement.etat == EtatSignalement.RECEVABLE
    assert dossier.etat == EtatDossier.ENTRETIEN_A_TENIR

    demain = timezone.localdate() + timedelta(days=3)
    reponse = client.post(
        reverse("gab:convoquer", args=[dossier.reference]),
        {"jour": f"{demain:%d/%m/%Y}", "heure": "14h30", "mode": "presence", "canaux": ["lettre", "sms"]},
    )
    entretien = dossier.entretiens.get()
    assert reponse.url == reverse("gab:entretien", args=[entretien.reference])
    assert {c.canal for c in entretien.convocations.all()} == {"lettre", "sms"}
    page = client.get(reponse.url).content.decode()
    assert "sms:" in page and signalement.nom_naissance not in page.split("Message à envoyer")[1][:300]

    reponse = client.post(
        reverse("gab:tenir", args=[entretien.reference]),
        {"responsable_present": "oui", "obligation_expliquee": "on", "motifs_jeune": [], "projet": "Cuisine"},
    )
    assert reponse.url == reverse("gab:dossier", args=[dossier.reference])
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.ENTRETIEN_TENU
    assert dossier.recu_avec_responsable_le == demain
    assert dossier.jours_avant_echeance is None

    reponse = client.post(
        reverse("gab:preconiser", args=[dossier.reference]),
        {"solution": "apprentissage", "synthese": "Chercher un employeur", "missionner": "1"},
    )
    assert reponse.url == reverse("gab:missionner", args=[dossier.reference])
    page = client.get(reponse.url).content.decode()
    assert "0 en cours" in page

    client.post(reponse.url, {"structure": monde.ml.pk, "message": "À voir vite"})
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.MISSIONNE
    mission = dossier.missions.get()
    assert mission.structure == monde.ml and mission.etat == Mission.Etat.PROPOSEE
    assert Avis.objects.filter(destinataire=monde.omar, code="mission_proposee").exists()
    for courriel in Courriel.objects.all():
        assert signalement.nom_naissance not in courriel.texte + courriel.objet

    page = client.get(reverse("gab:dossier", args=[dossier.reference])).content.decode()
    assert "Attendre la réponse" in page and "Mission proposée" in page


@pytest.mark.parametrize(
    "nom",
    LISTES,
)
def test_les_listes_vides_aident(monde, client, nom):
    connecter(client, monde.celia)
    assert client.get(reverse(f"gab:{nom}")).status_code == 200


def test_hors_champ_dit_ou(monde, client):
    signalement = signaler(monde.lycee, monde.alice)
    connecter(client, monde.celia)
    adresse = reverse("gab:trier", args=[signalement.reference])
    reponse = client.post(adresse, {"action": "hors_champ", "motif": "n_etait_pas_sorti"})
    assert "Dites où" in reponse.content.decode()
    client.post(adresse, {"action": "hors_champ", "motif": "n_etait_pas_sorti", "lieu": "cfa"})
    dossier = dossier_de(signalement)
    assert dossier.etat == EtatDossier.HORS_CHAMP
    assert dossier.hors_champ_precision == "CFA"
    client.post(adresse, {"action": "retablir"})
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.A_TRIER


def test_complement_demande(monde, client):
    signalement = signaler(monde.lycee, monde.alice)
    connecter(client, monde.celia)
    client.post(
        reverse("gab:trier", args=[signalement.reference]),
        {"action": "completer", "question": "Quelle classe ?"},
    )
    signalement.refresh_from_db()
    assert signalement.etat == EtatSignalement.A_COMPLETER
    assert Avis.objects.filter(destinataire=monde.alice, code="complement_demande").exists()


def test_tri_en_lot_demande_confirmation(monde, client):
    signalements = [signaler(monde.lycee, monde.alice, i) for i in range(3)]
    connecter(client, monde.celia)
    donnees = {"action": "recevable", "ligne": [s.reference for s in signalements]}
    reponse = client.post(reverse("gab:tri_lot"), donnees)
    assert reponse.status_code == 200 and signalements[0].nom_naissance in reponse.content.decode()
    signalements[0].refresh_from_db()
    assert signalements[0].etat == EtatSignalement.ENVOYE
    client.post(reverse("gab:tri_lot"), donnees | {"confirme": "1"})
    for s in signalements:
        s.refresh_from_db()
        assert s.etat == EtatSignalement.RECEVABLE


def test_recherche_par_post_sans_nom_dans_l_adresse(monde, client):
    signaler(monde.lycee, monde.alice, nom_naissance="LEFÈVRE", prenom="Zoé")
    connecter(client, monde.celia)
    page = client.post(reverse("gab:file"), {"recherche": "lefevre zoe"})
    assert "LEFÈVRE" in page.content.decode()
    page = client.post(reverse("gab:file"), {"recherche": "inconnu"})
    assert "LEFÈVRE" not in page.content.decode()


def test_la_file_ne_demande_pas_plus_de_requetes_pour_vingt_lignes(
    monde, client, django_assert_max_num_queries
):
    connecter(client, monde.celia)
    noms = ["AUBIN", "BERGER", "COLIN", "DUPUIS", "ETIENNE", "FOUCHER", "GARNIER", "HUBERT", "IMBERT", "JOLY"]

    def signaler_lot(debut, fin):
        for i in range(debut, fin):
            signaler(
                monde.lycee,
                monde.alice,
                nom_naissance=noms[i % 10],
                prenom=["Lise", "Oscar"][i // 10],
                date_naissance=date(2008, 1 + i % 12, 2 + i),
                telephone="",
            )

    signaler_lot(0, 2)
    client.get(reverse("gab:file"))  # the first page of a session writes it
    with django_assert_max_num_queries(40) as deux:
        client.get(reverse("gab:file"))
    signaler_lot(2, 20)
    assert Jeune.objects.count() >= 18
    with django_assert_max_num_queries(40) as vingt:
        client.get(reverse("gab:file"))
    assert len(vingt) == len(deux)


def test_priorite_calculee(monde):
    majeur = dossier_de(
        signaler(
            monde.lycee,
            monde.alice,
            0,
            date_naissance=date(2000, 5, 3),
        )
    )
    mineur = dossier_de(signaler(monde.lycee, monde.alice, 1))
    Dossier.objects.filter(pk=mineur.pk).update(echeance_legale=timezone.localdate() + timedelta(days=5))
    priorites = dict(Dossier.objects.avec_priorite().values_list("pk", "priorite"))
    assert priorites[mineur.pk] >= 80 > priorites[majeur.pk]


def test_transfert_accepte_garde_horloge_et_lecture(monde, client):
    dossier = dossier_de(signaler(monde.lycee, monde.alice))
    avant = dossier.echeance_legale
    connecter(client, monde.celia)
    client.post(
        reverse("gab:transferer", args=[dossier.reference]),
        {"vers": monde.lisieux.pk, "motif": "Habite Lisieux"},
    )
    transfert = dossier.transferts.get()
    dossier.refresh_from_db()
    assert dossier.bassin == monde.caen
    connecter(client, monde.denis)
    assert client.get(reverse("gab:transfert", args=[transfert.reference])).status_code == 200
    client.post(reverse("gab:transfert", args=[transfert.reference]), {"reponse": "accepter"})
    dossier.refresh_from_db()
    assert dossier.bassin == monde.lisieux and dossier.echeance_legale == avant
    connecter(client, monde.celia)
    assert client.get(reverse("gab:dossier", args=[dossier.reference])).status_code == 200
    assert client.post(reverse("gab:preconiser", args=[dossier.reference]), {}).status_code == 403


def test_retrait_confirme_arrete_tout(monde, client):
    signalement = signaler(monde.lycee, monde.alice)
    dossier = services.juger_recevable(signalement, par=monde.celia)
    services.missionner(dossier, monde.ml, par=monde.celia)
    signalement.refresh_from_db()
    demander_retrait(signalement, "retour_formation", "Réinscrit", par=monde.alice)
    connecter(client, monde.celia)
    assert "Un retrait est demandé" in client.get(services.lien(dossier)).content.decode()
    client.post(reverse("gab:retrait", args=[signalement.reference]), {"action": "confirmer"})
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.CLOS and dossier.motif_cloture == "retrait"
    assert not dossier.missions.vivantes().exists()


@pytest.mark.usefixtures("nomenclatures")
def test_les_motifs_se_lisent_au_tri_et_au_dossier(monde, client):
    """Labels are those of the day of the report, which is a moment."""
    s = signaler(monde.lycee, monde.alice, motifs=["absenteisme_lourd"], motif_principal="absenteisme_lourd")
    connecter(client, monde.celia)
    for adresse in (reverse("gab:trier", args=[s.reference]), services.lien(s.versement.dossier)):
        assert "Absentéisme lourd" in client.get(adresse).content.decode()

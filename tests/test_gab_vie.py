"""A whole séance, places, reminders, and lives drawn at random: nothing is forgotten."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from gab import coherence, relances, services
from gab.models import Dossier, EtatDossier, Fermeture, Mission, Place, Seance
from gab.services import places, seances
from qualit.notifications.models import Avis
from qualit.territoire.roles import Role
from qualit.workflow import TransitionImpossible

from .monde import adherer, connecter, signaler
from .test_gab_agenda import pages

pytestmark = pytest.mark.usefixtures("nomenclatures")


def dossier_de(envoi):
    return Dossier.objects.get(versements__signalement=envoi)


def recu(monde, rang=0):
    """A dossier whose interview was held."""
    dossier = services.juger_recevable(signaler(monde.lycee, monde.alice, rang), par=monde.celia)
    entretien = services.convoquer(
        dossier, quand=timezone.now(), lieu="CIO", mode="presence", canaux=["lettre"], par=monde.medhi
    )
    services.constater(entretien, "tenir", par=monde.medhi, responsable_present="oui")
    dossier.refresh_from_db()
    return dossier


def test_une_seance_entiere(monde, client):
    dossiers = [recu(monde, i) for i in range(3)]
    adherer(monde.ingrid, Role.INVITE_SEANCE, monde.ml)
    connecter(client, monde.celia)
    demain = timezone.localdate() + timedelta(days=1)
    reponse = client.post(
        reverse("gab:preparer_seance"), {"bassin": monde.caen.pk, "jour": f"{demain:%d/%m/%Y}", "heure": "9h"}
    )
    seance = Seance.objects.get()
    assert reponse.url == reverse("gab:ordre_du_jour", args=[seance.reference])
    assert seance.lignes.count() == 3

    client.post(reverse("gab:invites", args=[seance.reference]), {"courriel": monde.ingrid.email})
    invitee = connecter(type(client)(), monde.ingrid)
    assert invitee.get(services.lien(dossiers[0])).status_code == 200

    etat = reverse("gab:etat_seance", args=[seance.reference])
    client.post(etat, {"action": "ouvrir"})
    lignes = list(seance.lignes.all())
    ecran = client.get(reverse("gab:projection", args=[seance.reference])).content.decode()
    assert "06 39" not in ecran
    decider = reverse("gab:decider", args=[seance.reference])
    client.post(decider, {"ligne_id": lignes[0].pk, "decision": "preconiser", "solution": "apprentissage"})
    client.post(
        decider,
        {"ligne_id": lignes[1].pk, "decision": "missionner", "solution": "e2c", "structure": monde.ml.pk},
    )
    assert client.post(decider, {"ligne_id": lignes[2].pk, "decision": "missionner"}).status_code == 200
    client.post(decider, {"ligne_id": lignes[2].pk, "decision": "reporter"})
    assert not Mission.objects.exists()  # nothing takes effect before the closing

    assert (
        "Structures missionnées et prévenues : 1" in client.post(etat, {"action": "clore"}).content.decode()
    )
    client.post(etat, {"action": "clore", "confirme": "1"})
    assert Mission.objects.get().dossier == lignes[1].dossier
    assert Avis.objects.filter(destinataire=monde.omar, code="mission_proposee").count() == 1
    etats = [Dossier.objects.get(pk=ligne.dossier_id).etat for ligne in lignes]
    assert etats == [EtatDossier.PRECONISE, EtatDossier.MISSIONNE, EtatDossier.ENTRETIEN_TENU]

    client.post(reverse("gab:presences", args=[seance.reference]), {"presences": [monde.celia.pk]})
    pv = reverse("gab:compte_rendu", args=[seance.reference])
    assert lignes[0].dossier.jeune.identite.nom_naissance in client.get(pv).content.decode()
    client.post(etat, {"action": "signer", "confirme": "1"})
    seance.refresh_from_db()
    assert seance.etat == Seance.Etat.SIGNEE and len(seance.compte_rendu["lignes"]) == 3
    assert invitee.get(services.lien(dossiers[0])).status_code == 404
    with pytest.raises(TransitionImpossible):
        seances.decider(lignes[0], "aucune", par=monde.celia)
    lu = " ".join(pages(client.get(reverse("gab:compte_rendu_pdf", args=[seance.reference]))))
    assert "Compte rendu signé par Celia Essai" in lu and "Structures missionnées : 1." in lu
    assert all(ligne.dossier.jeune.identite.nom_complet in lu for ligne in lignes)


def test_places_a_confirmer_et_prises(monde, client):
    connecter(client, monde.omar)
    dans_un_mois = timezone.localdate() + timedelta(days=30)
    client.post(
        reverse("gab:publier_place"),
        {
            "structure": monde.ml.pk,
            "solution": "apprentissage",
            "formation": "Cuisine",
            "date_entree": f"{dans_un_mois:%d/%m/%Y}",
            "nombre": 2,
        },
    )
    place = Place.objects.get()
    assert not place.a_confirmer
    Place.objects.update(confirmee_le=timezone.now() - timedelta(days=15))
    assert places.demander_confirmations() == 1 and places.demander_confirmations() == 0
    assert "À confirmer" in client.get(reverse("gab:places")).content.decode()
    mission = services.missionner(recu(monde), monde.ml, par=monde.celia, place=place)
    places.confirmer_entree(mission, par=monde.omar)
    assert places.confirmer_entree(mission, par=monde.omar) is None
    place.refresh_from_db()
    assert place.nombre == 1


def test_la_mission_n_expire_pas_pendant_la_fermeture(monde):
    dossier = recu(monde)
    mission = services.missionner(dossier, monde.ml, par=monde.celia)
    debut = timezone.localdate() + timedelta(days=2)
    Fermeture.objects.create(structure=monde.ml, debut=debut, fin=debut + timedelta(days=9))
    tard = mission.expire_le + timedelta(days=1)
    assert relances.expirer_missions(tard) == 0
    mission.refresh_from_db()
    assert mission.expire_le == timezone.localdate() + timedelta(days=25)
    assert relances.expirer_missions(mission.expire_le + timedelta(days=1)) == 1
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.PRECONISE


def test_alertes_une_seule_fois(monde):
    dossier = dossier_de(signaler(monde.lycee, monde.alice))
    jour = dossier.echeance_legale - timedelta(days=14)
    assert relances.alerter_echeances_legales(jour) == 1
    assert relances.alerter_echeances_legales(jour) == 0
    assert relances.alerter_echeances_legales(dossier.echeance_legale - timedelta(days=6)) == 1
    services.proposer_transfert(dossier, monde.lisieux, "Habite Lisieux", par=monde.celia)
    plus_tard = timezone.now() + timedelta(days=8)
    assert relances.alerter_transferts(plus_tard) == 1 and relances.alerter_transferts(plus_tard) == 0
    assert Avis.objects.filter(destinataire=monde.rene, code="transfert_sans_reponse").exists()


def test_reorientation_acceptee_rend_le_dossier_au_gab(monde):
    dossier = recu(monde)
    mission = services.missionner(dossier, monde.ml, par=monde.celia)
    services.accepter_mission(mission, par=monde.omar)
    tache = services.demander_reorientation(mission, "Plutôt l’E2C", par=monde.omar)
    services.clore_tache(tache, par=monde.celia, accepter=True)
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.PRECONISE and dossier.referent is None


def test_ics_sans_nom(monde, client):
    dossier = recu(monde)
    connecter(client, monde.medhi)
    reponse = client.get(reverse("gab:ics", args=[dossier.entretiens.get().reference]))
    texte = reponse.content.decode()
    assert texte.startswith("BEGIN:VCALENDAR\r\n") and dossier.jeune.identite.nom_naissance not in texte
    assert all(len(ligne.encode()) <= 75 for ligne in texte.split("\r\n"))


def test_la_commande_voit_une_faute(monde):
    dossier = dossier_de(signaler(monde.lycee, monde.alice))
    sortie = StringIO()
    call_command("verifier_coherence", "--json", stdout=sortie)
    assert json.loads(sortie.getvalue()) == {"dossiers": 1, "anomalies": 0}
    Dossier.objects.filter(pk=dossier.pk).update(prochaine_echeance=None)
    assert coherence.verifier()["anomalies"] == 1

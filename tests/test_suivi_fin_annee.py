"""The turn of the year: what is left is listed and passed on; what was read of the returns is counted."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from gab import services as gab
from gab.models import Mission
from qualit.journal.models import Trace
from qualit.notifications.models import Avis
from qualit.territoire.models import Adhesion
from qualit.territoire.roles import Role
from signalements.models import Signalement, campagne_de
from suivi import fin_annee, lectures
from suivi.services import lire_retour

from .monde import adherer, connecter, personne, signalement, signaler

pytestmark = pytest.mark.usefixtures("nomenclatures")
PAGE = "suivi:fin_annee"


def points(user):
    adhesion = Adhesion.objects.actives().filter(utilisateur=user).first()
    return {p.titre: p for p in fin_annee.points(user, adhesion)}


def suivie(monde, rang=0):
    dossier = gab.juger_recevable(signaler(monde.lycee, monde.alice, rang), par=monde.celia)
    mission = gab.missionner(dossier, monde.ml, par=monde.celia)
    return gab.accepter_mission(mission, par=monde.omar)


def test_chacun_a_sa_liste(monde, client):
    signalement(monde.lycee, monde.alice, 1)
    mission = suivie(monde)
    ecole = points(monde.alice)
    assert ecole["Brouillons à envoyer ou à supprimer"].nombre == 1
    assert ecole["Retours que vous n’avez pas lus"].nombre == 1
    assert not points(monde.omar)["Fermeture d’été annoncée"].fait
    assert points(monde.celia)["Signalements à examiner"].fait
    for qui in (monde.alice, monde.omar, monde.celia, monde.medhi, monde.rene):
        page = connecter(client, qui).get(reverse(PAGE))
        assert page.status_code == 200 and "réglé" in page.content.decode()
    assert connecter(client, monde.rita).get(reverse(PAGE)).status_code == 403
    assert mission.dossier.jeune.identite.nom_naissance not in page.content.decode()


def test_les_jeunes_d_un_collegue_parti_sont_confies_ensemble(monde, client):
    partie = personne("Partie")
    adhesion = adherer(partie, Role.OPERATEUR, monde.ml)
    missions = [suivie(monde, rang) for rang in (0, 1)]
    Mission.objects.update(conseiller=partie)
    assert points(monde.omar)["Jeunes à confier à un autre collègue"].nombre == 0
    Adhesion.objects.filter(pk=adhesion.pk).update(fin=timezone.localdate() - timedelta(days=1))
    assert points(monde.omar)["Jeunes à confier à un autre collègue"].nombre == 2

    connecter(client, monde.omar)
    assert "Jeunes à confier" in client.get(reverse(PAGE)).content.decode()
    envoi = {"action": "confier", "structure": monde.ml.code, "mission": [missions[0].reference]}
    client.post(reverse(PAGE), envoi | {"conseiller": monde.celia.reference})
    assert Mission.objects.filter(conseiller=partie).count() == 2  # not of the structure
    client.post(reverse(PAGE), envoi | {"conseiller": monde.omar.reference})
    assert list(Mission.objects.filter(conseiller=monde.omar)) == [missions[0]]
    # somebody of another structure has nothing to give away
    connecter(client, monde.olga).post(
        reverse(PAGE), envoi | {"mission": [missions[1].reference], "conseiller": monde.olga.reference}
    )
    assert Mission.objects.filter(conseiller=partie).count() == 1


def lignes(client, liste):
    reponse = client.get(reverse(PAGE), {"liste": liste, "format": "csv"})
    assert reponse.status_code == 200
    return b"".join(reponse.streaming_content).decode("utf-8-sig").splitlines()[1:]


def test_les_listes_se_telechargent_selon_les_droits(monde, client):
    """The same rows as the page, and no name that the page does not say."""
    partie = personne("Partie")
    adhesion = adherer(partie, Role.OPERATEUR, monde.ml)
    une, autre = [suivie(monde, rang) for rang in (0, 1)]
    signalement(monde.lycee, monde.alice, 5)
    Signalement.objects.filter(envoye_le=None).update(modifie_le=timezone.now() - timedelta(days=9))
    Mission.objects.update(conseiller=partie)
    Mission.objects.filter(pk=autre.pk).update(a_confirmer=True)
    Adhesion.objects.filter(pk=adhesion.pk).update(fin=timezone.localdate() - timedelta(days=1))
    nom = une.dossier.jeune.identite.nom_naissance
    cache = autre.dossier.jeune.identite.prenom

    connecter(client, monde.omar)
    a_confier = lignes(client, "a-confier")
    assert len(a_confier) == 2 and sum(nom in ligne for ligne in a_confier) == 1
    assert not any(cache in ligne for ligne in a_confier)
    assert Trace.objects.filter(action="export").get().jeunes == [une.dossier.jeune_id]
    assert client.get(reverse(PAGE), {"liste": "etablissements", "format": "csv"}).status_code == 403

    connecter(client, monde.celia)
    assert lignes(client, "referents") == []
    (ecole,) = lignes(client, "etablissements")
    assert ecole.split(";") == [monde.lycee.nom, str(monde.lycee.bassin), "1", "2"]
    Adhesion.objects.filter(utilisateur=monde.omar).update(fin=timezone.localdate() - timedelta(days=1))
    assert len(lignes(client, "referents")) == 2
    assert client.get(reverse(PAGE)).content.decode().count("format=ods") == 2


def test_un_referent_sans_personne_est_montre_au_gab(monde, client):
    suivie(monde)
    page = connecter(client, monde.celia).get(reverse(PAGE)).content.decode()
    assert 'id="referents"' not in page
    Adhesion.objects.filter(utilisateur=monde.omar).update(fin=timezone.localdate() - timedelta(days=1))
    page = client.get(reverse(PAGE)).content.decode()
    assert 'id="referents"' in page and str(monde.ml) in page


def test_relancer_les_etablissements(monde, client):
    signalement(monde.lycee, monde.alice, 1)
    Signalement.objects.update(modifie_le=timezone.now() - timedelta(days=9))
    suivie(monde)
    connecter(client, monde.celia).post(reverse(PAGE), {"action": "relancer"})
    avis = Avis.objects.get(destinataire=monde.alice, code="fin_annee")
    assert "1 brouillon, 1 retour à lire" in avis.titre
    assert connecter(client, monde.medhi).post(reverse(PAGE), {"action": "relancer"}).status_code == 403


def test_part_des_retours_lus(monde, client):
    missions = [suivie(monde, rang) for rang in (0, 1)]
    campagne = campagne_de(timezone.localdate())
    lire_retour(missions[0].dossier.versements.get().signalement, par=monde.alice)
    portee = lectures.portee(monde.celia, campagne)
    (ecole,), (operateur,) = lectures.par_etablissement(portee), lectures.par_operateur(portee)
    assert (ecole.structure, ecole.retours, ecole.lus, ecole.taux) == (monde.lycee.nom, 2, 1, 0.5)
    assert (operateur.structure, operateur.retours, operateur.lus) == (monde.ml.nom, 2, 1)
    page = connecter(client, monde.celia).get(reverse("suivi:retours_lus")).content.decode()
    assert "Part lue" in page and "50,0\u202f%" in page
    # news after the reading: unread again
    gab.terminer_mission(missions[0], "Fin", par=monde.omar)
    assert lectures.par_etablissement(portee)[0].lus == 0
    assert not lectures.portee(monde.denis, campagne).exists()


def test_l_accueil_y_conduit_de_juin_a_septembre():
    assert fin_annee.de_saison(date(2027, 6, 1)) and fin_annee.de_saison(date(2027, 9, 30))
    assert not fin_annee.de_saison(date(2027, 5, 31)) and not fin_annee.de_saison(date(2026, 11, 25))
    assert fin_annee.rentree(date(2027, 6, 1)) == fin_annee.rentree(date(2026, 9, 2)) == date(2027, 9, 1)

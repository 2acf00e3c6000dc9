"""What a school answered about wrong contacts: the operator's list, what each structure reads of it, the "vu" mark."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.services import corriger
from gab import services as gab
from gab.models import Mission
from qualit.journal.models import Trace
from qualit.notifications.models import Avis
from qualit.territoire.roles import Role
from signalements.models import Question
from signalements.services import repondre
from suivi import services

from . import monde as w

LISTE = "/missions/?vue=corrigees"
FAUX = "06 39 98 00 01"
BON = "06 39 98 55 55"

pytestmark = pytest.mark.usefixtures("nomenclatures")


@pytest.fixture
def missionner(monde):
    """A mission accepted by the mission locale of Caen about a jeune of the lycée."""

    def faire(rang=0, **champs):
        s = w.signaler(monde.lycee, monde.alice, rang, **{"telephone": FAUX} | champs)
        mission = gab.missionner(gab.juger_recevable(s, par=monde.celia), monde.ml, par=monde.celia)
        gab.accepter_mission(mission, par=monde.omar, connaissance="inconnu")
        mission.dossier.refresh_from_db()
        return s, mission

    return faire


def appeler(signalement, mission, resultat, *, par, valeur=FAUX):
    contact = signalement.contacts.get(valeur=valeur)
    return services.noter_appel(mission.dossier, contact, resultat, par=par, mission=mission)


def donner(signalement, *contacts, par, **champs):
    corriger(signalement, champs, contacts=[("telephone", valeur, "jeune") for valeur in contacts], par=par)


def tuile(client, personne):
    client.force_login(personne)
    tuiles = client.get(reverse("accueil")).context["tuiles"]
    return next((t for t in tuiles if t.titre == "Coordonnées corrigées"), None)


def lignes(client, personne):
    client.force_login(personne)
    return client.get(LISTE).context["lignes"]


def html(client, adresse):
    return client.get(adresse).content.decode()


def test_de_la_question_au_vu(client, monde, missionner):
    signalement, mission = missionner()
    appeler(signalement, mission, "faux_numero", par=monde.omar)
    assert tuile(client, monde.omar) is None  # asked, not answered
    donner(signalement, BON, par=monde.alice, adresse="3 rue du Port")

    une = tuile(client, monde.omar)
    assert (une.nombre, une.url) == (1, LISTE)
    page = html(client, une.url)
    assert "DUVIVIER Maëlle" in page and "Lycée Malherbe-sur-Orne" in page
    assert f'href="tel:+33639985555">{BON}</a>' in page and f"<s>{FAUX}</s>" in page
    assert "3 rue du Port" in page and "Coordonnées corrigées." not in page
    assert reverse("suivi:mission", args=[mission.reference]) in page
    assert Trace.objects.filter(quoi="suivi:missions", jeunes__contains=[mission.dossier.jeune_id]).exists()
    # the card says it too, and the notice leads to the list
    fiche = reverse("suivi:mission", args=[mission.reference])
    assert "L’établissement a répondu sur les coordonnées" in html(client, fiche)
    assert Avis.objects.get(destinataire=monde.omar, code="coordonnees_corrigees").lien == LISTE
    assert Avis.objects.get(destinataire=monde.celia, code="coordonnees_corrigees").lien == gab.lien(
        mission.dossier
    )

    vu = reverse("suivi:coordonnees_vues", args=[mission.reference])
    reponse = Question.objects.get().reference
    client.force_login(monde.olga)
    assert client.post(vu, {"reponse": reponse}).status_code == 404
    client.force_login(monde.omar)
    assert client.get(vu).status_code == 405
    assert client.post(vu, {"reponse": "inconnue"}).status_code == 302
    assert tuile(client, monde.omar).nombre == 1
    assert client.post(vu, {"reponse": reponse, "liste": "1"})["Location"] == LISTE
    assert client.post(vu, {"reponse": reponse})["Location"] == f"{fiche}#contacts"
    assert tuile(client, monde.omar) is None and lignes(client, monde.omar) == []
    assert "L’établissement a répondu" not in html(client, fiche)
    assert Trace.objects.filter(quoi="coordonnees_vues").count() == 1


def test_une_reponse_plus_tardive_attend_encore(client, monde, missionner):
    signalement, mission = missionner()
    appeler(signalement, mission, "faux_numero", par=monde.omar)
    donner(signalement, BON, par=monde.alice)
    premiere = Question.objects.get()
    appeler(signalement, mission, "faux_numero", par=monde.omar, valeur=BON)
    donner(signalement, "06 39 98 66 66", par=monde.alice)
    services.voir_coordonnees(mission, premiere, par=monde.omar)
    (ligne,) = lignes(client, monde.omar)
    (correction,) = ligne.corrections
    assert [c.valeur for c in correction.nouveaux] == ["06 39 98 66 66"] and correction.retires == [BON]


def test_une_reponse_en_mots_montre_les_numeros_a_essayer(client, monde, missionner):
    signalement, mission = missionner()
    signalement.contacts.create(type="telephone", valeur=BON, normalisee="+33639985555", proprietaire="mere")
    appeler(signalement, mission, "faux_numero", par=monde.omar)
    repondre(Question.objects.get(), "Essayez chez sa mère.", par=monde.alice)
    client.force_login(monde.omar)
    page = html(client, LISTE)
    assert "Essayez chez sa mère." in page and f'href="tel:+33639985555">{BON}</a>' in page
    assert FAUX not in page


def test_un_appel_note_depuis_vaut_vu_et_son_annulation_le_remet(client, monde, missionner):
    signalement, mission = missionner()
    appeler(signalement, mission, "faux_numero", par=monde.omar)
    donner(signalement, BON, par=monde.alice)
    etape = appeler(signalement, mission, "messagerie", par=monde.omar, valeur=BON)
    assert lignes(client, monde.omar) == []
    services.annuler_etape(etape, par=monde.omar)
    assert len(lignes(client, monde.omar)) == 1


def test_deux_structures_voient_chacune_et_les_mots_vont_a_qui_a_demande(client, monde, missionner):
    cyril = w.personne("Cyril")
    w.adherer(cyril, Role.OPERATEUR, monde.cio)
    signalement, mission = missionner()
    autre = gab.missionner(mission.dossier, monde.cio, par=monde.celia)
    gab.accepter_mission(autre, par=cyril)
    appeler(signalement, mission, "faux_numero", par=monde.omar)
    question = Question.objects.get()
    repondre(question, "Passez par sa tante.", par=monde.alice)
    assert len(lignes(client, monde.omar)) == 1 and "Passez par sa tante." in html(client, LISTE)
    assert lignes(client, cyril) == []  # words for others, and no new contact

    appeler(signalement, mission, "faux_numero", par=monde.omar)
    donner(signalement, BON, par=monde.alice)
    assert len(lignes(client, cyril)) == 1
    page = html(client, LISTE)
    assert BON in page and "sa tante" not in page
    services.voir_coordonnees(autre, Question.objects.latest("repondue_le"), par=cyril)
    assert lignes(client, cyril) == [] and len(lignes(client, monde.omar)) == 1


def test_ce_qui_n_est_pas_a_voir(client, monde, missionner):
    signalement, mission = missionner()
    appeler(signalement, mission, "faux_numero", par=monde.omar)
    donner(signalement, BON, par=monde.alice)
    assert len(lignes(client, monde.omar)) == 1
    # accepted after the answer: the card already shows the right number
    Mission.objects.filter(pk=mission.pk).update(repondue_le=timezone.now())
    assert lignes(client, monde.omar) == []
    Mission.objects.filter(pk=mission.pk).update(repondue_le=signalement.envoye_le)
    assert len(lignes(client, monde.omar)) == 1
    # to be confirmed by the GAB: nothing of another structure's report
    Mission.objects.filter(pk=mission.pk).update(a_confirmer=True)
    assert lignes(client, monde.omar) == []
    Mission.objects.filter(pk=mission.pk).update(a_confirmer=False)
    services.ne_plus_contacter(mission.dossier.jeune)
    assert lignes(client, monde.omar) == [] and tuile(client, monde.omar) is None


def test_une_annulation_n_est_pas_une_reponse(client, monde, missionner):
    signalement, mission = missionner()
    etape = appeler(signalement, mission, "faux_numero", par=monde.omar)
    services.annuler_etape(etape, par=monde.omar)
    assert Question.objects.get().close_le is not None
    assert lignes(client, monde.omar) == []


def test_le_nombre_de_requetes_ne_suit_pas_les_lignes(client, monde, missionner):
    noms = ["AUBRY", "BELLEC", "CORMIER", "DAGUET", "ERNOUF"]

    def corriger_un(rang):
        nom = noms[rang]
        naissance = date(timezone.localdate().year - 17, 1 + rang, 20 - rang)
        signalement, mission = missionner(
            rang,
            telephone=f"06 39 98 11 1{rang}",
            nom_naissance=nom,
            prenom=nom[::-1].title(),
            date_naissance=naissance,
        )
        appeler(signalement, mission, "faux_numero", par=monde.omar, valeur=f"06 39 98 11 1{rang}")
        donner(signalement, f"06 39 98 22 2{rang}", par=monde.alice)

    def compter():
        with CaptureQueriesContext(connection) as requetes:
            reponse = client.get(LISTE)
        return len(requetes), len(reponse.context["lignes"])

    for rang in range(2):
        corriger_un(rang)
    client.force_login(monde.omar)
    client.get(LISTE)
    peu, deux = compter()
    for rang in range(2, 5):
        corriger_un(rang)
    assert (deux, compter()) == (2, (peu, 5))

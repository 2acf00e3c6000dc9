"""Whom the GAB is to call again: its list, the result of a call in one click, and its undoing."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from gab import services as gab
from qualit.journal.models import Trace
from signalements.models import Contact, EtatContact, Question
from suivi import services
from suivi.models import Etape

from . import monde as w

LISTE = "/a-rappeler/"

pytestmark = pytest.mark.usefixtures("nomenclatures")


@pytest.fixture
def dossier(monde):
    """A triaged dossier of Caen."""

    def faire(rang=0, **champs):
        signalement = w.signaler(monde.lycee, monde.alice, rang, **champs)
        un_dossier = gab.juger_recevable(signalement, par=monde.celia)
        un_dossier.refresh_from_db()
        return un_dossier

    return faire


def dans(jours):
    return timezone.localdate() + timedelta(days=jours)


def rappeler(dossier, jours, *, par):
    """A call of the GAB without an answer, to be made again on that day (a past one stands for a day gone by)."""
    return services.noter_etape(dossier, "contacte_sans_reponse", par=par, rappeler_le=dans(jours))


def a_rappeler(client, personne):
    client.force_login(personne)
    return [e.dossier for e in client.get(LISTE).context["page"].object_list]


def tuile(client, personne):
    client.force_login(personne)
    tuiles = client.get(reverse("accueil")).context["tuiles"]
    return next((t for t in tuiles if t.titre == "À rappeler"), None)


def test_la_liste_les_retards_d_abord_et_sa_tuile(client, monde, dossier):
    tot, tard = dossier(0), dossier(1)
    assert tuile(client, monde.celia) is None
    rappeler(tard, 5, par=monde.celia)
    rappeler(tot, -2, par=monde.celia)
    assert a_rappeler(client, monde.celia) == [tot, tard]
    page = client.get(LISTE).content.decode()
    assert "tel:+33639980001" in page and page.count("En retard") == 1 and "il y a 2 jours" in page
    assert Trace.objects.filter(quoi="suivi:rappels", jeunes__contains=[tot.jeune_id]).exists()
    une = tuile(client, monde.celia)
    assert (une.nombre, une.url, une.texte) == (1, LISTE, "Et 1 plus tard.")
    # the next bassin has its own list, and the operator has no right to this one's dossiers
    assert a_rappeler(client, monde.denis) == [] and a_rappeler(client, monde.omar) == []
    client.force_login(monde.medhi)
    assert client.get(LISTE).status_code == 403


def test_un_resultat_en_un_clic_et_son_annulation(client, monde, dossier):
    un = dossier()
    rappeler(un, -1, par=monde.celia)
    un.refresh_from_db()
    assert un.prochaine_echeance == dans(-1)
    contact = Contact.objects.get(signalement__versement__dossier=un)
    adresse = reverse("suivi:jeune_appel", args=[un.jeune.reference])

    def appeler(resultat, **plus):
        donnees = {"contact": contact.pk, "resultat": resultat, "liste": "1"} | plus
        return client.post(adresse, donnees)

    client.force_login(monde.celia)
    assert appeler("repondu")["Location"] == LISTE
    contact.refresh_from_db()
    un.refresh_from_db()
    assert contact.etat == EtatContact.VERIFIE and a_rappeler(client, monde.celia) == []
    assert un.prochaine_echeance > timezone.localdate()
    page = client.get(LISTE).content.decode()
    assert "Traités aujourd’hui" in page and "Contacté, a répondu" in page
    annuler = reverse("suivi:annuler_etape", args=[Etape.objects.get(type="contacte").reference])
    assert client.post(annuler, {"liste": "1"})["Location"] == LISTE
    contact.refresh_from_db()
    un.refresh_from_db()
    assert contact.etat == EtatContact.NON_VERIFIE and a_rappeler(client, monde.celia) == [un]
    assert un.prochaine_echeance == dans(-1)

    appeler("rappeler", rappeler_le=f"{dans(3):%d/%m/%Y}")
    assert Etape.objects.rappels_du_gab().get().rappeler_le == dans(3)
    avant = Etape.objects.count()
    appeler("rappeler", rappeler_le=f"{dans(-3):%d/%m/%Y}")
    appeler("inconnu")
    appeler("repondu", contact=0)
    assert Etape.objects.count() == avant
    appeler("faux_numero")
    assert Question.objects.get().type == "coordonnees" and a_rappeler(client, monde.celia) == []
    for qui, code in ((monde.denis, 404), (monde.medhi, 403), (monde.alice, 403)):
        client.force_login(qui)
        assert appeler("repondu").status_code == code


def test_plus_a_rappeler_et_son_annulation(client, monde, dossier):
    un = dossier()
    etape = rappeler(un, 1, par=monde.celia)
    adresse = reverse("suivi:rappel_fait", args=[etape.reference])
    for qui, code in ((monde.denis, 404), (monde.medhi, 403), (monde.alice, 403)):
        client.force_login(qui)
        assert client.post(adresse).status_code == code
    client.force_login(monde.celia)
    assert client.post(adresse)["Location"] == LISTE
    un.refresh_from_db()
    assert a_rappeler(client, monde.celia) == [] and un.prochaine_echeance > dans(1)
    assert "plus à rappeler" in client.get(LISTE).content.decode()
    client.post(adresse, {"action": "remettre"})
    un.refresh_from_db()
    assert a_rappeler(client, monde.celia) == [un] and un.prochaine_echeance == dans(1)


def test_depuis_la_page_du_jeune(client, monde, dossier):
    un = dossier()
    contact = Contact.objects.get(signalement__versement__dossier=un)
    jeune = reverse("suivi:jeune", args=[un.jeune.reference])
    adresse = reverse("suivi:jeune_appel", args=[un.jeune.reference])
    client.force_login(monde.celia)
    assert adresse in client.get(jeune).content.decode()
    donnees = {"contact": contact.pk, "resultat": "rappeler", "rappeler_le": f"{dans(0):%d/%m/%Y}"}
    assert client.post(adresse, donnees)["Location"] == jeune
    assert tuile(client, monde.celia).nombre == 1
    client.force_login(monde.medhi)
    assert adresse not in client.get(jeune).content.decode()


def test_ce_qui_quitte_la_liste(client, monde, dossier):
    un, autre = dossier(0), dossier(1)
    rappeler(un, -1, par=monde.celia)
    rappeler(autre, -1, par=monde.celia)
    services.noter_etape(un, "rdv_pris", par=monde.celia)
    assert a_rappeler(client, monde.celia) == [autre]
    services.ne_plus_contacter(autre.jeune)
    assert a_rappeler(client, monde.celia) == []
    client.force_login(monde.celia)
    page = client.get(reverse("suivi:jeune", args=[autre.jeune.reference])).content.decode()
    assert reverse("suivi:jeune_appel", args=[autre.jeune.reference]) not in page


def test_un_rappel_de_l_operateur_reste_chez_lui(client, monde, dossier):
    un = dossier()
    mission = gab.missionner(un, monde.ml, par=monde.celia)
    gab.accepter_mission(mission, par=monde.omar)
    etape = services.noter_etape(
        un, "contacte_sans_reponse", par=monde.omar, mission=mission, rappeler_le=dans(0)
    )
    assert a_rappeler(client, monde.celia) == []
    client.force_login(monde.omar)
    client.post(reverse("suivi:rappel_fait", args=[etape.reference]))
    etape.refresh_from_db()
    assert etape.rappel_fait_le is None


def test_le_nombre_de_requetes_ne_suit_pas_les_lignes(client, monde, dossier):
    def ajouter(rang):
        nom = ["AUBRY", "BELLEC", "CORMIER", "DAGUET", "ERNOUF"][rang]
        naissance = date(timezone.localdate().year - 17, 1 + rang, 20 - rang)
        champs = {"nom_naissance": nom, "prenom": nom[::-1].title(), "date_naissance": naissance}
        rappeler(dossier(rang, telephone=f"06 39 98 11 1{rang}", **champs), rang, par=monde.celia)

    def compter():
        with CaptureQueriesContext(connection) as requetes:
            reponse = client.get(LISTE)
        return len(requetes), len(reponse.context["page"].object_list)

    for rang in range(2):
        ajouter(rang)
    client.force_login(monde.celia)
    client.get(LISTE)
    peu, deux = compter()
    for rang in range(2, 5):
        ajouter(rang)
    assert (deux, compter()) == (2, (peu, 5))

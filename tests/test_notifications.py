"""Notices, digests, and the outbox in front of a mail server that is down, slow, refuses, or hangs up."""

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from qualit.notifications import services
from qualit.notifications.models import Avis, Courriel

Etat = Courriel.Etat
JOUR = timedelta(days=1)


class Serveur:
    """A mail server for the tests: keeps what it took in; `refus`, `lenteur` and `raccroche` make it misbehave."""

    def __init__(self):
        self.recus, self.refus, self.lenteur, self.raccroche = [], "", 0, False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refus and "refuse" in address:
            return self.refus
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.lenteur:
            await asyncio.sleep(self.lenteur)
        self.recus.append(envelope)
        if self.raccroche:
            server.transport.abort()  # taken in, but the answer never arrives
        return "250 OK"


@contextmanager
def serveur_en_marche(settings, serveur):
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = prise.getsockname()[1]
    pilote = Controller(serveur, hostname="127.0.0.1", port=port)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 2
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    pilote.start()
    try:
        yield
    finally:
        pilote.stop()


def ecrire(*adresses):
    return [
        services.ecrire(
            "avis", adresse, objet="Nouveau signalement", avis=[Avis(titre="Nouveau signalement")]
        )
        for adresse in adresses or ["gab@example.invalid"]
    ]


def etats():
    return sorted(Courriel.objects.values_list("etat", flat=True))


def avancer():
    """Time passes: what waits for another attempt is due."""
    Courriel.objects.update(prochain_essai_le=timezone.now())


def test_serveur_absent_rien_n_est_perdu(db, settings):
    ecrire("a@example.invalid", "b@example.invalid")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 9, 1
    for _ in range(20):  # far more than the attempts of one message: an absent server is nobody's fault
        assert services.envoyer_en_attente()[0] == 0
        avancer()
    assert etats() == [Etat.A_ENVOYER] * 2
    assert set(Courriel.objects.values_list("tentatives", flat=True)) == {0}
    serveur = Serveur()
    with serveur_en_marche(settings, serveur):
        assert services.envoyer_en_attente() == (2, 0)
        avancer()
        assert services.envoyer_en_attente() == (0, 0)
    assert len(serveur.recus) == 2 and etats() == [Etat.ENVOYE] * 2


def test_serveur_lent_une_seule_fois(db, settings):
    ecrire()
    serveur = Serveur()
    serveur.lenteur = 3  # longer than the time left to open a connection
    with serveur_en_marche(settings, serveur):
        assert services.envoyer_en_attente() == (1, 0)
        avancer()
        services.envoyer_en_attente()
    assert len(serveur.recus) == 1 and etats() == [Etat.ENVOYE]


def test_refus_passager_puis_envoi(db, settings):
    ecrire("refuse@example.invalid", "autre@example.invalid")
    serveur = Serveur()
    serveur.refus = "451 boîte occupée"
    with serveur_en_marche(settings, serveur):
        assert services.envoyer_en_attente() == (1, 1)
        attente = Courriel.objects.get(adresse="refuse@example.invalid")
        assert attente.etat == Etat.A_ENVOYER and attente.tentatives == 1
        assert attente.prochain_essai_le > timezone.now()
        assert attente.derniere_erreur == "SMTPRecipientsRefused 451"
        serveur.refus = ""
        avancer()
        assert services.envoyer_en_attente() == (1, 0)
    assert len(serveur.recus) == 2


def test_refus_definitif_et_essais_epuises(db, settings):
    ecrire("refuse@example.invalid")
    serveur = Serveur()
    serveur.refus = "550 inconnu"
    with serveur_en_marche(settings, serveur):
        services.envoyer_en_attente()
        assert etats() == [Etat.ECHEC]
        Courriel.objects.update(etat=Etat.A_ENVOYER, tentatives=services.ESSAIS_MAXIMUM - 1)
        serveur.refus = "451 plus tard"
        avancer()
        services.envoyer_en_attente()
    assert etats() == [Etat.ECHEC]
    assert services.a_surveiller().count() == 1


def test_reponse_perdue_jamais_deux_envois(db, settings):
    """The server took the message and hung up: perhaps sent. It is not sent again by itself."""
    ecrire()
    serveur = Serveur()
    serveur.raccroche = True
    with serveur_en_marche(settings, serveur):
        services.envoyer_en_attente()
        avancer()
        services.envoyer_en_attente()
    assert len(serveur.recus) == 1 and etats() == [Etat.EN_COURS]
    Courriel.objects.update(prochain_essai_le=timezone.now() - JOUR)
    assert services.a_surveiller().count() == 1


def test_la_page_des_courriels_bloques(client, monde):
    un, deux = ecrire("a@example.invalid", "b@example.invalid")
    Courriel.objects.update(etat=Etat.ECHEC, tentatives=8, derniere_erreur="SMTPDataError 554")
    adresse = reverse("territoire:envois")
    client.force_login(monde.alice)
    assert client.get(adresse).status_code == 403
    with pytest.raises(PermissionDenied):
        services.renvoyer(un, par=monde.alice)
    client.force_login(monde.tom)
    assert "SMTPDataError 554" in client.get(adresse).content.decode()
    client.post(adresse, {"courriel": [un.pk]})
    client.post(adresse, {"courriel": [deux.pk], "abandonner": "1"})
    un.refresh_from_db()
    deux.refresh_from_db()
    assert (un.etat, un.tentatives, deux.etat) == (Etat.A_ENVOYER, 0, Etat.ANNULE)
    assert "Aucun courriel n’est bloqué" in client.get(adresse).content.decode()


def test_recapitulatif_groupe_et_une_seule_fois(monde):
    for n in range(7):
        services.prevoir(
            "signalement_recu", a=[monde.celia], lien=f"/gab/dossiers/REF{n}/", reference=f"REF{n}"
        )
    services.prevoir("echeance_legale", a=[monde.medhi], reference="REFX")  # urgent: at once
    assert Courriel.objects.get().adresse == monde.medhi.email
    assert services.preparer_resumes("quotidien") == 1
    assert services.preparer_resumes("quotidien") == 0
    courriel = Courriel.objects.get(utilisateur=monde.celia)
    assert "7 nouveautés" in courriel.objet
    assert "Nouveau signalement à trier : 7" in courriel.texte and "et 2 de plus" in courriel.texte
    assert "/gab/dossiers/REF0/" in courriel.html


def test_preferences(monde):
    gens = {
        "immediat": monde.alice,
        "quotidien": monde.basile,
        "hebdomadaire": monde.omar,
        "aucun": monde.olga,
    }
    for resume, personne in gens.items():
        personne.resume = resume
        personne.save(update_fields=["resume"])
    services.prevoir("mission_proposee", a=gens.values(), boite=monde.ml)
    adresses = set(Courriel.objects.values_list("adresse", flat=True))
    assert adresses == {monde.alice.email, monde.ml.courriel}
    assert services.preparer_resumes("hebdomadaire") == 1 and services.preparer_resumes("quotidien") == 1
    services.prevoir("mission_urgente", a=gens.values())
    assert not Courriel.objects.filter(utilisateur=monde.olga).exists()
    assert Avis.objects.filter(destinataire=monde.olga).count() == 2
    # what was read in the portal, or is old, is not mailed
    services.prevoir("mission_proposee", a=[monde.basile])
    services.marquer_lus(monde.basile)
    assert services.preparer_resumes("quotidien") == 0
    services.prevoir("mission_proposee", a=[monde.basile])
    assert services.preparer_resumes("quotidien", timezone.now() + 40 * JOUR) == 0


def test_les_avis_se_lisent(client, monde):
    services.prevoir("mission_proposee", a=[monde.omar, monde.olga], lien="/missions/", reference="ABC")
    client.force_login(monde.omar)
    adresse = reverse("notifications:liste")
    assert "Une mission vous est proposée" in client.get(adresse).content.decode()
    avis = Avis.objects.get(destinataire=monde.omar)
    d_olga = Avis.objects.get(destinataire=monde.olga)
    client.post(adresse, {"avis": d_olga.pk})
    d_olga.refresh_from_db()
    assert d_olga.lu_le is None  # somebody else's
    assert client.post(adresse, {"avis": avis.pk}).url == "/missions/"
    avis.refresh_from_db()
    assert avis.lu_le is not None
    services.prevoir("mission_proposee", a=[monde.omar], lien="//ailleurs.invalid/")
    un = Avis.objects.non_lus().get(destinataire=monde.omar)
    assert client.post(adresse, {"avis": un.pk}).url == adresse


def _vider_la_file():
    try:
        call_command("ouvrier", une_fois=True)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_l_ouvrier_vide_la_file_et_reprend_une_tache_abandonnee(settings, transactional_db):
    """`manage.py ouvrier --une-fois` runs what waits, a job left by a worker that died included."""
    ecrire()
    envoi = app.tasks["qualit.notifications.taches.envoyer_courriels"].defer(timestamp=int(time.time()))
    with connection.cursor() as curseur:
        curseur.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
        )
        mort = curseur.fetchone()[0]
        curseur.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", [mort, envoi]
        )
    app.tasks["qualit.notifications.taches.reprendre_taches"].defer(timestamp=int(time.time()))
    for _ in range(10):  # the job taken again may be due a second later
        with ThreadPoolExecutor(1) as fil:  # Playwright, in another test, leaves an event loop in this thread
            fil.submit(_vider_la_file).result()
        if ProcrastinateJob.objects.get(pk=envoi).status == "succeeded":
            break
        time.sleep(0.5)
    assert ProcrastinateJob.objects.get(pk=envoi).status == "succeeded"
    assert etats() == [Etat.ENVOYE]

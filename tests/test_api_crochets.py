"""Webhooks: which addresses may be called, what is told and signed, and that nothing is told twice nor too early."""

import hmac
import ipaddress
import json
import socket
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from gab import services as gab
from qualit.api import crochets
from qualit.api.models import Abonnement, Livraison
from suivi import services as suivi

from .monde import connecter, ouvrir_acces, signaler

pytestmark = pytest.mark.django_db


@pytest.fixture
def en_production(monkeypatch):
    """Only public https addresses, as in production."""
    monkeypatch.setitem(settings.QUALIT, "CROCHETS_LOCAUX", False)


@pytest.fixture
def logiciel():
    """A small program that receives the notices: `recus`, and the status that it answers with."""

    class Recepteur(BaseHTTPRequestHandler):
        def do_POST(self):
            corps = self.rfile.read(int(self.headers["Content-Length"]))
            serveur.recus.append((dict(self.headers), corps))
            self.send_response(serveur.statut)
            if serveur.statut == 302:
                self.send_header("Location", "http://127.0.0.1:1/ailleurs")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    serveur = HTTPServer(("127.0.0.1", 0), Recepteur)
    serveur.recus, serveur.statut = [], 200
    fil = Thread(target=serveur.serve_forever, daemon=True)
    fil.start()
    yield serveur
    serveur.shutdown()
    serveur.server_close()


@pytest.fixture
def abonne(monde, logiciel):
    """The lycée's software, told at the address of `logiciel`, and a report of the lycée that the GAB has kept."""
    acces, _ = ouvrir_acces(monde.lycee, monde.andre)
    abonnement, secret = crochets.abonner(
        acces, f"http://127.0.0.1:{logiciel.server_port}/avis", par=monde.andre
    )
    abonnement.secret = secret
    return abonnement


# --- Which addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://logiciel.example.fr/avis",
        "ftp://logiciel.example.fr/",
        "https://",
        "https://localhost/avis",
        "https://intranet/avis",
        "https://serveur.local/",
        "https://base.internal/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://172.16.3.4/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://moi:secret@logiciel.example.fr/",
        "https://logiciel.example.fr/#ancre",
        "https://logiciel.example.fr:99999/",
        "https://logiciel.example.fr/a b",
        "https://logiciel.example.fr/a\r\nX: y",
        "https://lögiciel.example.fr/",
        "https://example..fr/avis",
        "https://.example.fr/avis",
        f"https://{'a' * 64}.fr/avis",
    ],
)
def test_une_adresse_privee_ou_mal_formee_est_refusee(en_production, url):
    with pytest.raises(crochets.AdresseRefusee):
        crochets.verifier_adresse(url)


def test_une_adresse_publique_est_acceptee(en_production):
    assert crochets.verifier_adresse("https://logiciel.example.fr/avis?cle=1") == (
        "logiciel.example.fr",
        443,
        "/avis?cle=1",
    )
    crochets.exiger_publique(ipaddress.ip_address("2001:4860:4860::8888"))


def test_un_nom_public_qui_mene_a_une_adresse_privee_est_refuse(en_production, monkeypatch):
    """Every address that the name has must be public: one is enough to refuse."""

    def deux_adresses(hote, port, **options):
        return [(2, 1, 6, "", ("93.184.216.34", port)), (2, 1, 6, "", ("10.0.0.7", port))]

    monkeypatch.setattr(socket, "getaddrinfo", deux_adresses)
    with pytest.raises(crochets.AdresseRefusee):
        crochets.resoudre("logiciel.example.fr", 443)
    with pytest.raises(crochets.AdresseRefusee):
        crochets.poster("https://logiciel.example.fr/", b"{}", {})


def test_la_page_refuse_une_adresse_privee(en_production, client, monde):
    acces, _ = ouvrir_acces(monde.lycee, monde.andre)
    connecter(client, monde.andre)
    page = client.post(f"/logiciels/{acces.reference}/avis/", {"url": "https://192.168.1.1/"})
    assert "serveur public" in page.content.decode()
    page = client.post(f"/logiciels/{acces.reference}/avis/", {"url": "https://logiciel.example.fr/avis"})
    acces.refresh_from_db()
    assert crochets.secret_de(acces.abonnement) in page.content.decode()


# --- What is told, and when ----------------------------------------------------------------------------------


def test_rien_n_est_dit_avant_le_tri(abonne, logiciel, monde):
    signaler(monde.lycee, monde.alice)
    signaler(monde.lycee_lisieux, monde.lucie)
    assert crochets.prevoir() == 0
    assert crochets.livrer() == (0, 0) and logiciel.recus == []


def test_une_nouvelle_part_une_fois_signee_et_sans_nom(abonne, logiciel, monde):
    s = signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    assert (crochets.prevoir(), crochets.prevoir()) == (1, 0)
    assert crochets.livrer() == (1, 0)
    entetes, corps = logiciel.recus[0]
    contenu = json.loads(corps)
    assert contenu["signalement"] == s.reference and contenu["lien"].endswith(f"/signalements/{s.reference}")
    assert set(contenu) == {"numero", "type", "signalement", "nouvelle_le", "lien"}
    assert "DUVIVIER" not in corps.decode() and "Ma" not in corps.decode()
    attendue = hmac.new(
        abonne.secret.encode(), f"{entetes['Qualit-Horodatage']}.".encode() + corps, "sha256"
    ).hexdigest()
    assert entetes["Qualit-Signature"] == f"v1={attendue}"
    assert entetes["Qualit-Livraison"] == contenu["numero"]
    assert crochets.livrer() == (0, 0)


def test_chaque_nouvelle_a_son_avis(abonne, logiciel, monde):
    s = signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    crochets.prevoir()
    suivi.enregistrer_devenir(
        s.versement.dossier, "sans_solution", date=timezone.localdate(), source="jeune", par=monde.celia
    )
    assert crochets.prevoir() == 1
    assert crochets.livrer() == (2, 0)
    assert len({json.loads(c)["numero"] for _, c in logiciel.recus}) == 2


def test_ce_qui_precede_l_abonnement_n_est_pas_annonce(abonne, monde):
    s = signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    crochets.abonner(abonne.acces, abonne.url, par=monde.andre)
    assert crochets.prevoir() == 0


@pytest.mark.parametrize("statut", [500, 404, 302])
def test_un_refus_est_retente_avec_le_meme_numero(abonne, logiciel, monde, statut):
    s = signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    crochets.prevoir()
    logiciel.statut = statut
    assert crochets.livrer() == (0, 1)
    assert crochets.livrer() == (0, 0), "le prochain essai attend son heure"
    logiciel.statut = 204
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert crochets.livrer() == (1, 0)
    premier, second = (json.loads(c)["numero"] for _, c in logiciel.recus)
    assert premier == second
    assert Livraison.objects.get().dernier_resultat == "Réponse 204"


def test_un_logiciel_muet_suspend_les_avis_et_le_responsable_le_sait(abonne, logiciel, monde, client):
    s = signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    crochets.prevoir()
    logiciel.statut = 500
    quand = timezone.now()
    for _ in range(crochets.ESSAIS_MAXIMUM):
        with time_machine.travel(quand):
            crochets.livrer()
        quand += timedelta(days=1)
    abonne.refresh_from_db()
    assert abonne.suspendu_le is not None
    assert len(logiciel.recus) == crochets.ESSAIS_MAXIMUM
    assert monde.andre.avis.filter(code="crochet_en_echec").count() == 1
    connecter(client, monde.andre)
    adresse = f"/logiciels/{abonne.acces.reference}/"
    assert "suspendus" in client.get(adresse).content.decode()
    client.post(f"{adresse}avis/etat/", {"action": "reprendre"})
    logiciel.statut = 200
    assert crochets.livrer() == (1, 0)


def test_ce_qui_arrive_pendant_une_longue_suspension_est_annonce_a_la_reprise(abonne, logiciel, monde):
    ete, rentree = timezone.now() + timedelta(days=1), timezone.now() + timedelta(days=60)
    crochets.prevoir()
    Abonnement.objects.update(suspendu_le=timezone.now())
    with time_machine.travel(ete):
        s = signaler(monde.lycee, monde.alice)
        gab.juger_recevable(s, par=monde.celia)
        assert crochets.prevoir() == 0
    with time_machine.travel(rentree):
        abonne.refresh_from_db()
        crochets.reprendre(abonne, par=monde.andre)
        assert (crochets.prevoir(), crochets.livrer()) == (1, (1, 0))
        assert crochets.prevoir() == 0
    assert json.loads(logiciel.recus[0][1])["signalement"] == s.reference


def test_une_cle_expiree_puis_renouvelee_annonce_ce_qui_s_est_passe_entre_temps(abonne, logiciel, monde):
    acces = abonne.acces
    type(acces).objects.update(expire_le=timezone.now())
    gab.juger_recevable(signaler(monde.lycee, monde.alice), par=monde.celia)
    assert crochets.prevoir() == 0
    rentree = timezone.now() + timedelta(days=60)
    type(acces).objects.update(expire_le=rentree + timedelta(days=300))
    with time_machine.travel(rentree):
        assert crochets.prevoir() == 1


def test_une_nouvelle_ecrite_apres_la_recherche_qui_la_suit_est_annoncee(abonne, monde):
    """A transaction that lasts writes a moment that a search has passed already."""
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        crochets.prevoir()
    gab.juger_recevable(signaler(monde.lycee, monde.alice), par=monde.celia)
    assert crochets.prevoir() == 1


def test_une_cle_coupee_ne_previent_plus(abonne, logiciel, monde):
    s = signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    crochets.prevoir()
    monde_acces = abonne.acces
    type(monde_acces).objects.filter(pk=monde_acces.pk).update(revoque_le=timezone.now())
    assert crochets.livrer() == (0, 0) and crochets.prevoir() == 0


@pytest.fixture
def nouvelles(abonne, logiciel, monde):
    """Three notices due for the lycée, whose address will fail, then one for the lycée of Lisieux, at `logiciel`."""
    lisieux, _ = ouvrir_acces(monde.lycee_lisieux, monde.lucie, par=monde.rene)
    crochets.abonner(lisieux, abonne.url, par=monde.rene)
    for rang in range(3):
        gab.juger_recevable(signaler(monde.lycee, monde.alice, rang), par=monde.celia)
    crochets.prevoir()
    gab.juger_recevable(signaler(monde.lycee_lisieux, monde.lucie, 3), par=monde.denis)
    crochets.prevoir()
    assert Livraison.objects.count() == 4


def test_un_logiciel_muet_ne_fait_attendre_les_autres_qu_une_fois_par_tour(abonne, logiciel, nouvelles):
    Abonnement.objects.filter(pk=abonne.pk).update(url="http://127.0.0.1:9/avis")
    assert crochets.livrer() == (1, 1)
    assert sorted(abonne.livraisons.values_list("tentatives", flat=True)) == [0, 0, 1]
    Abonnement.objects.filter(pk=abonne.pk).update(url=f"http://127.0.0.1:{logiciel.server_port}/avis")
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert crochets.livrer() == (3, 0)


def test_une_file_ne_retarde_pas_la_suspension_d_un_logiciel_muet(abonne, logiciel, nouvelles):
    Abonnement.objects.filter(pk=abonne.pk).update(url="http://127.0.0.1:9/avis")
    quand = timezone.now()
    for essai in range(crochets.ESSAIS_MAXIMUM):
        with time_machine.travel(quand):
            crochets.livrer()
        quand += timedelta(minutes=2 ** (essai + 1), seconds=1)
    abonne.refresh_from_db()
    assert abonne.suspendu_le is not None


def test_un_nom_impossible_n_arrete_pas_les_autres_et_finit_par_etre_suspendu(abonne, logiciel, nouvelles):
    Abonnement.objects.filter(pk=abonne.pk).update(url="https://example..fr/avis")
    quand = timezone.now()
    for _ in range(crochets.ESSAIS_MAXIMUM):
        with time_machine.travel(quand):
            crochets.livrer()
        quand += timedelta(days=1)
    abonne.refresh_from_db()
    assert abonne.suspendu_le is not None and len(logiciel.recus) == 1
    assert "mal écrit" in abonne.livraisons.filter(abandonnee_le__isnull=False).get().dernier_resultat


def test_un_serveur_absent_ne_perd_rien(abonne, logiciel, monde):
    s = signaler(monde.lycee, monde.alice)
    gab.juger_recevable(s, par=monde.celia)
    crochets.prevoir()
    type(abonne).objects.update(url="http://127.0.0.1:9/avis")
    assert crochets.livrer() == (0, 1)
    assert Livraison.objects.get().dernier_resultat.startswith("Pas de réponse")

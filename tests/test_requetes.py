"""Requests that are not what a browser of ours would send: each is refused in French, and changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import NoReverseMatch, reverse

from qualit.notifications.models import Courriel
from qualit.territoire.models import Structure
from qualit.territoire.regles import LOGICIEL, routes

from . import monde as w
from .test_infrastructure import PRODUCTION

pytestmark = pytest.mark.django_db
RACINE = Path(__file__).resolve().parents[1]
REGLAGES = [
    "SESSION_COOKIE_NAME",
    "CSRF_COOKIE_NAME",
    "SESSION_COOKIE_SAMESITE",
    "SECURE_HSTS_SECONDS",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "CSRF_COOKIE_HTTPONLY",
    "SECURE_SSL_REDIRECT",
]


@pytest.fixture
def m(db):
    return w.construire()


@pytest.mark.parametrize(
    "ailleurs",
    ["https://ailleurs.invalid/", "//ailleurs.invalid/", "/\\ailleurs.invalid", "javascript:alert(1)"],
)
def test_rien_ne_renvoie_hors_du_portail(m, ailleurs):
    client = Client()
    donnees = {"login": m.alice.email, "password": w.MOT_DE_PASSE, "next": ailleurs}
    assert client.post(reverse("account_login"), donnees).url == "/"
    for nom, donnees in {
        "territoire:choisir_adhesion": {"suite": ailleurs, "vers": ailleurs},
        "account_logout": {"next": ailleurs},
    }.items():
        assert client.post(reverse(nom), donnees).url in ("/", reverse("account_login"))


def test_un_nom_de_serveur_invente_est_refuse_et_n_entre_dans_aucun_courriel(m):
    for entetes in ({"HTTP_HOST": "ailleurs.invalid"}, {"HTTP_HOST": "testserver@ailleurs.invalid"}):
        reponse = Client(**entetes).post(reverse("account_reset_password"), {"email": m.alice.email})
        assert reponse.status_code == 400
    Client(HTTP_X_FORWARDED_HOST="ailleurs.invalid").post(
        reverse("account_reset_password"), {"email": m.alice.email}
    )
    assert "ailleurs.invalid" not in Courriel.objects.get().texte


def test_aucune_ecriture_sans_le_jeton_du_formulaire(m):
    """Each route that takes a POST, but those of programs, which have their own key."""
    client = Client(enforce_csrf_checks=True)
    w.connecter(client, m.alice)
    essayees = 0
    for route in routes():
        une = route.regle
        if une is None or une.acces == LOGICIEL or (une.methodes and "POST" not in une.methodes):
            continue
        try:
            adresse = reverse(route.nom, kwargs=dict.fromkeys(route.arguments, "1"))
        except NoReverseMatch:
            continue
        reponse = client.post(adresse, {"x": "1"})
        assert reponse.status_code == 403 and "jeton" not in reponse.headers, route.nom
        essayees += 1
    assert essayees > 60
    assert est_en_francais(client.post(reverse("territoire:compte"), {"nom": "X"}))


def est_en_francais(reponse):
    return '<html lang="fr"' in reponse.content.decode() and "Forbidden" not in reponse.content.decode()


def test_la_methode_ne_se_deguise_pas(m):
    m.alice.charte_version = ""
    m.alice.save()
    client = w.connecter(Client(), m.alice)
    for entetes in ({"HTTP_X_HTTP_METHOD_OVERRIDE": "POST"}, {"HTTP_X_METHOD_OVERRIDE": "POST"}):
        client.get(reverse("territoire:charte"), {"acceptee": "on", "_method": "POST"}, **entetes)
    m.alice.refresh_from_db()
    assert not m.alice.charte_version
    client = w.connecter(Client(), m.basile)
    assert (
        client.get(reverse("territoire:choisir_adhesion"), HTTP_X_HTTP_METHOD_OVERRIDE="POST").status_code
        == 405
    )


def test_un_corps_demesure_est_refuse_en_francais(m):
    client = w.connecter(Client(), m.alice)
    enorme = {"nom": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1), "prenom": "A", "resume": "aucun"}
    adresse = reverse("territoire:compte")
    reponse = client.post(adresse, enorme, content_type="application/x-www-form-urlencoded")
    assert reponse.status_code == 400 and est_en_francais(reponse)
    champs = "&".join(f"c{i}=1" for i in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    reponse = client.post(adresse, champs, content_type="application/x-www-form-urlencoded")
    assert reponse.status_code == 400 and est_en_francais(reponse)
    m.alice.refresh_from_db()
    assert m.alice.nom == "Essai"


@pytest.mark.parametrize(
    "parametres",
    [
        {"tri": "utilisateur__password"},
        {"order_by": "-password"},
        {"adhesions__utilisateur__email__startswith": "a"},
        {"bassin": "1' OR 1=1"},
        {"page": "9999999999999999999999"},
        {"q": "\x00"},
    ],
)
def test_les_listes_ne_trient_et_ne_filtrent_que_par_ce_qu_elles_proposent(m, parametres):
    client = w.connecter(Client(), m.rene)
    for nom in ("territoire:annuaire", "territoire:structures"):
        reponse = client.get(reverse(nom), parametres)
        assert reponse.status_code == 200
        if "q" not in parametres and "bassin" not in parametres:
            assert m.lycee.nom in reponse.content.decode()


def test_un_champ_ajoute_au_formulaire_ne_change_rien(m):
    client = w.connecter(Client(), m.alice)
    reponse = client.post(
        reverse("territoire:compte"),
        {
            "prenom": "Alix", "nom": "Essai", "resume": "aucun", "is_staff": "on", "is_superuser": "on",
            "email": "autre@example.invalid", "charte_version": "9999", "is_active": "", "role": "rectorat_pilote",
        },
    )  # fmt: skip
    assert reponse.status_code == 302
    m.alice.refresh_from_db()
    assert m.alice.prenom == "Alix" and m.alice.email == "alice@example.invalid"
    assert not m.alice.is_staff and not m.alice.is_superuser and m.alice.charte_version != "9999"
    client = w.connecter(Client(), m.rene)
    client.post(
        reverse("territoire:modifier_structure", args=[m.lycee.code]),
        {
            "nom": "Lycée renommé", "type": "lp", "code_commune": "14118", "bassin": m.caen.pk,
            "academie": m.rouen_academie.pk, "code": "AUTRE", "fermee_le": "2020-01-01", "reprise_par": m.cfa.pk,
        },
    )  # fmt: skip
    lycee = Structure.objects.get(pk=m.lycee.pk)
    assert lycee.nom == "Lycée renommé"
    assert (lycee.academie, lycee.code, lycee.fermee_le, lycee.reprise_par) == (
        m.academie,
        m.lycee.code,
        None,
        None,
    )


@pytest.mark.parametrize("prenom", ["alice", "celia", "rene", "dora"])
def test_rien_de_ce_qui_est_derriere_la_connexion_ne_reste_dans_un_cache(m, prenom):
    client = w.connecter(Client(), getattr(m, prenom))
    for adresse in ("/", "/territoire/compte/", "/territoire/annuaire/", "/gab/", "/journal/", "/rien-ici/"):
        assert "no-store" in client.get(adresse).headers["Cache-Control"], adresse
    assert "no-store" in Client().get(reverse("account_login")).headers["Cache-Control"]


def test_les_entetes_de_protection(m, client):
    for reponse in (client.get(reverse("account_login")), w.connecter(Client(), m.alice).get("/")):
        politique = reponse.headers["Content-Security-Policy"]
        assert "unsafe" not in politique and "http" not in politique.replace("https:", "http")
        for morceau in (
            "default-src 'self'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ):
            assert morceau in politique
        assert reponse.headers["X-Content-Type-Options"] == "nosniff"
        assert reponse.headers["X-Frame-Options"] == "DENY"
        assert reponse.headers["Referrer-Policy"] == "same-origin"
        assert reponse.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_en_production_les_cookies_sont_lies_au_serveur_et_a_https():
    programme = (
        f"import json, qualit.settings.prod as p; print(json.dumps([getattr(p, n) for n in {REGLAGES}]))"
    )
    environnement = {"PATH": os.environ["PATH"], **PRODUCTION}
    lu = subprocess.run(
        [sys.executable, "-c", programme],
        cwd=RACINE,
        env=environnement,
        capture_output=True,
        text=True,
        check=True,
    )
    valeurs = dict(zip(REGLAGES, json.loads(lu.stdout), strict=True))
    assert valeurs.pop("SESSION_COOKIE_NAME").startswith("__Host-")
    assert valeurs.pop("CSRF_COOKIE_NAME").startswith("__Host-")
    assert valeurs.pop("SESSION_COOKIE_SAMESITE") == "Lax"
    assert valeurs.pop("SECURE_HSTS_SECONDS") >= 31_536_000
    assert all(valeurs.values()), valeurs

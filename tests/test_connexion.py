"""Signing in: each promise on passwords, second factors, sessions and silence about who exists."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qualit.acteurs import services
from qualit.notifications.models import Courriel
from qualit.settings import base
from qualit.territoire.models import Adhesion
from qualit.territoire.roles import Role

from . import monde as w

pytestmark = pytest.mark.django_db
PHRASE = "trois pommes dans un panier"


@pytest.fixture
def m(db):
    cache.clear()
    return w.construire()


def entrer(email, mot_de_passe=w.MOT_DE_PASSE, client=None):
    client = client or Client()
    return client, client.post(reverse("account_login"), {"login": email, "password": mot_de_passe})


def est_dedans(client):
    return client.get(reverse("territoire:compte")).status_code == 200


# --- Passwords --------------------------------------------------------------------------------------------


def test_les_mots_de_passe_sont_gardes_par_argon2():
    assert base.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]


@pytest.mark.parametrize(
    ("mot_de_passe", "accepte"),
    [
        ("onze lettre", False),
        ("douze lettre", True),  # no digit, capital or sign is asked
        ("motdepasse123", False),  # common in France
        ("qwertyuiop12", False),
        ("123456789012", False),
        ("alice@example.invalid", False),  # one's own address
        ("é" * 40 + " phrase", True),
    ],
)
def test_douze_caracteres_sans_regle_de_composition_mais_pas_les_plus_courants(m, mot_de_passe, accepte):
    client = w.connecter(Client(), m.alice)
    reponse = client.post(
        reverse("account_change_password"),
        {"oldpassword": w.MOT_DE_PASSE, "password1": mot_de_passe, "password2": mot_de_passe},
    )
    assert (reponse.status_code == 302) == accepte
    m.alice.refresh_from_db()
    assert m.alice.check_password(mot_de_passe) == accepte


def test_un_mot_de_passe_oublie_se_remplace_par_courriel(m):
    ouverte = w.connecter(Client(), m.alice)
    client = Client()
    client.post(reverse("account_reset_password"), {"email": "ALICE@example.invalid"})
    courriel = Courriel.objects.get(
        adresse="alice@example.invalid"
    )  # by the outbox: no page waits for the server
    assert "Alice" not in courriel.texte and "Nouveau mot de passe" in courriel.objet
    lien = re.search(r"https?://\S+?(/compte/\S+)", courriel.texte)[1]
    page = client.get(lien, follow=True)
    reponse = client.post(page.redirect_chain[-1][0], {"password1": PHRASE, "password2": PHRASE})
    assert reponse.status_code == 302
    assert est_dedans(entrer("alice@example.invalid", PHRASE)[0])
    assert not est_dedans(ouverte)  # sessions of before are over
    assert "ne fonctionne plus" in Client().get(lien, follow=True).content.decode()  # a link serves once


# --- Who exists -------------------------------------------------------------------------------------------


def sans_jeton(reponse, email):
    return re.sub(r'(csrfmiddlewaretoken" value=")[^"]+', r"\1", reponse.content.decode().replace(email, "X"))


def test_la_connexion_ne_dit_pas_qui_existe(m):
    lues = set()
    for email in ("alice@example.invalid", "personne@example.invalid", "nadia@example.invalid"):
        _, reponse = entrer(email, "un mauvais mot de passe")
        lues.add((reponse.status_code, sans_jeton(reponse, email)))
    assert len(lues) == 1  # known, unknown and closed read the same


def test_l_oubli_ne_dit_pas_qui_existe_et_fait_le_meme_travail(m, django_assert_num_queries):
    for email in ("alice@example.invalid", "personne@example.invalid", "nadia@example.invalid"):
        reponse = Client().post(reverse("account_reset_password"), {"email": email}, follow=True)
        assert reponse.redirect_chain == [(reverse("account_reset_password_done"), 302)]
        assert Courriel.objects.filter(adresse=email).count() == 1
    assert "n'y a pas d'accès" in Courriel.objects.get(adresse="personne@example.invalid").texte


def test_trop_d_essais_sur_un_compte_le_ferment_cinq_minutes_meme_d_ailleurs(m):
    for rang in range(5):
        entrer("alice@example.invalid", "un mauvais mot de passe", Client(REMOTE_ADDR=f"192.0.2.{rang}"))
    client, reponse = entrer("alice@example.invalid", client=Client(REMOTE_ADDR="192.0.2.99"))
    assert not est_dedans(client) and "Trop de tentatives" in reponse.content.decode()
    assert est_dedans(entrer("basile@example.invalid")[0])  # the others are not disturbed


def test_les_comptes_des_limites_sont_communs_aux_serveurs(m, settings):
    """The counters lie in the database: another process finds them."""
    assert base.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"
    settings.CACHES = base.CACHES
    call_command("createcachetable", verbosity=0)
    for _ in range(5):
        entrer("alice@example.invalid", "un mauvais mot de passe")
    del caches["default"]  # what another worker has in memory: nothing
    client, _ = entrer("alice@example.invalid")
    assert not est_dedans(client)


# --- Second factors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prenom", "demande"),
    [
        ("celia", True),
        ("rene", True),
        ("rita", True),
        ("dora", True),
        ("tom", True),
        ("medhi", False),
        ("alice", False),
        ("andre", False),
        ("omar", False),
        ("paul", False),
    ],
)
def test_le_second_facteur_se_demande_aux_roles_qui_voient_beaucoup(m, settings, prenom, demande):
    client = w.connecter(Client(), getattr(m, prenom))
    assert est_dedans(client)  # in the demonstration it is offered
    settings.EXIGER_MFA = True
    client = w.connecter(Client(), getattr(m, prenom))
    reponse = client.get(reverse("territoire:compte"))
    assert (reponse.status_code == 302) == demande
    if demande:
        choix = client.get(reponse.url).content.decode()
        assert "Aucun téléphone personnel n’est nécessaire" in choix
        assert reverse("mfa_add_webauthn") in choix and reverse("mfa_activate_totp") in choix


def test_devenir_coordinateur_en_cours_de_session_demande_le_second_facteur(m, settings):
    settings.EXIGER_MFA = True
    client = w.connecter(Client(), m.medhi)
    assert est_dedans(client)
    Adhesion.objects.create(utilisateur=m.medhi, role=Role.COORDINATEUR_GAB, bassin=m.caen)
    assert client.get(reverse("territoire:compte")).url == reverse("territoire:second_facteur")
    facteur = Authenticator.objects.create(user=m.medhi, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    assert est_dedans(client)
    facteur.delete()
    client, _ = entrer("medhi@example.invalid")
    assert not est_dedans(client)


def test_un_code_de_secours_remplace_le_telephone_une_seule_fois(m):
    Authenticator.objects.create(user=m.celia, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    code = RecoveryCodes.activate(m.celia).get_unused_codes()[0]
    client, reponse = entrer("celia@example.invalid")
    assert reponse.url == reverse("mfa_authenticate") and not est_dedans(client)
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert est_dedans(client)
    client, _ = entrer("celia@example.invalid")
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert not est_dedans(client)


def test_une_cle_d_acces_remplace_le_mot_de_passe_si_on_en_a_une(m):
    page = Client().get(reverse("account_login")).content.decode()
    assert "Se connecter avec une clé d’accès" in page
    assert base.MFA_PASSKEY_LOGIN_ENABLED and "webauthn" in base.MFA_SUPPORTED_TYPES


# --- Sessions ---------------------------------------------------------------------------------------------


def test_une_session_inactive_trente_minutes_se_ferme(m):
    assert base.SESSION_COOKIE_AGE == 1800
    client, _ = entrer("alice@example.invalid")
    assert est_dedans(client)
    reste = Session.objects.get(pk=client.session.session_key).expire_date - timezone.now()
    assert timedelta(minutes=29) < reste <= timedelta(minutes=30)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not est_dedans(client)


@pytest.mark.parametrize(
    ("minutes", "ecrite"),
    [(29.9, False), (28.9, True), (0.5, True)],
    ids=["récente", "une minute", "au bord"],
)
def test_chaque_page_repousse_la_fin_de_la_session_sans_l_ecrire_plus_d_une_fois_par_minute(
    m, minutes, ecrite
):
    client, _ = entrer("alice@example.invalid")
    assert est_dedans(client)
    avant = timezone.now() + timedelta(minutes=minutes)
    Session.objects.update(expire_date=avant)
    assert est_dedans(client)
    apres = Session.objects.get(pk=client.session.session_key).expire_date
    assert (apres > timezone.now() + timedelta(minutes=29)) and (apres != avant) == ecrite


def test_se_deconnecter_tue_la_session_et_non_le_seul_cookie(m):
    client, _ = entrer("alice@example.invalid")
    copie = Client()
    copie.cookies = client.cookies.copy()
    assert est_dedans(copie)
    client.post(reverse("account_logout"))
    assert not est_dedans(copie)


def test_fermer_un_compte_est_immediat_dans_toutes_ses_sessions(m):
    clients = [entrer("alice@example.invalid")[0] for _ in range(2)]
    services.desactiver(m.alice, "ferme", par=m.rene)
    assert not any(est_dedans(c) for c in clients)
    assert not est_dedans(entrer("alice@example.invalid")[0])
    services.reactiver(m.alice, par=m.rene)
    assert est_dedans(entrer("alice@example.invalid")[0])


def test_la_session_change_de_cle_a_la_connexion(m):
    client = Client()
    client.get(reverse("territoire:invitation_lien", args=["x"]))  # an anonymous session
    avant = client.session.session_key
    entrer("alice@example.invalid", client=client)
    assert est_dedans(client) and client.session.session_key != avant

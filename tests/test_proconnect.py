"""ProConnect: only invited people enter, whatever the provider says; tokens are checked; leaving leaves both.

Played against a provider of the test (oidc-provider-mock, on a local port), whose userinfo is signed here as
ProConnect signs its own.
"""

import re
from contextlib import contextmanager
from html import unescape
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from authlib import jose
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oidc_provider_mock._app import app as fournisseur
from oidc_provider_mock._server import _threaded_server
from oidc_provider_mock._storage import storage

from qualit.acteurs import services
from qualit.journal.models import Trace
from qualit.territoire.models import Structure, Utilisateur
from qualit.territoire.roles import Role

from . import monde as w

CLE_ETRANGERE = jose.RSAKey.generate_key(is_private=True)


class FauxProConnect:
    """The provider, and what a test makes it do: `fraude` names what it forges, `coupe` what does not answer."""

    def __init__(self):
        self.fraude = self.coupe = ""
        self.demandes = []
        self.app = fournisseur(require_nonce=True)
        self.app.before_request(self.avant)
        self.app.after_request(self.apres)
        self.adresse = ""

    def personne(self, sub, **dits):
        """Somebody whom the provider knows, by what it says of them."""
        requests.put(f"{self.adresse}/users/{sub}", json=dits, timeout=10).raise_for_status()

    def avant(self):
        self.demandes.append(flask.request.path)
        if self.coupe and flask.request.path.endswith(self.coupe):
            return "indisponible", 503
        return None

    def apres(self, reponse):
        chemin = flask.request.path
        if reponse.status_code != 200 or self.coupe:
            return reponse
        emetteur = flask.request.host_url.rstrip("/")
        if chemin == "/jwks":
            reponse.set_data(
                flask.json.dumps({"keys": [storage.jwk.as_dict(kid="cle-1", use="sig", alg="RS256")]})
            )
        elif chemin == "/oauth2/token":
            donnees = reponse.get_json()
            dits = dict(jose.jwt.decode(donnees["id_token"], storage.jwk))
            if self.fraude == "nonce":
                dits["nonce"] = "un-autre"
            if self.fraude == "public":
                dits["aud"] = "un-autre-service"
            if self.fraude == "perime":
                dits["exp"] = dits["iat"] - 3600
            cle = CLE_ETRANGERE if self.fraude == "signature" else storage.jwk
            donnees["id_token"] = self.signer(dits, cle)
            reponse.set_data(flask.json.dumps(donnees))
        elif chemin == "/userinfo":
            connus = storage.get_user(
                reponse.get_json()["sub"]
            ).claims  # each scope of ProConnect is one claim
            dits = {**reponse.get_json(), **connus, "iss": emetteur, "aud": "qualit"}
            if self.fraude == "autre":
                dits["sub"] = "autre-personne"
            if self.fraude == "en_clair":
                return reponse
            cle = CLE_ETRANGERE if self.fraude == "infos" else storage.jwk
            reponse.set_data(self.signer(dits, cle))
            reponse.headers["Content-Type"] = "application/jwt"
        return reponse

    @staticmethod
    def signer(dits, cle):
        return jose.jwt.encode({"alg": "RS256", "kid": "cle-1"}, dits, cle).decode()


@contextmanager
def en_marche():
    faux = FauxProConnect()
    with _threaded_server(faux.app, host="127.0.0.1") as serveur:
        faux.adresse = f"http://127.0.0.1:{serveur.server_port}"
        yield faux


@pytest.fixture(scope="module")
def serveur():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        with en_marche() as faux:
            yield faux


@pytest.fixture
def pc(serveur, settings):
    settings.SOCIALACCOUNT_PROVIDERS = {
        "proconnect": {
            "APPS": [
                {
                    "provider_id": "proconnect",
                    "name": "ProConnect",
                    "client_id": "qualit",
                    "secret": "secret-des-essais",
                    "settings": {"server_url": serveur.adresse},
                }
            ]
        }
    }
    cache.clear()
    serveur.fraude = serveur.coupe = ""
    serveur.demandes.clear()
    return serveur


@pytest.fixture
def m(db):
    return w.construire()


def adresse_dans(reponse):
    return unescape(re.search(r"URL='([^']+)'", reponse.content.decode())[1])


def partir(client, **donnees):
    """Press the button; the address at the provider."""
    reponse = client.post(reverse("proconnect_login"), donnees)
    assert reponse.status_code == 200, reponse.content.decode()
    return adresse_dans(reponse)


def revenir(client, adresse, sub):
    """Sign in there as `sub`, follow the way back; the answer of the portal."""
    la_bas = requests.post(adresse, data={"sub": sub}, allow_redirects=False, timeout=10)
    retour = urlsplit(la_bas.headers["Location"])
    return client.get(f"{retour.path}?{retour.query}")


def entrer(client, sub):
    return revenir(client, partir(client), sub)


def test_une_personne_connue_entre_par_son_courriel_puis_par_son_identifiant(pc, m):
    pc.personne("s-alice", email="Alice@Example.invalid", given_name="Alice", usual_name="DUVAL")
    client = Client()
    reponse = entrer(client, "s-alice")
    assert reponse.status_code == 302 and reponse.url == "/"
    assert client.get(reverse("territoire:annuaire")).status_code == 200
    lien = SocialAccount.objects.get()
    assert (lien.user, lien.uid, lien.extra_data) == (m.alice, "s-alice", {})
    m.alice.refresh_from_db()
    assert m.alice.check_password(w.MOT_DE_PASSE) and m.alice.nom == "Essai"  # nothing of hers changed
    # the address changes at the provider: the identifier still leads to the same account
    pc.personne("s-alice", email="alice.duval@example.invalid")
    ailleurs = Client()
    assert entrer(ailleurs, "s-alice").url == "/"
    assert ailleurs.get(reverse("territoire:annuaire")).wsgi_request.user == m.alice


def test_la_demande_porte_un_nonce_un_etat_et_rien_de_plus(pc, m):
    client = Client()
    adresse = partir(client, scope="phone", auth_params="nonce=devine")
    demande = parse_qs(urlsplit(adresse).query)
    assert set(demande["scope"][0].split()) == {"openid", "given_name", "usual_name", "email"}
    assert len(demande["nonce"][0]) > 30 and len(demande["state"][0]) >= 16
    assert demande["redirect_uri"] == ["http://testserver/compte/proconnect/retour/"]
    autre = parse_qs(urlsplit(partir(client)).query)
    assert autre["nonce"] != demande["nonce"] and autre["state"] != demande["state"]
    assert client.get(reverse("proconnect_login")).status_code == 200  # GET asks, and leaves nothing behind
    assert "Continuer" in client.get(reverse("proconnect_login")).content.decode()


def test_une_personne_invitee_ouvre_son_compte_avec_les_noms_de_proconnect(pc, m):
    services.inviter("neuve@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre)
    services.inviter("neuve@example.invalid", Role.SIGNALEUR, m.cfa, par=m.rene)
    pc.personne("s-neuve", email="neuve@example.invalid", given_name="Nora", usual_name="VENUE")
    client = Client()
    assert entrer(client, "s-neuve").status_code == 302
    neuve = Utilisateur.objects.get(email="neuve@example.invalid")
    assert (neuve.prenom, neuve.nom, neuve.has_usable_password()) == ("Nora", "VENUE", False)
    assert {a.structure for a in neuve.adhesions.actives()} == {m.lycee, m.cfa}
    assert client.get("/").url == reverse("territoire:charte")


def test_une_invitation_vers_une_structure_fermee_n_ouvre_pas_de_compte(pc, m):
    services.inviter("neuve@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre)
    Structure.objects.filter(pk=m.lycee.pk).update(fermee_le=timezone.localdate())
    pc.personne("s-neuve", email="neuve@example.invalid", given_name="Nora", usual_name="VENUE")
    reponse = entrer(Client(), "s-neuve")
    assert reponse.status_code == 403 and "vous a invité a fermé" in reponse.content.decode()
    assert not Utilisateur.objects.filter(email="neuve@example.invalid").exists()
    # one of two still opens: the account is made with that one
    services.inviter("neuve@example.invalid", Role.SIGNALEUR, m.cfa, par=m.rene)
    assert entrer(Client(), "s-neuve").status_code == 302
    assert Utilisateur.objects.get(email="neuve@example.invalid").adhesions.get().structure == m.cfa


@pytest.mark.parametrize(
    ("dits", "phrase"),
    [
        ({"email": "inconnue@example.invalid"}, "n’est pas invitée"),
        ({"email": "expiree@example.invalid"}, "n’est pas invitée"),
        ({"email": "nadia@example.invalid"}, "est fermé"),
        ({"email": "alice@example.invalid", "email_verified": False}, "ne confirme pas votre adresse"),
        ({"given_name": "Alice"}, "ne confirme pas votre adresse"),
    ],
)
def test_qui_n_est_pas_invite_n_entre_pas(pc, m, dits, phrase):
    invitation = services.inviter("expiree@example.invalid", Role.SIGNALEUR, m.lycee, par=m.andre)
    services.revoquer(invitation, par=m.andre)
    comptes = Utilisateur.objects.count()
    pc.personne("s-quelqu-un", **dits)
    client = Client()
    reponse = entrer(client, "s-quelqu-un")
    assert reponse.status_code == 403 and phrase in reponse.content.decode()
    assert client.get(reverse("territoire:annuaire")).status_code == 302
    assert Utilisateur.objects.count() == comptes and not SocialAccount.objects.exists()
    assert Trace.objects.filter(quoi__startswith="proconnect_", acteur=None).exists()


def test_un_compte_ferme_apres_coup_n_entre_plus(pc, m):
    pc.personne("s-alice", email="alice@example.invalid")
    entrer(Client(), "s-alice")
    services.desactiver(m.alice, "ferme", par=m.rene)
    client = Client()
    reponse = entrer(client, "s-alice")
    assert reponse.status_code == 403 and "est fermé" in reponse.content.decode()
    assert client.get(reverse("territoire:annuaire")).status_code == 302


def test_une_adresse_passee_a_quelqu_un_d_autre_ne_donne_pas_son_compte(pc, m):
    pc.personne("s-alice", email="alice@example.invalid")
    entrer(Client(), "s-alice")
    pc.personne("s-homonyme", email="alice@example.invalid")
    reponse = entrer(Client(), "s-homonyme")
    assert reponse.status_code == 403 and "déjà relié" in reponse.content.decode()


@pytest.mark.parametrize("fraude", ["nonce", "public", "perime", "signature", "infos", "autre", "en_clair"])
def test_un_jeton_douteux_n_ouvre_rien(pc, m, fraude):
    pc.personne("s-alice", email="alice@example.invalid")
    pc.fraude = fraude
    client = Client()
    reponse = entrer(client, "s-alice")
    assert reponse.status_code == 401 and "n’a pas confirmé votre identité" in reponse.content.decode()
    assert client.get(reverse("territoire:annuaire")).status_code == 302
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("coupe", ["openid-configuration", "/token", "/userinfo", "/jwks"])
def test_proconnect_en_panne_se_dit_en_francais(pc, m, coupe):
    pc.personne("s-alice", email="alice@example.invalid")
    client = Client()
    if coupe == "openid-configuration":
        pc.coupe = coupe
        reponse = client.post(reverse("proconnect_login"))
    else:
        adresse = partir(client)
        pc.coupe = coupe
        reponse = revenir(client, adresse, "s-alice")
    assert (
        reponse.status_code == 401 and "avec votre adresse et votre mot de passe" in reponse.content.decode()
    )


def test_un_retour_sans_depart_ou_rejoue_est_refuse(pc, m):
    pc.personne("s-alice", email="alice@example.invalid")
    client, pirate = Client(), Client()
    adresse = partir(client)
    assert revenir(pirate, adresse, "s-alice").status_code == 401  # another browser
    la_bas = requests.post(adresse, data={"sub": "s-alice"}, allow_redirects=False, timeout=10)
    retour = urlsplit(la_bas.headers["Location"])
    chemin = f"{retour.path}?{retour.query}"
    assert client.get(chemin).status_code == 302
    assert client.get(chemin).status_code == 401
    abandon = Client()
    etat = parse_qs(urlsplit(partir(abandon)).query)["state"][0]
    reponse = abandon.get(reverse("proconnect_callback"), {"error": "access_denied", "state": etat})
    assert reponse.status_code == 401 and "interrompu" in reponse.content.decode()


def test_on_ne_relie_pas_un_compte_ouvert_a_une_autre_identite(pc, m):
    client = w.connecter(Client(), m.alice)
    pc.personne("s-basile", email="basile@example.invalid")
    reponse = revenir(client, partir(client, process="connect"), "s-basile")
    assert reponse.status_code == 400 and not SocialAccount.objects.exists()


def test_le_second_facteur_du_portail_reste_demande(pc, m, settings):
    settings.EXIGER_MFA = True
    pc.personne("s-celia", email="celia@example.invalid")
    client = Client()
    entrer(client, "s-celia")
    assert client.get(reverse("territoire:annuaire")).url == reverse("territoire:second_facteur")
    Authenticator.objects.create(user=m.celia, type="totp", data={"secret": "x"})
    client = Client()
    assert entrer(client, "s-celia").url == reverse("mfa_authenticate")
    assert client.get(reverse("territoire:annuaire")).status_code == 302  # not signed in yet


def test_se_deconnecter_quitte_aussi_proconnect(pc, m):
    pc.personne("s-alice", email="alice@example.invalid")
    client = Client()
    entrer(client, "s-alice")
    reponse = client.post(reverse("account_logout"))
    assert reponse.url == reverse("proconnect_sortie")
    assert client.get(reverse("territoire:annuaire")).status_code == 302
    sortie = urlsplit(adresse_dans(client.get(reponse.url)))
    demande = parse_qs(sortie.query)
    assert sortie.path == "/oauth2/end_session"
    assert demande["id_token_hint"][0].count(".") == 2 and demande["state"]
    assert demande["post_logout_redirect_uri"] == ["http://testserver/compte/login/"]
    assert client.get(reverse("proconnect_sortie")).status_code == 302  # once
    # with a password, or when the provider is down, one is signed out of the portal all the same
    assert w.connecter(Client(), m.alice).post(reverse("account_logout")).url == reverse("account_login")
    autre = Client()
    entrer(autre, "s-alice")
    cache.clear()
    pc.coupe = "openid-configuration"
    reponse = autre.post(reverse("account_logout"), follow=True)
    assert reponse.redirect_chain[-1][0] == reverse("account_login")
    assert autre.get(reverse("territoire:annuaire")).status_code == 302


def test_le_bouton_ne_parait_que_si_proconnect_est_regle(m, client):
    page = client.get(reverse("account_login")).content.decode()
    assert "ProConnect" not in page
    assert client.post(reverse("proconnect_login")).status_code == 404
    assert client.get(reverse("proconnect_callback")).status_code == 404


def test_le_bouton_parait_quand_proconnect_est_regle(pc, m, client):
    page = client.get(reverse("account_login") + "?next=/gab/").content.decode()
    assert "S’identifier avec ProConnect" in page
    adresse = partir(client, next="/gab/")
    pc.personne("s-celia", email="celia@example.invalid")
    assert revenir(client, adresse, "s-celia").url == "/gab/"
    adresse = partir(client, next="https://ailleurs.invalid/")
    assert revenir(client, adresse, "s-celia").url == "/"

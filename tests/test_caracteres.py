"""What no browser sends: a NUL, a digit that is no number. The portal reads what comes with it, and never breaks."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from gab.models import FiltreEnregistre
from qualit.notifications.models import Avis
from qualit.territoire.controles import numero
from signalements.models import Signalement
from tests.monde import connecter, ouvrir_acces, peupler_rgpd
from tests.test_api import corps, envoyer

pytestmark = pytest.mark.django_db
IMPOSSIBLES = ("²", "1\x00", "9" * 5_000)


@pytest.mark.parametrize(
    ("recu", "rendu"),
    [("12", 12), ("0", 0), ("", 0), (None, 0), ("²", 0), ("٣", 0), ("-1", 0), ("1\x00", 0), ("9" * 5_000, 0)],
    ids=lambda v: ascii(v)[:12],
)
def test_un_numero_recu_est_une_cle_possible_ou_zero(recu, rendu):
    assert numero(recu) == rendu


def test_une_adresse_avec_un_nul_ne_designe_rien(client, monde):
    connecter(client, monde.alice)
    for adresse in ("/imports/AB%00CDEFG/", "/signalements/AB%00/accuse/", "/jeunes/%00/"):
        assert client.get(adresse).status_code == 404, adresse


def test_un_parametre_avec_un_nul_est_lu_sans_lui(client, monde):
    connecter(client, monde.rene)
    adresse = reverse("logiciels:nouveau")
    assert client.get(f"{adresse}?structure=a%00b&%00=1").status_code == 200
    propre, nul = (client.get(f"{adresse}?structure={monde.lycee.code}{fin}") for fin in ("", "%00"))
    assert nul.context["form"].initial == propre.context["form"].initial
    assert monde.lycee.nom in nul.content.decode()


def test_un_champ_avec_un_nul_est_lu_sans_lui(client, monde):
    peupler_rgpd(monde)
    connecter(client, monde.dora)
    adresse = reverse("rgpd:designer", args=[monde.demande_rgpd.reference])
    assert client.post(adresse, {"jeune": "AB\x00CD"}).status_code == 404
    connecter(client, monde.celia)
    client.post(reverse("gab:filtres"), {"nom": "Mes\x00 dossiers", "etat": "entretien_a_tenir\x00"})
    assert FiltreEnregistre.objects.get().nom == "Mes dossiers"


@pytest.mark.parametrize("recu", IMPOSSIBLES, ids=lambda v: ascii(v)[:12])
def test_une_cle_impossible_ne_designe_rien(client, monde, recu):
    avis = Avis.objects.create(destinataire=monde.celia, titre="Essai", lien="/")
    connecter(client, monde.celia)
    assert client.post(reverse("notifications:liste"), {"avis": recu}).status_code == 302
    assert client.post(reverse("gab:filtres"), {"supprimer": recu}).status_code == 302
    avis.refresh_from_db()
    assert avis.lu_le is None or recu == f"{avis.pk}\x00"


def test_un_temoin_avec_un_nul_n_ouvre_rien():
    client = Client()
    client.cookies["sessionid"] = '"\\000aaaaaaaaaaaaaaaa"'
    reponse = client.get("/gab/")
    assert reponse.status_code == 302 and not Session.objects.exists()


def test_l_api_ote_le_nul_d_un_texte_et_refuse_une_moitie_de_caractere(monde):
    _, cle = ouvrir_acces(monde.lycee, monde.andre)
    contenu = corps(nom_naissance="DUVI\x00VIER", message="\x00")
    assert envoyer(cle, contenu).status_code == 201
    assert Signalement.objects.get().nom_naissance == "DUVIVIER"
    for champ in ("nom_naissance", "message", "nature_sortie", "declarant_telephone"):
        reponse = envoyer(cle, corps(**{champ: "a\ud800"}), idempotence=f"essai-{champ}")
        assert reponse.status_code == 422, champ
        assert reponse.json()["erreurs"][0]["champ"].endswith(champ), reponse.json()
    for champ, nom in (("nature_sortie", "AUBERT"), ("ine", "LEMARIE"), ("code_postal", "YVELIN")):
        autre = {"nom_naissance": nom, "prenom": nom}
        reponse = envoyer(cle, corps(**autre | {champ: "\x00"}), idempotence=f"nul-{champ}")
        assert reponse.status_code in (201, 422), champ

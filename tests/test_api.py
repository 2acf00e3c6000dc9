"""The API of school software: keys, sending, reading, its limits, and what it must never tell."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from dedoublonnage.models import Empreinte
from gab import services as gab
from qualit.api import depot, services
from qualit.api.models import Acces, Envoi
from qualit.journal.models import Trace
from qualit.territoire.models import Adhesion
from signalements.models import Signalement

from . import monde as monde_des_tests
from .monde import connecter, ouvrir_acces, signaler

pytestmark = pytest.mark.django_db
ADRESSE = "/api/v1/signalements"


@pytest.fixture
def acces(monde):
    """A key of the lycée of Caen, in the name of its administrator."""
    un, cle = ouvrir_acces(monde.lycee, monde.andre)
    un.cle = cle
    return un


def corps(**champs):
    """A complete report as a software sends it."""
    aujourdhui = timezone.localdate()
    signalement = {
        "nom_naissance": "DUVIVIER",
        "prenom": "Maëlle",
        "date_naissance": f"{aujourdhui.year - 17}-03-12",
        "sexe": "F",
        "classe": "2 MELEC",
        "date_sortie": str(aujourdhui - timedelta(days=20)),
        "nature_sortie": "demission",
        "code_postal": "14000",
        "ville": "Caen",
    } | champs
    return {
        "signalement": signalement,
        "contacts": [{"valeur": "06 39 98 00 01", "proprietaire": "jeune"}],
        "reference_externe": "eleve-42",
    }


def envoyer(cle, contenu, idempotence="essai-0001"):
    return Client().post(
        ADRESSE,
        json.dumps(contenu),
        content_type="application/json",
        headers={"Authorization": f"Bearer {cle}", "Idempotency-Key": idempotence},
    )


def lire(cle, chemin=ADRESSE):
    return Client().get(chemin, headers={"Authorization": f"Bearer {cle}"})


# --- Keys ----------------------------------------------------------------------------------------------------


def test_la_cle_n_est_gardee_que_hachee(acces):
    secret = acces.cle.split("_", 2)[2]
    assert len(secret) >= 40
    stockes = Acces.objects.filter(pk=acces.pk).values().get()
    assert secret not in str(stockes)


@pytest.mark.parametrize("cle", ["", "qit_ABCDEFGH_x", "n'importe quoi", "qit_é_x", "qit__", "a" * 5000])
def test_une_cle_inconnue_n_ouvre_rien(acces, cle):
    reponse = lire(cle)
    assert reponse.status_code == 401
    assert reponse["Content-Type"] == "application/problem+json"
    assert "WWW-Authenticate" in reponse


def test_une_cle_coupee_ou_expiree_n_ouvre_plus(acces, monde):
    assert lire(acces.cle).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=201)):
        reponse = lire(acces.cle)
        assert reponse.status_code == 401 and "expiré" in reponse.json()["detail"]
    services.couper(acces, par=monde.andre)
    assert lire(acces.cle).status_code == 401


def test_apres_un_renouvellement_l_ancienne_cle_sert_sept_jours(acces, monde):
    nouvelle = services.renouveler(acces, par=monde.andre, expire_le=timezone.now() + timedelta(days=400))
    assert lire(nouvelle).status_code == lire(acces.cle).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert lire(acces.cle).status_code == 401
        assert lire(nouvelle).status_code == 200
    services.couper(acces, par=monde.andre)
    assert lire(nouvelle).status_code == 401


def test_la_cle_perd_les_droits_de_la_personne_responsable(acces, monde):
    Adhesion.objects.filter(utilisateur=monde.andre).update(fin=timezone.localdate() - timedelta(days=1))
    reponse = envoyer(acces.cle, corps())
    assert reponse.status_code == 403 and "responsable" in reponse.json()["detail"]
    assert not Signalement.objects.exists()


def test_une_cle_ne_fait_que_ce_qu_on_lui_a_permis(monde):
    _, lecture = ouvrir_acces(monde.lycee, monde.andre, portees=["lire"])
    _, envoi = ouvrir_acces(monde.lycee, monde.andre, portees=["signaler"])
    assert envoyer(lecture, corps()).status_code == 403
    assert lire(envoi).status_code == 403
    assert lire(lecture).status_code == 200 and envoyer(envoi, corps()).status_code == 201


def test_le_debit_est_compte_pour_tous_les_processus(acces, monkeypatch):
    monkeypatch.setattr(services, "DEBIT_PAR_MINUTE", 3)
    with time_machine.travel(timezone.now().replace(second=10), tick=False):
        assert [lire(acces.cle).status_code for _ in range(4)] == [200, 200, 200, 429]
        reponse = lire(acces.cle)
        assert reponse["Retry-After"] == "50"
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert lire(acces.cle).status_code == 200


def test_la_fin_prochaine_d_une_cle_se_dit_une_fois(acces, monde):
    assert services.rappeler_expirations() == 0
    proche = timezone.now() + timedelta(days=180)
    assert services.rappeler_expirations(proche) == 1
    assert services.rappeler_expirations(proche) == 0
    assert monde.andre.avis.get().code == "cle_expire"


# --- Sending -------------------------------------------------------------------------------------------------


def test_envoyer_fait_un_signalement_comme_le_formulaire(acces, monde):
    reponse = envoyer(acces.cle, corps(message="Souhaite un apprentissage", motifs=["attrait_vie_active"]))
    assert reponse.status_code == 201, reponse.content
    s = Signalement.objects.get(reference=reponse.json()["reference"])
    assert (s.etat, s.origine, s.structure, s.auteur) == ("envoye", "api", monde.lycee, monde.andre)
    assert (s.bassin, s.commune) == (monde.caen, monde.commune_caen)
    assert s.versement.dossier.etat == "a_trier"
    assert [(c.normalisee, c.proprietaire) for c in s.contacts.all()] == [("+33639980001", "jeune")]
    trace = Trace.objects.filter(quoi="signalement_cree").get()
    assert trace.acteur == monde.andre and trace.details["logiciel"] == acces.reference


def test_la_meme_cle_d_idempotence_rend_la_meme_reponse(acces):
    premiere = envoyer(acces.cle, corps())
    seconde = envoyer(acces.cle, corps())
    assert (premiere.status_code, seconde.status_code) == (201, 200)
    assert premiere.content == seconde.content
    autre = envoyer(acces.cle, corps(prenom="Manon"))
    assert autre.status_code == 409 and "autre contenu" in autre.json()["detail"]
    assert Signalement.objects.count() == 1


def test_le_meme_contenu_n_est_pas_envoye_deux_fois(acces):
    reference = envoyer(acces.cle, corps()).json()["reference"]
    reponse = envoyer(acces.cle, corps(), "essai-0002")
    assert reponse.status_code == 409 and reference in reponse.json()["detail"]
    assert Signalement.objects.count() == Envoi.objects.count() == 1


def test_la_meme_sortie_ecrite_autrement_n_est_pas_envoyee_deux_fois(acces, monde):
    """As an import says "déjà signalé"; another exit of the jeune, or another structure's report, is another thing."""
    reference = envoyer(acces.cle, corps()).json()["reference"]
    huit_jours_avant = str(timezone.localdate() - timedelta(days=28))
    for n, champs in enumerate(({"classe": "2 TCB"}, {"date_sortie": huit_jours_avant, "prenom": "Maelle"})):
        reponse = envoyer(acces.cle, corps(**champs), f"essai-autre-{n}")
        assert reponse.status_code == 409 and reference in reponse.json()["detail"], champs
    assert Signalement.objects.count() == Envoi.objects.count() == 1
    une_annee_avant = str(timezone.localdate() - timedelta(days=300))
    assert envoyer(acces.cle, corps(date_sortie=une_annee_avant), "essai-sortie-2").status_code == 201
    ailleurs, cle = ouvrir_acces(monde.lycee_lisieux, monde.lucie, par=monde.rene)
    assert envoyer(cle, corps(), "essai-ailleurs").status_code == 201


def test_apres_un_refus_la_meme_cle_d_idempotence_sert_encore(acces):
    assert envoyer(acces.cle, corps(nature_sortie="inconnue")).status_code == 422
    assert envoyer(acces.cle, corps()).status_code == 201


def test_un_moins_de_seize_ans_est_refuse_avec_la_raison(acces):
    aujourdhui = timezone.localdate()
    reponse = envoyer(acces.cle, corps(date_naissance=f"{aujourdhui.year - 14}-01-15"))
    assert reponse.status_code == 422 and "16 ans" in reponse.json()["detail"]
    assert not Signalement.objects.exists() and not Envoi.objects.exists()


@pytest.mark.parametrize(
    ("champs", "champ", "mots"),
    [
        ({"nom_naissance": "123"}, "signalement.nom_naissance", "lettres"),
        ({"nom_naissance": ""}, "signalement.nom_naissance", "obligatoire"),
        ({"date_naissance": "12/03/2009"}, "signalement.date_naissance", "AAAA-MM-JJ"),
        ({"sexe": "X"}, "signalement.sexe", "liste"),
        ({"code_postal": "140"}, "signalement.code_postal", "5 chiffres"),
        ({"prenoms": "Maëlle"}, "signalement.prenoms", "n’existe pas"),
        ({"nature_sortie": "inconnue"}, "signalement.nature_sortie", ""),
        ({"aucun_contact": True}, "signalement.aucun_contact", "contact"),
    ],
)
def test_chaque_faute_est_dite_en_francais_avec_son_champ(acces, champs, champ, mots):
    reponse = envoyer(acces.cle, corps(**champs))
    assert reponse.status_code == 422
    erreurs = {e["champ"]: e["message"] for e in reponse.json()["erreurs"]}
    assert mots in erreurs[champ]
    assert not Signalement.objects.exists()


def test_sans_contact_il_faut_le_dire(acces):
    sans = corps() | {"contacts": []}
    reponse = envoyer(acces.cle, sans)
    assert reponse.status_code == 422 and reponse.json()["erreurs"][0]["champ"] == "contacts"
    sans["signalement"]["aucun_contact"] = True
    assert envoyer(acces.cle, sans).status_code == 201


def test_un_corps_illisible_est_refuse(acces):
    reponse = Client().post(
        ADRESSE,
        b'{"signalement": \xff',
        content_type="application/json",
        headers={"Authorization": f"Bearer {acces.cle}", "Idempotency-Key": "essai-0001"},
    )
    assert reponse.status_code == 400 and "JSON" in reponse.json()["detail"]


def test_un_corps_trop_lourd_est_refuse_comme_toute_erreur(acces, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    reponse = envoyer(acces.cle, corps(ville="C" * 1000))
    assert (reponse.status_code, reponse["Content-Type"]) == (413, "application/problem+json")
    assert reponse.json()["title"] == "Contenu trop lourd" and "5 Mo" in reponse.json()["detail"]


def test_une_erreur_imprevue_est_dite_comme_toute_erreur_et_n_ecrit_rien(acces, monkeypatch, caplog):
    """Whatever was written before it is undone, so that the same idempotency key serves again."""
    deposer = depot.deposer

    def deposer_puis_tomber(*args, **kwargs):
        deposer(*args, **kwargs)
        raise RuntimeError

    with monkeypatch.context() as panne:
        panne.setattr(depot, "deposer", deposer_puis_tomber)
        reponse = envoyer(acces.cle, corps())
    assert (reponse.status_code, reponse["Content-Type"]) == (500, "application/problem+json")
    assert reponse.json()["title"] == "Erreur du portail" and "Idempotency-Key" in reponse.json()["detail"]
    assert not Signalement.objects.exists() and not Envoi.objects.exists()
    assert any(r.exc_info and r.exc_info[0] is RuntimeError for r in caplog.records)
    assert envoyer(acces.cle, corps()).status_code == 201


def test_la_reponse_ne_depend_pas_des_jeunes_d_ailleurs(monde, acces):
    """Same answer, but for what is drawn at random or dated, whether or not the jeune is known in another bassin."""
    champs = {"nom_naissance": "VANDERMEERSCH", "prenom": "Ombeline", "ine": "1234567890V"}

    def empreinte_de(idempotence, **autres):
        reponse = envoyer(acces.cle, corps(**champs, **autres), idempotence)
        contenu = reponse.json()
        liste = lire(acces.cle).json()["signalements"][0]
        detail = lire(acces.cle, f"{ADRESSE}/{contenu['reference']}").json()
        aleatoires = ("reference", "envoye_le", "quand")
        brut = json.dumps([reponse.status_code, contenu, liste, detail], sort_keys=True)
        for valeur in {contenu[a] for a in aleatoires if a in contenu} | {liste["envoye_le"]}:
            brut = brut.replace(valeur, "*")
        return brut.replace(detail["nouvelles"][0]["quand"], "*"), dict(reponse.headers)

    sans = empreinte_de("essai-0001", autres_prenoms="Aude")
    Signalement.objects.update(nom_naissance="AUTREMENT", prenom="Nommé")
    Empreinte.objects.all().delete()
    ailleurs = signaler(
        monde.lycee_rouen,
        monde.robin,
        date_naissance=timezone.localdate().replace(year=timezone.localdate().year - 17, month=3, day=12),
        telephone="06 39 98 00 01",
        **champs,
    )
    avec = empreinte_de("essai-0002", autres_prenoms="Rose")
    assert sans == avec
    assert ailleurs.reference not in avec[0]


# --- Reading -------------------------------------------------------------------------------------------------


def test_lire_ne_dit_que_ce_que_l_etablissement_peut_lire(acces, monde):
    reference = envoyer(acces.cle, corps()).json()["reference"]
    detail = lire(acces.cle, f"{ADRESSE}/{reference}").json()
    assert (detail["etat"], detail["nouvelle_le"], detail["reference_externe"]) == ("Reçu", None, "eleve-42")
    assert [n["code"] for n in detail["nouvelles"]] == ["recu"]
    s = Signalement.objects.get(reference=reference)
    gab.juger_recevable(s, par=monde.celia)
    gab.convoquer(
        s.versement.dossier,
        quand=timezone.now() + timedelta(days=1),
        lieu="Lieu secret",
        mode="presence",
        canaux=["lettre"],
        par=monde.medhi,
    )
    brut = lire(acces.cle, f"{ADRESSE}/{reference}")
    assert "recevable" in [n["code"] for n in brut.json()["nouvelles"]]
    assert "Lieu secret" not in brut.content.decode()
    assert set(brut.headers["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_le_signalement_d_un_autre_etablissement_n_existe_pas(acces, monde):
    ailleurs = signaler(monde.lycee_lisieux, monde.lucie)
    a = lire(acces.cle, f"{ADRESSE}/{ailleurs.reference}")
    b = lire(acces.cle, f"{ADRESSE}/ZZZZZZZZ")
    assert a.status_code == b.status_code == 404 and a.content == b.content
    assert lire(acces.cle).json()["signalements"] == []


def test_la_lecture_est_tracee_au_nom_du_responsable(acces, monde):
    s = signaler(monde.lycee, monde.alice)
    lire(acces.cle, f"{ADRESSE}/{s.reference}")
    trace = Trace.objects.filter(action="lecture").get()
    assert trace.acteur == monde.andre and trace.objets == [s.pk]
    assert trace.details["logiciel"] == acces.reference


def test_la_liste_se_lit_par_pages_et_depuis_un_jour(acces, monde):
    signaler(monde.lycee, monde.alice)
    trie = signaler(monde.lycee, monde.alice, 1)
    gab.juger_recevable(trie, par=monde.celia)
    assert lire(acces.cle).json()["total"] == 2
    nouveaux = lire(acces.cle, f"{ADRESSE}?depuis={timezone.localdate()}").json()["signalements"]
    assert [n["reference"] for n in nouveaux] == [trie.reference]
    assert lire(acces.cle, f"{ADRESSE}?page=9").json()["signalements"] == []
    assert lire(acces.cle, f"{ADRESSE}?depuis=0001-01-01").status_code == 422
    assert lire(acces.cle, f"{ADRESSE}?depius=2026-01-01").json()["erreurs"][0]["champ"] == "depius"


def test_les_listes_de_codes_se_lisent(acces):
    termes = lire(acces.cle, "/api/v1/nomenclatures/natures_sortie").json()
    assert {"demission"} <= {t["code"] for t in termes}
    assert lire(acces.cle, "/api/v1/nomenclatures/mots_sensibles").status_code == 404
    assert lire(acces.cle, "/api/v1/cle").json()["structure_code"] == "QIT-LYC-CAEN"


def test_une_session_ne_remplace_pas_la_cle(monde):
    assert connecter(Client(), monde.andre).get(ADRESSE).status_code == 401


def test_le_nombre_de_requetes_ne_depend_pas_des_lignes(acces, monde, django_assert_max_num_queries):
    for rang in range(4):
        signaler(monde.lycee, monde.alice, rang)
    with django_assert_max_num_queries(16):
        assert len(lire(acces.cle).json()["signalements"]) == 4


# --- Pages ---------------------------------------------------------------------------------------------------


def test_la_cle_se_montre_une_seule_fois(client, monde):
    connecter(client, monde.andre)
    donnees = {
        "libelle": "Vie scolaire",
        "portees": ["signaler"],
        "responsable": monde.alice.reference,
        "expire_le": f"{timezone.localdate() + timedelta(days=90):%d/%m/%Y}",
        "jeton_formulaire": "j" * 20,
    }
    page = client.post("/logiciels/nouveau/", donnees)
    un = Acces.objects.get()
    assert f"qit_{un.reference}_" in page.content.decode() and un.responsable == monde.alice
    encore = client.post("/logiciels/nouveau/", donnees)
    assert encore.status_code == 302 and Acces.objects.count() == 1
    assert f"qit_{un.reference}_" not in client.get(encore["Location"]).content.decode()


def test_le_responsable_est_de_l_etablissement(client, monde):
    connecter(client, monde.andre)
    donnees = {
        "libelle": "Vie scolaire",
        "portees": ["signaler"],
        "responsable": monde.lucie.reference,
        "expire_le": f"{timezone.localdate() + timedelta(days=90):%d/%m/%Y}",
    }
    assert client.post("/logiciels/nouveau/", donnees).status_code == 200
    assert not Acces.objects.exists()


def test_le_rectorat_choisit_l_etablissement(client, monde):
    connecter(client, monde.rene)
    page = client.get("/logiciels/nouveau/").content.decode()
    assert "QIT-LYC-CAEN" in page and "QIT-LYC-ROU" not in page
    assert "Personne responsable" in client.get("/logiciels/nouveau/?structure=QIT-LYC-CAEN").content.decode()


def test_les_pages_d_un_acces(client, monde):
    m = monde_des_tests.peupler(monde)
    un, _ = m.cles["lycee"]
    connecter(client, m.andre)
    assert "Vie scolaire" in client.get("/logiciels/").content.decode()
    page = client.get(f"/logiciels/{un.reference}/").content.decode()
    assert "En service" in page and "Donner une adresse à prévenir" in page
    client.post(
        f"/logiciels/{un.reference}/modifier/",
        {"libelle": "Pilote", "portees": ["lire"], "responsable": m.alice.reference},
    )
    un.refresh_from_db()
    assert (un.libelle, un.portees, un.responsable) == ("Pilote", ["lire"], m.alice)
    client.post(f"/logiciels/{un.reference}/couper/")
    assert "Coupé" in client.get(f"/logiciels/{un.reference}/").content.decode()


@pytest.mark.parametrize(
    ("methode", "chemin", "statut", "mots"),
    [
        ("get", "", 404, "openapi.json"),
        ("get", "signalement", 404, "openapi.json"),
        ("post", "signalements/", 404, "openapi.json"),
        ("get", "signalements/trop/loin", 404, "openapi.json"),
        ("get", "/api/v1", 404, "openapi.json"),
        ("get", "/api/", 404, "openapi.json"),
        ("post", "/api/v2/signalements", 404, "openapi.json"),
        ("post", "openapi.json", 405, "GET"),
        ("put", "signalements", 405, "GET, POST"),
        ("delete", "cle", 405, "GET"),
    ],
)
def test_une_adresse_ou_une_methode_inconnue_est_dite_comme_toute_erreur(
    acces, methode, chemin, statut, mots
):
    appeler = getattr(Client(enforce_csrf_checks=True), methode)
    reponse = appeler(
        chemin if chemin[:1] == "/" else f"/api/v1/{chemin}", headers={"Authorization": f"Bearer {acces.cle}"}
    )
    assert (reponse.status_code, reponse["Content-Type"]) == (statut, "application/problem+json")
    assert mots in reponse.json()["detail"]
    assert statut != 405 or reponse["Allow"] == mots

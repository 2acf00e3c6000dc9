"""The form of a report: what it accepts, what it refuses, drafts, double sending, two tabs."""

from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gab.models import Dossier
from qualit.journal.models import Trace
from qualit.territoire.models import Commune
from signalements import services
from signalements.models import Contact, EtatSignalement, Signalement
from signalements.taches import rappeler_seize_ans

from .monde import connecter, signalement
from .saisie import formulaire, jour, seul

NOUVEAU = "/signalements/nouveau/"
ENVOYER = "/identites/envoyer/"


@pytest.fixture
def alice(client, monde):
    return connecter(client, monde.alice)


def envoyer(client, **champs):
    return client.post(ENVOYER, formulaire(**champs))


def texte(reponse):
    return reponse.content.decode()


# --- Sending --------------------------------------------------------------------------------------------


def test_un_signalement_complet_part_en_une_fois(alice, monde):
    reponse = envoyer(alice)
    s = seul()
    assert s.etat == EtatSignalement.ENVOYE and s.auteur == monde.alice and s.bassin == monde.caen
    assert reponse.status_code == 302 and reponse.url == f"/signalements/{s.reference}/accuse/"
    assert s.contacts.get().normalisee == "+33639981234" and s.contacts.get().proprietaire == "jeune"
    assert Dossier.objects.get().versements.get().signalement == s
    accuse = texte(alice.get(reponse.url))
    assert "02 61 91 00 01" in accuse and "15 jours" in accuse and s.reference in accuse


@pytest.mark.parametrize(
    "champ", ["nom_naissance", "prenom", "date_naissance", "sexe", "classe", "date_sortie", "nature_sortie"]
)
def test_ce_qui_est_exige_pour_envoyer_ne_l_est_pas_d_un_brouillon(alice, champ):
    reponse = envoyer(alice, **{champ: ""})
    assert reponse.status_code == 200 and f'href="#id_{champ}"' in texte(reponse)
    s = seul()
    assert s.etat == EtatSignalement.BROUILLON and s.contacts.count() == 1


def test_un_contact_ou_aucun_contact_connu(alice):
    vide = {"contacts-0-valeur": ""}
    assert "Aucun contact connu" in texte(envoyer(alice, **vide))
    assert seul().etat == EtatSignalement.BROUILLON
    Signalement.objects.all().delete()
    assert envoyer(alice, **vide, aucun_contact="on").status_code == 302
    assert seul().aucun_contact and seul().etat == EtatSignalement.ENVOYE


def test_signaler_le_suivant_garde_la_classe_et_les_dates(alice):
    reponse = envoyer(alice, suivant="1", classe="1 CAP CUISINE")
    assert reponse.url == f"{NOUVEAU}?apres={seul().reference}"
    page = texte(alice.get(reponse.url))
    assert 'value="1 CAP CUISINE"' in page and f'value="{timezone.localdate():%d/%m/%Y}"' in page
    assert "Lemarchand" not in page.split('id="formulaire-signalement"')[1]


def test_les_valeurs_d_un_autre_etablissement_ne_sont_pas_reprises(alice, monde):
    autre = signalement(monde.lycee_lisieux, monde.lucie, classe="SECRET9")
    assert "SECRET9" not in texte(alice.get(f"{NOUVEAU}?apres={autre.reference}"))


def test_double_clic_et_retour_arriere_font_un_seul_signalement(alice):
    donnees = formulaire()
    premiere, seconde = alice.post(ENVOYER, donnees), alice.post(ENVOYER, donnees)
    assert premiere.url == seconde.url and Signalement.objects.count() == 1
    assert alice.post(NOUVEAU, donnees).url == premiere.url
    tard = alice.post("/signalements/nouveau/sauver/", donnees)
    assert tard.status_code == 409 and "déjà été envoyé" in tard.json()["message"]
    assert Signalement.objects.count() == 1 and Dossier.objects.count() == 1


def test_le_jeton_d_un_autre_etablissement_n_ouvre_rien(alice, client, monde):
    donnees = formulaire()
    alice.post(ENVOYER, donnees)
    connecter(client, monde.lucie)
    client.post(ENVOYER, donnees | {"nom_naissance": "Autre"})
    assert Signalement.objects.filter(structure=monde.lycee).get().nom_naissance == "Lemarchand"
    assert Signalement.objects.filter(structure=monde.lycee_lisieux).get().nom_naissance == "Autre"


def test_des_champs_en_trop_ne_changent_rien(alice, monde):
    envoyer(
        alice, structure=monde.lycee_lisieux.pk, etat="recevable", auteur=monde.lucie.pk, bassin=monde.lisieux.pk,
        origine="reprise", obligation_formation="1", trie_le="2020-01-01", reference="AAAAAAAA", id="12",
    )  # fmt: skip
    s = seul()
    assert (s.structure, s.etat, s.auteur, s.bassin) == (monde.lycee, "envoye", monde.alice, monde.caen)
    assert s.origine == "saisie" and s.trie_le is None and not s.obligation_formation


# --- Eligibility ----------------------------------------------------------------------------------------


def test_avant_seize_ans_le_brouillon_est_garde_avec_la_raison(alice):
    naissance = timezone.localdate() - relativedelta(years=15, months=6)
    page = texte(envoyer(alice, date_naissance=f"{naissance:%d/%m/%Y}"))
    assert "obligation scolaire" in page and "DSDEN" in page
    s = seul()
    assert s.etat == EtatSignalement.BROUILLON
    with pytest.raises(services.PasEnvoyable):
        services.exiger_envoyable(s)
    assert "obligation scolaire" in texte(alice.get("/signalements/brouillons/"))


def test_le_jour_de_ses_seize_ans_un_rappel_part_une_fois_et_le_signalement_peut_partir(monde):
    s = signalement(
        monde.lycee,
        monde.alice,
        date_naissance=timezone.localdate() - relativedelta(years=16),
        date_sortie=timezone.localdate() - timedelta(days=40),
    )
    signalement(monde.lycee, monde.alice, 1)
    assert rappeler_seize_ans() == 1 and rappeler_seize_ans() == 0
    services.exiger_envoyable(s)


def test_un_diplome_mineur_releve_de_l_obligation_de_formation(alice):
    page = texte(alice.post("/signalements/controles/", formulaire(diplome="cap")))
    assert "obligation de formation" in page
    envoyer(alice, diplome="cap")
    assert seul().obligation_formation and seul().etat == EtatSignalement.ENVOYE


def test_les_avertissements_sont_montres_une_fois_puis_laissent_passer(alice):
    donnees = formulaire(ine="1234567890A", date_naissance="01/01/2009")
    page = texte(alice.post(ENVOYER, donnees))
    assert "lettre finale de l’INE" in page and "1er janvier" in page
    assert seul().etat == EtatSignalement.BROUILLON
    vus = page.split('name="avertissements_vus" value="')[1].split('"')[0]
    assert alice.post(ENVOYER, donnees | {"avertissements_vus": vus}).status_code == 302
    assert seul().etat == EtatSignalement.ENVOYE and seul().ine == "1234567890A"


def test_plus_de_vingt_cinq_ans_avertit(alice):
    page = texte(alice.post("/signalements/controles/", formulaire(date_naissance=jour(27))))
    assert "27 ans à sa sortie" in page


# --- Where people are born and live ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "ville", "attendu"),
    [
        ("14000", "Caen", "caen"),
        ("14100", "LISIEUX", "lisieux"),
        ("14000", "", "caen"),
        ("75001", "Paris", "caen"),
        ("97400", "Saint-Denis", "caen"),
        ("", "", "caen"),
    ],
)
def test_le_bassin_suit_le_domicile(alice, monde, code, ville, attendu):
    envoyer(alice, code_postal=code, ville=ville)
    assert seul().bassin.code == attendu


def test_code_postal_et_commune_discordants_avertissent_sans_bloquer(alice):
    donnees = formulaire(code_postal="14000", ville="Lisieux")
    page = texte(alice.post(ENVOYER, donnees))
    assert "ne correspond pas" in page
    vus = page.split('name="avertissements_vus" value="')[1].split('"')[0]
    assert alice.post(ENVOYER, donnees | {"avertissements_vus": vus}).status_code == 302


@pytest.mark.parametrize(
    "champs",
    [
        {"domicile": "sans", "code_postal": "", "ville": "", "adresse": ""},
        {"domicile": "etranger", "code_postal": "SW1A 1AA", "ville": "London", "pays": "Royaume-Uni"},
        {"domicile": "france", "code_postal": "98000", "ville": "Monaco"},
        {"commune_naissance": "", "commune_naissance_insee": ""},
        {"commune_naissance": "Vire", "commune_naissance_insee": "14762"},
        {"commune_naissance": "Algérie", "commune_naissance_insee": "99352"},
        {"commune_naissance": "Ajaccio", "commune_naissance_insee": "2A004"},
        {"commune_naissance": "Un lieu que personne ne connaît"},
    ],
)
def test_les_lieux_inhabituels_sont_acceptes(alice, champs):
    assert envoyer(alice, **champs).status_code == 302


def test_le_code_de_naissance_vient_du_nom_meme_ancien(alice, monde):
    vire = Commune.objects.create(code_insee="14762", nom="Vire Normandie", bassin=monde.caen)
    Commune.objects.create(code_insee="14762", nom="Vire", actuelle=vire)
    envoyer(alice, commune_naissance="VIRE")
    assert seul().commune_naissance_insee == "14762"


def test_les_communes_d_un_code_postal_sont_proposees(alice):
    assert "Lisieux" in texte(alice.post("/signalements/communes/", {"code_postal": "14100"}))
    assert "Lisieux" in texte(alice.post("/signalements/communes/?naissance", {"commune_naissance": "lis"}))
    assert "<option" not in texte(alice.post("/signalements/communes/", {"code_postal": "1'; DROP"}))


# --- Bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "saisie",
    [
        "29/02/2011",
        "31/02/2009",
        "12/13/2009",
        "01/01/12009",
        "hier",
        "1900",
        "0/0/0",
        "9999-99-99",
        "١٢/٠٣/٢٠٠٩",
    ],
)
def test_une_date_impossible_est_refusee_et_le_reste_garde(alice, saisie):
    reponse = envoyer(alice, date_naissance=saisie)
    assert reponse.status_code == 200 and "id_date_naissance_error" in texte(reponse)
    assert seul().nom_naissance == "Lemarchand" and seul().date_naissance is None


def test_demain_et_1899_sont_refuses(alice):
    demain = timezone.localdate() + timedelta(days=1)
    assert "futur" in texte(envoyer(alice, date_naissance=f"{demain:%d/%m/%Y}"))
    assert "antérieure" in texte(envoyer(alice, date_naissance="31/12/1899"))
    assert "futur" in texte(envoyer(alice, date_sortie=f"{demain:%d/%m/%Y}"))


@pytest.mark.parametrize("saisie", ["12/3/09", "12-03-2009", "2009-03-12", "12 mars 2009", "12032009"])
def test_les_dates_se_tapent_comme_on_veut(alice, saisie):
    envoyer(alice, date_naissance=saisie)
    assert seul().date_naissance == date(2009, 3, 12)


@pytest.mark.parametrize(
    ("saisi", "garde"),
    [
        ("O'Neill", "O'Neill"),
        ("D’Arc", "D’Arc"),
        ("Nguyễn", "Nguyễn"),
        ("E", "E"),
        ("Lef\u0065\u0300vre", "Lefèvre"),
        ("Le\x00blanc", "Leblanc"),
        ("\u202eLeblanc\u200b", "Leblanc"),
        ("Robert'); DROP TABLE signalements;--", "Robert'); DROP TABLE signalements;--"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("{{ 7*7 }}{% debug %}", "{{ 7*7 }}{% debug %}"),
        ("Ève 😀", "Ève 😀"),
    ],
)
def test_les_noms_sont_gardes_tels_quels_et_jamais_interpretes(alice, saisi, garde):
    reponse = envoyer(alice, nom_naissance=saisi)
    s = seul()
    assert s.nom_naissance == garde and s.etat == EtatSignalement.ENVOYE
    page = texte(alice.get(reponse.url))
    assert "<script>alert" not in page and "Robert');" not in page.replace("Robert&#x27;);", "")


@pytest.mark.parametrize("nom", ["1234", "😀", "--", "…"])
def test_un_nom_sans_lettre_est_refuse(alice, nom):
    assert "avec des lettres" in texte(envoyer(alice, nom_naissance=nom))


@pytest.mark.parametrize(
    "champ",
    ["nom_naissance", "prenom", "nom_usage", "autres_prenoms", "commune_naissance", "commune_naissance_insee", "ine",
     "adresse", "code_postal", "ville", "pays", "classe", "formation", "famille_informee_par", "declarant_nom",
     "declarant_telephone", "message", "note", "contacts-0-valeur", "date_naissance", "date_sortie"],
)  # fmt: skip
def test_dix_mille_caracteres_sont_refuses_proprement(alice, champ):
    reponse = envoyer(alice, **{champ: "é" * 10_000})
    assert reponse.status_code == 200 and "fr-message--error" in texte(reponse)
    assert not Signalement.objects.envoyes().exists()


@pytest.mark.parametrize(
    ("champ", "valeur"),
    [("sexe", "X"), ("nature_sortie", "inventee"), ("statut", "roi"), ("motifs", "inconnu"), ("domicile", "lune"),
     ("motif_principal", "inconnu"), ("diplome", "doctorat"), ("famille_informee", "peut-être"),
     ("contacts-0-proprietaire", "voisin")],
)  # fmt: skip
def test_un_choix_qui_n_est_pas_offert_est_refuse(alice, champ, valeur):
    assert envoyer(alice, **{champ: valeur}).status_code == 200
    assert not Signalement.objects.envoyes().exists()


@pytest.mark.parametrize("valeur", ["06 39", "abc", "a@b", "@", "0612345678901234"])
def test_un_contact_incorrect_est_dit(alice, valeur):
    assert "fr-message--error" in texte(envoyer(alice, **{"contacts-0-valeur": valeur}))
    assert seul().etat == EtatSignalement.BROUILLON


@pytest.mark.parametrize("total", ["-1", "abc", "99999999999999999999", "", "１２"])
def test_un_nombre_de_lignes_falsifie_ne_casse_rien(alice, total):
    assert envoyer(alice, **{"contacts-total": total, "version": total}).status_code in (200, 302)


METHODES_LENTES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=25, deadline=None, suppress_health_check=METHODES_LENTES)
@given(
    nom=st.text(max_size=120),
    prenom=st.text(alphabet=st.characters(), max_size=30),
    naissance=st.text(alphabet="0123456789/-. ", max_size=12),
    contact=st.text(max_size=40),
    ine=st.text(max_size=14),
    postal=st.text(max_size=6),
)
def test_rien_de_ce_qu_on_tape_ne_casse_la_saisie(alice, nom, prenom, naissance, contact, ine, postal):
    donnees = formulaire(
        nom_naissance=nom, prenom=prenom, date_naissance=naissance, ine=ine, code_postal=postal,
        **{"contacts-0-valeur": contact},
    )  # fmt: skip
    donnees = {c: v.encode("utf-8", "replace").decode() for c, v in donnees.items()}
    for adresse in (
        ENVOYER,
        "/signalements/nouveau/sauver/",
        "/signalements/controles/",
        "/identites/apercu/",
    ):
        assert alice.post(adresse, donnees).status_code in (200, 302, 409)


# --- Drafts ---------------------------------------------------------------------------------------------


def test_le_brouillon_s_enregistre_de_lui_meme_meme_incomplet(alice, monde):
    donnees = formulaire(date_naissance="31/02/2009", classe="", **{"contacts-0-valeur": "06"})
    reponse = alice.post("/signalements/nouveau/sauver/", donnees)
    s = seul()
    assert reponse.json() == {"url": f"/signalements/{s.reference}/sauver/"}
    assert (
        s.nom_naissance == "Lemarchand" and s.date_naissance is None and s.etat == EtatSignalement.BROUILLON
    )
    alice.post(reponse.json()["url"], donnees | {"date_naissance": "12/03/2009", "classe": "2 MELEC"})
    assert seul().date_naissance == date(2009, 3, 12) and seul().classe == "2 MELEC"
    assert Trace.objects.filter(quoi__in=["signalement_cree", "signalement_modifie"]).count() == 1
    assert alice.post(ENVOYER, donnees | formulaire(jeton=donnees["jeton"])).status_code == 302
    assert Signalement.objects.count() == 1


def test_un_formulaire_vide_ne_fait_pas_de_brouillon(alice):
    vide = formulaire(nom_naissance="", prenom="", date_naissance="")
    assert alice.post("/signalements/nouveau/sauver/", vide).json() == {}
    assert not Signalement.objects.exists()


def test_sans_javascript_le_bouton_enregistre_et_les_lignes_s_ajoutent(alice):
    donnees = formulaire(ajouter_contacts="1")
    page = texte(alice.post(NOUVEAU, donnees))
    assert "contacts-3-valeur" in page and "06 39 98 12 34" in page and not Signalement.objects.exists()
    del donnees["ajouter_contacts"]
    reponse = alice.post(NOUVEAU, donnees | {"brouillon": "1"})
    assert reponse.url == f"/signalements/{seul().reference}/modifier/"
    assert 'value="Lemarchand"' in texte(alice.get(reponse.url))


def test_les_brouillons_sont_partages_dans_l_etablissement_seulement(alice, client, monde):
    alice.post(NOUVEAU, formulaire())
    adresse = f"/signalements/{seul().reference}/modifier/"
    for qui, statut in (("andre", 200), ("basile", 404), ("lucie", 404), ("omar", 404)):
        connecter(client, getattr(monde, qui))
        assert client.get(adresse).status_code == statut, qui
    for qui in ("celia", "rene"):
        assert not Signalement.objects.visibles_par(getattr(monde, qui)).exists()
    connecter(client, monde.andre)
    liste = texte(client.get("/signalements/brouillons/"))
    assert "LEMARCHAND Tristan" in liste and "Alice Essai" in liste


def test_la_session_perdue_garde_le_brouillon(alice, client):
    donnees = formulaire()
    url = alice.post("/signalements/nouveau/sauver/", donnees).json()["url"]
    client.logout()
    assert client.post(url, donnees | {"classe": "perdue"}).status_code == 302
    assert seul().classe == "2 MELEC"


def test_un_brouillon_se_supprime_apres_confirmation_un_envoye_jamais(alice, monde):
    alice.post(NOUVEAU, formulaire())
    adresse = f"/signalements/{seul().reference}/supprimer/"
    assert "Supprimer ce brouillon" in texte(alice.get(adresse)) and Signalement.objects.exists()
    alice.post(adresse)
    assert not Signalement.objects.exists() and not Contact.objects.exists()
    envoyer(alice)
    alice.post(f"/signalements/{seul().reference}/supprimer/")
    assert seul().etat == EtatSignalement.ENVOYE


def test_deux_personnes_sur_le_meme_brouillon_la_seconde_est_prevenue_et_garde_son_texte(
    alice, monde, client
):
    alice.post(NOUVEAU, formulaire())
    reference = seul().reference
    version = str(seul().version)
    adresse = f"/signalements/{reference}/modifier/"
    d_andre = formulaire(version=version, classe="2 TU", ville="Ifs", code_postal="14123")
    d_alice = formulaire(version=version, classe="2 ELEEC")
    connecter(client, monde.andre)
    assert client.post(adresse, d_andre).status_code == 302
    connecter(client, monde.alice)
    reponse = client.post(adresse, d_alice)
    page = texte(reponse)
    assert reponse.status_code == 409 and "Andre Essai a modifié cette fiche" in page
    assert "« 2 TU » est enregistré, vous avez écrit « 2 ELEEC »" in page and 'value="2 ELEEC"' in page
    assert seul().classe == "2 TU"
    nouvelle = page.split('name="version" value="')[1].split('"')[0]
    assert client.post(adresse, d_alice | {"version": nouvelle}).status_code == 302
    assert seul().classe == "2 ELEEC"


def test_la_sauvegarde_automatique_du_meme_onglet_n_est_pas_un_conflit(alice):
    donnees = formulaire()
    url = alice.post("/signalements/nouveau/sauver/", donnees).json()["url"]
    for _ in range(3):
        assert alice.post(url, donnees).status_code == 200
    autre = alice.post(url, formulaire())  # another tab, opened before
    assert autre.status_code == 409 and "comparer les deux versions" in autre.json()["message"]
    assert alice.post(reverse("dedoublonnage:envoyer", args=[seul().reference]), donnees).status_code == 302


@pytest.mark.parametrize("combien", [2, 20])
def test_la_liste_des_brouillons_ne_multiplie_pas_les_requetes(alice, monde, combien):
    for rang in range(combien):
        signalement(monde.lycee, monde.alice, rang)
    alice.get("/signalements/brouillons/")
    with CaptureQueriesContext(connection) as capture:
        alice.get("/signalements/brouillons/")
    assert sum("SAVEPOINT" not in requete["sql"] for requete in capture) <= 12

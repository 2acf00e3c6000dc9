"""Reference tables by file: preview, dated labels, versions, and the way back."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qualit.acteurs import referentiels
from qualit.acteurs.models import VersionReferentiel
from qualit.territoire import nomenclatures
from qualit.territoire.models import Bassin, Terme
from signalements.models import Signalement

from .monde import connecter, signaler

pytestmark = pytest.mark.django_db
BASE = "/territoire/referentiels/"


@pytest.fixture(autouse=True)
def cache_des_termes():
    yield
    nomenclatures.vider_cache()


@pytest.fixture
def rene(monde):
    return connecter(Client(), monde.rene)


def telecharger(client, adresse):
    return b"".join(client.get(f"{adresse}?format=csv").streaming_content).decode("utf-8-sig")


def envoyer(client, jeu, texte, **champs):
    """Send a CSV; returns (address of the preview, its page)."""
    fichier = SimpleUploadedFile("liste.csv", texte.encode())
    reponse = client.post(f"{BASE}{jeu}/", {"fichier": fichier, "motif": "Essai"} | champs)
    if reponse.status_code != 302:
        return None, reponse.content.decode()
    return reponse["Location"], client.get(reponse["Location"]).content.decode()


def test_la_page_dit_ou_en_est_chaque_referentiel(rene):
    page = rene.get(BASE).content.decode()
    for nom in ("Nomenclatures", "Bassins", "Communes et bassins", "Structures"):
        assert nom in page


@pytest.mark.parametrize("jeu", ["nomenclatures", "bassins", "communes"])
def test_aller_retour_sans_changement(rene, jeu):
    adresse, page = envoyer(rene, jeu, telecharger(rene, f"{BASE}{jeu}/"))
    assert "Rien à enregistrer" in page and "0 ligne refusée" in page


def test_une_commune_change_de_bassin_apres_apercu(rene, monde):
    adresse, page = envoyer(rene, "communes", "code INSEE;bassin\n14118;Lisieux\n")
    assert "bassin : caen → <strong>lisieux</strong>" in page
    monde.commune_caen.refresh_from_db()
    assert monde.commune_caen.bassin == monde.caen, "the preview writes nothing"
    rene.post(adresse)
    monde.commune_caen.refresh_from_db()
    monde.lycee.refresh_from_db()
    assert monde.commune_caen.bassin == monde.lycee.bassin == monde.lisieux
    derniere = VersionReferentiel.objects.filter(jeu="communes").latest("numero")
    assert (derniere.par, derniere.motif, derniere.bilan["modifiee"]) == (monde.rene, "Essai", 1)
    avant = VersionReferentiel.objects.get(jeu="communes", numero=1)
    assert ["14118", "Caen", "caen"] in avant.lignes, "the state before the import is kept too"


def test_les_dossiers_ouverts_restent_au_bassin_qui_les_suit(rene, monde):
    s = signaler(monde.lycee, monde.alice)
    adresse, _ = envoyer(rene, "communes", "code INSEE;bassin\n14118;lisieux\n")
    rene.post(adresse)
    assert Signalement.objects.get(pk=s.pk).versement.dossier.bassin == monde.caen
    assert signaler(monde.cfa, monde.basile, 1).versement.dossier.bassin == monde.lisieux


def test_on_revient_a_une_version(rene, monde):
    for bassin in ("lisieux", "caen"):
        adresse, _ = envoyer(rene, "communes", f"code INSEE;bassin\n14118;{bassin}\n")
        rene.post(adresse)
    reponse = rene.post(f"{BASE}communes/versions/2/revenir/")
    page = rene.get(reponse["Location"]).content.decode()
    assert "caen → <strong>lisieux</strong>" in page
    rene.post(reponse["Location"])
    monde.commune_caen.refresh_from_db()
    assert monde.commune_caen.bassin == monde.lisieux
    assert VersionReferentiel.objects.filter(jeu="communes").latest("numero").motif == "Retour à la version 2"


def test_un_libelle_change_a_partir_d_un_jour(rene):
    jour = timezone.localdate() + timezone.timedelta(days=30)
    texte = "liste;code;libellé\nregimes;externe;Externe libre\n"
    adresse, page = envoyer(rene, "nomenclatures", texte, a_partir_du=f"{jour:%d/%m/%Y}")
    assert "Externe → <strong>Externe libre</strong>" in page and f"{jour:%d/%m/%Y}" in page
    rene.post(adresse)
    assert nomenclatures.libelle("regimes", "externe") == "Externe"
    assert nomenclatures.libelle("regimes", "externe", jour) == "Externe libre"
    assert Terme.objects.filter(liste="regimes", code="externe").count() == 2


EXTERNE_LIBRE = "liste;code;libellé\nregimes;externe;Externe libre\n"


def externes():
    """The terms of `externe`: (label, first day, last day), in order of time."""
    termes = Terme.objects.filter(liste="regimes", code="externe").order_by(
        F("valide_du").asc(nulls_first=True)
    )
    return list(termes.values_list("libelle", "valide_du", "valide_au"))


def changer(client, texte, jour=None):
    """Send a list of terms and confirm it when it changes something; returns the page of the preview."""
    dater = {"a_partir_du": f"{jour:%d/%m/%Y}"} if jour else {}
    adresse, page = envoyer(client, "nomenclatures", texte, **dater)
    if "Rien à enregistrer" not in page:
        assert client.post(adresse).status_code == 302
    return page


@pytest.fixture(params=[-30, 30])
def bascule(rene, request):
    """The day from which « Externe » reads « Externe libre », past or to come."""
    jour = timezone.localdate() + timedelta(days=request.param)
    changer(rene, EXTERNE_LIBRE, jour)
    return jour


def test_le_meme_changement_de_libelle_renvoye_n_ajoute_que_ce_qui_manquait(rene, bascule):
    termes = externes()
    assert termes == [
        ("Externe", None, bascule - timedelta(days=1)),
        ("Externe libre", bascule, None),
    ]
    ordre = Terme.objects.filter(liste="regimes", code="externe").first().ordre
    ajout = (
        "liste;code;libellé;ordre\n"
        f"regimes;externe;Externe libre;{ordre}\n"
        "regimes;interne_semaine;Interne la semaine;40\n"
    )
    page = changer(rene, ajout, bascule)
    assert "1 ligne nouvelle, 0 ligne modifiée" in page
    assert externes() == termes and "interne_semaine" in dict(nomenclatures.choix("regimes"))


def test_l_export_d_avant_renvoye_avec_la_meme_date_ne_change_rien(rene):
    avant = telecharger(rene, f"{BASE}nomenclatures/")
    jour = timezone.localdate() + timedelta(days=30)
    texte = avant.replace("regimes;externe;Externe;", "regimes;externe;Externe libre;")
    assert "1 ligne modifiée" in changer(rene, texte, jour)
    termes = externes()
    assert "Rien à enregistrer" in changer(rene, texte, jour)
    assert externes() == termes


def test_un_libelle_deja_change_l_est_aussi_pour_une_date_plus_lointaine(rene, bascule):
    plus_tard = bascule + timedelta(days=60)
    assert "Rien à enregistrer" in changer(rene, EXTERNE_LIBRE, plus_tard)
    changer(rene, EXTERNE_LIBRE.replace("libre", "autonome"), plus_tard)
    assert externes() == [
        ("Externe", None, bascule - timedelta(days=1)),
        ("Externe libre", bascule, plus_tard - timedelta(days=1)),
        ("Externe autonome", plus_tard, None),
    ]


def test_un_libelle_change_entre_deux_dates_prend_fin_avec_l_ancien(rene, bascule):
    plus_tot = bascule - timedelta(days=10)
    changer(rene, EXTERNE_LIBRE.replace("libre", "autonome"), plus_tot)
    assert externes() == [
        ("Externe", None, plus_tot - timedelta(days=1)),
        ("Externe autonome", plus_tot, bascule - timedelta(days=1)),
        ("Externe libre", bascule, None),
    ]


def test_une_correction_sans_date_vise_le_terme_en_vigueur(rene):
    jour = timezone.localdate() - timedelta(days=30)
    changer(rene, EXTERNE_LIBRE, jour)
    page = changer(rene, EXTERNE_LIBRE.replace("libre", "(libre)"))
    assert "Externe libre → <strong>Externe (libre)</strong>" in page
    assert externes() == [
        ("Externe", None, jour - timedelta(days=1)),
        ("Externe (libre)", jour, None),
    ]


@pytest.mark.parametrize(
    "texte",
    [
        "liste;code;libellé;ordre;valide du\nregimes;externe;Externe libre;1;01/09/2020\n",
        "liste;code;libellé;valide du;valide au\nregimes;externe;Externe;;\n",
    ],
)
def test_deux_termes_du_meme_code_ne_sont_jamais_en_vigueur_ensemble(rene, bascule, texte):
    """A second open term, or the former one opened again: refused, and nothing of that code is written."""
    termes = externes()
    page = changer(rene, texte)
    assert "1 ligne refusée" in page and "aurait deux termes à la fois" in page
    assert "Rien à enregistrer" in page and externes() == termes


def test_un_terme_peut_prendre_la_suite_d_un_autre_dans_le_meme_fichier(rene):
    page = changer(
        rene,
        "liste;code;libellé;ordre;valide du;valide au\n"
        "regimes;externe;Externe;10;;31/08/2020\n"
        "regimes;externe;Externe libre;10;01/09/2020;\n",
    )
    assert "1 ligne nouvelle, 1 ligne modifiée" in page
    assert externes() == [
        ("Externe", None, date(2020, 8, 31)),
        ("Externe libre", date(2020, 9, 1), None),
    ]


def test_un_changement_date_et_la_ligne_de_ce_jour_ne_s_ecrivent_pas_deux_fois(rene):
    jour = timezone.localdate() + timedelta(days=30)
    page = changer(
        rene,
        "liste;code;libellé;ordre;valide du\n"
        "regimes;externe;Externe libre;10;\n"
        f"regimes;externe;Externe seul;10;{jour:%d/%m/%Y}\n",
        jour,
    )
    assert "1 ligne refusée" in page and "déjà plus haut" in page
    assert [libelle for libelle, *_ in externes()] == ["Externe", "Externe libre"]


def test_un_terme_fini_ne_change_pas_de_libelle_apres_sa_fin(rene):
    changer(rene, "liste;code;valide au\nregimes;externe;31/08/2020\n")
    page = changer(rene, EXTERNE_LIBRE, timezone.localdate())
    assert "1 ligne refusée" in page and "prend fin le 31/08/2020" in page
    assert externes() == [("Externe", None, date(2020, 8, 31))]


def test_revenir_avant_un_changement_de_libelle_rend_l_ancien_partout(rene, bascule):
    reponse = rene.post(f"{BASE}nomenclatures/versions/1/revenir/")
    rene.post(reponse["Location"])
    assert externes() == [
        ("Externe", None, None),
        ("Externe libre", bascule, bascule - timedelta(days=1)),
    ]
    assert nomenclatures.libelle("regimes", "externe", bascule) == "Externe"
    adresse, page = envoyer(rene, "nomenclatures", telecharger(rene, f"{BASE}nomenclatures/"))
    assert "Rien à enregistrer" in page and "0 ligne refusée" in page


def test_sans_date_c_est_une_correction(rene):
    adresse, _ = envoyer(rene, "nomenclatures", "liste;code;libellé\nregimes;externe;Externe libre\n")
    rene.post(adresse)
    assert nomenclatures.libelle("regimes", "externe") == "Externe libre"
    assert Terme.objects.filter(liste="regimes", code="externe").count() == 1


def test_un_terme_ajoute_se_ferme_au_retour_et_n_est_pas_efface(rene):
    adresse, _ = envoyer(
        rene, "nomenclatures", "liste;code;libellé;ordre\nregimes;interne_semaine;Interne la semaine;40\n"
    )
    rene.post(adresse)
    assert "interne_semaine" in dict(nomenclatures.choix("regimes"))
    reponse = rene.post(f"{BASE}nomenclatures/versions/1/revenir/")
    assert "Fermée" in rene.get(reponse["Location"]).content.decode()
    rene.post(reponse["Location"])
    assert "interne_semaine" not in dict(nomenclatures.choix("regimes"))
    assert nomenclatures.libelle("regimes", "interne_semaine") == "Interne la semaine"


@pytest.mark.parametrize(
    ("jeu", "ligne", "mots"),
    [
        ("nomenclatures", "liste;code;libellé;ordre\nlicornes;a;A;1\n", "n’existe pas"),
        ("nomenclatures", "liste;code;libellé;ordre\nregimes;Été;Été;1\n", "sans accent"),
        ("nomenclatures", "liste;code;libellé;ordre\nregimes;nouveau;;1\n", "libellé manque"),
        ("nomenclatures", "liste;code;libellé;ordre\nregimes;nouveau;N;un\n", "nombre entier"),
        ("communes", "code INSEE;bassin\n99999;caen\n", "Aucune commune"),
        ("communes", "code INSEE;bassin\n14118;rouen\n", "n’existe pas dans l’académie"),
        ("communes", "code INSEE;bassin\n14118;lisieux\n14118;caen\n", "déjà plus haut"),
        ("bassins", "code;nom;délai habituel (jours)\nrouen;Rouen;15\n", "autre académie"),
        ("bassins", "code;courriel du GAB\ncaen;pas-un-courriel\n", ""),
    ],
)
def test_une_ligne_fausse_est_refusee_avec_sa_raison(rene, jeu, ligne, mots):
    _, page = envoyer(rene, jeu, ligne)
    assert "1 ligne refusée" in page and mots in page


def test_un_fichier_illisible_donne_un_message(rene):
    adresse, page = envoyer(rene, "communes", "\x00\x01")
    assert adresse is None and "fr-message--error" in page


def test_une_colonne_qui_designe_les_lignes_et_qui_manque_se_dit_une_fois(rene):
    adresse, page = envoyer(rene, "communes", "commune;bassin\nCaen;lisieux\nIfs;caen\n")
    assert adresse is None and "La colonne « code INSEE » manque" in page and "00000" not in page


def test_le_bilan_s_accorde(rene):
    adresse, _ = envoyer(rene, "communes", "code INSEE;bassin\n14118;lisieux\n")
    dit = rene.post(adresse, follow=True).content.decode()
    assert "0 ligne ajoutée, 1 modifiée, 0 fermée, 0 refusée." in dit


def test_une_version_se_telecharge(rene):
    adresse, _ = envoyer(rene, "communes", "code INSEE;bassin\n14118;lisieux\n")
    rene.post(adresse)
    assert "14118;Caen;caen" in telecharger(rene, f"{BASE}communes/versions/1/")
    assert "14118;Caen;lisieux" in telecharger(rene, f"{BASE}communes/versions/2/")


def test_un_bassin_se_corrige(rene, monde):
    adresse, _ = envoyer(rene, "bassins", "code;téléphone du GAB\ncaen;02 61 91 00 99\n")
    rene.post(adresse)
    assert Bassin.objects.get(code="caen").telephone_gab == "02 61 91 00 99"


def test_les_structures_gardent_aussi_leurs_versions(rene, monde):
    fichier = SimpleUploadedFile("s.csv", b"code;nom\nQIT-ML-CAEN;Mission locale du Calvados\n")
    apercu = rene.post(reverse("territoire:importer_structures"), {"fichier": fichier})["Location"]
    rene.post(apercu)
    monde.ml.refresh_from_db()
    assert monde.ml.nom == "Mission locale du Calvados"
    retour = rene.post(f"{BASE}structures/versions/1/revenir/")["Location"]
    assert "Mission locale de Caen" in rene.get(retour).content.decode()
    rene.post(retour)
    monde.ml.refresh_from_db()
    assert monde.ml.nom == "Mission locale de Caen"


def test_l_administration_technique_garde_une_version(client, monde):
    connecter(client, monde.tom)
    referentiels.apres_import(Terme, par=monde.tom)
    version = VersionReferentiel.objects.get()
    assert (version.jeu, version.motif, version.par) == (
        "nomenclatures",
        "Administration technique",
        monde.tom,
    )


def test_une_version_ne_se_lit_pas_d_une_autre_academie(rene, monde):
    VersionReferentiel.objects.create(
        jeu="communes", academie=monde.rouen_academie, numero=7, colonnes=["a"], lignes=[["b"]]
    )
    assert rene.get(f"{BASE}communes/versions/7/").status_code == 404

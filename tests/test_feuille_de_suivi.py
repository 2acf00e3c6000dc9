"""The follow-up sheet: goes out with drop-downs, comes back filled in, shows every conflict, and writes once."""

import io
import re
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from gab import services as gab
from qualit.journal.models import Trace
from suivi import feuille, services
from suivi.models import Devenir, Etape

from .monde import connecter, signaler

pytestmark = pytest.mark.django_db
ADRESSE = "/missions/feuille/"
COLONNES = [titre for titre, _ in feuille.FIXES] + [titre for titre, *_ in feuille.CHAMPS.values()]


def rang_de(titre):
    return COLONNES.index(titre) + 1


@pytest.fixture
def missions(monde):
    """Two missions accepted by the mission locale of Caen, the first with an outcome."""
    faites = []
    for rang in range(2):
        dossier = gab.juger_recevable(signaler(monde.lycee, monde.alice, rang), par=monde.celia)
        mission = gab.missionner(dossier, monde.ml, par=monde.celia)
        gab.accepter_mission(mission, par=monde.omar, connaissance="inconnu")
        faites.append(mission)
    services.enregistrer_devenir(
        faites[0].dossier,
        "sans_solution",
        date=timezone.localdate() - timedelta(days=10),
        source="jeune",
        par=monde.omar,
        mission=faites[0],
    )
    return faites


@pytest.fixture
def omar(monde):
    return connecter(Client(), monde.omar)


def telecharger(client):
    """The sheet as an open workbook."""
    reponse = client.get(f"{ADRESSE}suivi.xlsx")
    return openpyxl.load_workbook(io.BytesIO(b"".join(reponse.streaming_content)))


def ligne_de(classeur, mission):
    onglet = classeur[feuille.ONGLET]
    return next(n for n in range(2, onglet.max_row + 1) if onglet.cell(n, 1).value == mission.reference)


def remplir(classeur, mission, **valeurs):
    """Write cells by field name."""
    rang = ligne_de(classeur, mission)
    for champ, valeur in valeurs.items():
        classeur[feuille.ONGLET].cell(rang, rang_de(feuille.CHAMPS[champ][0])).value = valeur


def envoyer(client, classeur, nom="suivi.xlsx"):
    """Send the workbook; returns (address of the preview, its page)."""
    if not isinstance(classeur, bytes):
        sortie = io.BytesIO()
        classeur.save(sortie)
        classeur = sortie.getvalue()
    reponse = client.post(ADRESSE, {"fichier": SimpleUploadedFile(nom, classeur)})
    if reponse.status_code != 302:
        return None, reponse.content.decode()
    return reponse["Location"], client.get(reponse["Location"]).content.decode()


def confirmer(client, adresse, choix=None):
    return client.post(adresse, choix or {}, follow=True).content.decode()


def choisir(page, mission, qui):
    """What the page posts when that side is ticked in each cell of the mission."""
    return dict(re.findall(rf'name="(choix-{mission.reference}-\w+)" value="({qui}:[^"]*)"', page))


# --- Out -----------------------------------------------------------------------------------------------------


def test_la_feuille_a_ses_listes_et_le_devenir_connu(omar, missions, monde):
    classeur = telecharger(omar)
    onglet = classeur[feuille.ONGLET]
    assert [c.value for c in onglet[1]][: len(COLONNES)] == COLONNES
    assert onglet.max_row == 3
    assert sum(v.type == "list" for v in onglet.data_validations.dataValidation) == 3
    assert classeur[feuille.LISTES].sheet_state == "hidden"
    lettre = onglet.cell(1, len(COLONNES) + 1).column_letter
    assert onglet.column_dimensions[lettre].hidden
    rang = ligne_de(classeur, missions[0])
    assert "sans solution" in onglet.cell(rang, rang_de("Devenir")).value.lower()
    assert isinstance(onglet.cell(rang, rang_de("Depuis le")).value, datetime)
    trace = Trace.objects.filter(action="export").get()
    assert trace.acteur == monde.omar
    assert set(trace.jeunes) == {m.dossier.jeune_id for m in missions}


def test_la_marque_cachee_ne_contient_aucun_nom(missions):
    marque = feuille.marquer(missions[0], feuille.valeurs_de(feuille.devenir_actuel(missions[0])))
    lue = feuille.signing.loads(marque, salt=feuille.SEL)
    assert "DUVIVIER" not in str(lue) and set(lue) == {"m", "q", "d"}


def test_une_structure_n_a_que_ses_missions(missions, monde):
    assert telecharger(connecter(Client(), monde.olga))[feuille.ONGLET].max_row == 1


# --- Back ----------------------------------------------------------------------------------------------------


def test_aller_retour(omar, missions, monde):
    classeur = telecharger(omar)
    hier = timezone.localdate() - timedelta(days=1)
    remplir(
        classeur,
        missions[1],
        etape="Rendez-vous pris",
        etape_le=hier,
        rappeler_le=f"{date(2099, 1, 5):%d/%m/%Y}",
    )
    remplir(classeur, missions[0], code="MLDS, micro-lycée", date=hier, source="La famille")
    adresse, page = envoyer(omar, classeur)
    assert "2 lignes prêtes" in page and "Rendez-vous pris" in page
    assert Etape.objects.count() == 0, "the preview writes nothing"
    bilan = confirmer(omar, adresse)
    assert "1 étape ajoutée" in bilan and "1 devenir enregistré" in bilan
    etape = Etape.objects.get()
    assert (etape.mission, etape.type, etape.date) == (missions[1], "rdv_pris", hier)
    assert (etape.rappeler_le, etape.par, etape.structure) == (date(2099, 1, 5), monde.omar, monde.ml)
    nouveau = missions[0].dossier.devenirs.get(remplace_le__isnull=True)
    assert (nouveau.code, nouveau.date, nouveau.source) == ("mlds", hier, "famille")
    assert missions[0].dossier.devenirs.count() == 2, "the former outcome stays in the history"


def test_la_meme_feuille_deux_fois_n_ecrit_rien_deux_fois(omar, missions):
    classeur = telecharger(omar)
    remplir(classeur, missions[1], etape="Rendez-vous pris")
    remplir(classeur, missions[0], code="MLDS, micro-lycée", date=timezone.localdate())
    adresse, _ = envoyer(omar, classeur)
    confirmer(omar, adresse)
    compte = (Etape.objects.count(), Devenir.objects.count())
    adresse, page = envoyer(omar, classeur)
    assert "Rien à enregistrer" in page
    assert f"« Rendez-vous pris » est déjà notée, le {timezone.localdate():%d/%m/%Y}" in page
    confirmer(omar, adresse)
    assert (Etape.objects.count(), Devenir.objects.count()) == compte


def test_l_etape_sans_date_qu_un_collegue_a_notee_entre_temps_n_est_pas_perdue(omar, missions, monde):
    classeur = telecharger(omar)
    remplir(classeur, missions[1], etape="Rendez-vous pris")
    services.noter_etape(missions[1].dossier, "rdv_pris", par=monde.celia, mission=missions[1])
    adresse, page = envoyer(omar, classeur)
    assert "1 ligne refusée" in page and "a noté la même le" in page
    remplir(classeur, missions[1], etape_le=timezone.localdate() - timedelta(days=2))
    confirmer(omar, envoyer(omar, classeur)[0])
    assert Etape.objects.count() == 2


def test_un_sigle_garde_ses_capitales_dans_la_liste(monde):
    assert any(libelle.endswith(": CNED") for libelle in feuille.listes()["devenirs"])


def test_confirmer_deux_fois_montre_le_meme_bilan(omar, missions):
    classeur = telecharger(omar)
    remplir(classeur, missions[1], etape="Rendez-vous pris")
    adresse, _ = envoyer(omar, classeur)
    assert "1 étape ajoutée" in confirmer(omar, adresse)
    assert "1 étape ajoutée" in confirmer(omar, adresse)
    assert Etape.objects.count() == 1


def test_une_feuille_sans_changement_ne_fait_rien(omar, missions):
    _, page = envoyer(omar, telecharger(omar))
    assert "Rien à enregistrer" in page and "2 lignes sans changement" in page


def test_changer_la_source_corrige_le_devenir_en_place(omar, missions):
    classeur = telecharger(omar)
    remplir(classeur, missions[0], source="La famille")
    adresse, _ = envoyer(omar, classeur)
    confirmer(omar, adresse)
    devenir = Devenir.objects.get()
    assert (devenir.source, devenir.code, devenir.version) == ("famille", "sans_solution", 1)


@pytest.mark.parametrize("champ", ["premier_rdv_le", "date"])
def test_le_devenir_que_le_gab_a_note_se_complete_et_la_feuille_entiere_passe(omar, missions, monde, champ):
    """It is not the operator's to correct: what the sheet holds becomes another outcome, recorded by the operator."""
    dossier, hier = missions[1].dossier, timezone.localdate() - timedelta(days=1)
    du_gab = services.enregistrer_devenir(
        dossier,
        "accompagnement_ml",
        date=hier - timedelta(days=9),
        source="jeune",
        precision="Caen",
        par=monde.celia,
    )
    classeur = telecharger(omar)
    remplir(classeur, missions[1], **{champ: hier})
    remplir(classeur, missions[0], source="La famille")
    adresse, _ = envoyer(omar, classeur)
    assert "2 devenirs enregistrés" in confirmer(omar, adresse)
    nouveau = dossier.devenirs.get(remplace_le__isnull=True)
    assert (nouveau.mission, nouveau.par, getattr(nouveau, champ)) == (missions[1], monde.omar, hier)
    assert (nouveau.code, nouveau.source, nouveau.precision) == ("accompagnement_ml", "jeune", "Caen")
    du_gab.refresh_from_db()
    assert du_gab.remplace_le and du_gab.date < hier, "the GAB's outcome stays as it was in the history"
    assert missions[0].dossier.devenirs.get().source == "famille"


# --- Conflicts -----------------------------------------------------------------------------------------------


@pytest.fixture
def desaccord(omar, missions, monde):
    """The sheet says MLDS; meanwhile the GAB recorded an apprenticeship, and a step."""
    classeur = telecharger(omar)
    remplir(classeur, missions[0], code="MLDS, micro-lycée", date=timezone.localdate() - timedelta(days=2))
    services.enregistrer_devenir(
        missions[0].dossier, "apprentissage", date=timezone.localdate(), source="structure", par=monde.celia
    )
    return classeur


def test_un_desaccord_se_montre_cellule_par_cellule(omar, missions, desaccord):
    adresse, page = envoyer(omar, desaccord)
    reference = missions[0].reference
    assert "1 ligne en désaccord" in page
    assert set(re.findall(rf'name="choix-{reference}-(\w+)"', page)) == {"code", "date"}
    assert "Ma saisie : MLDS, micro-lycée" in page and "Dans le portail : Apprentissage" in page
    bilan = confirmer(omar, adresse)
    assert "Rien n’est enregistré" in bilan
    assert missions[0].dossier.devenirs.get(remplace_le__isnull=True).code == "apprentissage"


@pytest.mark.parametrize(("choix", "code", "nombre"), [("mien", "mlds", 3), ("leur", "apprentissage", 2)])
def test_on_garde_la_valeur_choisie(omar, missions, desaccord, choix, code, nombre):
    adresse, page = envoyer(omar, desaccord)
    confirmer(omar, adresse, choisir(page, missions[0], choix))
    devenirs = missions[0].dossier.devenirs
    assert devenirs.get(remplace_le__isnull=True).code == code and devenirs.count() == nombre


def test_on_garde_le_devenir_du_gab_et_la_date_de_la_feuille(omar, missions, monde, desaccord):
    adresse, page = envoyer(omar, desaccord)
    mienne = {nom: v for nom, v in choisir(page, missions[0], "mien").items() if nom.endswith("-date")}
    assert "1 devenir enregistré" in confirmer(omar, adresse, choisir(page, missions[0], "leur") | mienne)
    garde = missions[0].dossier.devenirs.get(remplace_le__isnull=True)
    assert (garde.code, garde.par) == ("apprentissage", monde.omar)
    assert garde.date == timezone.localdate() - timedelta(days=2)


def test_un_desaccord_regle_n_est_pas_redemande_avant_que_le_portail_ne_change(
    omar, missions, desaccord, monde
):
    adresse, page = envoyer(omar, desaccord)
    confirmer(omar, adresse, choisir(page, missions[0], "leur"))
    _, page = envoyer(omar, desaccord)
    assert "0 ligne en désaccord" in page and "Rien à enregistrer" in page
    assert "« Devenir » : la valeur du portail, Apprentissage" in page
    remplir(desaccord, missions[0], code="Service civique")
    assert "1 ligne en désaccord" in envoyer(omar, desaccord)[1], "another value is another question"
    remplir(desaccord, missions[0], code="MLDS, micro-lycée")
    services.enregistrer_devenir(
        missions[0].dossier, "emploi_durable", date=timezone.localdate(), source="structure", par=monde.celia
    )
    assert "1 ligne en désaccord" in envoyer(omar, desaccord)[1]


@pytest.mark.parametrize("qui", ["mien", "leur"])
def test_un_choix_ne_vaut_que_pour_la_valeur_qui_etait_montree(omar, missions, desaccord, monde, qui):
    """A value stored between the choice and the confirmation is shown before anything replaces it."""
    adresse, page = envoyer(omar, desaccord)
    services.enregistrer_devenir(
        missions[0].dossier, "emploi_durable", date=timezone.localdate(), source="structure", par=monde.celia
    )
    page = confirmer(omar, adresse, choisir(page, missions[0], qui))
    assert "Rien n’est enregistré" in page and "1 ligne en désaccord" in page
    actuel = missions[0].dossier.devenirs.filter(remplace_le__isnull=True)
    assert actuel.get().code == "emploi_durable"
    assert "emploi_durable" in choisir(page, missions[0], "mien")[f"choix-{missions[0].reference}-code"]
    confirmer(omar, adresse, choisir(page, missions[0], "mien"))
    assert actuel.get().code == "mlds"


def test_un_desaccord_apparu_pendant_la_verification_arrete_tout(omar, missions, monde):
    """Somebody writes between the preview and the confirmation: nothing is written, the other rows neither."""
    classeur = telecharger(omar)
    remplir(classeur, missions[0], code="MLDS, micro-lycée")
    remplir(classeur, missions[1], etape="Rendez-vous pris")
    adresse, page = envoyer(omar, classeur)
    assert "2 lignes prêtes" in page
    services.enregistrer_devenir(
        missions[0].dossier, "apprentissage", date=timezone.localdate(), source="structure", par=monde.celia
    )
    assert "Rien n’est enregistré" in confirmer(omar, adresse)
    assert not Etape.objects.exists()


def test_le_meme_changement_des_deux_cotes_n_est_pas_un_desaccord(omar, missions, monde):
    classeur = telecharger(omar)
    remplir(classeur, missions[0], source="La famille")
    services.corriger_devenir(Devenir.objects.get(), par=monde.omar, version=0, source="famille")
    _, page = envoyer(omar, classeur)
    assert "Rien à enregistrer" in page


# --- Refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valeurs", "mots"),
    [
        ({"etape": "Promenade"}, "n’est pas dans la liste"),
        ({"etape": "Rendez-vous pris", "etape_le": "32/13/2026"}, "Étape du"),
        ({"etape": "Rendez-vous pris", "etape_le": "01/01/2199"}, "futur"),
        ({"etape_le": "01/10/2026"}, "dites laquelle"),
        ({"code": "Licorne"}, "n’est pas dans la liste"),
        ({"date": "01/10/2026"}, "Devenir : choisissez-le dans la liste"),
        ({"code": "MLDS, micro-lycée"}, "« Depuis le » va avec le devenir"),
    ],
)
def test_une_ligne_fausse_est_refusee_avec_sa_raison_et_les_autres_passent(omar, missions, valeurs, mots):
    classeur = telecharger(omar)
    remplir(classeur, missions[1], **valeurs)
    remplir(classeur, missions[0], source="La famille")
    adresse, page = envoyer(omar, classeur)
    assert "1 ligne refusée" in page and mots in page
    bilan = confirmer(omar, adresse)
    assert "Lignes refusées" in bilan and "1 devenir enregistré" in bilan
    assert str(missions[1].dossier.jeune) in bilan.split("Lignes refusées")[1]
    assert not Etape.objects.exists()


def test_un_devenir_ne_s_efface_pas(omar, missions):
    classeur = telecharger(omar)
    remplir(classeur, missions[0], code=None)
    _, page = envoyer(omar, classeur)
    assert "ne s’efface pas" in page


def test_une_ligne_recopiee_ou_d_une_autre_structure_est_refusee(omar, missions, monde):
    classeur = telecharger(omar)
    onglet = classeur[feuille.ONGLET]
    rang = ligne_de(classeur, missions[1])
    onglet.cell(rang, 1).value = missions[0].reference  # the hidden mark stays that of the other mission
    onglet.cell(4, 1).value = "ZZZZZZZZ"
    onglet.cell(4, rang_de("Nouvelle étape")).value = "Rendez-vous pris"
    _, page = envoyer(omar, classeur)
    assert "mélangée ou recopiée" in page and "n’est pas, ou plus, de votre structure" in page
    ailleurs = envoyer(connecter(Client(), monde.olga), telecharger(omar))[1]
    assert "2 lignes refusées" in ailleurs and "DUVIVIER" not in ailleurs


def test_une_mission_terminee_entre_temps_est_refusee(omar, missions, monde):
    classeur = telecharger(omar)
    remplir(classeur, missions[1], etape="Rendez-vous pris")
    gab.terminer_mission(missions[1], "Fin", par=monde.omar)
    _, page = envoyer(omar, classeur)
    assert "plus en cours" in page


@pytest.mark.parametrize(
    ("nom", "contenu"),
    [
        ("suivi.xlsx", b""),
        ("suivi.xlsx", b"PK\x03\x04rien"),
        ("suivi.xlsx", b"n'importe quoi"),
        ("suivi.exe", b"MZ"),
        ("suivi.csv", "Nom;Prénom\nA;B\n".encode()),
    ],
)
def test_un_mauvais_fichier_donne_un_message_et_rien_d_autre(omar, missions, nom, contenu):
    adresse, page = envoyer(omar, contenu, nom)
    assert adresse is None and "fr-message--error" in page


def test_une_colonne_enlevee_se_dit(omar, missions):
    classeur = telecharger(omar)
    classeur[feuille.ONGLET].delete_cols(rang_de("Source"))
    assert "enlevée ou renommée : Source" in envoyer(omar, classeur)[1]


def test_l_apercu_d_une_autre_personne_n_existe_pas(omar, missions, monde):
    adresse, _ = envoyer(omar, telecharger(omar))
    assert connecter(Client(), monde.olga).get(adresse).status_code == 404

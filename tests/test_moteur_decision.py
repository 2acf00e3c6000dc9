"""Decision, clusters, replay, learning and export of the matching engine."""

import csv
import json
from datetime import date

import pytest
from django.core.management import call_command

from dedoublonnage import apprentissage, decision, groupes, lecture, rejeu
from dedoublonnage.export_splink import reglages
from dedoublonnage.normalisation import Identite, preparer
from dedoublonnage.score import DOSSIER_MODELES, Contexte, Modele, probabilite, zone


def test_zones():
    assert zone(0.0001) == "nouveau"
    assert zone(0.5) == "a_verifier"
    assert zone(0.9999) == "automatique"


def test_un_signalement_n_est_pas_deux_jumeaux_a_la_fois():
    jeunes = [(1, [(12.0, False)]), (2, [(11.0, False)])]
    d = decision.decider(jeunes, lambda x, y: -8.0)
    assert d.zone == "a_verifier"
    assert [j for j, _ in d.candidats] == [1, 2]
    assert sum(p for _, p in d.candidats) <= 1.0


def test_deux_fiches_d_une_meme_personne_ne_se_genent_pas():
    jeunes = [(1, [(12.0, False)]), (2, [(11.0, False)])]
    d = decision.decider(jeunes, lambda x, y: 9.0)
    assert d.zone == "automatique"
    assert d.candidats[0][0] == 1


def test_la_prudence_demande_une_personne():
    assert decision.decider([(1, [(14.0, True)])], lambda x, y: 0.0).zone == "a_verifier"
    assert decision.decider([(1, [(14.0, True), (13.0, False)])], lambda x, y: 0.0).zone == "automatique"


def test_une_chaine_de_sosies_ne_joint_pas_deux_personnes():
    poids = {(0, 1): 6.0, (1, 2): 2.0, (0, 2): -12.0}
    groupe = groupes.regrouper(poids)
    assert groupe[0] == groupe[1] != groupe[2]
    ajuste = groupes.ajuster_paires(poids)
    assert probabilite(ajuste[0, 1]) > 0.5 > probabilite(ajuste[1, 2])


LIGNES = [
    ("3", "A", "LEFEVRE", "Amélie", "1994-03-05", "F", "2012-01-03"),
    ("1", "A", "Lefèvre", "AMELIE", "1994-03-05", "F", "2012-01-01"),
    ("2", "B", "Martin", "Kevin", "1995-07-09", "M", "2012-01-02"),
    ("10", "B", "MARTTIN", "Kévin", "1995-07-09", "M", ""),
    ("4", "C", "LEFEVRE", "Manon", "1994-03-05", "F", "2012-02-01"),
]
ENTETE = ["record_id", "person_id", "nom_naissance", "prenom", "date_naissance", "sexe", "date_signalement"]


@pytest.fixture
def fichier(tmp_path):
    chemin = tmp_path / "entree.csv"
    with chemin.open("w", encoding="utf-8-sig", newline="") as f:
        w = csv.writer(f, delimiter=";")
        w.writerow(ENTETE)
        w.writerows(LIGNES)
    return chemin


def test_lecture_bom_point_virgule_colonnes_absentes(fichier):
    lignes = rejeu.ordonner(lecture.lire(fichier))
    assert [x.record_id for x in lignes] == ["10", "1", "2", "3", "4"]
    assert lignes[1].identite.date_naissance == date(1994, 3, 5)
    assert lignes[1].identite.ine == ""


@pytest.mark.django_db
def test_rapprocher_fichier(fichier, tmp_path, capsys):
    paires, flux = tmp_path / "p.csv", tmp_path / "f.csv"
    call_command("rapprocher_fichier", str(fichier), paires=str(paires), flux=str(flux))
    decisions = {r["record_id"]: r for r in csv.DictReader(flux.open(encoding="utf-8"))}
    assert list(decisions) == ["10", "1", "2", "3", "4"]
    assert decisions["1"]["zone"] == "nouveau"
    assert decisions["3"]["zone"] == "automatique"
    assert decisions["3"]["candidats"].startswith("1:")
    assert decisions["4"]["zone"] != "automatique"
    trouvees = {
        (r["record_id_a"], r["record_id_b"]): float(r["probabilite"])
        for r in csv.DictReader(paires.open(encoding="utf-8"))
    }
    assert trouvees["1", "3"] > 0.5
    assert trouvees["10", "2"] > 0.5


@pytest.mark.django_db
def test_evaluer_rapprochement(fichier, capsys):
    call_command("evaluer_rapprochement", str(fichier))
    mesure = json.loads(capsys.readouterr().out)
    assert set(mesure) == {
        "precision", "rappel", "f1_a_05", "f1_max", "jumeaux_joints", "faux_pour_1000", "jumeaux_faux",
        "manques_pct", "questions_pct", "bon_premier_pct", "ms_par_ligne",
    }  # fmt: skip
    assert mesure["faux_pour_1000"] == 0
    assert mesure["f1_a_05"] == 1.0


def test_apprendre_retrouve_un_signal_simple():
    noms = ["DUPUIS", "MORVAN", "LANGLOIS", "PERROT", "GALLET", "VASSEUR", "HAMEL", "COLLET"]
    identites, personnes = [], []
    for k, nom in enumerate(noms):
        for copie in range(3):
            identites.append(Identite(nom, "", "Camille", "", date(1994, 3, 1 + k if copie < 2 else 20), "F"))
            personnes.append(nom)
    base, poids, _ = apprentissage.ajuster(apprentissage.paires_de_fichier(identites, personnes), ())
    assert poids["nom"][1] > poids["nom"][-12]
    contenu = apprentissage.en_json(
        base, poids, {}, version="essai", provenance={}, taille_reference=24, freq={"nom": {}, "prenom": {}}
    )
    modele = Modele.depuis_json(json.loads(json.dumps(contenu)))
    a, b, c = (preparer(identites[i]) for i in (0, 1, 3))
    assert modele.peser(a, b, Contexte()) > modele.peser(a, c, Contexte())


def test_reapprendre_des_decisions_reste_pres_du_modele():
    modele, contexte = Modele.charger(), Contexte(5000)
    a = preparer(Identite("DUPUIS", "", "Camille", "", date(1994, 3, 1), "F"))
    b = preparer(Identite("DUPUIS", "", "Camile", "", date(1994, 3, 11), "F"))
    corrections = apprentissage.apprendre([(a, b, False)] * 30, contexte=contexte, depart=modele)
    assert corrections["base"] <= 0
    assert all(abs(v) < 6 for v in corrections.values())
    assert apprentissage.apprendre([], contexte=contexte, depart=modele) == {}
    corrige = apprentissage.corriger({"base": 1.0, "poids": {"date": {"chiffre_jour": 1.0}}}, corrections)
    assert corrige["base"] <= 1.0


def test_reglages_splink_ont_les_poids_du_modele():
    contenu = reglages(Modele.charger(), Contexte(10000))
    assert {c["output_column_name"] for c in contenu["comparisons"]} >= {
        "nom",
        "prenom",
        "date",
        "ine",
        "lieu",
    }
    for c in contenu["comparisons"]:
        assert c["comparison_levels"][0]["is_null_level"]
        assert c["comparison_levels"][-1]["sql_condition"] == "ELSE"
    assert 0 < contenu["probability_two_random_records_match"] < 1


def test_l_exemple_de_la_documentation_est_celui_du_modele_en_usage():
    call_command("documenter_modele", verifier=True)


def test_chaque_modele_garde_se_charge_et_l_on_peut_y_revenir():
    versions = sorted(f.stem for f in DOSSIER_MODELES.glob("*.json"))
    assert Modele.charger().version in versions and len(versions) >= 2
    for version in versions:
        modele = Modele.charger(version)
        assert modele.version == version and modele.provenance["appris_le"]

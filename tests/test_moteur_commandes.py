"""The commands of the matching engine on the files that people really have, and re-learning from decisions."""

import csv
import json
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from dedoublonnage import lecture, masse, reapprentissage, rejeu, services
from dedoublonnage.models import Empreinte, Jeune, Paire, Rattachement
from dedoublonnage.score import DOSSIER_MODELES, Modele
from qualit.journal.models import Trace
from tests.monde import signalement, signaler
from tests.test_masse import poser


def ecrire(chemin, texte, encodage="utf-8"):
    chemin.write_bytes(texte.encode(encodage))
    return chemin


def rejouer(chemin, tmp_path):
    paires, flux = tmp_path / "paires.csv", tmp_path / "flux.csv"
    call_command("rapprocher_fichier", str(chemin), paires=str(paires), flux=str(flux))
    with paires.open(encoding="utf-8") as p, flux.open(encoding="utf-8") as f:
        return list(csv.DictReader(p)), list(csv.DictReader(f))


# --- files ---


@pytest.mark.django_db
@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
def test_un_fichier_francais_aux_colonnes_inattendues(tmp_path, encodage):
    texte = (
        "classe;date_naissance;PRENOM;nom_naissance;record_id\r\n"
        "2de;05/03/1994;Amélie;Lefèvre;12\r\n"
        "1re;1994-03-05;AMELIE;LEFEVRE;3\r\n"
        ";;;;7\r\n"
    )
    paires, flux = rejouer(ecrire(tmp_path / "f.csv", texte, encodage), tmp_path)
    assert [r["record_id"] for r in flux] == ["3", "7", "12"]
    assert [r["zone"] for r in flux] == ["nouveau", "nouveau", "automatique"]
    assert [(p["record_id_a"], p["record_id_b"]) for p in paires] == [("3", "12")]


@pytest.mark.django_db
def test_une_seule_ligne_ou_aucune(tmp_path):
    entete = "record_id,nom_naissance,prenom,date_naissance\n"
    assert rejouer(ecrire(tmp_path / "vide.csv", entete), tmp_path) == ([], [])
    paires, flux = rejouer(ecrire(tmp_path / "une.csv", entete + "1,HUE,Léa,1994-03-05\n"), tmp_path)
    assert paires == []
    assert flux == [{"record_id": "1", "zone": "nouveau", "candidats": ""}]


@pytest.mark.django_db
def test_des_lignes_sans_rien_ne_se_ressemblent_pas(tmp_path):
    texte = "record_id,nom_naissance,prenom,sexe\n1,,,\n2,,,\n3,,,F\n4,,,F\n"
    paires, flux = rejouer(ecrire(tmp_path / "rien.csv", texte), tmp_path)
    assert paires == []
    assert {r["zone"] for r in flux} == {"nouveau"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("texte", "message"),
    [
        (
            "record_id,nom_naissance\n4,HUE\n5,ROY\n4,LAMY\n",
            "record_id doit être unique : 1 valeurs reviennent (4)",
        ),
        ("numero,patronyme\n4,HUE\n", "Aucune colonne connue"),
        ("", "Aucune colonne connue"),
    ],
)
def test_un_fichier_impossible_est_refuse_en_francais(tmp_path, texte, message):
    with pytest.raises(CommandError) as erreur:
        rejouer(ecrire(tmp_path / "f.csv", texte), tmp_path)
    assert message in str(erreur.value)
    assert not (tmp_path / "flux.csv").exists()


@pytest.mark.django_db
def test_une_sortie_impossible_est_refusee_avant_le_calcul(tmp_path):
    entree = ecrire(tmp_path / "f.csv", "record_id,nom_naissance\n4,HUE\n")
    with pytest.raises(CommandError, match="n'existe pas"):
        call_command("rapprocher_fichier", str(entree), paires=str(tmp_path / "x" / "p.csv"), flux="f.csv")
    etiquete = ecrire(tmp_path / "e.csv", "record_id,person_id,nom_naissance\n4,1,HUE\n")
    with pytest.raises(CommandError, match="Aucun modèle"):
        call_command("evaluer_rapprochement", str(etiquete), modele="jamais-vu")


def tables():
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'i', 'S') ORDER BY 1"
        )
        return [nom for (nom,) in curseur.fetchall()]


@pytest.mark.django_db
def test_rien_ne_reste_apres_un_rejeu(tmp_path):
    avant = tables()
    texte = "record_id,nom_naissance,prenom,date_naissance\n1,HUE,Léa,1994-03-05\n2,HUE,Lea,1994-03-05\n"
    rejouer(ecrire(tmp_path / "f.csv", texte), tmp_path)
    assert tables() == avant
    assert not Empreinte.objects.exists() and not Jeune.objects.exists()


def test_l_ordre_est_celui_des_dates_puis_des_numeros():
    def ligne(rid, jour):
        return lecture.Ligne(rid, jour, lecture.identite_de({}))

    melange = [ligne("10", "2012-01-02"), ligne("9", "02/01/2012"), ligne("2", "2012-01-03"), ligne("30", "")]
    assert [x.record_id for x in rejeu.ordonner(melange)] == ["30", "9", "10", "2"]


# --- the pass over the base: twins ---


def test_la_passe_ne_reunit_jamais_des_prenoms_de_jumelles(monde, monkeypatch):
    """Even when the weights alone would say that it is sure."""
    poser(monde, 0, prenom="Lucie", ine="")
    poser(monde, 0, prenom="Lucile", ine="")
    monkeypatch.setattr(masse, "zone", lambda probabilite: "automatique")
    passe = masse.rapprocher_tout(processus=1)
    assert (passe.bilan["reunis"], passe.bilan["proposes"]) == (0, 1)
    assert Jeune.objects.vivants().count() == 2


# --- re-learning from decisions ---


def trancher(monde, a, b, etat, par):
    a, b = sorted([a, b], key=lambda j: j.pk)
    bassin, arbitre, academie = services.bassin_et_arbitre(a, b)
    return Paire.objects.create(
        a=a, b=b, signalement_a=a.identite, signalement_b=b.identite, etat=etat, decidee_par=par,
        decidee_le=timezone.now(), bassin=bassin, arbitre=arbitre, academie=academie, probabilite=0.5,
    )  # fmt: skip


@pytest.fixture
def decisions(monde):
    """Two decisions of people (one each way), one of the machine, one waiting."""
    jeunes = [poser(monde, rang) for rang in range(6)]
    trancher(monde, jeunes[0], jeunes[1], "meme", monde.celia)
    trancher(monde, jeunes[2], jeunes[3], "differents", monde.celia)
    trancher(monde, jeunes[0], jeunes[4], "meme", None)
    trancher(monde, jeunes[0], jeunes[5], "a_decider", None)
    return jeunes


def test_seules_les_decisions_des_personnes_enseignent(monde, decisions):
    lues = reapprentissage.decisions_des_personnes()
    assert [t.meme for t in lues] == [True, False]
    confirme = signalement(monde.lycee, monde.alice, 7)
    Rattachement.objects.create(signalement=confirme, jeune=decisions[5], mode="confirme", par=monde.alice)
    services.memoriser_empreinte(confirme, decisions[5])
    assert [t.meme for t in reapprentissage.decisions_des_personnes()] == [True, False, True]


def test_reapprendre_ecrit_un_modele_a_cote_et_dit_ce_qu_il_change(
    monde, decisions, tmp_path, monkeypatch, capsys
):
    sortie = tmp_path / "corrige.json"
    with pytest.raises(CommandError, match="2 décisions de personnes : il en faut au moins 50"):
        call_command("apprendre_poids", decisions=True, sortie=str(sortie))
    assert not sortie.exists()
    lue = reapprentissage.decisions_des_personnes()[1]
    beaucoup = [lue] * 60
    monkeypatch.setattr(
        "dedoublonnage.management.commands.apprendre_poids.decisions_des_personnes", lambda: beaucoup
    )
    en_usage = (DOSSIER_MODELES / "actuel.txt").read_text()
    call_command("apprendre_poids", decisions=True, sortie=str(sortie), nom="essai", force=5.0)
    contenu = json.loads(sortie.read_text(encoding="utf-8"))
    provenance = contenu["provenance"]
    assert contenu["version"] == "essai" and provenance["depart"] == en_usage.strip()
    assert (provenance["decisions"], provenance["confirmees"]) == (60, 0)
    assert provenance["perte_apres"] <= provenance["perte_avant"]
    assert '"accord_avant_pct"' in capsys.readouterr().out
    assert (DOSSIER_MODELES / "actuel.txt").read_text() == en_usage
    avant, apres, cadre = Modele.charger(), Modele.charger(str(sortie)), services.contexte()
    assert apres.peser(lue.a, lue.b, cadre) < avant.peser(lue.a, lue.b, cadre)


def test_on_n_ecrase_pas_le_modele_en_usage(db):
    en_usage = (DOSSIER_MODELES / "actuel.txt").read_text().strip()
    with pytest.raises(CommandError, match="est le modèle en usage"):
        call_command("apprendre_poids", decisions=True, nom=en_usage)
    with pytest.raises(CommandError, match="l'un des deux"):
        call_command("apprendre_poids")


def test_exporter_les_identites_sans_pyarrow_le_dit_et_n_ecrit_rien(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    sortie = tmp_path / "reglages.json"
    with pytest.raises(CommandError, match="pyarrow, que le portail n’installe pas"):
        call_command("exporter_modele_splink", str(sortie), parquet=str(tmp_path / "identites.parquet"))
    assert list(tmp_path.iterdir()) == []


def test_exporter_les_identites_du_portail(monde, tmp_path):
    from pyarrow import parquet

    premier, second, oppose = (signaler(monde.lycee, monde.alice, rang) for rang in (0, 0, 1))
    Jeune.objects.filter(rattachements__signalement=oppose).update(oppose_le=timezone.now())
    fichier = tmp_path / "identites.parquet"
    call_command("exporter_modele_splink", str(tmp_path / "reglages.json"), parquet=str(fichier))
    lignes = parquet.read_table(fichier).to_pylist()
    assert [ligne["unique_id"] for ligne in lignes] == [premier.empreinte.pk, second.empreinte.pk]
    assert {ligne["jeune"] for ligne in lignes} == {premier.empreinte.jeune_id}
    assert {ligne["nom"] for ligne in lignes} == {"DUVIVIER"}
    assert fichier.stat().st_mode & 0o077 == 0
    trace = Trace.objects.get(quoi="identites_splink")
    assert (trace.action, trace.details["lignes"]) == ("export", 2)

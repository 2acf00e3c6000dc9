"""The file for the evaluator: nobody can be found again in it, and its columns are documented."""

import csv
import io
import random
import zipfile
from collections import Counter
from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from qualit.journal.models import Trace
from signalements.models import Signalement
from statistiques import recherche, services
from statistiques.anonymat import generaliser, plus_petit_groupe
from statistiques.dimensions import DIMENSIONS
from statistiques.indicateurs import calculer
from statistiques.portees import lieu_academie
from statistiques.relation import Champ

from .monde import connecter, construire
from .mondes_aleatoires import peupler_au_hasard

AU = date(2024, 6, 30)


@pytest.fixture
def m(db):
    monde = construire()
    peupler_au_hasard(monde, 5, jeunes=140)
    services.rafraichir_tout()
    return monde


def preparer(m, code="A" * 12, k=5, campagnes=(2022, 2023)):
    return recherche.preparer(lieu_academie(m.academie), campagnes, AU, code, k)


@pytest.mark.parametrize("k", [5, 8])
def test_aucune_combinaison_n_est_portee_par_moins_de_k_lignes(m, k):
    fichier = preparer(m, k=k)
    groupes = Counter(tuple(x[c] for c in recherche.IDENTIFIANTES) for x in fichier.lignes)
    assert fichier.lignes and min(groupes.values()) >= k == fichier.demande <= fichier.k
    comptes = [
        calculer(Champ(lieu_academie(m.academie), c, AU), ["jeunes"], DIMENSIONS)[()]["jeunes"].valeur
        for c in (2022, 2023)
    ]
    assert len(fichier.lignes) + fichier.retirees == sum(comptes)


@pytest.mark.parametrize("graine", range(8))
def test_generaliser_sur_des_lignes_au_hasard(graine):
    hasard = random.Random(graine)
    lignes = [
        {"a": hasard.choice("123456"), "b": hasard.choice("FM"), "c": n}
        for n in range(hasard.randrange(3, 200))
    ]
    echelle = [("a", lambda v: "1-3" if v in "123" else "4-6"), ("a", lambda v: "*"), ("b", lambda v: "*")]
    sortie, changees = generaliser(lignes, ["a", "b"], echelle, 5)
    gardees = [x for x in sortie if x]
    assert not gardees or plus_petit_groupe(gardees, ["a", "b"]) >= 5
    assert len(sortie) == len(lignes) and all(
        x is None or x["c"] == y["c"] for x, y in zip(sortie, lignes, strict=True)
    )
    assert changees["a"] == sum(x["a"] != y["a"] for x, y in zip(sortie, lignes, strict=True) if x)


def test_les_pseudonymes_tiennent_dans_un_fichier_et_changent_d_un_fichier_a_l_autre(m, settings):
    un, encore, autre = preparer(m), preparer(m), preparer(m, code="B" * 12)
    de = lambda f: {x["pseudonyme"] for x in f.lignes}  # noqa: E731
    assert de(un) == de(encore) and not de(un) & de(autre)
    assert un.lignes == sorted(un.lignes, key=lambda x: (x["pseudonyme"], x["campagne"]))
    settings.CLE_RECHERCHE = "une autre clé"
    assert not de(preparer(m)) & de(un), "sans la clé, un pseudonyme ne se refait pas"


def test_l_archive_est_documentee_et_ne_nomme_personne(m, client):
    connecter(client, m.rene)
    reponse = client.post(
        reverse("statistiques:recherche"),
        {
            "campagnes": ["2022", "2023"],
            "au": "30/06/2024",
            "k": "5",
            "motif": "Convention 12, université de Caen",
        },
    )
    assert reponse["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(reponse.content))
    textes = {
        nom: archive.read(nom).decode("utf-8-sig") for nom in archive.namelist() if not nom.endswith(".pdf")
    }
    donnees = list(csv.DictReader(io.StringIO(textes["donnees.csv"]), delimiter=";"))
    decrites = {x["colonne"] for x in csv.DictReader(io.StringIO(textes["dictionnaire.csv"]), delimiter=";")}
    assert (
        donnees
        and set(donnees[0]) == decrites
        and all(nom in textes["dictionnaire.html"] for nom in decrites)
    )
    assert "5 lignes au moins" in textes["dictionnaire.html"]
    tout = "".join(textes.values())
    for interdit in (*Signalement.objects.values_list("nom_naissance", flat=True), m.lycee.code, m.lycee.nom):
        assert interdit not in tout
    trace = Trace.objects.get(quoi="fichier_recherche")
    assert (trace.motif, trace.details["lignes"]) == ("Convention 12, université de Caen", len(donnees))
    assert trace.details["diffusion"] in reponse["Content-Disposition"]


def test_les_codes_ecrits_sont_ceux_du_dictionnaire(m):
    connus = {nom: {code for code, _ in valeurs} for nom, _, valeurs in recherche.dictionnaire() if valeurs}
    vagues = {"", "*", "mineur", "majeur", "scolaire", "agricole", "autre", "14", "50", "61"}
    for ligne in preparer(m).lignes:
        for nom, codes in connus.items():
            assert str(ligne[nom]) in codes | vagues, (nom, ligne[nom])


def test_seul_le_pilote_l_obtient_et_jamais_sous_le_seuil(m, client):
    with pytest.raises(PermissionDenied):
        recherche.diffuser(lieu_academie(m.academie), [2023], AU, k=5, motif="Essai", par=m.rita)
    with pytest.raises(ValueError):
        preparer(m, k=2)
    connecter(client, m.rene)
    envoi = {"campagnes": ["2023"], "au": "30/06/2024", "k": "2", "motif": "", "code": "xyz"}
    refus = client.post(reverse("statistiques:recherche"), envoi)
    assert refus.status_code == 200 and {"k", "motif", "code"} == set(refus.context["form"].errors)
    assert not Trace.objects.filter(quoi="fichier_recherche").exists()

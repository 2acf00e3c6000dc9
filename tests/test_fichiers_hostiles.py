"""What is no list of reports is refused in French, stores nothing and breaks nothing; nor does a damaged list.

The time that each refusal takes: `python benchmarks/import.py hostiles`.
"""

import io
import json
import re
import time
from collections import Counter
from pathlib import Path

import pytest
import xlsxwriter
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from dedoublonnage.imports.analyse import Analyse
from dedoublonnage.imports.modeles import Import, LigneImport
from qualit.echanges import lecture
from qualit.echanges.lecture import lire
from qualit.echanges.refus import FichierIllisible
from signalements.listes.colonnes import reconnaitre
from signalements.listes.lignes import Lecteur
from signalements.models import Signalement
from tests.fichiers_hostiles import corpus, feuilles_partagees, mutations
from tests.monde import connecter

CORPUS = dict(corpus())
ERREUR = re.compile(r'fr-message--error">([^<]{20,})<')
TECHNIQUE = re.compile(r"Traceback|Error\b|Exception|None|xml|zip|codec|object at|This field|Enter a")


def test_le_corpus_est_fourni():
    assert len(CORPUS) >= 80


@pytest.mark.django_db
@pytest.mark.parametrize("nom", CORPUS)
def test_un_fichier_hostile_est_refuse_en_francais_et_ne_laisse_rien(client, monde, nom):
    connecter(client, monde.alice)
    reponse = client.post(reverse("imports:nouveau"), {"fichier": SimpleUploadedFile(nom, CORPUS[nom])})
    assert reponse.status_code == 200
    dit = ERREUR.search(reponse.content.decode())
    assert dit, "refusé sans le dire"
    assert not TECHNIQUE.search(dit.group(1)), dit.group(1)
    assert (
        not Import.objects.exists() and not LigneImport.objects.exists() and not Signalement.objects.exists()
    )


# --- Long workbooks are read whole, or refused --------------------------------------------------------------


def classeur_de(*hauteurs):
    """A workbook with one sheet for each of these numbers of rows."""
    sortie = io.BytesIO()
    with xlsxwriter.Workbook(sortie, {"in_memory": True}) as classeur:
        for rang, hauteur in enumerate(hauteurs, 1):
            feuille = classeur.add_worksheet(f"Classe {rang}")
            for ligne in range(hauteur):
                feuille.write_row(ligne, 0, ["Yver", "Zoé"])
    return sortie.getvalue()


@pytest.mark.parametrize("hauteurs", [(9, 4), (4, 9), (13,)])
def test_un_classeur_trop_long_par_toutes_ses_feuilles_est_refuse_et_non_coupe(monkeypatch, hauteurs):
    monkeypatch.setattr(lecture, "LIGNES_MAXIMUM", 10)
    monkeypatch.setattr(lecture, "TITRES_MAXIMUM", 2)
    assert [len(f.lignes) for f in lire(classeur_de(8, 4), "liste.xlsx").feuilles] == [8, 4]
    with pytest.raises(FichierIllisible, match="dépasse 10 lignes, toutes feuilles comprises"):
        lire(classeur_de(*hauteurs), "liste.xlsx")


def test_toutes_les_feuilles_d_un_classeur_sont_lues():
    feuilles = lire(classeur_de(*[2] * 20), "liste.xlsx").feuilles
    assert [f.nom for f in feuilles] == [f"Classe {rang}" for rang in range(1, 21)]
    assert all(len(f.lignes) == 2 for f in feuilles)


def test_un_classeur_de_plus_de_cent_feuilles_est_refuse_et_non_coupe():
    assert len(lire(classeur_de(*[1] * 100), "liste.xlsx").feuilles) == 100
    with pytest.raises(FichierIllisible, match="plus de 100 feuilles"):
        lire(classeur_de(*[1] * 101), "liste.xlsx")


@pytest.mark.parametrize("nombre", [2, 600])
def test_des_feuilles_qui_n_en_sont_qu_une_sont_refusees_aussitot(nombre):
    debut = time.monotonic()
    with pytest.raises(FichierIllisible, match="abîmé ou incomplet"):
        lire(feuilles_partagees(nombre), "liste.xlsx")
    assert time.monotonic() - debut < 2


# --- The other routes that take a file ---------------------------------------------------------------------

#: Route of each upload but that of the reports, who may use it, what goes with the file.
DEPOTS = {
    "structures": (("territoire:importer_structures",), "rene", {}),
    "nomenclatures": (("territoire:referentiel", "nomenclatures"), "rene", {"motif": "Essai"}),
    "communes": (("territoire:referentiel", "communes"), "rene", {"motif": "Essai"}),
    "bassins": (("territoire:referentiel", "bassins"), "rene", {"motif": "Essai"}),
    "invitations": (("territoire:inviter_fichier",), "rene", {}),
    "feuille de suivi": (("suivi:feuille",), "omar", {}),
}
#: Some of each kind of the corpus: empty, too much, XML that attacks, zips that lie, something else, broken text.
ECHANTILLON = [
    "vide.csv", "titres-seuls.csv", "marque-utf16.csv", "classeur-sans-feuille.xlsx",
    "cent-mega.xlsx", "ligne-sans-fin.csv", "bombe.xlsx", "dix-mille-parties.xlsx", "lignes-repetees.ods", "profond.xlsx",
    "xxe.xlsx", "milliard-de-rires.ods", "xml-coupe.xlsx", "relation-dehors.xlsx",
    "coupe-au-tiers.xlsx", "taille-menteuse.xlsx", "zip-protege.xlsx", "zip-dans-zip.xlsx",
    "ancien.xls", "macros.xlsm", "acrobat.csv", "programme.csv", "../../dehors.php", "hasard.xlsx",
    "guillemets.csv", "utf16-coupe.csv",
]  # fmt: skip
JOURNAUX = {"journal.Trace", "sessions.Session", "usersessions.UserSession"}


def contenu_de_la_base():
    """{table: number of rows}, without what any request writes."""
    modeles = [m for m in apps.get_models() if m._meta.managed and m._meta.label not in JOURNAUX]
    return {m._meta.label: m._base_manager.count() for m in modeles}


@pytest.mark.django_db
@pytest.mark.parametrize("depot", DEPOTS)
def test_chaque_depot_refuse_un_fichier_hostile_en_francais_et_ne_garde_rien(client, monde, depot):
    (route, *arguments), qui, champs = DEPOTS[depot]
    adresse = reverse(route, args=arguments)
    connecter(client, getattr(monde, qui))
    avant = contenu_de_la_base()
    for nom in ECHANTILLON:
        fichier = SimpleUploadedFile(nom, CORPUS[nom])
        reponse = client.post(adresse, {"fichier": fichier} | champs)
        assert reponse.status_code == 200, f"{nom} : {reponse.status_code}"
        dit = ERREUR.search(reponse.content.decode())
        assert dit and not TECHNIQUE.search(dit.group(1)), f"{nom} : {dit and dit.group(1)}"
    assert contenu_de_la_base() == avant


def test_aucun_depot_n_est_oublie():
    """A view that reads an uploaded file is tried above, or is that of the reports."""
    vues = [p for app in ("dedoublonnage", "gab", "qualit", "signalements", "statistiques", "suivi")
            for p in (settings.BASE_DIR / app).rglob("*.py")]  # fmt: skip
    lisent = {p.relative_to(settings.BASE_DIR) for p in vues if "request.FILES" in p.read_text()}
    connus = {
        Path(p)
        for p in (
            "dedoublonnage/imports/views.py",
            "qualit/acteurs/views/personnes.py",
            "qualit/acteurs/views/referentiels.py",
            "qualit/acteurs/views/structures.py",
            "suivi/views/feuille.py",
        )
    }
    assert lisent == connus


# --- Damaged lists -----------------------------------------------------------------------------------------


def lire_ou_refuser(nom, contenu):
    """(the table, its headings or None), or None when it is refused in French; anything else breaks the test."""
    try:
        tableau = lire(contenu, nom)
        return tableau, reconnaitre(tableau)
    except FichierIllisible as refus:
        assert len(str(refus)) > 20 and not TECHNIQUE.search(str(refus)), str(refus)
        return None


def sans_ecriture(execute, sql, params, many, context):
    """Wrapper of the database: only reads go through."""
    assert sql.lstrip().startswith("SELECT"), sql
    return execute(sql, params, many, context)


def analyser(tableau, entete, structure):
    """Each row through what the background task does with it, without its net for the unexpected. {status: rows}.

    What would be stored must be storable, and a refused row says why in French.
    """
    analyse, comptes = Analyse(Lecteur(entete.colonnes, structure)), Counter()
    for numero, cellules in tableau.feuilles[entete.feuille].lignes[entete.debut :]:
        verdict = analyse.examiner(numero, cellules)
        ligne = verdict.ligne
        assert 0 < ligne.numero < 2**31
        garde = [cellules, ligne.donnees, ligne.contacts, ligne.responsables, ligne.raisons, ligne.remarques]
        ecrit = json.dumps([*garde, verdict.candidats], ensure_ascii=False, allow_nan=False)
        assert ecrit.encode() and "\\u0000" not in ecrit
        assert bool(ligne.raisons) == (verdict.statut == LigneImport.Statut.REFUSEE)
        for raison in (*ligne.raisons, *ligne.remarques):
            dite = re.sub("«.*»", "", raison, flags=re.DOTALL)  # not what the row says
            assert (
                re.match("[A-ZÉÀ]", dite) and dite.endswith((".", "?", ";")) and not TECHNIQUE.search(dite)
            ), raison
        comptes[verdict.statut] += 1
    return comptes


def parcourir(structure, listes_abimees):
    """Read these files, then their rows. (number read, number whose rows were examined, {status: rows})."""
    lus = examines = 0
    comptes = Counter()
    with connection.execute_wrapper(sans_ecriture):
        for une in listes_abimees:
            ouverte = lire_ou_refuser(*une)
            lus += ouverte is not None
            if ouverte is not None and ouverte[1] is not None:
                comptes += analyser(*ouverte, structure)
                examines += 1
    return lus, examines, comptes


@pytest.mark.django_db
def test_une_liste_abimee_se_lit_jusqu_a_ses_lignes_ou_se_refuse(monde):
    lus, examines, comptes = parcourir(monde.lycee, mutations(300))
    assert 0 < lus < 300 and examines >= 50
    assert comptes[LigneImport.Statut.NOUVELLE] and comptes[LigneImport.Statut.REFUSEE]


@pytest.mark.long
@pytest.mark.django_db
def test_deux_mille_listes_abimees_se_lisent_jusqu_a_leurs_lignes_ou_se_refusent(monde):
    lus, examines, comptes = parcourir(monde.lycee, mutations(2_000, graine=3))
    assert 0 < lus < 2_000 and examines >= 500
    assert all(comptes[s] for s in ("nouvelle", "refusee", "deja_envoyee", "a_decider")), comptes

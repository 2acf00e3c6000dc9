"""The pages of a list, from the file to the undo; what is refused says why and stores nothing."""

import io
import itertools
import json
import re
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from dedoublonnage import services as identites
from dedoublonnage import taches
from dedoublonnage.imports import classeurs, memoire, services, views
from dedoublonnage.imports.analyse import Analyse
from dedoublonnage.imports.modeles import Correspondance, Import, LigneImport
from dedoublonnage.models import Jeune, Paire
from qualit.echanges.lecture import FichierIllisible, lire
from qualit.journal.models import Trace
from qualit.territoire.nomenclatures import choix, libelle
from signalements.listes.colonnes import CHAMPS, reconnaitre
from signalements.models import EtatSignalement, Signalement
from tests import fichiers_hostiles, listes
from tests.monde import connecter, signaler
from tests.test_imports import deposer, importer, jeunes, jumeaux, liste, triplees
from tests.test_saisie_identite import masquer

pytestmark = pytest.mark.django_db
Etape, Statut = Import.Etape, LigneImport.Statut


@pytest.fixture
def alice(client, monde):
    return connecter(client, monde.alice)


def adresse(page, lot=None):
    return reverse(f"imports:{page}", args=[lot.reference] if lot else [])


def envoyer_fichier(client, contenu, nom="liste.csv"):
    return client.post(adresse("nouveau"), {"fichier": SimpleUploadedFile(nom, contenu)})


def choix_proposes(lot):
    return {f"colonne-{c.rang}": c.champ for c in services.colonnes(lot)}


def test_du_fichier_au_compte_rendu(alice):
    tous = jeunes(3)
    rangs = listes.rangees(tous)
    rangs[2][2] = "31/02/2008"
    reponse = envoyer_fichier(alice, listes.csv_de(rangs))
    lot = Import.objects.get()
    assert reponse["Location"] == adresse("colonnes", lot)
    page = alice.get(adresse("colonnes", lot)).content.decode()
    assert "Nom de naissance" in page and tous[0]["nom"] in page
    assert alice.post(adresse("colonnes", lot), choix_proposes(lot))["Location"] == adresse("valeurs", lot)
    assert "Quelle formation suit chaque classe" in alice.get(adresse("valeurs", lot)).content.decode()
    assert alice.post(adresse("valeurs", lot), {"classe-0": "Bac pro"})["Location"] == adresse("suivi", lot)
    page = alice.get(adresse("suivi", lot)).content.decode()
    assert "Rien n’est encore envoyé" in page and "Envoyer 2 signalements" in page and "1 refusée" in page
    assert "existe pas" in alice.get(adresse("suivi", lot), {"voir": "refusees"}).content.decode()
    alice.post(adresse("confirmer", lot))
    page = alice.get(adresse("suivi", lot)).content.decode()
    assert "2 signalements envoyés" in page and Signalement.objects.count() == 2


def test_une_colonne_obligatoire_qui_manque_est_demandee(alice):
    envoyer_fichier(
        alice, listes.csv_de([["Yver", "Zoé", "12/03/2008", "x"]], ["Nom", "Prénom", "Né(e) le", "Bloc"])
    )
    lot = Import.objects.get()
    page = alice.get(adresse("colonnes", lot)).content.decode()
    assert "Il manque une information" in page and "donnez la date de sortie une seule fois" in page
    reponse = alice.post(adresse("colonnes", lot), choix_proposes(lot))
    assert reponse.status_code == 200 and "Date de sortie" in reponse.content.decode()
    doublee = choix_proposes(lot) | {"colonne-3": "prenom", "date_sortie": "01/09/2026"}
    assert "n’en gardez qu’une" in alice.post(adresse("colonnes", lot), doublee).content.decode()
    reponse = alice.post(adresse("colonnes", lot), choix_proposes(lot) | {"date_sortie": "01/09/2026"})
    assert reponse["Location"] == adresse("valeurs", lot)


def test_seule_la_date_de_sortie_se_donne_pour_toute_la_liste(alice):
    envoyer_fichier(
        alice, listes.csv_de([["Yver", "12/03/2008", "1/9/26"]], ["Nom", "Né(e) le", "Date de sortie"])
    )
    page = alice.get(adresse("colonnes", Import.objects.get())).content.decode()
    assert "Prénom : dites plus bas" in page and "une seule fois" not in page


def test_une_nature_de_sortie_inconnue_et_laissee_refuse_ses_lignes(alice):
    rangs = listes.rangees(jeunes(2))
    rangs[0][9] = "Parti chez sa tante"
    envoyer_fichier(alice, listes.csv_de(rangs))
    lot = Import.objects.get()
    alice.post(adresse("colonnes", lot), choix_proposes(lot))
    assert "Aucune : refuser ces lignes" in alice.get(adresse("valeurs", lot)).content.decode()
    alice.post(adresse("valeurs", lot), {"nature_sortie-0": ""})
    assert [ligne.statut for ligne in lot.lignes.all()] == [Statut.REFUSEE, Statut.NOUVELLE]


@pytest.mark.parametrize(
    ("nom", "contenu", "dit"),
    [
        ("l.csv", b"", "vide"),
        ("l.pdf", b"%PDF", "pas accepté"),
        ("../../l.xlsx", b"PK\x03\x04rien", "abîmé"),
        ("l.csv", b"\n", "aucune ligne"),
    ],
)
def test_un_fichier_illisible_est_refuse_sans_rien_garder(alice, nom, contenu, dit):
    reponse = envoyer_fichier(alice, contenu, nom)
    assert reponse.status_code == 200 and dit in reponse.content.decode()
    assert not Import.objects.exists()


#: What neither the database nor a workbook holds, or nobody sees.
IMPOSSIBLES = ["\x00", "\x01", "\x0b", "\x1f", "\x7f", "\ufffe", "\uffff"]
SANS_ECHAPPEMENT = [
    ("xlsx", "\ufffe"),
    ("xlsx", "\uffff"),
]  # the maker of the test's workbooks spells them out


@pytest.mark.parametrize(
    ("genre", "caractere"),
    [c for c in itertools.product(("xlsx", "ods", "csv"), IMPOSSIBLES) if c not in SANS_ECHAPPEMENT],
    ids=ascii,
)
def test_un_caractere_impossible_est_ote_ou_refuse_en_francais(alice, genre, caractere):
    rangs = listes.rangees(tous := jeunes(2))
    rangs[1][2] = "31/02/2008"
    titres, *rangs = [[c + caractere for c in rang] for rang in (listes.TITRES, *rangs)]
    rangs.append([caractere])
    contenu = {
        "xlsx": lambda: listes.xlsx_de(rangs, titres),
        "ods": lambda: fichiers_hostiles.ods(fichiers_hostiles.rangees_ods([titres, *rangs])),
        "csv": lambda: listes.csv_de(rangs, titres),
    }[genre]()
    reponse = envoyer_fichier(alice, contenu, f"liste{caractere}.{genre}")
    if genre == "csv" and caractere < "\x1f":
        assert "n’est pas un tableau de texte" in reponse.content.decode() and not Import.objects.exists()
        return
    lot = Import.objects.get()
    assert alice.post(adresse("colonnes", lot), choix_proposes(lot))["Location"] == adresse("valeurs", lot)
    alice.get(adresse("valeurs", lot))
    alice.post(adresse("valeurs", lot), {"classe-0": f"Bac pro{caractere}"})
    [bonne, refusee] = lot.lignes.all()
    assert (bonne.statut, bonne.remarques) == (Statut.NOUVELLE, []) and bonne.cellules[0].strip() == tous[0][
        "nom"
    ]
    assert (
        refusee.statut == Statut.REFUSEE
        and len(refusee.raisons) == 1
        and "n’existe pas" in refusee.raisons[0]
    )
    assert lire(alice.get(adresse("refusees", lot)).content, "a-corriger.xlsx").feuilles[0].lignes[1][0] == 2
    alice.post(adresse("confirmer", lot))
    assert Signalement.objects.get().nom_naissance == tous[0]["nom"]


def test_les_lignes_refusees_se_telechargent_se_corrigent_et_se_renvoient(alice, monde):
    tous = jeunes(3)
    rangs = listes.rangees(tous)
    rangs[1][2], rangs[1][0] = "31/02/2008", "=cmd()" + tous[1]["nom"]
    lot = importer(monde, listes.csv_de(rangs))
    contenu = alice.get(adresse("refusees", lot)).content
    assert Trace.objects.filter(quoi="import_refusees").exists()
    [feuille] = lire(contenu, "a-corriger.xlsx").feuilles
    titres, corrigee = feuille.lignes[0][1], list(feuille.lignes[1][1])
    assert corrigee[0] == 3 and "n’existe pas" in corrigee[1] and len(feuille.lignes) == 2
    corrigee[titres.index("Date de naissance")] = f"{tous[1]['naissance']:%d/%m/%Y}"
    corrigee[titres.index("Nom de naissance")] = tous[1]["nom"]
    second = importer(monde, listes.xlsx_de([corrigee], titres), nom="a-corriger.xlsx")
    assert second.bilan["importees"] == 1 and Signalement.objects.count() == 3


def test_decider_une_ligne(alice, monde):
    _, lot = jumeaux(monde)
    page = alice.get(adresse("suivi", lot)).content.decode()
    assert "Décider (1)" in page and "Envoyer 1" not in page
    assert (
        alice.post(adresse("confirmer", lot)).status_code == 302 and Import.objects.get().etape == Etape.PRET
    )
    assert "Ce n’est pas le même" in alice.get(adresse("decider", lot)).content.decode()
    alice.post(adresse("decider", lot), {"ligne-2-1": "n'importe quoi", "ligne-9999-1": "meme"})
    assert lot.lignes.get().reponse == ""
    alice.post(adresse("decider", lot), {"ligne-2-1": "different"})
    assert "Envoyer 1 signalement" in alice.get(adresse("suivi", lot)).content.decode()


def test_repondre_pendant_qu_un_collegue_confirme_dit_ou_en_est_la_liste(alice, monde, monkeypatch):
    _, lot = jumeaux(monde)
    alice.post(adresse("decider", lot), {"ligne-2-1": "different"})
    trouver = views._import

    def puis_confirmee(*args):
        trouve = trouver(*args)
        services.confirmer(Import.objects.get(), par=monde.andre)
        return trouve

    with monkeypatch.context() as m:
        m.setattr(views, "_import", puis_confirmee)
        reponse = alice.post(adresse("decider", lot), {"ligne-2": "ecarter"})
    assert reponse["Location"] == adresse("suivi", lot)
    assert "Vos réponses ne sont pas prises" in alice.get(adresse("suivi", lot)).content.decode()
    assert lot.lignes.get().reponse == LigneImport.Reponse.DIFFERENT


def test_decider_entre_plusieurs_candidats(alice, monde):
    connues, lot = triplees(monde)
    assert "(et à 1 autre fiche)" in alice.get(adresse("suivi", lot)).content.decode()
    page = alice.get(adresse("decider", lot)).content.decode()
    assert all(f"{une}, signalé le" in page for une in connues) and page.count("<table>") == 2
    for champ in ("ligne-2-1", "ligne-2-2"):
        assert re.findall(rf'type="radio" [^>]*name="{champ}" value="(\w+)"', page) == [
            "meme", "different", "inconnu"
        ]  # fmt: skip
    assert "checked" not in page
    alice.post(adresse("decider", lot), {"ligne-2": "", "ligne-2-1": "different"})
    page = alice.get(adresse("decider", lot)).content.decode()
    assert re.findall(r'id="([\w-]+)"[^>]* checked', page) == ["ligne-2-1-different"]
    reponse = alice.post(adresse("decider", lot), {"ligne-2": "", "ligne-2-2": "meme"})
    assert reponse["Location"] == adresse("suivi", lot)
    seconde = Signalement.objects.get(pk=lot.lignes.get().candidats[1]["signalement"])
    assert f"Ressemble à {seconde}, signalé le" in alice.get(adresse("suivi", lot)).content.decode()
    alice.post(adresse("confirmer", lot))
    envoye = lot.lignes.get().signalement
    assert envoye.rattachements.get().jeune == seconde.rattachements.get().jeune


def test_ne_pas_envoyer_une_ligne(alice, monde):
    _, lot = triplees(monde)
    alice.post(adresse("decider", lot), {"ligne-2": ["", "ecarter"]})
    assert 'name="ligne-2" value="ecarter" checked' in alice.get(adresse("decider", lot)).content.decode()
    assert "Ne sera pas envoyée" in alice.get(adresse("suivi", lot)).content.decode()
    alice.post(adresse("decider", lot), {"ligne-2": ""})
    assert "Décider (1)" in alice.get(adresse("suivi", lot)).content.decode()


def test_repondre_je_ne_sais_pas_a_toutes(alice, monde):
    _, lot = jumeaux(monde)
    alice.post(adresse("decider", lot), {"toutes": "1"})
    assert lot.lignes.get().reponse == LigneImport.Reponse.INCERTAIN


def test_les_reponses_cochees_l_emportent_sur_je_ne_sais_pas_pour_les_autres(alice, monde):
    connu, _ = jumeaux(monde)
    v = {"nom": connu.nom_naissance, "naissance": connu.date_naissance, "sortie": connu.date_sortie}
    deux = [
        un | v | {"ine": "", "sexe": "F", "prenom": p}
        for un, p in zip(jeunes(2, 7), ("Manon", "Zoé"), strict=True)
    ]
    lot = deposer(monde, liste(deux))
    une, autre = lot.lignes.filter(statut=Statut.A_DECIDER)
    alice.post(adresse("decider", lot), {"toutes": "1", f"ligne-{une.numero}-1": "different"})
    assert lot.lignes.get(pk=une.pk).reponse == LigneImport.Reponse.DIFFERENT
    assert lot.lignes.get(pk=autre.pk).reponse == LigneImport.Reponse.INCERTAIN


def test_ce_que_le_moteur_dit_deja_signale_se_conteste(alice, monde):
    [v] = jeunes(1)
    signaler(
        monde.lycee, monde.alice, nom_naissance=v["nom"], prenom=v["prenom"], sexe=v["sexe"], ine=v["ine"],
        date_naissance=v["naissance"], date_sortie=v["sortie"],
    )  # fmt: skip
    lot = deposer(monde, liste([v]))
    page = alice.get(adresse("suivi", lot)).content.decode()
    assert "Aucune ligne n’est à envoyer" in page and adresse("decider", lot) in page
    page = alice.get(adresse("decider", lot)).content.decode()
    assert "C’est le même : ne pas renvoyer" in page and 'value="ecarter" checked' in page
    alice.post(adresse("decider", lot), {"ligne-2-1": "different"})
    assert "Envoyer 1 signalement" in alice.get(adresse("suivi", lot)).content.decode()
    alice.post(adresse("confirmer", lot))
    assert Signalement.objects.count() == 2 and Jeune.objects.count() == 2
    assert (
        Paire.objects.get().etat == Paire.Etat.A_DECIDER
    )  # a "no" against the automatic zone goes to the arbiter


def test_la_ligne_deja_envoyee_telle_quelle_ne_se_conteste_pas(alice, monde):
    contenu = liste(jeunes(1))
    importer(monde, contenu)
    lot = deposer(monde, contenu)
    assert "Rien à décider" in alice.get(adresse("decider", lot)).content.decode()
    alice.post(adresse("decider", lot), {"ligne-2-1": "different"})
    assert lot.lignes.get().statut == Statut.DEJA_ENVOYEE and not services.a_envoyer(lot)


def une_ligne_deux_fois(monde):
    """A list whose second row is, for the engine, the jeune of the first (another day of exit)."""
    [v] = jeunes(1)
    lot = deposer(monde, liste([v, v | {"sortie": v["sortie"] - timedelta(days=2)}]))
    premiere, seconde = lot.lignes.all()
    assert (seconde.statut, seconde.jumelle) == (Statut.DEJA_ENVOYEE, 2)
    return lot, premiere, seconde


def test_une_ligne_dite_la_meme_part_a_la_place_de_celle_qui_est_ecartee(alice, monde):
    lot, premiere, seconde = une_ligne_deux_fois(monde)
    alice.post(
        adresse("decider", lot), {f"ligne-{premiere.numero}": "ecarter"}
    )  # not asked: nothing to decide about it
    assert not services.a_promouvoir(lot)
    LigneImport.objects.filter(pk=premiere.pk).update(statut=Statut.A_DECIDER, reponse="ecarter")
    page = (
        alice.get(adresse("suivi", lot)).content.decode()
        + alice.get(adresse("suivi", lot), {"voir": "deja"}).content.decode()
    )
    assert "Envoyer 1 signalement" in page and "une seule fois" not in page
    alice.post(adresse("confirmer", lot))
    seconde.refresh_from_db()
    assert Import.objects.get().etape == Etape.TERMINE and seconde.signalement == Signalement.objects.get()
    assert "à la place de la ligne 2" in seconde.remarques[0]


def test_une_ligne_dite_la_meme_part_a_la_place_de_celle_qui_est_refusee_a_l_envoi(alice, monde):
    lot, premiere, seconde = une_ligne_deux_fois(monde)
    LigneImport.objects.filter(pk=premiere.pk).update(
        donnees=premiere.donnees | {"date_naissance": f"{timezone.localdate():%Y-%m-%d}"}
    )
    alice.post(adresse("confirmer", lot))
    premiere.refresh_from_db()
    seconde.refresh_from_db()
    assert premiere.statut == Statut.REFUSEE and seconde.signalement == Signalement.objects.get()
    page = alice.get(adresse("suivi", lot), {"voir": "nouvelles"}).content.decode()
    assert "une seule fois" not in page and Import.objects.get().bilan["importees"] == 1


@pytest.fixture
def par_deux(monkeypatch):
    """Two rows for each request."""
    monkeypatch.setattr(taches, "TOUT_DE_SUITE", dict.fromkeys(taches.TOUT_DE_SUITE, 2))
    monkeypatch.setattr(views, "SECONDES", dict.fromkeys(views.SECONDES, -1))


def en_lecture(alice, monde, nombre=5):
    """A list whose reading has begun."""
    lot = services.deposer(monde.lycee, "l.csv", liste(jeunes(nombre)), par=monde.alice)
    alice.post(adresse("colonnes", lot), choix_proposes(lot))
    alice.post(adresse("valeurs", lot))
    return lot


EN_JSON = {"Accept": "application/json"}


def test_sans_ouvrier_la_page_porte_le_travail(alice, monde, par_deux):
    lot = en_lecture(alice, monde)
    page = alice.get(adresse("suivi", lot)).content.decode()
    assert "Gardez cette page ouverte" in page and "2</span> lignes sur 5" in page
    assert "s’était arrêté" not in page and f'data-import-avancer="{adresse("avancer", lot)}"' in page
    alice.post(adresse("avancer", lot))
    etat = alice.post(adresse("avancer", lot), headers=EN_JSON).json()
    assert etat == {
        "pourcentage": 100, "faites": 5, "total": 5, "fini": True, "arrete": False, "occupe": False,
    }  # fmt: skip
    assert lot.lignes.count() == 5


def test_un_clic_travaille_plusieurs_secondes(alice, monde, par_deux, monkeypatch):
    lot = en_lecture(alice, monde, nombre=9)
    monkeypatch.setattr(views, "SECONDES", {False: 60})
    alice.post(adresse("avancer", lot))
    assert Import.objects.get().etape == Etape.PRET and lot.lignes.count() == 9


def test_sans_ouvrier_chaque_requete_n_envoie_que_quelques_lignes(alice, monde, par_deux, monkeypatch):
    """The others' sendings wait for the end of each request."""
    monkeypatch.setattr(views, "SECONDES", dict.fromkeys(views.SECONDES, 60))
    lot = deposer(monde, liste(jeunes(7)))
    alice.post(adresse("confirmer", lot))
    faites = [alice.post(adresse("avancer", lot), headers=EN_JSON).json()["faites"] for _ in range(2)]
    assert faites == [4, 6]
    alice.post(adresse("avancer", lot))
    assert Import.objects.get().etape == Etape.TERMINE and Signalement.objects.count() == 7


def test_la_page_attend_quand_un_autre_travaille_sur_la_meme_liste(alice, monde, par_deux, monkeypatch):
    lot = en_lecture(alice, monde)
    monkeypatch.setattr(services, "avancer", lambda lot, *, pas, memo: memo.update(occupe=True) or True)
    etat = alice.post(adresse("avancer", lot), headers=EN_JSON).json()
    assert etat["occupe"] and not etat["fini"] and etat["faites"] == 2


def test_un_import_arrete_reprend_de_lui_meme_quand_on_ouvre_sa_page(alice, monde, par_deux, monkeypatch):
    """Nothing for a minute: a worker that is busy elsewhere, or whose job failed, is not waited for."""
    lot = en_lecture(alice, monde)
    Import.objects.update(avance_le=timezone.now() - timedelta(seconds=61))
    assert "Arrêtée : ouvrez-la pour la reprendre" in alice.get(adresse("liste")).content.decode()
    for present in (False, True):
        monkeypatch.setattr(taches, "ouvrier_present", lambda present=present: present)
        page = alice.get(adresse("suivi", lot)).content.decode()
        assert "Le travail s’était arrêté : il reprend." in page
        assert f'data-import-avancer="{adresse("avancer", lot)}"' in page
    alice.post(adresse("avancer", lot), headers=EN_JSON)
    assert "ouvrez-la pour la reprendre" not in alice.get(adresse("liste")).content.decode()


def test_l_ouvrier_laisse_son_tour_aux_autres_puis_reprend(monde, monkeypatch):
    lot = deposer(monde, liste(jeunes(3)))
    services.confirmer(lot, par=monde.alice)
    monkeypatch.setattr(taches, "TOUR", -1)
    monkeypatch.setattr(services.avancement, "PAS_ENVOI", 2)
    taches.poursuivre_import(lot=lot.pk)
    monkeypatch.undo()
    with connection.cursor() as curseur:
        curseur.execute("SELECT args FROM procrastinate_jobs WHERE task_name LIKE '%poursuivre_import'")
        assert [json.loads(a) for (a,) in curseur.fetchall()] == [{"lot": lot.pk}]
    taches.poursuivre_import(lot=lot.pk)
    assert Import.objects.get().etape == Etape.TERMINE and Signalement.objects.count() == 3


def test_avec_un_ouvrier_la_page_dit_qu_on_peut_partir_et_l_ouvrier_finit(alice, monde, monkeypatch):
    monkeypatch.setattr(taches, "TOUT_DE_SUITE", dict.fromkeys(taches.TOUT_DE_SUITE, 1))
    with connection.cursor() as curseur:
        curseur.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    lot = deposer(monde, liste(jeunes(3)))
    alice.post(adresse("confirmer", lot))
    assert "vous pouvez fermer cette page" in alice.get(adresse("suivi", lot)).content.decode()
    with connection.cursor() as curseur:
        curseur.execute("SELECT args FROM procrastinate_jobs WHERE task_name LIKE '%poursuivre_import'")
        [(arguments,)] = curseur.fetchall()
    taches.poursuivre_import(**json.loads(arguments))
    taches.poursuivre_import(**json.loads(arguments))  # a job taken again after a crash
    assert Import.objects.get().etape == Etape.TERMINE and Signalement.objects.count() == 3


def test_un_import_arrete_se_continue_ou_s_abandonne_meme_avec_un_ouvrier(alice, monde, monkeypatch):
    monkeypatch.setattr(taches, "TOUT_DE_SUITE", dict.fromkeys(taches.TOUT_DE_SUITE, 1))
    monkeypatch.setattr(taches, "ouvrier_present", lambda: True)
    lot = services.deposer(monde.lycee, "l.csv", liste(jeunes(2)), par=monde.alice)
    alice.post(adresse("colonnes", lot), choix_proposes(lot))
    alice.post(adresse("valeurs", lot))
    assert "Continuer" not in alice.get(adresse("suivi", lot)).content.decode()
    Import.objects.update(avance_le=timezone.now() - timedelta(seconds=61))
    page = alice.get(adresse("suivi", lot)).content.decode()
    assert "Continuer</button>" in page and adresse("abandonner", lot) in page
    alice.post(adresse("avancer", lot))
    assert Import.objects.get().etape == Etape.PRET
    assert taches.poursuivre_import.retry_strategy.max_attempts > 1


def test_une_ligne_qui_echoue_sans_raison_connue_est_refusee_et_les_autres_partent(
    alice, monde, monkeypatch, caplog
):
    tous = jeunes(3)
    lot = deposer(monde, liste(tous))
    envoyer = identites.envoyer

    def tomber(signalement, **options):
        if signalement.nom_naissance == tous[1]["nom"]:
            raise KeyError(signalement.nom_naissance)
        return envoyer(signalement, **options)

    monkeypatch.setattr(identites, "envoyer", tomber)
    alice.post(adresse("confirmer", lot))
    assert Import.objects.get().etape == Etape.TERMINE and Signalement.objects.count() == 2
    assert lot.lignes.get(statut=Statut.REFUSEE).raisons == [services.INATTENDU]
    assert "KeyError" in caplog.text and tous[1]["nom"] not in caplog.text


def test_une_ligne_qui_ne_se_lit_pas_est_refusee_et_les_autres_se_lisent(monde, monkeypatch):
    examiner = Analyse.examiner
    monkeypatch.setattr(
        Analyse,
        "examiner",
        lambda self, numero, cellules: examiner(self, numero, cellules if numero != 3 else None),
    )
    lot = deposer(monde, liste(jeunes(3)))
    assert list(lot.lignes.values_list("statut", flat=True)) == [
        Statut.NOUVELLE,
        Statut.REFUSEE,
        Statut.NOUVELLE,
    ]


def test_un_fichier_qui_ne_s_ouvre_plus_ramene_aux_colonnes_avec_un_message(alice, monde, monkeypatch):
    def illisible(lot):
        raise FichierIllisible("Ce fichier est trop long à ouvrir.")

    lot = services.deposer(monde.lycee, "l.csv", liste(jeunes(1)), par=monde.alice)
    for etape, methode, page in (("valeurs", "get", "valeurs"), ("lecture", "post", "avancer")):
        Import.objects.update(etape=etape)
        with monkeypatch.context() as m:
            m.setattr(services.depot, "lignes_du_fichier", illisible)
            reponse = getattr(alice, methode)(adresse(page, lot), follow=True)
        assert (
            "trop long à ouvrir" in reponse.content.decode() and Import.objects.get().etape == Etape.COLONNES
        )


def test_annuler_l_import_depuis_la_page(alice, monde):
    lot = importer(monde, liste(jeunes(2)))
    assert "a donné 2 signalements. Tout sera retiré." in alice.get(adresse("annuler", lot)).content.decode()
    seul = importer(monde, liste(jeunes(1, graine=9)))
    assert "a donné 1 signalement." in alice.get(adresse("annuler", seul)).content.decode()
    alice.post(adresse("annuler", seul))
    alice.post(adresse("annuler", lot))
    assert "sont retirés" in alice.get(adresse("suivi", lot)).content.decode()
    assert set(Signalement.objects.values_list("etat", flat=True)) == {EtatSignalement.ANNULE}


def test_une_longue_annulation_se_dit_en_cours_jusqu_a_sa_fin(alice, monde, par_deux):
    lot = importer(monde, liste(jeunes(3)))
    page = alice.post(adresse("annuler", lot), follow=True).content.decode()
    assert "L’annulation a commencé" in page and "sont retirés" not in page
    gardes = services.signalements_de(lot).exclude(etat=EtatSignalement.ANNULE)
    identites.corriger(gardes.get(), {"adresse": "3 rue Froide"}, par=monde.alice)
    while Import.objects.get().etape == Etape.ANNULATION:
        alice.post(adresse("avancer", lot))
    page = alice.get(adresse("suivi", lot)).content.decode()
    assert "1 signalement a été examiné ou corrigé entre-temps et reste en cours ; les autres" in page


def test_abandonner_depuis_la_page(alice, monde):
    lot = deposer(monde, liste(jeunes(2)))
    alice.post(adresse("abandonner", lot))
    assert not Import.objects.exists()
    termine = importer(monde, liste(jeunes(1)))
    alice.post(adresse("abandonner", termine))
    assert Import.objects.get() == termine


def test_un_candidat_qui_n_est_plus_visible_n_est_plus_montre(alice, monde):
    connu, lot = jumeaux(monde)
    assert str(connu) in alice.get(adresse("decider", lot)).content.decode()
    Signalement.objects.filter(pk=connu.pk).update(structure=monde.lycee_lisieux)
    for page in ("decider", "suivi"):
        assert str(connu) not in alice.get(adresse(page, lot)).content.decode()


def test_un_etablissement_voisin_ne_sait_rien_de_la_liste(client, monde):
    lot = deposer(monde, liste(jeunes(1)))
    connecter(client, monde.basile)
    assert client.get(adresse("suivi", lot)).status_code == 404
    assert lot.nom_fichier not in client.get(adresse("liste")).content.decode()


def _parcours(client, monde, contenu):
    """What alice sees of a list from its file to the end, refused workbook included."""
    connecter(client, monde.alice)
    vues = [envoyer_fichier(client, contenu)]
    lot = Import.objects.latest("pk")
    vues += [client.get(adresse("colonnes", lot)), client.post(adresse("colonnes", lot), choix_proposes(lot))]
    vues += [client.get(adresse("valeurs", lot)), client.post(adresse("valeurs", lot))]
    pages = [{"voir": code} for code in ("nouvelles", "connues", "a_decider", "deja", "refusees")]
    vues += [client.get(adresse("suivi", lot), page) for page in pages]
    vues += [client.get(adresse("decider", lot)), client.post(adresse("decider", lot), {"toutes": "1"})]
    classeur = lire(client.get(adresse("refusees", lot)).content, "r.xlsx")
    vues += [client.post(adresse("confirmer", lot)), *(client.get(adresse("suivi", lot), p) for p in pages)]
    vues += [client.get(adresse("liste")), client.get(adresse("annuler", lot))]
    return [*map(masquer, vues), [f.lignes for f in classeur.feuilles]]


def _mondes(client, monde, contenu, identites):
    """What alice sees of this list with nobody, one and forty-five people of these identities outside her scope."""
    mondes = []
    for ailleurs in (0, 1, 45):
        with transaction.atomic():
            for n in range(ailleurs):
                v = identites[n % len(identites)]
                signaler(
                    monde.lycee_lisieux if n % 2 else monde.cfa, monde.lucie if n % 2 else monde.basile,
                    nom_naissance=v["nom"], prenom=v["prenom"], sexe=v["sexe"], date_naissance=v["naissance"],
                )  # fmt: skip
            mondes.append(_parcours(client, monde, contenu))
            transaction.set_rollback(True)
    return mondes


def test_ce_qui_est_hors_du_perimetre_ne_change_pas_un_octet_d_un_import(client, monde):
    tous = jeunes(3)
    rangs = listes.rangees([*tous, tous[0] | {"sortie": tous[0]["sortie"] - timedelta(days=2)}])
    rangs[2][2] = "31/02/2008"
    mondes = _mondes(client, monde, listes.csv_de(rangs), tous[:1])
    for etape, (sans, un, quarante) in enumerate(zip(*mondes, strict=True)):
        assert sans == un == quarante, f"étape {etape}"


def test_un_candidat_hors_du_perimetre_ne_se_montre_ni_parmi_d_autres_ni_seul(client, monde):
    """A row with two look-alikes in the scope, and one with none: those outside change no byte of either."""
    triplees(monde)
    une, sans_ressemblance = jeunes(2)
    manon = une | {"prenom": "Manon", "sexe": "F", "ine": "", "telephone": ""}
    ailleurs = [manon, sans_ressemblance, manon | {"prenom": "Léa"}, manon | {"prenom": "Lou"}]
    mondes = _mondes(client, monde, liste([manon | {"classe": "TLE"}, sans_ressemblance]), ailleurs)
    pages = [vue[1] for vue in mondes[0][:-1]]
    assert sum("2 fiches lui ressemblent" in page for page in pages) == 1
    for etape, (sans, un, quarante) in enumerate(zip(*mondes, strict=True)):
        assert sans == un == quarante, f"étape {etape}"


def test_le_modele_se_remplit_et_se_relit_sans_rien_changer(monde):
    contenu = classeurs.modele()
    tableau = lire(contenu, "modele.xlsx")
    noms = [f.nom for f in tableau.feuilles]
    assert noms == ["Signalements", "Exemples", "Notice"]
    entete = reconnaitre(tableau)
    assert entete.feuille == 0 and all(c.origine == "connue" for c in entete.colonnes)
    assert [c.champ for c in entete.colonnes] == list(classeurs.MODELE)
    exemples = tableau.feuilles[1]
    titres = exemples.lignes[0][1]
    lot = deposer(
        monde, listes.xlsx_de([ligne for _, ligne in exemples.lignes[1:]], titres), nom="rempli.xlsx"
    )
    assert list(lot.lignes.values_list("statut", "raisons", "remarques")) == [(Statut.NOUVELLE, [], [])] * 2
    assert services.valeurs_a_dire(lot)[0] == {}


def test_une_lecture_perimee_se_refait_d_un_clic(alice, monde):
    """All its rows were "déjà signalé", so that there was nothing to confirm: the page says that they can go now."""
    contenu = liste(jeunes(2))
    premier, second = importer(monde, contenu), deposer(monde, contenu)
    assert "Vérifier de nouveau" not in alice.get(adresse("suivi", second)).content.decode()
    services.annuler(premier, par=monde.andre)
    services.mener_a_bien(premier)
    page = alice.get(adresse("suivi", second)).content.decode()
    assert "2 lignes répétaient des signalements retirés depuis" in page and "Aucune ligne n’est" not in page
    page = alice.post(adresse("relire", second), follow=True).content.decode()
    assert "Envoyer 2 signalements" in page and "Vérifier de nouveau" not in page
    alice.post(adresse("confirmer", second))
    alice.post(adresse("relire", second))
    assert LigneImport.objects.filter(lot=second, signalement__isnull=False).count() == 2


def test_la_notice_du_modele_parle_avec_les_mots_de_ses_listes(monde):
    """It tells a school what to write of an exclusion in the words that it can choose, as they are today."""
    feuilles = {f.nom: f.lignes for f in lire(classeurs.modele(), "modele.xlsx").feuilles}
    notice = " ".join(ligne[0] for _, ligne in feuilles["Notice"])
    cites = set(re.findall(r"dites seulement « (.+?) » ou « (.+?) »", notice)[0])
    assert cites == {
        libelle("natures_sortie", "exclusion_definitive"),
        libelle("motifs", "exclusion_sanction"),
    }
    titres = [titre.removesuffix(" *") for titre in feuilles["Exemples"][0][1]]
    for _, exemple in feuilles["Exemples"][1:]:
        for titre, valeur in zip(titres, exemple, strict=False):
            code = next(c for c in classeurs.MODELE if CHAMPS[c].libelle == titre)
            if valeur and code in classeurs.LISTES:
                assert valeur in dict(choix(classeurs.LISTES[code])).values(), titre


def test_le_modele_vide_dit_qu_il_est_vide(alice):
    reponse = envoyer_fichier(alice, alice.get(adresse("modele")).content, "modele.xlsx")
    assert "aucune ligne sous ses titres" in reponse.content.decode()


def test_ce_qui_sort_n_est_jamais_une_formule(monde):
    rangs = listes.rangees(jeunes(1))
    rangs[0][0], rangs[0][2] = "@SUM(1)", "=1+1"
    lot = deposer(monde, listes.csv_de(rangs))
    with zipfile.ZipFile(io.BytesIO(classeurs.refusees(lot))) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_les_listes_oubliees_sont_effacees(monde):
    abandon, fini = deposer(monde, liste(jeunes(1))), importer(monde, liste(jeunes(2, graine=2)))
    taches.oublier_imports(timestamp=0)
    assert Import.objects.count() == 2 and LigneImport.objects.count() == 3
    vieux = timezone.now() - timedelta(days=90)
    Import.objects.filter(pk=abandon.pk).update(cree_le=vieux)
    Import.objects.filter(pk=fini.pk).update(confirme_le=vieux)
    taches.oublier_imports(timestamp=0)
    assert (
        Import.objects.get() == fini and not LigneImport.objects.exists() and Signalement.objects.count() == 2
    )


def test_ce_que_l_etablissement_a_dit_se_relit_et_s_oublie(alice, monde):
    """Its own answers only; a forgotten one is asked again."""
    memoire.retenir(monde.lycee, "", {"bloc": "classe", "remarques": ""})
    memoire.retenir(monde.lycee, "nature_sortie", {"parti": "demission"})
    memoire.retenir(monde.lycee, "formation", {"2 melec": "Bac pro Métiers de l’électricité"})
    memoire.retenir(monde.lycee_lisieux, "", {"secret": "classe"})
    adresse_ = reverse("imports:memoire")
    page = alice.get(adresse_)
    lues = {(ligne.texte, ligne.quoi, ligne.sens) for ligne in page.context["page"]}
    assert lues == {
        ("bloc", "Titre de colonne", CHAMPS["classe"].libelle),
        ("remarques", "Titre de colonne", "Colonne laissée de côté"),
        ("parti", CHAMPS["nature_sortie"].libelle, "Démission en cours d'année"),
        ("2 melec", "Classe", "Bac pro Métiers de l’électricité"),
    }
    fichier = str(lire(alice.get(adresse_, {"format": "csv"}).getvalue(), "m.csv").feuilles[0].lignes)
    assert "remarques" in fichier and "secret" not in fichier
    ailleurs = Correspondance.objects.get(texte="secret")
    siennes = Correspondance.objects.filter(texte__in=["bloc", "parti"])
    choix = [*siennes.values_list("pk", flat=True), ailleurs.pk, "zz", "²"]
    dit = alice.post(adresse_, {"oublier": choix}, follow=True).content.decode()
    assert "2 réponses oubliées : les questions seront posées" in dit
    assert set(Correspondance.objects.values_list("texte", flat=True)) == {"remarques", "2 melec", "secret"}
    assert Trace.objects.filter(quoi="import_memoire").count() == 1
    assert "Cochez d’abord" in alice.post(adresse_, follow=True).content.decode()

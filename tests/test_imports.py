"""Lists sent by a structure: what each row is, sending, undo, and nothing learnt of what lies outside the scope."""

import io
import json
import random
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from io import StringIO

import pytest
import xlsxwriter
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from dedoublonnage import services as identites
from dedoublonnage.imports import memoire, reponses, services
from dedoublonnage.imports.modeles import Correspondance, Import, LigneImport
from dedoublonnage.imports.services import ImportImpossible
from dedoublonnage.models import Jeune, Paire, Rattachement
from gab import services as gab
from gab.models import Dossier, Mission, Transfert
from qualit.journal.models import Trace
from qualit.rgpd import export
from signalements.models import Contact, EtatSignalement, Origine, Signalement
from signalements.services import poser_question
from tests import listes
from tests.monde import signaler

pytestmark = pytest.mark.django_db
Statut, Reponse = LigneImport.Statut, LigneImport.Reponse


def jeunes(n, graine=1):
    """n invented leavers that the engine cannot take for one another."""
    rng = random.Random(graine)
    tous = [listes.jeune(rng, timezone.localdate()) for _ in range(n)]
    for rang, v in enumerate(tous):
        v["nom"] = f"{''.join(chr(65 + int(c)) for c in f'{graine}{rang:03}')}{v['nom']}"
    return tous


def deposer(monde, contenu, *, par=None, nom="liste.csv", structure=None):
    """A list dropped and read to its end, its columns as they were recognised."""
    par = par or monde.alice
    lot = services.deposer(structure or monde.lycee, nom, contenu, par=par)
    services.choisir_colonnes(lot, {c.rang: c.champ for c in services.colonnes(lot)}, {}, par=par)
    services.demarrer_lecture(lot, par=par)
    services.mener_a_bien(lot)
    return lot


def importer(monde, contenu, **options):
    """A list dropped, read, confirmed and sent."""
    lot = deposer(monde, contenu, **options)
    services.confirmer(lot, par=lot.auteur)
    services.mener_a_bien(lot)
    return lot


def statuts(lot):
    return list(lot.lignes.values_list("statut", flat=True))


def liste(jeunes_):
    return listes.csv_de(listes.rangees(jeunes_))


# --- What each row is --------------------------------------------------------------------------------------


def test_des_jeunes_nouveaux_deviennent_des_signalements_comme_au_formulaire(monde):
    tous = jeunes(3)
    lot = importer(monde, liste(tous))
    assert lot.etape == Import.Etape.TERMINE and lot.bilan["importees"] == 3
    for signalement, v in zip(Signalement.objects.order_by("pk"), tous, strict=True):
        assert signalement.etat == EtatSignalement.ENVOYE and signalement.origine == Origine.IMPORT
        assert (signalement.nom_naissance, signalement.date_naissance) == (v["nom"], v["naissance"])
        assert (
            signalement.auteur == monde.alice
            and signalement.bassin.code == {"14000": "caen", "14100": "lisieux"}[v["code"]]
        )
        assert signalement.contacts.get().type == Contact.Type.TELEPHONE
    assert Dossier.objects.count() == Jeune.objects.count() == 3
    assert Trace.objects.filter(quoi="import_confirme", acteur=monde.alice).exists()


def test_le_meme_fichier_deux_fois_ne_cree_rien_deux_fois(monde):
    contenu = liste(jeunes(4))
    importer(monde, contenu)
    second = importer(monde, contenu)
    assert statuts(second) == [Statut.DEJA_ENVOYEE] * 4 and second.bilan["importees"] == 0
    assert Signalement.objects.count() == 4


def test_une_ligne_corrigee_depuis_le_premier_envoi_est_deja_signalee(monde):
    tous = jeunes(1)
    importer(monde, liste(tous))
    corrige = tous[0] | {"prenom": tous[0]["prenom"].upper(), "telephone": "0639980999", "classe": "TLE"}
    assert statuts(deposer(monde, liste([corrige | {"nom": tous[0]["nom"] + "E"}]))) != [Statut.NOUVELLE]
    assert statuts(deposer(monde, liste([corrige]))) == [Statut.DEJA_ENVOYEE]


def test_deux_fois_le_meme_jeune_dans_le_fichier_ne_fait_qu_un_signalement(monde):
    tous = jeunes(2)
    lot = importer(monde, liste([*tous, tous[0]]))
    assert statuts(lot) == [Statut.NOUVELLE, Statut.NOUVELLE, Statut.DEJA_ENVOYEE]
    assert lot.lignes.last().jumelle == 2 and Signalement.objects.count() == 2


def test_un_jeune_deja_signale_au_formulaire_n_est_pas_signale_deux_fois(monde):
    [v] = jeunes(1)
    connu = signaler(
        monde.lycee,
        monde.alice,
        nom_naissance=v["nom"],
        prenom=v["prenom"],
        sexe=v["sexe"],
        ine=v["ine"],
        date_naissance=v["naissance"],
        date_sortie=v["sortie"],
    )
    lot = deposer(monde, liste([v]))
    assert statuts(lot) == [Statut.DEJA_ENVOYEE] and lot.lignes.get().candidat == connu


def test_un_jeune_deja_connu_pour_une_autre_sortie_est_rattache_a_la_confirmation(monde):
    [v] = jeunes(1)
    connu = signaler(
        monde.lycee,
        monde.alice,
        nom_naissance=v["nom"],
        prenom=v["prenom"],
        sexe=v["sexe"],
        ine=v["ine"],
        date_naissance=v["naissance"],
        date_sortie=v["sortie"].replace(year=v["sortie"].year - 1),
    )
    lot = importer(monde, liste([v]))
    assert statuts(lot) == [Statut.CONNUE]
    envoye = lot.lignes.get().signalement
    assert envoye.rattachements.get().mode == Rattachement.Mode.CONFIRME
    assert envoye.rattachements.get().jeune == connu.rattachements.get().jeune


def jumeaux(monde):
    """A jeune already reported, and a list with a look-alike of the same day."""
    [v] = jeunes(1)
    connu = signaler(
        monde.lycee,
        monde.alice,
        nom_naissance=v["nom"],
        prenom="Léa",
        sexe="F",
        date_naissance=v["naissance"],
        date_sortie=v["sortie"],
        telephone="",
    )
    return connu, deposer(monde, liste([v | {"prenom": "Manon", "sexe": "F", "ine": ""}]))


def test_une_ressemblance_demande_une_reponse_avant_la_confirmation(monde):
    connu, lot = jumeaux(monde)
    ligne = lot.lignes.get()
    assert (ligne.statut, ligne.candidat) == (Statut.A_DECIDER, connu)
    with pytest.raises(ImportImpossible, match="il en reste 1"):
        services.confirmer(lot, par=monde.alice)


@pytest.mark.parametrize(
    ("reponse", "signalements", "jeunes_", "paire"),
    [
        (Reponse.MEME, 2, 1, None),
        (Reponse.DIFFERENT, 2, 2, Paire.Etat.DIFFERENTS),
        (Reponse.INCERTAIN, 2, 2, Paire.Etat.A_DECIDER),
        (Reponse.NE_PAS_ENVOYER, 1, 1, None),
    ],
)
def test_chaque_reponse_fait_ce_qu_elle_dit(monde, reponse, signalements, jeunes_, paire):
    _, lot = jumeaux(monde)
    reponses.repondre(lot, {(2, 1): reponse})
    services.confirmer(lot, par=monde.alice)
    services.mener_a_bien(lot)
    assert (Signalement.objects.count(), Jeune.objects.count()) == (signalements, jeunes_)
    assert list(Paire.objects.values_list("etat", flat=True)) == ([paire] if paire else [])


def triplees(monde):
    """Two sisters already reported ("Léa", "Inès"), and a list with a third of the same day, "Manon"."""
    [v] = jeunes(1)
    connues = [
        signaler(
            monde.lycee, monde.alice, nom_naissance=v["nom"], prenom=prenom, sexe="F",
            date_naissance=v["naissance"], date_sortie=v["sortie"], telephone="",
        )
        for prenom in ("Léa", "Inès")
    ]  # fmt: skip
    lot = deposer(monde, liste([v | {"prenom": "Manon", "sexe": "F", "ine": "", "telephone": ""}]))
    return connues, lot


def test_tous_ceux_a_qui_une_ligne_ressemble_sont_gardes_le_plus_proche_d_abord(monde):
    connues, lot = triplees(monde)
    ligne = lot.lignes.get()
    assert ligne.statut == Statut.A_DECIDER
    assert {c["signalement"] for c in ligne.candidats} == {s.pk for s in connues}
    chances = [c["probabilite"] for c in ligne.candidats]
    assert chances == sorted(chances, reverse=True) and ligne.probabilite == chances[0]
    assert ligne.candidat_id == ligne.candidats[0]["signalement"]


def test_dire_que_c_est_le_second_rattache_au_second(monde):
    _, lot = triplees(monde)
    premiere, seconde = (c["signalement"] for c in lot.lignes.get().candidats)
    reponses.repondre(lot, {(2, 2): Reponse.MEME})
    ligne = lot.lignes.get()
    assert (ligne.reponse, ligne.candidat_id) == (Reponse.MEME, seconde)
    services.confirmer(lot, par=monde.alice)
    services.mener_a_bien(lot)
    lien = lot.lignes.get().signalement.rattachements.get()
    assert lien.mode == Rattachement.Mode.CONFIRME
    assert lien.jeune == Rattachement.objects.get(signalement=seconde).jeune
    assert lien.jeune != Rattachement.objects.get(signalement=premiere).jeune


def test_une_ligne_attend_une_reponse_sur_chacun_et_chacune_compte(monde):
    _, lot = triplees(monde)
    reponses.repondre(lot, {(2, 1): Reponse.DIFFERENT})
    assert reponses.sans_reponse(lot).count() == 1
    reponses.repondre(lot, {(2, 2): Reponse.INCERTAIN})
    assert not reponses.sans_reponse(lot) and lot.lignes.get().reponse == Reponse.INCERTAIN
    premier, second = (
        Rattachement.objects.get(signalement=c["signalement"]).jeune for c in lot.lignes.get().candidats
    )
    services.confirmer(lot, par=monde.alice)
    services.mener_a_bien(lot)
    jeune = lot.lignes.get().signalement.rattachements.get().jeune
    etats = {
        p.a_id if p.b_id == jeune.pk else p.b_id: p.etat
        for p in Paire.objects.all()
        if jeune.pk in (p.a_id, p.b_id)
    }
    assert etats == {premier.pk: Paire.Etat.DIFFERENTS, second.pk: Paire.Etat.A_DECIDER}


def test_ne_pas_savoir_garde_ce_qui_etait_deja_dit(monde):
    _, lot = triplees(monde)
    reponses.repondre(lot, {(2, 2): Reponse.DIFFERENT})
    reponses.ne_pas_savoir(lot)
    ligne = lot.lignes.get()
    assert ligne.reponse == Reponse.INCERTAIN
    assert [c["reponse"] for c in ligne.candidats] == [Reponse.INCERTAIN, Reponse.DIFFERENT]


def test_une_ligne_ecartee_se_reprend(monde):
    _, lot = triplees(monde)
    reponses.repondre(lot, {(2, 0): Reponse.NE_PAS_ENVOYER, (2, 1): Reponse.MEME})
    assert lot.lignes.get().reponse == Reponse.NE_PAS_ENVOYER and not services.a_envoyer(lot)
    reponses.repondre(lot, {(2, 0): ""})
    assert lot.lignes.get().reponse == Reponse.MEME and services.a_envoyer(lot)


def test_ce_que_le_moteur_a_reconnu_et_qui_est_conteste_est_a_decider(monde):
    [v] = jeunes(1)
    signaler(
        monde.lycee, monde.alice, nom_naissance=v["nom"], prenom=v["prenom"], sexe=v["sexe"], ine=v["ine"],
        date_naissance=v["naissance"], date_sortie=v["sortie"].replace(year=v["sortie"].year - 1),
    )  # fmt: skip
    lot = deposer(monde, liste([v]))
    reponses.repondre(lot, {(2, 0): "", (2, 1): Reponse.MEME})  # what the page posts when nothing is touched
    assert statuts(lot) == [Statut.CONNUE]
    reponses.repondre(lot, {(2, 0): "", (2, 1): Reponse.DIFFERENT})
    assert statuts(lot) == [Statut.A_DECIDER] and services.comptes(lot)["connue"] == 0


def test_un_candidat_efface_entre_temps_n_arrete_ni_la_reponse_ni_l_envoi(monde):
    _, lot = triplees(monde)
    efface = Signalement.objects.get(pk=lot.lignes.get().candidats[1]["signalement"])
    LigneImport.objects.update(candidats=[
        c | {"signalement": c["signalement"] if c["signalement"] != efface.pk else 0}
        for c in lot.lignes.get().candidats
    ])  # fmt: skip
    reponses.repondre(lot, {(2, 2): Reponse.MEME})
    assert lot.lignes.get().candidat_id is None
    services.confirmer(lot, par=monde.alice)
    services.mener_a_bien(lot)
    assert lot.lignes.get().signalement is not None


def test_l_export_d_une_personne_ne_dit_rien_de_ceux_qui_lui_ressemblent(monde):
    _, lot = triplees(monde)
    reponses.ne_pas_savoir(lot)
    services.confirmer(lot, par=monde.alice)
    services.mener_a_bien(lot)
    jeune = lot.lignes.get().signalement.rattachements.get().jeune
    [partie] = [p for p in export.donnees_de(jeune)["parties"] if p["table"] == "dedoublonnage.LigneImport"]
    [ligne] = partie["donnees"]
    assert ligne["numero"] == 2 and "candidat" not in ligne and "candidats" not in ligne


def test_les_listes_qui_attendaient_gardent_leur_candidat(monde):
    _, lot = jumeaux(monde)
    avant = lot.lignes.get().candidats
    LigneImport.objects.update(candidats=[])
    with connection.cursor() as curseur:
        curseur.execute(import_module("dedoublonnage.migrations.0008_candidats_f").REPRENDRE)
    assert lot.lignes.get().candidats == avant and len(avant) == 1


def test_une_ligne_refusee_n_arrete_pas_les_autres_et_se_renvoie_corrigee(monde):
    tous = jeunes(3)
    rangs = listes.rangees(tous)
    rangs[1][2] = "31/02/2008"
    lot = importer(monde, listes.csv_de(rangs))
    assert statuts(lot) == [Statut.NOUVELLE, Statut.REFUSEE, Statut.NOUVELLE]
    assert "n’existe pas" in lot.lignes.get(statut=Statut.REFUSEE).raisons[0]
    second = importer(monde, liste(tous))
    assert sorted(statuts(second)) == sorted([Statut.DEJA_ENVOYEE, Statut.NOUVELLE, Statut.DEJA_ENVOYEE])
    assert Signalement.objects.count() == 3


# --- Columns and values are asked once ---------------------------------------------------------------------


def test_une_colonne_demandee_et_absente_doit_etre_dite(monde):
    contenu = listes.csv_de([["Yver", "Zoé", "12/03/2008"]], ["Nom", "Prénom", "Né(e) le"])
    lot = services.deposer(monde.lycee, "l.csv", contenu, par=monde.alice)
    with pytest.raises(ImportImpossible, match="Date de sortie"):
        services.choisir_colonnes(
            lot, {0: "nom_naissance", 1: "prenom", 2: "date_naissance"}, {}, par=monde.alice
        )
    hier = f"{timezone.localdate():%d/%m/%Y}"
    services.choisir_colonnes(
        lot, {0: "nom_naissance", 1: "prenom", 2: "date_naissance"}, {"date_sortie": hier}, par=monde.alice
    )
    assert Import.objects.get().etape == Import.Etape.VALEURS


def test_ce_que_l_etablissement_a_dit_n_est_pas_redemande(monde):
    rangs = listes.rangees(jeunes(2))
    titres = [*listes.TITRES[:7], "Bloc", *listes.TITRES[8:]]
    for rang in rangs:
        rang[9] = "Parti vivre ailleurs"
    lot = services.deposer(monde.lycee, "l.csv", listes.csv_de(rangs, titres), par=monde.alice)
    assert services.colonnes(lot)[7].champ == ""
    champs = {c.rang: c.champ for c in services.colonnes(lot)} | {7: "classe"}
    services.choisir_colonnes(lot, champs, {}, par=monde.alice)
    inconnues, classes = services.valeurs_a_dire(lot)
    assert [(t, n) for t, n, *_ in inconnues["nature_sortie"]] == [("Parti vivre ailleurs", 2)] and classes
    services.choisir_valeurs(
        lot,
        {"nature_sortie": {"Parti vivre ailleurs": "demission"}},
        {classes[0][0]: "Bac pro MELEC"},
        par=monde.alice,
    )
    services.mener_a_bien(lot)
    assert statuts(lot) == [Statut.NOUVELLE] * 2
    assert lot.lignes.filter(donnees__formation="Bac pro MELEC").exists()
    suivant = services.deposer(monde.lycee, "l.csv", listes.csv_de(rangs, titres), par=monde.alice)
    assert services.colonnes(suivant)[7].champ == "classe"
    assert services.valeurs_a_dire(suivant)[0] == {}
    assert not Correspondance.objects.exclude(structure=monde.lycee).exists()


def test_une_reponse_fausse_se_corrige_en_revenant_aux_colonnes(monde):
    rangs = listes.rangees(jeunes(1))
    rangs[0][9] = "Parti vivre ailleurs"
    lot = services.deposer(monde.lycee, "l.csv", listes.csv_de(rangs), par=monde.alice)
    champs = {c.rang: c.champ for c in services.colonnes(lot)}

    def dire(sens):
        services.choisir_valeurs(lot, {"nature_sortie": {"Parti vivre ailleurs": sens}}, {}, par=monde.alice)
        services.mener_a_bien(lot)
        return lot.lignes.get().donnees.get("nature_sortie")

    services.choisir_colonnes(lot, champs, {}, par=monde.alice)
    assert dire("exclusion_definitive") == "exclusion_definitive"
    services.choisir_colonnes(lot, champs, {}, par=monde.alice)
    [(ecrit, _, dit, _)] = services.valeurs_a_dire(lot)[0]["nature_sortie"]
    assert (ecrit, dit) == ("Parti vivre ailleurs", "exclusion_definitive")
    assert dire("demission") == "demission"
    services.choisir_colonnes(lot, champs, {}, par=monde.alice)
    dire("")
    assert not Correspondance.objects.filter(champ="nature_sortie").exists()


def avec_motifs(monde, *motifs):
    """A list with a column of motives, its columns said: the import."""
    rangs = [[*rang, motif] for rang, motif in zip(listes.rangees(jeunes(len(motifs))), motifs, strict=True)]
    lot = services.deposer(
        monde.lycee, "l.csv", listes.csv_de(rangs, [*listes.TITRES, "Motifs"]), par=monde.alice
    )
    services.choisir_colonnes(lot, {c.rang: c.champ for c in services.colonnes(lot)}, {}, par=monde.alice)
    return lot


def lire_avec(lot, valeurs, monde):
    """The motives of each row, once these values are said."""
    services.choisir_valeurs(lot, valeurs, {}, par=monde.alice)
    services.mener_a_bien(lot)
    return [ligne.donnees.get("motifs", []) for ligne in lot.lignes.all()]


def demandes(lot):
    """The motives that are asked, each with its number of rows."""
    return {texte: n for texte, n, *_ in services.valeurs_a_dire(lot)[0].get("motifs", [])}


def test_deux_motifs_dans_une_cellule_ne_sont_demandes_que_pour_ce_qui_est_inconnu(monde):
    cellules = ("Déménagement ; Ne se lève plus", "Absentéisme; Transport", "ne se leve plus / Déménagement")
    lot = avec_motifs(monde, *cellules)
    assert demandes(lot) == {"Ne se lève plus": 2}
    assert lire_avec(lot, {"motifs": {"Ne se lève plus": "rejet_institution"}}, monde) == [
        ["depart_academie", "rejet_institution"],
        ["absenteisme_lourd", "eloignement"],
        ["rejet_institution", "depart_academie"],
    ]
    assert demandes(avec_motifs(monde, *cellules)) == {}


def test_une_cellule_entiere_deja_dite_reste_comprise(monde):
    memoire.retenir(monde.lycee, "motifs", {"vie pro projet perso": "attrait_vie_active"})
    lot = avec_motifs(monde, "Vie pro / projet perso")
    assert demandes(lot) == {}
    assert lire_avec(lot, {}, monde) == [["attrait_vie_active"]]


def test_de_longs_motifs_sont_retenus_sans_se_heurter(monde):
    """They are remembered under their first 200 characters, and found again under them."""
    debut = "A dit au conseiller principal, puis à son professeur, ne plus vouloir venir au lycée " * 3
    lot = avec_motifs(monde, f"{debut}fin", f"{debut}autre fin")
    assert demandes(lot) == {f"{debut}fin": 2}
    lus = lire_avec(lot, {"motifs": dict.fromkeys(demandes(lot), "rejet_institution")}, monde)
    assert lus == [["rejet_institution"]] * 2
    assert Correspondance.objects.filter(champ="motifs").count() == 1
    assert demandes(avec_motifs(monde, f"{debut}fin")) == {}


def test_un_titre_porte_par_deux_colonnes_n_est_pas_retenu(monde):
    rangs = [["Lemarchand", "Tristan", "LEMARCHAND", "12/03/2009", "01/10/2026"]]
    titres = ["Nom", "Prénom", "Nom", "Né le", "Sortie le"]
    lot = services.deposer(monde.lycee, "l.csv", listes.csv_de(rangs, titres), par=monde.alice)
    champs = {c.rang: c.champ for c in services.colonnes(lot)} | {0: "nom_naissance", 2: ""}
    services.choisir_colonnes(lot, champs, {"nature_sortie": "demission", "classe": "2 TU"}, par=monde.alice)
    titres[2] = "Groupe"
    suivant = services.deposer(monde.lycee, "l.csv", listes.csv_de(rangs, titres), par=monde.alice)
    assert services.colonnes(suivant)[0].champ == "nom_naissance"


def test_les_autres_feuilles_d_un_classeur_sont_dites(monde, client):
    rangs = listes.rangees(jeunes(2))
    seule = services.deposer(monde.lycee, "l.xlsx", listes.xlsx_de(rangs), par=monde.alice)
    assert seule.bilan["autres_feuilles"] == []
    sortie = io.BytesIO()
    with xlsxwriter.Workbook(sortie, {"in_memory": True}) as classeur:
        for nom, lignes in (
            ("2CAP", [listes.TITRES, rangs[0]]),
            ("TPRO", [listes.TITRES, rangs[1]]),
            ("Notes", [["À relire"]]),
        ):
            feuille = classeur.add_worksheet(nom)
            for n, ligne in enumerate(lignes):
                feuille.write_row(n, 0, [str(c) for c in ligne])
    lot = services.deposer(monde.lycee, "l.xlsx", sortie.getvalue(), par=monde.alice)
    assert lot.bilan["autres_feuilles"] == ["TPRO"] and lot.total == 1
    client.force_login(monde.alice)
    page = client.get(reverse("imports:colonnes", args=[lot.reference])).content.decode()
    assert "Une seule feuille est lue" in page and "TPRO" in page


# --- Interruptions and undo --------------------------------------------------------------------------------


def test_une_lecture_interrompue_reprend_ou_elle_en_etait(monde):
    tous = jeunes(6)
    contenu = liste([*tous, tous[1]])
    entier = [(ligne.numero, ligne.statut, ligne.jumelle) for ligne in deposer(monde, contenu).lignes.all()]
    lot = services.deposer(monde.lycee, "l.csv", contenu, par=monde.alice)
    services.choisir_colonnes(lot, {c.rang: c.champ for c in services.colonnes(lot)}, {}, par=monde.alice)
    services.demarrer_lecture(lot, par=monde.alice)
    while services.avancer(lot, pas=2):  # each step forgets everything, as after a stop
        lot = Import.objects.get(pk=lot.pk)
    assert [(ligne.numero, ligne.statut, ligne.jumelle) for ligne in lot.lignes.all()] == entier


@pytest.mark.parametrize("meme_processus", [True, False])
def test_un_envoi_interrompu_reprend_sans_rien_doubler(monde, monkeypatch, meme_processus):
    lot = deposer(monde, liste(jeunes(5)))
    services.confirmer(lot, par=monde.alice)
    memo = {}
    services.avancer(lot, pas=2, memo=memo)
    envoyer, vus = identites.envoyer, []

    def tomber(*args, **kwargs):
        vus.append(1)
        if len(vus) == 2:
            raise ConnectionError
        return envoyer(*args, **kwargs)

    monkeypatch.setattr(identites, "envoyer", tomber)
    with pytest.raises(ConnectionError), transaction.atomic():
        services.avancer(lot, pas=2, memo=memo)
    assert Signalement.objects.count() == 2, "the step that failed left nothing"
    lot = Import.objects.get(pk=lot.pk)
    while services.avancer(lot, pas=2, memo=memo if meme_processus else None):
        pass
    assert Signalement.objects.count() == 5 and lot.bilan["importees"] == 5


@pytest.mark.django_db(transaction=True)
def test_verifier_les_lignes_deux_fois_a_la_fois_les_lit_une_fois(monde):
    """The second request waits for the first, then reads the same rows again: they are there once."""
    lot = services.deposer(monde.lycee, "l.csv", liste(jeunes(3)), par=monde.alice)
    services.choisir_colonnes(lot, {c.rang: c.champ for c in services.colonnes(lot)}, {}, par=monde.alice)

    def lire_aussi():
        try:
            autre = Import.objects.get(pk=lot.pk)
            services.choisir_valeurs(autre, {}, {}, par=monde.alice)
            services.mener_a_bien(autre)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as fil:
        with transaction.atomic(), connection.cursor() as curseur:
            services.choisir_valeurs(lot, {}, {}, par=monde.alice)
            services.mener_a_bien(lot)
            second = fil.submit(lire_aussi)
            attend = False
            while not attend and not second.done():
                curseur.execute(
                    "SELECT EXISTS (SELECT 1 FROM pg_locks "
                    "WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
                )
                [attend] = curseur.fetchone()
        second.result()
    assert attend and Import.objects.get().etape == Import.Etape.PRET
    assert statuts(lot) == [Statut.NOUVELLE] * 3


def test_une_reponse_n_arrive_plus_sur_une_liste_confirmee_entre_temps(monde):
    _, lot = jumeaux(monde)
    reponses.repondre(lot, {(2, 1): Reponse.DIFFERENT})
    page_ouverte = Import.objects.get(pk=lot.pk)
    services.confirmer(lot, par=monde.andre)
    for repondre in (
        lambda: reponses.repondre(page_ouverte, {(2, 0): Reponse.NE_PAS_ENVOYER}),
        lambda: reponses.ne_pas_savoir(page_ouverte),
        lambda: services.abandonner(page_ouverte, par=monde.alice),
    ):
        with pytest.raises(ImportImpossible, match="confirm"):
            repondre()
    assert lot.lignes.get().reponse == Reponse.DIFFERENT


def test_confirmer_deux_fois_est_refuse(monde):
    lot = deposer(monde, liste(jeunes(1)))
    services.confirmer(lot, par=monde.alice)
    with pytest.raises(ImportImpossible):
        services.confirmer(Import.objects.get(), par=monde.alice)


def test_une_ligne_envoyee_entre_temps_par_un_collegue_est_dite_deja_signalee(monde):
    contenu = liste(jeunes(2))
    lent = deposer(monde, contenu)
    importer(monde, contenu, par=monde.andre)
    services.confirmer(lent, par=monde.alice)
    services.mener_a_bien(lent)
    assert statuts(lent) == [Statut.DEJA_ENVOYEE] * 2 and Signalement.objects.count() == 2


def test_la_base_refuse_deux_fois_la_meme_ligne(monde):
    importer(monde, liste(jeunes(1)))
    s = Signalement.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Signalement.objects.create(
            structure=s.structure,
            bassin=s.bassin,
            empreinte_ligne=s.empreinte_ligne,
            nom_naissance="X",
            prenom="Y",
        )


def test_un_import_s_annule_en_entier_puis_se_refait(monde):
    contenu = liste(jeunes(3))
    lot = importer(monde, contenu)
    services.annuler(lot, par=monde.andre)
    services.mener_a_bien(lot)
    assert lot.etape == Import.Etape.ANNULE
    assert set(Signalement.objects.values_list("etat", flat=True)) == {EtatSignalement.ANNULE}
    assert not Dossier.objects.ouverts().exists()
    assert statuts(importer(monde, contenu)) == [Statut.NOUVELLE] * 3
    assert Signalement.objects.valides().count() == 3 and Jeune.objects.vivants().count() == 3


def test_une_lecture_faite_avant_une_annulation_est_a_refaire(monde):
    """What was "déjà signalé" no longer is: confirming would lose the rows in silence."""
    contenu = liste(jeunes(3))
    premier, second = importer(monde, contenu), deposer(monde, contenu)
    assert statuts(second) == [Statut.DEJA_ENVOYEE] * 3
    services.annuler(premier, par=monde.andre)
    services.mener_a_bien(premier)
    with pytest.raises(ImportImpossible, match="retirés depuis la lecture"):
        services.confirmer(second, par=second.auteur)
    assert services.perimees(second).count() == 3
    services.demarrer_lecture(second, par=second.auteur)
    services.mener_a_bien(second)
    services.confirmer(second, par=second.auteur)
    services.mener_a_bien(second)
    assert Signalement.objects.valides().count() == 3


def test_ce_qui_est_travaille_pendant_l_annulation_n_est_pas_retire(monde):
    lot = importer(monde, liste([v | {"code": "14000", "ville": "Caen"} for v in jeunes(4)]))
    services.annuler(lot, par=monde.andre)
    services.avancer(lot, pas=1)
    _, question, corrige, _ = services.signalements_de(lot).order_by("pk")
    poser_question(question, "completer", "Où habite-t-il ?", par=monde.celia)
    identites.corriger(corrige, {"adresse": "3 rue Froide"}, par=monde.alice)
    services.mener_a_bien(lot)
    assert lot.etape == Import.Etape.ANNULE and lot.bilan["gardes"] == 2
    assert set(services.batis_dessus(lot)) == {question, corrige}
    assert services.signalements_de(lot).filter(etat=EtatSignalement.ANNULE).count() == 2


def test_un_import_dont_un_signalement_est_examine_ne_s_annule_plus(monde):
    lot = importer(monde, liste([v | {"code": "14000", "ville": "Caen"} for v in jeunes(2)]))
    gab.juger_recevable(Signalement.objects.first(), par=monde.celia)
    with pytest.raises(ImportImpossible, match="1 de ses signalements"):
        services.annuler(lot, par=monde.alice)
    assert not Signalement.objects.filter(etat=EtatSignalement.ANNULE).exists()


@pytest.mark.parametrize("travail", ["mission", "transfert", "decision"])
def test_un_import_sur_lequel_on_a_travaille_ne_s_annule_plus(monde, travail):
    _, lot = jumeaux(monde)
    reponses.repondre(lot, {(2, 1): Reponse.INCERTAIN})
    services.confirmer(lot, par=monde.alice)
    services.mener_a_bien(lot)
    assert not services.batis_dessus(lot)
    dossier = Dossier.objects.get(versements__signalement=lot.lignes.get().signalement)
    if travail == "mission":
        Mission.objects.create(dossier=dossier, structure=monde.ml, expire_le=timezone.localdate())
    elif travail == "transfert":
        Transfert.objects.create(dossier=dossier, de=monde.caen, vers=monde.lisieux, motif="Parti")
    else:
        Paire.objects.update(etat=Paire.Etat.DIFFERENTS, decidee_par=monde.celia, decidee_le=timezone.now())
    assert [s.pk for s in services.batis_dessus(lot)] == [lot.lignes.get().signalement_id]
    with pytest.raises(ImportImpossible, match="1 de ses signalements"):
        services.annuler(lot, par=monde.alice)


def test_abandonner_efface_tout(monde):
    lot = deposer(monde, liste(jeunes(2)))
    services.abandonner(lot, par=monde.alice)
    assert not Import.objects.exists() and not LigneImport.objects.exists()


# --- Nothing learnt of what lies outside -------------------------------------------------------------------


def connu_ailleurs(monde, v):
    return signaler(
        monde.lycee_lisieux,
        monde.lucie,
        nom_naissance=v["nom"],
        prenom=v["prenom"],
        sexe=v["sexe"],
        ine=v["ine"],
        date_naissance=v["naissance"],
        date_sortie=v["sortie"],
    )


def compte_rendu(monde, contenu):
    """All that the user may read of an import, from its reading to its end."""
    lot = deposer(monde, contenu)
    avant = list(
        lot.lignes.values_list(
            "numero", "statut", "raisons", "remarques", "candidat", "jumelle", "probabilite"
        )
    )
    services.confirmer(lot, par=monde.alice)
    services.mener_a_bien(lot)
    apres = list(lot.lignes.values_list("numero", "statut", "raisons", "remarques"))
    return avant, apres, lot.bilan


def test_deux_mondes_qui_ne_different_qu_au_dehors_donnent_les_memes_octets(monde):
    tous = jeunes(3)
    contenu = liste(tous)
    with transaction.atomic():
        sans = compte_rendu(monde, contenu)
        transaction.set_rollback(True)
    connu_ailleurs(monde, tous[0])
    connu_ailleurs(monde, tous[1] | {"prenom": tous[1]["prenom"] + "a"})
    avec = compte_rendu(monde, contenu)
    assert sans == avec
    ailleurs = Signalement.objects.get(structure=monde.lycee_lisieux, nom_naissance=tous[0]["nom"])
    ici = Signalement.objects.get(structure=monde.lycee, nom_naissance=tous[0]["nom"])
    assert ici.rattachements.get().jeune == ailleurs.rattachements.get().jeune, "and yet joined, silently"


# --- The command -------------------------------------------------------------------------------------------


@pytest.fixture
def commander(monde, tmp_path):
    """Run the command on these bytes: (exit code, JSON or None, standard error)."""
    monde.lycee.uai = "0149999R"
    monde.lycee.save()

    def lancer(contenu, *options, nom="liste.csv", structure="0149999R"):
        chemin = tmp_path / nom
        chemin.write_bytes(contenu)
        sortie, erreurs = StringIO(), StringIO()
        code = 0
        try:
            call_command(
                "importer_signalements",
                str(chemin),
                "--structure",
                structure,
                "--json",
                *options,
                stdout=sortie,
                stderr=erreurs,
            )
        except SystemExit as fin:
            code = fin.code
        return code, json.loads(sortie.getvalue()) if sortie.getvalue() else None, erreurs.getvalue()

    return lancer


def test_la_commande_compte_et_n_ecrit_rien(monde, commander):
    aujourdhui = timezone.localdate()
    tous = jeunes(4)
    importer(monde, liste(tous[:1]))
    tous[1]["naissance"] = aujourdhui.replace(year=aujourdhui.year - 14, day=1)
    avant = Signalement.objects.count()
    code, bilan, _ = commander(liste(tous), "--simuler")
    assert code == 0 and list(bilan) == ["lignes", "nouvelles", "deja_connues", "a_verifier", "refusees"]
    assert (bilan["lignes"], bilan["nouvelles"], bilan["deja_connues"], bilan["a_verifier"]) == (4, 2, 1, 0)
    [refusee] = bilan["refusees"]
    assert refusee["ligne"] == 3 and refusee["raisons"][0].startswith("Moins de 16 ans")
    assert Signalement.objects.count() == avant and Import.objects.count() == 1


def test_la_commande_importe(monde, commander):
    code, bilan, _ = commander(liste(jeunes(2)))
    assert code == 0 and bilan["importees"] == 2 and Signalement.objects.count() == 2
    assert commander(liste(jeunes(2)))[1]["importees"] == 0


def test_la_commande_dit_les_feuilles_qu_elle_ne_lit_pas(monde, commander):
    sortie = io.BytesIO()
    with xlsxwriter.Workbook(sortie, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as classeur:
        for nom in ("2nde", "1re"):
            feuille = classeur.add_worksheet(nom)
            for rang, ligne in enumerate([listes.TITRES, *listes.rangees(jeunes(2))]):
                feuille.write_row(rang, 0, ligne)
    for options in (("--simuler",), ()):
        code, bilan, dit = commander(sortie.getvalue(), *options, nom="liste.xlsx")
        assert code == 0 and bilan["lignes"] == 2 and "autres_feuilles" not in bilan
        assert "Non reprises : « 1re »." in dit


@pytest.mark.parametrize(
    ("nombre", "dits"),
    [
        (1, ("1 ligne : 1 nouvelle, 0 déjà connue, 0 à vérifier, 0 refusée.", "1 signalement envoyé (")),
        (2, ("2 lignes : 2 nouvelles, 0 déjà connue,", "2 signalements envoyés (")),
    ],
)
def test_la_commande_s_accorde(monde, commander, tmp_path, nombre, dits):
    commander(liste(jeunes(nombre)), "--simuler")
    sortie = StringIO()
    call_command(
        "importer_signalements", str(tmp_path / "liste.csv"), "--structure", "0149999R", stdout=sortie
    )
    assert all(dit in sortie.getvalue() for dit in dits), sortie.getvalue()


TITRES_SEULS = listes.csv_de([])


@pytest.mark.parametrize(
    ("contenu", "nom", "dit"),
    [
        (b"%PDF-1.7", "l.csv", "pas un tableau"),
        (b"", "l.csv", "vide"),
        (b"a;b;c\n1;2;3\n", "l.csv", "Colonnes introuvables"),
        (b"Nom;Prenom;Classe\nA;B;C\n", "l.csv", "Date de naissance"),
        (TITRES_SEULS, "l.csv", "aucune ligne"),
    ],
)
def test_la_commande_dit_en_francais_ce_qui_ne_se_lit_pas(commander, contenu, nom, dit):
    code, bilan, erreurs = commander(contenu, "--simuler", nom=nom)
    assert code == 2 and bilan is None and dit in erreurs


def test_la_commande_trouve_la_structure_par_son_siret_ou_son_code(monde, commander):
    monde.lycee.siret = "11004401300040"
    monde.lycee.save()
    for cle in ("11004401300040", "110 044 013 00040", monde.lycee.code):
        assert commander(liste(jeunes(1)), "--simuler", structure=cle)[0] == 0


def test_la_commande_dit_que_la_personne_est_inconnue(commander):
    code, _, erreurs = commander(liste(jeunes(1)), "--par", "personne@example.invalid")
    assert code == 2 and "personne@example.invalid" in erreurs


def test_la_commande_dit_que_la_structure_est_inconnue(commander):
    code, _, erreurs = commander(liste(jeunes(1)), "--simuler", structure="0140000X")
    assert code == 2 and "0140000X" in erreurs


@pytest.mark.parametrize(
    ("options", "dit"),
    [
        (["--date-sortie", "foo"], "--date-sortie : Date « foo » : écrivez la date"),
        (["--date-sortie", "31/02/2026"], "n’existe pas"),
        (["--nature-sortie", "parti"], "--nature-sortie : le code « parti » n'existe pas. Écrivez l'un"),
        (["--par", "lucie@example.invalid"], "ne peut pas importer de liste pour"),
        (["--par", "celia@example.invalid"], "un déclarant de cette structure"),
    ],
)
@pytest.mark.parametrize("simuler", [["--simuler"], []])
def test_la_commande_refuse_une_option_fausse_avant_de_garder_quoi_que_ce_soit(
    commander, options, dit, simuler
):
    code, bilan, erreurs = commander(liste(jeunes(1)), *options, *simuler)
    assert (code, bilan) == (2, None) and dit in erreurs
    assert not Import.objects.exists() and not LigneImport.objects.exists()

"""A school's list understood: its file, its headings, its values, its rows."""

import io
import zipfile
from datetime import date

import openpyxl
import pytest
from django.utils import timezone

from qualit.echanges.lecture import SANS_VALEUR, FichierIllisible, lire
from qualit.echanges.ouvrir import sans_valeur
from signalements.listes import valeurs
from signalements.listes.colonnes import CHAMPS, champ_du_titre, reconnaitre
from signalements.listes.lignes import Lecteur
from signalements.listes.valeurs import Illisible
from tests import listes

# --- The file ----------------------------------------------------------------------------------------------

TEXTE = "Nom;Prénom;Né(e) le\nLefèvre;Anaïs;12/03/2008\n"


@pytest.mark.parametrize(
    "codage",
    ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "cp850", "mac_roman", "utf-32"],
)
@pytest.mark.parametrize("separateur", [";", ",", "\t", "|"])
def test_tout_codage_et_separateur_usuel(codage, separateur):
    tableau = lire(TEXTE.replace(";", separateur).encode(codage), "liste.csv")
    assert tableau.feuilles[0].lignes == [
        (1, ["Nom", "Prénom", "Né(e) le"]),
        (2, ["Lefèvre", "Anaïs", "12/03/2008"]),
    ]


def test_fins_de_ligne_melangees_et_lignes_vides_gardent_le_numero_du_tableur():
    contenu = b'Nom;Prenom\r\nA;B\n\rC;D\r\n;;\r\n"E\nF";G\r\nH;I'
    assert lire(contenu, "l.csv").feuilles[0].lignes == [
        (1, ["Nom", "Prenom"]),
        (2, ["A", "B"]),
        (4, ["C", "D"]),
        (6, ["E\nF", "G"]),
        (7, ["H", "I"]),
    ]


def test_la_ligne_sep_de_excel_ne_compte_pas():
    assert lire(b"sep=,\r\nNom,Prenom\r\nA,B;C\r\n", "l.csv").feuilles[0].lignes[1] == (2, ["A", "B;C"])


def test_un_guillemet_oublie_n_avale_pas_la_liste():
    contenu = "Nom;Prénom\n" + '"Dupont;Léa\n' + "Martin;Zoé\n" * 200
    assert len(lire(contenu.encode(), "l.csv").feuilles[0].lignes) == 202


def test_un_classeur_garde_types_et_numeros_de_ligne():
    contenu = listes.xlsx_de(
        [["Yver", "Zoé", date(2008, 3, 12), 612345678]],
        titres=["Nom", "Prénom", "Né le", "Tél"],
        avant=[["Titre"], []],
    )
    assert lire(contenu, "liste.xlsx").feuilles[0].lignes == [
        (1, ["Titre"]),
        (3, ["Nom", "Prénom", "Né le", "Tél"]),
        (4, ["Yver", "Zoé", "2008-03-12", 612345678]),
    ]


@pytest.mark.parametrize(
    ("nom", "contenu", "dit"),
    [
        ("liste.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "ancien format .xls"),
        ("liste.xls", b"\t\x08\x08\x00\x00\x05\x10\x00" + b"\0" * 60, "ancien format .xls"),
        (
            "liste.xls",
            b"<html><table><tr><td>Nom</td></tr></table></html>",
            "extension .xls, ce fichier est une page Web",
        ),
        ("liste.xls", b'\r\n<table border="1"><tr><td>Nom</td></tr></table>', "page Web"),
        ("liste.xls", b"<meta charset=utf-8><table><tr><td>Nom</td></tr></table>", "page Web"),
        ("liste.xls", "\ufeff<html><table></table></html>".encode("utf-16-le"), "page Web"),
        ("liste.xls", b'<?xml version="1.0"?><Workbook></Workbook>', "du XML : ouvrez-le"),
        ("liste.xls", listes.xlsx_de([]), "renommez-le en .xlsx"),
        ("liste.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "mot de passe"),
        ("liste.xlsx", TEXTE.encode(), "n’est pas un classeur"),
        ("liste.csv", listes.xlsx_de([]), "renommez-le en .xlsx"),
        ("liste.pdf", b"%PDF-1.7", "pas accepté"),
        ("liste.csv", b"%PDF-1.7", "pas un tableau"),
        ("liste.csv", b"", "vide"),
        ("liste.csv", b"\n\n;;;\n", "aucune ligne"),
        ("liste.csv", b"a;b\x00c\n", "pas un tableau"),
        ("liste", TEXTE.encode(), "pas accepté"),
        ("liste.csv", b"x" * (20 * 1024 * 1024 + 1), "Mo"),
        ("liste.xlsx", listes.xlsx_de([["a"] * 5] * 50)[:900], "abîmé"),
    ],
)
def test_ce_qui_n_est_pas_une_liste_est_refuse_avec_un_conseil(nom, contenu, dit):
    with pytest.raises(FichierIllisible, match=dit.replace(".", r"\.")):
        lire(contenu, nom)


def test_un_texte_nomme_xls_se_lit():
    """Many tools give tabs that Excel opens under this name."""
    tableau = lire(TEXTE.replace(";", "\t").encode("cp1252"), "export.xls")
    assert tableau.feuilles[0].lignes[1] == (2, ["Lefèvre", "Anaïs", "12/03/2008"])


def classeur(rangees):
    """A workbook as a program writes it: its formulas have no result."""
    livre, sortie = openpyxl.Workbook(), io.BytesIO()
    for rangee in rangees:
        livre.active.append(rangee)
    livre.save(sortie)
    return sortie.getvalue()


def test_une_formule_sans_resultat_n_est_pas_une_case_vide():
    """Wherever it is: before the first column that holds a value, beyond the last row; an empty result is one."""
    lues = lire(classeur([[None, "Nom", "Prénom"], ["=1", "Yver", "=B2"], [None, "=B2"]]), "l.xlsx")
    assert lues.feuilles[0].lignes == [
        (1, [None, "Nom", "Prénom"]),
        (2, [SANS_VALEUR, "Yver", SANS_VALEUR]),
        (3, [None, SANS_VALEUR]),
    ]
    partie, sortie = "xl/worksheets/sheet1.xml", io.BytesIO()
    with zipfile.ZipFile(sortie, "w") as archive:
        archive.writestr(
            partie,
            '<row r="1"><c r="A1"><f>Z1</f><v>3</v></c><c r="B1" t="str"><f>""</f><v></v></c>'
            '<c r="C1" t="e"><f>Z1</f><v>#N/A</v></c><c r="D1"><f t="shared" si="0"/></c><c r="AA1"><v>1</v></c></row>',
        )
    assert sans_valeur(zipfile.ZipFile(sortie), partie, 200) == {1: [2, 3]}


# --- Headings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("titre", "champ"),
    [
        ("Nom de famille", "nom_naissance"),
        ("NOM", "nom_naissance"),
        ("Prénom 1", "prenom"),
        ("Né(e) le", "date_naissance"),
        ("Date Naiss.", "date_naissance"),
        ("N° INE", "ine"),
        ("Identifiant national", "ine"),
        ("Division", "classe"),
        ("Libellé MEF", "formation"),
        ("Date sortie", "date_sortie"),
        ("Motif de sortie", "nature_sortie"),
        ("C.P.", "code_postal"),
        ("Tél. Portable", "telephone"),
        ("E-mail", "courriel"),
        ("Civilité", "sexe"),
        ("Élève", "nom_prenom"),
        ("Lieu de naissance", "commune_naissance"),
        ("Apprenant", "nom_prenom"),
        ("Code Postal  élève", "code_postal"),
        ("Nationalité", ""),
        ("Moyenne", ""),
        ("", ""),
    ],
)
def test_titres_usuels(titre, champ):
    assert champ_du_titre(titre) == champ


@pytest.mark.parametrize(
    ("groupe", "titre", "champ"),
    [
        ("Élève", "Nom", "nom_naissance"),
        ("Responsable légal 1", "Nom", "resp_nom"),
        ("Responsable", "Tél.", "resp_telephone"),
        ("Mère", "Portable", "tel_mere"),
        ("Sortie", "Date", "date_sortie"),
        ("Sortie", "Motif", "nature_sortie"),
        ("Naissance", "Date", "date_naissance"),
        ("Naissance", "Lieu", "commune_naissance"),
        ("Classe", "", "classe"),
        ("Date de", "naissance", "date_naissance"),
    ],
)
def test_titres_sous_des_cellules_fusionnees(groupe, titre, champ):
    assert champ_du_titre(titre, groupe) == champ


def entete(titres, *lignes, memoire=None):
    return reconnaitre(lire(listes.csv_de(lignes or [["x"] * len(titres)], titres), "l.csv"), memoire)


def test_un_titre_inconnu_est_propose_ou_laisse_et_la_memoire_l_emporte():
    trouve = entete(
        ["Nom", "Prénom", "Date de naissancee", "Bloc", "Sexe"], memoire={"bloc": "classe", "sexe": ""}
    )
    assert [(c.champ, c.origine) for c in trouve.colonnes] == [
        ("nom_naissance", "connue"),
        ("prenom", "connue"),
        ("date_naissance", "proposee"),
        ("classe", "memoire"),
        ("", "memoire"),
    ]


def test_une_colonne_interdite_n_est_jamais_prise():
    assert [c.origine for c in entete(["Nom", "Prénom", "Nationalité", "PAI", "Boursier"]).colonnes[2:]] == [
        "interdite"
    ] * 3


def test_un_second_nom_est_celui_du_responsable():
    assert [c.champ for c in entete(["Nom", "Prénom", "Né le", "Nom", "Prénom"]).colonnes][3:] == [
        "resp_nom",
        "resp_prenom",
    ]


def test_chaque_titre_du_modele_est_reconnu():
    for code, champ in CHAMPS.items():
        assert champ_du_titre(champ.libelle) == code


# --- Values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("12/03/2008", date(2008, 3, 12)),
        ("2008-03-12", date(2008, 3, 12)),
        ("12.3.08", date(2008, 3, 12)),
        ("12-03-2008", date(2008, 3, 12)),
        ("12 mars 2008", date(2008, 3, 12)),
        ("1er août 2007", date(2007, 8, 1)),
        ("12-mars-08", date(2008, 3, 12)),
        (39519, date(2008, 3, 12)),
        ("39519", date(2008, 3, 12)),
        (39519.0, date(2008, 3, 12)),
        ("12/03/2008 00:00:00", date(2008, 3, 12)),
        ("2008-03-12T00:00:00", date(2008, 3, 12)),
        ("20080312", date(2008, 3, 12)),
        ("12032008", date(2008, 3, 12)),
        (3091993, date(1993, 9, 3)),
        ("mercredi 12 mars 2008", date(2008, 3, 12)),
        ("2008/03/12", date(2008, 3, 12)),
        ("né le 12/03/2008", date(2008, 3, 12)),
        ("12/03/98", date(1998, 3, 12)),
        ("", None),
        ("néant", None),
        (None, None),
    ],
)
def test_dates(ecrit, lu):
    assert valeurs.jour(ecrit) == lu


@pytest.mark.parametrize(
    "ecrit", ["03/25/2008", "31/02/2008", "29/02/2011", "hier", "12/2008", 12, 1e9, "#REF!", "12/03/20089"]
)
def test_une_date_douteuse_n_est_jamais_devinee(ecrit):
    with pytest.raises(Illisible, match="Date «"):
        valeurs.jour(ecrit)


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("F", "F"),
        ("Masculin", "M"),
        (1, "M"),
        (2.0, "F"),
        ("H", "M"),
        ("Madame", "F"),
        ("M.", "M"),
        ("FÉMININ ", "F"),
        (None, ""),
    ],
)
def test_sexes(ecrit, lu):
    assert valeurs.sexe(ecrit) == lu


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("1234567890V", "1234567890V"),
        ("1234 567 890 v", "1234567890V"),
        ("1,23456789E+09", "1234567890V"),
        (1234567890.0, "1234567890V"),
        ("123456789AB", "123456789AB"),
        ("", ""),
        ("NC", ""),
        (None, ""),
        ("1,234567891E+09", "1234567891" + "W"),
    ],
)
def test_ine_recupere_quand_rien_n_est_perdu(ecrit, lu):
    assert valeurs.ine(ecrit)[0] == lu


@pytest.mark.parametrize("ecrit", ["1,23457E+09", "1.23E+10", 1.5, "1,2345678E+6"])
def test_ine_dont_des_chiffres_sont_perdus_est_refuse_avec_le_remede(ecrit):
    with pytest.raises(Illisible, match="format Texte"):
        valeurs.ine(ecrit)


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("0639980112", ["+33639980112"]),
        (639980112, ["+33639980112"]),
        ("06.39.98.01.12 / 02 61 91 00 01", ["+33639980112", "+33261910001"]),
        ("06/39/98/01/12", ["+33639980112"]),
        ("+33 (0)6 39 98 01 12", ["+33639980112"]),
        ("néant", []),
        (None, []),
        ("6,39980112E+08", ["+33639980112"]),
    ],
)
def test_telephones(ecrit, lu):
    assert [valeurs.numero_normalise(v) for _, v, _ in valeurs.contacts(ecrit, "jeune")[0]] == lu


def test_un_telephone_dit_a_qui_il_est_et_un_numero_incomplet_est_dit():
    assert valeurs.contacts("06 39 98 01 12 (mère)", "jeune")[0][0][2] == "mere"
    assert valeurs.contacts("06 39 98", "jeune") == ([], ["06 39 98"])


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [("1400", "01400"), (14000.0, "14000"), ("14 000", "14000"), ("14000.0", "14000"), ("F-14000", "14000")],
)
def test_codes_postaux(ecrit, lu):
    assert valeurs.code_postal(ecrit) == lu


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("DUPONT Jean-Pierre", ("DUPONT", "Jean-Pierre")),
        ("Zoé YVER", ("YVER", "Zoé")),
        ("Yver, Zoé", ("Yver", "Zoé")),
        ("VAN DER MEULEN Léa", ("VAN DER MEULEN", "Léa")),
        ("de LA TOUR Anne", ("de LA TOUR", "Anne")),
        ("YVER ZOE", ("YVER", "ZOE")),
    ],
)
def test_nom_et_prenom_reunis(ecrit, lu):
    assert valeurs.nom_et_prenom(ecrit) == lu


def test_nom_et_prenom_qui_ne_se_distinguent_pas():
    with pytest.raises(Illisible, match="deux colonnes"):
        valeurs.nom_et_prenom("LE GOFF JEAN BAPTISTE")


# --- Rows --------------------------------------------------------------------------------------------------


def lire_liste(monde, contenu, nom="liste.csv", **options):
    tableau = lire(contenu, nom)
    trouve = reconnaitre(tableau)
    lecteur = Lecteur(trouve.colonnes, monde.lycee, **options)
    return [
        lecteur.lire(n, cellules) for n, cellules in tableau.feuilles[trouve.feuille].lignes[trouve.debut :]
    ]


def une(monde, **champs):
    """The reading of a tidy row with some cells replaced."""
    import random

    v = listes.jeune(random.Random(5), timezone.localdate())
    valeurs_ = dict(zip(listes.TITRES, listes.rangees([v])[0], strict=True)) | champs
    return lire_liste(monde, listes.csv_de([list(valeurs_.values())], list(valeurs_)))[0]


def test_une_date_illisible_dit_sa_colonne_et_ne_cache_pas_l_autre(monde):
    naissance, sortie = CHAMPS["date_naissance"].libelle, CHAMPS["date_sortie"].libelle
    ligne = une(monde, **{naissance: "31/02/2008", sortie: ""})
    assert [r.split(" «")[0].split(" :")[0] for r in ligne.raisons] == [naissance, sortie]


def test_une_formule_sans_resultat_se_dit_avec_sa_colonne(monde):
    v = dict.fromkeys(["Nom", "Prénom", "Né(e) le", "Sexe", "Date de sortie", "Téléphone"], "=Z1")
    [ligne] = lire_liste(monde, classeur([list(v), list(v.values())]), "liste.xlsx")
    dites = [raison.split(" : ") for raison in ligne.raisons]
    assert [champ for champ, _ in dites] == [
        CHAMPS[c].libelle for c in ("nom_naissance", "prenom", "date_naissance", "sexe", "date_sortie")
    ]
    assert all("formule sans résultat. Ouvrez le classeur" in suite for _, suite in dites)
    assert ligne.remarques[0] == "Téléphone du jeune non repris : la case contient une formule sans résultat."


def test_une_ligne_en_ordre_est_un_signalement_complet(monde):
    ligne = une(monde)
    assert ligne.raisons == [] and ligne.numero == 2
    assert {
        "nom_naissance",
        "prenom",
        "date_naissance",
        "sexe",
        "ine",
        "classe",
        "date_sortie",
        "nature_sortie",
    } <= set(ligne.donnees)
    assert ligne.contacts[0][0] == "telephone"


@pytest.mark.parametrize(
    ("champ", "ecrit", "raison"),
    [
        ("Nom", "", "Nom de naissance : la case est vide."),
        ("Nom", "1234", "avec des lettres"),
        ("Prénom", "", "Prénom : la case est vide."),
        ("Date de naissance", "", "Date de naissance : la case est vide."),
        ("Date de naissance", "31/02/2008", "n’existe pas"),
        ("Date de sortie", "01/01/2999", "futur"),
        ("Date de sortie", "01/01/1999", "précède"),
        ("Nature de la sortie", "Lubie", "inconnue"),
        ("INE", "1,23457E+09", "format Texte"),
        ("Sexe", "Z", "écrivez F ou M"),
        ("Nom", "N" * 150, "au plus 100"),
    ],
)
def test_une_ligne_refusee_dit_pourquoi(monde, champ, ecrit, raison):
    assert raison in " ".join(une(monde, **{champ: ecrit}).raisons)


def test_moins_de_16_ans_a_la_sortie(monde):
    aujourdhui = timezone.localdate()
    ligne = une(monde, **{"Date de naissance": f"15/06/{aujourdhui.year - 15}"})
    assert len(ligne.raisons) == 1 and ligne.raisons[0].startswith("Moins de 16 ans à la sortie")


@pytest.mark.parametrize(
    ("champ", "ecrit"), [("Téléphone", "06 39"), ("Code postal", "ABC"), ("Commune", "V" * 200)]
)
def test_ce_qui_est_facultatif_et_faux_est_laisse_et_dit(monde, champ, ecrit):
    ligne = une(monde, **{champ: ecrit})
    assert ligne.raisons == [] and "on repris" in " ".join(ligne.remarques)


def test_un_message_sensible_n_est_pas_repris(monde):
    ligne = une(monde, Observations="Suivi pour une dépression")
    assert "message" not in ligne.donnees and "Message au GAB non repris" in " ".join(ligne.remarques)


def test_une_colonne_absente_n_est_pas_demandee_a_chaque_ligne(monde):
    v = ["Yver", "Zoé", f"12/03/{timezone.localdate().year - 18}", f"{timezone.localdate():%d/%m/%Y}"]
    [ligne] = lire_liste(monde, listes.csv_de([v], ["Nom", "Prénom", "Né(e) le", "Date de sortie"]))
    assert ligne.raisons == [] and ligne.donnees["aucun_contact"] is True


def test_une_liste_en_desordre_mais_honnete_entre_juste(monde):
    """cp1252, `;`, title rows, merged headings, doubled spaces, mixed dates, INE as numbers: 98 % of the rows are right."""
    contenu, verites = listes.liste_en_desordre(400, timezone.localdate(), graine=20261125)
    lues = lire_liste(monde, contenu)
    assert len(lues) == len(verites)
    justes = 0
    for ligne, v in zip(lues, verites, strict=True):
        d = ligne.donnees
        juste = (
            not ligne.raisons
            and d["nom_naissance"].casefold()
            == v["nom"].encode("cp1252", "replace").decode("cp1252").casefold()
            and d["prenom"].casefold() == v["prenom"].casefold()
            and d["date_naissance"] == v["naissance"].isoformat()
            and d["date_sortie"] == v["sortie"].isoformat()
            and d["sexe"] == v["sexe"]
            and d["nature_sortie"] == v["code_nature"]
            and d.get("ine", v["ine"]) == v["ine"]
            and d["code_postal"] == v["code"]
            and valeurs.numero_normalise(ligne.contacts[0][1]) == "+33" + v["telephone"][1:]
            and d["classe"].casefold() == v["classe"].casefold()
        )
        justes += juste
    assert justes >= 0.98 * len(verites), [r for ligne in lues for r in ligne.raisons][:10]

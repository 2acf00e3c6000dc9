"""Lists as schools send them, made for the tests: honest but messy, in several formats. People are invented."""

import csv
import io
import random
import unicodedata
from datetime import date, timedelta

import xlsxwriter

from qualit.territoire.controles import cle_modulo_23

NOMS = [
    "Lemarchand",
    "Duvivier",
    "Langlois",
    "Pottier",
    "Buisson",
    "Le Goff",
    "Dubosq",
    "Hébert",
    "Lefèvre",
    "Marie",
    "Guérin",
    "Vasseur",
    "O'Neill",
    "D’Arcy",
    "Van der Meulen",
    "Nguyễn",
    "Auvray",
    "Lecœur",
    "Quesnel",
    "Yver",
    "Jouan-Fleury",
    "Delaunay",
    "Tostain",
]
PRENOMS_F = [
    "Maëlle",
    "Inès",
    "Chloé",
    "Anaïs",
    "Zoé",
    "Léa",
    "Marie-Lou",
    "Fatoumata",
    "Océane",
    "Élise",
    "Noémie",
]
PRENOMS_M = [
    "Tristan",
    "Noah",
    "Jean-Baptiste",
    "Yanis",
    "Théo",
    "Gaëtan",
    "Mohamed",
    "Loïc",
    "Hugo",
    "Étienne",
    "Kylian",
]
MOIS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
NATURES = [
    ("Démission", "demission"),
    ("DEMISSION", "demission"),
    ("Rupture de contrat", "rupture_contrat"),
    ("Fin d'année non réinscrit", "fin_annee"),
    ("exclusion  définitive", "exclusion_definitive"),
    ("Abandon", "demission"),
    ("Non affecté", "non_affecte"),
]
COMMUNES = [("14000", "Caen"), ("14000", "CAEN CEDEX"), ("14100", "Lisieux")]


def ine(rng):
    """A BEA number with its right letter."""
    chiffres = f"{rng.randrange(10**9, 10**10)}"
    return chiffres + cle_modulo_23(chiffres)


def jeune(rng, aujourdhui):
    """What is true of one invented leaver of 17 to 20."""
    feminin = rng.random() < 0.5
    sortie = aujourdhui - timedelta(days=rng.randrange(2, 120))
    naissance = sortie - timedelta(days=365 * 17 + rng.randrange(6, 1000))
    code, ville = rng.choice(COMMUNES)
    nature, code_nature = rng.choice(NATURES)
    return {
        "nom": rng.choice(NOMS) + rng.choice(["", "", f"-{rng.choice(NOMS[:8])}"]),
        "prenom": rng.choice(PRENOMS_F if feminin else PRENOMS_M),
        "naissance": naissance,
        "sexe": "F" if feminin else "M",
        "ine": ine(rng),
        "code": code,
        "ville": ville,
        "sortie": sortie,
        "nature": nature,
        "code_nature": code_nature,
        "telephone": f"06399801{rng.randrange(100):02}",
        "classe": rng.choice(["2 MELEC", "1CAP CUIS", "TLE PRO COM", "2GT5"]),
        "adresse": f"{rng.randrange(1, 90)} rue des Tilleuls",
    }


def jour_ecrit(rng, jour):
    """A date in one of the ways of people and spreadsheets."""
    return rng.choice(
        [
            f"{jour:%d/%m/%Y}",
            f"{jour:%d/%m/%y}",
            f"{jour:%Y-%m-%d}",
            f"{jour:%d.%m.%Y}",
            f"{jour.day}/{jour.month}/{jour.year}",
            f"{jour:%d-%m-%Y}",
            f"{jour.day} {MOIS[jour.month - 1]} {jour.year}",
            str((jour - date(1899, 12, 30)).days),
            f"{jour:%d/%m/%Y} 00:00",
            f"{jour:%d/%m/%Y} ",
        ]
    )


def ine_ecrit(rng, numero):
    """An INE as it is, spaced, in small letters, or as the number that a spreadsheet makes of its digits."""
    chiffres = numero[:10]
    scientifique = f"{chiffres[0]},{chiffres[1:]}E+09"
    return rng.choice([numero, numero, numero.lower(), f"{numero[:4]} {numero[4:]}", scientifique, "", ""])


def telephone_ecrit(rng, numero):
    """A phone as people write it, its first zero sometimes eaten."""
    espace = " ".join(numero[i : i + 2] for i in range(0, 10, 2))
    return rng.choice(
        [numero, espace, espace.replace(" ", "."), numero[1:], f"+33 {espace[1:]}", f"{espace} (mère)"]
    )


def espaces(rng, texte):
    """Doubled and stray spaces, capitals."""
    texte = rng.choice([texte, texte, texte.upper(), f" {texte}", f"{texte}  "])
    return texte.replace(" ", "  ") if rng.random() < 0.2 else texte


def liste_en_desordre(n, aujourdhui, graine=1):
    """(bytes of a CSV, truths): cp1252, `;`, title rows, merged headings, doubled spaces, mixed dates, INE as numbers."""
    rng = random.Random(graine)
    verites = [jeune(rng, aujourdhui) for _ in range(n)]
    sexes = {"F": ["F", "Féminin", "2", "Mme", "f"], "M": ["M", "Masculin", "1", "M.", "H"]}
    lignes = [
        ["Lycée Malherbe-sur-Orne - Année scolaire 2026-2027"],
        ["Liste des élèves sortis sans diplôme au 15/11/2026"],
        [],
        [
            "",
            "Élève",
            "",
            "",
            "",
            "",
            "Domicile",
            "",
            "",
            "Sortie de l’établissement",
            "",
            "Responsable légal",
            "",
        ],
        [
            "Division",
            "Nom  de famille",
            "Prénom 1",
            "Né(e) le",
            "Sexe",
            "N° INE",
            "Adresse",
            "CP",
            "Ville",
            "Date",
            "Motif",
            "Nom",
            "Tél. portable",
        ],
    ]
    for v in verites:
        lignes.append(
            [
                espaces(rng, v["classe"]),
                espaces(rng, v["nom"]),
                espaces(rng, v["prenom"]),
                jour_ecrit(rng, v["naissance"]),
                rng.choice(sexes[v["sexe"]]),
                ine_ecrit(rng, v["ine"]),
                espaces(rng, v["adresse"]),
                v["code"],
                espaces(rng, v["ville"]),
                jour_ecrit(rng, v["sortie"]),
                espaces(rng, v["nature"]),
                espaces(rng, v["nom"]),
                telephone_ecrit(rng, v["telephone"]),
            ]
        )
        if rng.random() < 0.03:
            lignes.append([])
    sortie = io.StringIO(newline="")
    csv.writer(sortie, delimiter=";", lineterminator="\r\n").writerows(lignes)
    return unicodedata.normalize("NFC", sortie.getvalue()).encode("cp1252", "replace"), verites


TITRES = [
    "Nom",
    "Prénom",
    "Date de naissance",
    "Sexe",
    "INE",
    "Code postal",
    "Commune",
    "Classe",
    "Date de sortie",
    "Nature de la sortie",
    "Téléphone",
]


def rangees(jeunes):
    """The rows of a tidy list."""
    return [
        [
            v["nom"],
            v["prenom"],
            f"{v['naissance']:%d/%m/%Y}",
            v["sexe"],
            v["ine"],
            v["code"],
            v["ville"],
            v["classe"],
            f"{v['sortie']:%d/%m/%Y}",
            v["nature"],
            v["telephone"],
        ]
        for v in jeunes
    ]


def csv_de(lignes, titres=TITRES, codage="utf-8-sig", separateur=";"):
    """A CSV file."""
    sortie = io.StringIO(newline="")
    csv.writer(sortie, delimiter=separateur).writerows([titres, *lignes])
    return sortie.getvalue().encode(codage)


def xlsx_de(lignes, titres=TITRES, avant=()):
    """An XLSX file; dates are dates when given so."""
    sortie = io.BytesIO()
    with xlsxwriter.Workbook(sortie, {"default_date_format": "dd/mm/yyyy", "in_memory": True}) as classeur:
        feuille = classeur.add_worksheet("Liste")
        for rang, ligne in enumerate([*avant, titres, *lignes]):
            feuille.write_row(rang, 0, ligne)
    return sortie.getvalue()

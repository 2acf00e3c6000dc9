"""Open a table that somebody sends (CSV, XLSX, ODS) whatever its state: rows of cells, or one sentence in French.

The kind is read from the bytes and must agree with the extension. A workbook is a zip that its sender controls: its
directory is weighed before anything is unpacked, and it is opened by a child process with little memory and processor
time (`ouvrir.py`), so that a hostile one cannot take the server with it. No Django model here, nothing is stored.
"""

import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from . import texte
from .ouvrir import FEUILLES, SANS_VALEUR
from .refus import FichierIllisible

__all__ = ["SANS_RESULTAT", "SANS_VALEUR", "FichierIllisible", "Feuille", "Tableau", "lire"]

OCTETS_MAXIMUM = 20 * 1024 * 1024
LIGNES_MAXIMUM = 100_000
"""Rows that hold something, titles included apart: a longer list must be shared out."""
TITRES_MAXIMUM = 50
COLONNES_MAXIMUM = 200
VIDES_MAXIMUM = 20_000
"""So many empty rows in a row are the end of the sheet."""

ENTREES_MAXIMUM = 3_000
DEPLIE_MAXIMUM = 220 * 1024 * 1024
DEPLIE_SUSPECT = 24 * 1024 * 1024
RAPPORT_MAXIMUM = 60
"""A workbook that people made unpacks to ten or twenty times its size; past `DEPLIE_SUSPECT`, more than that is emptiness."""
DUREE_MAXIMALE = 120  # seconds for the child; its processor time is limited apart

EXTENSIONS = {"csv": "texte", "txt": "texte", "tsv": "texte", "xlsx": "xlsx", "ods": "ods"}
SANS_RESULTAT = (
    "la case contient une formule sans résultat. Ouvrez le classeur dans Excel ou LibreOffice, vérifiez ce qu’elle affiche, "
    "enregistrez-le, puis renvoyez-le."
)
"""What is said of a cell that is `SANS_VALEUR`."""
FORMATS = "Envoyez un fichier .csv, .xlsx (Excel) ou .ods (LibreOffice)."
INTERDITS = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
SAUTS = re.compile("[\x0b\x0c]")  # line and page breaks of a word processor
OUVRIR = Path(__file__).with_name("ouvrir.py")


@dataclass(frozen=True)
class Feuille:
    """One sheet: its name ('' for a CSV) and its rows that hold something.

    lignes: [(number, cells)]; number is the row's as a spreadsheet shows it; a cell is a str, an int, a float, a bool
    or None. Dates come as ISO text, a formula whose result is not in the file as `SANS_VALEUR`.
    """

    nom: str
    lignes: list = field(default_factory=list)


@dataclass(frozen=True)
class Tableau:
    """All the sheets that hold something, in order (one at least)."""

    genre: str
    feuilles: list


def lire(contenu, nom):
    """Open the bytes of a file named `nom`. Returns a `Tableau`; raises FichierIllisible, its message for the user."""
    if not contenu:
        raise FichierIllisible("Ce fichier est vide.")
    if len(contenu) > OCTETS_MAXIMUM:
        raise FichierIllisible(
            f"Ce fichier pèse plus de {OCTETS_MAXIMUM // 1024**2} Mo : gardez seulement la liste des jeunes, ou partagez-la."
        )
    genre = _genre_reel(contenu)
    attendu = _genre_annonce(nom, genre)
    if genre != attendu:
        raise FichierIllisible(_contradiction(nom, attendu, genre))
    if genre == "texte":
        feuilles = [
            Feuille(
                "",
                _borner(
                    texte.lignes(contenu, colonnes=COLONNES_MAXIMUM, maximum=LIGNES_MAXIMUM + TITRES_MAXIMUM)
                ),
            )
        ]
    else:
        _peser(contenu)
        feuilles = _ouvrir_a_part(contenu)
    feuilles = [f for f in feuilles if f.lignes]
    if not feuilles:
        raise FichierIllisible("Ce fichier ne contient aucune ligne remplie.")
    return Tableau(genre, feuilles)


def _genre_annonce(nom, genre):
    """The kind that the extension says. Many tools call .xls a text that Excel opens: it is read as text."""
    extension = Path(nom.replace("\\", "/")).suffix.lower().lstrip(".")
    if extension in EXTENSIONS:
        return EXTENSIONS[extension]
    if extension == "xls" and genre != "ole":
        return "texte"
    if extension == "xls":
        raise FichierIllisible(
            "Ce classeur est dans l’ancien format .xls : ouvrez-le et enregistrez-le au format .xlsx."
        )
    if extension in {"xlsm", "xlsb"}:
        raise FichierIllisible(
            "Ce classeur peut contenir des macros : enregistrez-le au format .xlsx, sans macro."
        )
    raise FichierIllisible(f"Ce type de fichier n’est pas accepté. {FORMATS}")


SIGNATURES = [
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\t\x08", "ole"),  # a workbook of the nineties
    (b"%PDF", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"Rar!", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"MZ", "programme"),
    (b"\x7fELF", "programme"),
    (b"SQLite format 3", "base"),
]


#: How a page of the Web starts, whole or cut down to its table, as tools that say « .xls » give it.
PAGES = (
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<meta",
    b"<style",
    b"<body",
    b"<div",
    b"<table",
    b"mime-version:",
)


def _genre_reel(contenu):
    for signature, genre in SIGNATURES:
        if contenu.startswith(signature):
            if genre == "programme" and signature == b"MZ" and b"\x00" not in contenu[:256]:
                continue  # a list whose first heading starts with these letters
            return _genre_du_zip(contenu) if genre == "zip" else genre
    debut = contenu[:1024].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if debut.startswith(PAGES):
        return "html"
    if debut.startswith(b"<?xml"):
        return "xml"
    return "texte"


def _genre_du_zip(contenu):
    try:
        with zipfile.ZipFile(io.BytesIO(contenu)) as archive:
            noms = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, UnicodeDecodeError):
        return "zip abîmé"
    if "[Content_Types].xml" in noms and any(n.startswith("xl/") for n in noms):
        return "xlsb" if "xl/workbook.bin" in noms else "xlsx"
    if "content.xml" in noms:
        return "ods"
    return "archive"


def _contradiction(nom, attendu, genre):
    """The sentence for a content that is not what the extension says."""
    extension = Path(nom.replace("\\", "/")).suffix.lower()
    if genre == "zip abîmé":
        return "Ce classeur est abîmé ou incomplet : enregistrez-le de nouveau, puis renvoyez-le."
    if genre == "ole":
        return (
            "Ce classeur est protégé par un mot de passe, ou dans l’ancien format .xls : "
            "retirez la protection et enregistrez-le au format .xlsx."
        )
    if genre in {"html", "xml"}:
        nature = "une page Web" if genre == "html" else "du XML"
        return (
            f"Malgré son extension {extension}, ce fichier est {nature} : ouvrez-le dans Excel ou LibreOffice, puis "
            "enregistrez-le au format .xlsx."
        )
    if genre in {"xlsx", "ods"}:
        return f"Ce fichier porte l’extension {extension}, mais c’est un classeur .{genre} : renommez-le en .{genre}."
    if genre == "texte" and attendu != "texte":
        return (
            f"Ce fichier porte l’extension {extension}, mais ce n’est pas un classeur : "
            "enregistrez-le de nouveau depuis votre tableur."
        )
    return f"Le contenu de ce fichier n’est pas un tableau. {FORMATS}"


def _peser(contenu):
    """Refuse a zip whose directory announces too much, is protected, or leads out of the archive."""
    with zipfile.ZipFile(io.BytesIO(contenu)) as archive:
        entrees = archive.infolist()
        if len(entrees) > ENTREES_MAXIMUM:
            raise FichierIllisible(
                "Ce classeur contient trop d’éléments : copiez la liste dans un nouveau classeur."
            )
        if any(e.flag_bits & 0x1 for e in entrees):
            raise FichierIllisible("Ce classeur est protégé par un mot de passe : retirez la protection.")
        if any(
            n.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", n) or ":" in n[:3]
            for n in (e.filename for e in entrees)
        ):
            raise FichierIllisible("Ce classeur est malformé : copiez la liste dans un nouveau classeur.")
        if len({e.header_offset for e in entrees}) < len(entrees) or sum(
            e.compress_size for e in entrees
        ) > len(contenu):
            raise FichierIllisible("Ce classeur est malformé : copiez la liste dans un nouveau classeur.")
        deplie = sum(e.file_size for e in entrees)
        if deplie > DEPLIE_MAXIMUM or deplie > DEPLIE_SUSPECT and deplie > RAPPORT_MAXIMUM * len(contenu):
            raise FichierIllisible(
                "Ce classeur est démesuré une fois ouvert, sans doute à cause de lignes vides mises en forme : "
                "copiez la seule liste des jeunes dans un nouveau classeur."
            )
        for entree in entrees:
            if entree.filename.lower().endswith((".xml", ".rels")):
                _refuser_les_entites(archive, entree)


def _refuser_les_entites(archive, entree):
    try:
        with archive.open(entree) as partie:
            debut = partie.read(8192)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as erreur:
        raise FichierIllisible(
            "Ce classeur est abîmé ou incomplet : enregistrez-le de nouveau, puis renvoyez-le."
        ) from erreur
    except Exception as erreur:  # zlib.error and its kin do not share a base class
        if type(erreur).__module__ not in {"zlib", "lzma", "_lzma"}:
            raise
        raise FichierIllisible(
            "Ce classeur est abîmé ou incomplet : enregistrez-le de nouveau, puis renvoyez-le."
        ) from erreur
    plat = debut.replace(b"\x00", b"").upper()
    if b"<!DOCTYPE" in plat or b"<!ENTITY" in plat:
        raise FichierIllisible(
            "Ce classeur contient des définitions XML interdites : copiez la liste dans un nouveau classeur."
        )


def _ouvrir_a_part(contenu):
    """Let a child process read the workbook. Returns its sheets."""
    with tempfile.TemporaryFile() as entree, tempfile.TemporaryFile() as sortie:
        entree.write(contenu)
        entree.seek(0)
        try:
            fini = subprocess.run(
                [sys.executable, "-I", str(OUVRIR), str(LIGNES_MAXIMUM + TITRES_MAXIMUM), str(COLONNES_MAXIMUM)],
                stdin=entree, stdout=sortie, stderr=subprocess.DEVNULL, timeout=DUREE_MAXIMALE, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as erreur:
            raise FichierIllisible(
                "Ce classeur est trop long à ouvrir : copiez la liste dans un nouveau classeur."
            ) from erreur
        if fini.returncode == 3:
            raise FichierIllisible("Ce classeur est protégé par un mot de passe : retirez la protection.")
        if fini.returncode == 4:
            raise FichierIllisible(
                "Ce classeur est abîmé ou incomplet : enregistrez-le de nouveau, puis renvoyez-le."
            )
        if fini.returncode == 6:
            raise FichierIllisible(
                f"Ce classeur a plus de {FEUILLES} feuilles : copiez seulement celles des jeunes dans un nouveau classeur."
            )
        if fini.returncode != 0:
            raise FichierIllisible(
                "Ce classeur est trop lourd à ouvrir, ou abîmé : copiez la seule liste des jeunes dans un nouveau classeur."
            )
        sortie.seek(0)
        feuilles = []
        for ligne in io.TextIOWrapper(sortie, encoding="utf-8"):
            lu = json.loads(ligne)
            if isinstance(lu, str):
                feuilles.append(Feuille(lu))
            else:
                feuilles[-1].lignes.append((lu[0], lu[1]))
        if sum(len(f.lignes) for f in feuilles) > LIGNES_MAXIMUM + TITRES_MAXIMUM:  # the child stopped there
            raise FichierIllisible(
                f"Ce classeur dépasse {LIGNES_MAXIMUM} lignes, toutes feuilles comprises : gardez seulement la liste des "
                "jeunes, ou partagez-la."
            )
        return [Feuille(f.nom, _borner(f.lignes)) for f in feuilles]


def _borner(lignes):
    """The same rows, as a list that is not too long, without the characters that nothing can keep."""
    gardees = []
    for numero, cellules in lignes:
        if cellules := _nettoyer(cellules):
            gardees.append((numero, cellules))
        if len(gardees) > LIGNES_MAXIMUM + TITRES_MAXIMUM:
            raise FichierIllisible(
                f"Ce fichier dépasse {LIGNES_MAXIMUM} lignes : partagez-le en plusieurs listes."
            )
    return gardees


def _nettoyer(cellules):
    """The cells without control characters: the database refuses some, no workbook holds the others."""
    propres = [
        c if not isinstance(c, str) or c.isprintable() else INTERDITS.sub("", SAUTS.sub(" ", c))
        for c in cellules
    ]
    while propres and (propres[-1] is None or propres[-1] == ""):
        propres.pop()
    return propres

"""Files that people or attackers send instead of a list, made here: `python -m tests.fichiers_hostiles DOSSIER` writes them.

Each entry of `corpus()` is (name on disk, bytes); none of them is a list of reports that could be read. `honnetes()` gives
valid ones, which the mutations start from.
"""

import io
import random
import struct
import sys
import zipfile
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from tests import listes

TITRES = "Nom;Prénom;Date de naissance;Date de sortie\n"
XLSX, ODS = "xl/worksheets/sheet1.xml", "content.xml"
TYPES = (
    b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    b'<Default Extension="xml" ContentType="application/xml"/>'
    b'<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    b'<Override PartName="/xl/worksheets/sheet1.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
RELS = (
    b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    b'Target="xl/workbook.xml"/></Relationships>'
)
CLASSEUR = (
    b'<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    b'<sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
CLASSEUR_RELS = (
    b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    b'Target="worksheets/sheet1.xml"/></Relationships>'
)
FEUILLE = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
TYPE_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
MANIFESTE = (
    b'<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    b'<manifest:file-entry manifest:full-path="/" manifest:media-type="%s"/></manifest:manifest>' % TYPE_ODS
)
MILLION = 1_000_000


def classeur(lignes=b"", *, feuille=None, avant=b"", **parties):
    """A hand-made XLSX: `lignes` is the inside of its sheetData, `avant` what stands before it; `parties` replaces parts."""
    contenus = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": RELS,
        "xl/workbook.xml": CLASSEUR,
        "xl/_rels/workbook.xml.rels": CLASSEUR_RELS,
        XLSX: feuille
        if feuille is not None
        else (FEUILLE % lignes).replace(b"?><worksheet", b"?>" + avant + b"<worksheet"),
    } | parties
    return archive({nom: c for nom, c in contenus.items() if c is not None})


def archive(contenus):
    """A zip of these {name: bytes}."""
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as zip_:
        for nom, contenu in contenus.items():
            zip_.writestr(nom, contenu)
    return sortie.getvalue()


def ods(table, avant=b""):
    """A hand-made ODS; `table` is the inside of its only table."""
    contenu = (
        b'<?xml version="1.0"?>' + avant + b"<office:document-content "
        b'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        b'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet><table:table table:name="A">'
        + table
        + b"</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    return archive({"mimetype": TYPE_ODS, "META-INF/manifest.xml": MANIFESTE, ODS: contenu})


def changer(contenu, octet, masque, ou):
    """The same bytes with one changed at each place where `ou` is found plus `octet`."""
    octets, place = bytearray(contenu), 0
    while (place := contenu.find(ou, place)) >= 0:
        octets[place + octet] |= masque
        place += 1
    return bytes(octets)


def taille_menteuse(contenu):
    """A zip whose directory says that each part holds nothing."""
    octets, place = bytearray(contenu), 0
    while (place := contenu.find(b"PK\x01\x02", place)) >= 0:
        octets[place + 24 : place + 28] = struct.pack("<I", 10)
        place += 1
    return bytes(octets)


def feuilles_partagees(nombre):
    """A workbook whose sheets, all of them, are one part of 100,000 empty rows."""
    une = b'<sheet name="A" sheetId="1" r:id="rId1"/>'
    toutes = b"".join(b'<sheet name="F%d" sheetId="%d" r:id="rId1"/>' % (n, n) for n in range(1, nombre + 1))
    return classeur(b"<row/>" * 100_000, **{"xl/workbook.xml": CLASSEUR.replace(une, toutes)})


def cellule(reference, valeur=b"<v>1</v>"):
    return b'<row r="1"><c r="%s">%s</c></row>' % (reference, valeur)


def corpus():
    """[(name, bytes)] of at least eighty files."""
    bon = listes.xlsx_de([["a"] * 4] * 30, ["Nom", "Prénom", "Né(e) le", "Sortie"])
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    fichiers = [
        # nothing, or nothing filled in
        ("vide.csv", b""),
        ("vide.xlsx", b""),
        ("espaces.csv", b"   \n\t\n  "),
        ("fins-de-ligne.csv", b"\r\n" * 5_000),
        ("point-virgules.csv", b";;;;\n" * 5_000),
        ("titres-seuls.csv", TITRES.encode()),
        ("marque-seule.csv", b"\xef\xbb\xbf"),
        ("marque-utf16.csv", b"\xff\xfe"),
        ("un-titre.csv", b"Nom\n"),
        ("sep-seul.csv", b"sep=;\n"),
        ("million-de-lignes-vides.csv", b"\n" * MILLION),
        ("million-de-separateurs.csv", b";" * MILLION),
        ("classeur-vide.xlsx", classeur()),
        ("titres-seuls.xlsx", listes.xlsx_de([])),
        ("classeur-sans-feuille.xlsx", classeur(**{XLSX: None})),
        ("feuille-vide.ods", ods(b"")),
        ("lignes-vides.xlsx", classeur(b"<row/>" * 100_000)),
        # too much
        ("cent-mega.csv", b"a;b;c;d\n" * (100 * 1024 * 1024 // 8)),
        ("cent-mega.xlsx", bon + b"\0" * (100 * 1024 * 1024)),
        ("million-de-lignes.csv", TITRES.encode() + b"a;b;c;d\n" * MILLION),
        ("ligne-sans-fin.csv", b"a" * (10 * 1024 * 1024)),
        ("cellule-enorme.csv", TITRES.encode() + b'"' + b"a" * (5 * 1024 * 1024) + b'";b;c;d\n'),
        ("million-de-lignes-vides.xlsx", classeur(b'<row r="1"/>' * MILLION)),
        (
            "million-de-lignes-mises-en-forme.xlsx",
            classeur(b'<row><c s="0"/><c s="0"/><c s="0"/><c s="0"/></row>' * MILLION),
        ),
        ("bombe.xlsx", classeur(b"<row><c><v>1</v></c></row>" * 12_000_000)),
        ("bombe-a-cote.xlsx", classeur(**{"xl/media/image.png": b"\0" * (400 * 1024 * 1024)})),
        ("dix-mille-parties.xlsx", classeur(**{f"xl/p{n}.xml": b"<a/>" for n in range(10_000)})),
        ("six-cents-fois-la-meme-feuille.xlsx", feuilles_partagees(600)),
        ("etendue-immense.xlsx", classeur(cellule(b"A1") + cellule(b"XFD1048576"))),
        (
            "colonne-lointaine.xlsx",
            classeur(cellule(b"A1") + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        ),
        ("ligne-impossible.xlsx", classeur(cellule(b"A99999999999"))),
        ("colonne-impossible.xlsx", classeur(cellule(b"ZZZZZZZZ1"))),
        (
            "lignes-repetees.ods",
            ods(
                b'<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>a</text:p></table:table-cell></table:table-row>'
            ),
        ),
        (
            "lignes-vides-repetees.ods",
            ods(
                b'<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
            ),
        ),
        (
            "repetition-negative.ods",
            ods(b'<table:table-row table:number-rows-repeated="-5"><table:table-cell/></table:table-row>'),
        ),
        (
            "repetition-enorme.ods",
            ods(
                b'<table:table-row table:number-rows-repeated="99999999999999999999"><table:table-cell/></table:table-row>'
            ),
        ),
        ("profond.xlsx", classeur(b"<row>" * 200_000)),
        ("profond.ods", ods(b"<table:table-row>" * 200_000)),
        # XML that attacks its reader
        (
            "xxe.xlsx",
            classeur(
                cellule(b"A1", b"<v>&x;</v>"), avant=b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            ),
        ),
        (
            "xxe-distante.xlsx",
            classeur(
                cellule(b"A1", b"<v>&x;</v>"),
                avant=b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>',
            ),
        ),
        ("milliard-de-rires.xlsx", classeur(cellule(b"A1", b"<v>&j;</v>"), avant=_rires())),
        ("milliard-de-rires.ods", ods(b"&j;", _rires())),
        ("xxe.ods", ods(b"&x;", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>')),
        (
            "dtd-utf16.xlsx",
            classeur(
                feuille='<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><worksheet/>'.encode("utf-16")
            ),
        ),
        ("xml-coupe.xlsx", classeur(feuille=b"<?xml version='1.0'?><worksheet><sheetData><row>")),
        ("xml-faux.xlsx", classeur(feuille=b"pas du xml <<<>>> &&&")),
        ("xml-nul.xlsx", classeur(feuille=b"\0" * 5_000)),
        ("relations-absentes.xlsx", classeur(**{"xl/_rels/workbook.xml.rels": None})),
        ("classeur-absent.xlsx", classeur(**{"xl/workbook.xml": b""})),
        (
            "relation-dehors.xlsx",
            classeur(
                **{"xl/_rels/workbook.xml.rels": CLASSEUR_RELS.replace(b"worksheets/", b"../../../../etc/")}
            ),
        ),
        ("index-fou.xlsx", classeur(b'<row r="1"><c r="A1" t="s"><v>99999999</v></c></row>')),
        # zips that lie
        ("coupe-au-tiers.xlsx", bon[: len(bon) // 3]),
        ("coupe-a-la-fin.xlsx", bon[:-30]),
        ("coupe-au-debut.xlsx", bon[40:]),
        ("sans-repertoire.xlsx", bon[: bon.rfind(b"PK\x05\x06")]),
        ("deux-fois.xlsx", bon[:200] + bon[:200]),
        ("taille-menteuse.xlsx", taille_menteuse(classeur(b"<row><c><v>1</v></c></row>" * 3_000_000))),
        ("zip-protege.xlsx", changer(bon, 8, 1, b"PK\x01\x02")),
        ("methode-inconnue.xlsx", changer(bon, 10, 0x63, b"PK\x01\x02")),
        ("chemin-dehors.xlsx", classeur(**{"../../../tmp/dehors.xml": b"<a/>"})),
        ("chemin-absolu.xlsx", classeur(**{"/etc/dehors.xml": b"<a/>"})),
        ("lecteur.xlsx", classeur(**{"C:\\dehors.xml": b"<a/>"})),
        ("zip-simple.xlsx", archive({"a.txt": b"bonjour"})),
        ("zip-vide.xlsx", archive({})),
        ("zip-dans-zip.xlsx", archive({"liste.xlsx": bon})),
        ("signature-seule.xlsx", b"PK\x03\x04"),
        ("fin-seule.xlsx", b"PK\x05\x06" + b"\0" * 18),
        ("xlsb.xlsx", classeur(**{"xl/workbook.bin": b"\0"})),
        # something else under a name of ours
        ("ancien.xls", ole),
        ("protege.xlsx", ole),
        ("ole.csv", ole),
        ("ole.ods", ole),
        ("macros.xlsm", bon),
        ("binaire.xlsb", bon),
        ("texte.xlsx", TITRES.encode() + b"a;b;c;d\n"),
        ("texte.ods", TITRES.encode()),
        ("classeur.csv", bon),
        ("classeur.ods", bon),
        ("calc.xlsx", ods(b"")),
        ("page.csv", b"<!DOCTYPE html><html><table><tr><td>Nom</td></tr></table></html>"),
        ("page.xls", b"<html><table></table></html>"),
        ("page.xlsx", b"<html></html>"),
        ("xml-2003.csv", b'<?xml version="1.0"?><Workbook/>'),
        ("plat.csv", b'<?xml version="1.0"?><office:document/>'),
        ("acrobat.pdf", b"%PDF-1.7\n"),
        ("acrobat.csv", b"%PDF-1.7\n" + b"x" * 1_000),
        ("image.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 100),
        ("photo.xlsx", b"\xff\xd8\xff\xe0" + b"\0" * 100),
        ("texte-riche.csv", b"{\\rtf1 bonjour}"),
        ("archive.csv", b"\x1f\x8b\x08" + b"\0" * 50),
        ("sept-zip.xlsx", b"7z\xbc\xaf\x27\x1c" + b"\0" * 50),
        ("programme.csv", b"MZ\x90\x00" + b"\0" * 500),
        ("elf.csv", b"\x7fELF" + b"\0" * 500),
        ("base.csv", b"SQLite format 3\0" + b"\0" * 500),
        ("sans-extension", TITRES.encode()),
        ("script.js", b"alert(1)"),
        ("double.csv.exe", TITRES.encode()),
        (".csv", TITRES.encode()),
        ("../../dehors.php", TITRES.encode()),
        ("nul.csv", b"Nom;Pr\0nom;N\n"),
        ("hasard.csv", random.Random(1).randbytes(50_000)),
        ("hasard.xlsx", b"PK\x03\x04" + random.Random(2).randbytes(50_000)),
        ("controles.csv", bytes(range(1, 32)) * 200),
        # text that breaks its reader
        ("guillemet-ouvert.csv", b'"' + b"a;b;c\n" * 400_000),
        ("guillemets.csv", b'"' * MILLION),
        ("utf16-coupe.csv", "Nom;Prénom".encode("utf-16")[:-1]),
        ("utf8-faux.csv", b"\xef\xbb\xbfNom;Pr\xe9nom\nA;B\n"),
        ("utf32-coupe.csv", "Nom".encode("utf-32")[:-1]),
        ("json.csv", b'{"nom": "A"}'),
    ]
    return fichiers


def _rires():
    entites = [b'<!ENTITY a "lol">'] + [
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    ]
    return b"<!DOCTYPE lolz [" + b"".join(entites) + b"]>"


def honnetes():
    """[(name, bytes)] of lists that can be read, to be mutated."""
    rng = random.Random(3)
    rangs = listes.rangees([listes.jeune(rng, date(2026, 11, 25)) for _ in range(12)])
    desordre, _ = listes.liste_en_desordre(12, date(2026, 11, 25))
    return [
        ("liste.csv", listes.csv_de(rangs)),
        ("liste.csv", listes.csv_de(rangs, codage="utf-16")),
        ("liste.csv", desordre),
        ("liste.xlsx", listes.xlsx_de(rangs)),
        ("liste.ods", ods(rangees_ods([listes.TITRES, *rangs]))),
    ]


def rangees_ods(rangs):
    """The inside of an ODS table of these texts."""
    cellule = '<table:table-cell office:value-type="string"><text:p>%s</text:p></table:table-cell>'
    rangees = ("".join(cellule % escape(c) for c in rang) for rang in rangs)
    return "".join(f"<table:table-row>{r}</table:table-row>" for r in rangees).encode()


def mutations(nombre, graine=1):
    """Yield (name, bytes): valid files with bytes flipped, cut, doubled, moved, a part recompressed with its XML damaged."""
    rng = random.Random(graine)
    departs = honnetes()
    for _ in range(nombre):
        nom, contenu = rng.choice(departs)
        octets = bytearray(contenu)
        if nom != "liste.csv" and rng.random() < 0.5:
            yield nom, _muter_une_partie(rng, contenu)
            continue
        for _ in range(rng.randrange(1, 12)):
            place = rng.randrange(len(octets))
            geste = rng.randrange(5)
            if geste == 0:
                octets[place] = rng.randrange(256)
            elif geste == 1:
                del octets[place : place + rng.randrange(1, 60)]
            elif geste == 2:
                octets[place:place] = octets[place : place + rng.randrange(1, 200)]
            elif geste == 3:
                octets[place:place] = rng.choice(
                    [b'"', b"\0", b";", b"\r", b"\xff", b"<", b"&x;", b"\n" * 50, b"9" * 400]
                )
            else:
                octets[place] ^= 1 << rng.randrange(8)
            if not octets:
                octets = bytearray(b"x")
        yield nom, bytes(octets)


def _muter_une_partie(rng, contenu):
    with zipfile.ZipFile(io.BytesIO(contenu)) as zip_:
        parties = {n: zip_.read(n) for n in zip_.namelist()}
    nom = rng.choice([n for n, c in parties.items() if c])
    octets = bytearray(parties[nom])
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(octets))
        if rng.random() < 0.5:
            octets[place] = rng.randrange(256)
        else:
            octets[place : place + rng.randrange(20)] = rng.choice(
                [b'r="XFD1048576"', b"<c", b"</row>", b"&#0;", b"1e999", b'"']
            )
    parties[nom] = bytes(octets)
    return archive(parties)


if __name__ == "__main__":
    dossier = Path(sys.argv[1])
    dossier.mkdir(parents=True, exist_ok=True)
    for nom, contenu in corpus():
        (dossier / Path(nom).name).write_bytes(contenu)

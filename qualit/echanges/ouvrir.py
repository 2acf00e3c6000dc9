"""The child process that opens a workbook: `python ouvrir.py ROWS COLUMNS < workbook > JSON lines`.

Writes, for each sheet, its name as a JSON string, then `[number, [cells]]` for each row that holds something; dates
as ISO text, a formula whose result is not in the file as `SANS_VALEUR`. Memory and processor time are limited before
anything is read. Exit codes: 0 read, 3 protected, 4 not a workbook, 6 too many sheets; anything else (limits, crash)
means too heavy.

It imports nothing of the project, so that it starts in a few hundredths of a second.
"""

import contextlib
import datetime
import io
import json
import re
import sys
import zipfile
from itertools import chain
from xml.etree import ElementTree

MEMOIRE = 900 * 1024 * 1024
PROCESSEUR = 30  # seconds
VIDES = 20_000
TEXTE = 5_000
FEUILLES = 100  # visible sheets of a workbook
SANS_VALEUR = "#FORMULE!"
"""What stands for a formula without a result: a program wrote it and no spreadsheet computed it, or it is in error."""
FORMULE = re.compile(
    rb"<(?:\w+:)?c\b([^<>]*)>\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<>]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v[^<>]*>([^<>]*)</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
BLOC = 1024 * 1024
CELLULE_XML = 64 * 1024  # a cell that is cut between two blocks is no longer than this


def limiter():
    """Set the limits of this process, where the system has them."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSEUR, PROCESSEUR))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMOIRE, MEMOIRE))


def cellule(valeur):
    """What JSON can hold: text, number, boolean, or None for nothing."""
    if isinstance(valeur, str):
        return valeur[:TEXTE] if valeur.strip() else None
    if isinstance(valeur, bool):
        return valeur
    if isinstance(valeur, float):
        if valeur != valeur or valeur in (float("inf"), float("-inf")):
            return None
        return int(valeur) if valeur.is_integer() and abs(valeur) < 1e15 else valeur
    if isinstance(valeur, datetime.datetime):
        return valeur.date().isoformat() if valeur.time() == datetime.time() else valeur.isoformat(" ")
    if isinstance(valeur, datetime.date):
        return valeur.isoformat()
    if isinstance(valeur, int):
        return valeur
    return None if valeur is None else str(valeur)


def parties(archive):
    """{name of a sheet: its part of the archive} of an XLSX; nothing for another kind.

    Raises ValueError when two sheets share a name or a part, which would be read as many times.
    """
    # the library looks neither at the case nor at the kind of slash
    noms = {nom.lower().replace("\\", "/"): nom for nom in archive.namelist()}
    try:
        liens = ElementTree.fromstring(archive.read(noms["xl/_rels/workbook.xml.rels"]))
        feuilles = ElementTree.fromstring(archive.read(noms["xl/workbook.xml"])).findall(".//{*}sheet")
    except (zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError):
        return {}
    cibles = {lien.get("Id"): lien.get("Target", "") for lien in liens}
    lues = {}
    for feuille in feuilles:
        cible = cibles.get(next((v for nom, v in feuille.attrib.items() if nom.endswith("}id")), ""), "")
        partie = cible[1:] if cible.startswith("/") else f"xl/{cible}"
        lues[feuille.get("name")] = noms.get(partie.lower(), partie)
    if len(set(lues.values())) < len(feuilles):
        raise ValueError("shared part")
    return lues


def sans_valeur(archive, partie, colonnes):
    """{row: [columns whose formula has no result]} of a part; the library gives these cells as empty."""
    trouvees, reste = {}, b""
    if partie not in archive.namelist():
        return {}
    with archive.open(partie) as feuille:
        while bloc := feuille.read(BLOC):
            bloc = reste + bloc
            fin = max(bloc.rfind(b"</c>") + 4, bloc.rfind(b":c>") + 3, len(bloc) - CELLULE_XML)
            for trouve in FORMULE.finditer(bloc, 0, fin):
                attributs, valeur = trouve.groups()
                place = PLACE.search(attributs)
                if place is None or (valeur or b't="str"' in attributs) and b't="e"' not in attributs:
                    continue  # a result, were it an empty text
                rang = 0
                for lettre in place[1]:
                    rang = rang * 26 + lettre - 64
                if rang <= colonnes:
                    trouvees.setdefault(int(place[2]), []).append(rang - 1)
            reste = bloc[fin:]
    return trouvees


def lignes(feuille, colonnes, formules):
    """[number, cells] of the rows that hold something; a long stretch of empty rows ends the sheet.

    formules: {row: [columns]} of `sans_valeur`. The library starts at the first column that holds a value, and ends at
    the last such row: those of the formulas may lie before and after.
    """
    premiere = feuille.start[1] if feuille.start else colonnes
    base = min([premiere, *(rang for rangs in formules.values() for rang in rangs)])
    derniere = feuille.end[0] + 1 if feuille.end else 0
    au_dela = ((n, []) for n in sorted(formules) if n > derniere)
    vides = 0
    for numero, ligne in chain(enumerate(feuille.iter_rows(), 1), au_dela):
        cellules = [None] * (premiere - base) + [cellule(v) for v in ligne[:colonnes]]
        for rang in formules.get(numero, ()):
            cellules += [None] * (rang - base + 1 - len(cellules))
            cellules[rang - base] = SANS_VALEUR
        while cellules and cellules[-1] is None:
            cellules.pop()
        if cellules:
            vides = 0
            yield [numero, cellules]
        elif (vides := vides + 1) > VIDES:
            return


def main(maximum, colonnes):
    limiter()
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    ecrire = sys.stdout.write
    try:
        contenu = sys.stdin.buffer.read()
        classeur = CalamineWorkbook.from_filelike(io.BytesIO(contenu))
        archive = zipfile.ZipFile(io.BytesIO(contenu))
        ou = parties(archive)
        ecrites = 0
        feuilles = [
            f.name
            for f in classeur.sheets_metadata
            if f.typ == SheetTypeEnum.WorkSheet and f.visible == SheetVisibleEnum.Visible
        ]
        if len(feuilles) > FEUILLES:
            return 6
        for nom in feuilles:
            ecrire(json.dumps(nom) + "\n")
            formules = sans_valeur(archive, ou[nom], colonnes) if nom in ou else {}
            for ligne in lignes(classeur.get_sheet_by_name(nom), colonnes, formules):
                ecrire(json.dumps(ligne, ensure_ascii=True) + "\n")
                ecrites += 1
                if ecrites > maximum:
                    break
            if ecrites > maximum:
                break
    except PasswordError:
        return 3
    except (CalamineError, ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile):
        return 4
    except BaseException as panique:  # a panic of the Rust library derives from BaseException
        return 5 if isinstance(panique, MemoryError) else 4
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))

"""The child process that opens a workbook: `python ouvrir.py ROWS COLUMNS < workbook > JSON lines`.

Writes, for each sheet, its name as a JSON string, then `[number, [cells]]` for each row that holds something; dates
as ISO text. Memory and processor time are limited before anything is read. Exit codes: 0 read, 3 protected, 4 not a
workbook; anything else (limits, crash) means too heavy.

It imports nothing of the project, so that it starts in a few hundredths of a second.
"""

import contextlib
import datetime
import io
import json
import sys

MEMOIRE = 900 * 1024 * 1024
PROCESSEUR = 30  # seconds
VIDES = 20_000
FEUILLES = 12
TEXTE = 5_000


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


def lignes(feuille, colonnes):
    """[number, cells] of the rows that hold something; a long stretch of empty rows ends the sheet."""
    vides = 0
    for numero, ligne in enumerate(feuille.iter_rows(), 1):
        cellules = [cellule(v) for v in ligne[:colonnes]]
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
        classeur = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        ecrites = 0
        feuilles = [
            f.name
            for f in classeur.sheets_metadata
            if f.typ == SheetTypeEnum.WorkSheet and f.visible == SheetVisibleEnum.Visible
        ]
        for nom in feuilles[:FEUILLES]:
            ecrire(json.dumps(nom) + "\n")
            for ligne in lignes(classeur.get_sheet_by_name(nom), colonnes):
                ecrire(json.dumps(ligne, ensure_ascii=True) + "\n")
                ecrites += 1
                if ecrites > maximum:
                    break
            if ecrites > maximum:
                break
    except PasswordError:
        return 3
    except (CalamineError, ValueError, OSError, KeyError, EOFError):
        return 4
    except BaseException as panique:  # a panic of the Rust library derives from BaseException
        return 5 if isinstance(panique, MemoryError) else 4
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))

"""Rows of a text table: which encoding, which separator, which lines. No library guesses these better than a school's list."""

import codecs
import csv
import io
import re

from .refus import FichierIllisible

SEPARATEURS = ";\t,|"
CELLULE_MAXIMUM = 5_000
APERCU = 200  # lines that choose the separator
BOMS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
FRANCAIS = set("éèêëàâäîïôöùûüçÉÈÊËÀÂÄÎÏÔÖÙÛÜÇœŒæÆñÑ’°«»–€ \u00a0")
PAS_UN_TABLEAU = "Ce fichier n’est pas un tableau de texte : enregistrez la liste au format .xlsx ou .csv depuis votre tableur."


def decoder(contenu):
    """The text of these bytes: marked or bare UTF-8, UTF-16 and UTF-32, else the old code page that reads most French."""
    for marque, codage in BOMS:
        if contenu.startswith(marque):
            return _sans_nul(_strict(contenu, codage))
    pairs, impairs = contenu[0:4000:2].count(0), contenu[1:4000:2].count(0)
    if pairs + impairs > len(contenu[:4000]) // 4:
        codage = "utf-16-le" if impairs > pairs else "utf-16-be"
        return _sans_nul(_strict(contenu, codage))
    try:
        return _sans_nul(contenu.decode("utf-8"))
    except UnicodeDecodeError:
        essais = [contenu.decode(codage, "replace") for codage in ("cp1252", "cp850", "mac_roman")]
        return _sans_nul(max(essais, key=_francais))


def _strict(contenu, codage):
    try:
        return contenu.decode(codage)
    except UnicodeDecodeError as erreur:
        raise FichierIllisible("Ce fichier est coupé ou abîmé : enregistrez-le de nouveau.") from erreur


def _sans_nul(texte):
    """Refuse what is not text. A stray NUL is no letter either."""
    if "\x00" in texte:
        raise FichierIllisible(PAS_UN_TABLEAU)
    sommet = texte[:20_000]
    controles = sum(1 for c in sommet if c < " " and c not in "\t\r\n\x1f")
    if controles > max(2, len(sommet) // 100):
        raise FichierIllisible(PAS_UN_TABLEAU)
    return texte


def _francais(texte):
    hors = [c for c in texte[:200_000] if ord(c) > 127]
    return sum(1 if c in FRANCAIS else -2 for c in hors)


def separateur(texte):
    """The character that cuts most lines in the same number of cells (two at least)."""
    apercu = "\n".join(re.split(r"\r\n|\r|\n", texte[:200_000])[:APERCU])
    meilleur, mieux = ";", (0, 0)
    for caractere in SEPARATEURS:
        try:
            tailles = [
                len(ligne)
                for ligne in csv.reader(io.StringIO(apercu, newline=""), delimiter=caractere)
                if ligne
            ]
        except csv.Error:
            continue
        larges = [t for t in tailles if t > 1]
        if not larges:
            continue
        mode = max(set(larges), key=lambda t: (larges.count(t), t))
        note = (larges.count(mode) * min(mode, 6), mode)
        if note > mieux:
            meilleur, mieux = caractere, note
    return meilleur


def lignes(contenu, *, colonnes, maximum):
    """Yield (number, cells) of the rows that hold something, as a spreadsheet would number them.

    Raises FichierIllisible when it is no text, or holds a cell longer than any list has. Reading stops one row after
    `maximum`: what is too long is not read to its end.
    """
    texte = decoder(contenu)
    impose = re.match(r"\s*\"?sep=([;,\t|])\"?[ \t]*(?:\r\n|\r|\n)", texte, re.IGNORECASE)
    if impose:  # a line for Excel, which does not show it
        texte = texte[impose.end() :]
    coupe = impose.group(1) if impose else separateur(texte)
    lues = _decouper(texte, coupe, csv.QUOTE_MINIMAL, maximum)
    if lues is None:  # a quote that is never closed swallows the rest: read it as any letter
        lues = _decouper(texte, coupe, csv.QUOTE_NONE, maximum)
    if lues is None:
        raise FichierIllisible(
            "Ce fichier CSV est mal formé : enregistrez-le au format .xlsx, puis renvoyez-le."
        )
    for numero, ligne in lues:
        cellules = [c if c.strip() else None for c in ligne[:colonnes]]
        while cellules and cellules[-1] is None:
            cellules.pop()
        if cellules:
            yield numero, cellules


def _decouper(texte, coupe, guillemets, maximum):
    """(number, cells) of the rows that are not empty, or None when a cell holds so much that a quote must be missing."""
    lues = []
    try:
        lecteur = csv.reader(io.StringIO(texte, newline=""), delimiter=coupe, quoting=guillemets)
        for numero, ligne in enumerate(lecteur, 1):
            if not any(ligne):
                continue
            for cellule in ligne:
                if len(cellule) > CELLULE_MAXIMUM or cellule.count("\n") > 20:
                    return None
            lues.append((numero, ligne))
            if len(lues) > maximum:
                break
    except csv.Error:
        return None
    return lues

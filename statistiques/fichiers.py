"""Tables as files: CSV for French spreadsheets, XLSX, ODS. Numbers stay numbers, written as the page shows them; text stays
text: a cell never becomes a formula."""

import csv
import io
from functools import cache

import xlsxwriter
from django.http import HttpResponse
from django.utils import timezone
from odf.number import Number, NumberStyle, PercentageStyle, Text
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableColumnProperties, TextProperties
from odf.table import Table, TableCell, TableColumn, TableRow
from odf.text import P

from qualit.echanges.tableaux import FORMATS, sur

from .cellules import Cellule

#: Kinds of numbers with one decimal, and what follows it; a share is read in hundredths.
FORMES = {"part": "%", "rapport": "%", "points": "pt", "duree": "j", "taux": ""}
LARGEURS = ("9cm", "4cm")


def lignes(tableau, en_tete):
    """Rows of the file: what it is about, an empty line, the headers, the rows, what the reader must know of them."""
    yield [sur(tableau.titre)]
    yield from ([sur(nom), sur(valeur)] for nom, valeur in en_tete)
    yield []
    yield [sur(c) for c in tableau.colonnes]
    yield from ([c if isinstance(c, Cellule) else sur(c) for c in ligne] for ligne in tableau.lignes)
    genres = {c.genre for ligne in tableau.lignes for c in ligne if isinstance(c, Cellule)}
    unites = [
        texte
        for genre, texte in (
            ("duree", "Délais en jours."),
            ("points", "Écarts entre deux parts en points de pourcentage."),
        )
        if genre in genres
    ]
    if unites or tableau.note:
        yield []
        yield from ([texte] for texte in (*unites, tableau.note) if texte)


def _nombre(cellule):
    """The number of a cell, rounded as the page rounds it. None when it has none."""
    if cellule.valeur is None or cellule.masquee:
        return None
    unite = FORMES.get(cellule.genre)
    if unite == "%":
        return float(f"{100 * cellule.valeur:.1f}") / 100
    return cellule.valeur if unite is None else float(f"{cellule.valeur:.1f}")


def _csv(contenu, entete):
    texte = io.StringIO()
    ecrivain = csv.writer(texte, delimiter=";")

    def valeur(c):
        if not isinstance(c, Cellule):
            return c
        nombre = _nombre(c)
        if nombre is None:
            return sur(c.texte)
        if FORMES.get(c.genre) == "%":
            return f"{100 * nombre:.1f} %".replace(".", ",")
        return str(nombre).replace(".", ",")

    ecrivain.writerows([valeur(c) for c in ligne] for ligne in contenu)
    return ("\ufeff" + texte.getvalue()).encode()


def _xlsx(contenu, entete):
    sortie = io.BytesIO()
    with xlsxwriter.Workbook(sortie, {"strings_to_formulas": False, "strings_to_urls": False}) as classeur:
        feuille = classeur.add_worksheet("Statistiques")
        gras = classeur.add_format({"bold": True})
        a_droite = classeur.add_format({"align": "right"})

        @cache
        def forme(genre):
            formes = {None: "#,##0", "": "0.0", "%": "0.0%"}
            unite = FORMES.get(genre)
            return classeur.add_format({"num_format": formes.get(unite, f'0.0" {unite}"')})

        for rang, ligne in enumerate(contenu):
            for colonne, c in enumerate(ligne):
                if not isinstance(c, Cellule):
                    feuille.write_string(rang, colonne, c, gras if rang in {0, entete} else None)
                elif (nombre := _nombre(c)) is None:
                    feuille.write_string(rang, colonne, sur(c.texte), a_droite)
                else:
                    feuille.write_number(rang, colonne, nombre, forme(c.genre))
        feuille.set_column(0, 0, 40)
        feuille.set_column(1, 12, 18)
    return sortie.getvalue()


def _ods(contenu, entete):
    document = OpenDocumentSpreadsheet()
    gras = Style(name="gras", family="table-cell")
    gras.addElement(TextProperties(fontweight="bold"))
    document.automaticstyles.addElement(gras)

    @cache
    def forme(genre):
        unite = FORMES.get(genre)
        nom = f"n{len(document.automaticstyles.childNodes)}"
        nombre = (PercentageStyle if unite == "%" else NumberStyle)(name=nom)
        pas = 0 if unite is None else 1
        nombre.addElement(Number(decimalplaces=pas, minintegerdigits=1, grouping=not pas))
        if unite:
            nombre.addElement(Text(text=f" {unite}"))
        style = Style(name=f"{nom}c", family="table-cell", datastylename=nombre)
        document.automaticstyles.addElement(nombre)
        document.automaticstyles.addElement(style)
        return style

    def case(c, rang):
        nombre = _nombre(c) if isinstance(c, Cellule) else None
        if nombre is None:
            case = TableCell(valuetype="string", **({"stylename": gras} if rang in {0, entete} else {}))
        else:
            genre = "percentage" if FORMES.get(c.genre) == "%" else "float"
            case = TableCell(valuetype=genre, value=nombre, stylename=forme(c.genre))
        case.addElement(P(text=c.texte if isinstance(c, Cellule) else c))
        return case

    table = Table(name="Statistiques")
    for rang, largeur in enumerate(LARGEURS):
        style = Style(name=f"largeur{rang}", family="table-column")
        style.addElement(TableColumnProperties(columnwidth=largeur))
        document.automaticstyles.addElement(style)
        table.addElement(TableColumn(stylename=style, numbercolumnsrepeated=12 if rang else 1))
    for rang, ligne in enumerate(contenu):
        rangee = TableRow()
        for c in ligne:
            rangee.addElement(case(c, rang))
        table.addElement(rangee)
    document.spreadsheet.addElement(table)
    sortie = io.BytesIO()
    document.write(sortie)
    return sortie.getvalue()


PRODUIRE = {"csv": _csv, "xlsx": _xlsx, "ods": _ods}


def produire(tableau, en_tete, format):
    """The bytes of the file."""
    return PRODUIRE[format](list(lignes(tableau, en_tete)), len(en_tete) + 2)


def reponse(tableau, en_tete, format):
    """The download."""
    retour = HttpResponse(produire(tableau, en_tete, format), content_type=FORMATS[format][1])
    nom = f"statistiques-{tableau.code}-{timezone.localdate():%Y-%m-%d}.{format}"
    retour["Content-Disposition"] = f'attachment; filename="{nom}"'
    return retour

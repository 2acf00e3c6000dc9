"""A list as a file: CSV for French spreadsheets, XLSX, ODS. Text stays text: no cell ever becomes a formula.

The rows are read and written one by one into a temporary file, inside the transaction of the request (a stream that
outlived it would read nothing under row-level security); the file is then streamed. Memory does not grow with the list.
"""

import csv
import io
import re
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from xml.sax.saxutils import escape

import xlsxwriter
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import montrer, noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit

FORMATS = {
    "xlsx": ("Classeur Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ods": ("Classeur LibreOffice", "application/vnd.oasis.opendocument.spreadsheet"),
    "csv": ("Texte (CSV)", "text/csv; charset=utf-8"),
}
DANGEREUX = ("=", "+", "-", "@", "\t", "\r")
INTERDITS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # what no XML holds
EN_MEMOIRE = 2 * 1024 * 1024
LOT = 500  # rows read at a time
LIGNES_MAXIMUM = 200_000


@dataclass(frozen=True)
class Coupure:
    """Comes after the rows when there are more: the last row of the file says so."""

    lignes: int

    def __str__(self):
        nombre = f"{self.lignes:_}".replace("_", "\N{NO-BREAK SPACE}")
        return f"Liste coupée à {nombre} lignes : précisez la période ou les filtres."


@dataclass(frozen=True)
class Colonne:
    """A column: its header, and what it takes from an object (an attribute path "a.b", or a function)."""

    titre: str
    de: object
    largeur: int = 18

    def valeur(self, objet):
        if callable(self.de):
            return self.de(objet)
        for nom in self.de.split("."):
            objet = getattr(objet, nom, None)
            if objet is None:
                return None
        return objet


def sur(valeur):
    """A text that a spreadsheet would take for a formula gets an apostrophe; numbers and dates stay what they are."""
    return f"'{valeur}" if isinstance(valeur, str) and valeur.startswith(DANGEREUX) else valeur


def propre(valeur):
    """A value that the three kinds of file know: None, bool as Oui/Non, number, date, datetime without zone, text."""
    if valeur is None or isinstance(valeur, (int, float, Decimal)) and not isinstance(valeur, bool):
        return valeur
    if isinstance(valeur, bool):
        return "Oui" if valeur else "Non"
    if isinstance(valeur, datetime):
        return timezone.localtime(valeur).replace(tzinfo=None) if timezone.is_aware(valeur) else valeur
    if isinstance(valeur, date):
        return valeur
    return sur(INTERDITS.sub("", str(valeur)).replace("\r\n", "\n"))


class Csv:
    """`;` and a byte-order mark, so that a French Excel opens it well; dates jj/mm/aaaa, decimal comma."""

    def __init__(self, sortie, titre, colonnes):
        self.texte = io.TextIOWrapper(sortie, encoding="utf-8", newline="", write_through=True)
        self.texte.write("\ufeff")
        self.ecrivain = csv.writer(self.texte, delimiter=";")
        self.ligne([c.titre for c in colonnes])

    def ligne(self, valeurs):
        self.ecrivain.writerow([self._cellule(v) for v in valeurs])

    @staticmethod
    def _cellule(valeur):
        if isinstance(valeur, datetime):
            return f"{valeur:%d/%m/%Y %H:%M}"
        if isinstance(valeur, date):
            return f"{valeur:%d/%m/%Y}"
        if isinstance(valeur, (float, Decimal)):
            return str(valeur).replace(".", ",")
        return valeur

    def fermer(self):
        self.texte.flush()
        self.texte.detach()


class Xlsx:
    """Rows go to the disk as they come (constant memory); header fixed, filters, real dates."""

    def __init__(self, sortie, titre, colonnes):
        self.classeur = xlsxwriter.Workbook(
            sortie, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self.feuille = self.classeur.add_worksheet(nom_de_feuille(titre))
        self.jour = self.classeur.add_format({"num_format": "dd/mm/yyyy", "align": "left"})
        self.instant = self.classeur.add_format({"num_format": "dd/mm/yyyy hh:mm", "align": "left"})
        gras = self.classeur.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for rang, colonne in enumerate(colonnes):
            self.feuille.set_column(rang, rang, colonne.largeur)
            self.feuille.write_string(0, rang, colonne.titre, gras)
        self.feuille.freeze_panes(1, 1)
        self.largeur, self.rang = len(colonnes), 0

    def ligne(self, valeurs):
        self.rang += 1
        for colonne, valeur in enumerate(valeurs):
            if isinstance(valeur, datetime):
                self.feuille.write_datetime(self.rang, colonne, valeur, self.instant)
            elif isinstance(valeur, date):
                self.feuille.write_datetime(
                    self.rang, colonne, datetime(valeur.year, valeur.month, valeur.day), self.jour
                )
            elif isinstance(valeur, str):
                self.feuille.write_string(self.rang, colonne, valeur[:32_000])
            elif valeur is not None:
                self.feuille.write_number(self.rang, colonne, valeur)

    def fermer(self):
        if self.rang:
            self.feuille.autofilter(0, 0, self.rang, self.largeur - 1)
        self.classeur.close()


_ODS_MANIFESTE = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>"""
_ODS_DEBUT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
 xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" office:version="1.2"><office:automatic-styles>
<number:date-style style:name="j"><number:day number:style="long"/><number:text>/</number:text>\
<number:month number:style="long"/>\
<number:text>/</number:text><number:year number:style="long"/></number:date-style>
<number:date-style style:name="i"><number:day number:style="long"/><number:text>/</number:text>\
<number:month number:style="long"/>\
<number:text>/</number:text><number:year number:style="long"/><number:text> </number:text><number:hours number:style="long"/>\
<number:text>:</number:text><number:minutes number:style="long"/></number:date-style>
<style:style style:name="jour" style:family="table-cell" style:data-style-name="j"/>
<style:style style:name="instant" style:family="table-cell" style:data-style-name="i"/>
<style:style style:name="gras" style:family="table-cell"><style:text-properties fo:font-weight="bold"/></style:style>
</office:automatic-styles><office:body><office:spreadsheet>"""


class Ods:
    """The two parts of a spreadsheet that LibreOffice needs, written as a stream (odfpy holds every cell in memory)."""

    def __init__(self, sortie, titre, colonnes):
        self.archive = zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED)
        self.archive.writestr(
            zipfile.ZipInfo("mimetype"), FORMATS["ods"][1], compress_type=zipfile.ZIP_STORED
        )
        self.archive.writestr("META-INF/manifest.xml", _ODS_MANIFESTE)
        self.contenu = self.archive.open("content.xml", "w", force_zip64=True)
        nom = escape(nom_de_feuille(titre), {'"': "&quot;"})
        self._ecrire(f'{_ODS_DEBUT}<table:table table:name="{nom}"><table:table-column/>')
        self.ligne([c.titre for c in colonnes], style="gras")

    def _ecrire(self, texte):
        self.contenu.write(texte.encode())

    def ligne(self, valeurs, style=""):
        self._ecrire(
            "<table:table-row>" + "".join(self._cellule(v, style) for v in valeurs) + "</table:table-row>"
        )

    @staticmethod
    def _cellule(valeur, style):
        if valeur is None or valeur == "":
            return "<table:table-cell/>"
        if isinstance(valeur, date):
            nom = "instant" if isinstance(valeur, datetime) else "jour"
            iso = valeur.replace(microsecond=0).isoformat() if nom == "instant" else valeur.isoformat()
            texte = f"{valeur:%d/%m/%Y %H:%M}" if nom == "instant" else f"{valeur:%d/%m/%Y}"
            return (
                f'<table:table-cell table:style-name="{nom}" office:value-type="date" office:date-value="{iso}">'
                f"<text:p>{texte}</text:p></table:table-cell>"
            )
        if isinstance(valeur, str):
            lignes = "".join(f"<text:p>{escape(ligne)}</text:p>" for ligne in valeur.split("\n"))
            de_style = f' table:style-name="{style}"' if style else ""
            return f'<table:table-cell{de_style} office:value-type="string">{lignes}</table:table-cell>'
        return (
            f'<table:table-cell office:value-type="float" office:value="{valeur}"><text:p>{valeur}</text:p>'
            "</table:table-cell>"
        )

    def fermer(self):
        self._ecrire("</table:table></office:spreadsheet></office:body></office:document-content>")
        self.contenu.close()
        self.archive.close()


ECRIVAINS = {"csv": Csv, "xlsx": Xlsx, "ods": Ods}


def nom_de_feuille(titre):
    """A sheet's name: 31 characters, none of those that Excel refuses."""
    return "".join(" " if c in "[]:*?/\\'" else c for c in titre)[:31].strip() or "Liste"


def ecrire(sortie, format, titre, colonnes, objets):
    """Write the rows, and a `Coupure` if it ends them, into a binary file opened for writing. Returns how many rows."""
    ecrivain = ECRIVAINS[format](sortie, titre, colonnes)
    nombre = 0
    for objet in objets:
        if isinstance(objet, Coupure):
            ecrivain.ligne([str(objet)])
            break
        ecrivain.ligne([propre(c.valeur(objet)) for c in colonnes])
        nombre += 1
    ecrivain.fermer()
    return nombre


def format_demande(request):
    """The format asked by ?format=, or None when a page is asked."""
    demande = request.GET.get("format", "")
    return demande if request.method in ("GET", "HEAD") and demande in FORMATS else None


def telecharger(
    request, nom, titre, colonnes, objets, *,
    droit=Droit.EXPORTER, voir=None, preparer=None, maximum=LIGNES_MAXIMUM,
):  # fmt: skip
    """The list as a file when ?format= asks for one, else None. The view passes the very rows that its page shows.

    nom: ASCII beginning of the file's name; objets: queryset (read in batches) or iterable; droit: what downloading
    demands (None: what the page demands); voir: function object → (instances shown, ids of jeunes) for the journal,
    None when the list is about no jeune; preparer: function that dresses a batch of objects, and may return others;
    maximum: how many are written; the last row then says that there are more.
    Raises PermissionDenied.
    """
    format = format_demande(request)
    if format is None:
        return None
    if droit is not None and not droits.a_le_droit(request.user, droit):
        raise PermissionDenied

    def lus():
        source = (
            objets[: maximum + 1].iterator(chunk_size=LOT) if isinstance(objets, QuerySet) else iter(objets)
        )
        gardes = islice(source, maximum)
        while lot := list(islice(gardes, LOT)):
            lot = (preparer(lot) or lot) if preparer else lot
            for objet in lot if voir else ():
                montrer(request, *voir(objet))
            yield from lot
        if next(source, None) is not None:
            yield Coupure(maximum)

    fichier = tempfile.SpooledTemporaryFile(max_size=EN_MEMOIRE)  # noqa: SIM115 (the response closes it)
    nombre = ecrire(fichier, format, titre, colonnes, lus())
    if request.lectures:
        montrer(request, (), action=Action.EXPORT, format=format, lignes=nombre)
    else:
        noter(Action.EXPORT, nom, par=request.user, format=format, lignes=nombre)
    fichier.seek(0)
    reponse = FileResponse(
        fichier,
        as_attachment=True,
        filename=f"{nom}-{timezone.localdate():%Y-%m-%d}.{format}",
        content_type=FORMATS[format][1],
    )
    reponse["Cache-Control"] = "private, no-store"
    return reponse

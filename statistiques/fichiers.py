"""Tables as files: CSV for French spreadsheets, XLSX, ODS. Text stays text: a cell never becomes a formula."""

import csv
import io

import tablib
import xlsxwriter
from django.http import HttpResponse
from django.utils import timezone

from qualit.echanges.tableaux import FORMATS, sur


def lignes(tableau, en_tete):
    """Rows of the file: what it is about, an empty line, the headers, the rows."""
    yield [tableau.titre]
    yield from ([sur(nom), sur(valeur)] for nom, valeur in en_tete)
    yield []
    yield [sur(c) for c in tableau.colonnes]
    yield from ([sur(v) for v in ligne] for ligne in tableau.valeurs())


def produire(tableau, en_tete, format):
    """The bytes of the file."""
    contenu = list(lignes(tableau, en_tete))
    if format == "csv":
        texte = io.StringIO()
        ecrivain = csv.writer(texte, delimiter=";")
        for ligne in contenu:
            ecrivain.writerow([str(v).replace(".", ",") if isinstance(v, float) else v for v in ligne])
        return ("\ufeff" + texte.getvalue()).encode()
    if format == "xlsx":
        sortie = io.BytesIO()
        with xlsxwriter.Workbook(
            sortie, {"strings_to_formulas": False, "strings_to_urls": False}
        ) as classeur:
            feuille = classeur.add_worksheet("Statistiques")
            gras = classeur.add_format({"bold": True})
            entete = len(en_tete) + 2
            for rang, ligne in enumerate(contenu):
                for colonne, valeur in enumerate(ligne):
                    feuille.write(rang, colonne, valeur, gras if rang in {0, entete} else None)
            feuille.set_column(0, 0, 40)
            feuille.set_column(1, 12, 18)
        return sortie.getvalue()
    largeur = max(map(len, contenu))
    donnees = tablib.Dataset(*[[*ligne, *[""] * (largeur - len(ligne))] for ligne in contenu])
    return donnees.export("ods")


def reponse(tableau, en_tete, format):
    """The download."""
    retour = HttpResponse(produire(tableau, en_tete, format), content_type=FORMATS[format][1])
    nom = f"statistiques-{tableau.code}-{timezone.localdate():%Y-%m-%d}.{format}"
    retour["Content-Disposition"] = f'attachment; filename="{nom}"'
    return retour

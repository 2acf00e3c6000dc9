"""Workbooks that go out: the template to fill in, and the refused rows with their reasons."""

import io
import re

import xlsxwriter

from qualit.territoire.nomenclatures import choix, libelle
from signalements.listes.colonnes import CHAMPS
from signalements.listes.lignes import EXIGES, EXIGES_SI_PRESENTS

from .services import colonnes

TYPE_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MODELE = (
    "nom_naissance", "prenom", "date_naissance", "sexe", "ine", "commune_naissance", "classe", "formation", "date_sortie",
    "nature_sortie", "motifs", "diplome", "statut", "regime", "adresse", "code_postal", "ville", "telephone", "courriel",
    "resp_nom", "resp_prenom", "resp_lien", "resp_telephone", "resp_courriel",
)  # fmt: skip
LISTES = {
    "nature_sortie": "natures_sortie", "motifs": "motifs", "diplome": "diplomes", "statut": "statuts", "regime": "regimes",
    "resp_lien": "liens",
}  # fmt: skip
AIDES = {
    "date_naissance": "jj/mm/aaaa", "date_sortie": "jj/mm/aaaa", "sexe": "F ou M", "ine": "11 caractères, facultatif",
    "code_postal": "5 chiffres",
    "telephone": "Plusieurs possibles, séparés par ;", "motifs": "Plusieurs possibles, séparés par ;",
    "formation": "Diplôme préparé et spécialité", "classe": "Par exemple 2 MELEC",
}  # fmt: skip
EXEMPLES = [
    ("LEMARCHAND", "Tristan", "12/03/2009", "M", "", "Caen", "2 MELEC", "Bac pro Métiers de l’électricité", "15/10/2026",
     "Démission en cours d'année", "Attrait de la vie active", "Diplôme national du brevet (DNB)", "Scolaire", "Externe",
     "12 rue des Tilleuls", "14000", "Caen", "06 39 98 01 12", "", "LEMARCHAND", "Anne", "Mère", "06 39 98 01 13", ""),
    ("DUVIVIER", "Inès", "02/11/2008", "F", "", "Lisieux", "1 CAP Cuisine", "CAP Cuisine", "20/10/2026",
     "Rupture du contrat d'apprentissage", "Rupture de contrat ou pas d'employeur", "Aucun diplôme", "Apprenti", "",
     "3 place du Marché", "14100", "Lisieux", "06 39 98 01 14; 02 61 91 00 01", "", "", "", "", "", ""),
]  # fmt: skip
NOTICE = [
    "Une ligne par jeune sorti sans diplôme. Les colonnes marquées d’un astérisque sont obligatoires.",
    "L’ordre des colonnes est libre ; une colonne que vous n’avez pas peut être supprimée.",
    "Avant 16 ans à la date de sortie, la ligne est refusée : prévenez la DSDEN (cellule de l’obligation scolaire).",
    "INE, codes postaux et téléphones sont au format Texte, pour que le tableur ne les transforme pas en nombres.",
    "N’écrivez rien sur la santé, la nationalité, la situation familiale ou sociale. D’une exclusion, dites seulement "
    "« {nature} » ou « {motif} », à choisir dans les listes : rien de la faute ni de la procédure.",
    "Déposez ensuite ce fichier dans « Importer une liste » : le portail montre ce qu’il a compris avant d’envoyer.",
    "Renvoyer la même liste ne crée rien deux fois : vous pouvez la compléter de mois en mois.",
]
LIGNES = 2_000


def _classeur():
    sortie = io.BytesIO()
    return sortie, xlsxwriter.Workbook(
        sortie, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )


def modele():
    """The bytes of the template workbook: drop-downs from the nomenclatures in force, examples, a notice."""
    sortie, classeur = _classeur()
    with classeur:
        gras = classeur.add_format(
            {"bold": True, "bg_color": "#E3E3FD", "border": 1, "text_wrap": True, "valign": "top"}
        )
        texte = classeur.add_format({"num_format": "@"})
        date = classeur.add_format({"num_format": "dd/mm/yyyy"})
        feuille = classeur.add_worksheet("Signalements")
        exemples, notice = classeur.add_worksheet("Exemples"), classeur.add_worksheet("Notice")
        listes = classeur.add_worksheet("Listes")
        for une in (feuille, exemples):
            une.freeze_panes(1, 2)
            for rang, code in enumerate(MODELE):
                asterisque = " *" if code in {*EXIGES, *EXIGES_SI_PRESENTS} else ""
                une.write_string(0, rang, CHAMPS[code].libelle + asterisque, gras)
                une.set_column(rang, rang, 18, date if code.startswith("date_") else texte)
        for rang, code in enumerate(MODELE):
            if code in AIDES:
                feuille.write_comment(0, rang, AIDES[code])
            termes = (
                ["F", "M"]
                if code == "sexe"
                else [t for _, t in choix(LISTES[code])]
                if code in LISTES
                else []
            )
            if code == "resp_lien":
                termes = termes[1:]
            if not termes:
                continue
            listes.write_string(0, rang, CHAMPS[code].libelle)
            listes.write_column(1, rang, termes)
            colonne = xlsxwriter.utility.xl_col_to_name(rang)
            feuille.data_validation(
                1, rang, LIGNES, rang,
                {
                    "validate": "list", "source": f"=Listes!${colonne}$2:${colonne}${len(termes) + 1}", "ignore_blank": True,
                    "error_type": "warning" if code == "motifs" else "stop", "error_title": CHAMPS[code].libelle[:32],
                    "error_message": "Choisissez dans la liste.",
                },
            )  # fmt: skip
        for rang, exemple in enumerate(EXEMPLES, 1):
            for place, valeur in enumerate(exemple):
                exemples.write_string(rang, place, valeur)
        notice.set_column(0, 0, 110, classeur.add_format({"text_wrap": True}))
        exclusion = {
            "nature": libelle("natures_sortie", "exclusion_definitive"),
            "motif": libelle("motifs", "exclusion_sanction"),
        }
        notice.write_column(0, 0, ["Comment remplir cette liste", *(n.format(**exclusion) for n in NOTICE)])
        listes.hide()
        feuille.activate()
    return sortie.getvalue()


JOUR_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def refusees(lot):
    """The bytes of a workbook of the refused rows: what was sent, under headings that are recognised, and why."""
    sortie, classeur = _classeur()
    siennes = colonnes(lot)
    with classeur:
        gras = classeur.add_format({"bold": True, "bg_color": "#E3E3FD", "border": 1, "text_wrap": True})
        texte = classeur.add_format({"num_format": "@"})
        raison = classeur.add_format({"font_color": "#CE0500", "text_wrap": True})
        feuille = classeur.add_worksheet("À corriger")
        feuille.freeze_panes(1, 2)
        feuille.write_string(0, 0, "Ligne d’origine", gras)
        feuille.write_string(0, 1, "À corriger", gras)
        feuille.set_column(1, 1, 60)
        feuille.set_column(2, len(siennes) + 1, 18, texte)
        for place, colonne in enumerate(siennes, 2):
            titre = CHAMPS[colonne.champ].libelle if colonne.champ else colonne.titre
            feuille.write_string(0, place, titre, gras)
        refusees_ = lot.lignes.filter(statut="refusee").order_by("numero")
        for rang, ligne in enumerate(refusees_.iterator(2_000), 1):
            feuille.write_number(rang, 0, ligne.numero)
            feuille.write_string(rang, 1, " ".join(ligne.raisons), raison)
            for place, colonne in enumerate(siennes, 2):
                valeur = ligne.cellules[colonne.rang] if colonne.rang < len(ligne.cellules) else None
                if valeur is None:
                    continue
                if isinstance(valeur, (int, float)) and not isinstance(valeur, bool):
                    feuille.write_number(rang, place, valeur)
                elif jour := JOUR_ISO.fullmatch(str(valeur)):
                    feuille.write_string(rang, place, "/".join(reversed(jour.groups())), texte)
                else:
                    feuille.write_string(rang, place, str(valeur), texte)
    return sortie.getvalue()

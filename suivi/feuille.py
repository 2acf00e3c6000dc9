"""The follow-up sheet of an operator: its missions as a workbook with drop-downs, that comes back filled in.

Each row carries, in a hidden column, a signed mark of what it held when it was made: a cell filled in is compared with
that and with what is stored now (three ways), so that nobody's work is overwritten without being shown. Free text is
not in it (decisions.md 9).
"""

import tempfile
from datetime import date, datetime, timedelta

import xlsxwriter
from django.core import signing
from django.utils import timezone

from qualit.echanges.lecture import FichierIllisible, lire
from qualit.echanges.tableaux import propre
from qualit.territoire import nomenclatures

from . import missions as lectures
from .models import Devenir

SEL = "qualit.feuille-de-suivi"
LIGNES_MAXIMUM = 2000
#: Fields that the sheet fills in: name → (header, kind, width). A step is added; an outcome is compared with the former.
CHAMPS_ETAPE = {
    "etape": ("Nouvelle étape", "types", 26),
    "etape_le": ("Étape du", "date", 13),
    "rappeler_le": ("Rappeler le", "date", 13),
}
CHAMPS_DEVENIR = {
    "code": ("Devenir", "devenirs", 36),
    "date": ("Depuis le", "date", 13),
    "source": ("Source", "sources", 22),
    "premier_rdv_le": ("Premier rendez-vous tenu le", "date", 15),
    "valable_jusqu_au": ("À revérifier après le", "date", 15),
}
CHAMPS = CHAMPS_ETAPE | CHAMPS_DEVENIR
FIXES = [("Mission", 11), ("Nom de naissance", 22), ("Prénom", 16), ("Né(e) le", 12), ("Commune", 18)]
MARQUE = "Ne pas modifier"
ONGLET, LISTES = "Suivi", "Listes"


def _suite(libelle):
    """A label after a colon: its first letter small, unless it is an acronym (CNED)."""
    return libelle if libelle[:2].isupper() else libelle[:1].lower() + libelle[1:]


def listes():
    """The drop-downs: kind → {label: code}, in the order of the nomenclatures."""
    devenirs = nomenclatures.en_vigueur("devenirs")
    noms = {t.code: t.libelle for t in devenirs}
    return {
        "types": {libelle: code for code, libelle in nomenclatures.choix("types_etape")},
        "devenirs": {
            f"{noms[p]} : {_suite(t.libelle)}" if (p := t.plus.get("parent")) in noms else t.libelle: t.code
            for t in devenirs
        },
        "sources": {libelle: code for code, libelle in Devenir.Source.choices},
    }


def devenir_actuel(mission):
    """The outcome in force that this mission's structure knows: only its own while the mission is to be confirmed."""
    tous = mission.devenirs if mission.a_confirmer else mission.dossier.devenirs
    return tous.filter(remplace_le__isnull=True, annule_le__isnull=True).first()


def valeurs_de(devenir):
    """What the sheet holds of an outcome: {field: text}, dates as ISO, '' for nothing."""
    if devenir is None:
        return dict.fromkeys(CHAMPS_DEVENIR, "")
    return {
        champ: ""
        if (v := getattr(devenir, champ)) is None
        else v.isoformat()
        if hasattr(v, "isoformat")
        else v
        for champ in CHAMPS_DEVENIR
    }


# --- Out -----------------------------------------------------------------------------------------------------


def ecrire(missions):
    """The workbook of these missions as an open temporary file, and the `Ligne`s that it shows."""
    lignes = lectures.lignes(missions[:LIGNES_MAXIMUM])
    choix = listes()
    fichier = tempfile.SpooledTemporaryFile(max_size=2 * 1024 * 1024)  # noqa: SIM115 (the response closes it)
    classeur = xlsxwriter.Workbook(fichier, {"strings_to_formulas": False, "strings_to_urls": False})
    feuille = classeur.add_worksheet(ONGLET)
    _ecrire_les_listes(classeur, choix)
    gras = classeur.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#EEEEEE"})
    a_remplir = classeur.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E3E3FD"})
    jour = classeur.add_format({"num_format": "dd/mm/yyyy", "align": "left"})
    texte = classeur.add_format({"num_format": "@"})
    entetes = [*FIXES, *((titre, largeur) for titre, _, largeur in CHAMPS.values()), (MARQUE, 10)]
    for rang, (titre, largeur) in enumerate(entetes):
        cache = {"hidden": True} if titre == MARQUE else {}
        feuille.set_column(rang, rang, largeur, None, cache)
        feuille.write_string(0, rang, titre, gras if rang < len(FIXES) or cache else a_remplir)
    feuille.freeze_panes(1, 3)
    feuille.autofilter(0, 0, max(len(lignes), 1), len(entetes) - 2)
    inverses = {genre: {code: libelle for libelle, code in paires.items()} for genre, paires in choix.items()}
    for rang, ligne in enumerate(lignes, 1):
        mission, identite = ligne.mission, ligne.identite
        actuel = valeurs_de(devenir_actuel(mission))
        fixes = [mission.reference] + (
            [identite.nom_naissance, identite.prenom, identite.date_naissance, identite.ville]
            if identite
            else [None] * 4
        )
        cellules = [*fixes, *("" for _ in CHAMPS_ETAPE)]
        for champ, (_, genre, _) in CHAMPS_DEVENIR.items():
            valeur = actuel[champ]
            cellules.append(_date(valeur) if genre == "date" else inverses[genre].get(valeur, valeur))
        for colonne, valeur in enumerate(map(propre, cellules)):
            if hasattr(valeur, "year"):
                feuille.write_datetime(rang, colonne, datetime(valeur.year, valeur.month, valeur.day), jour)
            elif valeur:
                feuille.write_string(rang, colonne, valeur, texte)
        feuille.write_string(rang, len(cellules), marquer(mission, actuel))
    _poser_les_validations(feuille, max(len(lignes), 1), choix, jour)
    classeur.close()
    fichier.seek(0)
    return fichier, lignes


def _date(iso):
    return date.fromisoformat(iso) if iso else None


def _ecrire_les_listes(classeur, choix):
    feuille = classeur.add_worksheet(LISTES)
    for colonne, (genre, paires) in enumerate(choix.items()):
        for rang, libelle in enumerate(paires):
            feuille.write_string(rang, colonne, libelle)
        lettre = "ABC"[colonne]
        classeur.define_name(f"liste_{genre}", f"={LISTES}!${lettre}$1:${lettre}${len(paires)}")
    feuille.hide()


def _poser_les_validations(feuille, derniere, choix, jour):
    for rang, (titre, genre, _) in enumerate(CHAMPS.values(), len(FIXES)):
        if genre in choix:
            regle = {
                "validate": "list",
                "source": f"=liste_{genre}",
                "error_message": "Choisissez dans la liste.",
            }
        else:
            regle = {
                "validate": "date",
                "criteria": ">=",
                "value": datetime(2000, 1, 1),
                "error_message": "Écrivez une date, jj/mm/aaaa.",
            }
        feuille.data_validation(
            1, rang, derniere, rang, regle | {"error_title": titre[:32], "ignore_blank": True}
        )


def marquer(mission, actuel):
    """The signed mark of a row: the mission, the moment, and the outcome that it showed. It holds no name."""
    return signing.dumps(
        {"m": mission.reference, "q": timezone.now().isoformat(), "d": list(actuel.values())},
        salt=SEL,
        compress=True,
    )


# --- In ------------------------------------------------------------------------------------------------------


def relever(contenu, nom):
    """The rows of a returned sheet: [{numero, marque, reference, valeurs: {field: cell}}]. Raises FichierIllisible."""
    tableau = lire(contenu, nom)
    feuille, entetes, titres = next(
        (
            (f, numero, [str(c or "").strip() for c in cellules])
            for f in tableau.feuilles
            for numero, cellules in f.lignes[:20]
            if {"Mission", MARQUE} <= {str(c or "").strip() for c in cellules}
        ),
        (None, 0, []),
    )
    if feuille is None:
        raise FichierIllisible(
            "Ce n’est pas une feuille de suivi : il y manque la colonne « Mission » ou la colonne cachée. Téléchargez "
            "une nouvelle feuille et recopiez-y vos saisies."
        )
    places = {champ: titres.index(titre) for champ, (titre, *_) in CHAMPS.items() if titre in titres}
    if absents := [titre for champ, (titre, *_) in CHAMPS.items() if champ not in places]:
        raise FichierIllisible(f"Une colonne a été enlevée ou renommée : {', '.join(absents)}.")
    mission, marque = titres.index("Mission"), titres.index(MARQUE)
    releve = []
    for numero, cellules in feuille.lignes:
        if numero <= entetes:
            continue
        cellules = [*cellules, *[None] * (len(titres) - len(cellules))]
        valeurs = {champ: _texte(cellules[place]) for champ, place in places.items()}
        if cellules[mission] or cellules[marque] or any(valeurs.values()):
            releve.append(
                {
                    "numero": numero,
                    "marque": _texte(cellules[marque]),
                    "reference": _texte(cellules[mission]),
                    "valeurs": valeurs,
                }
            )
    if not releve:
        raise FichierIllisible("Cette feuille n’a aucune mission.")
    if len(releve) > LIGNES_MAXIMUM:
        raise FichierIllisible(f"Cette feuille dépasse {LIGNES_MAXIMUM} lignes : partagez-la.")
    return releve


def _texte(cellule):
    if cellule is None:
        return ""
    if isinstance(cellule, (int, float)) and not isinstance(cellule, bool) and 36_000 < cellule < 80_000:
        jour = datetime(1899, 12, 30) + timedelta(days=int(cellule))  # an Excel day without its format
        return jour.date().isoformat()
    return str(cellule).strip()[:2000]

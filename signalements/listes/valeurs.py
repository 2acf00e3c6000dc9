"""What a cell says: sexes, dates, INE, phones, postal codes, labels of nomenclatures, as spreadsheets and people write them.

Each reader takes the cell as `qualit.echanges.lecture` gives it (str, int, float, bool or None) and returns a clean
value; what cannot be understood without a guess raises `Illisible`, its message for the secretary who will correct it.
"""

import csv
import re
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

from rapidfuzz import fuzz, process

from qualit.territoire.controles import cle_modulo_23
from qualit.web.formulaires import MOIS, lire_date
from qualit.web.texte import nettoyer_texte
from signalements.controles import ine_normalise, numero_normalise

from .colonnes import cle_du_texte, normaliser

EPOQUE_TABLEUR = date(1899, 12, 30)
SERIE_MINIMUM, SERIE_MAXIMUM = 7_000, 73_050  # 1919 to 2099
NEANT = frozenset({"", "-", "--", "neant", "aucun", "aucune", "nc", "n c", "non communique", "inconnu", "inconnue", "sans", "n a",
                   "na", "non renseigne", "x", "xx", "ras", "r a s", "null", "none", "nan", "vide", "?"})  # fmt: skip


class Illisible(Exception):
    """The cell cannot be understood. The message says what to write instead."""


def texte(cellule):
    """The cell as a clean line of text; an integer written with decimals loses them."""
    if cellule is None:
        return ""
    if isinstance(cellule, bool):
        return "oui" if cellule else "non"
    if isinstance(cellule, float) and cellule.is_integer():
        cellule = int(cellule)
    return nettoyer_texte(cellule)


def nom(cellule):
    """A name, without the apostrophe that a spreadsheet shows before text nor the quotes around it."""
    return texte(cellule).strip('"“”«» ').removeprefix("'").strip()


def nom_et_prenom(cellule):
    """(last name, first names) of « DUPONT Jean-Pierre », « DUPONT, Jean » or « Jean DUPONT »."""
    lu = nom(cellule)
    if not lu:
        return "", ""
    if "," in lu:
        avant, _, apres = lu.partition(",")
        return avant.strip(), apres.strip()
    mots = lu.split()
    grands = [m for m in mots if m.upper() == m and any(c.isalpha() for c in m) and len(m.strip(".'-")) > 1]
    if len(mots) == 2 and len(grands) != 1:
        return mots[0], mots[1]
    if not grands or len(grands) == len(mots):
        raise Illisible(
            f"Le nom et le prénom ne se distinguent pas dans « {lu} » : mettez-les dans deux colonnes, "
            "ou écrivez le nom en capitales."
        )
    premiers = [m for m in mots if m not in grands]
    debut = next((i for i, m in enumerate(mots) if m in grands))
    particules = []
    while debut and mots[debut - 1].lower() in {
        "de",
        "du",
        "des",
        "le",
        "la",
        "el",
        "ben",
        "d",
        "van",
        "von",
        "der",
    }:
        debut -= 1
        particules.insert(0, mots[debut])
    return " ".join([*particules, *grands]), " ".join(m for m in premiers if m not in particules)


SEXES = {
    **dict.fromkeys(["m", "masculin", "homme", "h", "garcon", "g", "monsieur", "mr", "m.", "1", "male", "masc"], "M"),
    **dict.fromkeys(["f", "feminin", "femme", "fille", "madame", "mme", "mlle", "mademoiselle", "2", "fem", "melle"], "F"),
}  # fmt: skip


def sexe(cellule):
    """'F', 'M' or ''. The numbers are those of the INSEE and of SIECLE: 1 is a boy, 2 a girl."""
    lu = normaliser(texte(cellule))
    if lu in NEANT and lu != "x":
        return ""
    if lu in SEXES:
        return SEXES[lu]
    raise Illisible(f"Sexe « {texte(cellule)} » : écrivez F ou M.")


def jour(cellule):
    """A date, or None for an empty cell: jj/mm/aaaa, ISO, a spreadsheet's serial number, or in words.

    A two-digit year is the latest one that is not in the future. Never month before day: an American date is refused
    rather than guessed.
    """
    if cellule is None or isinstance(cellule, bool):
        return None
    if isinstance(cellule, (int, float)):
        return _serie(float(cellule), str(cellule))
    lu = nettoyer_texte(cellule)
    if normaliser(lu) in NEANT:
        return None
    propre = re.sub(
        r"[T ]+\d{1,2}[:h]\d{2}(?::\d{2})?(?:[.,]\d+)?(?:\s*(?:Z|[+-]\d{2}:?\d{2}))?$", "", lu
    ).strip()
    propre = re.sub(r"^(?:lun|mar|mer|jeu|ven|sam|dim)[a-zé]*\.?,?\s+(?=\d)", "", propre, flags=re.IGNORECASE)
    propre = re.sub(
        r"^(?:n[ée]+(?:\(e\))?|sorti(?:\(e\)|e)?|parti(?:e)?)?\s*(?:le|depuis le|au)\s+",
        "",
        propre,
        flags=re.IGNORECASE,
    )
    if re.fullmatch(r"\d{5}(?:[.,]\d+)?", propre):
        return _serie(float(propre.replace(",", ".")), lu)
    if re.fullmatch(r"(?:19|20)\d{6}", propre):
        ecrit, inverse = (int(propre[4:6]), int(propre[6:])), (int(propre[:2]), int(propre[2:4]))
        if (
            1 <= ecrit[0] <= 12
            and 1 <= ecrit[1] <= 31
            and not (inverse[1] <= 12 and 1900 <= int(propre[4:]) <= 2100)
        ):
            propre = f"{propre[:4]}-{propre[4:6]}-{propre[6:]}"
    propre = re.sub(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})$", r"\1-\2-\3", propre)
    en_lettres = re.fullmatch(r"(\d{1,2})(?:er)?[\s.\-/]+([A-Za-zéûàÉÛ]+)\.?[\s.\-/]+(\d{4}|\d{2})", propre)
    if en_lettres:
        quantieme, mois, annee = en_lettres.groups()
        if (numero := MOIS.get(normaliser(mois))) is not None:
            propre = f"{quantieme}/{numero}/{annee}"
    try:
        return lire_date(propre)
    except ValueError as erreur:
        raise Illisible(f"Date « {lu} » : {str(erreur)[0].lower()}{str(erreur)[1:]}") from None


def _serie(nombre, ecrit):
    if SERIE_MINIMUM <= nombre <= SERIE_MAXIMUM:
        return EPOQUE_TABLEUR + timedelta(days=int(nombre))
    lu = str(int(nombre)) if nombre == int(nombre) else ""
    if len(lu) == 7:  # 3091993: the first zero is lost
        lu = "0" + lu
    if len(lu) == 8:
        return jour(lu)
    raise Illisible(f"Date « {ecrit} » : écrivez-la sous la forme jj/mm/aaaa.")


SCIENTIFIQUE = re.compile(r"([1-9])(?:[.,](\d+))?\s*[eE]\s*\+?(\d{1,2})")


def chiffres(cellule):
    """The digits of a number that a spreadsheet took for a quantity: « 1,23456789E+09 » → '1234567890'.

    Returns None when the cell is not such a number. Raises Illisible when digits are lost: written with fewer of them than
    the number has, in the short form that spreadsheets show, the end is not known.
    """
    if isinstance(cellule, bool) or cellule is None:
        return None
    if isinstance(cellule, (int, float)):
        if float(cellule).is_integer() and abs(cellule) < 1e15:
            return str(int(cellule))
        raise Illisible("le tableur l’a transformé en nombre et des chiffres sont perdus")
    trouve = SCIENTIFIQUE.fullmatch(nettoyer_texte(cellule))
    if not trouve:
        return None
    entier, decimales, puissance = trouve.group(1), trouve.group(2) or "", int(trouve.group(3))
    if len(decimales) > puissance:
        raise Illisible("le tableur l’a transformé en nombre et des chiffres sont perdus")
    if len(decimales) < puissance and len(decimales) < 7:
        raise Illisible("le tableur l’a transformé en nombre et des chiffres sont perdus")
    return entier + decimales + "0" * (puissance - len(decimales))


def ine(cellule):
    """(INE, remark): a control letter that is a function of the ten digits is put back, and said."""
    lu = texte(cellule)
    if normaliser(lu) in NEANT:
        return "", ""
    try:
        nombre = chiffres(cellule)
    except Illisible as perte:
        raise Illisible(
            f"INE « {lu} » : {perte}. Mettez la colonne au format Texte et recopiez l’INE, ou videz la cellule."
        ) from None
    if nombre is None:
        propre = ine_normalise(lu.removeprefix("'"))
        nombre = propre if propre.isascii() and propre.isdigit() else None
        if nombre is None:
            return propre, ""
    if len(nombre) == 10:
        return nombre + cle_modulo_23(nombre), "La lettre finale de l’INE manquait : elle a été calculée."
    return nombre, ""


def code_postal(cellule):
    """Five digits when the cell has them, the first zero put back (1400 → 01400); anything else as it is."""
    lu = texte(cellule)
    if normaliser(lu) in NEANT:
        return ""
    propre = re.sub(r"^(?:F|FR)[\s-]+", "", lu).replace(" ", "").removeprefix("'")
    propre = re.sub(r"[.,]0+$", "", propre)
    return propre.zfill(5) if re.fullmatch(r"\d{4}", propre) else propre


def postal_et_ville(cellule):
    """(postal code, town) of « 14000 CAEN »."""
    lu = texte(cellule)
    trouve = re.match(r"(?:F-)?(\d{4,5})[\s,-]+(.+)", lu)
    return (code_postal(trouve.group(1)), trouve.group(2).strip()) if trouve else ("", lu)


QUI = {
    "mere": "mere",
    "maman": "mere",
    "pere": "pere",
    "papa": "pere",
    "tuteur": "tuteur",
    "tutrice": "tuteur",
}


def contacts(cellule, proprietaire):
    """([(type, value, owner)], [what could not be read]) of a cell with phones or e-mails, several perhaps.

    « 06 12 34 56 78 (mère) / 0231445566 » names two; a number that lost its first zero gets it back.
    """
    lus, rates = [], []
    if cellule is None:
        return lus, rates
    if isinstance(cellule, (int, float)):
        morceaux = [chiffres_ou_rien(cellule)]
    else:
        lu = nettoyer_texte(cellule)
        if SCIENTIFIQUE.fullmatch(lu):
            lu = chiffres_ou_rien(lu) or f"{lu} "
        morceaux = (
            re.split(r"\s*(?:[;,|\n]|/(?!\d{2}\b)|\s/\s|\bou\b|\bet\b)\s*", lu)
            if "@" not in lu
            else re.split(r"[\s;,/|]+", lu)
        )
    if (
        len(morceaux) > 1
        and not any("@" in m for m in morceaux)
        and any(0 < len(re.sub(r"\D", "", m)) < 8 for m in morceaux)
    ):
        morceaux = [" ".join(morceaux)]  # separators inside one number
    for morceau in morceaux:
        if normaliser(morceau) in NEANT:
            continue
        qui = next((q for mot, q in QUI.items() if mot in normaliser(morceau).split()), proprietaire)
        if "@" in morceau:
            lus.append(
                ("courriel", re.sub(r"^mailto:", "", morceau.strip("<>() "), flags=re.IGNORECASE), qui)
            )
            continue
        numero = re.sub(r"[^\d+()]", "", morceau).replace("(0)", "")
        numero = re.sub(r"[()]", "", numero)
        if numero_normalise(numero):
            lus.append(("telephone", numero, qui))
        elif len(numero) == 20 and all(numero_normalise(numero[i : i + 10]) for i in (0, 10)):
            lus += [("telephone", numero[i : i + 10], qui) for i in (0, 10)]
        else:
            rates.append(morceau.strip())
    return lus, rates


def chiffres_ou_rien(cellule):
    """The digits of a phone kept as a number, or the cell as text when they are lost."""
    try:
        return chiffres(cellule) or texte(cellule)
    except Illisible:
        return texte(cellule)


def _charger():
    synonymes = defaultdict(dict)
    with Path(__file__).with_name("synonymes.csv").open(encoding="utf-8", newline="") as fichier:
        for ligne in csv.DictReader(fichier):
            synonymes[ligne["liste"]][ligne["code"]] = ligne["textes"].split(" | ")
    return dict(synonymes)


#: What people write for the terms of the nomenclatures: {list: {code: [texts]}}.
SYNONYMES = _charger()
OUI_NON = {
    **dict.fromkeys(["oui", "o", "1", "vrai", "true", "yes", "x"], True),
    **dict.fromkeys(["non", "n", "0", "faux", "false", "no"], False),
}


class Liste:
    """One nomenclature, as people write it: by code, by label, by a usual synonym, by what the structure chose before.

    termes: [(code, label)] in force; memoire: {normalised text: code}.
    """

    def __init__(self, liste, termes, memoire=None):
        self.termes = termes
        self.codes = dict(termes)
        self.index = {}
        for code, libelle in termes:
            for ecrit in (
                code,
                libelle,
                re.sub(r"\([^)]*\)", "", libelle),
                *SYNONYMES.get(liste, {}).get(code, ()),
            ):
                self.index.setdefault(cle_du_texte(ecrit), code)
        self.index |= {cle: code for cle, code in (memoire or {}).items() if code in self.codes}

    def code(self, ecrit):
        """The code of this text, '' for an empty one, None when it is not known."""
        cle = cle_du_texte(ecrit)
        if not cle or cle in {"-", "nc"} and cle not in self.index:
            return ""
        return self.index.get(cle)

    def proposition(self, ecrit):
        """The likeliest code for a text that is not known, or ''."""
        trouve = process.extractOne(
            cle_du_texte(ecrit), self.index.keys(), scorer=fuzz.token_set_ratio, score_cutoff=80
        )
        return self.index[trouve[0]] if trouve else ""

    @property
    def attendus(self):
        """The labels, for a sentence."""
        return ", ".join(f"« {libelle} »" for _, libelle in self.termes)


def oui_non(cellule):
    """True, False, or None when the cell says nothing that means either."""
    return OUI_NON.get(normaliser(texte(cellule)))

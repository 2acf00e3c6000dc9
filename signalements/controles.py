"""Checks of what is typed about a person. No Django, no database."""

import re
from datetime import date

from qualit.territoire.controles import cle_modulo_23


def ine_normalise(texte):
    """Upper case without spaces, dots or dashes."""
    return re.sub(r"[\s.\-_]", "", texte or "").upper()


def probleme_ine(ine):
    """What is wrong with an INE, in French, or '' when nothing is.

    Formats: BEA (10 digits and a control letter, modulo 23), RNIE since 2012 (9 digits, 2 letters),
    apprenticeship (4 digits, A, 5 digits, a letter).
    """
    if not ine:
        return ""
    if len(ine) != 11:
        return f"L’INE compte 11 caractères ; celui-ci en a {len(ine)}."
    if re.fullmatch(r"\d{10}[A-Z]", ine):
        attendue = cle_modulo_23(ine[:10])
        return "" if ine[10] == attendue else "La lettre finale de l’INE ne correspond pas aux chiffres."
    if re.fullmatch(r"\d{9}[A-Z]{2}", ine) or re.fullmatch(r"\d{4}A\d{5}[A-Z]", ine):
        return ""
    return "Cet INE n’a pas une forme connue : 10 chiffres et une lettre, ou 9 chiffres et deux lettres."


def numero_normalise(texte):
    """A phone number as `+33612345678`, or '' when it cannot be one. Foreign numbers keep their prefix."""
    brut = re.sub(r"[^\d+]", "", (texte or "").replace("(0)", ""))
    if brut.startswith("00"):
        brut = "+" + brut[2:]
    if brut.startswith("+"):
        chiffres = brut[1:].replace("+", "")
        if chiffres.startswith("330"):
            chiffres = "33" + chiffres[3:]
        if chiffres.startswith("33"):
            return "+" + chiffres if len(chiffres) == 11 else ""
        return "+" + chiffres if 8 <= len(chiffres) <= 15 else ""
    if len(brut) == 9 and brut[0] in "123456789":
        brut = "0" + brut  # a spreadsheet ate the zero
    if len(brut) == 10 and brut[0] == "0" and brut[1] != "0":
        return "+33" + brut[1:]
    return ""


def numero_lisible(normalise):
    """`+33612345678` as French people write it: 06 12 34 56 78."""
    if re.fullmatch(r"\+33\d{9}", normalise or ""):
        chiffres = "0" + normalise[3:]
        return " ".join(chiffres[i : i + 2] for i in range(0, 10, 2))
    return normalise or ""


def recoit_les_sms(normalise):
    """False for a French landline or box number; a foreign number may be a mobile."""
    return not re.match(r"\+33[^67]", normalise)


def probleme_date_naissance(jour, aujourdhui):
    """What is wrong with a birth date, in French, or ''."""
    if jour > aujourdhui:
        return "La date de naissance est dans le futur."
    if jour.year < 1900 or aujourdhui.year - jour.year > 100:
        return "Vérifiez l’année de naissance."
    return ""


def naissance_suspecte(jour):
    """True for 1 January: often the day of someone whose date is unknown."""
    return isinstance(jour, date) and (jour.day, jour.month) == (1, 1)

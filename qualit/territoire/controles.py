"""Checks of official identifiers. No Django."""

import re

LETTRES = "ABCDEFGHJKLMNPRSTUVWXYZ"  # without I, O, Q (modulo 23), common to UAI and BEA numbers


def cle_modulo_23(chiffres):
    """The control letter of a string of digits: UAI on 7 digits, BEA on 10."""
    return LETTRES[int(chiffres) % 23]


def uai_valide(uai):
    """True for 7 digits followed by their control letter, e.g. 0140013N."""
    return bool(re.fullmatch(r"\d{7}[A-Z]", uai or "")) and cle_modulo_23(uai[:7]) == uai[7]


def siret_valide(siret):
    """True for 14 digits whose Luhn sum is a multiple of ten."""
    if not re.fullmatch(r"\d{14}", siret or ""):
        return False
    total = 0
    for rang, chiffre in enumerate(reversed(siret)):
        n = int(chiffre) * (1 + rang % 2)
        total += n - 9 if n > 9 else n
    return total % 10 == 0


def numero(texte):
    """The key or the version that a form sends back, as a number; 0 for what can be none of the database."""
    return int(texte) if texte and re.fullmatch("[0-9]{1,9}", texte) else 0

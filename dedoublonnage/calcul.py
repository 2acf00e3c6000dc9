"""What the processes of `masse` compute: keys and weights. No Django, so that a process starts at once."""

import json

from . import blocage
from .normalisation import Preparee
from .score import SEUIL_A_VERIFIER, Contexte, Modele, probabilite

_modele = _cadre = None


def preparer_processus(cadre):
    global _modele, _cadre
    _modele, _cadre = Modele.charger(), Contexte.depuis_json(cadre)


def cles_du_lot(lot):
    """[(empreinte, jeune, prepared json)] → rows (key, empreinte, jeune, no birth date?, loose?) of the table of keys."""
    lignes = []
    for pk, jeune, texte in lot:
        preparee = Preparee.depuis_json(json.loads(texte))
        sans_date = preparee.naissance is None
        communes, larges = blocage.cles_de_masse(preparee)
        lignes += [(c, pk, jeune, sans_date, False) for c in communes]
        lignes += [(c, pk, jeune, sans_date, True) for c in larges]
    return lignes


def noter_le_lot(lot):
    """[(jeune a, jeune b, json a, json b)] → [(jeune a, jeune b, weight)] of the pairs that are not clearly two people."""
    notes = []
    for a, b, texte_a, texte_b in lot:
        poids = _modele.peser(
            Preparee.depuis_json(json.loads(texte_a)), Preparee.depuis_json(json.loads(texte_b)), _cadre
        )
        if probabilite(poids) >= SEUIL_A_VERIFIER / 2:
            notes.append((a, b, poids))
    return notes

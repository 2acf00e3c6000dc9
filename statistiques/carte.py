"""The map of the bassins, from `fixtures/geometrie`: shades that stay apart in grey, figures written on it."""

import json
from functools import cache

from django.conf import settings

CLASSES = 5


@cache
def geometrie():
    """Contours and label points of the bassins, in one plane."""
    return json.loads((settings.BASE_DIR / "fixtures" / "geometrie" / "bassins.svg.json").read_text())


def carte(valeurs, texte, noms):
    """What the SVG template draws: shapes with a class 1–5 by quantile (0: no figure). None when no bassin has a contour.

    valeurs: {bassin code: number or None}; texte: number → text; noms: {code: name}.
    """
    forme = geometrie()
    if not set(valeurs) & set(forme["bassins"]):
        return None
    ordonnees = sorted(v for v in valeurs.values() if v is not None)
    seuils = [ordonnees[len(ordonnees) * k // CLASSES] for k in range(1, CLASSES)] if ordonnees else []
    zones = []
    for code, trace in forme["bassins"].items():
        valeur = valeurs.get(code)
        x, y = forme["etiquettes"][code]
        zones.append({
            "code": code,
            "trace": trace,
            "classe": 0 if valeur is None else 1 + sum(valeur >= s for s in seuils),
            "x": x,
            "y": y,
            "nom": noms.get(code, code),
            "texte": "–" if valeur is None else texte(valeur),
        })  # fmt: skip
    return {"viewBox": forme["viewBox"], "zones": zones, "seuils": [texte(s) for s in seuils]}

"""The worked example of docs/rapprochement.md, computed from the model in use: its text and its picture."""

from __future__ import annotations

from datetime import date
from html import escape

from .normalisation import Identite, preparer
from .score import Contexte, Contribution, Evaluation, Modele

TAILLE = 15_000
DEBUT, FIN = "<!-- exemple : écrit par manage.py documenter_modele -->", "<!-- fin de l'exemple -->"

CONNU = Identite(
    nom_naissance="Lefèvre-Duchêne",
    prenom="Jean-Baptiste",
    date_naissance=date(1994, 3, 5),
    sexe="M",
    commune_naissance="Caen",
    telephones=("06 39 98 00 01",),
)
SAISI = Identite(
    nom_naissance="LEFEVRE",
    prenom="J BAPTISTE",
    date_naissance=date(1994, 5, 3),
    sexe="M",
    commune_naissance="Caen",
    telephones=("06 39 98 00 02",),
)


def evaluation(modele: Modele) -> Evaluation:
    """The two identities of the example, in a base of `TAILLE` identities."""
    return modele.evaluer(preparer(CONNU), preparer(SAISI), Contexte(TAILLE))


def _nombre(valeur: float) -> str:
    return f"{valeur:+.1f}".replace(".", ",").replace("-", "−")


def texte(modele: Modele) -> str:
    """The lines of the example, from the starting point to the probability, as a Markdown block."""
    e = evaluation(modele)
    *constats, depart = e.contributions
    lignes = [f"{_nombre(depart.valeur):>6}  {depart.libelle}"]
    lignes += [f"{_nombre(c.valeur):>6}  {c.libelle}" for c in constats]
    lignes += ["------", f"{_nombre(e.poids):>6}  points en tout"]
    chances = f"{100 * e.probabilite:.1f}".replace(".", ",")
    reponse = {"nouveau": "nouveau", "a_verifier": "à vérifier", "automatique": "automatique"}[e.zone]
    return (
        f"{DEBUT}\n```\n"
        + "\n".join(lignes)
        + f"\n```\n\n{_nombre(e.poids)} points, c'est {chances} chances sur 100 : "
        f"**{reponse}** (modèle {modele.version}, base de {TAILLE // 1000} 000 identités).\n{FIN}"
    )


def image(modele: Modele) -> str:
    """The same contributions as an SVG of horizontal bars: against on the left, for on the right."""
    e = evaluation(modele)
    lignes: list[Contribution] = [e.contributions[-1], *e.contributions[:-1]]
    milieu, echelle, pas, haut = 530, 140 / max(abs(c.valeur) for c in lignes), 30, 70
    hauteur = haut + pas * len(lignes) + 50
    parties = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {hauteur}" role="img" '
        'font-family="Marianne, Arial, sans-serif" font-size="13" aria-labelledby="t">',
        '<title id="t">Ce que pèse chaque constat de l’exemple, en points</title>',
        f'<rect width="720" height="{hauteur}" fill="#fff"/>',
        '<text x="10" y="26" font-size="16" font-weight="bold" fill="#161616">Ce que pèse chaque constat</text>',
        f'<text x="{milieu - 10}" y="52" text-anchor="end" fill="#b34000">contre</text>',
        f'<text x="{milieu + 10}" y="52" fill="#000091">pour</text>',
    ]
    for k, c in enumerate(lignes):
        y, largeur = haut + pas * k, max(abs(c.valeur) * echelle, 1.0)
        pour = c.valeur >= 0
        x = milieu if pour else milieu - largeur
        couleur = "#929292" if c.code == "a_priori" else "#000091" if pour else "#b34000"
        ancre, bord = ("start", x + largeur + 5) if pour else ("end", x - 5)
        parties += [
            f'<text x="10" y="{y + 15}" fill="#161616">{escape(c.libelle)}</text>',
            f'<rect x="{x:.1f}" y="{y}" width="{largeur:.1f}" height="20" fill="{couleur}"/>',
            f'<text x="{bord:.1f}" y="{y + 15}" text-anchor="{ancre}" fill="#161616">{_nombre(c.valeur)}</text>',
        ]
    bas = haut + pas * len(lignes)
    chances = f"{100 * e.probabilite:.1f}".replace(".", ",")
    parties += [
        f'<line x1="{milieu}" y1="{haut - 8}" x2="{milieu}" y2="{bas}" stroke="#161616"/>',
        f'<text x="10" y="{bas + 28}" font-weight="bold" fill="#161616">Total : {_nombre(e.poids)} points, '
        f"soit {chances} chances sur 100</text>",
        "</svg>",
    ]
    return "\n".join(parties) + "\n"

"""Frozen publications: figures kept as they were on an instant, with their hash; checked and compared afterwards."""

import hashlib
import json

from django.db import transaction

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit

from . import cliches
from .bord import chiffres
from .cellules import MASQUE, cellule_secrete, chiffre
from .indicateurs import REGISTRE
from .models import Publication
from .portees import Portee, lieu_academie
from .relation import Champ

#: What says how the figures were obtained, and is not a figure to compare.
ENTOURAGE = ("connu_au", "definitions", "incertitude", "regroupement_des_solutions")
FIGURES_D_UN_BASSIN = {
    "jeunes": "Jeunes repérés",
    "avec_solution_pct": "Avec une solution",
    "pour_1000": "Pour 1 000 jeunes",
}


def texte_canonique(contenu):
    """The very bytes that are hashed and downloaded: JSON, keys in order."""
    return json.dumps(contenu, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def empreinte(contenu):
    """SHA-256 of the figures, independent of the order of the keys."""
    return hashlib.sha256(texte_canonique(contenu)).hexdigest()


def contenu(cliche):
    """What a publication holds: exact totals of the académie, bassins protected (both are read by the whole rectorat)."""
    champ = Champ(lieu_academie(cliche.academie), cliche.campagne, cliche.au, cliche=cliche)
    return chiffres(champ, Portee(champ.lieu, totaux=True))


@transaction.atomic
def figer(academie, titre, campagne, au, *, par):
    """Keep the figures of a campaign "arrêtés au", as they are known now. Returns the `Publication`."""
    droits.exiger(par, Droit.PUBLIER_STATISTIQUES)
    cliches.prendre_les_jours(campagne)  # what could be read before it
    cliche = cliches.prendre(campagne, au, academie)
    figures = contenu(cliche)
    publication = Publication.objects.create(
        academie=academie, titre=titre, campagne=campagne, arrete_au=au, contenu=figures,
        empreinte=empreinte(figures), cliche=cliche, figee_par=par,
    )  # fmt: skip
    noter(Action.ECRITURE, "publication_figee", publication, par=par, empreinte=publication.empreinte)
    return publication


def est_intacte(publication):
    """Is what is kept still what was frozen?"""
    return empreinte(publication.contenu) == publication.empreinte


def recalculer(publication):
    """The same figures computed again from the state that was kept: the same, unless a rule or the population changed."""
    return contenu(publication.cliche)


def aujourd_hui(publication):
    """The totals of the same campaign at the same day, with all that was recorded since. No bassin: from one reading to the
    next, the difference would be the few whose file moved."""
    figures = chiffres(
        Champ(lieu_academie(publication.academie), publication.campagne, publication.arrete_au)
    )
    lus = {
        code: valeur
        for code, valeur in figures["indicateurs"].items()
        if code in publication.contenu["indicateurs"]
    }
    return figures | {"indicateurs": lus, "par_bassin": {}}


def figures(contenu):
    """{path: value} of the figures of a content: ("indicateurs", code), ("par_bassin", code, figure), …"""
    plates = {}

    def descendre(chemin, valeur):
        if isinstance(valeur, dict):
            for cle, suite in valeur.items():
                descendre((*chemin, cle), suite)
        else:
            plates[chemin] = tuple(valeur) if isinstance(valeur, list) else valeur

    for cle, valeur in contenu.items():
        if cle not in ENTOURAGE:
            descendre((cle,), valeur)
    return plates


def ecarts(contenu, autre):
    """[(path, value, other value)] of the figures that differ."""
    a, b = figures(contenu), figures(autre)
    return [(c, a.get(c), b.get(c)) for c in sorted(a.keys() | b.keys()) if a.get(c) != b.get(c)]


def lignes(contenu, autre=None, noms=None):
    """[(label, figure, other figure or None, whether they differ)] ready to be shown. noms: {bassin code: name}."""
    noms = noms or {}
    autre = autre or {}

    def ligne(libelle, code, valeur, anciens):
        compare = code in anciens
        ancienne = lisible(code, anciens.get(code)) if autre else None
        return (libelle, lisible(code, valeur), ancienne, compare and valeur != anciens[code])

    anciens = autre.get("indicateurs", {})
    resultat = [
        ligne(indicateur.libelle, code, contenu["indicateurs"][code], anciens)
        for code, indicateur in REGISTRE.items()  # the database keeps no order of keys
        if code in contenu["indicateurs"]
    ]
    for bassin, valeurs in sorted(contenu["par_bassin"].items(), key=lambda b: noms.get(b[0], b[0])):
        avant = autre.get("par_bassin", {}).get(bassin, {})
        resultat += [
            ligne(f"{noms.get(bassin, bassin)} : {libelle.lower()}", cle, valeurs.get(cle), avant)
            for cle, libelle in FIGURES_D_UN_BASSIN.items()
        ]
    return resultat


def lisible(code, valeur):
    """A figure of a content as a `Cellule`."""
    if valeur == MASQUE:
        return cellule_secrete("", False)
    if code == "pour_1000":
        return chiffre("taux", valeur)
    genre = REGISTRE[code].mesure.genre if code in REGISTRE else "effectif"
    if code == "avec_solution_pct" or genre in {"part", "rapport"}:
        return chiffre("part", None if valeur is None else valeur / 100)
    return chiffre(genre, valeur)

"""Two prepared records side by side: each criterion gives one level, with a French label that a person can read.

A level is a small integer, the place of its code in `CRITERES`. Nothing here depends on weights: `score` gives each
level (and a few pairs of levels) its weight from the model file.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler, Prefix

from .normalisation import (
    AUTRE,
    COMPOSE,
    COURRIEL,
    ENTIER,
    MOITIE,
    PREMIER,
    PRENOM_COURRIEL,
    SANS_PARTICULE,
    USAGE,
    Preparee,
    Variante,
    diminutif,
    squelette,
)


class Niveau(NamedTuple):
    """The outcome of one criterion."""

    critere: str
    code: str
    libelle: str


# Two spellings of one name, from identical to different.
PAREIL, SON, FRAPPE, LETTRE, LETTRE_COURT, DEUX, DEBUT, PROCHE, VOISIN, AUTRE_NOM = range(10)
_ECRITURES = (
    ("identique", "identique"),
    ("son", "même prononciation"),
    ("frappe", "faute de frappe plausible"),
    ("lettre", "une lettre de différence"),
    ("lettre_court", "une lettre de différence, mot court"),
    ("deux", "deux lettres de différence"),
    ("debut", "l'un est le début de l'autre"),
    ("proche", "écriture proche"),
    ("voisin", "écriture vaguement proche"),
    ("different", "différent"),
)

CRITERES: dict[str, tuple[tuple[str, str], ...]] = {
    "nom": (
        ("absent", "nom absent"),
        *((f"naissance_{c}", f"nom de naissance : {t}") for c, t in _ECRITURES),
        ("particule", "nom identique à la particule ou à l'ordre des parties près"),
        ("particule_proche", "nom presque identique à la particule près"),
        ("usage", "nom d'usage de l'un, nom de naissance de l'autre"),
        ("usage_proche", "nom d'usage de l'un presque identique au nom de l'autre"),
        ("moitie", "une moitié du nom double"),
        ("moitie_proche", "une moitié du nom double, à une faute près"),
        ("deux_moities", "une moitié du nom en commun"),
        ("courriel", "nom lu dans l'adresse électronique de l'autre"),
        ("inverse", "nom et prénom inversés"),
        ("inverse_proche", "nom et prénom inversés, à une faute près"),
        ("inverse_partiel", "nom et prénom inversés, l'un des deux mal écrit"),
    ),
    "prenom": (
        ("absent", "prénom absent"),
        *((f"premier_{c}", f"prénom : {t}") for c, t in _ECRITURES),
        ("diminutif", "diminutif du prénom"),
        ("initiales", "initiales du prénom composé"),
        ("premier_du_compose", "premier élément du prénom composé ou ajouté"),
        ("premier_du_compose_proche", "premier élément du prénom composé, à une faute près"),
        ("premier_du_compose_frappe", "premier élément du prénom composé, à l'oreille ou à la frappe près"),
        ("autre_du_compose", "autre élément du prénom composé"),
        ("autre_du_compose_proche", "autre élément du prénom composé, à une faute près"),
        ("element_commun", "un élément du prénom composé en commun"),
        ("second", "prénom de l'un parmi les autres prénoms de l'autre"),
        ("second_proche", "prénom de l'un proche d'un autre prénom de l'autre"),
        ("courriel", "prénom lu dans l'adresse électronique de l'autre"),
        ("inverse", "nom et prénom inversés"),
        ("inverse_proche", "nom et prénom inversés, à une faute près"),
        ("inverse_partiel", "nom et prénom inversés, l'un des deux mal écrit"),
    ),
    "date": (
        ("absente", "date de naissance absente"),
        ("identique", "même date de naissance"),
        ("identique_0101", "même date par défaut (1er janvier)"),
        ("inversee", "jour et mois inversés"),
        ("defaut_annee", "même année, l'un au 1er janvier"),
        ("chiffre_jour", "un chiffre du jour diffère"),
        ("chiffre_mois", "un chiffre du mois diffère"),
        ("annee_voisine", "même jour, année voisine"),
        ("chiffre_annee", "un chiffre de l'année diffère"),
        ("annee_voisine_jour", "année voisine, jour presque identique"),
        ("deux_chiffres", "deux chiffres diffèrent, même année"),
        ("deux_chiffres_annee", "deux chiffres diffèrent, dont l'année"),
        ("defaut_autre_annee", "1er janvier d'une année proche"),
        ("jour_mois", "même jour et mois, autre année"),
        ("annee", "même année seulement"),
        ("differente", "dates de naissance différentes"),
    ),
    "sexe": (("absent", "sexe absent"), ("identique", "même sexe"), ("different", "sexe différent")),
    "lieu": (
        ("absent", "commune de naissance absente"),
        ("identique", "même commune de naissance"),
        ("proche", "commune de naissance écrite autrement"),
        ("departement", "même département de naissance, autre commune"),
        ("residence", "commune de naissance de l'un, de résidence de l'autre"),
        ("different", "communes de naissance différentes"),
    ),
    "autres": (
        ("absents", "autres prénoms absents"),
        ("identiques", "mêmes autres prénoms"),
        ("communs", "un autre prénom en commun"),
        ("croises", "autres prénoms et prénom échangés"),
        ("differents", "autres prénoms différents"),
    ),
    "ine": (
        ("absent", "INE absent"),
        ("identique", "même INE"),
        ("faute", "INE à un chiffre près, l'un des deux est faux"),
        ("voisin", "deux INE justes et voisins"),
        ("proche", "INE proches"),
        ("different_douteux", "INE différents, l'un des deux est faux"),
        ("different_faux", "INE différents, faux tous les deux"),
        ("different", "INE différents"),
    ),
    "telephone": (
        ("absent", "téléphone absent"),
        ("identique", "même téléphone"),
        ("proche", "téléphone à un chiffre près"),
        ("different", "téléphones différents"),
    ),
    "courriel": (
        ("absent", "adresse électronique absente"),
        ("identique", "même adresse électronique"),
        ("proche", "adresse électronique à une faute près"),
        ("meme_debut", "même adresse chez un autre fournisseur"),
        ("au_nom", "adresse électronique au nom de l'autre"),
        ("different", "adresses électroniques différentes"),
    ),
    "adresse": (
        ("absente", "adresse absente"),
        ("identique", "même adresse"),
        ("proche", "adresse presque identique"),
        ("rue", "même rue ou même numéro dans la même commune"),
        ("commune", "même commune, autre adresse"),
        ("code_postal", "même code postal"),
        ("differente", "autre commune"),
    ),
    "rarete_nom": (
        ("sans", "rareté du nom sans objet"),
        ("tres_courant", "nom très courant"),
        ("courant", "nom courant"),
        ("peu_courant", "nom peu courant"),
        ("rare", "nom rare"),
        ("tres_rare", "nom très rare"),
    ),
    "rarete_prenom": (
        ("sans", "rareté du prénom sans objet"),
        ("tres_courant", "prénom très courant"),
        ("courant", "prénom courant"),
        ("peu_courant", "prénom peu courant"),
        ("rare", "prénom rare"),
        ("tres_rare", "prénom très rare"),
    ),
    "attestation_nom": (
        ("sans", "existence des deux noms sans objet"),
        ("deux", "les deux noms existent"),
        ("un_long", "seul le plus long des deux noms est connu"),
        ("un_court", "seul le plus court des deux noms est connu"),
        ("un_egal", "un seul des deux noms, de même longueur, est connu"),
        ("aucun", "aucun des deux noms n'est connu"),
    ),
    "attestation_prenom": (
        ("sans", "existence des deux prénoms sans objet"),
        ("deux", "les deux prénoms existent"),
        ("feminin", "un prénom masculin et sa forme féminine"),
        ("surnom", "l'un des deux prénoms ne s'emploie que comme diminutif"),
        ("un_long", "seul le plus long des deux prénoms est connu"),
        ("un_court", "seul le plus court des deux prénoms est connu"),
        ("un_egal", "un seul des deux prénoms, de même longueur, est connu"),
        ("aucun", "aucun des deux prénoms n'est connu"),
    ),
}
"""Every criterion and its levels; the order is the numbering, level 0 is always "no information"."""

NOMS_CRITERES = tuple(CRITERES)
INDICES = {critere: {code: i for i, (code, _) in enumerate(n)} for critere, n in CRITERES.items()}
_N, _P, _D = INDICES["nom"], INDICES["prenom"], INDICES["date"]


class Comparaison(NamedTuple):
    """The levels that depend on the two records only, and the names that were found to correspond."""

    niveaux: tuple[int, ...]
    """nom, prenom, date, sexe, lieu, autres, ine, telephone, courriel, adresse."""
    nom_a: str
    nom_b: str
    prenom_a: str
    prenom_b: str


_VOISINES_RANGS = ("AZERTYUIOP", "QSDFGHJKLM", "WXCVBN")
_VOISINES: set[tuple[str, str]] = set()
for _rang in _VOISINES_RANGS:
    for _x, _y in zip(_rang, _rang[1:], strict=False):
        _VOISINES |= {(_x, _y), (_y, _x)}
for _haut, _bas in zip(_VOISINES_RANGS, _VOISINES_RANGS[1:], strict=False):
    for _i, _x in enumerate(_haut):
        for _j in (_i - 1, _i, _i + 1):
            if 0 <= _j < len(_bas):
                _VOISINES |= {(_x, _bas[_j]), (_bas[_j], _x)}
_QWERTY = ("QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")
for _rang in _QWERTY:
    for _x, _y in zip(_rang, _rang[1:], strict=False):
        _VOISINES |= {(_x, _y), (_y, _x)}
_OCR = {
    frozenset(p)
    for p in ("EC", "UN", "IL", "TL", "BH", "OD", "OQ", "CG", "FT", "HN", "VY", "JI", "BE", "CO", "RP")
}


def _coupe(x: str, y: str) -> tuple[str, str, str, str]:
    """The differing middles of two words, and the letters on both sides of the difference."""
    debut = Prefix.similarity(x, y)
    fin = 0
    while fin < min(len(x), len(y)) - debut and x[-1 - fin] == y[-1 - fin]:
        fin += 1
    a, b = x[debut : len(x) - fin], y[debut : len(y) - fin]
    return a, b, x[debut - 1 : debut] if debut else "", x[len(x) - fin : len(x) - fin + 1] if fin else ""


def _faute_de_frappe(x: str, y: str) -> bool:
    """True for one edit that a hand or a reader often makes: a swap, a neighbouring key, a doubled or look-alike letter."""
    a, b, avant, apres = _coupe(x, y)
    if len(a) == len(b) == 2:
        return a == b[::-1]
    if len(a) == len(b) == 1:
        return (a, b) in _VOISINES or frozenset((a, b)) in _OCR
    if len(a) + len(b) == 1:
        seul = a or b
        return seul in (avant, apres) or (avant, seul) in _VOISINES or (apres, seul) in _VOISINES
    return {a, b} == {"RN", "M"} or {a, b} == {"CL", "D"} or {a, b} == {"VV", "W"}


@lru_cache(maxsize=262144)
def ecriture(x: str, y: str, son_x: str, son_y: str) -> int:
    """How two written names differ, as one of the constants above. Symmetric."""
    if x == y:
        return PAREIL
    distance = OSA.distance(x, y, score_cutoff=3)
    court = min(len(x), len(y))
    if son_x == son_y and (distance <= 2 or JaroWinkler.similarity(x, y) >= 0.8):
        return SON
    if distance <= 2 and court >= 3 and _faute_de_frappe(x, y):
        return FRAPPE
    if distance == 1 and court > 1:  # of a name of one letter, another letter leaves nothing
        return LETTRE if court >= 5 else LETTRE_COURT
    if distance == 2 and court >= 5:
        return DEUX
    if court >= 4 and (x.startswith(y) or y.startswith(x)):
        return DEBUT
    jw = JaroWinkler.similarity(x, y)
    if jw >= 0.9 or (court >= 4 and squelette(son_x) == squelette(son_y) and x[0] == y[0]):
        return PROCHE
    if court >= 3 and OSA.distance(son_x, son_y, score_cutoff=2) <= 1 and min(len(son_x), len(son_y)) >= 3:
        return PROCHE
    if jw >= 0.8:
        return VOISIN
    return AUTRE_NOM


def _entre(x: Variante, y: Variante) -> int:
    if x.forme <= y.forme:
        return ecriture(x.forme, y.forme, x.son, y.son)
    return ecriture(y.forme, x.forme, y.son, x.son)


# For two kinds of surname: level when written the same, level when nearly so.
_NOMS_CROISES: dict[tuple[str, str], tuple[int, int]] = {}
for _g, _h, _c in (
    (ENTIER, USAGE, "usage"),
    (USAGE, USAGE, "usage"),
    (ENTIER, SANS_PARTICULE, "particule"),
    (SANS_PARTICULE, SANS_PARTICULE, "particule"),
    (USAGE, SANS_PARTICULE, "usage"),
    (ENTIER, MOITIE, "moitie"),
    (USAGE, MOITIE, "moitie"),
    (SANS_PARTICULE, MOITIE, "moitie"),
):
    _NOMS_CROISES[_g, _h] = _NOMS_CROISES[_h, _g] = (_N[_c], _N[_c + "_proche"])
_NOMS_CROISES[MOITIE, MOITIE] = (_N["deux_moities"], 0)
for _g in (ENTIER, USAGE, MOITIE, SANS_PARTICULE):
    _NOMS_CROISES[_g, COURRIEL] = _NOMS_CROISES[COURRIEL, _g] = (_N["courriel"], 0)

# From the most to the least telling, to keep one level when several apply.
_RANG_NOM = {
    _N[c]: i
    for i, c in enumerate(
        [
            "naissance_identique",
            "usage",
            "particule",
            "moitie",
            "naissance_son",
            "naissance_frappe",
            "naissance_lettre",
            "usage_proche",
            "particule_proche",
            "naissance_deux",
            "courriel",
            "moitie_proche",
            "naissance_lettre_court",
            "naissance_debut",
            "naissance_proche",
            "deux_moities",
            "naissance_voisin",
            "naissance_different",
            "absent",
        ]
    )
}
_RANG_PRENOM = {
    _P[c]: i
    for i, c in enumerate(
        [
            "premier_identique",
            "premier_du_compose",
            "premier_son",
            "initiales",
            "premier_frappe",
            "autre_du_compose",
            "premier_lettre",
            "second",
            "premier_deux",
            "diminutif",
            "premier_lettre_court",
            "premier_du_compose_frappe",
            "premier_du_compose_proche",
            "courriel",
            "premier_debut",
            "autre_du_compose_proche",
            "premier_proche",
            "second_proche",
            "element_commun",
            "premier_voisin",
            "premier_different",
            "absent",
        ]
    )
}


def _comparer_noms(a: Preparee, b: Preparee) -> tuple[int, str, str]:
    va, vb = a.noms, b.noms
    if not va or not vb:
        return 0, "", ""
    x, y = va[0], vb[0]
    if COURRIEL in (x.genre, y.genre):
        return 0, "", ""  # no surname typed on one side: what its e-mail spells is judged with the e-mails
    if x.genre == ENTIER == y.genre and x.forme == y.forme:
        return _N["naissance_identique"], x.forme, y.forme
    meilleur, rang, ma, mb = 0, 99, "", ""
    for x in va:
        for y in vb:
            if x.genre == ENTIER == y.genre:
                niveau = 1 + _entre(x, y)
            else:
                croise = _NOMS_CROISES.get((x.genre, y.genre))
                if croise is None:
                    continue
                if x.forme == y.forme:
                    niveau = croise[0]
                elif croise[1] and _entre(x, y) <= LETTRE:
                    niveau = croise[1]
                else:
                    continue
            r = _RANG_NOM[niveau]
            if r < rang or (r == rang and (*sorted((x.forme, y.forme)),) < (*sorted((ma, mb)),)):
                meilleur, rang, ma, mb = niveau, r, x.forme, y.forme
    if not meilleur and rang == 99:
        # no two birth names to compare (a usage name alone on one side)
        return _N["naissance_different"], va[0].forme, vb[0].forme
    return meilleur, ma, mb


def _initiales(a: str, b: str) -> bool:
    """JB or J BAPTISTE for JEAN BAPTISTE."""
    ma, mb = a.split(), b.split()
    if len(ma) < 2 and len(mb) < 2:
        return False
    if len(ma) == 1 and len(mb) > 1:
        return len(ma[0]) == len(mb) and all(m.startswith(c) for c, m in zip(ma[0], mb, strict=True))
    if len(mb) == 1 and len(ma) > 1:
        return _initiales(b, a)
    return (
        len(ma) == len(mb)
        and any(len(m) == 1 for m in (*ma, *mb))
        and all(
            x == y or x[0] == y and len(y) == 1 or y[0] == x and len(x) == 1
            for x, y in zip(ma, mb, strict=True)
        )
    )


def _comparer_prenoms(a: Preparee, b: Preparee) -> tuple[int, str, str]:
    va, vb = a.prenoms, b.prenoms
    if not va or not vb:
        return 0, "", ""
    x, y = va[0], vb[0]
    if x.genre != PREMIER or y.genre != PREMIER:
        return 0, "", ""
    if x.forme == y.forme:
        return _P["premier_identique"], x.forme, y.forme
    niveau = 1 + _entre(x, y)
    meilleur, rang, ma, mb = niveau, _RANG_PRENOM[niveau], x.forme, y.forme
    if niveau > 1 + LETTRE:
        # the short form of a compound name is that of its first element
        court, long = a.prenom.split(" ", 1)[0], b.prenom.split(" ", 1)[0]
        if diminutif(court, long) or diminutif(long, court):
            meilleur, ma, mb = _P["diminutif"], court, long
        elif _initiales(a.prenom, b.prenom):
            meilleur = _P["initiales"]
        rang = _RANG_PRENOM[meilleur]
    for i, x in enumerate(va):
        for j, y in enumerate(vb):
            if i == 0 and j == 0:
                continue
            g, h = x.genre, y.genre
            proche = False
            if g == PREMIER and h == COMPOSE or g == COMPOSE and h == PREMIER:
                premier = (j if g == PREMIER else i) == _premier_compose(vb if g == PREMIER else va)
                niveau = _P["premier_du_compose" if premier else "autre_du_compose"]
                proche = True
            elif g == COMPOSE == h:
                niveau = _P["element_commun"]
                if i == _premier_compose(va) and j == _premier_compose(vb):
                    niveau = _P["premier_du_compose_frappe"]
            elif (g == AUTRE and h in (PREMIER, COMPOSE)) or (h == AUTRE and g in (PREMIER, COMPOSE)):
                niveau = _P["second"]
                proche = True
            elif (g == PRENOM_COURRIEL and h == PREMIER) or (h == PRENOM_COURRIEL and g == PREMIER):
                niveau = _P["courriel"]
            else:
                continue
            if x.forme != y.forme:
                if not proche or (ecart := _entre(x, y)) > LETTRE:
                    continue
                niveau += 1  # its "…_proche"
                if ecart < LETTRE and niveau == _P["premier_du_compose_proche"]:
                    niveau = _P["premier_du_compose_frappe"]
            r = _RANG_PRENOM[niveau]
            if r < rang or (r == rang and (*sorted((x.forme, y.forme)),) < (*sorted((ma, mb)),)):
                meilleur, rang, ma, mb = niveau, r, x.forme, y.forme
    return meilleur, ma, mb


def _premier_compose(variantes: tuple[Variante, ...]) -> int:
    """The place of the first element of a compound given name."""
    for i, v in enumerate(variantes):
        if v.genre == COMPOSE and variantes[0].forme.startswith(v.forme):
            return i
    return -1


_SEUIL_NOM = _RANG_NOM[_N["naissance_deux"]]
_SEUIL_PRENOM = _RANG_PRENOM[_P["premier_deux"]]


def _inversion(a: Preparee, b: Preparee) -> tuple[int, str, str, str, str] | None:
    """Name in the place of the first name and the other way round, with the names that correspond.

    0: exact, 1: near, 2: one of the two is written right, the other is a short form or badly written.
    """

    def meilleur(noms: tuple[Variante, ...], prenoms: tuple[Variante, ...]) -> tuple[int, str, str]:
        mieux = (99, "", "")
        for x in noms:
            if x.genre == COURRIEL:
                continue
            for y in prenoms:
                if y.genre in (PREMIER, COMPOSE):
                    mieux = min(mieux, (_entre(x, y), x.forme, y.forme))
        return mieux

    e1, n1, p1 = meilleur(a.noms, b.prenoms)
    e2, n2, p2 = meilleur(b.noms, a.prenoms)
    if e1 <= DEUX and e2 <= DEUX:
        return (0 if e1 == PAREIL == e2 else 1), n1, p1, p2, n2
    if min(e1, e2) <= LETTRE:
        ecart, x, y = max((e1, n1, p1), (e2, n2, p2))
        if ecart <= PROCHE or diminutif(x, y) or diminutif(y, x):
            return 2, n1, p1, p2, n2
    return None


def _comparer_dates(x: tuple[int, int, int] | None, y: tuple[int, int, int] | None) -> int:
    if x is None or y is None:
        return 0
    (a, m, j), (b, n, k) = x, y
    if x == y:
        return _D["identique_0101" if m == 1 == j else "identique"]
    defaut = (m == 1 == j) or (n == 1 == k)
    if a == b:
        if m == k and j == n:
            return _D["inversee"]
        if defaut:
            return _D["defaut_annee"]
        differents = (m // 10 != n // 10) + (m % 10 != n % 10) + (j // 10 != k // 10) + (j % 10 != k % 10)
        if differents == 1:
            return _D["chiffre_jour" if m == n else "chiffre_mois"]
        return _D["deux_chiffres" if differents == 2 else "annee"]
    ecart = abs(a - b)
    if m == n and j == k:
        if defaut:
            return _D["defaut_autre_annee"] if ecart <= 1 else _D["differente"]
        if ecart == 1:
            return _D["annee_voisine"]
        if sum(c != d for c, d in zip(f"{a:04}", f"{b:04}", strict=True)) == 1:
            return _D["chiffre_annee"]
        return _D["jour_mois"]
    if ecart == 1 and m == n and abs(j - k) <= 3 and min(j, k) >= 27:
        return _D["annee_voisine_jour"]
    if ecart == 1 and defaut:
        return _D["defaut_autre_annee"]
    annee = sum(c != d for c, d in zip(f"{a:04}", f"{b:04}", strict=True))
    reste = (m // 10 != n // 10) + (m % 10 != n % 10) + (j // 10 != k // 10) + (j % 10 != k % 10)
    if annee == 1 and (reste == 1 or (m == k and j == n)):
        return _D["deux_chiffres_annee"]
    return _D["differente"]


def _comparer_lieux(a: Preparee, b: Preparee) -> int:
    codes = bool(a.lieu_insee and b.lieu_insee)
    noms = bool(a.lieu and b.lieu)
    if not codes and not noms:
        return 0
    if (codes and a.lieu_insee == b.lieu_insee) or (noms and a.lieu == b.lieu):
        return 1
    if noms and (
        JaroWinkler.similarity(a.lieu, b.lieu) >= 0.9
        or a.lieu.startswith(b.lieu + " ")
        or b.lieu.startswith(a.lieu + " ")
    ):
        return 2
    if (
        a.lieu
        and (a.lieu == b.commune or a.lieu == a.commune)
        or b.lieu
        and (b.lieu == a.commune or b.lieu == b.commune)
    ):
        return 4
    if codes and a.lieu_insee[:2] == b.lieu_insee[:2] and a.lieu_insee[:2] != "99":
        return 3
    return 5


def _comparer_autres(a: Preparee, b: Preparee) -> int:
    if not a.autres or not b.autres:
        return 0
    if a.autres == b.autres:
        return 1
    x, y = set(a.autres), set(b.autres)
    if x & y:
        return 2
    for m in x:
        for n in y:
            if min(len(m), len(n)) >= 4 and OSA.distance(m, n, score_cutoff=2) <= 1:
                return 2
    if x & set(b.prenom.split()) or y & set(a.prenom.split()):
        return 3
    return 4


def _comparer_ine(a: Preparee, b: Preparee) -> int:
    if not a.ine or not b.ine:
        return 0
    if a.ine == b.ine:
        return 1
    distance = OSA.distance(a.ine, b.ine, score_cutoff=3)
    if a.ine_juste and b.ine_juste:
        return 3 if distance <= 2 else 7
    if distance == 1:
        return 2
    if distance == 2:
        return 4
    return 5 if a.ine_juste or b.ine_juste else 6


def _comparer_telephones(a: Preparee, b: Preparee) -> int:
    x, y = a.telephones, b.telephones
    if not x or not y:
        return 0
    if not set(x).isdisjoint(y):
        return 1
    for s in x:
        for t in y:
            if OSA.distance(s, t, score_cutoff=1) <= 1:
                return 2
    return 3


def _au_nom(courriels: tuple[str, ...], autre: Preparee) -> bool:
    """An address made with the other's names (marine.tournier, mtournier) though no name is told by its shape."""
    for c in courriels:
        local = "".join(x for x in c.split("@")[0] if x.isalpha()).upper()
        for v in autre.noms:
            if v.genre == ENTIER and len(v.forme) >= 4 and v.forme in local:
                p = autre.prenoms[0].forme if autre.prenoms else ""
                if p and (p in local or local.startswith(p[0])):
                    return True
    return False


def _comparer_courriels(a: Preparee, b: Preparee) -> int:
    x, y = a.courriels, b.courriels
    if x and y:
        if not set(x).isdisjoint(y):
            return 1
        for s in x:
            for t in y:
                if OSA.distance(s, t, score_cutoff=1) <= 1:
                    return 2
                if s.split("@")[0] == t.split("@")[0] and len(s.split("@")[0]) >= 5:
                    return 3
        return 5
    if (x and _au_nom(x, b)) or (y and _au_nom(y, a)):
        return 4
    return 0


def _comparer_adresses(a: Preparee, b: Preparee) -> int:
    commune = bool(a.commune and b.commune)
    meme_commune = commune and (a.commune == b.commune)
    meme_code = bool(a.code_postal) and a.code_postal == b.code_postal
    if a.voie and b.voie:
        if a.voie == b.voie and (meme_commune or meme_code or not commune):
            return 1
        if meme_commune or meme_code:
            if JaroWinkler.similarity(a.voie, b.voie) >= 0.93:
                return 2
            x, y = a.voie.split(), b.voie.split()
            if x[0] == y[0] or x[1:] == y[1:] and len(x) > 1:
                return 3
        elif a.voie == b.voie:
            return 2
    if meme_commune:
        return 4
    if meme_code:
        return 5
    if commune or (a.code_postal and b.code_postal):
        return 6
    return 0


def confronter(a: Preparee, b: Preparee) -> Comparaison:
    """All the levels of two records, as numbers: the fast form of `comparer`."""
    nom, na, nb = _comparer_noms(a, b)
    prenom, pa, pb = _comparer_prenoms(a, b)
    if nom and prenom and (_RANG_NOM[nom] > _SEUIL_NOM or _RANG_PRENOM[prenom] > _SEUIL_PRENOM):
        croise = _inversion(a, b)
        # a half-seen inversion must not hide a name that agrees
        if croise and (
            croise[0] < 2 or (_RANG_NOM[nom] > _SEUIL_NOM and _RANG_PRENOM[prenom] > _SEUIL_PRENOM)
        ):
            # which of the two records is the wrong one is not known here: `score` asks the frequencies of names
            ecart, na, nb, pa, pb = croise
            nom, prenom = _N["inverse"] + ecart, _P["inverse"] + ecart
    return Comparaison(
        (
            nom,
            prenom,
            _comparer_dates(a.naissance, b.naissance),
            0 if not a.sexe or not b.sexe else 1 if a.sexe == b.sexe else 2,
            _comparer_lieux(a, b),
            _comparer_autres(a, b),
            _comparer_ine(a, b),
            _comparer_telephones(a, b),
            _comparer_courriels(a, b),
            _comparer_adresses(a, b),
        ),
        na,
        nb,
        pa,
        pb,
    )


def comparer(a: Preparee, b: Preparee) -> list[Niveau]:
    """All the levels of two records, with their labels."""
    c = confronter(a, b)
    return [
        Niveau(critere, *CRITERES[critere][niveau])
        for critere, niveau in zip(NOMS_CRITERES[: len(c.niveaux)], c.niveaux, strict=True)
    ]

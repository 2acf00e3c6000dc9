"""From an identity as typed to the prepared form that every other step of the matching reads.

Pure and typed, without Django and without a database. `preparer` does once, when a report is saved, all that depends
on one record only: folding of accents and case, the variants of the surname (birth, usage, each half of a double
name, without its particle), every given name, a French phonetic key. `Preparee` goes to and from a compact JSON
list, so that the database stores it and nothing is computed again when two records are compared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

VERSION = 1
"""Bumped whenever a stored `Preparee` must be computed again."""

LETTRES_CONTROLE = "ABCDEFGHJKLMNPRSTUVWXYZ"

# Kinds of a variant, from the safest to the weakest.
ENTIER, USAGE, SANS_PARTICULE, MOITIE, COURRIEL = "E", "U", "P", "M", "C"
"""Surname: birth name, usage name, without particle, one half, read in the e-mail address."""
PREMIER, COMPOSE, AUTRE, PRENOM_COURRIEL = "1", "2", "A", "C"
"""Given name: as a whole, one part of it, one of the other given names, read in the e-mail address."""


class Variante(NamedTuple):
    """One way to write a name: its letters without spaces, how it sounds, and where it comes from."""

    forme: str
    son: str
    genre: str


@dataclass(frozen=True, slots=True)
class Identite:
    """A person's identity as typed on a report. Any field may be empty: empty means unknown."""

    nom_naissance: str = ""
    nom_usage: str = ""
    prenom: str = ""
    autres_prenoms: str = ""
    date_naissance: date | None = None
    sexe: str = ""
    commune_naissance: str = ""
    commune_naissance_insee: str = ""
    ine: str = ""
    telephones: tuple[str, ...] = ()
    courriels: tuple[str, ...] = ()
    adresse: str = ""
    code_postal: str = ""
    commune: str = ""
    structure_uai: str = ""
    reference: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Preparee:
    """All that the comparison needs of one record, computed once."""

    nom: str
    """Birth surname, folded, with its spaces ("DE LA PORTE")."""
    noms: tuple[Variante, ...]
    prenom: str
    """First given name(s), folded, with spaces ("JEAN BAPTISTE")."""
    prenoms: tuple[Variante, ...]
    autres: tuple[str, ...]
    """Other given names, folded, in order."""
    naissance: tuple[int, int, int] | None
    sexe: str
    lieu: str
    lieu_insee: str
    ine: str
    ine_juste: bool
    telephones: tuple[str, ...]
    courriels: tuple[str, ...]
    voie: str
    code_postal: str
    commune: str
    uai: str
    reference: str = field(default="", compare=False)

    def vers_json(self) -> list[Any]:
        """A compact list, in a fixed order, that `depuis_json` reads back."""
        return [
            VERSION,
            self.nom,
            [list(v) for v in self.noms],
            self.prenom,
            [list(v) for v in self.prenoms],
            list(self.autres),
            list(self.naissance) if self.naissance else None,
            self.sexe,
            self.lieu,
            self.lieu_insee,
            self.ine,
            self.ine_juste,
            list(self.telephones),
            list(self.courriels),
            self.voie,
            self.code_postal,
            self.commune,
            self.uai,
            self.reference,
        ]

    @classmethod
    def depuis_json(cls, d: Sequence[Any]) -> Preparee:
        """The inverse of `vers_json`."""
        n = d[6]
        return cls(
            d[1],
            tuple([Variante(*v) for v in d[2]]),
            d[3],
            tuple([Variante(*v) for v in d[4]]),
            tuple(d[5]),
            (n[0], n[1], n[2]) if n else None,
            d[7],
            d[8],
            d[9],
            d[10],
            d[11],
            tuple(d[12]),
            tuple(d[13]),
            d[14],
            d[15],
            d[16],
            d[17],
            d[18],
        )


# --- letters ---------------------------------------------------------------------------------------------------

_LIGATURES = str.maketrans(
    {
        "œ": "oe",
        "Œ": "OE",
        "æ": "ae",
        "Æ": "AE",
        "ß": "ss",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "ı": "i",
    }
)
_CHIFFRES = str.maketrans("015", "OIS")
_NON_LETTRES = re.compile(r"[^A-Z]+")
_NON_ALNUM = re.compile(r"[^A-Z0-9]+")
_SANS_LETTRE = re.compile(r"[^A-Z0-9]")


def sans_accent(texte: str) -> str:
    """Upper case, ligatures opened, accents removed; everything else is left as it is."""
    decompose = unicodedata.normalize("NFD", texte.translate(_LIGATURES).upper())
    return unicodedata.normalize("NFC", "".join(c for c in decompose if not unicodedata.combining(c)))


def plier(texte: str) -> str:
    """A name reduced to capital letters and single spaces; a digit inside a name is read as the letter it looks like."""
    plat = sans_accent(texte)
    if any(c.isdigit() for c in plat) and any(c.isalpha() for c in plat):
        plat = plat.translate(_CHIFFRES)
    return _NON_LETTRES.sub(" ", plat).strip()


def plier_lieu(texte: str) -> str:
    """A place or a street: letters and digits, SAINT and the kind of street in full, no articles of link."""
    mots = [_ABREGES.get(m, m) for m in _NON_ALNUM.sub(" ", sans_accent(texte)).split()]
    return " ".join(m for m in mots if m not in _LIENS)


_ABREGES = {
    "ST": "SAINT",
    "STE": "SAINTE",
    "AV": "AVENUE",
    "AVE": "AVENUE",
    "BD": "BOULEVARD",
    "BLD": "BOULEVARD",
    "BVD": "BOULEVARD",
    "RTE": "ROUTE",
    "R": "RUE",
    "PL": "PLACE",
    "CHE": "CHEMIN",
    "CH": "CHEMIN",
    "CHEM": "CHEMIN",
    "IMP": "IMPASSE",
    "ALL": "ALLEE",
    "RES": "RESIDENCE",
    "LOT": "LOTISSEMENT",
    "SQ": "SQUARE",
    "CRS": "COURS",
    "QU": "QUAI",
    "FG": "FAUBOURG",
    "GAL": "GENERAL",
    "MAL": "MARECHAL",
    "DR": "DOCTEUR",
    "BAT": "BATIMENT",
    "APPT": "APPARTEMENT",
    "APT": "APPARTEMENT",
}
_LIENS = frozenset(
    {"DE", "DU", "DES", "LA", "LE", "LES", "L", "D", "EN", "SUR", "SOUS", "ET", "AU", "AUX", "CEDEX"}
)

PARTICULES = frozenset(
    [
        "DE",
        "DU",
        "DES",
        "D",
        "LE",
        "LA",
        "LES",
        "L",
        "EL",
        "AL",
        "BEN",
        "BIN",
        "BENT",
        "OULD",
        "AIT",
        "VAN",
        "VON",
        "DER",
        "DEN",
        "TER",
        "TEN",
        "DA",
        "DAS",
        "DO",
        "DOS",
        "DI",
        "DEL",
        "DELLA",
        "ABD",
        "AU",
        "AUX",
        "SAINT",
        "SAINTE",
        "MC",
        "MAC",
        "O",
    ]
)

# --- French phonetics ------------------------------------------------------------------------------------------
# Misspellings that sound alike must give the same key; two names that only share consonants must not (the English
# Soundex and Metaphone join Lefèvre and Lefebvre, then also Lefort and Lavoir).

_SONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(motif), son)
    for motif, son in (
        (r"PH", "F"),
        (r"(?<=[AEIOUY])ILL(?=[AEIOUY])", "Y"),
        (r"SCH|SH", "CH"),
        (r"CHR", "KR"),
        (r"TCH", "CH"),
        (r"(?<!C)H", ""),
        (r"EAUX|EAU|AULT$|AULX$|AUX|AU", "O"),
        (r"OEU|EU", "2"),
        (r"OE", "E"),
        (r"OU", "U"),
        (r"AI|EI|AY|EY", "E"),
        (r"Y", "I"),
        (r"GU(?=[EI])", "G"),
        (r"QU|Q|CK|K", "K"),
        (r"C(?=[EI])", "S"),
        (r"CH", "#"),
        (r"C", "K"),
        (r"#", "X"),
        (r"G(?=[EI])", "J"),
        (r"GN", "NI"),
        (r"KS|CS", "KS"),
        (r"Z", "S"),
        (r"W", "V"),
        (r"[AE]N(?![AEIOUN])|[AE]M(?=[PB])", "4"),
        (r"[IU]N(?![AEIOUN])|IM(?=[PB])", "5"),
        (r"ON(?![AEIOUN])|OM(?=[PB])", "6"),
    )
)
_DOUBLES = re.compile(r"(.)\1+")
_E_MUET = re.compile(r"(?<=..)E+S?$")
_MUETTES = re.compile(r"(?<=..)(?:[STDXPZ]|ER)+$")
_VOYELLES = re.compile(r"[AEIOUY2456]")


@lru_cache(maxsize=65536)
def phonetique(mot: str) -> str:
    """A French phonetic key of a folded name without spaces: what is heard, without doubled or silent letters."""
    if not mot:
        return ""
    cle = _DOUBLES.sub(r"\1", mot)
    cle = cle.replace("X", "KS") if not cle.endswith("X") else cle[:-1].replace("X", "KS")
    for motif, son in _SONS:
        cle = motif.sub(son, cle)
    cle = _DOUBLES.sub(r"\1", cle)
    # a silent E makes the consonant before it heard: Clémence is not Clément
    court = _E_MUET.sub("", cle)
    if court == cle:
        court = _E_MUET.sub("", _MUETTES.sub("", cle))
    return court or cle or mot


@lru_cache(maxsize=65536)
def squelette(son: str) -> str:
    """The consonants of a phonetic key (nasal vowels count as N), its first vowel kept when it starts the name."""
    corps = re.sub(r"[456]", "N", son)
    return (
        _DOUBLES.sub(r"\1", (corps[:1] if corps[:1] in "AEIOU" else "") + _VOYELLES.sub("", corps)) or corps
    )


# --- short forms of given names -------------------------------------------------------------------------------------
# Beyond a plain beginning (Nico, Alex, Seb), which the comparison sees by itself.

_DIMINUTIFS: dict[str, str] = {
    "TOINE": "ANTOINE",
    "TONIO": "ANTOINE",
    "TITOUAN": "ANTOINE",
    "TOM": "THOMAS",
    "MIKA": "MICKAEL",
    "MICKA": "MICKAEL",
    "MIKE": "MICKAEL",
    "CHARLIE": "CHARLOTTE",
    "LOTTE": "CHARLOTTE",
    "CHACHA": "CHARLOTTE",
    "MOMO": "MOHAMED",
    "COCO": "CORALIE",
    "JUJU": "JULIE",
    "LULU": "LUCIE",
    "ANGIE": "ANGELIQUE",
    "MANU": "EMMANUEL",
    "ZOU": "ZOE",
    "KATIA": "CATHERINE",
    "KATE": "CATHERINE",
    "CATHY": "CATHERINE",
    "NATH": "NATHALIE",
    "MARGOT": "MARGUERITE",
    "LISON": "ELISE",
    "LILI": "LILIANE",
    "LOULOU": "LOUIS",
    "TITI": "THIERRY",
    "SACHA": "ALEXANDRE",
    "SANDRA": "ALEXANDRA",
    "XANDRE": "ALEXANDRE",
    "FRED": "FREDERIC",
    "RICO": "ERIC",
    "JEFF": "GEOFFREY",
    "GREG": "GREGORY",
    "MIMI": "MIREILLE",
    "NINI": "VIRGINIE",
    "NANOU": "ANNE",
    "MAX": "MAXIME",
    "ISA": "ISABELLE",
    "BEBERT": "ALBERT",
    "JO": "JOSEPH",
    "JOJO": "JOSEPH",
    "MAMADOU": "MOHAMED",
    "SOSO": "SOPHIE",
    "STEF": "STEPHANE",
    "STEFF": "STEPHANIE",
    "BENOU": "BENOIT",
    "DOMI": "DOMINIQUE",
    "GABY": "GABRIEL",
    "SAMY": "SAMUEL",
    "EDDY": "EDOUARD",
    "WILLY": "WILLIAM",
    "TEDDY": "EDOUARD",
    "VAL": "VALENTIN",
    "VINCE": "VINCENT",
    "FLO": "FLORIAN",
    "LEO": "LEOPOLD",
    "THEO": "THEOPHILE",
    "TIM": "TIMOTHEE",
    "NINA": "CATHERINE",
    "CLEM": "CLEMENT",
    "LOLO": "LAURENT",
    "FIFI": "PHILIPPE",
    "PHIL": "PHILIPPE",
    "BABETTE": "ELISABETH",
    "BETTY": "ELISABETH",
    "LISE": "ELISABETH",
}


@lru_cache(maxsize=65536)
def diminutif(court: str, long: str) -> bool:
    """True when `court` is a usual short form of `long` (Nico, Ju, Toine, Momo, JB are; Lea of Leana is a beginning too)."""
    if len(court) < 2 or len(court) >= len(long):
        return False
    if long.startswith(court):
        return True
    if _DIMINUTIFS.get(court) == long:
        return True
    if len(court) == 4 and court[:2] == court[2:]:  # juju, coco, momo
        return long.startswith(court[:2])
    if court[-1] in "OIYEA" and len(court) >= 4 and long.startswith(court[:-1]):  # charlie, gaby, mika
        return len(long) - len(court) >= 2
    if (
        phonetique(long).startswith(phonetique(court))
        and len(phonetique(court)) >= 3
        and len(long) - len(court) >= 3
    ):
        return True
    return len(court) >= 4 and len(long) - len(court) <= 3 and long.endswith(court)


@lru_cache(maxsize=65536)
def feminin(court: str, long: str) -> bool:
    """True when `long` is `court` in the feminine (Adrien and Adrienne, Axel and Axelle, Frédéric and Frédérique)."""
    if len(court) < 3:
        return False
    return long in (court + "E", court + court[-1] + "E") or (court[-1] == "C" and long == court[:-1] + "QUE")


# --- fields ----------------------------------------------------------------------------------------------------


def numero_telephone(texte: str) -> str:
    """A telephone number as digits with its country code, the French one by default ("02 31…" → "33231…")."""
    brut = texte.strip()
    chiffres = re.sub(r"\D", "", brut.replace("(0)", ""))
    if not chiffres:
        return ""
    if brut.startswith("+"):
        return chiffres
    if chiffres.startswith("00"):
        return chiffres[2:]
    if len(chiffres) == 10 and chiffres[0] == "0":
        return "33" + chiffres[1:]
    if len(chiffres) == 9 and chiffres[0] in "1234567" or len(chiffres) == 9 and chiffres[0] == "9":
        return "33" + chiffres
    return chiffres


def courriel(texte: str) -> str:
    """An e-mail address in lower case without spaces, empty when it has no @."""
    propre = re.sub(r"\s", "", texte).lower().removeprefix("mailto:")
    return propre if "@" in propre[1:-1] else ""


_INE_BEA = re.compile(r"\d{10}[A-Z]")
_INE_RNIE = re.compile(r"\d{9}[A-Z]{2}")
_INE_APPRENTISSAGE = re.compile(r"\d{4}A\d{5}[A-Z]")


def ine_normalise(texte: str) -> str:
    """The INE without spaces or separators, in capitals."""
    return _SANS_LETTRE.sub("", sans_accent(texte))


def ine_valide(texte: str) -> tuple[bool, str]:
    """Whether an INE has one of the three known forms, and its control letter; otherwise the reason, in French."""
    ine = ine_normalise(texte)
    if not ine:
        return False, "INE absent"
    if len(ine) != 11:
        return False, f"un INE a 11 caractères, celui-ci en a {len(ine)}"
    if _INE_BEA.fullmatch(ine):
        attendue = LETTRES_CONTROLE[int(ine[:10]) % 23]
        if ine[10] == attendue:
            return True, "INE de la base élèves"
        return False, f"la lettre de contrôle devrait être {attendue}"
    if _INE_RNIE.fullmatch(ine):
        return True, "INE du répertoire national"
    if _INE_APPRENTISSAGE.fullmatch(ine):
        return True, "INE d'apprentissage"
    return False, "la forme n'est celle d'aucun INE connu"


def _decouper_nom(texte: str) -> tuple[str, list[str]]:
    """The folded surname, and the parts of a double name (each with its particle) when it is one."""
    entier = plier(texte)
    mots = ["SAINT" if m == "ST" else "SAINTE" if m == "STE" else m for m in entier.split()]
    parties: list[list[str]] = []
    courant: list[str] = []
    for mot in mots:
        courant.append(mot)
        if mot not in PARTICULES and len(mot) > 1:
            parties.append(courant)
            courant = []
    if courant:
        if parties:
            parties[-1].extend(courant)
        else:
            parties.append(courant)
    return " ".join(mots), [" ".join(p) for p in parties]


def _sans_particule(nom: str) -> str:
    mots = nom.split()
    reste = [m for m in mots if m not in PARTICULES]
    return "".join(reste) if reste and len(reste) < len(mots) else ""


_COLLEES = re.compile(r"^(?:DELA|DES|DEL|BEN|LES|VAN|DE|DU|LE|LA|EL|AL)(?=[A-Z]{3})")


def _variantes_nom(naissance: str, usage: str, courriels: Iterable[str]) -> tuple[str, tuple[Variante, ...]]:
    vues: dict[str, Variante] = {}

    def ajouter(forme: str, genre: str, minimum: int = 1) -> None:
        if len(forme) >= minimum and forme not in vues:
            vues[forme] = Variante(forme, phonetique(forme), genre)

    affiche = ""
    for texte, genre in ((naissance, ENTIER), (usage, USAGE)):
        entier, parties = _decouper_nom(texte)
        if genre == ENTIER:
            affiche = entier
        if entier:
            ajouter(entier.replace(" ", ""), genre)
    for texte in (naissance, usage):
        entier, parties = _decouper_nom(texte)
        ajouter(_sans_particule(entier), SANS_PARTICULE, 2)
        if len(parties) > 1:
            if len(parties) == 2:
                ajouter((parties[1] + parties[0]).replace(" ", ""), SANS_PARTICULE)
            for partie in parties:
                ajouter(partie.replace(" ", ""), MOITIE, 2)
                ajouter(_sans_particule(partie), MOITIE, 3)
        elif entier and " " not in entier:
            colle = _COLLEES.sub("", entier)
            if colle != entier and len(colle) >= 4:
                ajouter(colle, MOITIE)
    for adresse in courriels:
        nom, _ = _lire_courriel(adresse)
        ajouter(nom, COURRIEL, 3)
    return affiche, tuple(list(vues.values())[:10])


@lru_cache(maxsize=4096)
def _lire_courriel(adresse: str) -> tuple[str, str]:
    """(surname, given name) written in the local part of an e-mail address, when its shape tells them."""
    local = re.sub(r"\d+$", "", adresse.split("@")[0])
    morceaux = [m for m in re.split(r"[._]+", local) if m]
    if len(morceaux) == 2 and all(re.fullmatch(r"[a-z-]{3,}", m) for m in morceaux):
        return plier(morceaux[1]).replace(" ", ""), plier(morceaux[0]).replace(" ", "")
    return "", ""


def _prenoms_simples(texte: str) -> list[str]:
    return [m for m in plier(texte).split() if len(m) > 1]


def _variantes_prenom(prenom: str, autres: str, courriels: Iterable[str]) -> tuple[str, tuple[Variante, ...]]:
    vues: dict[str, Variante] = {}

    def ajouter(forme: str, genre: str) -> None:
        if forme and forme not in vues:
            vues[forme] = Variante(forme, phonetique(forme), genre)

    entier = plier(prenom)
    ajouter(entier.replace(" ", ""), PREMIER)
    mots = entier.split()
    virgule = [plier(p).replace(" ", "") for p in re.split(r"[,;/]", prenom)]
    if len(virgule) > 1:
        for p in virgule:
            ajouter(p, COMPOSE)
    if len(mots) > 1:
        if len(mots) > 2:
            ajouter("".join(mots[:2]), COMPOSE)
        for mot in mots:
            if len(mot) > 1:
                ajouter(mot, COMPOSE)
    for morceau in re.split(r"[,;/\s]+", autres):
        plie = plier(morceau)
        ajouter(plie.replace(" ", ""), AUTRE)
    for adresse in courriels:
        _, donne = _lire_courriel(adresse)
        ajouter(donne, PRENOM_COURRIEL)
    return entier, tuple(list(vues.values())[:10])


def preparer(identite: Identite) -> Preparee:
    """Compute once everything that depends on this record only."""
    mails = tuple(dict.fromkeys(m for m in map(courriel, identite.courriels) if m))
    tels = tuple(dict.fromkeys(t for t in map(numero_telephone, identite.telephones) if len(t) >= 6))
    nom, noms = _variantes_nom(identite.nom_naissance, identite.nom_usage, mails)
    prenom, prenoms = _variantes_prenom(identite.prenom, identite.autres_prenoms, mails)
    ine = ine_normalise(identite.ine)
    d = identite.date_naissance
    insee = _SANS_LETTRE.sub("", sans_accent(identite.commune_naissance_insee))
    sexe = sans_accent(identite.sexe).strip()[:1]
    sexe = {"H": "M", "G": "M", "1": "M", "2": "F"}.get(sexe, sexe)
    return Preparee(
        nom=nom,
        noms=noms,
        prenom=prenom,
        prenoms=prenoms,
        autres=tuple(_prenoms_simples(identite.autres_prenoms)),
        naissance=(d.year, d.month, d.day) if d else None,
        sexe=sexe if sexe in ("F", "M") else "",
        lieu=plier_lieu(identite.commune_naissance),
        lieu_insee=insee,
        ine=ine,
        ine_juste=ine_valide(ine)[0] if ine else False,
        telephones=tels,
        courriels=mails,
        voie=plier_lieu(identite.adresse),
        code_postal=_SANS_LETTRE.sub("", sans_accent(identite.code_postal)),
        commune=plier_lieu(identite.commune),
        uai=_SANS_LETTRE.sub("", sans_accent(identite.structure_uai)),
        reference=identite.reference,
    )

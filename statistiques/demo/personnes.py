"""Invented people, and what is typed about them.

`generer` makes people whose names follow the fashions of their year of birth, with families, twins, siblings
and homonyms. `saisies` gives what several agents type about one of them: other case, lost accents, slips of
the finger, swapped dates, an old commune name, a new telephone. Everything follows the `random.Random`
passed in: the same seed gives the same people, and nobody is real. No Django here.
"""

import csv
import gzip
import math
import unicodedata
from bisect import bisect
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
LETTRES_CLE = "ABCDEFGHJKLMNPRSTUVWXYZ"
#: share of births by place, invented: most jeunes were born close to where they live
PART_NES_HORS_ACADEMIE = 0.12
PART_NES_ETRANGER = 0.03


@dataclass(frozen=True)
class Commune:
    code: str
    nom: str
    codes_postaux: tuple[str, ...]
    population: int = 0
    bassin: str = ""
    anciens: tuple[tuple[str, str], ...] = ()  # (code, name) it once had


@dataclass(frozen=True)
class Responsable:
    lien: str  # mere | pere
    nom: str
    prenom: str
    telephone: str


@dataclass(frozen=True)
class Personne:
    """The truth about one invented jeune. `jumeau`, `homonyme`: number of the group, or None."""

    numero: int
    famille: int
    nom_naissance: str
    prenom: str
    sexe: str  # F | M
    date_naissance: date
    naissance_code: str  # COG, 99xxx abroad
    naissance_nom: str
    ine: str
    telephone: str
    telephone_famille: str
    courriel: str
    adresse: str
    code_postal: str
    commune: Commune
    nom_usage: str = ""
    autres_prenoms: tuple[str, ...] = ()
    responsables: tuple[Responsable, ...] = ()
    jumeau: int | None = None
    homonyme: int | None = None


@dataclass(frozen=True)
class Saisie:
    """One report about a person, as typed. `erreurs` names what differs from the truth."""

    personne: int
    nom_naissance: str
    nom_usage: str
    prenom: str
    autres_prenoms: str
    sexe: str  # F | M | ""
    date_naissance: date | None
    naissance_code: str
    naissance_nom: str
    ine: str
    telephone: str
    telephone_famille: str
    courriel: str
    adresse: str
    code_postal: str
    commune_code: str
    commune_nom: str
    erreurs: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Taux:
    """How often each slip happens in one typing. The defaults give about one clean report in two."""

    ine_absent: float = 0.35
    ine_faux: float = 0.01
    nom_faute: float = 0.04
    prenom_faute: float = 0.05
    nom_usage: float = 0.03
    nom_tronque: float = 0.25  # of the names in two parts
    prenom_court: float = 0.02
    prenom_compose: float = 0.25  # of the compound first names
    inversion: float = 0.004
    date_faute: float = 0.025
    date_absente: float = 0.004
    naissance_absente: float = 0.25
    naissance_ancienne: float = 0.3  # of the communes that changed their name
    sexe_absent: float = 0.02
    sexe_faux: float = 0.004
    demenagement: float = 0.06
    telephone_autre: float = 0.25
    courriel_absent: float = 0.55
    autres_prenoms_absents: float = 0.7


# --- what the generator draws from -----------------------------------------------------------------


def _lignes(nom):
    return (FIXTURES / "personnes" / nom).read_text(encoding="utf-8").splitlines()


@cache
def prenoms():
    """Rows (first name, sex, year of its peak, width in years, weight)."""
    with (FIXTURES / "personnes" / "prenoms.csv").open(encoding="utf-8") as f:
        return [
            (r["prenom"], r["sexe"], int(r["pic"]), float(r["largeur"]), float(r["poids"]))
            for r in csv.DictReader(f)
        ]


@cache
def noms():
    """Surnames, the most frequent first."""
    return _lignes("noms.txt")


@cache
def voies():
    return _lignes("voies.txt")


@cache
def communes_academie():
    """Communes of the académie with the codes and names that they once had."""
    anciens = {}
    with (FIXTURES / "territoire" / "communes_anciennes.csv").open(encoding="utf-8") as f:
        for r in csv.DictReader(f):
            anciens.setdefault(r["code_actuel"], []).append((r["code_ancien"], r["nom_ancien"]))
    with (FIXTURES / "territoire" / "communes.csv").open(encoding="utf-8") as f:
        return [
            Commune(
                r["code_insee"],
                r["nom"],
                tuple(r["codes_postaux"].split()),
                int(r["population"]),
                r["bassin"],
                tuple(anciens.get(r["code_insee"], ())),
            )
            for r in csv.DictReader(f)
        ]


@cache
def anciens_noms():
    """Former (code, name) of the communes of the académie, by current code."""
    return {c.code: c.anciens for c in communes_academie() if c.anciens}


@cache
def lieux_lointains():
    """(code, name) of birthplaces outside the académie: communes of France, then countries."""
    with gzip.open(FIXTURES / "territoire" / "communes_france.csv.gz", "rt", encoding="utf-8") as f:
        france = [
            (r["code_insee"], r["nom"])
            for r in csv.DictReader(f, delimiter=";")
            if r["code_insee"][:2] not in ("14", "50", "61")
        ]
    with (FIXTURES / "territoire" / "pays.csv").open(encoding="utf-8") as f:
        pays = [(r["code"], r["nom"]) for r in csv.DictReader(f)]
    return france, pays


class Urne:
    """Draws from a weighted list; the weights are summed once."""

    def __init__(self, valeurs, poids):
        self.valeurs = list(valeurs)
        self.cumul = list(accumulate(poids))

    def tirer(self, rng):
        return self.valeurs[bisect(self.cumul, rng.random() * self.cumul[-1])]


def sans_accents(texte):
    """ "Hélène" → "Helene"; œ and æ are opened."""
    texte = texte.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae")
    return "".join(c for c in unicodedata.normalize("NFKD", texte) if not unicodedata.combining(c))


def ine_bea(numero):
    """INE of the BEA: 10 digits and the letter of n mod 23."""
    return f"{numero:010d}{LETTRES_CLE[numero % 23]}"


def ine_rnie(rng):
    """INE of the national register (since 2012): 9 digits and two letters, no key to check."""
    return f"{rng.randrange(10**9):09d}{rng.choice(LETTRES_CLE)}{rng.choice(LETTRES_CLE)}"


def _fiction(prefixe, numero):
    """Number of a range set aside for fiction; different for 10 000 consecutive `numero`."""
    n = numero * 7919 % 10_000
    return f"{prefixe} {n // 100:02d} {n % 100:02d}"


def mobile(numero):
    return _fiction("06 39 98", numero)


def fixe(numero):
    return _fiction("02 61 91", numero)


# --- people ----------------------------------------------------------------------------------------


class Fabrique:
    """Makes people born between two dates. One instance, one seed, one population."""

    def __init__(self, rng, nes_du, nes_au, communes=None, premier_numero=0):
        self.rng = rng
        self.nes_du = nes_du
        self.jours = (nes_au - nes_du).days
        self.communes = communes or communes_academie()
        self.residences = Urne(self.communes, [max(c.population, 20) for c in self.communes])
        villes = [c for c in self.communes if c.population >= 6000]
        self.maternites = Urne(villes, [c.population for c in villes])
        self.noms = Urne(noms(), [1 / (rang + 40) ** 0.7 for rang in range(len(noms()))])
        self.numero = premier_numero
        self.famille = premier_numero
        self._urnes_prenoms = {}

    def prenom(self, sexe, annee):
        urne = self._urnes_prenoms.get((sexe, annee))
        if urne is None:
            choix = [p for p in prenoms() if p[1] == sexe]
            poids = [p[4] * (0.02 + math.exp(-(((annee - p[2]) / p[3]) ** 2))) for p in choix]
            urne = self._urnes_prenoms[sexe, annee] = Urne([p[0] for p in choix], poids)
        return urne.tirer(self.rng)

    def nom(self):
        nom = self.noms.tirer(self.rng)
        if self.rng.random() < 0.025 and "-" not in nom and " " not in nom:
            autre = self.noms.tirer(self.rng)
            if autre != nom and "-" not in autre and " " not in autre:
                return f"{nom}-{autre}" if self.rng.random() < 0.6 else f"{nom} {autre}"
        return nom

    def naissance(self, residence):
        """(code, name) of a birthplace, today's name and code."""
        tirage = self.rng.random()
        france, pays = lieux_lointains()
        if tirage < PART_NES_ETRANGER:
            return self.rng.choice(pays)
        if tirage < PART_NES_HORS_ACADEMIE:
            return self.rng.choice(france)
        if tirage < 0.75:
            pres = [c for c in self.communes if c.bassin == residence.bassin and c.population >= 6000]
            ville = max(pres, key=lambda c: c.population) if pres else self.maternites.tirer(self.rng)
        else:
            ville = self.maternites.tirer(self.rng)
        return ville.code, ville.nom

    def personne(self, **imposes):
        """One person; `imposes` fixes some fields (those of a brother, a twin, a homonym)."""
        rng = self.rng
        self.numero += 1
        numero = self.numero
        if "famille" not in imposes:
            self.famille += 1
            imposes["famille"] = self.famille
        jour = imposes.pop("date_naissance", None) or self.nes_du + timedelta(days=rng.randint(0, self.jours))
        sexe = imposes.pop("sexe", None) or ("F" if rng.random() < 0.42 else "M")
        nom = imposes.pop("nom_naissance", None) or self.nom()
        prenom = imposes.pop("prenom", None) or self.prenom(sexe, jour.year)
        residence = imposes.pop("commune", None) or self.residences.tirer(rng)
        code_naissance, nom_naissance_lieu = imposes.pop("naissance", None) or self.naissance(residence)
        autres = tuple(
            dict.fromkeys(self.prenom(sexe, jour.year - 30) for _ in range(rng.choice((0, 1, 1, 2))))
        )
        usage = ""
        if rng.random() < 0.03:
            usage = self.nom()
        famille_tel = fixe(imposes["famille"])
        champs = {
            "nom_usage": usage,
            "autres_prenoms": tuple(p for p in autres if p != prenom),
            "ine": ine_rnie(rng) if jour.year >= 2000 else ine_bea(rng.randrange(10**9, 10**10)),
            "telephone": mobile(numero),
            "telephone_famille": famille_tel,
            "courriel": self.courriel(prenom, nom, numero),
            "adresse": f"{rng.randint(1, 180)} {rng.choice(voies())}",
            "code_postal": rng.choice(residence.codes_postaux),
            "responsables": self.responsables(nom, jour.year, famille_tel),
        }
        return Personne(
            numero=numero,
            nom_naissance=nom,
            prenom=prenom,
            sexe=sexe,
            date_naissance=jour,
            naissance_code=code_naissance,
            naissance_nom=nom_naissance_lieu,
            commune=residence,
            **(champs | imposes),
        )

    def courriel(self, prenom, nom, numero):
        local = sans_accents(f"{prenom}.{nom}").lower()
        local = "".join(c if c.isalnum() or c == "." else "-" for c in local)
        return f"{local}{numero % 97}@courriel.example.invalid"

    def responsables(self, nom, annee, telephone):
        rng = self.rng
        mere = Responsable(
            "mere", nom if rng.random() < 0.6 else self.nom(), self.prenom("F", annee - 27), telephone
        )
        pere = Responsable("pere", nom, self.prenom("M", annee - 30), mobile(rng.randrange(10_000)))
        tirage = rng.random()
        if tirage < 0.55:
            return (mere,)
        return (mere, pere) if tirage < 0.9 else (pere,)

    def jumeau_de(self, aine):
        """Same family, same day, same place of birth, another first name."""
        sexe = aine.sexe if self.rng.random() < 0.65 else ("F" if aine.sexe == "M" else "M")
        prenom = aine.prenom
        while prenom == aine.prenom:
            prenom = self.prenom(sexe, aine.date_naissance.year)
        return self.personne(
            **self._foyer(aine), sexe=sexe, prenom=prenom, date_naissance=aine.date_naissance
        )

    def frere_de(self, aine):
        """Same family, another year, within the dates of this population."""
        ecart = timedelta(days=self.rng.randint(310, min(1100, max(310, self.jours // 2))))
        dates = [aine.date_naissance + ecart, aine.date_naissance - ecart]
        self.rng.shuffle(dates)
        nes_au = self.nes_du + timedelta(days=self.jours)
        jour = next((j for j in dates if self.nes_du <= j <= nes_au), dates[0])
        return self.personne(**self._foyer(aine), date_naissance=jour)

    def homonyme_de(self, autre):
        """Same name and first name, another person: half of them born the same year."""
        jour = None
        if self.rng.random() < 0.5:
            debut = date(autre.date_naissance.year, 1, 1)
            jour = debut + timedelta(days=self.rng.randint(0, 364))
            if jour == autre.date_naissance:
                jour += timedelta(days=1)
        return self.personne(
            nom_naissance=autre.nom_naissance,
            prenom=autre.prenom,
            sexe=autre.sexe,
            date_naissance=jour,
            homonyme=autre.numero,
        )

    @staticmethod
    def _foyer(aine):
        return {
            "famille": aine.famille,
            "nom_naissance": aine.nom_naissance,
            "commune": aine.commune,
            "naissance": (aine.naissance_code, aine.naissance_nom),
            "adresse": aine.adresse,
            "code_postal": aine.code_postal,
            "responsables": aine.responsables,
            "telephone_famille": aine.telephone_famille,
        }


def generer(
    n, rng, nes_du, nes_au, *, communes=None, premier_numero=0, jumeaux=0.012, fratries=0.05, homonymes=0.01
):
    """`n` people born in [nes_du, nes_au], in a random order.

    `jumeaux`, `fratries`, `homonymes`: share of the draws that bring a twin, a sibling, a homonym along.
    """
    fabrique = Fabrique(rng, nes_du, nes_au, communes, premier_numero)
    personnes = []
    while len(personnes) < n:
        personne = fabrique.personne()
        tirage = rng.random()
        if tirage < jumeaux:
            personne = replace(personne, jumeau=personne.famille)
            personnes += [personne, replace(fabrique.jumeau_de(personne), jumeau=personne.famille)]
        elif tirage < jumeaux + fratries:
            personnes += [personne, fabrique.frere_de(personne)]
        elif tirage < jumeaux + fratries + homonymes:
            personnes += [replace(personne, homonyme=personne.numero), fabrique.homonyme_de(personne)]
        else:
            personnes.append(personne)
    personnes = personnes[:n]
    rng.shuffle(personnes)
    return personnes


# --- what is typed -----------------------------------------------------------------------------------

VOISINES = {
    "a": "zqe", "b": "vn", "c": "xv", "d": "sf", "e": "rz", "f": "dg", "g": "fh", "h": "gj", "i": "uo",
    "j": "hk", "k": "jl", "l": "km", "m": "l", "n": "b", "o": "ip", "p": "o", "q": "sa", "r": "te",
    "s": "dq", "t": "ry", "u": "yi", "v": "cb", "w": "x", "x": "wc", "y": "tu", "z": "ae",
}  # fmt: skip
SONS = [
    ("ph", "f"), ("f", "ph"), ("eau", "o"), ("au", "o"), ("ault", "aut"), ("aud", "aut"), ("th", "t"),
    ("y", "i"), ("i", "y"), ("k", "c"), ("c", "k"), ("ss", "s"), ("ll", "l"), ("nn", "n"), ("tt", "t"),
    ("l", "ll"), ("n", "nn"), ("t", "tt"), ("s", "z"), ("z", "s"), ("ette", "ète"), ("ck", "k"), ("h", ""),
    ("ain", "in"), ("en", "an"), ("ais", "ay"), ("et", "ey"), ("ie", "i"), ("aël", "ael"), ("sc", "s"),
]  # fmt: skip
COURTS = {
    "Alexandre": "Alex", "Alexandra": "Alex", "Benjamin": "Ben", "Christopher": "Chris",
    "Mohamed": "Mohammed", "Mickaël": "Mike", "Anthony": "Antony", "Nicolas": "Nico", "Maxime": "Max",
    "Mathieu": "Matthieu",
    "Matthieu": "Mathieu", "Thibault": "Thibaut", "Mathis": "Matisse", "Jennifer": "Jenny",
    "Jessica": "Jessie", "Élisabeth": "Lisa", "Mathéo": "Matéo", "Raphaël": "Raph", "Gabriel": "Gaby",
    "Valentin": "Val",
    "Théo": "Théophile", "Kevin": "Kévin", "Kévin": "Kevin", "Anaïs": "Anais", "Laetitia": "Laëtitia",
    "Sofia": "Sophia", "Maéva": "Maëva", "Océane": "Océanne", "Léa": "Lea", "Sarah": "Sara", "Inès": "Ynès",
    "Mélissa": "Mélyssa", "Youssef": "Yousef", "Ousmane": "Oussmane", "Fatima": "Fatima Zahra",
}  # fmt: skip


def glissement(mot, rng):
    """One slip of the finger or of the ear; words under three letters are left alone.

    >>> import random; glissement("Al", random.Random(1))
    'Al'
    """
    if len(mot) < 3:
        return mot
    tirage = rng.random()
    bas = mot.lower()
    if tirage < 0.35:
        possibles = [(a, b) for a, b in SONS if a in bas[1:]]
        if possibles:
            a, b = rng.choice(possibles)
            i = bas.index(a, 1)
            return mot[:i] + b + mot[i + len(a) :]
    i = rng.randrange(1, len(mot))
    if tirage < 0.55 and i + 1 < len(mot):  # two letters swapped
        return mot[:i] + mot[i + 1] + mot[i] + mot[i + 2 :]
    if tirage < 0.7:  # one letter lost
        return mot[:i] + mot[i + 1 :]
    if tirage < 0.82:  # one letter twice
        return mot[:i] + mot[i] + mot[i:]
    voisine = rng.choice(VOISINES.get(sans_accents(bas[i]), "e"))
    return mot[:i] + voisine + mot[i + 1 :]


def date_mal_saisie(jour, rng):
    """Another valid date: day and month swapped, one digit wrong, a neighbouring year, or 1 January."""
    tirage = rng.random()
    if tirage < 0.3 and jour.day <= 12 and jour.day != jour.month:
        return jour.replace(month=jour.day, day=jour.month)
    if tirage < 0.4:
        return jour.replace(month=1, day=1)
    if tirage < 0.6:
        annee = jour.year + rng.choice((-1, 1, -10, 10))
        return jour.replace(year=annee, day=min(jour.day, 28) if jour.month == 2 else jour.day)
    if tirage < 0.8:
        mois = jour.month % 12 + 1
        return jour.replace(month=mois, day=min(jour.day, 28))
    autre = jour.day
    while autre == jour.day:
        autre = rng.choice((jour.day - 1, jour.day + 1, jour.day - 10, jour.day + 10, rng.randint(1, 28)))
        autre = autre if 1 <= autre <= 28 else jour.day
    return jour.replace(day=autre)


class Plume:
    """The habits of one typing desk: case, accents and separators stay the same within one report."""

    def __init__(self, rng):
        tirage = rng.random()
        self.nom = str.upper if tirage < 0.75 else str
        self.accents = rng.random() < 0.55
        self.prenom = str.upper if tirage < 0.35 else str
        self.trait = rng.random() < 0.8
        self.telephone = rng.choice(("{}", "{}", "compact", "points"))

    def ecrire(self, texte, casse):
        texte = texte if self.accents else sans_accents(texte)
        texte = texte if self.trait else texte.replace("-", " ")
        return casse(texte)

    def numero(self, texte):
        if self.telephone == "compact":
            return texte.replace(" ", "")
        return texte.replace(" ", ".") if self.telephone == "points" else texte


def saisies(personne, n, rng, taux=None, communes=None):
    """`n` reports about `personne`, each typed by another agent with the slips of `taux`."""
    return [_saisie(personne, rng, taux or Taux(), communes or communes_academie()) for _ in range(n)]


def _saisie(p, rng, taux, communes):
    plume = Plume(rng)
    erreurs = []

    def arrive(nom_erreur, probabilite):
        if rng.random() < probabilite:
            erreurs.append(nom_erreur)
            return True
        return False

    nom, usage, prenom = p.nom_naissance, p.nom_usage, p.prenom
    parties = nom.replace("-", " ").split()
    double = len(parties) > 1 and parties[0].lower() not in PARTICULES
    if double and arrive("nom_tronque", taux.nom_tronque):
        nom = rng.choice(parties)
    elif len(parties) > 1 and not double and arrive("particule_collee", taux.nom_tronque):
        nom = "".join(parties) if rng.random() < 0.6 else parties[-1]
    if usage and arrive("nom_usage_seul", 0.4):
        nom, usage = usage, ""
    elif not usage and arrive("nom_usage_ajoute", taux.nom_usage):
        autre = next((r.nom for r in p.responsables if r.nom != p.nom_naissance), "")
        usage = autre
    if arrive("nom_faute", taux.nom_faute):
        nom = glissement(nom, rng)
    if "-" in prenom and arrive("prenom_tronque", taux.prenom_compose):
        prenom = prenom.split("-")[0] if rng.random() < 0.7 else prenom.replace("-", "")
    elif prenom in COURTS and arrive("prenom_court", taux.prenom_court * 6):
        prenom = COURTS[prenom]
    elif p.autres_prenoms and arrive("autre_prenom", taux.prenom_court / 2):
        prenom = p.autres_prenoms[0]
    if arrive("prenom_faute", taux.prenom_faute):
        prenom = glissement(prenom, rng)
    if arrive("inversion", taux.inversion):
        nom, prenom = prenom, nom

    jour = p.date_naissance
    if arrive("date_absente", taux.date_absente):
        jour = None
    elif arrive("date_faute", taux.date_faute):
        jour = date_mal_saisie(jour, rng)

    sexe = p.sexe
    if arrive("sexe_absent", taux.sexe_absent):
        sexe = ""
    elif arrive("sexe_faux", taux.sexe_faux):
        sexe = "F" if sexe == "M" else "M"

    lieu = (p.naissance_code, p.naissance_nom)
    if arrive("naissance_absente", taux.naissance_absente):
        lieu = ("", "")
    else:
        anciens = anciens_noms().get(p.naissance_code, ())
        if anciens and arrive("naissance_ancienne", taux.naissance_ancienne):
            memes = [ancien for ancien in anciens if ancien[0] == p.naissance_code]
            lieu = rng.choice(memes if memes and rng.random() < 0.85 else anciens)

    ine = p.ine
    if arrive("ine_absent", taux.ine_absent):
        ine = ""
    elif arrive("ine_faux", taux.ine_faux):
        i = rng.randrange(9)
        ine = ine[:i] + str((int(ine[i]) + rng.randint(1, 9)) % 10) + ine[i + 1 :]

    commune, adresse, code_postal = p.commune, p.adresse, p.code_postal
    if arrive("demenagement", taux.demenagement):
        voisines = [c for c in communes if c.bassin == commune.bassin] if rng.random() < 0.7 else communes
        commune = rng.choice(voisines)
        adresse, code_postal = (
            f"{rng.randint(1, 180)} {rng.choice(voies())}",
            rng.choice(commune.codes_postaux),
        )
    telephone = p.telephone
    if arrive("telephone_autre", taux.telephone_autre):
        telephone = rng.choice(("", mobile(rng.randrange(10_000)), p.telephone_famille))

    return Saisie(
        personne=p.numero,
        nom_naissance=plume.ecrire(nom, plume.nom),
        nom_usage=plume.ecrire(usage, plume.nom),
        prenom=plume.ecrire(prenom, plume.prenom),
        autres_prenoms=(
            ""
            if arrive("autres_prenoms_absents", taux.autres_prenoms_absents)
            else plume.ecrire(", ".join(p.autres_prenoms), plume.prenom)
        ),
        sexe=sexe,
        date_naissance=jour,
        naissance_code=lieu[0],
        naissance_nom=lieu[1],
        ine=ine,
        telephone=plume.numero(telephone),
        telephone_famille=plume.numero(p.telephone_famille) if rng.random() < 0.5 else "",
        courriel="" if arrive("courriel_absent", taux.courriel_absent) else p.courriel,
        adresse=adresse,
        code_postal=code_postal,
        commune_code=commune.code,
        commune_nom=commune.nom,
        erreurs=tuple(erreurs),
    )


PARTICULES = {"le", "la", "de", "du", "da", "dos", "van", "el", "ben", "saint", "d'", "o'"}

"""Load the public reference data of `fixtures/` into the database. Idempotent: run it again after an upgrade.

Nomenclatures, communes and countries are brought up to date by code. What the rectorat maintains in the
portal (structures, the bassin of a commune) is filled in where it is missing and otherwise left alone, unless
`remettre`.
"""

import csv
import gzip
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify

from qualit.copie import copier

from .models import Academie, Bassin, Commune, Structure, Terme, cle_de_tri
from .nomenclatures import vider_cache

FIXTURES = settings.BASE_DIR / "fixtures"
COLONNES_COMMUNES = {"code", "libelle", "ordre", "valide_du", "valide_au"}
#: columns of the nomenclatures that hold 0 or 1
DRAPEAUX = frozenset(
    {
        "qualifie",
        "lecture_operateur",
        "sensible",
        "public",
        "avec_solution",
        "arrete_courriers",
        "lieu_demande",
        "signale",
        "opere",
        "ouvre_tache_etablissement",
        "responsable_legal",
    }
)


def lire(chemin, separateur=","):
    """Rows of a CSV file of `fixtures/` as dicts; `.gz` files are opened on the way."""
    ouvrir = gzip.open if chemin.suffix == ".gz" else open
    with ouvrir(chemin, "rt", encoding="utf-8", newline="") as fichier:
        return list(csv.DictReader(fichier, delimiter=separateur))


@dataclass
class Bilan:
    """How many rows each table holds after the loading."""

    lignes: dict = field(default_factory=dict)

    def noter(self, quoi, nombre):
        self.lignes[quoi] = nombre


@transaction.atomic
def charger_referentiels(*, remettre=False, inventees=None):
    """Load everything and return a `Bilan`.

    remettre: give structures and bassins of communes back the values of the files.
    inventees: load the structures that do not exist, and contacts that reach nobody (default: where
    `settings.DEMONSTRATION` says so).
    """
    if inventees is None:
        inventees = settings.DEMONSTRATION
    bilan = Bilan()
    bilan.noter("termes", charger_termes())
    academies = charger_academies()
    bassins = charger_bassins(academies)
    bilan.noter("bassins", len(bassins))
    bilan.noter("communes", charger_communes(bassins, remettre=remettre))
    bilan.noter("structures", charger_structures(bassins, academies, remettre=remettre, inventees=inventees))
    vider_cache()
    return bilan


def code_de_mot(famille, motif):
    """The code of a run of words of the free-text guard: the same whatever its place in the file."""
    return f"{famille}_{slugify(motif.replace('*', ' etc'))}"[:60]


def charger_termes():
    """One `Terme` a line of fixtures/referentiels/; dated labels replace the undated line of their code.

    Words of the free-text guard that the rectorat took off stay off.
    """
    dates = {}
    for ligne in lire(FIXTURES / "referentiels" / "libelles_dates.csv"):
        dates.setdefault((ligne["referentiel"], ligne["code"]), []).append(ligne)
    termes = []
    for chemin in sorted((FIXTURES / "referentiels").glob("*.csv")):
        liste = chemin.stem
        if liste in ("libelles_dates", "mots_sensibles"):
            continue
        for ligne in lire(chemin):
            plus = {
                nom: (valeur == "1" if nom in DRAPEAUX else valeur)
                for nom, valeur in ligne.items()
                if nom not in COLONNES_COMMUNES and valeur != ""
            }
            for variante in dates.get((liste, ligne["code"]), [ligne]):
                termes.append(
                    Terme(
                        liste=liste,
                        code=ligne["code"],
                        libelle=variante["libelle"],
                        ordre=int(ligne["ordre"]),
                        valide_du=variante["valide_du"] or None,
                        valide_au=variante["valide_au"] or None,
                        plus=plus,
                    )
                )
    termes += [
        Terme(
            liste="mots_sensibles",
            code=code_de_mot(ligne["famille"], ligne["motif"]),
            libelle=ligne["motif"],
            ordre=rang,
            plus={"famille": ligne["famille"], "sauf": [s for s in ligne["sauf"].split(";") if s]},
        )
        for rang, ligne in enumerate(lire(FIXTURES / "referentiels" / "mots_sensibles.csv"), start=1)
    ]
    connus = {(t.liste, t.code, t.valide_du): t for t in Terme.objects.all()}
    for terme in termes:
        terme.clean_fields(exclude=["plus"])  # turns the dates of the file into dates
        connu = connus.get((terme.liste, terme.code, terme.valide_du))
        terme.pk = connu and connu.pk
        if connu is not None and terme.liste == "mots_sensibles":
            terme.valide_au = connu.valide_au
    Terme.objects.bulk_create([t for t in termes if t.pk is None])
    Terme.objects.bulk_update(
        [t for t in termes if t.pk is not None], ["libelle", "ordre", "valide_au", "plus"], batch_size=500
    )
    return len(termes)


def charger_academies():
    """The académies by code."""
    for ligne in lire(FIXTURES / "territoire" / "academies.csv"):
        Academie.objects.update_or_create(code=ligne["code"], defaults={"nom": ligne["nom"]})
    return {a.code: a for a in Academie.objects.all()}


def charger_bassins(academies):
    """The bassins by code; a name changed in the portal stays."""
    for ligne in lire(FIXTURES / "territoire" / "bassins.csv"):
        Bassin.objects.get_or_create(
            code=ligne["code"], defaults={"nom": ligne["nom"], "academie": academies[ligne["academie"]]}
        )
    return {b.code: b for b in Bassin.objects.all()}


def _departement(code_insee):
    return code_insee[:3] if code_insee[:2] in ("97", "98") else code_insee[:2]


def charger_communes(bassins, *, remettre=False):
    """Current communes of France, countries, then former names, which point at what they became."""
    territoire = FIXTURES / "territoire"
    academie = {ligne["code_insee"]: ligne for ligne in lire(territoire / "communes.csv")}
    lignes = {}
    for ligne in lire(territoire / "communes_france.csv.gz", ";"):
        locale = academie.get(ligne["code_insee"], {})
        lignes[ligne["code_insee"], ligne["nom"]] = Commune(
            code_insee=ligne["code_insee"],
            nom=ligne["nom"],
            codes_postaux=ligne["codes_postaux"].split(),
            departement=_departement(ligne["code_insee"]),
            population=int(locale["population"]) if locale.get("population") else None,
            bassin=bassins.get(locale.get("bassin")),
        )
    for ligne in lire(territoire / "pays.csv"):
        lignes[ligne["code"], ligne["nom"]] = Commune(
            code_insee=ligne["code"], nom=ligne["nom"], departement="99"
        )
    _verser(lignes, remettre=remettre)
    actuelles = {c.code_insee: c for c in Commune.objects.filter(actuelle__isnull=True)}
    anciennes = {}
    for ligne in lire(territoire / "anciennes_france.csv.gz", ";"):
        actuelle = actuelles.get(ligne["code_actuel"])
        cle = (ligne["code_ancien"], ligne["nom_ancien"])
        if actuelle is None or cle in lignes:
            continue
        anciennes[cle] = Commune(
            code_insee=ligne["code_ancien"],
            nom=ligne["nom_ancien"],
            codes_postaux=actuelle.codes_postaux,
            departement=_departement(ligne["code_ancien"]),
            bassin_id=actuelle.bassin_id,
            actuelle=actuelle,
        )
    _verser(anciennes, remettre=remettre)
    return len(lignes) + len(anciennes)


def _verser(lignes, *, remettre):
    """Insert or bring up to date communes keyed by (code, name)."""
    connues = {(c.code_insee, c.nom): c for c in Commune.objects.all()}
    nouvelles, changees = [], []
    for cle, commune in lignes.items():
        commune.nom_tri = cle_de_tri(commune.nom)
        connue = connues.get(cle)
        if connue is None:
            nouvelles.append(commune)
            continue
        commune.pk = connue.pk
        if connue.bassin_id and not remettre:
            commune.bassin_id = connue.bassin_id
        champs = ["codes_postaux", "departement", "population", "bassin_id", "actuelle_id", "nom_tri"]
        if any(getattr(commune, c) != getattr(connue, c) for c in champs):
            changees.append(commune)
    copier(Commune, nouvelles)
    Commune.objects.bulk_update(
        changees,
        ["codes_postaux", "departement", "population", "bassin", "actuelle", "nom_tri"],
        batch_size=500,
    )


def charger_structures(bassins, academies, *, remettre=False, inventees=False):
    """Structures by code. Those that do not exist, and contacts that reach nobody, only with `inventees`."""
    communes = {c.code_insee: c for c in Commune.objects.filter(actuelle__isnull=True, bassin__isnull=False)}
    (academie,) = [a for a in academies.values() if a.code == settings.QUALIT["ACADEMIE"]]
    connues = set(Structure.objects.values_list("code", flat=True))
    nombre = 0
    for ligne in lire(FIXTURES / "territoire" / "structures.csv"):
        if ligne["inventee"] == "1" and not inventees:
            continue
        nombre += 1
        if ligne["code"] in connues and not remettre:
            continue
        champs = {
            "uai": ligne["uai"],
            "nom": ligne["nom"],
            "type": ligne["type"],
            "prive": ligne["secteur"] == "prive",
            "commune": communes[ligne["commune_insee"]],
            "bassin": bassins.get(ligne["bassin"]),
            "academie": academie,
        }
        if inventees:
            champs |= {"telephone": ligne["telephone"], "courriel": ligne["courriel"]}
        Structure.objects.update_or_create(code=ligne["code"], defaults=champs)
    return nombre

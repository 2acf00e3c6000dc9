"""By what figures are broken down. Each dimension is an SQL expression over an episode, with the labels of its values."""

from collections.abc import Callable
from dataclasses import dataclass

from qualit.territoire.models import Bassin, Structure, TypeStructure
from qualit.territoire.nomenclatures import libelle, termes
from signalements.models import Origine

from .indicateurs import ACCOMPAGNEMENT, FORMATION, INSERTION

MOIS = {
    "7": "juillet", "8": "août", "9": "septembre", "10": "octobre", "11": "novembre", "12": "décembre",
    "1": "janvier", "2": "février", "3": "mars", "4": "avril", "5": "mai", "6": "juin",
}  # fmt: skip
VIDE = "_"  # in an address, the value "Non renseigné"


@dataclass(frozen=True)
class Dimension:
    """A breakdown. `sql` gives a code (text); with `multiple`, an array of codes: a jeune is then in several lines."""

    code: str
    libelle: str
    sql: str
    libelles: Callable
    multiple: bool = False

    @property
    def groupe(self):
        return f"unnest({self.sql})" if self.multiple else self.sql

    @staticmethod
    def lire(valeur):
        """The code that an address means."""
        return "" if valeur == VIDE else str(valeur)

    def nom(self, code, contexte=None):
        """The label of a value, "Non renseigné" when empty."""
        if code in (None, "", VIDE):
            return "Non renseigné"
        return self.libelles(code)

    def ordre(self, codes):
        """Codes in the order in which they read."""
        return sorted(codes, key=lambda c: (c in (None, ""), self.rang(c)))

    def rang(self, code):
        return self.nom(code)


@dataclass(frozen=True)
class DimensionListe(Dimension):
    """Values in the order of a nomenclature."""

    liste: str = ""

    def valeurs(self):
        """The codes that may be asked for, in order."""
        return [t.code for t in termes(self.liste)]

    def rang(self, code):
        codes = [t.code for t in termes(self.liste)]
        return codes.index(code) if code in codes else len(codes)


@dataclass(frozen=True)
class DimensionOrdonnee(Dimension):
    """Values in a fixed order."""

    codes: tuple = ()

    def valeurs(self):
        return self.codes

    def rang(self, code):
        return self.codes.index(code) if code in self.codes else len(self.codes)


def _nomenclature(liste):
    return lambda code: libelle(liste, code)


TRANCHES = {
    "16": "16 ans",
    "17": "17 ans",
    "18": "18 ans",
    "19-20": "19-20 ans",
    "21+": "21 ans et plus",
    "-16": "moins de 16 ans",
}
GROUPES = {
    "formation": "Formation",
    "insertion": "Insertion",
    "accompagnement": "Accompagnement",
    "sans": "Sans solution",
}
SEXES = {"F": "Filles", "M": "Garçons"}
DEVENIRS = {
    "formation": "Formation", "insertion": "Insertion", "accompagnement": "Accompagnement",
    "sans_solution": "Sans solution", "a_reverifier": "À revérifier", "inconnu": "Devenir inconnu",
}  # fmt: skip

DIMENSIONS = {
    d.code: d
    for d in [
        Dimension("bassin", "Bassin de résidence", "b.code", lambda c: c),
        Dimension(
            "bassin_formation",
            "Bassin de formation",
            "COALESCE(bf.code, '')",
            lambda c: c,
        ),
        DimensionOrdonnee("sexe", "Sexe", "e.sexe", lambda c: SEXES.get(c, c), codes=tuple(SEXES)),
        DimensionOrdonnee(
            "age",
            "Âge à la sortie",
            "(CASE WHEN e.age IS NULL THEN '' WHEN e.age < 16 THEN '-16' WHEN e.age <= 18 THEN e.age::text "
            "WHEN e.age <= 20 THEN '19-20' ELSE '21+' END)",
            lambda c: TRANCHES.get(c, c),
            codes=tuple(TRANCHES),
        ),
        DimensionListe("niveau", "Niveau de sortie", "e.niveau", _nomenclature("niveaux"), liste="niveaux"),
        DimensionListe(
            "diplome", "Plus haut diplôme", "e.diplome", _nomenclature("diplomes"), liste="diplomes"
        ),
        DimensionListe("statut", "Statut", "e.statut", _nomenclature("statuts"), liste="statuts"),
        DimensionListe(
            "nature",
            "Nature de la sortie",
            "e.nature_sortie",
            _nomenclature("natures_sortie"),
            liste="natures_sortie",
        ),
        DimensionListe(
            "motif",
            "Motif principal (établissement)",
            "e.motif_principal",
            _nomenclature("motifs"),
            liste="motifs",
        ),
        DimensionListe(
            "motif_jeune",
            "Motifs selon le jeune (plusieurs possibles)",
            "(CASE WHEN cardinality(e.motifs_jeune) = 0 THEN ARRAY[''] ELSE e.motifs_jeune END)",
            _nomenclature("motifs"),
            multiple=True,
            liste="motifs",
        ),
        DimensionOrdonnee(
            "type_structure",
            "Type d’établissement",
            "e.structure_type",
            lambda c: dict(TypeStructure.choices).get(c, c),
            codes=tuple(TypeStructure.values),
        ),
        Dimension(
            "structure",
            "Établissement d’origine",
            "s.code",
            lambda c: c,
        ),
        DimensionOrdonnee(
            "origine",
            "Mode de repérage",
            "e.origine",
            lambda c: dict(Origine.choices).get(c, c),
            codes=tuple(Origine.values),
        ),
        DimensionOrdonnee(
            "mois",
            "Mois du premier signalement",
            "extract(month FROM e.ouvert_le)::int::text",
            lambda c: MOIS.get(c, c),
            codes=tuple(MOIS),
        ),
        DimensionOrdonnee(
            "solution",
            "Meilleure solution",
            f"(CASE WHEN {FORMATION} THEN 'formation' WHEN {INSERTION} THEN 'insertion' "
            f"WHEN {ACCOMPAGNEMENT} THEN 'accompagnement' ELSE 'sans' END)",
            lambda c: GROUPES.get(c, c),
            codes=tuple(GROUPES),
        ),
        DimensionListe(
            "type_solution",
            "Solution, en détail",
            f"(CASE WHEN {FORMATION} THEN e.formation_code WHEN {INSERTION} THEN e.insertion_code "
            f"WHEN {ACCOMPAGNEMENT} THEN e.accompagnement_code ELSE '' END)",
            _nomenclature("devenirs"),
            liste="devenirs",
        ),
        *(
            DimensionOrdonnee(
                f"devenir_{m}",
                f"Devenir à {m} mois",
                f"(CASE WHEN (e.ouvert_le + make_interval(months => {m}))::date <= p.au THEN e.a_{m}_mois ELSE '' END)",
                lambda c: DEVENIRS.get(c, c),
                codes=tuple(DEVENIRS),
            )
            for m in (3, 6, 12)
        ),
    ]
}


class Noms:
    """Labels of the values that live in tables (bassins, structures), read once for a page."""

    def __init__(self):
        self._lus = {}

    def __call__(self, dimension, code):
        if code in (None, "", VIDE):
            return (
                "Hors académie ou non renseigné" if dimension.code.startswith("bassin") else "Non renseigné"
            )
        if dimension.code in {"bassin", "bassin_formation"}:
            return self.bassins.get(code, code)
        if dimension.code == "structure":
            return self._table("structure", lambda: dict(Structure.objects.values_list("code", "nom"))).get(
                code, code
            )
        return dimension.nom(code)

    def filtres(self, champ):
        """[(dimension's label, value's label)] of the filters of a field."""
        return [(DIMENSIONS[code].libelle, self(DIMENSIONS[code], valeur)) for code, valeur in champ.filtres]

    @property
    def bassins(self):
        return self._table("bassin", lambda: dict(Bassin.objects.values_list("code", "nom")))

    def retenir(self, nom, table):
        """Labels already read by a page."""
        self._lus[nom] = table

    def _table(self, nom, lire):
        if nom not in self._lus:
            self._lus[nom] = lire()
        return self._lus[nom]

    def ordonner(self, dimension, codes):
        """Codes in the order in which they read."""
        if dimension.code in {"bassin", "bassin_formation", "structure"}:
            return sorted(codes, key=lambda c: (c in (None, ""), self(dimension, c)))
        return dimension.ordre(codes)


#: A school breaks its own jeunes down by what it typed itself, and by what became of them.
POUR_UN_ETABLISSEMENT = (
    "sexe",
    "age",
    "niveau",
    "statut",
    "solution",
    "devenir_3",
    "devenir_6",
    "devenir_12",
)


#: Details of another dimension: their lines add up to its own, so one table would give back what the other hides.
#: "Mode de repérage" is one: a jeune met at a reception desk was reported by one of the few types of structure that have one.
DETAILS = ("structure", "type_solution", "origine")
#: Lines that another figure adds up ("avec une solution", "en solution 3 mois après"): hidden together or not at all.
_EN_SOLUTION = frozenset({"formation", "insertion", "accompagnement"})
SOLIDAIRES = {"solution": (_EN_SOLUTION,)} | {
    f"devenir_{m}": (_EN_SOLUTION, frozenset({"sans_solution", "a_reverifier", "inconnu"}))
    for m in (3, 6, 12)
}


def dimensions_pour(lieu, exact=True):
    """Dimensions that may be used for a place, by code. A reader of protected figures has none of the `DETAILS`, nor, in a
    bassin, those of several values a jeune (their cells add up over bassins)."""
    if lieu.type == "etablissement":
        return {c: DIMENSIONS[c] for c in POUR_UN_ETABLISSEMENT}
    ecartees = {c for c, d in DIMENSIONS.items() if d.multiple and lieu.type == "bassin"} | set(DETAILS)
    return {c: d for c, d in DIMENSIONS.items() if exact or c not in ecartees}

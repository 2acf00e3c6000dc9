"""What a table of figures is made of, whoever draws it: cells, bars, rows."""

from dataclasses import dataclass, field, replace

from django.conf import settings

from .indicateurs import formater

SECRET = "masqué"
MASQUE = "secret"


class Libelle(str):
    """The label of a row or of a column, with the definition that an "i" opens beside it."""

    definition = ""

    @classmethod
    def de(cls, indicateur, texte=""):
        libelle = cls(texte or indicateur.libelle)
        libelle.definition = indicateur.definition
        return libelle


@dataclass
class Cellule:
    """One cell: what is shown, the number itself (None when hidden, or when the text is all there is), the list that it opens,
    and what the number is, as `formater` knows it ("points": hundredths between two shares)."""

    texte: str
    valeur: float | int | None = None
    url: str = ""
    masquee: bool = False
    genre: str = ""

    def __str__(self):
        return self.texte


@dataclass
class Barre:
    """One bar of a chart, which is of figures that are shown: label, length in %, figure. `compare` is the length of the previous
    year's."""

    libelle: str
    part: float
    texte: str
    url: str = ""
    compare: float | None = None


@dataclass
class Tableau:
    """A table: code in addresses, title, header texts, rows whose first cell is a label. `barres` draws it."""

    code: str
    titre: str
    colonnes: list
    lignes: list
    note: str = ""
    barres: list = field(default_factory=list)
    legende: str = ""

    @property
    def vide(self):
        return not self.lignes

    @property
    def dessinees(self):
        """[(row, its bar or None)]: every row, those that are hidden too."""
        par_nom = {barre.libelle: barre for barre in self.barres}
        return [(ligne, par_nom.get(ligne[0])) for ligne in self.lignes]

    def avec(self, lignes, note):
        """The same table with fewer rows."""
        return replace(self, lignes=lignes, note=note)


def cellule_secrete(texte, visible, valeur=None, genre=""):
    """A cell that opens no list, hidden when it is not visible."""
    return Cellule(texte, valeur, genre=genre) if visible else Cellule(SECRET, masquee=True)


def chiffre(genre, valeur, visible=True):
    """A number as a cell that opens no list."""
    return cellule_secrete(formater(genre, valeur), visible, valeur, genre)


def note_des_masques(lignes):
    """What a table says of its hidden cells; empty when it has none."""
    if not any(isinstance(c, Cellule) and c.masquee for ligne in lignes for c in ligne):
        return ""
    seuil = settings.QUALIT["EFFECTIF_MINIMAL"]
    return f"« {SECRET} » : effectif inférieur à {seuil}, ou qui permettrait d’en retrouver un."

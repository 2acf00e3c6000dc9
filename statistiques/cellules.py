"""What a table of figures is made of, whoever draws it: cells, bars, rows."""

from dataclasses import dataclass, field, replace

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
    """One cell: what is shown, the number itself (None when hidden), and the list that it opens."""

    texte: str
    valeur: float | int | str | None = None
    url: str = ""
    masquee: bool = False

    def __str__(self):
        return self.texte


@dataclass
class Barre:
    """One bar of a chart: label, length in %, figure. `compare` is the length of the previous year's."""

    libelle: str
    part: float
    texte: str
    url: str = ""
    compare: float | None = None
    compare_texte: str = ""


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

    def avec(self, lignes, note):
        """The same table with fewer rows."""
        return replace(self, lignes=lignes, note=note)

    def valeurs(self):
        """Rows of plain values for a file; hidden cells say so."""
        for ligne in self.lignes:
            yield [
                c
                if isinstance(c, str)
                else (MASQUE if c.masquee else c.valeur if c.valeur is not None else "")
                for c in ligne
            ]


def cellule_secrete(texte, valeur, visible):
    """A cell that opens no list, hidden when it is not visible."""
    return Cellule(texte, valeur) if visible else Cellule(SECRET, masquee=True)

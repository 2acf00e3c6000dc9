"""What goes in and out of the API, as OpenAPI describes it. The trade's checks are those of the forms (`depot`)."""

from datetime import date, datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

Reference = Annotated[str, StringConstraints(pattern=r"^[2-9A-HJ-NP-Z]{8}$")]
ReferenceExterne = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]


def texte(maximum):
    """A text of at most that many characters."""
    return Annotated[str, StringConstraints(max_length=maximum)]


class Stricte(Schema):
    """A misspelt field is an error, not a silence."""

    model_config = ConfigDict(extra="forbid")


class ContactRecu(Stricte):
    valeur: texte(200) = Field(description="Numéro de téléphone ou courriel.")
    proprietaire: Code | None = Field(
        None, description="À qui : code de la liste « liens » (jeune, mere, pere…)."
    )


class ResponsableRecu(Stricte):
    nom: texte(100)
    prenom: texte(100) | None = None
    lien: Code | None = Field(None, description="Code de la liste « liens ».")
    telephone: texte(30) | None = None
    courriel: texte(200) | None = None
    adresse: texte(250) | None = None


class ContenuSignalement(Stricte):
    nom_naissance: texte(100)
    prenom: texte(100)
    date_naissance: date
    sexe: Literal["F", "M"]
    nom_usage: texte(100) | None = None
    autres_prenoms: texte(150) | None = None
    commune_naissance: texte(120) | None = None
    commune_naissance_insee: texte(5) | None = Field(None, description="Code INSEE, par exemple 14118.")
    ine: texte(20) | None = None
    domicile: Literal["france", "etranger", "sans"] = "france"
    adresse: texte(200) | None = None
    code_postal: texte(10) | None = None
    ville: texte(120) | None = None
    pays: texte(80) | None = None
    aucun_contact: bool = Field(False, description="Vrai si l’établissement ne connaît aucun contact.")
    classe: texte(60)
    formation: texte(160) | None = None
    statut: Code | None = None
    regime: Code | None = None
    niveau: Code | None = None
    diplome: Code | None = None
    diplome_precision: texte(120) | None = None
    resultat_attendu_le: date | None = None
    date_sortie: date
    nature_sortie: Code
    motifs: list[Code] = Field(default_factory=list, max_length=20)
    motif_principal: Code | None = None
    famille_informee: bool | None = None
    famille_informee_le: date | None = None
    famille_informee_par: texte(120) | None = None
    declarant_nom: texte(160) | None = None
    declarant_fonction: texte(120) | None = None
    declarant_telephone: texte(20) | None = None
    prioritaire: bool = False
    message: texte(2000) | None = None
    note: texte(2000) | None = None


class SignalementRecu(Stricte):
    signalement: ContenuSignalement
    contacts: list[ContactRecu] = Field(default_factory=list, max_length=10)
    responsables: list[ResponsableRecu] = Field(default_factory=list, max_length=4)
    reference_externe: ReferenceExterne | None = Field(
        None, description="Votre propre identifiant, rendu tel quel ; ni nom, ni INE."
    )


class Accuse(Schema):
    """The receipt: nothing in it depends on other jeunes."""

    reference: Reference
    reference_externe: str
    envoye_le: datetime


class Etat(Schema):
    """Where a report stands, in the words of the page « Mes signalements »."""

    reference: Reference
    reference_externe: str
    envoye_le: datetime
    etat: str
    nouvelle_le: datetime | None


class Liste(Schema):
    total: int
    page: int
    pages: int
    signalements: list[Etat]


class Nouvelle(Schema):
    quand: datetime
    code: str
    titre: str
    texte: str


class Detail(Etat):
    nouvelles: list[Nouvelle]


class Terme(Schema):
    code: str
    libelle: str


class MaCle(Schema):
    """What the key opens."""

    reference: str
    logiciel: str
    structure: str
    structure_code: str
    portees: list[str]
    expire_le: datetime


class Erreur(Schema):
    champ: str
    message: str


class Probleme(Schema):
    """An error, after RFC 9457 (application/problem+json), in French."""

    type: str
    title: str
    status: int
    detail: str
    erreurs: list[Erreur] = Field(default_factory=list)

"""The rows to be decided, side by side with each of those they look like."""

import re
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from signalements.listes.lignes import signalement_de

from ..comparaison import certitude, lignes
from ..services import contacts_de
from .modeles import LigneImport

Reponse = LigneImport.Reponse
CHAMP = re.compile(r"ligne-(\d{1,7})(?:-([1-9]))?")
"""Fields of the form: that of a row, those of its candidates by their rank. No id of the database shows in them."""


@dataclass
class Candidat:
    """A visible report or another row of the list, compared with the row; `nom`: its field of the form."""

    nom: str
    titre: str
    legende: str
    droite: str
    certitude: str
    comparaison: list
    choix: list  # [(value, label, checked)]


@dataclass
class Question:
    """A row and all those it looks like, best first."""

    ligne: LigneImport
    candidats: list

    @property
    def nom(self):
        return f"ligne-{self.ligne.numero}"

    @property
    def ecartee(self):
        return self.ligne.reponse == Reponse.NE_PAS_ENVOYER

    @property
    def renvoi(self):
        """The row was already sent, for the engine: to put it aside is one of the answers about the first candidate."""
        return _renvoi(self.ligne)


def _renvoi(ligne):
    return ligne.statut == LigneImport.Statut.DEJA_ENVOYEE and ligne.jumelle is None


def _choix(ligne, rang, candidat):
    """The answers of the entry; the same jeune twice in a list is sent once."""
    libelles = {r: r.label for r in (Reponse.MEME, Reponse.DIFFERENT, Reponse.INCERTAIN)}
    coche = candidat["reponse"]
    if candidat["ligne"]:
        libelles[Reponse.MEME] = "C’est le même jeune : ne l’envoyer qu’une fois"
    elif rang == 1 and _renvoi(ligne):
        libelles = {
            Reponse.NE_PAS_ENVOYER: "C’est le même : ne pas renvoyer",
            **libelles,
            Reponse.MEME: "C’est le même, pour une autre sortie : envoyer",
        }
        coche = ligne.reponse
    return [(valeur, libelle, valeur == coche) for valeur, libelle in libelles.items()]


def preparer(lot, page, visibles):
    """The `Question`s of a page of rows; a candidate that is no longer visible is not shown."""
    numeros = {c["ligne"] for ligne in page for c in ligne.candidats if c["ligne"]}
    jumelles = {ligne.numero: ligne for ligne in lot.lignes.filter(numero__in=numeros)}
    prefetch_related_objects(list(visibles.values()), "contacts")
    return [
        Question(
            ligne,
            [
                _candidat(lot, ligne, rang, c, visibles.get(c["signalement"]), jumelles.get(c["ligne"]))
                for rang, c in enumerate(ligne.candidats, 1)
            ],
        )
        for ligne in page
    ]


def _candidat(lot, ligne, rang, candidat, connu, jumelle):
    ici, siens = signalement_de(ligne.donnees, lot.structure), contacts_de(ligne.contacts)
    autre = connu if jumelle is None else signalement_de(jumelle.donnees, lot.structure)
    if jumelle is not None:
        comparaison = lignes(
            ici,
            autre,
            contacts_gauche=siens,
            contacts_droite=contacts_de(jumelle.contacts),
        )
        titre = f"Ligne {jumelle.numero} de votre liste : {jumelle.nom_complet}"
        droite = f"Ligne {jumelle.numero}"
    elif connu is not None:
        comparaison = lignes(ici, connu, contacts_gauche=siens)
        titre, droite = f"{connu}, signalé le {connu.envoye_le:%d/%m/%Y}", "Déjà signalé"
    else:
        comparaison, titre, droite = [], "Une fiche que vous ne pouvez plus lire", ""
    return Candidat(
        f"ligne-{ligne.numero}-{rang}",
        titre,
        f"Ligne {ligne.numero}, fiche {rang}",
        droite,
        certitude(candidat["probabilite"], ici, autre) if autre else "",
        comparaison,
        _choix(ligne, rang, candidat),
    )

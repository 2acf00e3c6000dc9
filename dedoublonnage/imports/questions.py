"""The rows to be decided, side by side with whom they look like."""

from dataclasses import dataclass

from signalements.listes.lignes import signalement_de

from ..comparaison import certitude, lignes
from .analyse import contacts_de
from .modeles import LigneImport

Reponse = LigneImport.Reponse


@dataclass
class Question:
    """A row, the visible report or the other row that it looks like, their comparison."""

    ligne: LigneImport
    titre: str
    droite: str
    certitude: str
    comparaison: list

    @property
    def nom(self):
        return f"ligne-{self.ligne.pk}"

    @property
    def choix(self):
        """[(value, label, checked)]: the same jeune twice in a list is sent once."""
        libelles = dict(Reponse.choices)
        if self.ligne.jumelle:
            libelles[Reponse.MEME] = "C’est le même jeune : ne l’envoyer qu’une fois"
        elif self.ligne.statut == LigneImport.Statut.DEJA_ENVOYEE:
            libelles[Reponse.NE_PAS_ENVOYER] = "C’est le même : ne pas renvoyer"
            libelles[Reponse.MEME] = "C’est le même, pour une autre sortie : envoyer"
        return [(valeur, libelle, valeur == self.ligne.reponse) for valeur, libelle in libelles.items()]


def preparer(lot, page, visibles):
    """The `Question`s of a page of rows; a candidate that is no longer visible is not shown."""
    jumelles = {
        ligne.numero: ligne
        for ligne in lot.lignes.filter(numero__in=[li.jumelle for li in page if li.jumelle])
    }
    preparees = []
    for ligne in page:
        ici, siens = signalement_de(ligne.donnees, lot.structure), contacts_de(ligne.contacts)
        connu, jumelle = visibles.get(ligne.candidat_id), jumelles.get(ligne.jumelle)
        if jumelle is not None:
            autre = signalement_de(jumelle.donnees, lot.structure)
            comparaison = lignes(
                ici,
                autre,
                contacts_gauche=contacts_de(ligne.contacts),
                contacts_droite=contacts_de(jumelle.contacts),
            )
            titre, droite = f"ressemble à la ligne {jumelle.numero}", f"Ligne {jumelle.numero}"
        elif connu is not None:
            comparaison = lignes(ici, connu, contacts_gauche=siens)
            titre, droite = f"ressemble à {connu}, signalé le {connu.envoye_le:%d/%m/%Y}", "Déjà signalé"
        else:
            comparaison, titre, droite = [], "ressemble à une fiche que vous ne pouvez plus lire", ""
        preparees.append(Question(ligne, titre, droite, certitude(ligne.probabilite or 0), comparaison))
    return preparees

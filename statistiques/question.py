"""La question de 18 h: one figure by one or two dimensions, with a sentence ready to paste."""

from .dimensions import dimensions_pour
from .indicateurs import REGISTRE, codes_pour, formater
from .relation import libelle_campagne
from .tableaux import Constructeur


def lire_question(parametres, portee):
    """(indicator, rows, columns or None) from an address: closed lists, defaults otherwise."""
    dimensions, codes = dimensions_pour(portee.lieu, portee.exact), codes_pour(portee.lieu)
    indicateur = parametres.get("indicateur")
    lignes, colonnes = parametres.get("lignes"), parametres.get("colonnes")
    indicateur = indicateur if indicateur in codes else "jeunes"
    lignes = lignes if lignes in dimensions else "sexe"
    colonnes = colonnes if colonnes in dimensions and colonnes != lignes else None
    return indicateur, lignes, colonnes


def phrase(champ, portee, indicateur):
    """A sentence ready to paste: figure, date, comparison to the same date, definition, coverage."""
    c = Constructeur(champ, portee)
    (r, visible), (a, ancien_visible) = (
        c.totaux([indicateur])[indicateur],
        c.avant.totaux([indicateur])[indicateur],
    )
    i = REGISTRE[indicateur]
    precisions = "".join(f", {nom.lower()} : {valeur}" for nom, valeur in c.noms.filtres(champ))
    texte = f"{champ.lieu.nom}{precisions}, campagne {libelle_campagne(champ.campagne)} (chiffres {champ.libelle_date})"
    texte += f" – {i.libelle} : {r.texte if visible else 'chiffre masqué (il permettrait de retrouver un petit effectif)'}"
    if visible and i.est_part and r.valeur is not None:
        texte += f" ({formater('effectif', r.detail)} sur {formater('effectif', r.base)})"
    if visible and i.mesure.genre == "duree" and r.valeur is not None:
        texte += f" (médiane ; neuf sur dix en moins de {formater('duree', r.detail)})"
    if c.compare and ancien_visible and a.valeur is not None:
        texte += f", contre {a.texte} à la même date de la campagne {libelle_campagne(champ.campagne - 1)}"
    texte += f". Définition : {i.definition}"
    if c.couverture:
        texte += f" Couverture : {c.couverture[0]} établissements sur {c.couverture[1]} ont répondu."
    return texte

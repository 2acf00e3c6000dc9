"""The life of an import: dropped, its columns and values said, read, confirmed, sent, undone. Work goes in short steps.

A step (`avancer`) treats some rows in one transaction and says where it stopped. The answers about the rows that look
like somebody are in `imports.reponses`.
"""

from ..modeles import ImportImpossible
from .annulation import annuler, batis_dessus, signalements_de
from .avancement import avancer, mener_a_bien
from .communs import INATTENDU, comptes
from .depot import (
    abandonner,
    choisir_colonnes,
    choisir_valeurs,
    colonnes,
    demarrer_lecture,
    deposer,
    manquants,
    revenir_aux_colonnes,
    valeurs_a_dire,
)
from .envoi import a_envoyer, a_promouvoir, confirmer, non_parties, perimees

__all__ = [
    "INATTENDU",
    "ImportImpossible",
    "a_envoyer",
    "a_promouvoir",
    "abandonner",
    "annuler",
    "avancer",
    "batis_dessus",
    "choisir_colonnes",
    "choisir_valeurs",
    "colonnes",
    "comptes",
    "confirmer",
    "demarrer_lecture",
    "deposer",
    "manquants",
    "mener_a_bien",
    "non_parties",
    "perimees",
    "revenir_aux_colonnes",
    "signalements_de",
    "valeurs_a_dire",
]

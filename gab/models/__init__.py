"""What the group proposes: the dossier and its clock, interviews, sessions, recommendations, missions."""

from .dossiers import (
    ETATS_OUVERTS,
    ETATS_TERMINES,
    MISSIONS_LUES,
    POIDS,
    SEANCES_LUES,
    Dossier,
    DossierQuerySet,
    EtatDossier,
    Versement,
    calculer_echeance_legale,
    perimetre_du_dossier,
)
from .entretiens import Convocation, Creneau, CreneauQuerySet, Entretien
from .file import FiltreEnregistre
from .missions import Mission, MissionQuerySet, Preconisation
from .partages import PartageDossier
from .places import Fermeture, Place, PlaceQuerySet
from .seances import LigneSeance, Seance
from .taches import Tache, TacheQuerySet
from .transferts import Transfert

__all__ = [
    "Convocation",
    "Creneau",
    "CreneauQuerySet",
    "Dossier",
    "DossierQuerySet",
    "ETATS_OUVERTS",
    "ETATS_TERMINES",
    "Entretien",
    "EtatDossier",
    "Fermeture",
    "FiltreEnregistre",
    "LigneSeance",
    "MISSIONS_LUES",
    "Mission",
    "MissionQuerySet",
    "POIDS",
    "PartageDossier",
    "Place",
    "PlaceQuerySet",
    "Preconisation",
    "SEANCES_LUES",
    "Seance",
    "Tache",
    "TacheQuerySet",
    "Transfert",
    "Versement",
    "calculer_echeance_legale",
    "perimetre_du_dossier",
]

"""What people type for the GAB. Choices are narrowed to what the person may see."""

from .agenda import CreneauxForm
from .champs import (
    AIDE_MESSAGE,
    AIDE_SYNTHESE,
    ChampHeure,
    MotifForm,
    choix_operateurs,
    choix_solutions,
    instant,
    membres,
    operateurs_avec_charge,
    refuser_le_passe,
)
from .dossiers import ClotureForm
from .entretiens import AppelForm, ConvocationForm, EntretienForm, IssueForm
from .file import FiltreForm, NomFiltreForm, RechercheForm
from .missions import MissionForm, PreconisationForm
from .places import FermetureForm, FiltrePlacesForm, PlaceForm
from .seances import DecisionForm, EmargementForm, InvitationForm, SeanceForm
from .taches import ReponseTacheForm
from .transferts import RefusTransfertForm, TransfertForm
from .triage import ComplementForm, HorsChampForm, ReponseRetraitForm

__all__ = [
    "AIDE_MESSAGE",
    "AIDE_SYNTHESE",
    "AppelForm",
    "ChampHeure",
    "ClotureForm",
    "ComplementForm",
    "ConvocationForm",
    "CreneauxForm",
    "DecisionForm",
    "EmargementForm",
    "EntretienForm",
    "FermetureForm",
    "FiltreForm",
    "FiltrePlacesForm",
    "HorsChampForm",
    "IssueForm",
    "InvitationForm",
    "MissionForm",
    "MotifForm",
    "NomFiltreForm",
    "PlaceForm",
    "PreconisationForm",
    "RechercheForm",
    "RefusTransfertForm",
    "ReponseRetraitForm",
    "ReponseTacheForm",
    "SeanceForm",
    "TransfertForm",
    "choix_operateurs",
    "choix_solutions",
    "instant",
    "membres",
    "operateurs_avec_charge",
    "refuser_le_passe",
]

"""The queue: filters and search."""

from django import forms
from django.db.models import Exists, OuterRef, Q

from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.web.formulaires import (
    ChampTexte,
    FormulaireDSFR,
)
from signalements.models import Signalement

from ..file import ECHEANCES
from ..models import EtatDossier


class FiltreForm(FormulaireDSFR):
    mention_facultatif = False
    etat = forms.ChoiceField(
        label="État",
        required=False,
        choices=[
            ("", "Tous les dossiers ouverts"),
            *EtatDossier.choices,
            ("termines", "Dossiers terminés"),
        ],
    )
    echeance = forms.ChoiceField(
        label="Échéance", required=False, choices=[("", "Toutes"), *ECHEANCES.items()]
    )
    structure = forms.ChoiceField(label="Établissement", required=False)
    ordre = forms.ChoiceField(
        label="Ordre",
        required=False,
        choices=[
            ("", "Les plus urgents d’abord"),
            ("anciennete", "Les plus anciens d’abord"),
            ("echeance", "Échéance légale"),
            ("nom", "Nom"),
        ],
    )
    mineur = forms.BooleanField(label="Mineurs seulement", required=False)
    nouveau = forms.BooleanField(label="Arrivés depuis 7 jours", required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        bassins = droits.bassins_pour(user, Droit.LIRE_DOSSIER)
        structures = Structure.objects.filter(
            Q(bassin__in=bassins) & Exists(Signalement.objects.filter(structure=OuterRef("pk")))
            | Exists(Signalement.objects.filter(structure=OuterRef("pk"), bassin__in=bassins))
        )
        self.fields["structure"].choices = [("", "Tous"), *structures.values_list("code", "nom")]


class RechercheForm(FormulaireDSFR):
    mention_facultatif = False
    recherche = ChampTexte(
        label="Rechercher dans mon bassin",
        max_length=100,
        min_length=2,
        help_text="Nom, prénom, INE, téléphone ou référence",
    )


class NomFiltreForm(FormulaireDSFR):
    nom = ChampTexte(label="Nom du filtre", max_length=60)

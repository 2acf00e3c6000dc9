"""Séances: invitations, attendance, decisions."""

from django import forms
from django.db.models import Q

from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Bassin, Utilisateur
from qualit.web.formulaires import (
    BoutonsRadio,
    ChampDate,
    ChampTexte,
    ChampTexteLong,
    FormulaireDSFR,
)
from qualit.web.texte_libre import GardeTexteLibre

from ..models import LigneSeance, Seance
from .champs import AIDE_MESSAGE, AvecPlace, ChampHeure, choix_operateurs, choix_solutions, instant, membres


class SeanceForm(FormulaireDSFR):
    bassin = forms.ModelChoiceField(label="Bassin", queryset=Bassin.objects.none(), empty_label=None)
    jour = ChampDate(label="Jour", futur=True)
    heure = ChampHeure(label="Heure")
    lieu = ChampTexte(label="Lieu", required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["bassin"].queryset = Bassin.objects.filter(
            pk__in=droits.bassins_pour(user, Droit.TENIR_SEANCE)
        )

    def objet(self):
        """The unsaved séance."""
        d = self.cleaned_data
        return Seance(bassin=d["bassin"], quand=instant(d["jour"], d["heure"]), lieu=d["lieu"])


class InvitationForm(FormulaireDSFR):
    courriel = forms.EmailField(
        label="Courriel de la personne invitée",
        help_text="Elle doit avoir un compte. Elle lira les dossiers de l’ordre du jour jusqu’à la signature.",
    )

    def clean_courriel(self):
        personne = Utilisateur.objects.filter(
            email=self.cleaned_data["courriel"].lower(), is_active=True
        ).first()
        if personne is None:
            raise forms.ValidationError(
                "Aucun compte actif à cette adresse : demandez au rectorat de l’ouvrir."
            )
        self.personne = personne
        return self.cleaned_data["courriel"]


class EmargementForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("presents", "observations")

    presences = forms.ModelMultipleChoiceField(
        label="Présents",
        queryset=Utilisateur.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    presents = ChampTexte(label="Autres présents", required=False, max_length=500)
    observations = ChampTexteLong(label="Observations générales", required=False, help_text=AIDE_MESSAGE)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, seance, **kwargs):
        super().__init__(*args, **kwargs)
        gab = membres([seance.bassin_id])
        self.fields["presences"].queryset = Utilisateur.objects.filter(
            Q(pk__in=gab.values("pk")) | Q(pk__in=seance.invites.values("pk"))
        )


class DecisionForm(AvecPlace, GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("message",)
    mention_facultatif = False
    decision = forms.ChoiceField(
        label="Décision",
        choices=LigneSeance.Decision.choices,
        widget=BoutonsRadio(touches={"preconiser": "p", "missionner": "m", "reporter": "r", "aucune": "s"}),
    )
    solution = forms.ChoiceField(
        label="Type de solution",
        required=False,
        widget=forms.Select(attrs={"data-raccourci": "t", "data-raccourci-nom": "Type de solution"}),
    )
    structure = forms.TypedChoiceField(
        label="Structure",
        coerce=int,
        required=False,
        empty_value=None,
        widget=forms.Select(attrs={"data-raccourci": "u", "data-raccourci-nom": "Structure"}),
    )
    message = ChampTexteLong(
        label="Décision en clair", required=False, lignes=2, help_text=AIDE_MESSAGE, max_length=1000
    )

    vu = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args, solutions=None, operateurs=None, bassin=None, places=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["solution"].choices = solutions or choix_solutions()
        self.fields["structure"].choices = operateurs or choix_operateurs(bassin)
        self.offrir(places)

    def clean(self):
        donnees = self.place_choisie(super().clean())
        decision, place = donnees.get("decision"), donnees["place"]
        if place and decision == "missionner" and not donnees.get("structure"):
            donnees["structure"] = place.structure_id
        if place and decision == "preconiser":
            self.add_error("place", "Pour donner cette place, choisissez « Préconisation et mission ».")
        if decision in {"preconiser", "missionner"} and not donnees.get("solution"):
            self.add_error("solution", "Choisissez le type de solution.")
        if decision == "missionner" and not donnees.get("structure"):
            self.add_error("structure", "Choisissez la structure à missionner.")
        return donnees

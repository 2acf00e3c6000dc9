"""Vacant places and closing days."""

from django import forms
from django.utils import timezone

from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Bassin, Structure
from qualit.web.formulaires import (
    ChampDate,
    ChampTexte,
    FormulaireDSFR,
    FormulaireModeleDSFR,
)

from ..models import Place
from ..services.places import structures_a_fermer
from .champs import choix_solutions


class PlaceForm(FormulaireModeleDSFR):
    date_entree = ChampDate(label="Entrée le", futur=True)

    class Meta:
        model = Place
        fields = ["structure", "solution", "formation", "lieu", "date_entree", "nombre", "conditions"]

    solution = forms.ChoiceField(label="Type de solution")

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["solution"].choices = choix_solutions()
        structure = self.fields["structure"]
        structure.queryset = Structure.objects.filter(
            pk__in=droits.structures_pour(user, Droit.PUBLIER_PLACES)
        )
        structure.empty_label = None
        self.fields["nombre"].min_value = 1

    def clean_date_entree(self):
        jour = self.cleaned_data["date_entree"]
        if jour < timezone.localdate():
            raise forms.ValidationError("Cette date est passée.")
        return jour

    def clean_nombre(self):
        if self.cleaned_data["nombre"] < 1:
            raise forms.ValidationError("Au moins une place.")
        return self.cleaned_data["nombre"]


class FiltrePlacesForm(FormulaireDSFR):
    mention_facultatif = False
    solution = forms.ChoiceField(label="Type de solution", required=False)
    bassin = forms.ModelChoiceField(
        label="Bassin",
        queryset=Bassin.objects.all(),
        required=False,
        empty_label="Tous",
        to_field_name="code",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["solution"].choices = choix_solutions()


class FermetureForm(FormulaireDSFR):
    structure = forms.ModelChoiceField(label="Structure", queryset=Structure.objects.none(), empty_label=None)
    debut = ChampDate(label="Du", futur=True)
    fin = ChampDate(label="Au", futur=True)
    libelle = ChampTexte(label="Motif", required=False, max_length=100)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["structure"].queryset = structures_a_fermer(user)

    def clean(self):
        donnees = super().clean()
        if donnees.get("debut") and donnees.get("fin") and donnees["fin"] < donnees["debut"]:
            self.add_error("fin", "La fin ne peut pas précéder le début.")
        return donnees

"""Slots of the agenda."""

from datetime import timedelta

from django import forms

from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Bassin, Utilisateur
from qualit.web.formulaires import (
    BoutonsRadio,
    ChampDate,
    ChampTexte,
    FormulaireDSFR,
)

from ..models import Entretien
from .champs import ChampHeure, instant, membres, refuser_le_passe


class CreneauxForm(FormulaireDSFR):
    """Several slots of one day, one after the other."""

    bassin = forms.ModelChoiceField(label="Bassin", queryset=Bassin.objects.none(), empty_label=None)
    jour = ChampDate(label="Jour", futur=True)
    heure = ChampHeure(label="Premier rendez-vous à")
    nombre = forms.IntegerField(
        label="Nombre de rendez-vous", min_value=1, max_value=20, initial=4, help_text="20 au plus"
    )
    duree = forms.IntegerField(label="Durée de chacun (minutes)", min_value=10, max_value=180, initial=45)
    mode = forms.ChoiceField(
        label="Mode", choices=Entretien.Mode.choices, widget=BoutonsRadio(en_ligne=True), initial="presence"
    )
    lieu = ChampTexte(label="Lieu", required=False)
    mene_par = forms.ModelChoiceField(
        label="Mené par", queryset=Utilisateur.objects.none(), required=False, empty_label="Non précisé"
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        bassins = droits.bassins_pour(user, Droit.CONVOQUER)
        self.fields["bassin"].queryset = Bassin.objects.filter(pk__in=bassins)
        self.fields["mene_par"].queryset = membres(bassins)

    def clean(self):
        donnees = super().clean()
        refuser_le_passe(self, donnees.get("jour"), donnees.get("heure"))
        return donnees

    @property
    def debuts(self):
        """The start of each slot."""
        premier = instant(self.cleaned_data["jour"], self.cleaned_data["heure"])
        pas = timedelta(minutes=self.cleaned_data["duree"])
        return [premier + i * pas for i in range(self.cleaned_data["nombre"])]

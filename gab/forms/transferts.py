"""Transfers."""

from django import forms

from qualit.territoire.models import Bassin
from qualit.web.formulaires import (
    ChampTexte,
    FormulaireDSFR,
)
from qualit.web.texte_libre import GardeTexteLibre

from .champs import AIDE_MESSAGE, SurDossier


class TransfertForm(SurDossier, GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("motif",)

    vers = forms.ModelChoiceField(
        label="Bassin de résidence", queryset=Bassin.objects.none(), empty_label="Choisir"
    )
    motif = ChampTexte(label="Motif", max_length=300, help_text=AIDE_MESSAGE)

    def __init__(self, *args, dossier, **kwargs):
        super().__init__(*args, dossier=dossier, **kwargs)
        self.fields["vers"].queryset = Bassin.objects.filter(academie=dossier.bassin.academie).exclude(
            pk=dossier.bassin_id
        )


class RefusTransfertForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("motif",)

    motif = ChampTexte(label="Motif du refus", max_length=300, required=False)

    def clean(self):
        donnees = super().clean()
        if self.data.get("reponse") == "refuser" and not donnees.get("motif"):
            self.add_error("motif", "Dites pourquoi le bassin refuse ce dossier.")
        return donnees

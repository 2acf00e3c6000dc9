"""Recommendations and missions."""

from django import forms

from qualit.web.formulaires import ChampTexteLong, FormulaireDSFR
from qualit.web.texte_libre import GardeTexteLibre

from .champs import AIDE_MESSAGE, AIDE_SYNTHESE, AvecPlace, SurDossier, choix_operateurs, choix_solutions


class PreconisationForm(SurDossier, GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("synthese",)

    solution = forms.ChoiceField(label="Type de solution")
    synthese = ChampTexteLong(label="Synthèse", required=False, help_text=AIDE_SYNTHESE)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["solution"].choices = choix_solutions()


class MissionForm(AvecPlace, SurDossier, GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("message",)

    structure = forms.TypedChoiceField(
        label="Structure", coerce=int, help_text="Entre parenthèses : ses missions en cours et sans réponse."
    )
    message = ChampTexteLong(label="Message à la structure", required=False, lignes=3, help_text=AIDE_MESSAGE)
    urgente = forms.BooleanField(
        label="Urgente", required=False, help_text="La structure reçoit un courriel aussitôt."
    )

    def __init__(self, *args, dossier, places=(), **kwargs):
        super().__init__(*args, dossier=dossier, **kwargs)
        deja = set(dossier.missions.vivantes().values_list("structure_id", flat=True))
        self.fields["structure"].choices = choix_operateurs(dossier.bassin, sauf=deja)
        self.offrir(places)
        self.order_fields(["structure", "place"])

    def clean(self):
        return self.place_choisie(super().clean())

"""Closing a dossier."""

from django import forms

from qualit.territoire.nomenclatures import choix
from qualit.web.formulaires import FormulaireDSFR

from .champs import SurDossier


class ClotureForm(SurDossier, FormulaireDSFR):
    raison = forms.ChoiceField(label="Raison")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        reservees = {"fusion", "retrait"}
        self.fields["raison"].choices = [
            ("", "Choisir une raison"),
            ("perdu_de_vue", "Sans nouvelles malgré les relances"),
            *[c for c in choix("raisons_cloture") if c[0] not in reservees],
        ]

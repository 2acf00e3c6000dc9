"""Answers to tasks."""

from qualit.web.formulaires import ChampTexteLong, FormulaireDSFR
from qualit.web.texte_libre import GardeTexteLibre

from .champs import AIDE_MESSAGE


class ReponseTacheForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("reponse",)

    reponse = ChampTexteLong(
        label="Réponse", required=False, lignes=3, max_length=1000, help_text=AIDE_MESSAGE
    )

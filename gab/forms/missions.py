"""Recommendations and missions."""

from django import forms

from qualit.web.formulaires import BoutonsRadio, ChampTexteLong, FormulaireDSFR
from qualit.web.texte_libre import GardeTexteLibre

from .champs import AIDE_MESSAGE, AIDE_SYNTHESE, SurDossier, choix_operateurs, choix_solutions


class PreconisationForm(SurDossier, GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("synthese",)

    solution = forms.ChoiceField(label="Type de solution")
    synthese = ChampTexteLong(label="Synthèse", required=False, help_text=AIDE_SYNTHESE)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["solution"].choices = choix_solutions()


class MissionForm(SurDossier, GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("message",)

    structure = forms.TypedChoiceField(
        label="Structure", coerce=int, help_text="Entre parenthèses : ses missions en cours et sans réponse."
    )
    place = forms.TypedChoiceField(
        label="Place vacante", coerce=int, required=False, empty_value=None, widget=BoutonsRadio
    )
    message = ChampTexteLong(label="Message à la structure", required=False, lignes=3, help_text=AIDE_MESSAGE)
    urgente = forms.BooleanField(
        label="Urgente", required=False, help_text="La structure reçoit un courriel aussitôt."
    )

    def __init__(self, *args, dossier, places=(), **kwargs):
        super().__init__(*args, dossier=dossier, **kwargs)
        deja = set(dossier.missions.vivantes().values_list("structure_id", flat=True))
        self.fields["structure"].choices = choix_operateurs(dossier.bassin, sauf=deja)
        self.places = {p.pk: p for p in places}
        if self.places:
            self.fields["place"].choices = [
                ("", "Aucune en particulier"),
                *[
                    (
                        p.pk,
                        f"{p.structure} – {p.formation}, entrée le {p.date_entree:%d/%m/%Y}, "
                        f"{p.nombre} place{'s' if p.nombre > 1 else ''}{' (à confirmer)' if p.a_confirmer else ''}",
                    )
                    for p in places
                ],
            ]
        else:
            del self.fields["place"]

    def clean(self):
        donnees = super().clean()
        place = self.places.get(donnees.get("place"))
        if place and donnees.get("structure") and place.structure_id != donnees["structure"]:
            self.add_error("place", "Cette place est dans une autre structure.")
        donnees["place"] = place
        return donnees

"""Triage and withdrawals."""

from django import forms

from qualit.territoire.nomenclatures import choix, terme
from qualit.web.formulaires import ChampTexte, ChampTexteLong, FormulaireDSFR
from qualit.web.texte_libre import GardeTexteLibre

from .champs import AIDE_MESSAGE, SurDossier


class ComplementForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("question",)

    question = ChampTexteLong(
        label="Question à l’établissement", lignes=3, max_length=1000, help_text=AIDE_MESSAGE
    )


class HorsChampForm(SurDossier, GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("precision",)

    motif = forms.ChoiceField(label="Motif")
    lieu = forms.ChoiceField(label="Où était-il scolarisé ?", required=False)
    precision = ChampTexte(label="Précision", required=False, max_length=120)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["motif"].choices = choix("motifs_hors_champ", vide="Choisir un motif")
        self.fields["lieu"].choices = choix("lieux_scolarite", vide="Choisir (si le jeune n’était pas sorti)")

    def clean(self):
        donnees = super().clean()
        t = terme("motifs_hors_champ", donnees.get("motif"))
        demande = t is not None and str(t.plus.get("lieu_demande", "")) in {"1", "True", "true"}
        if demande and not donnees.get("lieu"):
            self.add_error("lieu", "Dites où le jeune était scolarisé.")
        if not demande:
            donnees["lieu"] = ""
        return donnees

    @property
    def texte(self):
        """The precision to keep: where, then the words typed."""
        lieu = dict(self.fields["lieu"].choices).get(self.cleaned_data["lieu"], "")
        if not self.cleaned_data["lieu"]:
            lieu = ""
        return " – ".join(filter(None, [lieu, self.cleaned_data["precision"]]))[:200]


class ReponseRetraitForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("reponse",)

    reponse = ChampTexteLong(label="Réponse à l’établissement", lignes=3, max_length=500)

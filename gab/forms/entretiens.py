"""Convocations and interviews."""

from django import forms

from qualit.territoire.models import Utilisateur
from qualit.territoire.nomenclatures import choix
from qualit.web.formulaires import (
    BoutonsRadio,
    ChampDate,
    ChampTexte,
    ChampTexteLong,
    FormulaireDSFR,
    FormulaireModeleDSFR,
)
from qualit.web.texte_libre import GardeTexteLibre

from ..models import Convocation, Entretien
from .champs import AIDE_SYNTHESE, ChampHeure, membres, refuser_le_passe


class ConvocationForm(FormulaireDSFR):
    """An interview in a free slot, or at a date of one's own."""

    creneau = forms.ModelChoiceField(
        label="Créneau libre",
        queryset=None,
        required=False,
        empty_label="Une autre date (ci-dessous)",
        error_messages={"invalid_choice": "Ce créneau vient d’être pris : choisissez-en un autre."},
    )
    jour = ChampDate(label="Jour", futur=True, required=False)
    heure = ChampHeure(label="Heure", required=False)
    lieu = ChampTexte(label="Lieu", required=False)
    mode = forms.ChoiceField(
        label="Mode", choices=Entretien.Mode.choices, widget=BoutonsRadio(en_ligne=True), initial="presence"
    )
    canaux = forms.MultipleChoiceField(
        label="Convocation par",
        choices=Convocation.Canal.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=["lettre"],
        help_text="La lettre au jeune et à son responsable légal est à imprimer à l’étape suivante.",
    )
    mene_par = forms.ModelChoiceField(
        label="Mené par", queryset=Utilisateur.objects.none(), required=False, empty_label="Non précisé"
    )

    def __init__(self, *args, dossier, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["creneau"].queryset = dossier.bassin.creneaux.libres()
        self.fields["mene_par"].queryset = membres([dossier.bassin_id])

    def clean(self):
        donnees = super().clean()
        creneau = donnees.get("creneau")
        if creneau:
            donnees["quand"] = creneau.quand
            donnees["duree_minutes"] = creneau.duree_minutes
            donnees["lieu"] = donnees.get("lieu") or creneau.lieu
            donnees["mode"] = creneau.mode
            donnees["mene_par"] = donnees.get("mene_par") or creneau.mene_par
            return donnees
        for nom in ("jour", "heure"):
            if not donnees.get(nom) and nom not in self.errors:
                self.add_error(nom, "Choisissez un créneau libre, ou écrivez le jour et l’heure.")
        donnees["quand"] = refuser_le_passe(self, donnees.get("jour"), donnees.get("heure"))
        donnees["duree_minutes"] = 45
        return donnees


class EntretienForm(GardeTexteLibre, FormulaireModeleDSFR):
    """The grid of an interview that was held."""

    champs_gardes = ("projet", "demarches", "prochaine_etape")

    motifs_jeune = forms.MultipleChoiceField(
        label="Motifs selon le jeune",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Plusieurs réponses possibles. Aucun détail n’est demandé.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    projet = ChampTexteLong(label="Projet du jeune", required=False, help_text=AIDE_SYNTHESE)
    demarches = ChampTexteLong(label="Démarches déjà faites", required=False)
    prochaine_etape = ChampTexteLong(label="Prochaine étape", required=False, lignes=2)

    class Meta:
        model = Entretien
        fields = [
            "responsable_present",
            "obligation_expliquee",
            "motifs_jeune",
            "projet",
            "demarches",
            "prochaine_etape",
        ]
        widgets = {"responsable_present": BoutonsRadio(en_ligne=True)}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["motifs_jeune"].choices = choix("motifs")
        presence = self.fields["responsable_present"]
        presence.required = True
        presence.choices = Entretien.Responsable.choices
        presence.label = "Le responsable légal était-il présent ?"
        self.fields["version"].initial = self.instance.version


class AppelForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("resultat",)

    canal = forms.ChoiceField(
        label="Nouvelle convocation par",
        choices=Convocation.Canal.choices,
        widget=BoutonsRadio(en_ligne=True),
        initial="telephone",
    )
    resultat = ChampTexte(label="Résultat", required=False, help_text="Par exemple : message laissé")


class IssueForm(GardeTexteLibre, FormulaireDSFR):
    """What came of an interview that was not held: why, and whether to convene again at once."""

    champs_gardes = ("motif",)

    motif = ChampTexte(label="Motif", required=False, max_length=200)
    convoquer = forms.BooleanField(label="Convoquer de nouveau aussitôt", required=False, initial=True)

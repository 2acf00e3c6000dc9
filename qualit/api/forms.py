"""Forms of the pages « Logiciels »."""

from datetime import datetime, time, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from qualit.territoire.models import Structure, Utilisateur
from qualit.web.formulaires import ChampDate, ChampTexte, FormulaireDSFR

from . import crochets, services
from .models import Portee


class StructureForm(FormulaireDSFR):
    """Of which structure the software is; asked of those who manage several."""

    structure = forms.ModelChoiceField(
        label="Établissement", queryset=Structure.objects.none(), to_field_name="code", empty_label="Choisir"
    )

    def __init__(self, *args, structures, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["structure"].queryset = structures


class ChampFin(ChampDate):
    """The last day of a key, at most two years ahead; cleaned to the end of that day."""

    def __init__(self, **kwargs):
        super().__init__(
            label="Valable jusqu’au",
            futur=True,
            minimum=lambda: timezone.localdate() + timedelta(days=1),
            maximum=lambda: timezone.localdate() + services.DUREE_MAXIMALE,
            initial=lambda: timezone.localdate() + timedelta(days=365),
            help_text="Deux ans au plus. Format attendu : jj/mm/aaaa",
            **kwargs,
        )

    def clean(self, value):
        jour = super().clean(value)
        return timezone.make_aware(datetime.combine(jour, time(23, 59, 59))) if jour else None


class AccesForm(FormulaireDSFR):
    """A key: for which software, for what, in whose name."""

    libelle = ChampTexte(
        label="Nom du logiciel", max_length=80, help_text="Pour le reconnaître, par exemple « Vie scolaire »."
    )
    portees = forms.MultipleChoiceField(
        label="Ce que le logiciel pourra faire",
        choices=Portee.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=Portee.values,
        error_messages={"required": "Cochez au moins une case."},
    )
    responsable = forms.ModelChoiceField(
        label="Personne responsable",
        queryset=Utilisateur.objects.none(),
        to_field_name="reference",
        empty_label="Choisir",
        help_text="Le logiciel agit en son nom, avec ses droits : si elle quitte l’établissement, la clé ne sert plus.",
    )

    def __init__(self, *args, structure, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["responsable"].queryset = services.responsables_possibles(structure)


class NouvelAccesForm(AccesForm):
    expire_le = ChampFin()


class RenouvelerForm(FormulaireDSFR):
    expire_le = ChampFin()


class AbonnementForm(FormulaireDSFR):
    url = ChampTexte(
        label="Adresse à prévenir",
        max_length=300,
        help_text="Une adresse publique en https:// de votre logiciel.",
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )

    def clean_url(self):
        url = self.cleaned_data["url"]
        try:
            crochets.verifier_adresse(url)
        except crochets.AdresseRefusee as erreur:
            raise ValidationError(str(erreur)) from None
        return url

"""Forms of the follow-up."""

from datetime import timedelta

from django import forms
from django.utils import timezone

from gab.models import Mission
from qualit.territoire import nomenclatures
from qualit.territoire.models import Utilisateur
from qualit.web.formulaires import BoutonsRadio, ChampDate, ChampTexte, ChampTexteLong, FormulaireDSFR
from qualit.web.texte_libre import GardeTexteLibre
from signalements.models import EtatSignalement

from .models import Devenir
from .retours import ETAPES


def _avec_filles(liste):
    """Choices of a two-level list, the second level indented by its parent's label: [(group, [(code, label)])]."""
    termes = nomenclatures.en_vigueur(liste)
    filles = {}
    for t in termes:
        filles.setdefault(t.plus.get("parent") or "", []).append(t)
    choix = [("", "Choisir…")]
    for t in filles.get("", []):
        siennes = filles.get(t.code, [])
        if siennes:
            choix.append(
                (
                    t.libelle,
                    [(t.code, f"{t.libelle} (sans précision)"), *((f.code, f.libelle) for f in siennes)],
                )
            )
        else:
            choix.append((t.code, t.libelle))
    return choix


class FiltreMissionsForm(FormulaireDSFR):
    """Filters of the list of missions; nothing nominative, since they are in the address."""

    mention_facultatif = False

    conseiller = forms.ChoiceField(label="Suivi par", required=False)
    public = forms.ChoiceField(
        label="Âge",
        required=False,
        choices=[("", "Tous"), ("mineurs", "Mineurs"), ("majeurs", "18 ans et plus")],
    )
    urgence = forms.BooleanField(label="Seulement les missions urgentes", required=False)

    def __init__(self, *args, collegues=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["conseiller"].choices = [
            ("", "Toute la structure"),
            ("moi", "Moi"),
            ("personne", "Personne encore"),
            *((c.reference, c.get_full_name()) for c in collegues),
        ]


class AccepterForm(FormulaireDSFR):
    connaissance = forms.ChoiceField(
        label="Ce jeune est, pour votre structure",
        choices=Mission.Connaissance.choices,
        widget=BoutonsRadio(en_ligne=True),
    )
    numero_imilo = ChampTexte(
        label="Numéro I-Milo",
        required=False,
        max_length=30,
        help_text="Pour les missions locales, si le jeune y a déjà un dossier.",
    )


class RefuserForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("precision",)

    motif = forms.ChoiceField(label="Motif du refus", widget=BoutonsRadio)
    precision = ChampTexte(
        label="Précision pour le GAB", required=False, max_length=300, help_text="Lue par le GAB."
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["motif"].choices = nomenclatures.choix("motifs_refus_mission")

    def clean(self):
        donnees = super().clean()
        if donnees.get("motif") == "autre" and not donnees.get("precision"):
            self.add_error("precision", "Précisez le motif.")
        return donnees


class EtapeForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("synthese", "note")

    type = forms.ChoiceField(label="Ce qui a été fait")
    date = ChampDate(label="Le", initial=timezone.localdate)
    rappeler_le = ChampDate(label="Rappeler le", required=False, futur=True)
    synthese = ChampTexteLong(
        label="Synthèse partagée",
        required=False,
        lignes=3,
        help_text="Lue par le GAB et par les structures missionnées pour ce jeune.",
    )
    note = ChampTexteLong(
        label="Note interne", required=False, lignes=3, help_text="Lue seulement dans votre structure."
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["type"].choices = nomenclatures.choix("types_etape", vide="Choisir…")

    def clean_rappeler_le(self):
        jour = self.cleaned_data["rappeler_le"]
        if jour and jour < timezone.localdate():
            raise forms.ValidationError("Choisissez aujourd’hui ou un jour à venir.")
        return jour


class RappelForm(FormulaireDSFR):
    """The day of "rappeler le…", beside a telephone number."""

    rappeler_le = ChampDate(label="Rappeler le", futur=True, minimum=timezone.localdate, help_text="")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        jour = timezone.localdate() + timedelta(days=1)
        while jour.weekday() > 4:
            jour += timedelta(days=1)
        self.fields["rappeler_le"].initial = jour


class DevenirForm(GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("precision",)
    groupes = [
        ("Le devenir", ["code", "date", "precision", "premier_rdv_le"]),
        ("D’où on le sait", ["source", "valable_jusqu_au"]),
    ]

    code = forms.ChoiceField(label="Devenir")
    date = ChampDate(label="Depuis le", initial=timezone.localdate)
    precision = ChampTexte(
        label="Précision",
        required=False,
        max_length=200,
        help_text="Formation, lieu, employeur. L’établissement qui a signalé le jeune ne la lit pas.",
    )
    premier_rdv_le = ChampDate(
        label="Premier rendez-vous tenu le",
        required=False,
        help_text="Pour un accompagnement : il compte comme solution à partir de ce jour. Format attendu : jj/mm/aaaa",
    )
    source = forms.ChoiceField(
        label="Source", choices=Devenir.Source.choices, widget=BoutonsRadio(en_ligne=True)
    )
    valable_jusqu_au = ChampDate(
        label="À revérifier après le",
        required=False,
        futur=True,
        help_text="Laissez vide pour la durée habituelle. Format attendu : jj/mm/aaaa",
    )
    vu = forms.CharField(required=False, max_length=8, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = _avec_filles("devenirs")

    def clean(self):
        donnees = super().clean()
        if (fin := donnees.get("valable_jusqu_au")) and (debut := donnees.get("date")) and fin < debut:
            self.add_error("valable_jusqu_au", "Cette date précède le début du devenir.")
        return donnees


class TexteForm(GardeTexteLibre, FormulaireDSFR):
    """One text for named recipients: réorientation, end of a mission."""

    champs_gardes = ("texte",)

    texte = ChampTexteLong(label="Message", max_length=1000)

    def __init__(self, *args, libelle="Message", aide="", long_max=1000, **kwargs):
        super().__init__(*args, **kwargs)
        champ = self.fields["texte"]
        champ.label, champ.help_text, champ.max_length = libelle, aide, long_max


class ConfierForm(FormulaireDSFR):
    conseiller = forms.ModelChoiceField(
        label="Suivi par",
        queryset=Utilisateur.objects.none(),
        required=False,
        to_field_name="reference",
        empty_label="Personne en particulier",
    )
    mention_facultatif = False

    def __init__(self, *args, collegues, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["conseiller"].queryset = collegues


class FeuilleForm(FormulaireDSFR):
    """A follow-up sheet that comes back filled in."""

    fichier = forms.FileField(
        label="Feuille remplie",
        help_text="Le fichier téléchargé ci-dessus, rempli, au format Excel ou LibreOffice.",
        error_messages={
            "required": "Choisissez le fichier à envoyer.",
            "empty": "Ce fichier est vide.",
            "invalid": "Choisissez le fichier à envoyer.",
        },
    )


class AppelForm(FormulaireDSFR):
    numero = ChampTexte(
        label="Numéro de téléphone",
        max_length=30,
        help_text="Comme il s’affiche : 06 12 34 56 78, +33 6…, 0033…, ou ses six derniers chiffres.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )


class FiltreRetoursForm(FormulaireDSFR):
    """Filters of the reporter's list."""

    mention_facultatif = False

    etat = forms.ChoiceField(label="Où en est-on", required=False)
    classe = forms.ChoiceField(label="Classe", required=False)
    nouveau = forms.BooleanField(label="Seulement ce que je n’ai pas lu", required=False)

    def __init__(self, *args, classes=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["classe"].choices = [("", "Toutes"), *classes]
        self.fields["etat"].choices = [
            ("", "Tous"),
            ("recu", "Reçu, pas encore examiné"),
            (EtatSignalement.A_COMPLETER, "À compléter"),
            ("suivi", "Pris en compte"),
            ("en_solution", ETAPES["en_solution"]),
            (EtatSignalement.HORS_CHAMP, "Hors champ"),
            (EtatSignalement.ANNULE, "Retiré"),
        ]


class RechercheJeuneForm(FormulaireDSFR):
    """Search by name, INE or telephone: posted, so that no name stands in an address."""

    quoi = ChampTexte(
        label="Nom et prénom, INE ou téléphone",
        max_length=120,
        help_text="Une orthographe approchée suffit. Ajoutez la date de naissance si le nom est courant.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    date_naissance = ChampDate(label="Date de naissance", required=False)

    def clean_quoi(self):
        quoi = self.cleaned_data["quoi"]
        if len(quoi) < 2:
            raise forms.ValidationError("Écrivez au moins deux lettres ou chiffres.")
        return quoi

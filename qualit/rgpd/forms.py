"""Forms of the delegate."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from qualit.web.formulaires import (
    BoutonsRadio,
    ChampDate,
    ChampTexte,
    ChampTexteLong,
    FormulaireDSFR,
    FormulaireModeleDSFR,
)

from .models import Demande


class FiltreDemandesForm(FormulaireDSFR):
    """Filters of the register."""

    mention_facultatif = False
    vue = forms.ChoiceField(
        label="Demandes",
        required=False,
        choices=[("", "À traiter"), ("retard", "En retard"), ("closes", "Répondues"), ("toutes", "Toutes")],
    )
    type = forms.ChoiceField(
        label="Droit exercé", required=False, choices=[("", "Tous"), *Demande.Type.choices]
    )

    def filtrer(self, demandes):
        """The requests that the filters keep: those to treat, when nothing is chosen."""
        choix = self.cleaned_data if self.is_valid() else {}
        vue = choix.get("vue", "")
        if vue == "":
            demandes = demandes.ouvertes()
        elif vue == "retard":
            demandes = demandes.en_retard()
        elif vue == "closes":
            demandes = demandes.filter(repondue_le__isnull=False).order_by("-repondue_le")
        if choix.get("type"):
            demandes = demandes.filter(type=choix["type"])
        return demandes


class DemandeForm(FormulaireModeleDSFR):
    """A request as it came."""

    groupes = [
        ("La demande", ["type", "recue_le", "objet"]),
        ("Qui la fait", ["demandeur", "qualite", "identite_verifiee", "coordonnees"]),
    ]

    recue_le = ChampDate(label="Reçue le")
    coordonnees = ChampTexteLong(label="Adresse pour lui répondre", required=False, max_length=500)
    objet = ChampTexteLong(label="Ce qui est demandé", required=False, max_length=2000)

    class Meta:
        model = Demande
        fields = ["type", "recue_le", "objet", "demandeur", "qualite", "identite_verifiee", "coordonnees"]
        widgets = {"type": BoutonsRadio, "qualite": BoutonsRadio}

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("initial", {}).setdefault("recue_le", timezone.localdate())
        super().__init__(*args, **kwargs)
        for nom in ("type", "qualite"):
            self.fields[nom].choices = [c for c in self.fields[nom].choices if c[0]]

    def clean_recue_le(self):
        jour = self.cleaned_data["recue_le"]
        if (timezone.localdate() - jour).days > 3650:
            raise ValidationError("Vérifiez l’année.")
        return jour


class RechercheForm(FormulaireDSFR):
    """A person, as the request names them."""

    quoi = ChampTexte(label="Nom et prénom, INE ou téléphone", max_length=120)
    date_naissance = ChampDate(label="Date de naissance", required=False)


class RechercheMotiveeForm(RechercheForm):
    """The same search outside a request: the motive stays in the journal."""

    motif = ChampTexte(
        label="Pourquoi cherchez-vous cette personne ?",
        max_length=300,
        min_length=5,
        help_text="Inscrit au journal avec votre nom. N’y écrivez pas le nom de la personne.",
    )


class ProlongationForm(FormulaireDSFR):
    motif = ChampTexte(
        label="Pourquoi un mois ne suffit pas",
        max_length=300,
        help_text="Complexité ou nombre des demandes (RGPD, article 12). La personne doit en être informée.",
    )


class ReponseForm(FormulaireDSFR):
    suite = forms.ChoiceField(
        label="Suite donnée",
        widget=BoutonsRadio,
        choices=[c for c in Demande.Suite.choices if c[0] != Demande.Suite.RECUE],
    )
    reponse = ChampTexteLong(
        label="Texte de la lettre", max_length=5000, help_text="Un texte vous est proposé : complétez-le."
    )


class EffacementForm(FormulaireDSFR):
    reponse = ChampTexteLong(label="Texte de la lettre", max_length=5000)
    lettre_imprimee = forms.BooleanField(
        label="La lettre de réponse est imprimée ou recopiée : le nom du demandeur va aussi disparaître d’ici."
    )
    certain = forms.BooleanField(label="J’ai vérifié qu’il s’agit bien de cette personne.")


class TraitementForm(FormulaireDSFR):
    reponse = ChampTexte(
        label="Ce que vous avez constaté",
        max_length=300,
        help_text="Par exemple : séance préparée la veille ; échange avec l’agent. Sans nom de jeune.",
    )

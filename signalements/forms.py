"""The forms of a report: one for the report itself, one a contact, one a legal guardian, and the small ones."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from qualit.territoire.nomenclatures import choix
from qualit.web.formulaires import (
    BoutonsRadio,
    ChampDate,
    ChampLieDSFR,
    ChampOuiNon,
    ChampTexte,
    ChampTexteLong,
    FormulaireDSFR,
)
from qualit.web.texte_libre import GardeTexteLibre

from .controles import ine_normalise, numero_lisible, numero_normalise
from .models import Contact, Signalement
from .services import nom_de_lieu

OBLIGATOIRE = "Ce champ est obligatoire pour envoyer le signalement."
FORMAT_DATE = "jj/mm/aaaa"


class ChampLieObligatoire(ChampLieDSFR):
    """Marks what sending demands with an asterisk: a draft demands nothing."""

    @property
    def mention(self):
        return " *" if self.name in self.form.obligatoires else ""


def _nomenclature(liste, vide="Choisir"):
    return lambda: choix(liste, vide=vide)


def liste_ouverte(nom, **attributs):
    """A text input with suggestions (datalist), free text allowed."""
    return forms.TextInput(attrs={"list": nom, "autocomplete": "off", **attributs})


def nettoyer_nom(valeur, quoi):
    """A name holds at least a letter."""
    if valeur and not any(c.isalpha() for c in valeur):
        raise ValidationError(f"Écrivez {quoi} avec des lettres.")
    return valeur


class ReportForm(FormulaireDSFR):
    """A form whose demands hold only when the report is sent (`envoi=True`)."""

    bound_field_class = ChampLieObligatoire
    obligatoires = frozenset()

    def __init__(self, *args, envoi=False, **kwargs):
        self.envoi = envoi
        super().__init__(*args, **kwargs)
        for nom in self.obligatoires & set(self.fields):
            if not isinstance(self.fields[nom].widget, forms.RadioSelect):
                self.fields[nom].widget.attrs["aria-required"] = "true"
        for nom, champ in self.fields.items():
            if isinstance(champ, forms.ChoiceField) and self.initial.get(nom):
                self._garder_le_code(champ, self.initial[nom])

    @staticmethod
    def _garder_le_code(champ, valeur):
        """A code that is no longer offered stays valid on the report that bears it."""
        if isinstance(valeur, str) and valeur not in dict(champ.choices):
            champ.choices = [*champ.choices, (valeur, valeur)]

    def clean(self):
        donnees = super().clean()
        if self.envoi:
            for nom in self.fields:
                if nom in self.obligatoires and nom not in self.errors and not donnees.get(nom):
                    self.add_error(nom, OBLIGATOIRE)
        return donnees


class IdentiteForm(ReportForm):
    """Who the jeune is and where they live: typed in a report, corrected later."""

    obligatoires = frozenset({"nom_naissance", "prenom", "date_naissance", "sexe"})
    code_du_lieu = staticmethod(nom_de_lieu)

    nom_naissance = ChampTexte(label="Nom de naissance", max_length=100, required=False)
    prenom = ChampTexte(label="Prénom", max_length=100, required=False)
    date_naissance = ChampDate(label="Date de naissance", required=False, help_text=FORMAT_DATE)
    sexe = forms.ChoiceField(
        label="Sexe", choices=Signalement.Sexe.choices, widget=BoutonsRadio(en_ligne=True), required=False
    )
    nom_usage = ChampTexte(label="Nom d’usage", max_length=100, required=False, help_text="S’il diffère")
    autres_prenoms = ChampTexte(
        label="Autres prénoms", max_length=150, required=False, help_text="Ceux de l’état civil"
    )
    commune_naissance = ChampTexte(
        label="Commune ou pays de naissance",
        max_length=120,
        required=False,
        help_text="Ancien nom accepté ; laissez vide si vous l’ignorez",
        widget=liste_ouverte("communes-naissance"),
    )
    commune_naissance_insee = ChampTexte(
        label="Code INSEE de naissance",
        max_length=5,
        required=False,
        help_text="Seulement si vous l’avez, par exemple 14762",
    )
    ine = ChampTexte(
        label="INE", max_length=20, required=False, help_text="11 caractères ; laissez vide si vous l’ignorez"
    )

    domicile = forms.ChoiceField(
        label="Le jeune a", choices=Signalement.Domicile.choices, widget=BoutonsRadio, required=False
    )
    adresse = ChampTexte(label="Adresse", max_length=200, required=False, help_text="Numéro et voie")
    code_postal = ChampTexte(
        label="Code postal",
        max_length=10,
        required=False,
        widget=forms.TextInput(attrs={"class": "qualit-court", "autocomplete": "off"}),
    )
    ville = ChampTexte(
        label="Commune", max_length=120, required=False, widget=liste_ouverte("communes-domicile")
    )
    pays = ChampTexte(
        label="Pays", max_length=80, required=False, help_text="Seulement pour une adresse à l’étranger"
    )

    def clean_nom_naissance(self):
        return nettoyer_nom(self.cleaned_data["nom_naissance"], "le nom")

    def clean_prenom(self):
        return nettoyer_nom(self.cleaned_data["prenom"], "le prénom")

    def clean_domicile(self):
        return self.cleaned_data["domicile"] or Signalement.Domicile.FRANCE

    def clean_ine(self):
        ine = ine_normalise(self.cleaned_data["ine"])
        if len(ine) > 11:
            raise ValidationError(f"L’INE compte 11 caractères ; celui-ci en a {len(ine)}.")
        return ine

    def clean_commune_naissance_insee(self):
        code = self.cleaned_data["commune_naissance_insee"].upper().replace(" ", "")
        if code and not re.fullmatch(r"\d[0-9AB]\d{3}", code):
            raise ValidationError(
                "Le code INSEE d’une commune compte 5 caractères, par exemple 14118 ou 2A004 ; 99 suivi de trois chiffres "
                "pour un pays."
            )
        return code

    def clean(self):
        donnees = super().clean()
        code = (donnees.get("code_postal") or "").replace(" ", "")
        if code and donnees.get("domicile") == Signalement.Domicile.FRANCE and "code_postal" in donnees:
            if not re.fullmatch(r"\d{5}", code):
                self.add_error("code_postal", "Un code postal français compte 5 chiffres.")
            else:
                donnees["code_postal"] = code
        lieu, code_lieu = donnees.get("commune_naissance"), donnees.get("commune_naissance_insee")
        if lieu and not code_lieu and "commune_naissance_insee" not in self.errors:
            donnees["commune_naissance_insee"] = self.code_du_lieu(lieu)
        return donnees


class SignalementForm(GardeTexteLibre, IdentiteForm):
    """A report. Sections are laid out by the template, in the order of the keyboard.

    garde: look at the free text (when somebody saves or sends; never while they are still typing).
    """

    champs_gardes = ("message", "note")

    obligatoires = IdentiteForm.obligatoires | {"classe", "date_sortie", "nature_sortie"}

    aucun_contact = forms.BooleanField(label="Aucun contact connu", required=False)

    classe = ChampTexte(
        label="Classe",
        max_length=60,
        required=False,
        help_text="Par exemple 2 MELEC",
        widget=liste_ouverte("classes"),
    )
    formation = ChampTexte(
        label="Formation suivie", max_length=160, required=False, help_text="Diplôme préparé et spécialité"
    )
    statut = forms.ChoiceField(label="Statut", choices=_nomenclature("statuts"), required=False)
    regime = forms.ChoiceField(label="Régime", choices=_nomenclature("regimes"), required=False)
    niveau = forms.ChoiceField(label="Niveau de sortie", choices=_nomenclature("niveaux"), required=False)
    diplome = forms.ChoiceField(
        label="Plus haut diplôme obtenu", choices=_nomenclature("diplomes"), required=False
    )
    diplome_precision = ChampTexte(
        label="Précision sur le diplôme", max_length=120, required=False, help_text="Intitulé, niveau"
    )
    resultat_attendu_le = ChampDate(
        label="Résultat d’examen attendu le", required=False, futur=True, help_text=FORMAT_DATE
    )
    date_sortie = ChampDate(label="Date de sortie", required=False, help_text=FORMAT_DATE)
    nature_sortie = forms.ChoiceField(
        label="Nature de la sortie", choices=_nomenclature("natures_sortie"), required=False
    )
    motifs = forms.MultipleChoiceField(
        label="Motifs de la sortie, selon l’établissement",
        help_text="Plusieurs réponses possibles",
        choices=lambda: choix("motifs"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    motif_principal = forms.ChoiceField(
        label="Motif principal", choices=_nomenclature("motifs", "Non précisé"), required=False
    )

    famille_informee = ChampOuiNon(label="La famille a été informée du signalement", required=False)
    famille_informee_le = ChampDate(label="Informée le", required=False, help_text=FORMAT_DATE)
    famille_informee_par = ChampTexte(
        label="Informée par", max_length=120, required=False, help_text="Nom et fonction"
    )
    declarant_nom = ChampTexte(label="Personne à joindre", max_length=160, required=False)
    declarant_fonction = ChampTexte(label="Fonction", max_length=120, required=False)
    declarant_telephone = ChampTexte(
        label="Ligne directe",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    prioritaire = forms.BooleanField(
        label="Ce jeune demande une réponse rapide",
        help_text="Le GAB le verra en tête de sa liste",
        required=False,
    )
    message = ChampTexteLong(
        label="Message au GAB",
        required=False,
        lignes=3,
        max_length=2000,
        help_text="Lu par le GAB du bassin. N’écrivez rien sur la santé, la famille ou une sanction.",
    )
    note = ChampTexteLong(
        label="Note interne",
        required=False,
        lignes=3,
        max_length=2000,
        help_text="Lue seulement dans votre établissement.",
    )

    def __init__(self, *args, garde=False, **kwargs):
        super().__init__(*args, **kwargs)
        if not garde:
            self.champs_gardes = ()

    def clean_declarant_telephone(self):
        saisi = self.cleaned_data["declarant_telephone"]
        if saisi and not numero_normalise(saisi):
            raise ValidationError("Ce numéro n’est pas complet : 10 chiffres, ou + et l’indicatif du pays.")
        return numero_lisible(numero_normalise(saisi)) if saisi else ""

    def clean(self):
        donnees = super().clean()
        naissance, sortie = donnees.get("date_naissance"), donnees.get("date_sortie")
        if naissance and sortie and sortie < naissance:
            self.add_error("date_sortie", "La date de sortie précède la date de naissance.")
        principal = donnees.get("motif_principal")
        if principal and "motifs" in donnees and principal not in donnees["motifs"]:
            donnees["motifs"] = [*donnees["motifs"], principal]
        if len(donnees.get("motifs") or []) == 1 and not principal:
            donnees["motif_principal"] = donnees["motifs"][0]
        return donnees


class ContactForm(FormulaireDSFR):
    """One phone number or e-mail, and whose it is. An empty line is no contact."""

    mention_facultatif = False

    valeur = ChampTexte(
        label="Téléphone ou courriel",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    proprietaire = forms.ChoiceField(label="À qui", choices=lambda: choix("liens"), required=False)

    def clean_valeur(self):
        valeur = self.cleaned_data["valeur"]
        if not valeur:
            return ""
        if "@" in valeur:
            try:
                validate_email(valeur)
            except ValidationError:
                raise ValidationError("Cette adresse de courriel est incorrecte.") from None
        elif not numero_normalise(valeur):
            raise ValidationError(
                "Ce numéro n’est pas complet : 10 chiffres, ou + et l’indicatif du pays ; un courriel contient @."
            )
        return valeur

    @property
    def contact(self):
        """(type, value, owner), or None for an empty or refused line."""
        valeur = getattr(self, "cleaned_data", {}).get("valeur")
        if not valeur:
            return None
        type_ = Contact.Type.COURRIEL if "@" in valeur else Contact.Type.TELEPHONE
        return type_, valeur, self.cleaned_data.get("proprietaire") or "jeune"


class ResponsableForm(FormulaireDSFR):
    """One legal guardian. An empty line is nobody."""

    mention_facultatif = False

    nom = ChampTexte(label="Nom", max_length=100, required=False)
    prenom = ChampTexte(label="Prénom", max_length=100, required=False)
    lien = forms.ChoiceField(
        label="Lien avec le jeune", choices=lambda: [("", "Choisir"), *liens_legaux()], required=False
    )
    telephone = ChampTexte(
        label="Téléphone", max_length=30, required=False, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    courriel = forms.EmailField(
        label="Courriel",
        required=False,
        max_length=200,
        error_messages={"invalid": "Cette adresse de courriel est incorrecte."},
    )
    adresse = ChampTexte(label="Adresse, si elle diffère", max_length=250, required=False)

    def clean_telephone(self):
        saisi = self.cleaned_data["telephone"]
        if saisi and not numero_normalise(saisi):
            raise ValidationError("Ce numéro n’est pas complet : 10 chiffres, ou + et l’indicatif du pays.")
        return numero_lisible(numero_normalise(saisi)) if saisi else ""

    def clean(self):
        donnees = super().clean()
        if not donnees.get("nom") and any(v for c, v in donnees.items() if c != "lien"):
            self.add_error("nom", "Donnez le nom de ce responsable.")
        return donnees

    @property
    def responsable(self):
        """The fields of the guardian, or None for an empty or refused line."""
        donnees = getattr(self, "cleaned_data", {})
        if not donnees.get("nom") or self.errors:
            return None
        return dict(donnees)


def liens_legaux():
    """The links that a legal guardian may have: all those of the list but the jeune."""
    return [(code, libelle) for code, libelle in choix("liens") if code != "jeune"]


class RetraitForm(GardeTexteLibre, FormulaireDSFR):
    """Why a report is withdrawn."""

    champs_gardes = ("texte",)

    motif = forms.ChoiceField(label="Motif", choices=lambda: choix("motifs_retrait"), widget=BoutonsRadio)
    texte = ChampTexteLong(
        label="Message au GAB",
        required=False,
        max_length=1000,
        lignes=3,
        help_text="Par exemple où le jeune s’est inscrit. Lu par le GAB du bassin.",
    )


class ReponseForm(GardeTexteLibre, FormulaireDSFR):
    """The answer to a question of the GAB or of a structure that follows the jeune."""

    champs_gardes = ("texte",)

    texte = ChampTexteLong(
        label="Votre réponse",
        max_length=2000,
        help_text="Lue par l’équipe qui a posé la question et par le GAB du bassin.",
    )

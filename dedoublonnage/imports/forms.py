"""The forms of an import: the file, what its columns are, what its values mean."""

from django import forms
from django.core.exceptions import ValidationError

from qualit.echanges.lecture import LIGNES_MAXIMUM, OCTETS_MAXIMUM
from qualit.territoire.nomenclatures import choix
from qualit.web.formulaires import ChampDate, ChampTexte, FormulaireDSFR
from signalements.listes.colonnes import CHAMPS
from signalements.listes.lignes import EXIGES_SI_PRESENTS


class FichierForm(FormulaireDSFR):
    """The list to import."""

    fichier = forms.FileField(
        label="Votre liste",
        help_text=f"Excel (.xlsx), LibreOffice (.ods) ou CSV, {OCTETS_MAXIMUM // 1024**2} Mo et "
        f"{LIGNES_MAXIMUM // 1000} 000 lignes au plus. Elle peut venir telle quelle de SIECLE, Pronote, Charlemagne, Ypareo…",
        error_messages={
            "empty": "Ce fichier est vide.",
            "required": "Choisissez un fichier.",
            "invalid": "Choisissez un fichier.",
        },
        widget=forms.FileInput(attrs={"accept": ".xlsx,.ods,.csv,.txt,.tsv,.xls"}),
    )

    def clean_fichier(self):
        fichier = self.cleaned_data["fichier"]
        if fichier.size > OCTETS_MAXIMUM:
            raise ValidationError(
                f"Ce fichier pèse plus de {OCTETS_MAXIMUM // 1024**2} Mo : gardez seulement la liste des jeunes, ou partagez-la."
            )
        return fichier


def _choix_de_champs():
    groupes = {}
    for code, champ in CHAMPS.items():
        groupes.setdefault(champ.groupe, []).append((code, champ.libelle))
    return [("", "Ne pas reprendre"), *groupes.items()]


class ColonnesForm(FormulaireDSFR):
    """What each column is; and what holds for the whole list when no column says it."""

    mention_facultatif = False

    date_sortie = ChampDate(label="Date de sortie de toute la liste", required=False, help_text="jj/mm/aaaa")
    nature_sortie = forms.ChoiceField(
        label="Nature de la sortie de toute la liste",
        choices=lambda: choix("natures_sortie", vide="Selon la colonne, ou non précisée"),
        required=False,
    )
    classe = ChampTexte(label="Classe de toute la liste", max_length=60, required=False)

    def __init__(self, *args, colonnes, **kwargs):
        super().__init__(*args, **kwargs)
        self.colonnes = colonnes
        for colonne in colonnes:
            self.fields[f"colonne-{colonne.rang}"] = forms.ChoiceField(
                label=colonne.titre or f"Colonne {colonne.rang + 1}, sans titre",
                choices=_choix_de_champs(),
                initial=colonne.champ,
                required=False,
                label_suffix="",
                widget=forms.Select(attrs={"class": "fr-select"}),
            )

    @property
    def lignes(self):
        """[(column, its field)] for the table."""
        return [(colonne, self[f"colonne-{colonne.rang}"]) for colonne in self.colonnes]

    @property
    def champs(self):
        """{rank: field}."""
        return {c.rang: self.cleaned_data[f"colonne-{c.rang}"] for c in self.colonnes}

    @property
    def defauts(self):
        """{field: value for the whole list}, as text."""
        jour = self.cleaned_data["date_sortie"]
        return {
            "date_sortie": jour.isoformat() if jour else "",
            "nature_sortie": self.cleaned_data["nature_sortie"],
            "classe": self.cleaned_data["classe"],
        }


class ValeursForm(FormulaireDSFR):
    """What the values that are not understood mean, and which formation each class follows."""

    mention_facultatif = False

    def __init__(self, *args, inconnues, classes, **kwargs):
        super().__init__(*args, **kwargs)
        self.inconnues, self.classes = inconnues, classes
        for champ, textes in inconnues.items():
            sinon = "Aucune : refuser ces lignes" if champ in EXIGES_SI_PRESENTS else "Ne pas reprendre"
            for rang, (ecrit, _, proposition, termes) in enumerate(textes):
                self.fields[f"{champ}-{rang}"] = forms.ChoiceField(
                    label=ecrit, choices=[("", sinon), *termes], initial=proposition, required=False,
                    label_suffix="", widget=forms.Select(attrs={"class": "fr-select"}),
                )  # fmt: skip
        for rang, (ecrit, _, formation) in enumerate(classes):
            self.fields[f"classe-{rang}"] = ChampTexte(
                label=ecrit, max_length=160, initial=formation, required=False, label_suffix="",
                widget=forms.TextInput(attrs={"class": "fr-input", "autocomplete": "off"}),
            )  # fmt: skip

    @property
    def groupes_de_valeurs(self):
        """[(label, [(text, rows, field)])]."""
        return [
            (CHAMPS[champ].libelle, [(t[0], t[1], self[f"{champ}-{rang}"]) for rang, t in enumerate(textes)])
            for champ, textes in self.inconnues.items()
        ]

    @property
    def lignes_de_classes(self):
        return [(c[0], c[1], self[f"classe-{rang}"]) for rang, c in enumerate(self.classes)]

    @property
    def valeurs(self):
        """{field: {text: code}}."""
        return {
            champ: {t[0]: self.cleaned_data[f"{champ}-{rang}"] for rang, t in enumerate(textes)}
            for champ, textes in self.inconnues.items()
        }

    @property
    def formations(self):
        """{class: formation}."""
        return {c[0]: self.cleaned_data[f"classe-{rang}"] for rang, c in enumerate(self.classes)}

"""Forms in the markup of the State design system, with French errors and cleaned text.

class MonForm(FormulaireDSFR):            # or FormulaireModeleDSFR for a ModelForm
    nom = ChampTexte(label="Nom", max_length=80)
    ne_le = ChampDate(label="Date de naissance")

In a template, {{ form }} prints the error summary, then the fields; {{ form.nom.as_field_group }} prints one field.
"""

import re
from datetime import date, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html

from .texte import nettoyer_texte


class ChampLieDSFR(forms.BoundField):
    """A bound field that knows its template, its group class and where the error summary points."""

    @property
    def template_name(self):
        if self.field.template_name:
            return self.field.template_name
        widget = self.field.widget
        if isinstance(widget, (forms.RadioSelect, forms.CheckboxSelectMultiple)):
            return "composants/champ_choix.html"
        if isinstance(widget, forms.CheckboxInput):
            return "composants/champ_case.html"
        return "composants/champ.html"

    @property
    def groupe(self):
        widget = self.field.widget
        if isinstance(widget, (forms.CheckboxInput, forms.CheckboxSelectMultiple)):
            return "checkbox"  # asked first: CheckboxSelectMultiple is a RadioSelect
        if isinstance(widget, forms.RadioSelect):
            return "radio"
        if isinstance(widget, forms.Select):
            return "select"
        return "upload" if isinstance(widget, forms.FileInput) else "input"

    @property
    def mention(self):
        """ " (facultatif)" after the label of an optional field, unless the form asks nothing in particular."""
        return (
            " (facultatif)"
            if not self.field.required and getattr(self.form, "mention_facultatif", True)
            else ""
        )

    @property
    def en_ligne(self):
        return getattr(self.field.widget, "en_ligne", False)

    @property
    def aide_riche(self):
        """True when the help holds HTML (a list, a link): it then stands beside the label, not inside."""
        return "<" in str(self.field.help_text)

    @property
    def ancre(self):
        """Id of the element that the error summary links to."""
        return (
            self.auto_id
            if isinstance(self.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
            else self.id_for_label
        )

    def build_widget_attrs(self, attrs, widget=None):
        attrs = super().build_widget_attrs(attrs, widget)
        decrit = []
        if self.field.help_text:
            decrit.append(f"{self.auto_id}_helptext")
        # Reading `errors` would validate the form: a form being built has not been validated yet.
        if self.form._errors is not None and self.errors:
            decrit.append(f"{self.auto_id}_error")
            attrs["aria-invalid"] = "true"
        if decrit and "aria-describedby" not in self.field.widget.attrs:
            attrs["aria-describedby"] = " ".join(decrit)
        return attrs


CLASSES = {"input": "fr-input", "select": "fr-select", "upload": "fr-upload"}


def _habiller(lie):
    """Give the widget of a bound field its DSFR class, its French "required" and the attributes of assistive tools."""
    champ, widget = lie.field, lie.field.widget
    classe = CLASSES.get(lie.groupe)
    if classe and not widget.is_hidden and classe not in widget.attrs.get("class", ""):
        widget.attrs["class"] = f"{classe} {widget.attrs.get('class', '')}".strip()
    if (
        champ.required
        and champ.error_messages.get("required") == forms.Field.default_error_messages["required"]
    ):
        champ.error_messages["required"] = "Ce champ est obligatoire."
    if (
        champ.required
        and not widget.is_hidden
        and not isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    ):
        widget.attrs.setdefault("aria-required", "true")


def champs_dsfr(formulaire):
    """The bound fields of any form (of a library too) as DSFR fields."""
    formulaire.use_required_attribute = False
    champs = []
    for nom, champ in formulaire.fields.items():
        lie = formulaire[nom]
        if not isinstance(lie, ChampLieDSFR):
            champ.label_suffix = ""
            champ.widget.attrs.pop("placeholder", None)  # repeats the label, in a poor contrast
            lie = ChampLieDSFR(formulaire, champ, nom)
            _habiller(lie)
        champs.append(lie)
    return champs


class MixinDSFR:
    """DSFR rendering. `groupes`: optional list of (title, [field names]) or (title, [names], help) shown as fieldsets."""

    template_name = "composants/formulaire_champs.html"
    bound_field_class = ChampLieDSFR
    mention_facultatif = True
    use_required_attribute = False  # errors are ours, in French, summed up on top
    groupes = ()

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for nom, champ in self.fields.items():
            _habiller(self[nom])
            if type(champ) is forms.CharField:
                champ.__class__ = ChampTexte

    @property
    def nombre_erreurs(self):
        return sum(len(erreurs) for erreurs in self.errors.values())

    @property
    def champs_groupes(self):
        """The visible fields by group; those that no group names come last, without a title of their own group."""
        vus, sortie = set(), []
        for titre, noms, *aide in self.groupes:
            champs = [self[nom] for nom in noms if nom in self.fields]
            vus |= set(noms)
            if champs:
                sortie.append({"titre": titre, "champs": champs, "aide": aide[0] if aide else ""})
        reste = [champ for champ in self.visible_fields() if champ.name not in vus]
        if reste:
            sortie.append({"titre": "Autres informations", "champs": reste, "aide": ""})
        return sortie


class FormulaireDSFR(MixinDSFR, forms.Form):
    """Base of the forms."""


class FormulaireModeleDSFR(MixinDSFR, forms.ModelForm):
    """Base of the model forms."""


class ChampTexte(forms.CharField):
    """A line of text, cleaned: see `nettoyer_texte`. With a Textarea widget, several lines."""

    def to_python(self, value):
        if value in self.empty_values:
            return self.empty_value
        value = nettoyer_texte(value, multiligne=isinstance(self.widget, forms.Textarea))
        return value or self.empty_value

    def __init__(self, *args, max_length=200, **kwargs):
        super().__init__(*args, max_length=max_length, **kwargs)
        # NUL is removed rather than refused.
        self.validators = [
            v for v in self.validators if type(v).__name__ != "ProhibitNullCharactersValidator"
        ]


class ChampTexteLong(ChampTexte):
    """Several lines of text."""

    widget = forms.Textarea

    def __init__(self, *args, max_length=4000, lignes=4, **kwargs):
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": lignes}))
        super().__init__(*args, max_length=max_length, **kwargs)


class SaisieDate(forms.DateInput):
    """Typed date, jj/mm/aaaa, whatever the browser's language."""

    input_type = "text"

    def __init__(self, attrs=None):
        super().__init__(
            {"inputmode": "numeric", "autocomplete": "off", "class": "fr-input qualit-date", **(attrs or {})},
            format="%d/%m/%Y",
        )


MOIS = {
    "janvier": 1, "janv": 1, "fevrier": 2, "fevr": 2, "mars": 3, "avril": 4, "avr": 4, "mai": 5, "juin": 6, "juillet": 7,
    "juil": 7, "aout": 8, "septembre": 9, "sept": 9, "octobre": 10, "oct": 10, "novembre": 11,
    "nov": 11, "decembre": 12, "dec": 12,
}  # fmt: skip


SEPARATEUR = r"(?:\s*[/.\-]\s*|\s+)"
JOUR_MOIS_AN = re.compile(
    rf"(\d{{1,2}}){SEPARATEUR}(\d{{1,2}}){SEPARATEUR}(\d{{4}}|\d{{2}})|(\d{{2}})(\d{{2}})(\d{{4}})", re.ASCII
)


def lire_date(texte):
    """Parse a date as people type it: 3/9/1993, 03.09.93, 03 09 1993, 03091993, 1993-09-03, 3 sept. 1993, 1er mai 1993.

    A two-digit year is the latest one not in the future. Raises ValueError, its message in French.
    """
    texte = nettoyer_texte(texte).lower()
    if m := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", texte):
        annee, mois, jour = m.groups()
    elif m := JOUR_MOIS_AN.fullmatch(texte):
        jour, mois, annee = (g for g in m.groups() if g is not None)
    elif m := re.fullmatch(r"(\d{1,2})(?:er)?\s+([a-zéûà]+)\.?\s+(\d{4})", texte):
        jour, nom, annee = m.groups()
        mois = MOIS.get(nom.translate(str.maketrans("éûà", "eua")))
        if mois is None:
            raise ValueError("Écrivez la date sous la forme jj/mm/aaaa, par exemple 03/09/1993.")
    else:
        raise ValueError("Écrivez la date sous la forme jj/mm/aaaa, par exemple 03/09/1993.")
    jour, mois, an = int(jour), int(mois), int(annee)
    if len(str(annee)) == 2:
        siecle = timezone.localdate().year // 100 * 100
        an += siecle if siecle + an <= timezone.localdate().year else siecle - 100
    try:
        return date(an, mois, jour)
    except ValueError:
        raise ValueError(f"La date {jour:02}/{mois:02}/{an:04} n’existe pas.") from None


class ChampDate(forms.DateField):
    """A date typed jj/mm/aaaa, read with tolerance.

    `minimum`, `maximum`: dates or callables; the future is refused unless `futur`.
    """

    widget = SaisieDate

    def __init__(self, *args, minimum=date(1900, 1, 1), maximum=None, futur=False, **kwargs):
        kwargs.setdefault("help_text", "Format attendu : jj/mm/aaaa")
        super().__init__(*args, **kwargs)
        self.minimum, self.maximum, self.futur = minimum, maximum, futur

    def to_python(self, value):
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return lire_date(value)
        except ValueError as e:
            raise ValidationError(str(e), code="invalid") from None

    def validate(self, value):
        super().validate(value)
        if value is None:
            return
        minimum = self.minimum() if callable(self.minimum) else self.minimum
        maximum = self.maximum() if callable(self.maximum) else self.maximum
        if not self.futur and value > timezone.localdate():
            raise ValidationError("Cette date est dans le futur.", code="futur")
        if minimum and value < minimum:
            raise ValidationError(f"Cette date est antérieure au {minimum:%d/%m/%Y}.", code="minimum")
        if maximum and value > maximum:
            raise ValidationError(f"Cette date est postérieure au {maximum:%d/%m/%Y}.", code="maximum")


class BoutonsRadio(forms.RadioSelect):
    """Radio buttons; `en_ligne` puts them on one line; touches: {value: letter} chosen by keyboard, shown beside the label."""

    def __init__(self, *args, en_ligne=False, touches=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.en_ligne = en_ligne
        self.touches = touches or {}

    def create_option(self, name, value, label, *args, **kwargs):
        option = super().create_option(name, value, label, *args, **kwargs)
        if touche := self.touches.get(str(value)):
            option["attrs"] |= {"data-raccourci": touche, "data-raccourci-nom": label}
            option["label"] = format_html("{}<span data-avec-js hidden>&nbsp;({})</span>", label, touche)
        return option


class ChampOuiNon(forms.TypedChoiceField):
    """Yes or no as two radios, nothing preselected; cleaned to True, False or None."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("choices", [("oui", "Oui"), ("non", "Non")])
        kwargs.setdefault("widget", BoutonsRadio(en_ligne=True))
        kwargs.setdefault("coerce", lambda v: {"oui": True, "non": False}[v])
        kwargs.setdefault("empty_value", None)
        super().__init__(*args, **kwargs)

    def prepare_value(self, value):
        return {True: "oui", False: "non"}.get(value, value) if isinstance(value, bool) else value

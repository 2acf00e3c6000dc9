"""Fields, help texts and choices that several forms of the GAB share."""

from collections import Counter
from datetime import datetime, time

from django import forms
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from qualit.territoire.models import Adhesion, Structure, Utilisateur
from qualit.territoire.nomenclatures import choix, terme
from qualit.web import conflits
from qualit.web.formulaires import BoutonsRadio, ChampTexte, FormulaireDSFR
from qualit.web.texte_libre import GardeTexteLibre

from .. import jalons
from ..models import Mission

AIDE_SYNTHESE = (
    "Synthèse partagée : lue par le GAB chargé du jeune et par les structures missionnées. "
    "Rien sur la santé, la justice, la nationalité ou la situation familiale."
)


AIDE_MESSAGE = (
    "Message : lu par ses destinataires. Rien sur la santé, la justice, la nationalité ou la famille."
)


class ChampHeure(forms.TimeField):
    """An hour typed 14:30, 14h30 or 14 h."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("help_text", "Format attendu : 14:30")
        kwargs.setdefault("widget", forms.TextInput(attrs={"class": "fr-input qualit-date"}))
        super().__init__(*args, **kwargs)
        self.error_messages["invalid"] = "Écrivez l’heure sous la forme 14:30."

    def prepare_value(self, value):
        return f"{value:%H:%M}" if isinstance(value, (time, datetime)) else value

    def to_python(self, value):
        if isinstance(value, str):
            value = value.strip().lower().replace(" ", "").replace("h", ":")
            value = f"{value}00" if value.endswith(":") else value
        return super().to_python(value)


def instant(jour, heure):
    """The aware datetime of a day and an hour typed here."""
    return timezone.make_aware(datetime.combine(jour, heure))


def refuser_le_passe(form, jour, heure):
    """Add an error when this instant is over. Returns it, or None."""
    if not jour or not heure:
        return None
    quand = instant(jour, heure)
    if quand < timezone.now():
        form.add_error("jour", "Cette date est passée.")
    return quand


class SurDossier:
    """Mixin of the forms that decide on a dossier: what happened to it meanwhile is told before anything is saved."""

    def __init__(self, *args, dossier=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.dossier = dossier
        self.fields["vu"] = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
        if dossier is not None and not self.is_bound:
            self.fields["vu"].initial = jalons.jalon(dossier)

    def clean(self):
        donnees = super().clean()
        donnees = self.cleaned_data if donnees is None else donnees
        if self.dossier is not None and donnees.get("vu"):
            faits = jalons.survenus(self.dossier, donnees["vu"])
            if faits:
                conflits.faits_survenus(self, faits, jalons.jalon(self.dossier))
        return donnees


class MotifForm(SurDossier, GardeTexteLibre, FormulaireDSFR):
    champs_gardes = ("motif",)

    motif = ChampTexte(label="Motif", max_length=200)


class AvecPlace:
    """Mixin of the forms that commission a structure: the vacant places of the solution, one of which may be chosen.

    `place` in `cleaned_data` is the `Place` itself; without any place to offer there is no field.
    """

    def offrir(self, places):
        """Offer these places."""
        self.places = {p.pk: p for p in places}
        if self.places:
            self.fields["place"] = forms.TypedChoiceField(
                label="Place vacante",
                coerce=int,
                required=False,
                empty_value=None,
                widget=BoutonsRadio,
                choices=[("", "Aucune en particulier"), *((p.pk, p.resume) for p in places)],
            )

    def place_choisie(self, donnees):
        """Replace the key that was chosen by its place; refuse a place of another structure than the one chosen."""
        place = self.places.get(donnees.get("place"))
        if place and donnees.get("structure") and place.structure_id != donnees["structure"]:
            self.add_error("place", "Cette place est dans une autre structure.")
        donnees["place"] = place
        return donnees


def membres(bassins):
    """Active people of the GAB of these bassins."""
    return Utilisateur.objects.filter(
        pk__in=Adhesion.objects.actives()
        .filter(bassin__in=bassins, role__in=["coordinateur_gab", "membre_gab"])
        .values("utilisateur")
    )


def choix_solutions():
    """Solutions with their families as groups: [("", "Choisir"), (family, [(code, label)…])…]."""
    from_list = []
    groupes = {}
    for code, etiquette in choix("solutions"):
        t = terme("solutions", code)
        parent = t.plus.get("parent") if t else ""
        groupes.setdefault(parent or code, []).append((code, etiquette))
    for racine, membres_du_groupe in groupes.items():
        if len(membres_du_groupe) == 1:
            from_list.append(membres_du_groupe[0])
        else:
            t = terme("solutions", racine)
            from_list.append((t.libelle if t else racine, membres_du_groupe))
    return [("", "Choisir"), *from_list]


def operateurs_avec_charge(bassin):
    """Open operators of the académie, by name, with their load: `en_cours`, `en_attente`; `inscrits`: somebody answers."""
    actifs = Adhesion.objects.actives().filter(role="operateur", structure=OuterRef("pk"))
    structures = list(
        Structure.objects.ouvertes()
        .operatrices()
        .filter(academie=bassin.academie)
        .annotate(inscrits=Exists(actifs))
        .order_by("nom_tri")
    )
    charges = Counter()
    vivantes = Mission.objects.vivantes().order_by().values_list("structure", "etat")
    for structure, etat, nombre in vivantes.annotate(n=Count("pk")):
        charges[structure, etat] = nombre
    for structure in structures:
        structure.en_cours = charges[structure.pk, Mission.Etat.ACCEPTEE]
        structure.en_attente = charges[structure.pk, Mission.Etat.PROPOSEE]
    return structures


def choix_operateurs(bassin, sauf=()):
    """Choices of operators in two groups, with the load in the label."""
    ici, ailleurs = [], []
    for structure in operateurs_avec_charge(bassin):
        if structure.pk in sauf:
            continue
        charge = f"{structure.en_cours} en cours, {structure.en_attente} sans réponse"
        if not structure.inscrits:
            charge += ", personne n’y est inscrit"
        (ici if structure.bassin_id == bassin.pk else ailleurs).append(
            (structure.pk, f"{structure.nom} ({charge})")
        )
    return [
        ("", "Choisir une structure"),
        (f"Bassin {bassin.nom}", ici),
        ("Autres bassins de l’académie", ailleurs),
    ]

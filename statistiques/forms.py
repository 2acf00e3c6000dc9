"""What may be asked of the statistics by the address: closed lists only, nothing nominative."""

import re
from datetime import date

from django import forms
from django.utils import timezone

from qualit.territoire.models import TYPES_DECLARANTS, Structure
from qualit.web.formulaires import ChampDate, ChampTexte, FormulaireDSFR
from signalements.models import campagne_de

from .cliches import avec_cliche
from .dimensions import dimensions_pour
from .indicateurs import FAMILLES, REGISTRE, codes_pour
from .jours import jours_de_lecture
from .models import Episode
from .relation import Champ, fin_de_campagne, libelle_campagne, lire_campagne

PREMIERE_CAMPAGNE = 2009
CODE = re.compile(
    r"[A-Za-z0-9_+.-]{1,60}"
)  # of a nomenclature or of a structure: nobody's name passes for one
CODE_DE_DIFFUSION = re.compile(r"[0-9A-F]{12}")


def campagnes():
    """The campaigns that may be asked, latest first."""
    return range(campagne_de(timezone.localdate()), PREMIERE_CAMPAGNE - 1, -1)


def lire_jour(texte):
    """A date of the address (ISO, or jj/mm/aaaa from the form), never in the future; None when it is none of a campaign."""
    texte = (texte or "").strip()
    try:
        if "/" in texte:
            jour, mois, annee = texte.split("/")
            lu = date(int(annee), int(mois), int(jour))
        else:
            lu = date.fromisoformat(texte)
    except (ValueError, OverflowError):
        return None
    return min(lu, timezone.localdate()) if lu.year >= PREMIERE_CAMPAGNE else None


def lire_champ(parametres, portee):
    """The `Champ` that an address describes; what is not understood is left at its default.

    Readers of protected figures choose a place and a campaign, no filter, and no day but those of `jours_de_lecture` (the last
    one unless asked), or for the totals of the académie only. A difference between a whole and a part would be a small cell.
    """
    aujourdhui = timezone.localdate()
    try:
        campagne = lire_campagne(parametres.get("campagne", ""))
    except ValueError:
        campagne = campagne_de(aujourdhui)
    campagne = min(max(campagne, PREMIERE_CAMPAGNE), campagne_de(aujourdhui))
    if not (portee.exact or portee.totaux):
        campagne = campagne if jours_de_lecture(campagne) else campagne - 1
        jours, demande = jours_de_lecture(campagne), lire_jour(parametres.get("au"))
        return avec_cliche(Champ(portee.lieu, campagne, demande if demande in jours else jours[-1]), portee)
    dernier = aujourdhui if portee.exact else max(jours_de_lecture(campagne), default=aujourdhui)
    au = lire_jour(parametres.get("au")) or dernier
    if not portee.exact:  # nothing changes any more a year after the end
        au = min(au, fin_de_campagne(campagne + 1))
    connu = lire_jour(parametres.get("connu"))
    filtres = ()
    if portee.exact:
        filtres = tuple(
            (code, parametres[code])
            for code in dimensions_pour(portee.lieu)
            if CODE.fullmatch(parametres.get(code, ""))
        )
    return avec_cliche(Champ(portee.lieu, campagne, au, connu, filtres), portee)


class ChampForm(FormulaireDSFR):
    """Place, campaign and dates of the figures."""

    mention_facultatif = False
    lieu = forms.ChoiceField(label="Territoire ou établissement")
    campagne = forms.ChoiceField(label="Campagne (1er juillet – 30 juin)")
    au = ChampDate(label="Arrêté au", required=False, help_text="Ce qui est arrivé jusqu’à ce jour.")
    connu = ChampDate(
        label="Tel que connu au",
        required=False,
        help_text="Ce qui était enregistré ce jour-là (vide : aujourd’hui).",
    )

    def __init__(self, portees, champ, portee, **kwargs):
        initial = {
            "lieu": champ.lieu.cle,
            "campagne": libelle_campagne(champ.campagne),
            "au": champ.au,
            "connu": champ.connu_au,
        }
        super().__init__(initial=initial, **kwargs)
        self.portee = portee
        self.fields["lieu"].choices = [(cle, p.lieu.nom) for cle, p in portees.items()]
        possibles = [c for c in campagnes() if portee.exact or portee.totaux or jours_de_lecture(c)]
        self.fields["campagne"].choices = [(libelle_campagne(c), libelle_campagne(c)) for c in possibles]
        if not (portee.exact or portee.totaux):
            del self.fields["au"], self.fields["connu"]


#: Breakdowns offered as filters to those who read exact figures.
FILTRES = (
    "sexe", "age", "niveau", "diplome", "statut", "nature", "motif", "motif_jeune", "type_structure", "structure",
    "bassin_formation", "origine", "solution",
)  # fmt: skip


class TableauForm(ChampForm):
    """The dashboard's: with filters, for those who read exact figures."""

    def __init__(self, portees, champ, portee, **kwargs):
        super().__init__(portees, champ, portee, **kwargs)
        if not portee.exact:
            return
        filtres, possibles = dict(champ.filtres), dimensions_pour(champ.lieu)
        etablissements = _etablissements(champ.lieu) if "structure" in possibles else {}
        for code in [c for c in FILTRES if c in possibles]:
            d = possibles[code]
            if code == "structure":
                choix = [(nom, siens) for (_, nom), siens in etablissements.items()]
            elif code == "bassin_formation":
                choix = [bassin for bassin in etablissements if bassin[0]]
            else:
                choix = [(v, d.nom(v)) for v in d.valeurs()]
            self.fields[code] = forms.ChoiceField(
                label=d.libelle, choices=[("", "Tous"), *choix], required=False, initial=filtres.get(code)
            )


def _etablissements(lieu):
    """{(bassin's code, its name): [(code, name)]} of the schools of the académie, for a select in groups."""
    lues = Structure.objects.filter(academie=lieu.academie_id, type__in=TYPES_DECLARANTS)
    groupes = {}
    for code, nom, bassin, nom_bassin in lues.order_by("bassin__nom", "nom_tri").values_list(
        "code", "nom", "bassin__code", "bassin__nom"
    ):
        groupes.setdefault((bassin or "", nom_bassin or "Sans bassin"), []).append((code, nom))
    return groupes


class QuestionForm(ChampForm):
    """La question de 18 h: one indicator by one or two dimensions."""

    field_order = ["indicateur", "lignes", "colonnes", "lieu", "campagne", "au", "connu"]
    indicateur = forms.ChoiceField(label="Chiffre")
    lignes = forms.ChoiceField(label="Par")
    colonnes = forms.ChoiceField(label="Et par", required=False)

    def __init__(self, *args, choix, **kwargs):
        super().__init__(*args, **kwargs)
        lieu = self.portee.lieu
        codes = codes_pour(lieu)
        self.fields["indicateur"].choices = [
            (FAMILLES[f], [(c, REGISTRE[c].libelle) for c in codes if REGISTRE[c].famille == f])
            for f in FAMILLES
        ]
        dimensions = [(d.code, d.libelle) for d in dimensions_pour(lieu, self.portee.exact).values()]
        self.fields["lignes"].choices = dimensions
        self.fields["colonnes"].choices = [("", "Rien d’autre"), *dimensions]
        self.initial |= choix


class PublicationForm(FormulaireDSFR):
    """What to freeze: a title, a campaign, the day at which facts stop."""

    titre = ChampTexte(
        label="Titre", max_length=160, help_text="Par exemple : Point de rentrée, octobre 2026."
    )
    campagne = forms.ChoiceField(label="Campagne (1er juillet – 30 juin)")
    au = ChampDate(
        label="Arrêté au", help_text="Ce qui est arrivé jusqu’à ce jour, tel que connu maintenant."
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["campagne"].choices = [(c, libelle_campagne(c)) for c in campagnes()]
        self.fields["au"].initial = timezone.localdate()

    def clean_campagne(self):
        return int(self.cleaned_data["campagne"])


class RechercheForm(FormulaireDSFR):
    """What the file for the evaluator holds."""

    campagnes = forms.MultipleChoiceField(
        label="Campagnes",
        widget=forms.CheckboxSelectMultiple,
        help_text="Plusieurs possibles : un jeune y garde le même pseudonyme.",
    )
    au = ChampDate(label="Arrêté au")
    k = forms.IntegerField(
        label="Taille minimale d’un groupe",
        min_value=5,
        max_value=50,
        initial=5,
        help_text="Aucune combinaison de caractéristiques ne sera portée par moins de jeunes.",
    )
    motif = ChampTexte(
        label="Pour qui et pour quelle étude",
        max_length=200,
        help_text="Gardé au journal : convention, organisme.",
    )
    code = ChampTexte(
        label="Code d’une diffusion précédente",
        required=False,
        max_length=12,
        help_text="À donner seulement pour suivre les mêmes jeunes d’un fichier à l’autre ; sinon les pseudonymes changent.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        pleines = Episode.objects.values_list("campagne", flat=True).distinct()
        self.fields["campagnes"].choices = [
            (str(c), libelle_campagne(c)) for c in campagnes() if c in set(pleines)
        ]
        self.fields["au"].initial = timezone.localdate()

    def clean_campagnes(self):
        return sorted(map(int, self.cleaned_data["campagnes"]))

    def clean_code(self):
        code = self.cleaned_data["code"].strip().upper()
        if code and not CODE_DE_DIFFUSION.fullmatch(code):
            raise forms.ValidationError("Un code de diffusion a douze chiffres ou lettres de A à F.")
        return code

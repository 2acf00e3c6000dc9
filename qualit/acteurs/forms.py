"""Forms about people and structures."""

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from qualit.territoire import droits
from qualit.territoire.controles import siret_valide, uai_valide
from qualit.territoire.droits import Droit
from qualit.territoire.models import (
    Academie,
    Adhesion,
    Bassin,
    Commune,
    Structure,
    TypeStructure,
    Utilisateur,
    cle_de_tri,
)
from qualit.territoire.roles import SIEGE_DU_ROLE, Role
from qualit.web.formulaires import (
    BoutonsRadio,
    ChampDate,
    ChampTexte,
    ChampTexteLong,
    FormulaireDSFR,
    FormulaireModeleDSFR,
)

from .services import roles_accordables


class CharteForm(FormulaireDSFR):
    acceptee = forms.BooleanField(label="J’ai lu la charte et je m’engage à la respecter.")


class CompteForm(FormulaireModeleDSFR):
    """What a person sets about themselves."""

    class Meta:
        model = Utilisateur
        fields = ["prenom", "nom", "fonction", "telephone", "resume"]
        widgets = {"resume": BoutonsRadio}


class ArriveeForm(FormulaireDSFR):
    """First sign-in from an invitation: the name and the password."""

    prenom = ChampTexte(label="Prénom", max_length=80)
    nom = ChampTexte(label="Nom", max_length=80)
    mot_de_passe = forms.CharField(
        label="Mot de passe",
        strip=False,
        max_length=128,
        help_text="12 caractères au moins. Une phrase convient ; aucun signe n’est imposé.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    confirmation = forms.CharField(
        label="Le même mot de passe",
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, email, **kwargs):
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self):
        donnees = super().clean()
        un, deux = donnees.get("mot_de_passe"), donnees.get("confirmation")
        if un and deux and un != deux:
            self.add_error("confirmation", "Les deux mots de passe ne sont pas les mêmes.")
        elif un:
            personne = Utilisateur(
                email=self.email, prenom=donnees.get("prenom", ""), nom=donnees.get("nom", "")
            )
            try:
                validate_password(un, personne)
            except ValidationError as erreur:
                self.add_error("mot_de_passe", erreur)
        return donnees


class InvitationForm(FormulaireDSFR):
    """Invite one person to one seat that `par` manages."""

    email = forms.EmailField(label="Courriel professionnel")
    prenom = ChampTexte(label="Prénom", required=False, max_length=80)
    nom = ChampTexte(label="Nom", required=False, max_length=80)
    role = forms.ChoiceField(label="Rôle")
    siege = forms.ChoiceField(label="Lieu")
    fin = ChampDate(label="Jusqu’au", required=False, futur=True)

    def __init__(self, *args, par, **kwargs):
        super().__init__(*args, **kwargs)
        self.par = par
        sieges = sieges_geres(par)
        self.fields["siege"].choices = [("", "Choisissez"), *sieges]
        if len(sieges) == 1:
            self.fields["siege"].initial = sieges[0][0]
        if droits.a_le_droit(par, Droit.GERER_PERSONNES):
            roles = list(Role)
        else:
            roles = [r for r in Role if SIEGE_DU_ROLE[r] == "structure" and r in (
                Role.SIGNALEUR, Role.REFERENT_STRUCTURE, Role.OPERATEUR)]  # fmt: skip
        self.fields["role"].choices = [("", "Choisissez"), *((r.value, r.label) for r in roles)]

    def clean_fin(self):
        fin = self.cleaned_data["fin"]
        if fin and fin < timezone.localdate():
            raise ValidationError("Cette date est passée.")
        return fin

    def clean(self):
        donnees = super().clean()
        if donnees.get("siege") and donnees.get("role"):
            donnees["siege"] = siege_de(donnees["siege"])
            if Role(donnees["role"]) not in roles_accordables(self.par, donnees["siege"]):
                self.add_error(
                    "role", "Ce rôle ne s’exerce pas dans ce lieu, ou vous ne pouvez pas l’accorder."
                )
        return donnees


def siege_de(code):
    """The seat of a choice such as "structure-12"."""
    champ, pk = code.split("-")
    return {"structure": Structure, "bassin": Bassin, "academie": Academie}[champ].objects.get(pk=pk)


def sieges_geres(par):
    """Choices of the seats where this person may grant roles: [(code, label)]."""
    academies = droits.academies_pour(par, Droit.GERER_PERSONNES)
    structures = Structure.objects.ouvertes().filter(
        Q(academie__in=academies) | Q(pk__in=droits.structures_pour(par, Droit.GERER_EQUIPE))
    )
    choix = [(f"structure-{s.pk}", s.nom) for s in structures]
    choix += [(f"bassin-{b.pk}", f"Bassin {b.nom}") for b in Bassin.objects.filter(academie__in=academies)]
    choix += [(f"academie-{a.pk}", a.nom) for a in Academie.objects.filter(pk__in=academies)]
    return choix


class FichierForm(FormulaireDSFR):
    """A list to import."""

    fichier = forms.FileField(
        label="Fichier",
        help_text="CSV, Excel (.xlsx) ou LibreOffice (.ods), 5 000 lignes au plus.",
        error_messages={"required": "Choisissez un fichier.", "empty": "Ce fichier est vide."},
    )

    def clean_fichier(self):
        fichier = self.cleaned_data["fichier"]
        if fichier.size > 5 * 1024 * 1024:
            raise ValidationError("Ce fichier dépasse 5 Mo.")
        return fichier


class ReferentielForm(FichierForm):
    """A corrected reference table. dater: changed labels may take effect on a day, the former ones kept before it."""

    motif = ChampTexte(label="Pourquoi ce changement ?", max_length=200, help_text="Gardé avec la version.")
    a_partir_du = ChampDate(
        label="Changer les libellés à partir du",
        required=False,
        futur=True,
        help_text="Vide : c’est une correction, le libellé change partout. Avec une date : l’ancien libellé reste avant elle.",
    )

    def __init__(self, *args, dater=False, **kwargs):
        super().__init__(*args, **kwargs)
        if not dater:
            del self.fields["a_partir_du"]


class FinAdhesionForm(FormulaireDSFR):
    le = ChampDate(
        label="Dernier jour",
        required=False,
        futur=True,
        help_text="Laissez vide pour mettre fin tout de suite.",
    )

    a = forms.ModelChoiceField(
        Utilisateur.objects.none(),
        label="Confier ce qui est en cours à",
        required=False,
        to_field_name="reference",
        empty_label="Personne pour l’instant",
        help_text="La remise est immédiate. Sans choix, ce qui est en cours apparaît dans « À reprendre ».",
    )
    donner_le_role = forms.BooleanField(label="Lui donner aussi ce rôle", required=False)

    def __init__(self, *args, adhesion, collegues, **kwargs):
        super().__init__(*args, **kwargs)
        self.adhesion = adhesion
        self.fields["a"].queryset = collegues
        if not collegues:
            del self.fields["a"], self.fields["donner_le_role"]

    def clean_le(self):
        le = self.cleaned_data["le"]
        if le and le < self.adhesion.debut:
            raise ValidationError(f"L’adhésion commence le {self.adhesion.debut:%d/%m/%Y}.")
        return le

    def clean(self):
        donnees = super().clean()
        if donnees.get("donner_le_role") and not donnees.get("a"):
            self.add_error("a", "Choisissez la personne qui reprend le rôle.")
        return donnees


class SecoursForm(FormulaireDSFR):
    motif = ChampTexte(
        label="Comment avez-vous vérifié que c’est bien cette personne ?",
        max_length=300,
        help_text="Par exemple : appel de sa ligne directe, rencontre.",
    )


class SuppleanceForm(FormulaireDSFR):
    suppleant = forms.ModelChoiceField(
        Utilisateur.objects.none(), label="Suppléant", empty_label="Choisissez"
    )
    debut = ChampDate(label="Du", futur=True)
    fin = ChampDate(label="Au", futur=True)

    def __init__(self, *args, bassin, **kwargs):
        super().__init__(*args, **kwargs)
        membres = Adhesion.objects.actives().filter(bassin=bassin, role=Role.MEMBRE_GAB)
        self.fields["suppleant"].queryset = Utilisateur.objects.filter(pk__in=membres.values("utilisateur"))

    def clean(self):
        donnees = super().clean()
        if donnees.get("debut") and donnees.get("fin") and donnees["fin"] < donnees["debut"]:
            self.add_error("fin", "La fin ne peut pas précéder le début.")
        return donnees


class StructureForm(FormulaireModeleDSFR):
    """A structure by hand: the bassin follows the commune unless it is chosen."""

    code_commune = ChampTexte(
        label="Commune (code INSEE)", max_length=5, required=False, help_text="Par exemple 14118 pour Caen."
    )

    class Meta:
        model = Structure
        fields = [
            "nom", "type", "uai", "siret", "prive", "code_commune", "bassin", "bassin_force", "adresse", "telephone",
            "courriel", "ouverte_le",
        ]  # fmt: skip

    ouverte_le = ChampDate(label="Ouverte le", required=False)

    def __init__(self, *args, academie, **kwargs):
        super().__init__(*args, **kwargs)
        self.academie = academie
        self.fields["bassin"].queryset = Bassin.objects.filter(academie=academie)
        self.fields["bassin"].help_text = "Laissez vide : le bassin suit la commune."
        self.fields[
            "bassin_force"
        ].help_text = "Cochez pour garder ce bassin même si la commune en a un autre."
        if self.instance.commune_id:
            self.fields["code_commune"].initial = self.instance.commune.code_insee

    def clean_uai(self):
        uai = (self.cleaned_data["uai"] or "").upper().replace(" ", "")
        if uai and not uai_valide(uai):
            raise ValidationError(
                "UAI incorrect : 7 chiffres et leur lettre de contrôle, par exemple 0140013N."
            )
        return uai

    def clean_siret(self):
        siret = (self.cleaned_data["siret"] or "").replace(" ", "")
        if siret and not siret_valide(siret):
            raise ValidationError("SIRET incorrect : 14 chiffres avec leur clé.")
        return siret

    def clean_code_commune(self):
        code = self.cleaned_data["code_commune"]
        if not code:
            return None
        commune = Commune.objects.filter(code_insee=code, actuelle__isnull=True).first()
        if commune is None:
            raise ValidationError("Aucune commune ne porte ce code.")
        return commune


class FermetureForm(FormulaireDSFR):
    fermee_le = ChampDate(label="Fermée le", futur=True)
    reprise_par = forms.ModelChoiceField(
        Structure.objects.none(),
        label="Structure qui reprend",
        required=False,
        empty_label="Aucune",
        help_text="Elle reçoit les équipes, les signalements, les missions et les invitations.",
    )

    def __init__(self, *args, structure, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reprise_par"].queryset = (
            Structure.objects.ouvertes().filter(academie=structure.academie).exclude(pk=structure.pk)
        )


class AnnuaireForm(FormulaireDSFR):
    """Filters of the directory."""

    mention_facultatif = False
    q = ChampTexte(label="Nom d’une structure ou d’une commune", required=False, max_length=80)
    bassin = forms.ModelChoiceField(Bassin.objects.all(), label="Bassin", required=False, empty_label="Tous")
    type = forms.ChoiceField(label="Type", required=False, choices=[("", "Tous"), *TypeStructure.choices])

    def filtrer(self, structures):
        """The structures that the filters keep."""
        if not self.is_valid():
            return structures
        if q := cle_de_tri(self.cleaned_data["q"]):
            structures = structures.filter(Q(nom_tri__contains=q) | Q(commune__nom_tri__contains=q))
        if bassin := self.cleaned_data["bassin"]:
            structures = structures.filter(bassin=bassin)
        if type_ := self.cleaned_data["type"]:
            structures = structures.filter(type=type_)
        return structures


class EquipeForm(FormulaireDSFR):
    """Filters of the people of one's seats."""

    mention_facultatif = False
    role = forms.ChoiceField(label="Rôle", required=False, choices=[("", "Tous"), *Role.choices])
    lieu = ChampTexte(label="Établissement ou bassin", required=False, max_length=80)

    def filtrer(self, lignes):
        """The memberships or invitations that the filters keep."""
        if not self.is_valid():
            return lignes
        if role := self.cleaned_data["role"]:
            lignes = lignes.filter(role=role)
        if lieu := cle_de_tri(self.cleaned_data["lieu"]):
            lignes = lignes.filter(Q(structure__nom_tri__contains=lieu) | Q(bassin__nom__icontains=lieu))
        return lignes


class InvitationsForm(EquipeForm):
    """Filters of the invitations without an answer."""

    situation = forms.ChoiceField(
        label="Situation",
        required=False,
        choices=[("", "Toutes"), ("en_attente", "En attente"), ("expiree", "Expirées")],
    )

    def filtrer(self, lignes):
        lignes = super().filtrer(lignes)
        situation = self.cleaned_data.get("situation")
        if situation == "en_attente":
            lignes = lignes.filter(expire_le__gte=timezone.now())
        elif situation == "expiree":
            lignes = lignes.filter(expire_le__lt=timezone.now())
        return lignes


class ChercherPersonneForm(FormulaireDSFR):
    """Search of a person who signs in, by POST."""

    mention_facultatif = False
    q = ChampTexte(label="Nom ou courriel de la personne", max_length=80)


class VoirCommeForm(FormulaireDSFR):
    motif = ChampTexteLong(label="Pourquoi ?", max_length=300, lignes=2, help_text="Gardé dans le journal.")

"""What was reported: the identity as typed, the schooling and exit, the contacts. Kept as it came."""

from datetime import date

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from qualit.territoire.droits import Chemin, Nominatif, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Bassin, Commune, Structure, Utilisateur, cle_de_tri, nouvelle_reference
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.roles import Niveau


def campagne_de(jour):
    """The campaign (1 July to 30 June) of a day, as the year in which it starts."""
    return jour.year if jour.month >= 7 else jour.year - 1


class EtatSignalement(models.TextChoices):
    BROUILLON = "brouillon", "Brouillon"
    ENVOYE = "envoye", "Envoyé"
    RECEVABLE = "recevable", "Pris en compte"
    A_COMPLETER = "a_completer", "À compléter"
    HORS_CHAMP = "hors_champ", "Hors champ"
    ANNULE = "annule", "Retiré"


class Origine(models.TextChoices):
    SAISIE = "saisie", "Formulaire"
    IMPORT = "import", "Import de liste"
    API = "api", "Logiciel de l’établissement"
    ACCUEIL = "accueil", "Jeune qui se présente"
    REPRISE = "reprise", "Reprise de fiches"


#: Drafts are shared within the structure that types them, and nobody else reads them.
ENVOYES = {"envoye_le__isnull": False}


class SignalementQuerySet(PerimetreQuerySet):
    def brouillons(self):
        return self.filter(etat=EtatSignalement.BROUILLON)

    def envoyes(self):
        """All but drafts."""
        return self.exclude(etat=EtatSignalement.BROUILLON)

    def valides(self):
        """Those that count: sent, and neither withdrawn nor out of scope."""
        return self.filter(
            etat__in=[EtatSignalement.ENVOYE, EtatSignalement.RECEVABLE, EtatSignalement.A_COMPLETER]
        )

    def de_la_campagne(self, annee):
        """Sent in the campaign that starts on 1 July of that year."""
        return self.filter(envoye_le__date__gte=date(annee, 7, 1), envoye_le__date__lt=date(annee + 1, 7, 1))


class Signalement(Nominatif):
    """A dropout report by a structure. What was typed is never overwritten by the matching."""

    class Sexe(models.TextChoices):
        FEMININ = "F", "Féminin"
        MASCULIN = "M", "Masculin"

    class Domicile(models.TextChoices):
        FRANCE = "france", "Adresse en France"
        ETRANGER = "etranger", "Adresse à l’étranger"
        SANS = "sans", "Sans adresse stable"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    etat = models.CharField(
        "état", max_length=15, choices=EtatSignalement.choices, default=EtatSignalement.BROUILLON
    )
    origine = models.CharField(max_length=10, choices=Origine.choices, default=Origine.SAISIE)
    structure = models.ForeignKey(
        Structure, models.PROTECT, related_name="signalements", verbose_name="établissement"
    )
    auteur = models.ForeignKey(
        Utilisateur, models.PROTECT, null=True, related_name="signalements", verbose_name="saisi par"
    )
    bassin = models.ForeignKey(
        Bassin, models.PROTECT, related_name="signalements", verbose_name="bassin chargé du jeune"
    )
    bassin_deduit = models.BooleanField(
        default=False, help_text="Domicile inconnu ou hors académie : bassin de l’établissement."
    )

    # Identity as typed (domaine.md §5). Drafts may be incomplete.
    nom_naissance = models.CharField("nom de naissance", max_length=100, blank=True)
    nom_usage = models.CharField("nom d’usage", max_length=100, blank=True)
    prenom = models.CharField("prénom", max_length=100, blank=True)
    autres_prenoms = models.CharField("autres prénoms", max_length=150, blank=True)
    nom_tri = models.CharField(max_length=200, blank=True, editable=False)
    date_naissance = models.DateField("date de naissance", null=True, blank=True)
    sexe = models.CharField("sexe", max_length=1, choices=Sexe.choices, blank=True)
    commune_naissance = models.CharField("commune (ou pays) de naissance", max_length=120, blank=True)
    commune_naissance_insee = models.CharField("code INSEE de naissance", max_length=5, blank=True)
    ine = models.CharField("INE", max_length=11, blank=True)

    # Where the jeune lives
    domicile = models.CharField("domicile", max_length=10, choices=Domicile.choices, default=Domicile.FRANCE)
    adresse = models.CharField("adresse", max_length=200, blank=True)
    code_postal = models.CharField("code postal", max_length=10, blank=True)
    ville = models.CharField("commune", max_length=120, blank=True)
    commune = models.ForeignKey(Commune, models.PROTECT, null=True, blank=True, related_name="+")
    pays = models.CharField("pays", max_length=80, blank=True)

    # Schooling and exit
    formation = models.CharField("formation suivie", max_length=160, blank=True)
    classe = models.CharField("classe", max_length=60, blank=True)
    niveau = models.CharField("niveau de sortie", max_length=20, blank=True)
    diplome = models.CharField("plus haut diplôme obtenu", max_length=30, blank=True)
    diplome_precision = models.CharField("précision sur le diplôme", max_length=120, blank=True)
    resultat_attendu_le = models.DateField("résultat attendu le", null=True, blank=True)
    statut = models.CharField("statut", max_length=20, blank=True)
    regime = models.CharField("régime", max_length=20, blank=True)
    date_sortie = models.DateField("date de sortie", null=True, blank=True)
    nature_sortie = models.CharField("nature de la sortie", max_length=40, blank=True)
    motifs = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, verbose_name="motifs selon l’établissement"
    )
    motif_principal = models.CharField("motif principal", max_length=60, blank=True)

    famille_informee = models.BooleanField("famille informée", null=True, blank=True)
    famille_informee_le = models.DateField("famille informée le", null=True, blank=True)
    famille_informee_par = models.CharField("famille informée par", max_length=120, blank=True)
    aucun_contact = models.BooleanField("aucun contact connu", default=False)
    declarant_nom = models.CharField("déclarant", max_length=160, blank=True)
    declarant_fonction = models.CharField("fonction", max_length=120, blank=True)
    declarant_telephone = models.CharField("ligne directe", max_length=20, blank=True)
    prioritaire = models.BooleanField("demande à être traité en priorité", default=False)
    note = models.TextField("note interne", blank=True, help_text="Lue seulement dans votre établissement.")
    message = models.TextField("message au GAB", blank=True)

    motif_retrait = models.CharField("motif du retrait", max_length=40, blank=True)
    motif_hors_champ = models.CharField(max_length=40, blank=True)
    obligation_formation = models.BooleanField(
        default=False, help_text="Diplômé à 16-17 ans : suivi, hors du compte des sans diplôme."
    )
    cree_le = models.DateTimeField(default=timezone.now)
    modifie_le = models.DateTimeField(auto_now=True)
    envoye_le = models.DateTimeField("envoyé le", null=True, blank=True)
    trie_le = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    import_lot = models.BigIntegerField(null=True, blank=True, db_index=True)
    empreinte_ligne = models.CharField(
        max_length=64, blank=True, help_text="Même ligne déjà envoyée (import, API)."
    )
    jeton_saisie = models.CharField(
        max_length=64,
        null=True,
        blank=True,
        editable=False,
        help_text="Jeton du formulaire qui l’a créé : le même formulaire envoyé deux fois fait un seul signalement.",
    )
    jeton_onglet = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Onglet du dernier enregistrement."
    )
    modifie_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    identite_verifiee_le = models.DateTimeField(
        null=True, blank=True, help_text="Identité inhabituelle, mais exacte selon l’établissement."
    )

    objects = SignalementQuerySet.as_manager()

    ARCHIVE = "versement__dossier__archive_le"

    CHAMPS_MASQUES = (
        "nom_naissance", "nom_usage", "prenom", "autres_prenoms", "nom_tri", "date_naissance", "ine", "adresse",
        "commune_naissance", "note", "message",
    )  # fmt: skip

    PERIMETRE = Perimetre(
        lecture={
            Niveau.STRUCTURE: (Chemin("structure"),),
            Niveau.OPERATEUR: (
                Chemin("structure"),
                Chemin(
                    "versement__dossier__missions__structure",
                    {
                        "versement__dossier__missions__etat__in": ["proposee", "acceptee", "terminee"],
                        "versement__dossier__missions__a_confirmer": False,
                    },
                    multiple=True,
                ),
            ),
            Niveau.BASSIN: (
                Chemin("bassin", ENVOYES),
                Chemin("structure__bassin", ENVOYES),
                Chemin("versement__dossier__bassin", multiple=True),
                Chemin(
                    "versement__dossier__transferts__vers",
                    {"versement__dossier__transferts__etat": "propose"},
                    multiple=True,
                ),
                Chemin(
                    "versement__dossier__transferts__de",
                    {
                        "versement__dossier__transferts__etat": "accepte",
                        "versement__dossier__transferts__lisible_jusqu_au__gte": timezone.localdate,
                    },
                    multiple=True,
                ),
            ),
            Niveau.ACADEMIE: (Chemin("bassin__academie", ENVOYES),),
            Niveau.SEANCE: (
                Chemin(
                    "versement__dossier__lignes__seance__invites",
                    {"versement__dossier__lignes__seance__etat__in": ["preparee", "ouverte", "close"]},
                    multiple=True,
                ),
            ),
        },
        action={
            Niveau.OPERATEUR: (Chemin("structure"),),
            Niveau.BASSIN: (Chemin("bassin", ENVOYES), Chemin("versement__dossier__bassin", multiple=True)),
        },
        partage="versement__dossier",
    )

    class Meta:
        ordering = ["-envoye_le", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="signalement_envoye_complet",
                condition=Q(etat=EtatSignalement.BROUILLON)
                | Q(envoye_le__isnull=False) & ~Q(nom_naissance="") & ~Q(prenom="")
                | Q(origine=Origine.REPRISE, envoye_le__isnull=False),
                violation_error_message="Un signalement envoyé porte au moins un nom, un prénom et une date d’envoi.",
            ),
            models.UniqueConstraint(fields=["structure", "jeton_saisie"], name="signalement_jeton_unique"),
            models.UniqueConstraint(
                fields=["structure", "empreinte_ligne"],
                condition=~Q(empreinte_ligne="") & ~Q(etat="annule"),
                name="signalement_ligne_unique",
                violation_error_message="Cette ligne a déjà été envoyée.",
            ),
        ]
        indexes = [
            models.Index(fields=["structure", "etat", "-envoye_le"], name="signalement_structure"),
            models.Index(fields=["bassin", "etat", "envoye_le"], name="signalement_bassin"),
            models.Index(fields=["envoye_le"], name="signalement_envoye"),
            models.Index(fields=["nom_tri"], name="signalement_nom_tri"),
            models.Index(fields=["structure", "-envoye_le"], name="signalement_envois"),
            models.Index(fields=["date_naissance"], name="signalement_naissance"),
            models.Index(fields=["nom_usage"], condition=~Q(nom_usage=""), name="signalement_nom_usage"),
            GinIndex(OpClass(F("nom_tri"), name="gin_trgm_ops"), name="signalement_nom_trigrammes"),
        ]

    def __str__(self):
        return self.nom_complet or f"Signalement {self.reference}"

    def save(self, *args, **kwargs):
        self.nom_tri = cle_de_tri(self.nom_naissance, self.prenom)
        if (champs := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*champs, "nom_tri", "modifie_le"}
        super().save(*args, **kwargs)

    @property
    def nom_complet(self):
        """Last name in capitals and first name, as French lists print them."""
        return f"{self.nom_naissance.upper()} {self.prenom}".strip()

    def age_au(self, jour):
        """Age in whole years on that day, or None without a birth date."""
        return relativedelta(jour, self.date_naissance).years if self.date_naissance else None

    @property
    def age_a_la_sortie(self):
        return self.age_au(self.date_sortie) if self.date_sortie else None

    @property
    def est_mineur(self):
        age = self.age_au(timezone.localdate())
        return age is not None and age < 18

    @property
    def campagne(self):
        return campagne_de(timezone.localdate(self.envoye_le)) if self.envoye_le else None

    def libelle(self, liste, champ):
        """The label of a coded field, as it read on the day of the report."""
        jour = timezone.localdate(self.envoye_le) if self.envoye_le else None
        return libelle(liste, getattr(self, champ), jour)


class VersionSignalement(models.Model):
    """What a sent report said before a correction: what was typed stays recoverable.

    One plain row a correction, written by the only service that corrects, rather than django-pghistory's triggers
    on every table: a draft that saves itself would fill them with rows that nobody reads.
    """

    signalement = models.ForeignKey(Signalement, models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    contenu = models.JSONField(help_text="Valeurs d’avant la correction, contacts compris.")
    champs = ArrayField(models.CharField(max_length=40), default=list, verbose_name="champs corrigés")
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    quand = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-quand", "-pk"]
        verbose_name = "version d’un signalement"
        verbose_name_plural = "versions d’un signalement"
        constraints = [
            models.UniqueConstraint(fields=["signalement", "version"], name="version_signalement_unique")
        ]

    def __str__(self):
        return f"{self.signalement_id} v{self.version}"


class EtatContact(models.TextChoices):
    NON_VERIFIE = "non_verifie", "Non vérifié"
    VERIFIE = "verifie", "Vérifié"
    FAUX = "faux", "Faux"


class Contact(Nominatif):
    """A phone number or an e-mail, whose it is, and whether it works."""

    class Type(models.TextChoices):
        TELEPHONE = "telephone", "Téléphone"
        COURRIEL = "courriel", "Courriel"

    signalement = models.ForeignKey(Signalement, models.CASCADE, related_name="contacts")
    type = models.CharField(max_length=10, choices=Type.choices)
    valeur = models.CharField("valeur", max_length=200)
    normalisee = models.CharField(max_length=200, db_index=True, editable=False)
    proprietaire = models.CharField("à qui", max_length=20, default="jeune")
    etat = models.CharField(
        "état", max_length=12, choices=EtatContact.choices, default=EtatContact.NON_VERIFIE
    )
    etat_le = models.DateTimeField(null=True, blank=True)
    cree_le = models.DateTimeField(default=timezone.now)

    CHAMPS_MASQUES = ("valeur", "normalisee")

    class Meta:
        ordering = ["type", "pk"]

    def __str__(self):
        return self.valeur

    @property
    def a_qui(self):
        """Whose number or address it is, in words."""
        return libelle("liens", self.proprietaire)


class ResponsableLegal(Nominatif):
    """A legal guardian of a minor."""

    signalement = models.ForeignKey(Signalement, models.CASCADE, related_name="responsables")
    nom = models.CharField("nom", max_length=100)
    prenom = models.CharField("prénom", max_length=100, blank=True)
    lien = models.CharField("lien", max_length=20, blank=True)
    telephone = models.CharField("téléphone", max_length=30, blank=True)
    courriel = models.EmailField("courriel", blank=True)
    adresse = models.CharField("adresse (si différente)", max_length=250, blank=True)

    CHAMPS_MASQUES = ("nom", "prenom", "telephone", "courriel", "adresse")

    class Meta:
        ordering = ["pk"]
        verbose_name = "responsable légal"

    def __str__(self):
        return f"{self.prenom} {self.nom}".strip()


class QuestionQuerySet(PerimetreQuerySet):
    def ouvertes(self):
        return self.filter(close_le__isnull=True)


class Question(models.Model):
    """A task at the reporting structure: complete, correct contacts, or a withdrawal that the GAB must confirm."""

    class Type(models.TextChoices):
        COMPLETER = "completer", "Complément demandé"
        COORDONNEES = "coordonnees", "Coordonnées à corriger"
        RETRAIT = "retrait", "Retrait demandé"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    signalement = models.ForeignKey(Signalement, models.CASCADE, related_name="questions")
    type = models.CharField(max_length=12, choices=Type.choices)
    texte = models.TextField("question")
    posee_par = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    posee_le = models.DateTimeField(default=timezone.now)
    reponse = models.TextField("réponse", blank=True)
    repondue_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    repondue_le = models.DateTimeField(null=True, blank=True)
    close_le = models.DateTimeField(null=True, blank=True)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = QuestionQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.STRUCTURE: (Chemin("signalement__structure"),),
            Niveau.OPERATEUR: (
                Chemin("signalement__structure"),
                Chemin(
                    "signalement__versement__dossier__missions__structure",
                    {
                        "signalement__versement__dossier__missions__etat": "acceptee",
                        "signalement__versement__dossier__missions__a_confirmer": False,
                    },
                    multiple=True,
                ),
            ),
            Niveau.BASSIN: (
                Chemin("signalement__bassin"),
                Chemin("signalement__versement__dossier__bassin", multiple=True),
            ),
            Niveau.ACADEMIE: (Chemin("signalement__bassin__academie"),),
        },
        action={Niveau.OPERATEUR: (Chemin("signalement__structure"),)},
    )

    class Meta:
        ordering = ["-posee_le"]

    def __str__(self):
        return f"{self.get_type_display()} ({self.signalement.reference})"


class EtatNeant(models.Model):
    """A structure's monthly word that nobody left: it counts as an answer."""

    structure = models.ForeignKey(Structure, models.PROTECT, related_name="etats_neants")
    mois = models.DateField(help_text="Premier jour du mois.")
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    quand = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-mois"]
        constraints = [models.UniqueConstraint(fields=["structure", "mois"], name="etat_neant_unique")]

    def __str__(self):
        return f"{self.structure} {self.mois:%m/%Y}"

"""Who and where: territory, structures, people, memberships, nomenclatures."""

import unicodedata
from secrets import choice

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from . import droits
from .controles import siret_valide, uai_valide
from .droits import Chemin, Perimetre, PerimetreQuerySet
from .roles import SIEGE_DU_ROLE, Niveau, Role

ALPHABET_REFERENCE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def nouvelle_reference():
    """A random reference that says nothing of order or number: 8 characters, 32^8 values."""
    return "".join(choice(ALPHABET_REFERENCE) for _ in range(8))


def cle_de_tri(*textes):
    """Lower case without accents, for sorting: the database has no French collation."""
    decompose = unicodedata.normalize("NFD", " ".join(t for t in textes if t))
    return "".join(c for c in decompose if not unicodedata.combining(c)).lower()[:200]


class Academie(models.Model):
    code = models.SlugField("code", unique=True, max_length=20)
    nom = models.CharField("nom", max_length=80)

    class Meta:
        ordering = ["nom"]
        verbose_name = "académie"

    def __str__(self):
        return self.nom


class Bassin(models.Model):
    code = models.SlugField("code", unique=True, max_length=40)
    nom = models.CharField("nom", max_length=80)
    academie = models.ForeignKey(Academie, models.PROTECT, related_name="bassins", verbose_name="académie")
    telephone_gab = models.CharField("téléphone du GAB", max_length=20, blank=True)
    courriel_gab = models.EmailField("courriel du GAB", blank=True)
    delai_habituel_jours = models.PositiveSmallIntegerField("délai habituel de réponse (jours)", default=15)

    class Meta:
        ordering = ["nom"]

    def __str__(self):
        return self.nom


class CommuneQuerySet(models.QuerySet):
    def du_code_postal(self, code_postal):
        """Communes served by this postal code (current names first)."""
        return self.filter(codes_postaux__contains=[code_postal]).order_by("nom")


class Commune(models.Model):
    """A commune of the COG, current or historic (`actuelle` then says what it became), or a foreign country (99xxx)."""

    code_insee = models.CharField("code INSEE", max_length=5)
    nom = models.CharField("nom", max_length=120)
    nom_tri = models.CharField(max_length=200, blank=True, editable=False)
    codes_postaux = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    departement = models.CharField("département", max_length=3, blank=True)
    population = models.PositiveIntegerField("population", null=True, blank=True)
    bassin = models.ForeignKey(Bassin, models.PROTECT, null=True, blank=True, related_name="communes")
    actuelle = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="anciennes")

    objects = CommuneQuerySet.as_manager()

    class Meta:
        ordering = ["nom_tri"]
        constraints = [models.UniqueConstraint(fields=["code_insee", "nom"], name="commune_code_nom_unique")]
        indexes = [
            models.Index(fields=["code_insee"], name="commune_code"),
            models.Index(fields=["nom_tri"], name="commune_nom_tri"),
            GinIndex(fields=["codes_postaux"], name="commune_codes_postaux"),
        ]

    def __str__(self):
        return self.nom

    def save(self, *args, **kwargs):
        self.nom_tri = cle_de_tri(self.nom)
        super().save(*args, **kwargs)


class TypeStructure(models.TextChoices):
    LYCEE_GT = "lycee_gt", "Lycée général et technologique"
    LP = "lp", "Lycée professionnel"
    LYCEE_POLY = "lycee_poly", "Lycée polyvalent"
    EREA = "erea", "EREA"
    COLLEGE = "college", "Collège"
    LYCEE_AGRICOLE = "lycee_agricole", "Lycée agricole"
    MFR = "mfr", "Maison familiale rurale"
    PRIVE_SC = "prive_sc", "Établissement privé sous contrat"
    CFA = "cfa", "CFA"
    CIO = "cio", "CIO"
    MISSION_LOCALE = "mission_locale", "Mission locale"
    PAIO = "paio", "PAIO"
    MLDS = "mlds", "MLDS"
    E2C = "e2c", "École de la deuxième chance"
    EPIDE = "epide", "EPIDE"
    GRETA = "greta", "GRETA"
    CFA_AGRICOLE = "cfa_agricole", "CFA agricole"
    UFA = "ufa", "Unité de formation par apprentissage"
    PRIVE_HC = "prive_hc", "Établissement privé hors contrat"
    RECTORAT = "rectorat", "Rectorat"
    DSDEN = "dsden", "DSDEN"
    PREFECTURE = "prefecture", "Préfecture"
    DRAAF = "draaf", "DRAAF"
    DIRECCTE = "direccte", "DREETS"
    REGION = "region", "Région"
    DEPARTEMENT = "departement", "Département"


TYPES_DECLARANTS = frozenset(
    {
        "lycee_gt",
        "lp",
        "lycee_poly",
        "erea",
        "college",
        "lycee_agricole",
        "mfr",
        "prive_sc",
        "cfa",
        "cfa_agricole",
        "ufa",
        "prive_hc",
    }
)
TYPES_OPERATEURS = frozenset(
    {"mission_locale", "paio", "cio", "mlds", "e2c", "epide", "greta", "cfa", "cfa_agricole", "ufa"}
)


class StructureQuerySet(PerimetreQuerySet):
    def ouvertes(self, au=None):
        """Structures open on that day (today by default)."""
        au = au or timezone.localdate()
        return self.filter(Q(fermee_le__isnull=True) | Q(fermee_le__gt=au))

    def declarantes(self):
        """Structures that must report their leavers."""
        return self.filter(type__in=TYPES_DECLARANTS)

    def operatrices(self):
        """Structures that may be commissioned."""
        return self.filter(type__in=TYPES_OPERATEURS)


class Structure(models.Model):
    """A school, CFA, operator or administration. Keyed by UAI, else SIRET, else a code that the portal issues."""

    code = models.CharField(
        "code", max_length=20, unique=True, help_text="UAI, sinon SIRET, sinon code du portail"
    )
    uai = models.CharField("UAI", max_length=8, blank=True)
    siret = models.CharField("SIRET", max_length=14, blank=True)
    nom = models.CharField("nom", max_length=160)
    nom_tri = models.CharField(max_length=200, blank=True, editable=False)
    type = models.CharField("type", max_length=20, choices=TypeStructure.choices)
    prive = models.BooleanField("privé", default=False)
    commune = models.ForeignKey(Commune, models.PROTECT, null=True, blank=True, related_name="structures")
    bassin = models.ForeignKey(Bassin, models.PROTECT, null=True, blank=True, related_name="structures")
    bassin_force = models.BooleanField("bassin choisi à la main", default=False)
    academie = models.ForeignKey(Academie, models.PROTECT, related_name="structures", verbose_name="académie")
    adresse = models.CharField("adresse", max_length=200, blank=True)
    telephone = models.CharField("téléphone", max_length=20, blank=True)
    courriel = models.EmailField(
        "boîte fonctionnelle", blank=True, help_text="Reçoit les avis ; ne sert jamais à se connecter."
    )
    ouverte_le = models.DateField("ouverte le", null=True, blank=True)
    fermee_le = models.DateField("fermée le", null=True, blank=True)
    reprise_par = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reprises", verbose_name="reprise par"
    )

    objects = StructureQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.STRUCTURE: (Chemin("pk"),),
            Niveau.OPERATEUR: (Chemin("pk"),),
            Niveau.BASSIN: (Chemin("bassin"),),
            Niveau.ACADEMIE: (Chemin("academie"),),
        },
    )

    class Meta:
        ordering = ["nom_tri"]
        constraints = [
            models.UniqueConstraint(
                fields=["uai"],
                condition=~Q(uai=""),
                name="structure_uai_unique",
                violation_error_message="Une structure porte déjà cet UAI.",
            ),
            models.CheckConstraint(
                condition=Q(reprise_par__isnull=True) | Q(fermee_le__isnull=False),
                name="structure_reprise_fermee",
                violation_error_message="Une structure reprise par une autre doit avoir une date de fermeture.",
            ),
        ]

    def __str__(self):
        return self.nom

    def save(self, *args, **kwargs):
        self.nom_tri = cle_de_tri(self.nom)
        super().save(*args, **kwargs)

    def clean(self):
        if self.uai and not uai_valide(self.uai):
            raise ValidationError(
                {"uai": "UAI incorrect : 7 chiffres et leur lettre de contrôle, par exemple 0140013N."}
            )
        if self.siret and not siret_valide(self.siret):
            raise ValidationError({"siret": "SIRET incorrect : 14 chiffres avec leur clé."})

    @property
    def est_fermee(self):
        """Closed today (`ouvertes` says the contrary of a queryset)."""
        return self.fermee_le is not None and self.fermee_le <= timezone.localdate()

    @property
    def est_declarante(self):
        return self.type in TYPES_DECLARANTS

    @property
    def est_operatrice(self):
        return self.type in TYPES_OPERATEURS


class Reprise(models.Model):
    """A structure took over another: the ids of what moved, so that it can be told and undone."""

    reference = models.CharField(max_length=8, unique=True, default=nouvelle_reference, editable=False)
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="reprises_subies")
    vers = models.ForeignKey(Structure, models.PROTECT, related_name="reprises_faites")
    le = models.DateTimeField(default=timezone.now)
    par = models.ForeignKey("Utilisateur", models.PROTECT, null=True, blank=True, related_name="+")
    deplaces = models.JSONField(default=dict, help_text="{champ: [identifiants]}")
    fins = models.JSONField(default=dict, help_text="{adhésion terminée: sa fin d’avant}")
    annulee_le = models.DateTimeField(null=True, blank=True)
    annulee_par = models.ForeignKey("Utilisateur", models.PROTECT, null=True, blank=True, related_name="+")

    objects = PerimetreQuerySet.as_manager()

    PERIMETRE = Perimetre(lecture={Niveau.ACADEMIE: (Chemin("structure__academie"),)})

    class Meta:
        ordering = ["-le"]

    def __str__(self):
        return f"{self.structure} → {self.vers}"

    @property
    def nombre(self):
        """How many rows moved."""
        return sum(len(ids) for ids in self.deplaces.values())


class UtilisateurQuerySet(PerimetreQuerySet):
    def visibles_par(self, user):
        """Colleagues of one's seats; those who answer "qui voit quoi ?" or give support see the académie's."""
        academies = [
            *droits.academies_pour(user, droits.Droit.VOIR_QUI_VOIT_QUOI),
            *droits.academies_pour(user, droits.Droit.VOIR_COMME),
        ]
        visibles = droits.perimetre(user, self.model)
        if academies:
            sieges = (
                Q(academie__in=academies)
                | Q(bassin__academie__in=academies)
                | Q(structure__academie__in=academies)
            )
            visibles |= Q(pk__in=Adhesion.objects.filter(sieges).values("utilisateur"))
        return self.filter(visibles)


class UtilisateurManager(BaseUserManager.from_queryset(UtilisateurQuerySet)):
    def create_user(self, email, password=None, **champs):
        """Create a person who signs in with this e-mail (stored in lower case)."""
        if not email:
            raise ValueError("Un courriel est nécessaire.")
        utilisateur = self.model(email=email.strip().lower(), **champs)
        utilisateur.set_password(password)
        utilisateur.save(using=self._db)
        return utilisateur

    def create_superuser(self, email, password=None, **champs):
        """Create a technical administrator (settings only: no membership, so no nominative data)."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **champs)

    def get_by_natural_key(self, email):
        return self.get(email=email.strip().lower())


class Utilisateur(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. What they may see follows from their memberships alone."""

    class Resume(models.TextChoices):
        IMMEDIAT = "immediat", "À chaque événement"
        QUOTIDIEN = "quotidien", "Un récapitulatif par jour"
        HEBDOMADAIRE = "hebdomadaire", "Un récapitulatif par semaine"
        AUCUN = "aucun", "Aucun courriel"

    reference = models.CharField(max_length=8, unique=True, default=nouvelle_reference, editable=False)
    email = models.EmailField(
        "courriel", unique=True, error_messages={"unique": "Ce courriel est déjà utilisé."}
    )
    prenom = models.CharField("prénom", max_length=80)
    nom = models.CharField("nom", max_length=80)
    telephone = models.CharField("ligne directe", max_length=20, blank=True)
    fonction = models.CharField("fonction", max_length=120, blank=True)
    is_active = models.BooleanField("compte actif", default=True)
    is_staff = models.BooleanField("accès à l’administration technique", default=False)
    cree_le = models.DateTimeField("créé le", default=timezone.now)
    charte_version = models.CharField(max_length=20, blank=True)
    charte_le = models.DateTimeField(null=True, blank=True)
    visite_faite = models.BooleanField(default=False)
    resume = models.CharField("courriels", max_length=15, choices=Resume.choices, default=Resume.QUOTIDIEN)
    averti_inactif_le = models.DateTimeField(null=True, blank=True)
    jeton_calendrier = models.CharField(max_length=64, blank=True)
    desactive_le = models.DateTimeField(null=True, blank=True)
    motif_desactivation = models.CharField(max_length=40, blank=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["prenom", "nom"]

    objects = UtilisateurManager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.STRUCTURE: (Chemin("adhesions__structure", multiple=True),),
            Niveau.OPERATEUR: (Chemin("adhesions__structure", multiple=True),),
            Niveau.BASSIN: (
                Chemin("adhesions__bassin", multiple=True),
                Chemin("adhesions__structure__bassin", multiple=True),
            ),
            Niveau.ACADEMIE: (
                Chemin("adhesions__academie", multiple=True),
                Chemin("adhesions__bassin__academie", multiple=True),
                Chemin("adhesions__structure__academie", multiple=True),
            ),
        },
    )

    class Meta:
        ordering = ["nom", "prenom"]
        constraints = [models.UniqueConstraint(Lower("email"), name="utilisateur_email_minuscule")]

    #: The membership chosen in the header for this request (set by `ContexteMiddleware`); None: all of them.
    adhesion_choisie = None
    #: The person of the support who looks at the portal as this one (set by `ContexteMiddleware`): read-only, names masked.
    vu_comme_par = None

    def __str__(self):
        return self.get_full_name() or self.email

    def get_full_name(self):
        return f"{self.prenom} {self.nom}".strip()

    def get_short_name(self):
        return self.prenom


#: Who reads and manages a seat: its team, its bassin, its académie.
PERIMETRE_DU_SIEGE = Perimetre(
    lecture={
        Niveau.STRUCTURE: (Chemin("structure"),),
        Niveau.OPERATEUR: (Chemin("structure"),),
        Niveau.BASSIN: (Chemin("bassin"), Chemin("structure__bassin")),
        Niveau.ACADEMIE: (Chemin("academie"), Chemin("bassin__academie"), Chemin("structure__academie")),
    },
)


class AdhesionQuerySet(PerimetreQuerySet):
    def actives(self, au=None):
        """Memberships in force on that day (today by default) of active people."""
        au = au or timezone.localdate()
        return self.filter(Q(fin__isnull=True) | Q(fin__gte=au), debut__lte=au, utilisateur__is_active=True)

    def du_bassin(self, bassin):
        """Members of the GAB of this bassin."""
        return self.filter(bassin=bassin, role__in=[Role.COORDINATEUR_GAB, Role.MEMBRE_GAB])


class Adhesion(models.Model):
    """A person's role somewhere, between two dates, granted by somebody. The only source of ordinary rights."""

    reference = models.CharField(max_length=8, unique=True, default=nouvelle_reference, editable=False)
    utilisateur = models.ForeignKey(Utilisateur, models.CASCADE, related_name="adhesions")
    role = models.CharField("rôle", max_length=20, choices=Role.choices)
    structure = models.ForeignKey(Structure, models.PROTECT, null=True, blank=True, related_name="adhesions")
    bassin = models.ForeignKey(Bassin, models.PROTECT, null=True, blank=True, related_name="adhesions")
    academie = models.ForeignKey(Academie, models.PROTECT, null=True, blank=True, related_name="adhesions")
    debut = models.DateField("du", default=timezone.localdate)
    fin = models.DateField("au", null=True, blank=True)
    supplee = models.ForeignKey(
        Utilisateur,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="suppleances",
        verbose_name="suppléance de",
    )
    accordee_par = models.ForeignKey(Utilisateur, models.SET_NULL, null=True, blank=True, related_name="+")
    accordee_le = models.DateTimeField(default=timezone.now)
    terminee_par = models.ForeignKey(Utilisateur, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = AdhesionQuerySet.as_manager()

    PERIMETRE = PERIMETRE_DU_SIEGE

    class Meta:
        ordering = ["utilisateur", "role", "debut"]
        verbose_name = "adhésion"
        constraints = [
            models.CheckConstraint(
                name="adhesion_siege",
                condition=Q(
                    role__in=[r for r, s in SIEGE_DU_ROLE.items() if s == "structure"],
                    structure__isnull=False,
                    bassin__isnull=True,
                    academie__isnull=True,
                )
                | Q(
                    role__in=[r for r, s in SIEGE_DU_ROLE.items() if s == "bassin"],
                    structure__isnull=True,
                    bassin__isnull=False,
                    academie__isnull=True,
                )
                | Q(
                    role__in=[r for r, s in SIEGE_DU_ROLE.items() if s == "academie"],
                    structure__isnull=True,
                    bassin__isnull=True,
                    academie__isnull=False,
                ),
                violation_error_message="Ce rôle demande un autre lieu (établissement, bassin ou académie).",
            ),
            models.CheckConstraint(
                name="adhesion_dates",
                condition=Q(fin__isnull=True) | Q(fin__gte=models.F("debut")),
                violation_error_message="La fin ne peut pas précéder le début.",
            ),
        ]

    def __str__(self):
        return f"{self.get_role_display()}, {self.siege}"

    @property
    def siege(self):
        """The structure, bassin or académie where the person sits."""
        return self.structure or self.bassin or self.academie


class InvitationQuerySet(PerimetreQuerySet):
    def en_attente(self):
        """Neither accepted, nor revoked, nor out of date."""
        return self.filter(acceptee_le__isnull=True, revoquee_le__isnull=True, expire_le__gte=timezone.now())


class Invitation(models.Model):
    """A membership offered by e-mail. The link holds a random token, of which only the hash is kept."""

    reference = models.CharField(max_length=8, unique=True, default=nouvelle_reference, editable=False)
    email = models.EmailField("courriel")
    prenom = models.CharField("prénom", max_length=80, blank=True)
    nom = models.CharField("nom", max_length=80, blank=True)
    role = models.CharField("rôle", max_length=20, choices=Role.choices)
    structure = models.ForeignKey(
        Structure, models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    bassin = models.ForeignKey(Bassin, models.CASCADE, null=True, blank=True, related_name="invitations")
    academie = models.ForeignKey(Academie, models.CASCADE, null=True, blank=True, related_name="invitations")
    fin = models.DateField("fin de l’adhésion", null=True, blank=True)
    supplee = models.ForeignKey(Utilisateur, models.SET_NULL, null=True, blank=True, related_name="+")
    empreinte_jeton = models.CharField(max_length=64, unique=True)
    invitee_par = models.ForeignKey(
        Utilisateur, models.SET_NULL, null=True, related_name="invitations_faites"
    )
    cree_le = models.DateTimeField(default=timezone.now)
    envoyee_le = models.DateTimeField(default=timezone.now)
    envois = models.PositiveSmallIntegerField(default=1)
    expire_le = models.DateTimeField()
    acceptee_le = models.DateTimeField(null=True, blank=True)
    revoquee_le = models.DateTimeField(null=True, blank=True)
    utilisateur = models.ForeignKey(
        Utilisateur, models.SET_NULL, null=True, blank=True, related_name="invitations_acceptees"
    )

    objects = InvitationQuerySet.as_manager()

    PERIMETRE = PERIMETRE_DU_SIEGE

    class Meta:
        ordering = ["-cree_le"]
        indexes = [models.Index(Lower("email"), name="invitation_email")]

    def __str__(self):
        return f"{self.email}, {self.get_role_display()}"

    @property
    def siege(self):
        return self.structure or self.bassin or self.academie

    @property
    def situation(self):
        """Code of what became of it: acceptee, revoquee, expiree, en_attente."""
        if self.acceptee_le:
            return "acceptee"
        if self.revoquee_le:
            return "revoquee"
        return "expiree" if self.expire_le < timezone.now() else "en_attente"


class SecoursFacteur(models.Model):
    """A lost second factor: one person asks, another confirms; only then are the factors removed."""

    reference = models.CharField(max_length=8, unique=True, default=nouvelle_reference, editable=False)
    utilisateur = models.ForeignKey(Utilisateur, models.CASCADE, related_name="secours")
    motif = models.CharField("motif", max_length=300)
    demande_par = models.ForeignKey(Utilisateur, models.PROTECT, related_name="+")
    demande_le = models.DateTimeField(default=timezone.now)
    valide_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    valide_le = models.DateTimeField(null=True, blank=True)
    annule_le = models.DateTimeField(null=True, blank=True)

    objects = PerimetreQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.STRUCTURE: (Chemin("utilisateur__adhesions__structure", multiple=True),),
            Niveau.ACADEMIE: (
                Chemin("utilisateur__adhesions__academie", multiple=True),
                Chemin("utilisateur__adhesions__bassin__academie", multiple=True),
                Chemin("utilisateur__adhesions__structure__academie", multiple=True),
            ),
        },
    )

    class Meta:
        ordering = ["-demande_le"]
        constraints = [
            models.CheckConstraint(
                name="secours_deux_personnes",
                condition=Q(valide_par__isnull=True) | ~Q(valide_par=models.F("demande_par")),
                violation_error_message="La seconde personne doit être différente de la première.",
            )
        ]

    def __str__(self):
        return f"Secours de {self.utilisateur}"


class DemandeAcces(models.Model):
    """Somebody asks to read a dossier outside their territory: an identity as typed, answered by the coordinator.

    The acknowledgement and a refusal read the same whether or not the jeune is known, so nothing here points to one.
    """

    reference = models.CharField(max_length=8, unique=True, default=nouvelle_reference, editable=False)
    demandeur = models.ForeignKey(Utilisateur, models.CASCADE, related_name="demandes_acces")
    bassin = models.ForeignKey(Bassin, models.CASCADE, related_name="demandes_acces")
    nom = models.CharField("nom de naissance", max_length=100)
    prenom = models.CharField("prénom", max_length=100)
    date_naissance = models.DateField("date de naissance")
    motif = models.CharField("motif", max_length=300)
    cree_le = models.DateTimeField(default=timezone.now)
    repondue_le = models.DateTimeField(null=True, blank=True)
    repondue_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    accordee = models.BooleanField(null=True)

    objects = PerimetreQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={Niveau.BASSIN: (Chemin("bassin"),), Niveau.ACADEMIE: (Chemin("bassin__academie"),)},
    )

    class Meta:
        ordering = ["-cree_le"]
        verbose_name = "demande d’accès"
        verbose_name_plural = "demandes d’accès"

    def __str__(self):
        return f"Demande {self.reference}"

    @property
    def suite(self):
        """What its author reads of it."""
        if self.repondue_le is None:
            return "en attente"
        return "accès ouvert" if self.accordee else "aucune suite n’a pu être donnée"


class TermeQuerySet(models.QuerySet):
    def de(self, liste):
        return self.filter(liste=liste)

    def valides(self, au=None):
        """Terms in force on that day (today by default)."""
        au = au or timezone.localdate()
        return self.filter(
            Q(valide_du__isnull=True) | Q(valide_du__lte=au), Q(valide_au__isnull=True) | Q(valide_au__gte=au)
        )


class Terme(models.Model):
    """One line of a nomenclature (`liste`): a stable ASCII code, a dated label, an order, and facts of its own in `plus`."""

    liste = models.SlugField(max_length=40)
    code = models.SlugField(max_length=60)
    libelle = models.CharField("libellé", max_length=200)
    ordre = models.PositiveIntegerField(default=0)
    valide_du = models.DateField("valide du", null=True, blank=True)
    valide_au = models.DateField("valide au", null=True, blank=True)
    plus = models.JSONField(default=dict, blank=True)

    objects = TermeQuerySet.as_manager()

    class Meta:
        ordering = ["liste", "ordre", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["liste", "code", "valide_du"], nulls_distinct=False, name="terme_unique"
            )
        ]

    def __str__(self):
        return self.libelle

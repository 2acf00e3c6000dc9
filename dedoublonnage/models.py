"""Whom the reports are about: the person (`Jeune`), the attachment of each report, look-alike pairs, merges."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone

from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau
from signalements.models import Signalement


def joignable(prefixe=""):
    """A `Q`: the jeune may be contacted. `prefixe` is the lookup to the jeune, ending with '__'.

    Not when they asked for it, opposed the processing (RGPD, article 21), or have it limited (article 18).
    """
    return Q(
        **{f"{prefixe}{champ}__isnull": True for champ in ("ne_plus_contacter_le", "oppose_le", "limite_le")}
    )


class JeuneQuerySet(PerimetreQuerySet):
    def vivants(self):
        """Those that were not merged into another."""
        return self.filter(fusionne_dans__isnull=True)


class Jeune(models.Model):
    """A person. Their identity is that of their reports; `identite` is the report shown first."""

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    identite = models.ForeignKey(Signalement, models.SET_NULL, null=True, blank=True, related_name="+")
    fusionne_dans = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="absorbes")
    cree_le = models.DateTimeField(default=timezone.now)
    ne_plus_contacter_le = models.DateTimeField("ne souhaite plus être contacté", null=True, blank=True)
    oppose_le = models.DateTimeField("opposition au traitement", null=True, blank=True)
    limite_le = models.DateTimeField("limitation du traitement", null=True, blank=True)
    archive_le = models.DateTimeField(null=True, blank=True, editable=False)
    anonymise_le = models.DateTimeField(null=True, blank=True)

    objects = JeuneQuerySet.as_manager()

    ARCHIVE = "archive_le"

    PERIMETRE = Perimetre(
        lecture={
            Niveau.BASSIN: (
                Chemin("dossiers__bassin", multiple=True),
                Chemin(
                    "dossiers__transferts__vers", {"dossiers__transferts__etat": "propose"}, multiple=True
                ),
                Chemin(
                    "dossiers__transferts__de",
                    {
                        "dossiers__transferts__etat": "accepte",
                        "dossiers__transferts__lisible_jusqu_au__gte": timezone.localdate,
                    },
                    multiple=True,
                ),
                Chemin(
                    "rattachements__signalement__structure__bassin",
                    {"rattachements__defait_le__isnull": True},
                    multiple=True,
                ),
            ),
            Niveau.OPERATEUR: (
                Chemin(
                    "dossiers__missions__structure",
                    {
                        "dossiers__missions__etat__in": ["proposee", "acceptee", "terminee"],
                        "dossiers__missions__a_confirmer": False,
                    },
                    multiple=True,
                ),
            ),
            Niveau.ACADEMIE: (Chemin("dossiers__bassin__academie", multiple=True),),
            Niveau.SEANCE: (
                Chemin(
                    "dossiers__lignes__seance__invites",
                    {"dossiers__lignes__seance__etat__in": ["preparee", "ouverte", "close"]},
                    multiple=True,
                ),
            ),
        },
        action={Niveau.BASSIN: (Chemin("dossiers__bassin", multiple=True),)},
        partage="dossiers",
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return str(self.identite) if self.identite else f"Jeune {self.reference}"

    @property
    def est_gele(self):
        """Opposition or limitation: nothing is sent, nobody is convened or commissioned; the figures still count it."""
        return self.oppose_le is not None or self.limite_le is not None

    @property
    def a_ne_pas_contacter(self):
        """Why this person must not be contacted, in French, or ""."""
        if self.limite_le:
            return "Données gelées à la demande de la personne : rien ne doit être entrepris."
        if self.oppose_le:
            return "Opposition enregistrée : cette personne ne doit plus être contactée."
        return "Ne souhaite plus être contacté." if self.ne_plus_contacter_le else ""


class RattachementQuerySet(models.QuerySet):
    def actifs(self):
        return self.filter(defait_le__isnull=True)


class Rattachement(models.Model):
    """The decision that a report is about a jeune. Undone rows stay: they are the history of identity."""

    class Mode(models.TextChoices):
        NOUVEAU = "nouveau", "Nouveau jeune"
        CONFIRME = "confirme", "Confirmé à la saisie"
        AUTOMATIQUE = "automatique", "Reconnu automatiquement"
        ARBITRE = "arbitre", "Identité confirmée par le GAB ou le rectorat"

    signalement = models.ForeignKey(Signalement, models.CASCADE, related_name="rattachements")
    jeune = models.ForeignKey(Jeune, models.PROTECT, related_name="rattachements")
    mode = models.CharField(max_length=12, choices=Mode.choices)
    probabilite = models.FloatField(null=True, blank=True)
    contributions = models.JSONField(default=list)
    modele = models.CharField("version du modèle", max_length=40, blank=True)
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    quand = models.DateTimeField(default=timezone.now)
    defait_le = models.DateTimeField(null=True, blank=True)
    defait_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    defait_motif = models.CharField(max_length=200, blank=True)

    objects = RattachementQuerySet.as_manager()

    class Meta:
        ordering = ["quand", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["signalement"],
                condition=Q(defait_le__isnull=True),
                name="rattachement_actif_unique",
                violation_error_message="Ce signalement est déjà rattaché à un jeune.",
            )
        ]
        indexes = [
            models.Index(fields=["jeune"], condition=Q(defait_le__isnull=True), name="rattachement_actif")
        ]

    def __str__(self):
        return f"{self.signalement_id} → {self.jeune_id}"


class Empreinte(models.Model):
    """A report's identity prepared for matching: hashed keys for retrieval, prepared fields for comparison."""

    signalement = models.OneToOneField(Signalement, models.CASCADE, related_name="empreinte")
    jeune = models.ForeignKey(Jeune, models.CASCADE, related_name="empreintes")
    cles = ArrayField(models.IntegerField())
    preparee = models.JSONField()
    date_naissance = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [
            GinIndex(fields=["cles"], name="empreinte_cles", fastupdate=False),
            models.Index(fields=["date_naissance"], name="empreinte_naissance"),
        ]

    def __str__(self):
        return f"Empreinte {self.signalement_id}"


class PaireQuerySet(PerimetreQuerySet):
    def a_decider(self):
        return self.filter(etat=Paire.Etat.A_DECIDER)


class Paire(models.Model):
    """Two jeunes who may be one (a *doublon*), and what was decided. `a` has the smaller id."""

    class Etat(models.TextChoices):
        A_DECIDER = "a_decider", "À décider"
        MEME = "meme", "Même personne"
        DIFFERENTS = "differents", "Pas les mêmes"
        SANS_OBJET = "sans_objet", "Sans objet"

    class Arbitre(models.TextChoices):
        BASSIN = "bassin", "GAB du bassin"
        ACADEMIE = "academie", "Rectorat"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    a = models.ForeignKey(Jeune, models.CASCADE, related_name="paires_a")
    b = models.ForeignKey(Jeune, models.CASCADE, related_name="paires_b")
    signalement_a = models.ForeignKey(Signalement, models.SET_NULL, null=True, related_name="+")
    signalement_b = models.ForeignKey(Signalement, models.SET_NULL, null=True, related_name="+")
    etat = models.CharField(max_length=12, choices=Etat.choices, default=Etat.A_DECIDER)
    arbitre = models.CharField(max_length=10, choices=Arbitre.choices)
    bassin = models.ForeignKey("territoire.Bassin", models.PROTECT, null=True, related_name="paires")
    academie = models.ForeignKey(
        "territoire.Academie",
        models.PROTECT,
        null=True,
        related_name="paires",
        help_text="Vide entre deux académies : personne ici ne peut lire les deux côtés.",
    )
    origine = models.CharField(max_length=20, default="saisie")
    probabilite = models.FloatField()
    contributions = models.JSONField(default=list)
    modele = models.CharField(max_length=40, blank=True)
    identites = models.CharField(
        max_length=64,
        blank=True,
        help_text="Empreinte des identités comparées ; si elle change, la question revient.",
    )
    cree_le = models.DateTimeField(default=timezone.now)
    decidee_le = models.DateTimeField(null=True, blank=True)
    decidee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    motif_decision = models.TextField("motif", blank=True)

    objects = PaireQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.BASSIN: (Chemin("bassin", {"arbitre": "bassin"}),),
            Niveau.ACADEMIE: (Chemin("academie"),),
        },
        action={},
    )

    class Meta:
        ordering = ["-probabilite", "pk"]
        constraints = [
            models.CheckConstraint(name="paire_ordonnee", condition=Q(a__lt=models.F("b"))),
            models.UniqueConstraint(fields=["a", "b"], name="paire_unique"),
        ]

    def __str__(self):
        return f"{self.a_id} / {self.b_id}"


class Fusion(models.Model):
    """Two jeunes made one, with the list of all that moved, so that the undo is exact."""

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    garde = models.ForeignKey(Jeune, models.PROTECT, related_name="fusions_recues")
    absorbe = models.ForeignKey(Jeune, models.PROTECT, related_name="fusions_subies")
    paire = models.ForeignKey(Paire, models.SET_NULL, null=True, blank=True, related_name="fusions")
    motif = models.TextField(blank=True)
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    quand = models.DateTimeField(default=timezone.now)
    inventaire = models.JSONField(default=list)
    annulee_le = models.DateTimeField(null=True, blank=True)
    annulee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-quand"]

    def __str__(self):
        return f"{self.absorbe_id} → {self.garde_id}"


class Instantane(models.Model):
    """A dated snapshot of name frequencies and of the size of the base: rarity and prior come from it."""

    cree_le = models.DateTimeField(default=timezone.now)
    contenu = models.JSONField()

    class Meta:
        ordering = ["-cree_le"]

    def __str__(self):
        return f"{self.cree_le:%d/%m/%Y %H:%M}"


class Passe(models.Model):
    """One re-examination of the whole base; interrupted, it goes on after `parties_faites` and `dernier_couple`."""

    debut = models.DateTimeField(default=timezone.now)
    fin = models.DateTimeField(null=True, blank=True)
    modele = models.CharField(max_length=40)
    parties = models.PositiveIntegerField()
    parties_faites = models.PositiveIntegerField(default=0)
    dernier_couple = models.JSONField(
        null=True, editable=False, help_text="Dernier couple de jeunes examiné de la partie en cours."
    )
    bilan = models.JSONField(default=dict)

    class Meta:
        ordering = ["-debut"]

    def __str__(self):
        return f"Passe du {self.debut:%d/%m/%Y %H:%M}"


from .imports.modeles import Correspondance, Import, LigneImport  # noqa: E402, F401

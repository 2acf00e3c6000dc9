"""What the delegate keeps: the register of the requests of persons, and the unusual consultations to look at."""

from dateutil.relativedelta import relativedelta
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from dedoublonnage.models import Jeune
from qualit.territoire import droits
from qualit.territoire.droits import Chemin, Droit, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Academie, Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau

DELAI = relativedelta(months=1)
PROLONGATION = relativedelta(months=2)


class ParleDUnJeune(models.Model):
    """A row that names a jeune by number (`jeune_id`); `jeune` follows the merges since."""

    class Meta:
        abstract = True

    @cached_property
    def jeune(self):
        """The person as known now, or None."""
        jeunes = Jeune.objects.select_related("identite")
        jeune = jeunes.filter(pk=self.jeune_id).first() if self.jeune_id else None
        while jeune is not None and jeune.fusionne_dans_id:
            jeune = jeunes.get(pk=jeune.fusionne_dans_id)
        return jeune


class DuDelegueQuerySet(PerimetreQuerySet):
    """Rows of the académies whose register or journal this person keeps: nobody else reads them."""

    droit = Droit.TENIR_REGISTRE

    def visibles_par(self, user):
        return self.filter(academie__in=droits.academies_pour(user, self.droit))


PERIMETRE_DU_DELEGUE = Perimetre(lecture={Niveau.ACADEMIE: (Chemin("academie"),)})


class DemandeQuerySet(DuDelegueQuerySet):
    def ouvertes(self):
        """Not answered yet."""
        return self.filter(repondue_le__isnull=True)

    def en_retard(self, au=None):
        return self.ouvertes().filter(echeance__lt=au or timezone.localdate())


class Demande(ParleDUnJeune):
    """A request of a person about their data (RGPD, articles 15 to 21), answered within one month of its reception.

    Article 12.3: two more months when the request is complex, the person being told within the first month.
    """

    class Type(models.TextChoices):
        ACCES = "acces", "Accès à ses données"
        RECTIFICATION = "rectification", "Rectification"
        EFFACEMENT = "effacement", "Effacement"
        OPPOSITION = "opposition", "Opposition"
        LIMITATION = "limitation", "Limitation"
        CONTROLE = "controle", "Contrôle du délégué, sans demande"

    class Qualite(models.TextChoices):
        JEUNE = "jeune", "Le jeune lui-même"
        RESPONSABLE = "responsable", "Son responsable légal"
        MANDATAIRE = "mandataire", "Une personne qu’il a mandatée"
        DELEGUE = "delegue", "Le délégué lui-même"

    class Suite(models.TextChoices):
        RECUE = "recue", "À traiter"
        ACCORDEE = "accordee", "Accordée"
        PARTIELLE = "partielle", "Accordée en partie"
        REFUSEE = "refusee", "Refusée"
        SANS_OBJET = "sans_objet", "Sans objet : personne inconnue du portail"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    academie = models.ForeignKey(Academie, models.PROTECT, related_name="+")
    type = models.CharField("droit exercé", max_length=15, choices=Type.choices)
    demandeur = models.CharField("demandeur", max_length=200, help_text="Prénom et nom.")
    qualite = models.CharField("en qualité de", max_length=12, choices=Qualite.choices)
    coordonnees = models.TextField("adresse pour lui répondre", blank=True)
    identite_verifiee = models.CharField(
        "comment son identité a été vérifiée",
        max_length=200,
        blank=True,
        help_text="Par exemple : appel au numéro du dossier, pièce vue.",
    )
    objet = models.TextField("ce qui est demandé", blank=True)
    recue_le = models.DateField("reçue le", default=timezone.localdate)
    echeance = models.DateField("à répondre avant le", editable=False)
    # A number rather than a foreign key: a merge shows what it moves, and nobody else must learn of a request.
    jeune_id = models.BigIntegerField(null=True, blank=True, editable=False)
    prolongee_le = models.DateField(null=True, blank=True)
    motif_prolongation = models.CharField("motif de la prolongation", max_length=300, blank=True)
    suite = models.CharField("suite donnée", max_length=10, choices=Suite.choices, default=Suite.RECUE)
    reponse = models.TextField("réponse", blank=True)
    repondue_le = models.DateField(null=True, blank=True)
    repondue_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    anonymisee_le = models.DateTimeField(null=True, blank=True)
    cree_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    cree_le = models.DateTimeField(default=timezone.now)

    objects = DemandeQuerySet.as_manager()

    PERIMETRE = PERIMETRE_DU_DELEGUE

    class Meta:
        ordering = ["echeance", "pk"]
        constraints = [
            models.CheckConstraint(
                name="demande_repondue",
                condition=Q(suite="recue", repondue_le__isnull=True)
                | ~Q(suite="recue") & Q(repondue_le__isnull=False),
                violation_error_message="Une demande répondue a une suite et une date.",
            )
        ]

    def __str__(self):
        return f"Demande {self.reference}"

    def save(self, *args, **kwargs):
        if not self.echeance:
            self.echeance = self.recue_le + DELAI
        super().save(*args, **kwargs)

    @property
    def est_ouverte(self):
        return self.repondue_le is None

    @property
    def jours_restants(self):
        """Days left to answer (negative when late), None once answered."""
        return (self.echeance - timezone.localdate()).days if self.est_ouverte else None


class AlerteQuerySet(DuDelegueQuerySet):
    droit = Droit.LIRE_JOURNAL

    def a_traiter(self):
        return self.filter(traitee_le__isnull=True)


class Alerte(ParleDUnJeune):
    """A consultation out of the ordinary, for the delegate to look at: it accuses nobody."""

    class Raison(models.TextChoices):
        VOLUME = "volume", "Beaucoup plus de jeunes consultés que d’habitude"
        HORAIRE = "horaire", "Consultations en dehors des heures de travail"
        HOMONYME = "homonyme", "Jeune qui porte le nom de l’agent"
        RECHERCHES = "recherches", "Beaucoup de recherches sans ouvrir de dossier"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    academie = models.ForeignKey(Academie, models.PROTECT, related_name="+")
    acteur = models.ForeignKey(Utilisateur, models.CASCADE, related_name="+")
    jour = models.DateField()
    raison = models.CharField(max_length=12, choices=Raison.choices)
    jeune_id = models.BigIntegerField(null=True, blank=True)
    mesure = models.PositiveIntegerField(default=0)
    habitude = models.PositiveIntegerField(default=0)
    cree_le = models.DateTimeField(default=timezone.now)
    traitee_le = models.DateTimeField(null=True, blank=True)
    traitee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    reponse = models.CharField("ce qui a été constaté", max_length=300, blank=True)

    objects = AlerteQuerySet.as_manager()

    PERIMETRE = PERIMETRE_DU_DELEGUE

    class Meta:
        ordering = ["-jour", "-pk"]
        verbose_name = "consultation inhabituelle"
        verbose_name_plural = "consultations inhabituelles"
        constraints = [
            models.UniqueConstraint(
                fields=["acteur", "jour", "raison", "jeune_id"], nulls_distinct=False, name="alerte_unique"
            )
        ]

    def __str__(self):
        return f"{self.get_raison_display()} ({self.jour:%d/%m/%Y})"

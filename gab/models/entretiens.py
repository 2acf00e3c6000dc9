"""Interviews, the slots that they take, the convocations to them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Bassin, Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau

from .dossiers import Dossier, perimetre_du_dossier


class Entretien(models.Model):
    """An interview of a jeune: convened up to three times, held or not."""

    class Etat(models.TextChoices):
        PREVU = "prevu", "Prévu"
        TENU = "tenu", "Tenu"
        ABSENT_EXCUSE = "absent_excuse", "Absent excusé"
        ABSENT = "absent", "Absent"
        REPORTE = "reporte", "Reporté"
        ANNULE = "annule", "Annulé"

    class Mode(models.TextChoices):
        PRESENCE = "presence", "En présence"
        TELEPHONE = "telephone", "Par téléphone"
        VISITE = "visite", "Visite à domicile"

    class Responsable(models.TextChoices):
        OUI = "oui", "Oui"
        NON = "non", "Non"
        MAJEUR = "majeur", "Majeur"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="entretiens")
    etat = models.CharField("état", max_length=15, choices=Etat.choices, default=Etat.PREVU)
    quand = models.DateTimeField("date et heure")
    duree_minutes = models.PositiveSmallIntegerField("durée (minutes)", default=45)
    lieu = models.CharField("lieu", max_length=200, blank=True)
    mode = models.CharField("mode", max_length=10, choices=Mode.choices, default=Mode.PRESENCE)
    mene_par = models.ForeignKey(
        Utilisateur, models.PROTECT, null=True, blank=True, related_name="entretiens", verbose_name="mené par"
    )
    responsable_present = models.CharField(
        "responsable légal présent", max_length=10, choices=Responsable.choices, blank=True
    )
    obligation_expliquee = models.BooleanField("obligation de formation expliquée", default=False)
    motifs_jeune = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, verbose_name="motifs selon le jeune"
    )
    projet = models.TextField("projet du jeune", blank=True)
    demarches = models.TextField("démarches déjà faites", blank=True)
    prochaine_etape = models.TextField("prochaine étape", blank=True)
    cree_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    cree_le = models.DateTimeField(default=timezone.now)
    constate_le = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)

    objects = PerimetreQuerySet.as_manager()

    ARCHIVE = "dossier__archive_le"

    PERIMETRE = perimetre_du_dossier("dossier__")

    class Meta:
        ordering = ["quand"]
        indexes = [
            models.Index(fields=["dossier", "quand"], name="entretien_dossier"),
            models.Index(fields=["quand"], condition=Q(etat="prevu"), name="entretien_prevu"),
        ]

    def __str__(self):
        return f"Entretien du {timezone.localtime(self.quand):%d/%m/%Y}"


class CreneauQuerySet(PerimetreQuerySet):
    def libres(self, maintenant=None):
        """Slots to come that no interview uses."""
        return self.filter(
            annule_le__isnull=True, entretien__isnull=True, quand__gte=maintenant or timezone.now()
        )


class Creneau(models.Model):
    """A slot of the bassin's agenda, free until an interview takes it."""

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    bassin = models.ForeignKey(Bassin, models.PROTECT, related_name="creneaux")
    quand = models.DateTimeField("date et heure")
    duree_minutes = models.PositiveSmallIntegerField("durée (minutes)", default=45)
    lieu = models.CharField("lieu", max_length=200, blank=True)
    mode = models.CharField(
        "mode", max_length=10, choices=Entretien.Mode.choices, default=Entretien.Mode.PRESENCE
    )
    mene_par = models.ForeignKey(
        Utilisateur, models.PROTECT, null=True, blank=True, related_name="creneaux", verbose_name="mené par"
    )
    entretien = models.OneToOneField(
        Entretien, models.SET_NULL, null=True, blank=True, related_name="creneau"
    )
    cree_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    annule_le = models.DateTimeField(null=True, blank=True)

    objects = CreneauQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={Niveau.BASSIN: (Chemin("bassin"),), Niveau.ACADEMIE: (Chemin("bassin__academie"),)},
        action={Niveau.ACADEMIE: ()},
    )

    class Meta:
        ordering = ["quand"]
        verbose_name = "créneau"
        verbose_name_plural = "créneaux"
        indexes = [models.Index(fields=["bassin", "quand"], name="creneau_bassin")]

    def __str__(self):
        return f"{timezone.localtime(self.quand):%d/%m/%Y à %H h %M}"


class Convocation(models.Model):
    """The first, second or third call to an interview, by one channel."""

    class Canal(models.TextChoices):
        LETTRE = "lettre", "Lettre"
        COURRIEL = "courriel", "Courriel"
        TELEPHONE = "telephone", "Téléphone"
        SMS = "sms", "SMS"

    entretien = models.ForeignKey(Entretien, models.CASCADE, related_name="convocations")
    rang = models.PositiveSmallIntegerField()
    canal = models.CharField("canal", max_length=10, choices=Canal.choices)
    envoyee_le = models.DateTimeField(default=timezone.now)
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    resultat = models.CharField("résultat", max_length=200, blank=True)
    revenue_le = models.DateField("courrier revenu le", null=True, blank=True)

    class Meta:
        ordering = ["rang", "envoyee_le"]
        constraints = [models.CheckConstraint(name="convocation_rang", condition=Q(rang__gte=1, rang__lte=3))]

    def __str__(self):
        return f"Convocation {self.rang}"

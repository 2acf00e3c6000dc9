"""What happened, append-only: who read or wrote what (`Trace`), and every change of state (`Passage`).

The tables hold ids and codes, never names. PostgreSQL refuses UPDATE and DELETE on both; `Trace` is
partitioned by month so that retention drops whole partitions (see the migrations).
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone


class Action(models.TextChoices):
    LECTURE = "lecture", "Consultation"
    RECHERCHE = "recherche", "Recherche"
    EXPORT = "export", "Export"
    ECRITURE = "ecriture", "Enregistrement"
    TRANSITION = "transition", "Changement d’état"
    IDENTITE = "identite", "Décision d’identité"
    DROITS = "droits", "Droits et partages"
    CONNEXION = "connexion", "Connexion"
    REFUS = "refus", "Accès refusé"


class TraceQuerySet(models.QuerySet):
    def du_jeune(self, jeune_id):
        """Traces in which this jeune was shown or changed."""
        return self.filter(jeunes__contains=[jeune_id])


class Trace(models.Model):
    """One row per response that showed people, and one per write."""

    quand = models.DateTimeField(default=timezone.now, db_index=True)
    acteur = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    role = models.CharField(max_length=40, blank=True)
    adhesion_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=20, choices=Action.choices)
    quoi = models.CharField(max_length=80)
    objet_type = models.CharField(max_length=60, blank=True)
    objets = ArrayField(models.BigIntegerField(), default=list)
    jeunes = ArrayField(models.BigIntegerField(), default=list)
    motif = models.TextField(blank=True)
    details = models.JSONField(default=dict)

    objects = TraceQuerySet.as_manager()

    class Meta:
        ordering = ["-quand", "-id"]
        indexes = [
            GinIndex(fields=["jeunes"], name="trace_jeunes"),
            models.Index(fields=["acteur", "-quand"], name="trace_acteur"),
        ]

    def __str__(self):
        return f"{self.quand:%d/%m/%Y %H:%M} {self.quoi}"


class PassageQuerySet(models.QuerySet):
    def de(self, objet):
        """Changes of state of one object, oldest first."""
        return self.filter(objet_type=objet._meta.label_lower, objet_id=objet.pk).order_by("quand", "id")


class Passage(models.Model):
    """A change of state: when it happened (`survenu_le`) and when it was recorded (`quand`)."""

    quand = models.DateTimeField(default=timezone.now)
    survenu_le = models.DateTimeField(default=timezone.now)
    objet_type = models.CharField(max_length=60)
    objet_id = models.BigIntegerField()
    action = models.CharField(max_length=40)
    de = models.CharField(max_length=40, blank=True)
    vers = models.CharField(max_length=40)
    par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    role = models.CharField(max_length=40, blank=True)
    motif = models.CharField(max_length=200, blank=True)

    objects = PassageQuerySet.as_manager()

    class Meta:
        ordering = ["quand", "id"]
        indexes = [
            models.Index(fields=["objet_type", "objet_id", "quand"], name="passage_objet"),
            models.Index(fields=["objet_type", "vers", "survenu_le"], name="passage_vers"),
        ]

    def __str__(self):
        return f"{self.objet_type} {self.objet_id} : {self.de} → {self.vers}"

"""Versions of the reference tables: the whole content each time that a list was imported, so that one can go back."""

from django.db import models
from django.utils import timezone

from qualit.territoire.models import Academie, Utilisateur


class VersionReferentiel(models.Model):
    """A reference table as it stood: its rows, who imported it, when and why. Never changed afterwards."""

    class Jeu(models.TextChoices):
        NOMENCLATURES = "nomenclatures", "Nomenclatures"
        BASSINS = "bassins", "Bassins"
        COMMUNES = "communes", "Communes et bassins"
        STRUCTURES = "structures", "Structures"

    jeu = models.CharField(max_length=20, choices=Jeu.choices)
    academie = models.ForeignKey(Academie, models.PROTECT, related_name="+")
    numero = models.PositiveIntegerField()
    colonnes = models.JSONField()
    lignes = models.JSONField()
    bilan = models.JSONField(default=dict)
    motif = models.CharField("motif", max_length=200, blank=True)
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    quand = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["jeu", "-numero"]
        verbose_name = "version d’un référentiel"
        verbose_name_plural = "versions des référentiels"
        constraints = [
            models.UniqueConstraint(fields=["jeu", "academie", "numero"], name="version_referentiel_unique")
        ]

    def __str__(self):
        return f"{self.get_jeu_display()}, version {self.numero}"

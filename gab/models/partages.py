"""A dossier shared outside the territory."""

from django.contrib.auth.models import Permission
from django.db import models
from django.db.models import Q
from django.utils import timezone
from guardian.models import UserObjectPermissionBase

from qualit.territoire import droits
from qualit.territoire.models import Structure, Utilisateur

from .dossiers import Dossier


class PartageDossier(UserObjectPermissionBase):
    """A dossier shared outside the territory with one person or one structure (guardian's direct-FK table)."""

    content_object = models.ForeignKey(Dossier, models.CASCADE, related_name="partages")
    user = models.ForeignKey(
        Utilisateur, models.CASCADE, null=True, blank=True, related_name="partages_recus"
    )
    permission = models.ForeignKey(Permission, models.CASCADE)
    structure = models.ForeignKey(
        Structure, models.CASCADE, null=True, blank=True, related_name="partages_recus"
    )
    motif = models.CharField("motif", max_length=300)
    debut = models.DateField("du", default=timezone.localdate)
    fin = models.DateField("au")
    accorde_par = models.ForeignKey(Utilisateur, models.PROTECT, related_name="partages_accordes")
    accorde_le = models.DateTimeField(default=timezone.now)
    accepte_le = models.DateTimeField(null=True, blank=True)
    accepte_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    revoque_le = models.DateTimeField(null=True, blank=True)
    revoque_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        unique_together = []
        verbose_name = "partage"
        constraints = [
            models.CheckConstraint(
                name="partage_destinataire",
                condition=Q(user__isnull=False, structure__isnull=True)
                | Q(user__isnull=True, structure__isnull=False),
            ),
            models.CheckConstraint(
                name="partage_dates",
                condition=Q(fin__gte=models.F("debut")),
                violation_error_message="La fin ne peut pas précéder le début.",
            ),
        ]

    def __str__(self):
        return f"{self.content_object_id} → {self.user or self.structure}"


droits.PARTAGES["dossier"] = PartageDossier

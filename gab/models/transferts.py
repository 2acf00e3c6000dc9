"""A dossier proposed to another bassin."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Bassin, Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau

from .dossiers import Dossier


class Transfert(models.Model):
    """A dossier proposed to another bassin: an event, not a state; the old bassin stays in charge until it is accepted."""

    class Etat(models.TextChoices):
        PROPOSE = "propose", "Proposé"
        ACCEPTE = "accepte", "Accepté"
        REFUSE = "refuse", "Refusé"
        ANNULE = "annule", "Annulé"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    dossier = models.ForeignKey(Dossier, models.CASCADE, related_name="transferts")
    de = models.ForeignKey(Bassin, models.PROTECT, related_name="transferts_sortants")
    vers = models.ForeignKey(Bassin, models.PROTECT, related_name="transferts_entrants")
    etat = models.CharField(max_length=10, choices=Etat.choices, default=Etat.PROPOSE)
    motif = models.CharField("motif", max_length=300)
    motif_refus = models.CharField("motif du refus", max_length=300, blank=True)
    propose_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    propose_le = models.DateTimeField(default=timezone.now)
    repondu_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    repondu_le = models.DateTimeField(null=True, blank=True)
    lisible_jusqu_au = models.DateField(null=True, blank=True)
    alerte_le = models.DateTimeField(null=True, blank=True)

    objects = PerimetreQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.BASSIN: (Chemin("de"), Chemin("vers")),
            Niveau.ACADEMIE: (Chemin("de__academie"), Chemin("vers__academie")),
        },
        action={Niveau.BASSIN: (Chemin("vers"),)},
    )

    class Meta:
        ordering = ["-propose_le"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier"],
                condition=Q(etat="propose"),
                name="transfert_propose_unique",
                violation_error_message="Un transfert est déjà proposé pour ce dossier.",
            )
        ]

    def __str__(self):
        return f"{self.dossier_id} : {self.de} → {self.vers}"

"""Vacant places, and the closing days of structures."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Structure, Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau


class PlaceQuerySet(PerimetreQuerySet):
    def visibles(self, au=None):
        """Places still offered on that day."""
        au = au or timezone.localdate()
        return self.filter(retiree_le__isnull=True, nombre__gt=0, date_entree__gte=au)


class Place(models.Model):
    """Vacant places that a structure publishes, by training and date of entry."""

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    structure = models.ForeignKey(Structure, models.CASCADE, related_name="places")
    solution = models.CharField("type de solution", max_length=60)
    formation = models.CharField("formation", max_length=160)
    lieu = models.CharField("lieu", max_length=120, blank=True)
    date_entree = models.DateField("entrée le")
    nombre = models.PositiveSmallIntegerField("places libres")
    conditions = models.CharField("public, prérequis", max_length=300, blank=True)
    publiee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    publiee_le = models.DateTimeField(default=timezone.now)
    confirmee_le = models.DateTimeField(default=timezone.now)
    relancee_le = models.DateTimeField(null=True, blank=True)
    retiree_le = models.DateTimeField(null=True, blank=True)

    objects = PlaceQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.OPERATEUR: (Chemin("structure"),),
            Niveau.BASSIN: (Chemin("structure__academie__bassins", multiple=True),),
            Niveau.ACADEMIE: (Chemin("structure__academie"),),
        },
        action={Niveau.BASSIN: (), Niveau.ACADEMIE: ()},
    )

    class Meta:
        ordering = ["date_entree", "structure"]

    def __str__(self):
        return f"{self.formation} ({self.nombre})"

    @property
    def resume(self):
        """One line to choose by: training, town, structure, day of entry, how many, and how sure."""
        lieu = self.lieu or getattr(self.structure.commune, "nom", "")
        nombre = f"{self.nombre} place{'s' if self.nombre > 1 else ''}"
        quand = timezone.localdate(self.confirmee_le)
        sure = (
            "à confirmer"
            if self.a_confirmer
            else f"confirmée{'s' if self.nombre > 1 else ''} le {quand:%d/%m/%Y}"
        )
        ou = f"{self.formation}, {lieu}" if lieu else self.formation
        return f"{ou} – {self.structure}, entrée le {self.date_entree:%d/%m/%Y}, {nombre} ({sure})"

    @property
    def a_confirmer(self):
        """Not confirmed for long: shown with a warning."""
        return (timezone.now() - self.confirmee_le).days >= settings.QUALIT["PLACE_A_CONFIRMER_JOURS"]


class Fermeture(models.Model):
    """Days on which a structure is closed: its missions do not expire while it is (the legal clock never stops)."""

    structure = models.ForeignKey(Structure, models.CASCADE, related_name="fermetures")
    debut = models.DateField("du")
    fin = models.DateField("au")
    libelle = models.CharField("motif", max_length=100, blank=True)
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["debut"]
        constraints = [
            models.CheckConstraint(
                name="fermeture_dates",
                condition=Q(fin__gte=models.F("debut")),
                violation_error_message="La fin ne peut pas précéder le début.",
            )
        ]

    def __str__(self):
        return f"{self.structure} : du {self.debut:%d/%m/%Y} au {self.fin:%d/%m/%Y}"

"""What waits for the decision of the coordinator."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau

from .dossiers import Dossier
from .missions import Mission


class TacheQuerySet(PerimetreQuerySet):
    def ouvertes(self):
        return self.filter(close_le__isnull=True)


class Tache(models.Model):
    """Something that the coordinator must decide: raised by a merge, an operator, a closed school."""

    class Type(models.TextChoices):
        REORIENTATION = "reorientation", "Réorientation demandée"
        MISSIONS_REUNIES = "missions_reunies", "Missions à revoir après la réunion de deux dossiers"
        DOSSIER_SEPARE = "dossier_separe", "Dossier rétabli, à vérifier"
        ADRESSE = "adresse", "Nouvelle adresse hors du bassin"
        ETABLISSEMENT_FERME = "etablissement_ferme", "Question à un établissement fermé"
        AUTRE = "autre", "À voir"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    dossier = models.ForeignKey(Dossier, models.CASCADE, related_name="taches")
    mission = models.ForeignKey(Mission, models.SET_NULL, null=True, blank=True, related_name="taches")
    type = models.CharField(max_length=20, choices=Type.choices)
    texte = models.TextField("précision", blank=True)
    creee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    creee_le = models.DateTimeField(default=timezone.now)
    close_le = models.DateTimeField(null=True, blank=True)
    close_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    reponse = models.TextField("réponse", blank=True)

    objects = TacheQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.BASSIN: (Chemin("dossier__bassin"),),
            Niveau.ACADEMIE: (Chemin("dossier__bassin__academie"),),
            Niveau.OPERATEUR: (Chemin("mission__structure"),),
        },
        action={Niveau.ACADEMIE: (), Niveau.OPERATEUR: ()},
    )

    class Meta:
        ordering = ["creee_le"]
        verbose_name = "tâche"
        indexes = [models.Index(fields=["dossier"], condition=Q(close_le__isnull=True), name="tache_ouverte")]

    def __str__(self):
        return self.get_type_display()

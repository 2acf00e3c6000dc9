"""The meetings of the GAB and the lines of their agenda."""

from django.db import models
from django.utils import timezone

from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Bassin, Structure, Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau

from .dossiers import SEANCES_LUES, Dossier


class Seance(models.Model):
    """A meeting of the GAB: agenda, decisions, minutes signed off and locked."""

    class Etat(models.TextChoices):
        PREPAREE = "preparee", "En préparation"
        OUVERTE = "ouverte", "En cours"
        CLOSE = "close", "Close, compte rendu à signer"
        SIGNEE = "signee", "Compte rendu signé"
        ANNULEE = "annulee", "Annulée"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    bassin = models.ForeignKey(Bassin, models.PROTECT, related_name="seances")
    etat = models.CharField("état", max_length=10, choices=Etat.choices, default=Etat.PREPAREE)
    quand = models.DateTimeField("date et heure")
    lieu = models.CharField("lieu", max_length=200, blank=True)
    participants = models.ManyToManyField(Utilisateur, blank=True, related_name="seances_membre")
    invites = models.ManyToManyField(Utilisateur, blank=True, related_name="seances_invite")
    presents = models.TextField("autres présents", blank=True)
    presences = models.ManyToManyField(Utilisateur, blank=True, related_name="seances_present")
    observations = models.TextField("observations générales", blank=True)
    cree_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    signee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    signee_le = models.DateTimeField(null=True, blank=True)
    compte_rendu = models.JSONField(null=True, blank=True, help_text="Le compte rendu figé à la signature.")
    version = models.PositiveIntegerField(default=0)

    objects = PerimetreQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.BASSIN: (Chemin("bassin"),),
            Niveau.ACADEMIE: (Chemin("bassin__academie"),),
            Niveau.SEANCE: (Chemin("invites", {"etat__in": SEANCES_LUES}, multiple=True),),
        },
        action={Niveau.ACADEMIE: ()},
    )

    class Meta:
        ordering = ["-quand"]
        verbose_name = "séance"

    def __str__(self):
        return f"Séance du {timezone.localtime(self.quand):%d/%m/%Y}, {self.bassin}"


class LigneSeance(models.Model):
    """One dossier on the agenda, and what was decided. The decision takes effect when the séance closes."""

    class Decision(models.TextChoices):
        PRECONISER = "preconiser", "Préconisation"
        MISSIONNER = "missionner", "Préconisation et mission"
        REPORTER = "reporter", "Reporté à une prochaine séance"
        AUCUNE = "aucune", "Sans décision"

    seance = models.ForeignKey(Seance, models.CASCADE, related_name="lignes")
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="lignes")
    ordre = models.PositiveIntegerField(default=0)
    decision = models.CharField("décision", max_length=12, choices=Decision.choices, blank=True)
    solution = models.CharField("solution", max_length=60, blank=True)
    structure = models.ForeignKey(Structure, models.PROTECT, null=True, blank=True, related_name="+")
    place = models.ForeignKey("gab.Place", models.SET_NULL, null=True, blank=True, related_name="+")
    message = models.TextField("décision en clair", blank=True)
    decidee_le = models.DateTimeField(null=True, blank=True)
    decidee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    effet = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["ordre", "pk"]
        constraints = [models.UniqueConstraint(fields=["seance", "dossier"], name="ligne_seance_unique")]

    def __str__(self):
        return f"{self.seance_id}/{self.ordre}"

    @property
    def jalon(self):
        """What tells one decision from the next, for a form shown before the other."""
        return self.decidee_le.isoformat() if self.decidee_le else "aucune"

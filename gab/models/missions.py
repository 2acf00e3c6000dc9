"""What the GAB recommends and whom it commissions."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from qualit.territoire import droits
from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Structure, Utilisateur, nouvelle_reference
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.roles import Niveau

from .dossiers import Dossier, perimetre_du_dossier
from .seances import Seance


class Preconisation(models.Model):
    """The type of solution that the GAB recommends. Several successive ones; history kept."""

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="preconisations")
    solution = models.CharField("type de solution", max_length=60)
    seance = models.ForeignKey(Seance, models.PROTECT, null=True, blank=True, related_name="preconisations")
    synthese = models.TextField("synthèse", blank=True)
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    donnee_le = models.DateField("donnée le", default=timezone.localdate)
    quand = models.DateTimeField(default=timezone.now)

    objects = PerimetreQuerySet.as_manager()

    ARCHIVE = "dossier__archive_le"

    PERIMETRE = perimetre_du_dossier("dossier__")

    class Meta:
        ordering = ["-donnee_le", "-pk"]
        verbose_name = "préconisation"

    def __str__(self):
        return libelle("solutions", self.solution, self.donnee_le)


class MissionQuerySet(PerimetreQuerySet):
    def vivantes(self):
        """Proposed or accepted."""
        return self.filter(etat__in=["proposee", "acceptee"])

    def pour(self, user):
        """Missions given to this person's structures."""
        return self.filter(structure__in=droits.structures_pour(user, droits.Droit.REPONDRE_MISSION))


class Mission(models.Model):
    """A structure commissioned to take a jeune on."""

    class Etat(models.TextChoices):
        PROPOSEE = "proposee", "Proposée"
        ACCEPTEE = "acceptee", "Acceptée"
        REFUSEE = "refusee", "Refusée"
        EXPIREE = "expiree", "Expirée"
        TERMINEE = "terminee", "Terminée"
        REVOQUEE = "revoquee", "Retirée"

    class Connaissance(models.TextChoices):
        SUIVI = "suivi", "Déjà suivi"
        CONNU = "connu", "Connu"
        INCONNU = "inconnu", "Inconnu"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="missions")
    structure = models.ForeignKey(Structure, models.PROTECT, related_name="missions")
    preconisation = models.ForeignKey(
        Preconisation, models.PROTECT, null=True, blank=True, related_name="missions"
    )
    etat = models.CharField("état", max_length=10, choices=Etat.choices, default=Etat.PROPOSEE)
    message = models.TextField("message à la structure", blank=True)
    urgente = models.BooleanField(default=False)
    a_confirmer = models.BooleanField(
        default=False,
        help_text="Jeune accueilli sans mission : la structure ne lit que sa saisie jusqu’à la confirmation.",
    )
    proposee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    proposee_le = models.DateTimeField(default=timezone.now)
    expire_le = models.DateField("répondre avant le")
    repondue_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, blank=True, related_name="+")
    repondue_le = models.DateTimeField(null=True, blank=True)
    motif_refus = models.CharField("motif du refus", max_length=40, blank=True)
    precision_refus = models.CharField("précision", max_length=300, blank=True)
    connaissance = models.CharField("le jeune est", max_length=10, choices=Connaissance.choices, blank=True)
    numero_imilo = models.CharField("numéro I-Milo", max_length=30, blank=True)
    conseiller = models.ForeignKey(
        Utilisateur, models.SET_NULL, null=True, blank=True, related_name="missions_suivies"
    )
    terminee_le = models.DateTimeField(null=True, blank=True)
    motif_fin = models.CharField(max_length=200, blank=True)
    relancee_le = models.DateTimeField(null=True, blank=True)
    coordonnees_vues_le = models.DateTimeField(
        null=True, blank=True, help_text="La structure a vu les coordonnées corrigées jusque-là."
    )
    place = models.ForeignKey("gab.Place", models.SET_NULL, null=True, blank=True, related_name="missions")
    version = models.PositiveIntegerField(default=0)

    objects = MissionQuerySet.as_manager()

    ARCHIVE = "dossier__archive_le"

    PERIMETRE = Perimetre(
        lecture={
            Niveau.OPERATEUR: (Chemin("structure"),),
            Niveau.BASSIN: perimetre_du_dossier("dossier__").lecture[Niveau.BASSIN],
            Niveau.ACADEMIE: (Chemin("dossier__bassin__academie"),),
            Niveau.SEANCE: perimetre_du_dossier("dossier__").lecture[Niveau.SEANCE],
        },
        action={Niveau.OPERATEUR: (Chemin("structure"),), Niveau.BASSIN: (Chemin("dossier__bassin"),)},
        partage="dossier",
    )

    class Meta:
        ordering = ["-proposee_le"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "structure"],
                condition=Q(etat__in=["proposee", "acceptee"]),
                name="mission_vivante_unique",
                violation_error_message="Cette structure est déjà missionnée pour ce jeune.",
            ),
            models.CheckConstraint(
                name="mission_refus_motive",
                condition=~Q(etat="refusee") | ~Q(motif_refus=""),
                violation_error_message="Un refus demande un motif.",
            ),
        ]
        indexes = [
            models.Index(fields=["structure", "etat", "-proposee_le"], name="mission_structure"),
            models.Index(fields=["expire_le"], condition=Q(etat="proposee"), name="mission_proposee"),
        ]

    def __str__(self):
        return f"Mission {self.structure}"

"""What was done and what became of the jeune: steps, outcomes, returns read by the reporter."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from gab.models import Dossier, Mission, perimetre_du_dossier
from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Structure, Utilisateur, nouvelle_reference
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.roles import Niveau
from signalements.models import Contact, Signalement


def perimetre_du_suivi():
    """Steps and outcomes: read with the dossier, and by the structure that recorded them; changed by that structure while
    its mission is not withdrawn, and by the GAB in charge."""
    du_dossier = perimetre_du_dossier("dossier__")
    return Perimetre(
        lecture=du_dossier.lecture
        | {Niveau.OPERATEUR: (*du_dossier.lecture[Niveau.OPERATEUR], Chemin("mission__structure"))},
        action={
            Niveau.BASSIN: du_dossier.action[Niveau.BASSIN],
            Niveau.OPERATEUR: (
                Chemin("mission__structure", {"mission__etat__in": ["acceptee", "terminee"]}),
            ),
            Niveau.ACADEMIE: (),
        },
        partage=du_dossier.partage,
    )


class EtapeQuerySet(PerimetreQuerySet):
    def valables(self):
        """Those that nobody undid."""
        return self.filter(annulee_le__isnull=True)

    def rappels_du_gab(self):
        """Calls that the GAB is still to make: its last step on the dossier says when, and nobody said it was done."""
        suivante = Etape.objects.valables().filter(
            dossier=OuterRef("dossier"), mission__isnull=True, quand__gt=OuterRef("quand")
        )
        return (
            self.valables()
            .filter(mission__isnull=True, rappeler_le__isnull=False, rappel_fait_le__isnull=True)
            .filter(~Exists(suivante.order_by()))
        )


class Etape(models.Model):
    """One step of the follow-up, by an operator or the GAB."""

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="etapes")
    mission = models.ForeignKey(Mission, models.PROTECT, null=True, blank=True, related_name="etapes")
    structure = models.ForeignKey(Structure, models.PROTECT, null=True, blank=True, related_name="etapes")
    type = models.CharField("étape", max_length=40)
    date = models.DateField("le", default=timezone.localdate)
    synthese = models.TextField(
        "synthèse partagée",
        blank=True,
        help_text="Lue par le GAB et par les structures missionnées pour ce jeune.",
    )
    note = models.TextField("note interne", blank=True, help_text="Lue seulement dans votre structure.")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="etapes")
    rappeler_le = models.DateField("rappeler le", null=True, blank=True)
    rappel_fait_le = models.DateTimeField(
        null=True, blank=True, help_text="Le GAB a dit que ce rappel n’était plus à faire."
    )
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    quand = models.DateTimeField(default=timezone.now)
    annulee_le = models.DateTimeField(null=True, blank=True)
    effets = models.JSONField(
        default=dict, blank=True, help_text="Ce que l’étape a changé ailleurs, pour pouvoir l’annuler."
    )
    version = models.PositiveIntegerField(default=0)

    objects = EtapeQuerySet.as_manager()

    ARCHIVE = "dossier__archive_le"

    PERIMETRE = perimetre_du_suivi()

    class Meta:
        ordering = ["-date", "-pk"]
        verbose_name = "étape"
        indexes = [
            models.Index(fields=["dossier", "-date"], name="etape_dossier"),
            models.Index(
                fields=["rappeler_le"],
                condition=Q(mission__isnull=True, rappeler_le__isnull=False, rappel_fait_le__isnull=True),
                name="etape_rappel_gab",
            ),
        ]

    def __str__(self):
        return libelle("types_etape", self.type, self.date)


class DevenirQuerySet(PerimetreQuerySet):
    def valables(self):
        return self.filter(annule_le__isnull=True)

    def a_reverifier(self, au=None):
        """Current outcomes whose validity is over."""
        au = au or timezone.localdate()
        return self.valables().filter(remplace_le__isnull=True, valable_jusqu_au__lt=au)


class Devenir(models.Model):
    """What became of the jeune from a date on, known from a source, valid until a date. Successive outcomes are kept."""

    class Source(models.TextChoices):
        JEUNE = "jeune", "Le jeune"
        FAMILLE = "famille", "La famille"
        STRUCTURE = "structure", "La structure d’accueil"
        BASE = "base", "Une base de données"

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="devenirs")
    mission = models.ForeignKey(Mission, models.PROTECT, null=True, blank=True, related_name="devenirs")
    code = models.CharField("devenir", max_length=60)
    groupe = models.CharField(
        max_length=20, blank=True, help_text="formation, insertion, accompagnement ou rien"
    )
    date = models.DateField("depuis le")
    source = models.CharField("source", max_length=10, choices=Source.choices)
    precision = models.CharField("précision (formation, lieu)", max_length=200, blank=True)
    premier_rdv_le = models.DateField("premier rendez-vous tenu le", null=True, blank=True)
    verifie_le = models.DateField("vérifié le", default=timezone.localdate)
    valable_jusqu_au = models.DateField("valable jusqu’au", null=True, blank=True)
    remplace_le = models.DateTimeField(null=True, blank=True)
    annule_le = models.DateTimeField(null=True, blank=True)
    rappele_le = models.DateTimeField(
        null=True, blank=True, help_text="Dernier rappel envoyé : à vérifier de nouveau."
    )
    version = models.PositiveIntegerField(default=0)
    par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    quand = models.DateTimeField(default=timezone.now)

    objects = DevenirQuerySet.as_manager()

    ARCHIVE = "dossier__archive_le"

    PERIMETRE = perimetre_du_suivi()

    class Meta:
        ordering = ["-date", "-pk"]
        indexes = [
            models.Index(fields=["dossier", "-date"], name="devenir_dossier"),
            models.Index(
                fields=["valable_jusqu_au"], condition=Q(remplace_le__isnull=True), name="devenir_validite"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier"],
                condition=Q(remplace_le__isnull=True, annule_le__isnull=True),
                name="devenir_courant_unique",
            )
        ]

    def __str__(self):
        return libelle("devenirs", self.code, self.date)


class LectureRetour(models.Model):
    """A reporter opened the return on a report: unread marks and the share of returns read come from here."""

    signalement = models.ForeignKey(Signalement, models.CASCADE, related_name="lectures_retour")
    utilisateur = models.ForeignKey(Utilisateur, models.CASCADE, related_name="+")
    quand = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-quand"]
        indexes = [models.Index(fields=["signalement", "utilisateur", "-quand"], name="lecture_retour_qui")]

    def __str__(self):
        return f"{self.utilisateur_id} {self.signalement_id}"

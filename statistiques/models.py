"""Summaries, kept states, frozen publications, school population. No table of the trade: nothing here is entered by hand.

`Episode` is one jeune in one campaign (decisions.md 18), kept up to date by `services.rafraichir`; figures are read from
the SQL view `statistiques_courant`, which replaces the rows waiting to be refreshed by a fresh computation, so that a
figure is never late. `Cliche` is a state of the summary kept for good: what readers without names read, and what a publication
was made from. The SQL is in `migrations/sql/`; the reasons in `docs/decisions/0005-statistiques.md`.
"""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.urls import reverse
from django.utils import timezone

from qualit.territoire import droits
from qualit.territoire.droits import Chemin, Droit, Perimetre
from qualit.territoire.models import Academie, Bassin, Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau


class Faits(models.Model):
    """A jeune in a campaign: where, which, and the first date of each thing that happened. Codes and dates, nobody's name.

    Dates are those of Paris. The lists `envois`/`declarants`/`tries` (null when not triaged), and `missions_le`/`operateurs`
    (missions that the operator may read), go together, so that a figure can be stopped at any day. Withdrawn reports are in none
    of the lists, unless all were (`retire_le`).
    """

    campagne = models.SmallIntegerField()
    academie_id = models.BigIntegerField()
    bassin_id = models.BigIntegerField()
    bassin_formation_id = models.BigIntegerField(null=True)
    structure_id = models.BigIntegerField()
    structure_type = models.TextField()
    origine = models.TextField()
    commune_id = models.BigIntegerField(null=True)
    ouvert_le = models.DateField()
    fin = models.DateField(help_text="Dernier jour de la campagne.")
    reouverture = models.BooleanField()
    hors_champ_le = models.DateField(null=True)
    hors_champ_motif = models.TextField()
    retire_le = models.DateField(null=True)
    obligation = models.BooleanField()
    sexe = models.TextField()
    age = models.SmallIntegerField(null=True)
    mineur = models.BooleanField()
    niveau = models.TextField()
    diplome = models.TextField()
    statut = models.TextField()
    regime = models.TextField()
    nature_sortie = models.TextField()
    motif_principal = models.TextField()
    motifs = ArrayField(models.TextField())
    motifs_jeune = ArrayField(models.TextField())
    date_sortie = models.DateField(null=True)
    envois = ArrayField(models.DateField())
    declarants = ArrayField(models.BigIntegerField())
    tries = ArrayField(models.DateField())
    lus = ArrayField(models.DateField())
    entretien_le = models.DateField(null=True)
    preconisation_le = models.DateField(null=True)
    preconisation = models.TextField()
    mission_le = models.DateField(null=True)
    acceptee_le = models.DateField(null=True)
    operateurs = ArrayField(models.BigIntegerField())
    missions_le = ArrayField(models.DateField())
    formation_le = models.DateField(null=True)
    formation_code = models.TextField()
    insertion_le = models.DateField(null=True)
    insertion_code = models.TextField()
    accompagnement_le = models.DateField(null=True)
    accompagnement_code = models.TextField()
    solution_le = models.DateField(null=True)
    a_3_mois = models.TextField()
    a_6_mois = models.TextField()
    a_12_mois = models.TextField()
    echeance_legale = models.DateField(null=True)
    recu_le = models.DateField(null=True)
    clos_le = models.DateField(null=True)
    etat = models.TextField()

    class Meta:
        abstract = True


class Episode(Faits):
    """`Faits` as they are known now, with the ids of the jeune and of the dossier."""

    pk = models.CompositePrimaryKey("jeune_id", "campagne")
    jeune_id = models.BigIntegerField()
    dossier_id = models.BigIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["campagne", "academie_id"], name="episode_campagne"),
            models.Index(fields=["bassin_id", "campagne"], name="episode_bassin"),
            GinIndex(fields=["declarants"], name="episode_declarants"),
            GinIndex(fields=["operateurs"], name="episode_operateurs"),
        ]

    def __str__(self):
        return f"{self.jeune_id} en {self.campagne}"


class Cliche(models.Model):
    """The episodes and the missions of a campaign as they were known when a day of it was read, kept for good.

    academie: whose publication it was made for; null for the days at which those without names read tables (`jours`).
    They are numbered in the order in which they were taken: each is protected against those before it (`secret`).
    """

    campagne = models.SmallIntegerField()
    au = models.DateField("chiffres arrêtés au")
    academie = models.ForeignKey(Academie, models.PROTECT, null=True, related_name="+")
    pris_le = models.DateTimeField(default=timezone.now)
    #: Not taken yet, though people are in the campaign (`cliches.du_jour`): nothing is read from it.
    attendu = False

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["campagne", "au"], condition=models.Q(academie=None), name="cliche_d_un_jour_unique"
            )
        ]

    def __str__(self):
        return f"{self.campagne} au {self.au}"


class EpisodeDuCliche(Faits):
    """A row of a `Cliche`: nothing in it leads back to the jeune's file."""

    cliche = models.ForeignKey(Cliche, models.CASCADE, related_name="episodes")

    def __str__(self):
        return f"{self.cliche}, {self.pk}"


class MissionDuCliche(models.Model):
    """A row of `statistiques_missions`, at the day of the `Cliche`."""

    cliche = models.ForeignKey(Cliche, models.CASCADE, related_name="missions")
    structure_id = models.BigIntegerField()
    bassin_id = models.BigIntegerField()
    academie_id = models.BigIntegerField()
    proposee_le = models.DateField()
    repondue_le = models.DateField(null=True)
    suite = models.TextField()

    def __str__(self):
        return f"{self.cliche}, {self.pk}"


class Population(models.Model):
    """Young people of 16 to 18 living in a bassin, by campaign: the denominator of the rate."""

    campagne = models.SmallIntegerField("campagne (année du 1er juillet)")
    bassin = models.ForeignKey(Bassin, models.CASCADE, related_name="populations")
    effectif = models.PositiveIntegerField("jeunes de 16 à 18 ans")

    class Meta:
        ordering = ["campagne", "bassin"]
        constraints = [models.UniqueConstraint(fields=["campagne", "bassin"], name="population_unique")]

    def __str__(self):
        return f"{self.bassin} {self.campagne} : {self.effectif}"


class PublicationQuerySet(models.QuerySet):
    def visibles_par(self, user):
        """Publications of the académies whose exact totals this person reads."""
        lecteurs = droits.ROLES_DU_DROIT[Droit.VOIR_STATISTIQUES_ACADEMIE]
        return self.filter(academie__in={a.academie_id for a in droits.adhesions(user) if a.role in lecteurs})


class Publication(models.Model):
    """Figures frozen on a day, with the hash of what was frozen. Never changed afterwards."""

    reference = models.CharField(max_length=8, unique=True, default=nouvelle_reference, editable=False)
    academie = models.ForeignKey(Academie, models.PROTECT, related_name="publications")
    titre = models.CharField("titre", max_length=160)
    campagne = models.SmallIntegerField()
    arrete_au = models.DateField()
    contenu = models.JSONField()
    empreinte = models.CharField(max_length=64)
    cliche = models.OneToOneField(Cliche, models.PROTECT, related_name="publication")
    figee_le = models.DateTimeField(default=timezone.now)
    figee_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")

    objects = PublicationQuerySet.as_manager()

    PERIMETRE = Perimetre(lecture={Niveau.ACADEMIE: (Chemin("academie"),)})

    class Meta:
        ordering = ["-figee_le"]
        triggers = [
            pgtrigger.Protect(name="publication_figee", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self):
        return self.titre

    def get_absolute_url(self):
        return reverse("statistiques:publication", args=[self.reference])

    @property
    def nom_campagne(self):
        return f"{self.campagne}-{self.campagne + 1}"

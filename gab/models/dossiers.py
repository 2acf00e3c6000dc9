"""The dossier: one per jeune and per exit, who reads it, its clock and its priority."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan
from django.utils import timezone

from dedoublonnage.models import Jeune
from qualit.territoire import droits
from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Bassin, Structure, nouvelle_reference
from qualit.territoire.roles import Niveau
from signalements.models import Signalement


class EtatDossier(models.TextChoices):
    A_TRIER = "a_trier", "À trier"
    ENTRETIEN_A_TENIR = "entretien_a_tenir", "Entretien à tenir"
    ENTRETIEN_TENU = "entretien_tenu", "Entretien tenu"
    PRECONISE = "preconise", "Préconisation donnée"
    MISSIONNE = "missionne", "Structure missionnée"
    PRIS_EN_CHARGE = "pris_en_charge", "Pris en charge"
    EN_SOLUTION = "en_solution", "En solution"
    CLOS = "clos", "Clos"
    HORS_CHAMP = "hors_champ", "Hors champ"
    PERDU_DE_VUE = "perdu_de_vue", "Sans nouvelles"


ETATS_TERMINES = frozenset({EtatDossier.CLOS, EtatDossier.HORS_CHAMP, EtatDossier.PERDU_DE_VUE})


ETATS_OUVERTS = frozenset(EtatDossier) - ETATS_TERMINES


# Reading and acting share the same seats on everything that hangs from a dossier.
MISSIONS_LUES = ["proposee", "acceptee", "terminee"]


SEANCES_LUES = ["preparee", "ouverte", "close"]


def perimetre_du_dossier(prefixe="", *, partage=None):
    """The paths from a model that hangs from a dossier (`prefixe` ends with '__') to the seats that read it."""
    return Perimetre(
        lecture={
            Niveau.BASSIN: (
                Chemin(f"{prefixe}bassin"),
                Chemin(f"{prefixe}versements__signalement__structure__bassin", multiple=True),
                Chemin(
                    f"{prefixe}transferts__de",
                    {
                        f"{prefixe}transferts__etat": "accepte",
                        f"{prefixe}transferts__lisible_jusqu_au__gte": timezone.localdate,
                    },
                    multiple=True,
                ),
                Chemin(
                    f"{prefixe}transferts__vers", {f"{prefixe}transferts__etat": "propose"}, multiple=True
                ),
            ),
            Niveau.OPERATEUR: (
                Chemin(
                    f"{prefixe}missions__structure",
                    {f"{prefixe}missions__etat__in": MISSIONS_LUES, f"{prefixe}missions__a_confirmer": False},
                    multiple=True,
                ),
            ),
            Niveau.ACADEMIE: (Chemin(f"{prefixe}bassin__academie"),),
            Niveau.SEANCE: (
                Chemin(
                    f"{prefixe}lignes__seance__invites",
                    {f"{prefixe}lignes__seance__etat__in": SEANCES_LUES},
                    multiple=True,
                ),
            ),
        },
        action={
            Niveau.BASSIN: (Chemin(f"{prefixe}bassin"),),
            Niveau.OPERATEUR: (
                Chemin(
                    f"{prefixe}missions__structure",
                    {f"{prefixe}missions__etat": "acceptee", f"{prefixe}missions__a_confirmer": False},
                    multiple=True,
                ),
            ),
        },
        partage=partage or f"{prefixe[:-2]}" or "pk",
    )


# Weights of the computed priority: never typed, so that nobody competes for the top of the queue.
POIDS = {
    "echeance_depassee": 80,
    "echeance_15_jours": 60,
    "echeance_30_jours": 40,
    "mineur": 20,
    "demande": 15,
    "mission_sans_reponse": 10,
    "par_mois_depuis_la_sortie": 1,  # 12 at most
    "en_solution": 200,  # taken off: nothing presses any more
}


class DossierQuerySet(PerimetreQuerySet):
    def ouverts(self):
        return self.filter(etat__in=ETATS_OUVERTS)

    def de_la_file(self, user, droit=droits.Droit.TRIER):
        """Open dossiers that this person's bassins are in charge of (a part of `visibles_par`, by the index)."""
        return self.ouverts().filter(bassin__in=droits.bassins_pour(user, droit))

    def echeance_legale_proche(self, jours=30, au=None):
        """The legal clock runs and ends within that many days, or has ended."""
        au = au or timezone.localdate()
        return self.ouverts().filter(
            echeance_legale__lte=au + timedelta(days=jours), recu_avec_responsable_le__isnull=True
        )

    def avec_mission_sans_reponse(self, au=None):
        """Annotate `mission_sans_reponse`: a mission proposed more than a week ago still waits."""
        au = au or timezone.now()
        return self.annotate(
            mission_sans_reponse=Exists(
                apps.get_model("gab", "Mission").objects.filter(
                    dossier=OuterRef("pk"), etat="proposee", proposee_le__lt=au - timedelta(days=7)
                )
            )
        )

    def avec_priorite(self, au=None):
        """Annotate `mineur`, `mission_sans_reponse` and `priorite` (the higher, the sooner)."""
        au = au or timezone.localdate()
        horloge = Q(echeance_legale__isnull=False, recu_avec_responsable_le__isnull=True)
        naissance = (
            Jeune.objects.filter(pk=OuterRef("jeune_id")).order_by().values("identite__date_naissance")
        )
        # A minor of today was one at the report, so the clock was set, less than three years ago (nobody is reported
        # before 16): the birth date is read for those alone. A scalar subquery: PostgreSQL would hash an EXISTS whole.
        adulte = Q(echeance_legale__isnull=True) | Q(premier_envoi_le__date__lt=au - relativedelta(years=3))
        return (
            self.avec_mission_sans_reponse()
            .annotate(
                mineur=Case(
                    When(adulte, then=Value(False)),
                    default=Coalesce(
                        GreaterThan(Subquery(naissance), au - relativedelta(years=18)), Value(False)
                    ),
                    output_field=models.BooleanField(),
                )
            )
            .annotate(
                priorite=Case(
                    When(horloge & Q(echeance_legale__lt=au), then=Value(POIDS["echeance_depassee"])),
                    When(
                        horloge & Q(echeance_legale__lte=au + timedelta(days=15)),
                        then=Value(POIDS["echeance_15_jours"]),
                    ),
                    When(
                        horloge & Q(echeance_legale__lte=au + timedelta(days=30)),
                        then=Value(POIDS["echeance_30_jours"]),
                    ),
                    default=Value(0),
                    output_field=models.IntegerField(),
                )
                + Case(When(mineur=True, then=Value(POIDS["mineur"])), default=Value(0))
                + Case(When(prioritaire=True, then=Value(POIDS["demande"])), default=Value(0))
                + Case(
                    When(mission_sans_reponse=True, then=Value(POIDS["mission_sans_reponse"])),
                    default=Value(0),
                )
                + Case(
                    When(date_sortie__isnull=True, then=Value(0)),
                    *[
                        When(
                            date_sortie__lte=au - timedelta(days=30 * mois),
                            then=Value(mois * POIDS["par_mois_depuis_la_sortie"]),
                        )
                        for mois in range(12, 0, -1)
                    ],
                    default=Value(0),
                )
                - Case(When(etat=EtatDossier.EN_SOLUTION, then=Value(POIDS["en_solution"])), default=Value(0))
            )
        )

    def en_charge(self, bassin):
        """Those that this bassin is in charge of."""
        return self.filter(bassin=bassin)


class Dossier(models.Model):
    """One per jeune and per exit: who is in charge, where it stands, the legal clock. At most one open per jeune."""

    reference = models.CharField(
        "référence", max_length=8, unique=True, default=nouvelle_reference, editable=False
    )
    jeune = models.ForeignKey(Jeune, models.PROTECT, related_name="dossiers")
    bassin = models.ForeignKey(Bassin, models.PROTECT, related_name="dossiers")
    etat = models.CharField("état", max_length=20, choices=EtatDossier.choices, default=EtatDossier.A_TRIER)
    date_sortie = models.DateField("sortie le", null=True, blank=True)
    ouvert_le = models.DateTimeField(default=timezone.now)
    clos_le = models.DateTimeField(null=True, blank=True)
    motif_cloture = models.CharField(max_length=40, blank=True)
    motif_hors_champ = models.CharField(max_length=40, blank=True)
    hors_champ_precision = models.CharField(max_length=200, blank=True)
    premier_envoi_le = models.DateTimeField(
        help_text="Le plus ancien signalement du dossier : L313-8 court de là."
    )
    echeance_legale = models.DateField("échéance légale", null=True, blank=True)
    recu_avec_responsable_le = models.DateField("reçu avec son responsable le", null=True, blank=True)
    prochaine_echeance = models.DateField(null=True, blank=True, help_text="Jour où quelqu’un doit agir.")
    referent = models.ForeignKey(
        Structure,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="dossiers_referent",
        verbose_name="structure référente",
    )
    prioritaire = models.BooleanField(default=False, help_text="Demandé par un déclarant.")
    archive_le = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Vingt-quatre mois après la clôture : lu par le rectorat seul.",
    )
    alerte_legale = models.SmallIntegerField(
        null=True, blank=True, help_text="Dernier seuil (en jours) pour lequel le GAB a été alerté."
    )
    version = models.PositiveIntegerField(default=0)

    objects = DossierQuerySet.as_manager()

    PERIMETRE = perimetre_du_dossier()
    ARCHIVE = "archive_le"

    class Meta:
        ordering = ["echeance_legale", "premier_envoi_le"]
        default_permissions = ()
        permissions = [("voir_dossier", "Lire un dossier partagé")]
        constraints = [
            models.UniqueConstraint(
                fields=["jeune"],
                condition=Q(etat__in=sorted(ETATS_OUVERTS)),
                name="dossier_ouvert_unique",
                violation_error_message="Ce jeune a déjà un dossier ouvert.",
            )
        ]
        indexes = [
            models.Index(fields=["bassin", "etat", "echeance_legale"], name="dossier_bassin_etat"),
            models.Index(fields=["bassin", "prochaine_echeance"], name="dossier_bassin_echeance"),
            models.Index(
                fields=["bassin", "echeance_legale"],
                condition=Q(recu_avec_responsable_le__isnull=True, etat__in=sorted(ETATS_OUVERTS)),
                name="dossier_horloge",
            ),
        ]

    def __str__(self):
        return f"Dossier {self.reference}"

    @property
    def est_ouvert(self):
        return self.etat in ETATS_OUVERTS

    @property
    def jours_avant_echeance(self):
        """Days left on the legal clock (negative when passed), or None when it does not run."""
        if self.echeance_legale is None or self.recu_avec_responsable_le or not self.est_ouvert:
            return None
        return (self.echeance_legale - timezone.localdate()).days


def calculer_echeance_legale(signalement):
    """L313-8: three months after the report, for those under 18 on that day; None for the others."""
    envoi = timezone.localdate(signalement.envoye_le)
    age = signalement.age_au(envoi)
    if age is None or age >= 18:
        return None
    return envoi + relativedelta(months=settings.QUALIT["DELAI_LEGAL_MOIS"])


class Versement(models.Model):
    """A report placed in a dossier."""

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="versements")
    signalement = models.OneToOneField(Signalement, models.CASCADE, related_name="versement")
    quand = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["quand"]

    def __str__(self):
        return f"{self.signalement_id} → {self.dossier_id}"

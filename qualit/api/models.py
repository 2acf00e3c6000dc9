"""Accesses of school software: the keys, what was sent with them, and the webhooks that tell of a return.

Nothing here holds a name: reports are known by their reference, secrets by their hash.
"""

from datetime import timedelta
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from qualit.territoire.droits import Chemin, Perimetre, PerimetreQuerySet
from qualit.territoire.models import Bassin, Structure, Utilisateur, nouvelle_reference
from qualit.territoire.roles import Niveau
from signalements.models import Signalement

#: How long before its end a key is said to expire soon.
BIENTOT = timedelta(days=30)


class Portee(models.TextChoices):
    SIGNALER = "signaler", "Envoyer des signalements"
    LIRE = "lire", "Lire où en sont les signalements de l’établissement"


class AccesQuerySet(PerimetreQuerySet):
    def en_service(self, maintenant=None):
        """Neither revoked nor expired."""
        return self.filter(revoque_le__isnull=True, expire_le__gt=maintenant or timezone.now())


class Acces(models.Model):
    """A key of one structure's software. It acts in the name of one person of the structure, with that person's rights.

    The key reads `qit_REFERENCE_secret`; only the SHA-256 of the secret (256 random bits) is kept. After a rotation
    the former secret still works until `ancien_jusqu_au`.
    """

    reference = models.CharField(max_length=8, unique=True, default=nouvelle_reference, editable=False)
    structure = models.ForeignKey(Structure, models.CASCADE, related_name="acces_logiciels")
    libelle = models.CharField("nom du logiciel", max_length=80)
    responsable = models.ForeignKey(Utilisateur, models.PROTECT, related_name="acces_logiciels")
    portees = ArrayField(
        models.CharField(max_length=10, choices=Portee.choices), verbose_name="ce que le logiciel peut faire"
    )
    empreinte = models.CharField(max_length=64, editable=False)
    ancienne_empreinte = models.CharField(max_length=64, blank=True, editable=False)
    ancien_jusqu_au = models.DateTimeField(null=True, blank=True, editable=False)
    cree_le = models.DateTimeField(default=timezone.now)
    cree_par = models.ForeignKey(Utilisateur, models.PROTECT, null=True, related_name="+")
    renouvele_le = models.DateTimeField(null=True, blank=True)
    expire_le = models.DateTimeField("expire le")
    revoque_le = models.DateTimeField(null=True, blank=True)
    rappele_le = models.DateTimeField(null=True, blank=True, help_text="Dernier rappel de la fin prochaine.")
    utilise_le = models.DateField(null=True, blank=True, help_text="Dernier jour d’utilisation.")

    objects = AccesQuerySet.as_manager()

    PERIMETRE = Perimetre(
        lecture={
            Niveau.STRUCTURE: (Chemin("structure"),),
            Niveau.OPERATEUR: (Chemin("structure"),),
            Niveau.ACADEMIE: (Chemin("structure__academie"),),
        },
    )

    class Meta:
        ordering = ["structure__nom_tri", "-cree_le"]
        verbose_name = "accès d’un logiciel"
        verbose_name_plural = "accès des logiciels"

    def __str__(self):
        return f"{self.libelle}, {self.structure}"

    @property
    def situation(self):
        """(words, kind of badge) of the key today."""
        maintenant = timezone.now()
        if self.revoque_le:
            return "Coupé", ""
        if self.expire_le <= maintenant:
            return "Expiré", "error"
        if self.expire_le <= maintenant + BIENTOT:
            return "Expire bientôt", "warning"
        return "En service", "success"

    @property
    def en_service(self):
        return self.revoque_le is None and self.expire_le > timezone.now()

    @property
    def portees_en_clair(self):
        return [Portee(p).label for p in self.portees]


class Envoi(models.Model):
    """A report that came through the API: the same key with the same body gets the same answer, and no second report."""

    acces = models.ForeignKey(Acces, models.CASCADE, related_name="envois")
    cle = models.CharField(max_length=64, help_text="En-tête Idempotency-Key.")
    empreinte = models.CharField(max_length=64, help_text="Empreinte du contenu envoyé.")
    signalement = models.ForeignKey(Signalement, models.CASCADE, related_name="+")
    reference_externe = models.CharField(max_length=64, blank=True)
    reponse = models.JSONField()
    quand = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-quand"]
        constraints = [models.UniqueConstraint(fields=["acces", "cle"], name="envoi_api_unique")]
        indexes = [models.Index(fields=["signalement"], name="envoi_api_signalement")]

    def __str__(self):
        return f"{self.acces_id} {self.cle}"


class Debit(models.Model):
    """How many requests a key made in a minute, counted in the database so that all the workers share it."""

    acces = models.ForeignKey(Acces, models.CASCADE, related_name="+")
    minute = models.DateTimeField()
    nombre = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["acces", "minute"], name="debit_unique")]

    def __str__(self):
        return f"{self.acces_id} {self.minute:%H:%M} {self.nombre}"


class Abonnement(models.Model):
    """Where to tell the software that one of its structure's reports has news. The signing secret is derived, not kept."""

    acces = models.OneToOneField(Acces, models.CASCADE, related_name="abonnement")
    url = models.URLField("adresse à prévenir", max_length=300)
    sel = models.CharField(max_length=32, editable=False)
    depuis = models.DateTimeField(default=timezone.now)
    suspendu_le = models.DateTimeField(null=True, blank=True)
    cherche_le = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Dernière recherche de nouvelles."
    )

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.acces_id}"


class Livraison(models.Model):
    """The outbox of the webhooks: one row per report and per news, delivered at least once, the same `numero` each time."""

    numero = models.UUIDField(default=uuid4, unique=True, editable=False)
    abonnement = models.ForeignKey(Abonnement, models.CASCADE, related_name="livraisons")
    signalement = models.ForeignKey(Signalement, models.CASCADE, related_name="+")
    reference = models.CharField(
        max_length=8, help_text="Celle du signalement : l’envoi se fait sans lire le signalement lui-même."
    )
    nouvelle_le = models.DateTimeField()
    cree_le = models.DateTimeField(default=timezone.now)
    tentatives = models.PositiveSmallIntegerField(default=0)
    prochain_essai_le = models.DateTimeField(default=timezone.now)
    remise_le = models.DateTimeField(null=True, blank=True)
    abandonnee_le = models.DateTimeField(null=True, blank=True)
    dernier_resultat = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-cree_le", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["abonnement", "signalement", "nouvelle_le"], name="livraison_unique"
            )
        ]
        indexes = [
            models.Index(
                fields=["prochain_essai_le"],
                condition=models.Q(remise_le__isnull=True, abandonnee_le__isnull=True),
                name="livraison_due",
            )
        ]

    def __str__(self):
        return str(self.numero)


class FluxCalendrier(models.Model):
    """A calendar read by a secret address, of which only the hash is kept; the rights are read at each visit."""

    class Contenu(models.TextChoices):
        SEANCES = "seances", "Séances du bassin"
        ENTRETIENS = "entretiens", "Mes entretiens"

    utilisateur = models.ForeignKey(Utilisateur, models.CASCADE, related_name="calendriers")
    contenu = models.CharField(max_length=10, choices=Contenu.choices)
    bassin = models.ForeignKey(Bassin, models.CASCADE, null=True, blank=True, related_name="+")
    empreinte = models.CharField(max_length=64, unique=True, editable=False)
    cree_le = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["utilisateur", "contenu", "bassin"],
                nulls_distinct=False,
                name="flux_calendrier_unique",
            )
        ]

    def __str__(self):
        return f"{self.get_contenu_display()}{f' de {self.bassin}' if self.bassin else ''}"

"""Who is told: notices inside the portal, and the outbox of e-mails. Neither holds a name of a jeune."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from qualit.territoire.models import Structure, Utilisateur


class AvisQuerySet(models.QuerySet):
    def non_lus(self):
        return self.filter(lu_le__isnull=True)


class Avis(models.Model):
    """Something that happened and that a person should know; gathered into their digest unless sent at once."""

    destinataire = models.ForeignKey(Utilisateur, models.CASCADE, related_name="avis")
    code = models.SlugField(max_length=60)
    titre = models.CharField(max_length=200)
    lien = models.CharField(max_length=300, blank=True)
    reference = models.CharField(max_length=20, blank=True)
    urgent = models.BooleanField(default=False)
    cree_le = models.DateTimeField(default=timezone.now)
    lu_le = models.DateTimeField(null=True, blank=True)
    courriel = models.ForeignKey("Courriel", models.SET_NULL, null=True, blank=True, related_name="avis")

    objects = AvisQuerySet.as_manager()

    class Meta:
        ordering = ["-cree_le"]
        verbose_name_plural = "avis"
        indexes = [
            models.Index(fields=["destinataire", "-cree_le"], name="avis_destinataire"),
            models.Index(fields=["cree_le"], condition=Q(courriel__isnull=True), name="avis_a_envoyer"),
        ]

    def __str__(self):
        return self.titre


class Courriel(models.Model):
    """The outbox: written in the transaction of the fact, sent by the worker, retried, never twice."""

    class Etat(models.TextChoices):
        A_ENVOYER = "a_envoyer", "À envoyer"
        EN_COURS = "en_cours", "Envoi commencé"
        ENVOYE = "envoye", "Envoyé"
        ECHEC = "echec", "En échec"
        ANNULE = "annule", "Abandonné"

    adresse = models.EmailField()
    utilisateur = models.ForeignKey(
        Utilisateur, models.CASCADE, null=True, blank=True, related_name="courriels"
    )
    structure = models.ForeignKey(Structure, models.CASCADE, null=True, blank=True, related_name="courriels")
    code = models.SlugField(max_length=60)
    objet = models.CharField(max_length=200)
    texte = models.TextField()
    html = models.TextField(blank=True)
    etat = models.CharField(max_length=10, choices=Etat.choices, default=Etat.A_ENVOYER)
    tentatives = models.PositiveSmallIntegerField(default=0)
    prochain_essai_le = models.DateTimeField(default=timezone.now)
    cree_le = models.DateTimeField(default=timezone.now)
    envoye_le = models.DateTimeField(null=True, blank=True)
    derniere_erreur = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-cree_le"]
        indexes = [
            models.Index(
                fields=["prochain_essai_le"], condition=Q(etat="a_envoyer"), name="courriel_a_envoyer"
            )
        ]

    def __str__(self):
        return f"{self.code} → {self.adresse}"

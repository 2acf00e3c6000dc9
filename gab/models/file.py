"""What a person keeps of the queue: filters under a name."""

from django.db import models

from qualit.territoire.models import Utilisateur


class FiltreEnregistre(models.Model):
    """A person's own filter of the queue: a name and the parameters (never a search by name)."""

    utilisateur = models.ForeignKey(Utilisateur, models.CASCADE, related_name="filtres_gab")
    nom = models.CharField("nom du filtre", max_length=60)
    parametres = models.CharField(max_length=500)

    class Meta:
        ordering = ["nom"]
        verbose_name = "filtre enregistré"
        constraints = [
            models.UniqueConstraint(
                fields=["utilisateur", "nom"],
                name="filtre_nom_unique",
                violation_error_message="Vous avez déjà un filtre de ce nom.",
            )
        ]

    def __str__(self):
        return self.nom

"""The counts of the delegate's menu, and their home page."""

from django.urls import reverse

from suivi.accueil import Tuile

from .models import Alerte, Demande


def demandes_ouvertes(user):
    """Requests to answer."""
    return Demande.objects.visibles_par(user).ouvertes().values("pk")


def alertes_a_traiter(user):
    """Unusual consultations to look at."""
    return Alerte.objects.visibles_par(user).a_traiter().values("pk")


def accueil(user, adhesion):
    """The tiles of the delegate."""
    ouvertes = Demande.objects.visibles_par(user).ouvertes()
    return [
        Tuile(
            "Demandes des personnes",
            ouvertes.count(),
            "à traiter, dans le mois",
            reverse("rgpd:registre"),
            "Accès, rectification, effacement, opposition, limitation.",
            urgent=ouvertes.en_retard().exists(),
            toujours=True,
        ),
        Tuile(
            "Consultations inhabituelles",
            Alerte.objects.visibles_par(user).a_traiter().count(),
            "à examiner",
            reverse("rgpd:alertes"),
            toujours=True,
        ),
        Tuile("Rechercher une personne", 0, "", reverse("rgpd:rechercher"), "Avec un motif.", toujours=True),
        Tuile("Journal des accès", 0, "", reverse("journal:journal"), toujours=True),
        Tuile(
            "Conservation",
            0,
            "",
            reverse("rgpd:conservation"),
            "Ce que la prochaine purge fera.",
            toujours=True,
        ),
    ]

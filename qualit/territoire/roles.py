"""Roles, and the level of the territory at which each one sits."""

from django.db import models


class Role(models.TextChoices):
    SIGNALEUR = "signaleur", "Déclarant"
    REFERENT_STRUCTURE = "referent_structure", "Administrateur de l’établissement"
    COORDINATEUR_GAB = "coordinateur_gab", "Coordinateur du GAB"
    MEMBRE_GAB = "membre_gab", "Membre du GAB"
    INVITE_SEANCE = "invite_seance", "Invité à une séance"
    OPERATEUR = "operateur", "Opérateur"
    RECTORAT_LECTURE = "rectorat_lecture", "Rectorat (statistiques)"
    RECTORAT_PILOTE = "rectorat_pilote", "Rectorat (pilotage)"
    PARTENAIRE = "partenaire", "Partenaire"
    DPO = "dpo", "Délégué à la protection des données"
    ADMIN_TECHNIQUE = "admin_technique", "Administrateur technique"


class Niveau(models.TextChoices):
    """The family of paths that a role reads through; see `droits.Perimetre`."""

    STRUCTURE = "structure", "Établissement"
    OPERATEUR = "operateur", "Structure d’accueil"
    BASSIN = "bassin", "Bassin"
    ACADEMIE = "academie", "Académie"
    SEANCE = "seance", "Séance"
    AUCUN = "aucun", "Aucune donnée nominative"


NIVEAU_DU_ROLE = {
    Role.SIGNALEUR: Niveau.STRUCTURE,
    Role.REFERENT_STRUCTURE: Niveau.STRUCTURE,
    Role.COORDINATEUR_GAB: Niveau.BASSIN,
    Role.MEMBRE_GAB: Niveau.BASSIN,
    Role.INVITE_SEANCE: Niveau.SEANCE,
    Role.OPERATEUR: Niveau.OPERATEUR,
    Role.RECTORAT_LECTURE: Niveau.AUCUN,
    Role.RECTORAT_PILOTE: Niveau.ACADEMIE,
    Role.PARTENAIRE: Niveau.AUCUN,
    Role.DPO: Niveau.AUCUN,
    Role.ADMIN_TECHNIQUE: Niveau.AUCUN,
}

# The field of Adhesion that a role needs: where the person sits.
SIEGE_DU_ROLE = {
    Role.SIGNALEUR: "structure",
    Role.REFERENT_STRUCTURE: "structure",
    Role.COORDINATEUR_GAB: "bassin",
    Role.MEMBRE_GAB: "bassin",
    Role.INVITE_SEANCE: "structure",
    Role.OPERATEUR: "structure",
    Role.RECTORAT_LECTURE: "academie",
    Role.RECTORAT_PILOTE: "academie",
    Role.PARTENAIRE: "structure",
    Role.DPO: "academie",
    Role.ADMIN_TECHNIQUE: "academie",
}

# Roles of which the portal demands a second factor (EXIGER_MFA).
ROLES_A_DEUX_FACTEURS = {
    Role.COORDINATEUR_GAB,
    Role.RECTORAT_LECTURE,
    Role.RECTORAT_PILOTE,
    Role.DPO,
    Role.ADMIN_TECHNIQUE,
}

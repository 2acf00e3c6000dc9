"""The lists of operators and reporters as files: their columns. No free text (decisions.md 9)."""

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.territoire.nomenclatures import libelle

from . import missions, retours

RETOURS = [
    Colonne("Signalement", "reference", 12),
    Colonne("Nom de naissance", "nom_naissance", 24),
    Colonne("Prénom", "prenom"),
    Colonne("Né(e) le", "date_naissance", 12),
    Colonne("Classe", lambda s: libelle("classes", s.classe)),
    Colonne("Sorti(e) le", "date_sortie", 12),
    Colonne("Envoyé le", "envoye_le", 16),
    Colonne("Où en est-on", lambda s: retours.resume(s)[0], 36),
    Colonne("Dernière nouvelle le", "nouvelle_le", 16),
]
MISSIONS = [
    Colonne("Mission", "mission.reference", 12),
    Colonne("Nom de naissance", "identite.nom_naissance", 24),
    Colonne("Prénom", "identite.prenom"),
    Colonne("Né(e) le", "identite.date_naissance", 12),
    Colonne("Commune", "identite.ville"),
    Colonne("État", lambda ligne: ligne.mission.get_etat_display()),
    Colonne("À confirmer par le GAB", "mission.a_confirmer", 10),
    Colonne("Urgente", "mission.urgente", 8),
    Colonne("Proposée le", "mission.proposee_le", 16),
    Colonne("Répondre avant le", "mission.expire_le", 14),
    Colonne("Dernier fait le", "mission.dernier_fait", 14),
    Colonne("Rappeler le", "mission.rappel", 14),
    Colonne("Devenir valable jusqu’au", "mission.validite", 14),
    Colonne("Suivi par", "mission.conseiller", 24),
]
DEVENIRS = [
    Colonne("Dossier", "dossier.reference", 12),
    Colonne("Nom de naissance", "dossier.jeune.identite.nom_naissance", 24),
    Colonne("Prénom", "dossier.jeune.identite.prenom"),
    Colonne("Devenir", str, 36),
    Colonne("Depuis le", "date", 12),
    Colonne("Source", lambda d: d.get_source_display()),
    Colonne("Vérifié le", "verifie_le", 12),
    Colonne("Valable jusqu’au", "valable_jusqu_au", 14),
]
RAPPELS = [
    Colonne("Dossier", "dossier.reference", 12),
    Colonne("Nom de naissance", "dossier.jeune.identite.nom_naissance", 24),
    Colonne("Prénom", "dossier.jeune.identite.prenom"),
    Colonne("Rappeler le", "rappeler_le", 12),
    Colonne("Étape", str, 30),
    Colonne("Notée le", "date", 12),
    Colonne("Par", "par", 24),
]
SANS_REPONSE = [
    Colonne("Code", "code", 14),
    Colonne("Établissement", "nom", 40),
    Colonne("Commune", "commune"),
    Colonne("Bassin", "bassin"),
    Colonne("Boîte fonctionnelle", "courriel", 30),
    Colonne("Dernier signalement le", "dernier_envoi", 16),
]


def mes_signalements(request, lignes):
    return telecharger(request, "signalements", "Mes signalements", RETOURS, lignes, voir=lambda s: ([s], ()))


def mes_missions(request, lignes, titre):
    return telecharger(
        request,
        "missions",
        f"Missions, {titre.lower()}",
        MISSIONS,
        lignes,
        preparer=missions.lignes,
        voir=voir_ligne,
    )


def voir_ligne(ligne):
    """What a line of the list of missions shows: nothing of the jeune when its structure may not read it."""
    if ligne.identite is None:
        return (), ()
    return [ligne.mission], [] if ligne.mission.a_confirmer else [ligne.mission.dossier.jeune_id]


def a_reverifier(request, lignes):
    return telecharger(
        request,
        "devenirs-a-reverifier",
        "Devenirs à revérifier",
        DEVENIRS,
        lignes,
        voir=lambda d: ([d], [d.dossier.jeune_id]),
    )


def rappels(request, lignes):
    return telecharger(
        request,
        "a-rappeler",
        "À rappeler",
        RAPPELS,
        lignes,
        voir=lambda e: ([e], [e.dossier.jeune_id]),
    )


def sans_reponse(request, lignes):
    return telecharger(
        request,
        "etablissements-sans-reponse",
        "Établissements sans réponse",
        SANS_REPONSE,
        lignes,
        droit=None,
    )

"""The lists of the GAB as files: their columns. No free text (decisions.md 9)."""

from dataclasses import dataclass

from django.utils.timezone import localdate

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.territoire.nomenclatures import libelle

IDENTITE = [
    Colonne("Nom de naissance", "jeune.identite.nom_naissance", 24),
    Colonne("Prénom", "jeune.identite.prenom"),
    Colonne("Né(e) le", "jeune.identite.date_naissance", 12),
]
DOSSIER = [
    Colonne("Dossier", "reference", 12),
    *IDENTITE,
    Colonne("Mineur", lambda d: d.jeune.identite.est_mineur if d.jeune.identite else None, 8),
    Colonne("État", lambda d: d.get_etat_display(), 22),
    Colonne("Échéance légale", "echeance_legale", 14),
    Colonne("Reçu avec son responsable le", "recu_avec_responsable_le", 14),
    Colonne("À faire avant le", "prochaine_echeance", 14),
    Colonne("Établissement", "jeune.identite.structure", 36),
    Colonne("Commune", "jeune.identite.ville"),
    Colonne("Sorti(e) le", "date_sortie", 12),
    Colonne("Premier signalement le", "premier_envoi_le", 16),
    Colonne("Structure référente", "referent", 30),
    Colonne("Bassin", "bassin"),
]


def dans_le_dossier(colonnes):
    """The same columns for an object that has a `dossier`."""
    return [Colonne(c.titre, lambda o, c=c: c.valeur(o.dossier), c.largeur) for c in colonnes]


DU_DOSSIER = dans_le_dossier([DOSSIER[0], *IDENTITE])
MISSIONS = [
    *DU_DOSSIER,
    Colonne("Mission", "reference", 12),
    Colonne("Structure", "structure", 36),
    Colonne("Proposée le", "proposee_le", 16),
    Colonne("Répondre avant le", "expire_le", 14),
    Colonne("Urgente", "urgente", 8),
    Colonne("État", lambda m: m.get_etat_display()),
]
A_TRIER = [
    Colonne("Signalement", "reference", 12),
    Colonne("Nom de naissance", "nom_naissance", 24),
    Colonne("Prénom", "prenom"),
    Colonne("Né(e) le", "date_naissance", 12),
    Colonne("Sexe", lambda s: s.get_sexe_display(), 10),
    Colonne("Commune", "ville"),
    Colonne("Établissement", "structure", 36),
    Colonne("Classe", lambda s: libelle("classes", s.classe)),
    Colonne("Sorti(e) le", "date_sortie", 12),
    Colonne("Nature de la sortie", lambda s: s.libelle("natures_sortie", "nature_sortie"), 30),
    Colonne("Plus haut diplôme", lambda s: s.libelle("diplomes", "diplome")),
    Colonne("Envoyé le", "envoye_le", 16),
    Colonne("Échéance légale", "echeance", 14),
    Colonne("Demandé en priorité", "prioritaire", 10),
]
PLACES = [
    Colonne("Formation", "formation", 36),
    Colonne("Type de solution", lambda p: libelle("solutions", p.solution), 30),
    Colonne("Structure", "structure", 36),
    Colonne("Bassin", "structure.bassin"),
    Colonne("Lieu", "lieu"),
    Colonne("Entrée le", "date_entree", 12),
    Colonne("Places libres", "nombre", 8),
    Colonne("Vérifié le", "confirmee_le", 16),
]
SEANCES = [
    Colonne("Séance", "reference", 12),
    Colonne("Bassin", "bassin"),
    Colonne("Le", "quand", 16),
    Colonne("Lieu", "lieu", 30),
    Colonne("État", lambda s: s.get_etat_display()),
    Colonne("Compte rendu signé le", "signee_le", 16),
]
SEANCE = [
    *DU_DOSSIER,
    Colonne("État", lambda ligne: ligne.dossier.get_etat_display(), 22),
    Colonne("Décision", lambda ligne: ligne.get_decision_display(), 30),
    Colonne("Structure", "structure", 36),
    Colonne("Formation", "place.formation", 36),
]
TACHES = [
    *DU_DOSSIER,
    Colonne("Décision à prendre", lambda t: t.get_type_display(), 30),
    Colonne("Structure", "mission.structure", 36),
    Colonne("Depuis le", "creee_le", 16),
]
TRANSFERTS = [
    *DU_DOSSIER,
    Colonne("De", "de"),
    Colonne("Vers", "vers"),
    Colonne("État", lambda t: t.get_etat_display()),
    Colonne("Proposé le", "propose_le", 16),
    Colonne("Répondu le", "repondu_le", 16),
]
ENTRETIENS = [
    *DU_DOSSIER,
    Colonne("Le", "quand", 16),
    Colonne("Durée (minutes)", "duree_minutes", 8),
    Colonne("Lieu", "lieu", 30),
    Colonne("Mode", lambda e: e.get_mode_display()),
    Colonne("Mené par", "mene_par"),
    Colonne("État", lambda e: e.get_etat_display()),
]


def voir_dossier(dossier):
    return [dossier], [dossier.jeune_id]


def voir_du_dossier(objet):
    return [objet], [objet.dossier.jeune_id]


def dossiers(request, lignes, titre="File du bassin"):
    return telecharger(request, "dossiers", titre, DOSSIER, lignes, voir=voir_dossier)


def missions(request, lignes):
    return telecharger(
        request, "missions-sans-reponse", "Missions sans réponse", MISSIONS, lignes, voir=voir_du_dossier
    )


def a_trier(request, lignes):
    return telecharger(
        request,
        "signalements-a-examiner",
        "Signalements à examiner",
        A_TRIER,
        lignes,
        voir=lambda s: ([s], [s.versement.dossier.jeune_id]),
    )


def places(request, lignes):
    return telecharger(request, "places", "Places vacantes", PLACES, lignes, droit=None)


def seances(request, lignes):
    return telecharger(request, "seances", "Séances du GAB", SEANCES, lignes, droit=None)


def seance(request, lignes):
    return telecharger(request, "seance", "Séance du GAB", SEANCE, lignes, voir=voir_du_dossier)


def taches(request, lignes):
    return telecharger(request, "decisions", "Décisions à prendre", TACHES, lignes, voir=voir_du_dossier)


def transferts(request, lignes):
    return telecharger(request, "transferts", "Transferts", TRANSFERTS, lignes, voir=voir_du_dossier)


def entretiens(request, lignes):
    return telecharger(request, "entretiens", "Entretiens", ENTRETIENS, lignes, voir=voir_du_dossier)


@dataclass(frozen=True)
class LignePartage:
    """A row of the page of shares, as it is read there."""

    quoi: str
    reference: str
    avec: object
    depuis: object
    fin: object
    etat: str


PARTAGES = [
    Colonne("Quoi", "quoi", 24),
    Colonne("Dossier ou demande", "reference", 14),
    Colonne("Avec, par ou bassin", "avec", 36),
    Colonne("Depuis le", "depuis", 12),
    Colonne("Jusqu’au", "fin", 12),
    Colonne("État", "etat", 26),
]


def partages(request, recus, accordes, demandes, miennes):
    """The four lists of the page of shares, one under the other. No jeune is named there."""

    def etat(partage):
        return "accepté" if partage.accepte_le else "en attente"

    def lignes():
        for quoi, partages, avec in (
            ("Partagé avec moi", recus, lambda p: p.accorde_par),
            ("Partagé par le bassin", accordes, lambda p: p.user or p.structure),
        ):
            for p in partages:
                yield LignePartage(quoi, p.content_object.reference, avec(p), p.debut, p.fin, etat(p))
        for quoi, lues, avec, avancement in (
            ("Demande à traiter", demandes, lambda d: d.demandeur, lambda d: "en attente"),
            ("Ma demande d’accès", miennes, lambda d: d.bassin, lambda d: d.suite),
        ):
            for d in lues:
                yield LignePartage(quoi, d.reference, avec(d), localdate(d.cree_le), None, avancement(d))

    return telecharger(request, "partages", "Partages", PARTAGES, lignes(), droit=None)

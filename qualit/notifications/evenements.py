"""The catalogue of what people are told: code → title and whether it cannot wait. Titles hold no name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Evenement:
    titre: str
    urgent: bool = False


EVENEMENTS = {
    "signalement_recu": Evenement("Nouveau signalement à trier"),
    "signalement_mineur_recu": Evenement("Nouveau signalement d’un mineur à trier", urgent=True),
    "brouillon_seize_ans": Evenement("Un jeune gardé en brouillon a 16 ans"),
    "signalement_retire": Evenement("Un signalement a été retiré"),
    "retrait_demande": Evenement("Un établissement demande le retrait d’un signalement"),
    "complement_demande": Evenement("Le GAB vous demande un complément"),
    "complement_recu": Evenement("Un complément a été apporté"),
    "signalement_trie": Evenement("Votre signalement a été examiné"),
    "coordonnees_fausses": Evenement("Des coordonnées sont à corriger"),
    "coordonnees_corrigees": Evenement("Des coordonnées ont été corrigées"),
    "identite_a_confirmer": Evenement("Une identité est à confirmer"),
    "jeune_accueilli": Evenement("Un jeune s’est présenté à une structure"),
    "mission_proposee": Evenement("Une mission vous est proposée"),
    "mission_urgente": Evenement("Une mission urgente vous est proposée", urgent=True),
    "mission_acceptee": Evenement("Une mission est acceptée"),
    "mission_refusee": Evenement("Une mission est refusée"),
    "mission_expiree": Evenement("Une mission est restée sans réponse"),
    "mission_relance": Evenement("Une mission attend votre réponse"),
    "mission_retiree": Evenement("Une mission vous est retirée"),
    "mission_terminee": Evenement("Une mission est terminée"),
    "reorientation_demandee": Evenement("Un opérateur demande une réorientation"),
    "devenir_enregistre": Evenement("Des nouvelles d’un jeune que vous avez signalé"),
    "retour_disponible": Evenement("Du nouveau sur un de vos signalements"),
    "transfert_propose": Evenement("Un dossier vous est proposé par un autre bassin"),
    "transfert_repondu": Evenement("Réponse à une proposition de transfert"),
    "transfert_sans_reponse": Evenement("Un transfert attend une réponse depuis plus de 7 jours"),
    "partage_propose": Evenement("Un dossier est partagé avec vous"),
    "partage_repondu": Evenement("Un partage a été accepté"),
    "acces_demande": Evenement("Une demande d’accès attend votre réponse"),
    "acces_repondu": Evenement("Réponse à votre demande d’accès"),
    "echeance_legale": Evenement("Échéance légale proche", urgent=True),
    "sans_nouvelles": Evenement("Un jeune est sans nouvelles"),
    "devenir_a_reverifier": Evenement("Un devenir est à vérifier de nouveau"),
    "seance_invitation": Evenement("Vous êtes invité à une séance du GAB"),
    "place_a_confirmer": Evenement("Des places publiées sont à confirmer"),
    "sans_reponse": Evenement("Votre établissement n’a pas encore répondu ce mois-ci"),
    "fin_annee": Evenement("À terminer avant l’été"),
    "dossiers_a_reprendre": Evenement("Des dossiers restent sans responsable"),
    "dossiers_repris": Evenement("Un collègue qui part vous confie ce qu’il suivait"),
    "jeune_gele": Evenement("Un jeune que vous suivez ne doit plus être contacté", urgent=True),
    "jeune_degele": Evenement("Un jeune que vous suivez peut de nouveau être contacté"),
    "tache_coordinateur": Evenement("Une décision vous attend"),
    "cle_expire": Evenement("La clé d’un logiciel expire bientôt"),
    "crochet_en_echec": Evenement("Un logiciel ne répond plus à nos avis"),
    "import_termine": Evenement("Votre import est prêt"),
}

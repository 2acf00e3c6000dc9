"""Field by field: which role reads and writes each group of fields (`docs/champs.md` is generated from here).

A row must first be in the person's scope (`visibles_par`); these groups then say which parts of it they read.
decisions.md 9 and 26 are the source: a reporting school reads the stage, its date, the family of the solution and
the messages to it; an operator reads neither exclusion nor personal motives.
"""

from dataclasses import dataclass

from . import droits
from .roles import Role

ETABLISSEMENT = frozenset({Role.SIGNALEUR, Role.REFERENT_STRUCTURE})
GAB = frozenset({Role.COORDINATEUR_GAB, Role.MEMBRE_GAB})
OPERATEUR = frozenset({Role.OPERATEUR})
PILOTE = frozenset({Role.RECTORAT_PILOTE})
INVITE = frozenset({Role.INVITE_SEANCE})
TOUS = ETABLISSEMENT | GAB | OPERATEUR | PILOTE | INVITE


@dataclass(frozen=True)
class Groupe:
    """A group of fields read and written by the same roles. remarque: the limit that the roles alone do not say."""

    libelle: str
    champs: tuple
    lecture: frozenset
    ecriture: frozenset = frozenset()
    remarque: str = ""


S = "signalements.Signalement."
GROUPES = {
    "identite": Groupe(
        "Identité du jeune",
        tuple(
            S + c
            for c in (
                "nom_naissance",
                "nom_usage",
                "prenom",
                "autres_prenoms",
                "date_naissance",
                "sexe",
                "commune_naissance",
                "commune_naissance_insee",
                "ine",
            )
        ),
        TOUS,
        ETABLISSEMENT | OPERATEUR,
        "Un établissement lit ce qu’il a saisi lui-même ; ce qui a été saisi ne change plus après la clôture.",
    ),
    "coordonnees": Groupe(
        "Coordonnées du jeune",
        (
            S + "adresse",
            S + "code_postal",
            S + "ville",
            S + "pays",
            S + "domicile",
            "signalements.Contact.valeur",
            "signalements.Contact.type",
            "signalements.Contact.proprietaire",
            "signalements.Contact.etat",
        ),
        TOUS,
        ETABLISSEMENT | GAB | OPERATEUR,
    ),
    "responsable": Groupe(
        "Responsable légal",
        tuple(
            "signalements.ResponsableLegal." + c
            for c in ("nom", "prenom", "lien", "telephone", "courriel", "adresse")
        ),
        TOUS - INVITE,
        ETABLISSEMENT,
    ),
    "scolarite": Groupe(
        "Scolarité et sortie",
        tuple(
            S + c
            for c in (
                "formation",
                "classe",
                "niveau",
                "diplome",
                "diplome_precision",
                "statut",
                "regime",
                "date_sortie",
            )
        ),
        TOUS,
        ETABLISSEMENT,
    ),
    "nature_sortie": Groupe(
        "Nature de la sortie",
        (S + "nature_sortie",),
        TOUS,
        ETABLISSEMENT,
        "Un opérateur ne lit pas « exclusion définitive » : il lit « sortie en cours d’année ».",
    ),
    "motifs": Groupe(
        "Motifs selon l’établissement",
        (S + "motifs", S + "motif_principal"),
        TOUS - INVITE,
        ETABLISSEMENT,
        "Un opérateur ne lit ni l’exclusion ou la sanction, ni les raisons personnelles.",
    ),
    "note": Groupe(
        "Note interne",
        (S + "note", "suivi.Etape.note"),
        ETABLISSEMENT | OPERATEUR | GAB,
        ETABLISSEMENT | OPERATEUR | GAB,
        "Lue dans la seule structure qui l’a écrite.",
    ),
    "message": Groupe(
        "Message au GAB ou à l’établissement",
        (S + "message", "signalements.Question.texte", "signalements.Question.reponse"),
        ETABLISSEMENT | GAB | PILOTE,
        ETABLISSEMENT | GAB,
    ),
    "entretien": Groupe(
        "Entretien de situation",
        tuple("gab.Entretien." + c for c in ("motifs_jeune", "projet", "demarches", "prochaine_etape")),
        GAB | PILOTE | OPERATEUR | INVITE,
        GAB,
        "Un opérateur lit la synthèse pendant une mission en cours, un invité jusqu’à la signature du compte rendu ; "
        "ni l’un ni l’autre ne lit les motifs.",
    ),
    "preconisation": Groupe(
        "Préconisation",
        ("gab.Preconisation.solution", "gab.Preconisation.synthese"),
        GAB | PILOTE | OPERATEUR | INVITE,
        frozenset({Role.COORDINATEUR_GAB}),
    ),
    "mission": Groupe(
        "Missions",
        tuple(
            "gab.Mission." + c
            for c in (
                "message",
                "etat",
                "motif_refus",
                "precision_refus",
                "numero_imilo",
                "connaissance",
                "motif_fin",
            )
        ),
        GAB | PILOTE | OPERATEUR,
        frozenset({Role.COORDINATEUR_GAB}) | OPERATEUR,
        "Un opérateur lit ses propres missions ; un invité lit seulement qui suit le jeune.",
    ),
    "suivi": Groupe(
        "Étapes de suivi",
        ("suivi.Etape.type", "suivi.Etape.date", "suivi.Etape.synthese"),
        GAB | PILOTE | OPERATEUR,
        frozenset({Role.COORDINATEUR_GAB}) | OPERATEUR,
    ),
    "devenir": Groupe(
        "Devenir précis",
        ("suivi.Devenir.code", "suivi.Devenir.precision", "suivi.Devenir.source"),
        GAB | PILOTE | OPERATEUR,
        frozenset({Role.COORDINATEUR_GAB}) | OPERATEUR,
    ),
    "declarant": Groupe(
        "Qui a signalé et informé la famille",
        tuple(
            S + c
            for c in ("declarant_nom", "declarant_fonction", "declarant_telephone", "famille_informee_par")
        ),
        ETABLISSEMENT | GAB | PILOTE | OPERATEUR,
        ETABLISSEMENT | OPERATEUR,
    ),
    "etat_signalement": Groupe(
        "État du signalement, motif du retrait ou de la mise hors champ",
        tuple(S + c for c in ("etat", "origine", "motif_retrait", "motif_hors_champ")),
        TOUS - INVITE,
        ETABLISSEMENT | GAB | OPERATEUR,
    ),
    "historique": Groupe(
        "Ce qui était écrit avant une correction",
        ("signalements.VersionSignalement.contenu", "signalements.VersionSignalement.champs"),
        ETABLISSEMENT | OPERATEUR,
        frozenset(),
        "Dans la structure qui a signalé ; écrit par le portail.",
    ),
    "listes": Groupe(
        "Lignes d’une liste importée",
        tuple(
            "dedoublonnage.LigneImport." + c
            for c in (
                "cellules",
                "donnees",
                "contacts",
                "responsables",
                "raisons",
                "remarques",
                "statut",
                "candidats",
                "reponse",
            )
        ),
        ETABLISSEMENT | OPERATEUR,
        ETABLISSEMENT | OPERATEUR,
        "Dans la structure qui l’a envoyée.",
    ),
    "identites": Groupe(
        "Identités rapprochées, décisions et leurs motifs",
        (
            "dedoublonnage.Rattachement.mode",
            "dedoublonnage.Rattachement.contributions",
            "dedoublonnage.Rattachement.defait_motif",
            "dedoublonnage.Paire.etat",
            "dedoublonnage.Paire.arbitre",
            "dedoublonnage.Paire.contributions",
            "dedoublonnage.Paire.motif_decision",
            "dedoublonnage.Fusion.motif",
        ),
        frozenset({Role.COORDINATEUR_GAB}) | PILOTE,
        frozenset({Role.COORDINATEUR_GAB}) | PILOTE,
        "Seulement si les deux fiches sont dans le périmètre.",
    ),
    "cloture": Groupe(
        "Clôture du dossier",
        ("gab.Dossier.motif_cloture", "gab.Dossier.motif_hors_champ", "gab.Dossier.hors_champ_precision"),
        GAB | PILOTE,
        frozenset({Role.COORDINATEUR_GAB}),
    ),
    "transfert": Groupe(
        "Transferts entre bassins",
        ("gab.Transfert.etat", "gab.Transfert.motif", "gab.Transfert.motif_refus"),
        GAB | PILOTE,
        frozenset({Role.COORDINATEUR_GAB}),
    ),
    "convocation": Groupe(
        "Convocations et tenue des entretiens",
        tuple("gab.Entretien." + c for c in ("etat", "lieu", "mode", "responsable_present"))
        + ("gab.Convocation.canal", "gab.Convocation.resultat"),
        GAB | PILOTE | OPERATEUR | INVITE,
        GAB,
    ),
    "seance": Groupe(
        "Décisions de séance",
        tuple("gab.LigneSeance." + c for c in ("decision", "solution", "message", "effet")),
        GAB | PILOTE | INVITE,
        GAB,
    ),
    "tache": Groupe(
        "Demandes faites au coordinateur",
        ("gab.Tache.type", "gab.Tache.texte", "gab.Tache.reponse"),
        GAB | PILOTE | OPERATEUR,
        frozenset({Role.COORDINATEUR_GAB}) | OPERATEUR,
        "Un opérateur lit les siennes.",
    ),
    "partage": Groupe(
        "Motif d’un partage",
        ("gab.PartageDossier.motif",),
        frozenset({Role.COORDINATEUR_GAB}) | PILOTE | OPERATEUR,
        frozenset({Role.COORDINATEUR_GAB}) | PILOTE,
        "Et la personne avec qui le dossier est partagé.",
    ),
    "retour": Groupe(
        "Retour à l’établissement : étape, date, famille de la solution",
        ("gab.Dossier.etat", "suivi.Devenir.groupe", "suivi.Devenir.date"),
        TOUS - INVITE,
        frozenset(),
        "Après le tri seulement ; jamais « accompagnement spécialisé ».",
    ),
}

#: Fields (or whole tables) that no page shows, with the reason.
HORS_TABLE = {
    "dedoublonnage.Empreinte": "clés du moteur, jamais affichées",
    "gab.Creneau": "l’agenda du bassin",
    **{
        f"{modele}.reference": "référence tirée au hasard"
        for modele in (
            "dedoublonnage.Jeune", "signalements.Signalement", "signalements.Question", "dedoublonnage.Paire",
            "dedoublonnage.Fusion", "gab.Dossier", "gab.Transfert", "gab.Entretien", "gab.Mission", "gab.Tache",
            "suivi.Etape", "suivi.Devenir",
        )
    },
    **{S + c: "technique" for c in ("nom_tri", "empreinte_ligne", "jeton_saisie", "jeton_onglet")},
    "signalements.Contact.normalisee": "le même numéro, pour comparer",
    "signalements.Question.type": "code",
    "dedoublonnage.Rattachement.modele": "version du moteur",
    "dedoublonnage.Paire.origine": "code",
    "dedoublonnage.Paire.modele": "version du moteur",
    "dedoublonnage.Paire.identites": "empreinte",
    "dedoublonnage.Fusion.inventaire": "numéros des lignes déplacées",
    "dedoublonnage.LigneImport.empreinte": "empreinte",
    "suivi.Etape.effets": "pour pouvoir annuler l’étape",
}  # fmt: skip

# Codes that an operator does not read (nomenclatures `natures_sortie` and `motifs`).
NATURES_RESERVEES = {
    "exclusion": "Sortie en cours d’année",
    "exclusion_definitive": "Sortie en cours d’année",
}
MOTIFS_RESERVES = frozenset({"exclusion_sanction", "exclusion", "raisons_personnelles", "personnel"})


def peut_lire(user, groupe):
    """Whether a membership in force reads this group of fields (on rows of its scope)."""
    return any(a.role in GROUPES[groupe].lecture for a in droits.adhesions(user))


def peut_ecrire(user, groupe):
    """Whether a membership in force writes this group of fields (on rows of its scope)."""
    return any(a.role in GROUPES[groupe].ecriture for a in droits.adhesions(user))


def lisibles(user):
    """Codes of the groups that this person reads."""
    return {code for code in GROUPES if peut_lire(user, code)}


def nature_lisible(code, libelle):
    """The label of an exit for an operator or a guest: they do not read an exclusion."""
    return NATURES_RESERVEES.get(code, libelle)


def table():
    """[(Groupe, [(reads?, writes?) for each Role])], for the page and the document."""
    return [(g, [(r in g.lecture, r in g.ecriture) for r in Role]) for g in GROUPES.values()]

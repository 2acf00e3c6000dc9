"""Everything that the portal holds on one person, table by table: one list for the export, the erasure and the papers.

Each table that hangs from a jeune is declared here with the path that leads to the person and, for each field that can
hold text or an identifier, what the erasure does of it. `tests/test_rgpd_inventaire.py` walks the schema: a new
relation or a new text field that nobody declared fails there.
"""

from dataclasses import dataclass, field

from django.apps import apps
from django.db.models import Q

from dedoublonnage.models import Jeune, LigneImport
from qualit.notifications.models import Courriel
from qualit.territoire.models import DemandeAcces, cle_de_tri, nouvelle_reference
from signalements.models import Contact, ResponsableLegal, Signalement

NEUVE = "neuve"  # a new random reference: the old one stands in letters and mails


@dataclass(frozen=True)
class Table:
    """One table that holds something on a person.

    chemins: lookups to the id of a jeune (one of them suffices); titre: for the person who reads the export;
    efface: {field: value left by the erasure} (`NEUVE` draws a reference); garde: text fields that stay (codes);
    tiers: fields about somebody else, left out of the export; technique: fields shown in the JSON only;
    supprime: the rows go away altogether.
    """

    modele: str
    chemins: tuple
    titre: str
    efface: dict = field(default_factory=dict)
    garde: tuple = ()
    tiers: tuple = ()
    technique: tuple = ()
    supprime: bool = False

    @property
    def classe(self):
        return apps.get_model(self.modele)

    def lignes(self, jeunes):
        """Rows about these jeunes (ids)."""
        q = Q(pk__in=[])
        for chemin in self.chemins:
            un = Q(**{f"{chemin}__in": jeunes})
            if chemin.endswith("rattachements__jeune"):  # not the reports that were detached since
                un &= Q(**{f"{chemin.removesuffix('jeune')}defait_le__isnull": True})
            q |= un
        trouvees = self.classe._base_manager.filter(q).values("pk")
        return self.classe._base_manager.filter(pk__in=trouvees).order_by("pk")


DU_SIGNALEMENT = "signalement__rattachements__jeune"
DU_DOSSIER = "dossier__jeune"

TABLES = (
    Table(
        "dedoublonnage.Jeune",
        ("pk", "fusionne_dans"),
        "Votre fiche",
        efface={"reference": NEUVE},
    ),
    Table(
        "signalements.Signalement",
        ("rattachements__jeune",),
        "Les signalements des établissements",
        efface={
            "reference": NEUVE,
            "nom_naissance": "Effacé",
            "nom_usage": "",
            "prenom": "Effacé",
            "autres_prenoms": "",
            "nom_tri": "",
            "commune_naissance": "",
            "commune_naissance_insee": "",
            "ine": "",
            "adresse": "",
            "code_postal": "",
            "ville": "",
            "pays": "",
            "formation": "",
            "classe": "",
            "diplome_precision": "",
            "famille_informee_par": "",
            "declarant_nom": "",
            "declarant_fonction": "",
            "declarant_telephone": "",
            "note": "",
            "message": "",
            "empreinte_ligne": "",
            "jeton_saisie": None,
            "jeton_onglet": "",
        },
        garde=(
            "niveau",
            "diplome",
            "statut",
            "regime",
            "nature_sortie",
            "motifs",
            "motif_principal",
            "motif_retrait",
            "motif_hors_champ",
        ),
        tiers=("famille_informee_par", "declarant_nom", "declarant_fonction", "declarant_telephone"),
        technique=("nom_tri", "empreinte_ligne", "jeton_saisie", "jeton_onglet", "version", "import_lot"),
    ),
    Table(
        "signalements.Contact", (DU_SIGNALEMENT,), "Vos coordonnées", supprime=True, technique=("normalisee",)
    ),
    Table(
        "signalements.ResponsableLegal",
        (DU_SIGNALEMENT,),
        "Vos responsables légaux (leur nom et leurs coordonnées ne figurent pas ici)",
        supprime=True,
        tiers=("nom", "prenom", "telephone", "courriel", "adresse"),
    ),
    Table(
        "signalements.Question",
        (DU_SIGNALEMENT,),
        "Les questions posées à l’établissement",
        efface={"reference": NEUVE, "texte": "", "reponse": ""},
    ),
    Table(
        "signalements.VersionSignalement",
        (DU_SIGNALEMENT,),
        "Ce qui a été corrigé",
        supprime=True,
        technique=("contenu",),
    ),
    Table(
        "dedoublonnage.Rattachement",
        ("jeune",),
        "Le rapprochement des signalements",
        efface={"contributions": [], "defait_motif": ""},
        garde=("modele",),
        technique=("contributions", "modele"),
    ),
    Table(
        "dedoublonnage.Empreinte",
        ("jeune", DU_SIGNALEMENT),
        "Votre identité préparée pour la comparaison",
        supprime=True,
        technique=("cles", "preparee"),
    ),
    Table(
        "dedoublonnage.Paire",
        ("a", "b"),
        "Les fiches qui ressemblent à la vôtre (l’autre personne n’est pas nommée)",
        efface={"reference": NEUVE, "contributions": [], "identites": "", "motif_decision": ""},
        garde=("origine", "modele"),
        tiers=("a", "b", "signalement_a", "signalement_b", "contributions", "identites", "motif_decision"),
    ),
    Table(
        "dedoublonnage.Fusion",
        ("garde", "absorbe"),
        "Les fiches réunies avec la vôtre",
        efface={"reference": NEUVE, "motif": ""},
        garde=(
            "inventaire",
        ),  # ids, codes and dates of rows moved, checked by the test: no text of the person
        technique=("inventaire",),
    ),
    Table(
        "gab.Dossier",
        ("jeune",),
        "Vos dossiers",
        efface={"reference": NEUVE, "hors_champ_precision": ""},
        garde=("motif_cloture", "motif_hors_champ"),
    ),
    Table("gab.Versement", (DU_DOSSIER, DU_SIGNALEMENT), "Le classement des signalements dans un dossier"),
    Table("gab.PartageDossier", ("content_object__jeune",), "Les partages de votre dossier", supprime=True),
    Table(
        "gab.Transfert",
        (DU_DOSSIER,),
        "Les transferts entre bassins",
        efface={"reference": NEUVE, "motif": "", "motif_refus": ""},
    ),
    Table(
        "gab.Entretien",
        (DU_DOSSIER,),
        "Les entretiens",
        efface={"reference": NEUVE, "lieu": "", "projet": "", "demarches": "", "prochaine_etape": ""},
        garde=("motifs_jeune",),
    ),
    Table(
        "gab.Creneau", ("entretien__dossier__jeune",), "Le créneau de l’agenda", garde=("reference", "lieu")
    ),
    Table(
        "gab.Convocation",
        ("entretien__dossier__jeune",),
        "Les convocations",
        efface={"resultat": ""},
    ),
    Table(
        "gab.LigneSeance",
        (DU_DOSSIER,),
        "Les décisions des séances du GAB",
        efface={"message": "", "effet": ""},
        garde=("solution",),
    ),
    Table(
        "gab.Preconisation",
        (DU_DOSSIER,),
        "Les préconisations",
        efface={"synthese": ""},
        garde=("solution",),
    ),
    Table(
        "gab.Mission",
        (DU_DOSSIER,),
        "Les structures missionnées",
        efface={
            "reference": NEUVE,
            "message": "",
            "precision_refus": "",
            "numero_imilo": "",
            "motif_fin": "",
        },
        garde=("motif_refus",),
    ),
    Table(
        "gab.Tache",
        (DU_DOSSIER,),
        "Les décisions demandées au coordinateur",
        efface={"reference": NEUVE, "texte": "", "reponse": ""},
    ),
    Table(
        "suivi.Etape",
        (DU_DOSSIER,),
        "Les étapes du suivi",
        efface={"reference": NEUVE, "synthese": "", "note": "", "effets": {}},
        garde=("type",),
        technique=("effets",),
    ),
    Table(
        "suivi.Devenir",
        (DU_DOSSIER,),
        "Ce que vous êtes devenu",
        efface={"reference": NEUVE, "precision": ""},
        garde=("code", "groupe"),
    ),
    Table(
        "suivi.LectureRetour",
        (DU_SIGNALEMENT,),
        "Les lectures du retour par l’établissement",
    ),
    Table(
        "dedoublonnage.LigneImport",
        (DU_SIGNALEMENT,),
        "Les lignes des listes envoyées par l’établissement",
        supprime=True,
        tiers=("responsables", "candidat", "candidats", "raisons", "remarques"),
        technique=("cellules", "donnees", "contacts", "empreinte"),
    ),
    Table(
        "api.Envoi",
        (DU_SIGNALEMENT,),
        "Les envois du logiciel de l’établissement",
        supprime=True,
        technique=("cle", "empreinte", "reponse"),
    ),
    Table(
        "api.Livraison",
        (DU_SIGNALEMENT,),
        "Les avis envoyés au logiciel de l’établissement (sans nom)",
        supprime=True,
        technique=("numero", "dernier_resultat"),
    ),
    Table(
        "rgpd.Demande",
        ("jeune_id",),
        "Les demandes faites au délégué à la protection des données",
        efface={
            "demandeur": "Effacé",
            "coordonnees": "",
            "objet": "",
            "identite_verifiee": "",
            "reponse": "",
            "motif_prolongation": "",
        },
        garde=("reference",),
    ),
    Table(
        "rgpd.Alerte",
        ("jeune_id",),
        "Les consultations inhabituelles de votre fiche",
        garde=("reference",),
        efface={"reponse": ""},
    ),
)

#: Tables that hang from the ones above and hold nothing of the person of their own, with the reason.
HORS_INVENTAIRE = {
    "gab.Seance": "la séance réunit plusieurs jeunes : le compte rendu figé est caviardé ligne à ligne",
    "gab.Place": "une offre de formation, pas une personne",
}

#: Columns that name a person without a foreign key, with what is done of them.
REFERENCES_LIBRES = {
    "statistiques.Episode.jeune_id": "un numéro et des codes : gardés, comme les statistiques",
    "statistiques.Episode.dossier_id": "un numéro",
    "journal.Trace.jeunes": "des numéros : le journal suit sa propre durée ; son texte libre est effacé",
    "journal.Passage.objet_id": "un numéro ; le texte libre du motif est effacé",
}


def ids_de(jeune):
    """Ids of a person: the jeune and those merged into it, whatever the depth."""
    ids, suivants = {jeune.pk}, [jeune.pk]
    while suivants:
        suivants = list(
            Jeune._base_manager.filter(fusionne_dans__in=suivants)
            .exclude(pk__in=ids)
            .values_list("pk", flat=True)
        )
        ids.update(suivants)
    return sorted(ids)


def signalements_de(jeunes):
    """Reports attached today to these jeunes (ids)."""
    return Signalement.objects.filter(
        rattachements__jeune__in=jeunes, rattachements__defait_le__isnull=True
    ).distinct()


def identites_de(jeunes):
    """{(sortable name, birth date)} of a person, to find what was typed about them without a link."""
    return {(s.nom_tri, s.date_naissance) for s in signalements_de(jeunes) if s.nom_tri}


def brouillons_de(jeunes):
    """Drafts of any structure that bear exactly the name and the birth date of the person."""
    q = Q(pk__in=[])
    for nom, naissance in identites_de(jeunes):
        if naissance:
            q |= Q(nom_tri=nom, date_naissance=naissance)
    return Signalement.objects.brouillons().filter(q)


def demandes_d_acces_de(jeunes):
    """Requests of access that typed the name and birth date of the person."""
    identites = {i for i in identites_de(jeunes) if i[1]}
    candidates = DemandeAcces.objects.filter(date_naissance__in={d for _, d in identites})
    return [d for d in candidates if (cle_de_tri(d.nom, d.prenom), d.date_naissance) in identites]


def lignes_d_import_de(jeunes):
    """Rows of lists that bear the name and the birth date of the person, sent or refused."""
    identites = {i for i in identites_de(jeunes) if i[1]}
    candidates = LigneImport.objects.filter(donnees__date_naissance__in=[d.isoformat() for _, d in identites])
    return [
        ligne
        for ligne in candidates
        if (cle_de_tri(ligne.donnees.get("nom_naissance", ""), ligne.donnees.get("prenom", "")))
        in {nom for nom, _ in identites}
    ]


def adresses_de(jeunes):
    """E-mail addresses known for the person and the guardians."""
    signalements = signalements_de(jeunes)
    contacts = Contact.objects.filter(signalement__in=signalements, type=Contact.Type.COURRIEL)
    responsables = ResponsableLegal.objects.filter(signalement__in=signalements).exclude(courriel="")
    valeurs = [*contacts.values_list("valeur", flat=True), *contacts.values_list("normalisee", flat=True)]
    return sorted(
        {a.strip().lower() for a in [*valeurs, *responsables.values_list("courriel", flat=True)] if a}
    )


def courriels_de(jeunes):
    """E-mails sent to the person or the guardians (convocations)."""
    q = Q(pk__in=[])
    for adresse in adresses_de(jeunes):
        q |= Q(adresse__iexact=adresse)
    return Courriel.objects.filter(q, utilisateur__isnull=True, structure__isnull=True)


def valeur_neuve(valeur):
    """The value that the erasure writes."""
    return nouvelle_reference() if valeur == NEUVE else valeur

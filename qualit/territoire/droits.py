"""The only answer to "who sees and does what".

Ordinary rights follow from memberships: `ROLES_DU_DROIT` says what a role may do, and each model declares in
`PERIMETRE` the paths that lead from it to a structure, a bassin or an académie. Exceptions (a dossier shared
with one person or one structure) are rows of django-guardian's direct-FK tables, dated and accepted; only this
module reads them. The check on one object asks the same queryset as the list.
"""

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from .roles import NIVEAU_DU_ROLE, Niveau, Role


class Droit(models.TextChoices):
    SIGNALER = "signaler", "Saisir et compléter un signalement"
    RETIRER = "retirer", "Retirer un signalement ou en demander le retrait"
    LIRE_RETOUR = "lire_retour", "Lire le retour sur ses signalements"
    RAPPROCHER = "rapprocher", "Répondre à la vérification d’identité"
    IMPORTER = "importer", "Importer une liste de signalements"
    LIRE_DOSSIER = "lire_dossier", "Lire un dossier"
    TRIER = "trier", "Trier les signalements du bassin"
    CONVOQUER = "convoquer", "Convoquer et tenir un entretien"
    PRECONISER = "preconiser", "Donner une préconisation"
    MISSIONNER = "missionner", "Missionner une structure"
    TRANSFERER = "transferer", "Transférer un dossier à un autre bassin"
    CLORE = "clore", "Clore ou rouvrir un dossier"
    TENIR_SEANCE = "tenir_seance", "Préparer et tenir une séance du GAB"
    LIRE_SEANCE = "lire_seance", "Lire l’ordre du jour d’une séance"
    REPONDRE_MISSION = "repondre_mission", "Répondre à une mission"
    SUIVRE = "suivre", "Tenir le suivi et enregistrer le devenir"
    ACCUEILLIR = "accueillir", "Enregistrer un jeune qui se présente"
    PUBLIER_PLACES = "publier_places", "Publier des places vacantes"
    ARBITRER = "arbitrer", "Confirmer les identités"
    PARTAGER = "partager", "Partager un dossier"
    DEMANDER_ACCES = "demander_acces", "Demander l’accès à un dossier hors de son territoire"
    RECHERCHER = "rechercher", "Rechercher un jeune"
    EXPORTER = "exporter", "Exporter ses listes"
    VOIR_STATISTIQUES = "voir_statistiques", "Voir les statistiques"
    VOIR_STATISTIQUES_ACADEMIE = "voir_statistiques_academie", "Voir les statistiques exactes de l’académie"
    PUBLIER_STATISTIQUES = "publier_statistiques", "Figer une publication de statistiques"
    RELANCER_STRUCTURES = "relancer_structures", "Relancer les établissements sans réponse"
    VOIR_ANNUAIRE = "voir_annuaire", "Consulter l’annuaire des structures et des personnes"
    NOMMER_SUPPLEANT = "nommer_suppleant", "Nommer le suppléant d’un coordinateur"
    GERER_EQUIPE = "gerer_equipe", "Inviter les collègues de son établissement"
    GERER_STRUCTURES = "gerer_structures", "Gérer les structures"
    GERER_PERSONNES = "gerer_personnes", "Gérer les personnes et les adhésions"
    GERER_NOMENCLATURES = "gerer_nomenclatures", "Gérer les nomenclatures et les réglages"
    GERER_API = "gerer_api", "Gérer les accès des logiciels"
    VOIR_QUI_VOIT_QUOI = "voir_qui_voit_quoi", "Savoir qui voit quoi"
    LIRE_JOURNAL = "lire_journal", "Lire le journal des accès"
    TENIR_REGISTRE = "tenir_registre", "Tenir le registre des demandes des personnes"
    RECHERCHER_AVEC_MOTIF = "rechercher_avec_motif", "Rechercher une personne avec un motif"
    SUPERVISER_ENVOIS = "superviser_envois", "Voir les courriels en attente"
    VOIR_COMME = "voir_comme", "Voir le portail comme une autre personne (assistance)"


_ETABLISSEMENT = {Role.SIGNALEUR, Role.REFERENT_STRUCTURE}
_GAB = {Role.COORDINATEUR_GAB, Role.MEMBRE_GAB}

ROLES_DU_DROIT = {
    Droit.SIGNALER: {*_ETABLISSEMENT, Role.OPERATEUR},
    Droit.RETIRER: {*_ETABLISSEMENT, Role.OPERATEUR},
    Droit.LIRE_RETOUR: {*_ETABLISSEMENT, Role.OPERATEUR},
    Droit.RAPPROCHER: {*_ETABLISSEMENT, Role.OPERATEUR},
    Droit.IMPORTER: {*_ETABLISSEMENT, Role.OPERATEUR},
    Droit.LIRE_DOSSIER: {*_GAB, Role.OPERATEUR, Role.RECTORAT_PILOTE},
    Droit.TRIER: {*_GAB},
    Droit.CONVOQUER: {*_GAB},
    Droit.PRECONISER: {Role.COORDINATEUR_GAB},
    Droit.MISSIONNER: {Role.COORDINATEUR_GAB},
    Droit.TRANSFERER: {Role.COORDINATEUR_GAB},
    Droit.CLORE: {Role.COORDINATEUR_GAB},
    Droit.TENIR_SEANCE: {*_GAB},
    Droit.LIRE_SEANCE: {*_GAB, Role.INVITE_SEANCE},
    Droit.REPONDRE_MISSION: {Role.OPERATEUR},
    Droit.SUIVRE: {Role.OPERATEUR, Role.COORDINATEUR_GAB},
    Droit.ACCUEILLIR: {Role.OPERATEUR},
    Droit.PUBLIER_PLACES: {Role.OPERATEUR},
    Droit.ARBITRER: {Role.COORDINATEUR_GAB, Role.RECTORAT_PILOTE},
    Droit.PARTAGER: {Role.COORDINATEUR_GAB, Role.RECTORAT_PILOTE},
    Droit.DEMANDER_ACCES: {*_GAB, Role.OPERATEUR},
    Droit.RECHERCHER: {*_ETABLISSEMENT, *_GAB, Role.OPERATEUR, Role.RECTORAT_PILOTE},
    Droit.EXPORTER: {*_ETABLISSEMENT, *_GAB, Role.OPERATEUR, Role.RECTORAT_PILOTE},
    Droit.VOIR_STATISTIQUES: {
        *_ETABLISSEMENT,
        *_GAB,
        Role.OPERATEUR,
        Role.RECTORAT_LECTURE,
        Role.RECTORAT_PILOTE,
        Role.PARTENAIRE,
    },
    Droit.VOIR_STATISTIQUES_ACADEMIE: {Role.RECTORAT_LECTURE, Role.RECTORAT_PILOTE},
    Droit.PUBLIER_STATISTIQUES: {Role.RECTORAT_PILOTE},
    Droit.RELANCER_STRUCTURES: {Role.COORDINATEUR_GAB, Role.RECTORAT_PILOTE},
    Droit.VOIR_ANNUAIRE: {
        *_ETABLISSEMENT,
        *_GAB,
        Role.OPERATEUR,
        Role.RECTORAT_LECTURE,
        Role.RECTORAT_PILOTE,
        Role.DPO,
        Role.ADMIN_TECHNIQUE,
    },
    Droit.NOMMER_SUPPLEANT: {Role.COORDINATEUR_GAB, Role.RECTORAT_PILOTE},
    Droit.GERER_EQUIPE: {Role.REFERENT_STRUCTURE, Role.RECTORAT_PILOTE},
    Droit.GERER_STRUCTURES: {Role.RECTORAT_PILOTE},
    Droit.GERER_PERSONNES: {Role.RECTORAT_PILOTE},
    Droit.GERER_NOMENCLATURES: {Role.RECTORAT_PILOTE, Role.ADMIN_TECHNIQUE},
    Droit.GERER_API: {Role.REFERENT_STRUCTURE, Role.RECTORAT_PILOTE},
    Droit.VOIR_QUI_VOIT_QUOI: {Role.RECTORAT_PILOTE, Role.DPO},
    Droit.LIRE_JOURNAL: {Role.DPO},
    Droit.TENIR_REGISTRE: {Role.DPO},
    Droit.RECHERCHER_AVEC_MOTIF: {Role.DPO},
    Droit.SUPERVISER_ENVOIS: {Role.ADMIN_TECHNIQUE, Role.RECTORAT_PILOTE},
    Droit.VOIR_COMME: {Role.ADMIN_TECHNIQUE},
}


# What each role reads, in one sentence, for the page "Qui voit quoi ?" and the documents.
LECTURE_EN_CLAIR = {
    Role.SIGNALEUR: "Les signalements de son établissement et le retour sur chacun.",
    Role.REFERENT_STRUCTURE: "Les signalements de son établissement et le retour sur chacun ; son équipe.",
    Role.COORDINATEUR_GAB: "Les dossiers du bassin de résidence, et ceux que les établissements du bassin ont signalés.",
    Role.MEMBRE_GAB: "Les mêmes dossiers que le coordinateur de son bassin.",
    Role.INVITE_SEANCE: "Les dossiers à l’ordre du jour de ses séances, jusqu’à la signature du compte rendu.",
    Role.OPERATEUR: "Les dossiers des missions données à sa structure, et ce qu’elle a signalé.",
    Role.RECTORAT_LECTURE: "Des statistiques, sans aucun nom.",
    Role.RECTORAT_PILOTE: "Tous les dossiers de l’académie ; chaque consultation est tracée.",
    Role.PARTENAIRE: "Des statistiques agrégées, sans aucun nom.",
    Role.DPO: "Le journal des accès ; une personne recherchée avec un motif.",
    Role.ADMIN_TECHNIQUE: "Les réglages ; aucun jeune.",
}


@dataclass(frozen=True)
class Chemin:
    """A path from a model to a structure, bassin or académie.

    chemin: ORM lookup that ends on that foreign key; condition: further lookups of the same join (a callable value
    is called at each use); multiple: the path crosses a to-many relation, so it is read through a subquery.
    """

    chemin: str
    condition: dict = field(default_factory=dict)
    multiple: bool = False

    def condition_sur(self, modele, ids):
        """(passage, `Q`): on `modele` itself when passage is None, else on the rows behind it (see `_couper`)."""
        condition = {c: v() if callable(v) else v for c, v in self.condition.items()}
        coupe = _couper(modele, self.chemin) if self.multiple else None
        if coupe is None or coupe[1] is None:
            return coupe and coupe[:2], Q(**{f"{self.chemin}__in": ids}, **condition)
        avant, relation, apres = coupe
        debut = "__".join([*avant, relation.name, ""])
        return (avant, relation), Q(
            **{f"{'__'.join(apres) or 'pk'}__in": ids},
            **{c.removeprefix(debut): v for c, v in condition.items()},
        )


def q_des_chemins(modele, chemins):
    """`Q` on `modele`: a row to which one of these (`Chemin`, ids) leads.

    The paths through one relation are tested by one subquery: EXISTS rather than IN, so that PostgreSQL tests the few rows
    of a page instead of listing the whole scope.
    """
    q, passages = Q(pk__in=[]), {}
    for chemin, ids in chemins:
        passage, condition = chemin.condition_sur(modele, ids)
        if passage is None:
            q |= condition
        else:
            passages[passage] = passages[passage] | condition if passage in passages else condition
    for (avant, relation), condition in passages.items():
        if relation is None:
            siennes = modele._base_manager.filter(condition, pk=OuterRef("pk"))
        else:
            ici = {relation.field.name: OuterRef("__".join(avant) or "pk")}
            siennes = relation.related_model._base_manager.filter(condition, **ici)
        q |= Q(Exists(siennes.order_by()))
    return q


@cache
def _couper(modele, chemin):
    """(to-one steps before, first reverse relation, steps after) of a path; None when every step is to-one.

    The relation is None when the first to-many step is a many-to-many.
    """
    etapes = chemin.split("__")
    for rang, etape in enumerate(etapes):
        champ = modele._meta.get_field(etape)
        if champ.auto_created or champ.many_to_many:
            inverse = None if champ.many_to_many else champ
            return tuple(etapes[:rang]), inverse, tuple(etapes[rang + 1 :])
        modele = champ.related_model
    return None


@dataclass(frozen=True)
class Perimetre:
    """What each level reads (`lecture`) and may act upon (`action`; `lecture` when not said).

    partage: path to the model that guardian shares ("pk" on that model itself).
    """

    lecture: dict
    action: dict = field(default_factory=dict)
    partage: str | None = None

    def chemins(self, niveau, *, pour_agir):
        if pour_agir and niveau in self.action:
            return self.action[niveau]
        return self.lecture.get(niveau, ())


def adhesions(user):
    """The memberships that count for this request: the one chosen in the header, else all those in force."""
    if user is None or isinstance(user, AnonymousUser) or not user.is_active:
        return []
    if user.adhesion_choisie is not None:
        return [user.adhesion_choisie]
    if not hasattr(user, "_adhesions_actives"):
        user._adhesions_actives = list(
            user.adhesions.actives().select_related("structure", "bassin", "academie")
        )
    return user._adhesions_actives


def a_le_droit(user, droit):
    """True when a membership in force carries the right, whatever the object."""
    return any(a.role in ROLES_DU_DROIT[droit] for a in adhesions(user))


def droits_de(user):
    """All the rights of this person, as a set of codes."""
    roles = {a.role for a in adhesions(user)}
    return {droit for droit, porteurs in ROLES_DU_DROIT.items() if porteurs & roles}


def _chemins(adhesions, modele, *, pour_agir=False):
    """[(`Chemin`, ids of where it must lead)] of these memberships on this model."""
    chemins = []
    for adhesion in adhesions:
        niveau = NIVEAU_DU_ROLE[adhesion.role]
        if niveau == Niveau.SEANCE:
            siege = adhesion.utilisateur_id
        else:
            siege = adhesion.structure_id or adhesion.bassin_id or adhesion.academie_id
        if niveau != Niveau.AUCUN:
            chemins += [(c, [siege]) for c in modele.PERIMETRE.chemins(niveau, pour_agir=pour_agir)]
    return chemins


def partages_actifs(user, modele_partage):
    """Ids of the objects shared with this person or their structures, accepted and not over."""
    aujourdhui = timezone.localdate()
    nominatives = [a for a in adhesions(user) if NIVEAU_DU_ROLE[a.role] != Niveau.AUCUN]
    if (
        not nominatives
    ):  # a partner, or somebody without a membership any more, reads no name by a share either
        return modele_partage._base_manager.none().values("content_object")
    structures = [a.structure_id for a in nominatives if a.structure_id]
    return (
        modele_partage._base_manager.filter(
            debut__lte=aujourdhui, fin__gte=aujourdhui, accepte_le__isnull=False
        )
        .filter(revoque_le__isnull=True)
        .filter(Q(user=user) | Q(structure__in=structures))
        .values("content_object")
    )


def perimetre(user, modele):
    """A `Q` on `modele`: what this person may read. Nothing for the anonymous, the inactive, the one without membership."""
    if user is None or not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    siennes = adhesions(user)
    cle = modele, tuple(a.pk for a in siennes), timezone.localdate()  # conditions depend on the day
    connus = user.__dict__.setdefault("_perimetres", {})  # a person is read again at each request
    if cle not in connus:
        connus[cle] = _perimetre(user, siennes, modele)
    return connus[cle]


def _perimetre(user, siennes, modele):
    chemins = _chemins(siennes, modele)
    partage = modele.PERIMETRE.partage
    if partage is not None and not getattr(user, "vu_comme_par", None):
        modele_partage = PARTAGES.get("dossier")
        if modele_partage is not None:
            chemins.append((Chemin(partage, multiple=partage != "pk"), partages_actifs(user, modele_partage)))
    return q_des_chemins(modele, chemins)


#: Guardian's direct-FK models by name, registered by the app that owns the shared model (droits imports no step).
PARTAGES = {}


def nombre_partages(user):
    """How many dossiers are shared with this person today, by name or through a structure."""
    modele = PARTAGES.get("dossier")
    return partages_actifs(user, modele).distinct().count() if modele is not None else 0


def peut(user, droit, objet=None):
    """May this person do this (to this object)? Reading is not enough: the action paths of the model must lead to their seat."""
    porteurs = [a for a in adhesions(user) if a.role in ROLES_DU_DROIT[droit]]
    if objet is None or not porteurs:
        return bool(porteurs)
    modele = type(objet)
    q = q_des_chemins(modele, _chemins(porteurs, modele, pour_agir=True))
    return modele._base_manager.filter(q, pk=objet.pk).exists()


def exiger(user, droit, objet=None):
    """Raise PermissionDenied (403) unless `peut`. Call it on objects found through `visibles_par`."""
    if not peut(user, droit, objet):
        raise PermissionDenied


def structures_pour(user, droit):
    """Structures where this person holds the right, as ids."""
    return [a.structure_id for a in adhesions(user) if a.structure_id and a.role in ROLES_DU_DROIT[droit]]


def bassins_pour(user, droit):
    """Bassins where this person holds the right, as ids."""
    return [a.bassin_id for a in adhesions(user) if a.bassin_id and a.role in ROLES_DU_DROIT[droit]]


def academies_pour(user, droit):
    """Académies where this person holds the right, as ids."""
    return [a.academie_id for a in adhesions(user) if a.academie_id and a.role in ROLES_DU_DROIT[droit]]


_masquer = ContextVar("masquer", default=False)
MASQUE = "•••"


@contextmanager
def noms_masques(actif=True):
    """While it lasts, the instances of `Nominatif` models that are read come without names (act-as)."""
    jeton = _masquer.set(actif)
    try:
        yield
    finally:
        _masquer.reset(jeton)


class Nominatif(models.Model):
    """A model that holds names: `CHAMPS_MASQUES` are hidden from the support that acts as somebody."""

    CHAMPS_MASQUES = ()

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db, field_names, values):
        objet = super().from_db(db, field_names, values)
        if _masquer.get():
            for champ in cls.CHAMPS_MASQUES:
                if objet.__dict__.get(champ):
                    objet.__dict__[champ] = None if champ.startswith("date_") else MASQUE
        return objet


def hors_archives(objets, user):
    """Without what is archived (24 months after the last closing), which the pilots of the académie alone go on reading.

    A model says in `ARCHIVE` the lookup to the date of archiving.
    """
    archive = getattr(objets.model, "ARCHIVE", "")
    if not archive or any(NIVEAU_DU_ROLE[a.role] == Niveau.ACADEMIE for a in adhesions(user)):
        return objets
    return objets.filter(**{f"{archive}__isnull": True})


class PerimetreQuerySet(models.QuerySet):
    """Base of the querysets of nominative models."""

    def visibles_par(self, user):
        """Rows that this person may read: their structures and bassins, plus what was shared with them."""
        return hors_archives(self.filter(perimetre(user, self.model)), user)

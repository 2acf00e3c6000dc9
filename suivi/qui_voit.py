"""Who may read a jeune today, and through what: each seat found in the facts is tried with `visibles_par` itself."""

from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone

from dedoublonnage.models import Jeune
from gab.models import MISSIONS_LUES, SEANCES_LUES, Mission, PartageDossier, Seance, Transfert
from qualit.territoire.models import Adhesion, Structure, Utilisateur
from qualit.territoire.roles import NIVEAU_DU_ROLE, Niveau, Role
from signalements.models import Signalement


@dataclass
class Lecteur:
    """People of one seat and one role who may read: where they sit, why, since when it is limited."""

    siege: object
    role: str
    pourquoi: str
    personnes: list = field(default_factory=list)


def _signalements(jeune):
    return Signalement.objects.filter(rattachements__jeune=jeune, rattachements__defait_le__isnull=True)


def _sieges(jeune):
    """{("structure"|"bassin"|"academie", id): why} of every seat that a fact leads to."""
    trouves = {}

    def ajouter(sorte, ids, pourquoi):
        for pk in ids:
            if pk:
                trouves.setdefault((sorte, pk), pourquoi)

    dossiers = jeune.dossiers.all()
    ajouter("bassin", dossiers.values_list("bassin", flat=True), "Bassin chargé du jeune")
    transferts = Transfert.objects.filter(dossier__in=dossiers)
    ajouter(
        "bassin",
        transferts.filter(etat="propose").values_list("vers", flat=True),
        "Transfert proposé à ce bassin",
    )
    recents = transferts.filter(etat="accepte", lisible_jusqu_au__gte=timezone.localdate())
    ajouter("bassin", recents.values_list("de", flat=True), "Ancien bassin, pour trois mois")
    signalements = _signalements(jeune)
    ajouter("bassin", signalements.values_list("structure__bassin", flat=True), "Bassin de l’établissement")
    ajouter(
        "structure",
        signalements.values_list("structure", flat=True),
        "A signalé le jeune : lit sa saisie et le retour",
    )
    missions = Mission.objects.filter(dossier__in=dossiers, etat__in=MISSIONS_LUES)
    ajouter("structure", missions.values_list("structure", flat=True), "Structure missionnée")
    ajouter("academie", dossiers.values_list("bassin__academie", flat=True), "Pilotage de l’académie")
    return trouves


def _lit(utilisateur, adhesion, jeune):
    """Whether this membership alone lets the person read the jeune, or one of the reports about them."""
    utilisateur.adhesion_choisie = adhesion
    if Jeune.objects.visibles_par(utilisateur).filter(pk=jeune.pk).exists():
        return True
    return (
        Signalement.objects.visibles_par(utilisateur)
        .filter(pk__in=_signalements(jeune).values("pk"))
        .exists()
    )


def lecteurs(jeune):
    """[Lecteur], by seat: those who may read this jeune on this day."""
    sieges = _sieges(jeune)
    q = Q(pk__in=[])
    for sorte, pk in sieges:
        q |= Q(**{sorte: pk})
    nominatifs = [r for r in Role if NIVEAU_DU_ROLE[r] not in (Niveau.AUCUN, Niveau.SEANCE)]
    groupes = {}
    adhesions = (
        Adhesion.objects.actives()
        .filter(q, role__in=nominatifs)
        .select_related("utilisateur", "structure", "bassin", "academie")
        .order_by("role", "utilisateur__nom", "utilisateur__prenom")
    )
    for adhesion in adhesions:
        sorte = next(s for s in ("structure", "bassin", "academie") if getattr(adhesion, f"{s}_id"))
        cle = (sorte, getattr(adhesion, f"{sorte}_id"), adhesion.role)
        if cle not in groupes:
            lit = _lit(adhesion.utilisateur, adhesion, jeune)
            groupes[cle] = (
                Lecteur(adhesion.siege, adhesion.get_role_display(), sieges[cle[:2]]) if lit else None
            )
        if groupes[cle] is not None and adhesion.utilisateur not in groupes[cle].personnes:
            groupes[cle].personnes.append(adhesion.utilisateur)
    return [g for g in groupes.values() if g] + _exceptions(jeune)


def _exceptions(jeune):
    aujourdhui = timezone.localdate()
    sortie = []
    partages = PartageDossier.objects.filter(
        content_object__jeune=jeune, accepte_le__isnull=False, revoque_le__isnull=True,
        debut__lte=aujourdhui, fin__gte=aujourdhui,
    ).select_related("user", "structure")  # fmt: skip
    for p in partages:
        personnes = _qui_lisent([p.user] if p.user_id else _equipe(p.structure), jeune)
        if personnes:
            pourquoi = f"Dossier partagé jusqu’au {p.fin:%d/%m/%Y}"
            sortie.append(Lecteur(p.structure or "Une personne", "Partage", pourquoi, personnes))
    for seance in Seance.objects.filter(lignes__dossier__jeune=jeune, etat__in=SEANCES_LUES).distinct():
        invites = _qui_lisent(seance.invites.filter(is_active=True).order_by("nom", "prenom"), jeune)
        if invites:
            sortie.append(Lecteur(seance, "Invité", "Jusqu’à la signature du compte rendu", invites))
    return sortie


def _qui_lisent(personnes, jeune):
    """Among these, those whose rights say that they read the jeune (a guest without a membership reads nothing)."""
    return [p for p in personnes if Jeune.objects.visibles_par(p).filter(pk=jeune.pk).exists()]


def _equipe(structure: Structure):
    actives = Adhesion.objects.actives().filter(structure=structure)
    return Utilisateur.objects.filter(pk__in=actives.values("utilisateur")).order_by("nom", "prenom")

"""The turn of the year: what each role settles in June, so that nothing waits over the summer without anybody.

The campaign changes by itself on 1 July and the dossiers go on; this is the list of what people must finish, pass on
or announce before. Each line is a count that is a link.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from gab.models import Dossier, Entretien, EtatDossier, Fermeture, Mission, Seance, Tache, Transfert
from gab.surveillance import echeances_depassees, transferts_sans_reponse
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Structure
from qualit.territoire.roles import Role
from qualit.web.navigation import nombre_lisible
from signalements.models import EtatSignalement, Question, Signalement, campagne_de

from . import lectures, missions, relances, retours


@dataclass(frozen=True)
class Point:
    """One line of the list: settled when `nombre` is 0 (or, with `attendu`, when it is not). plafonne: counted `au_plus`."""

    titre: str
    nombre: int
    url: str
    texte: str = ""
    attendu: bool = False
    plafonne: bool = False

    @property
    def compte(self):
        """The number as shown."""
        return nombre_lisible(self.nombre, self.plafonne)

    @property
    def fait(self):
        return bool(self.nombre) if self.attendu else not self.nombre


def de_saison(jour=None):
    """From 1 June to 30 September: the home page then leads to the list."""
    return 6 <= (jour or timezone.localdate()).month <= 9


def rentree(jour=None):
    """The 1 September that comes next."""
    jour = jour or timezone.localdate()
    return date(jour.year + (jour.month >= 9), 9, 1)


def points(user, adhesion):
    """The list of a membership, in the order in which to settle it."""
    return PAR_ROLE.get(getattr(adhesion, "role", None), lambda *_: [])(user, adhesion)


def _declarant(user, adhesion):
    structure = adhesion.structure
    siens = retours.mes_signalements(user).filter(structure=structure)
    brouillons = Signalement.objects.visibles_par(user).brouillons().filter(structure=structure)
    questions = Question.objects.ouvertes().filter(signalement__structure=structure)
    muets = [
        mois
        for mois in relances.mois_recents(timezone.localdate().month + 5)
        if campagne_de(mois) == campagne_de(timezone.localdate())
        and structure.est_declarante
        and relances.sans_reponse(Structure.objects.filter(pk=structure.pk), mois).exists()
    ]
    liste = reverse("suivi:mes_signalements")
    return [
        Point(
            "Brouillons à envoyer ou à supprimer", brouillons.count(), reverse("signalements:brouillons"),
            "Un brouillon n’est lu de personne : le jeune n’est pas signalé.",
        ),
        Point(
            "Questions du GAB sans réponse",
            questions.exclude(type=Question.Type.RETRAIT).count(),
            f"{liste}?etat=a_completer",
        ),
        Point(
            "Retours que vous n’avez pas lus", retours.non_lus(retours.avec_nouvelles(siens, user)).count(),
            f"{liste}?nouveau=on",
        ),
        Point(
            "Mois de l’année sans réponse", len(muets), reverse("signalements:neant"),
            "Signalez les départs, ou déclarez qu’il n’y en a pas eu.",
        ),
    ]  # fmt: skip


def _operateur(user, adhesion):
    structure = adhesion.structure
    siennes = Mission.objects.filter(structure=structure)
    comptes = missions.comptes(siennes)
    liste = reverse("suivi:missions")
    return [
        Point(
            "Jeunes à confier à un autre collègue", orphelines(structure).count(), "#a-confier",
            "La personne qui les suivait n’est plus dans votre structure.",
        ),
        Point("Missions sans réponse", comptes["a_repondre"], f"{liste}?vue=a_repondre"),
        Point("Jeunes sans nouvelles", comptes["sans_nouvelles"], f"{liste}?vue=sans_nouvelles", plafonne=True),
        Point("Devenirs à revérifier", comptes["a_reverifier"], f"{liste}?vue=a_reverifier", plafonne=True),
        Point(
            "Fermeture d’été annoncée",
            Fermeture.objects.filter(structure=structure, fin__gte=timezone.localdate()).count(),
            reverse("gab:fermetures"), "Pendant ces jours, une mission sans réponse n’expire pas.", attendu=True,
        ),
    ]  # fmt: skip


def _gab(user, adhesion):
    bassin = adhesion.bassin
    dossiers = Dossier.objects.filter(bassin=bassin)
    entretiens = Entretien.objects.filter(dossier__bassin=bassin, etat="prevu", quand__lt=timezone.now())
    seances = Seance.objects.filter(bassin=bassin).filter(
        Q(etat__in=["ouverte", "close"]) | Q(etat="preparee", quand__lt=timezone.now())
    )
    echeances = dossiers.ouverts().filter(
        echeance_legale__lte=rentree(), recu_avec_responsable_le__isnull=True
    )
    lignes = [
        Point(
            "Signalements à examiner",
            Signalement.objects.filter(versement__dossier__bassin=bassin, etat=EtatSignalement.ENVOYE).count(),
            reverse("gab:tri"),
        ),
        Point(
            "Échéances légales d’ici la rentrée", echeances.count(), reverse("gab:echeances"),
            "Le délai de trois mois (L313-8) court aussi pendant l’été.",
        ),
        Point("Entretiens passés à constater", entretiens.count(), reverse("gab:agenda")),
        Point("Séances à clore ou à signer", seances.count(), reverse("gab:seances")),
        Point(
            "Décisions attendues", Tache.objects.ouvertes().filter(dossier__bassin=bassin).count(), reverse("gab:taches")
        ),
        Point(
            "Transferts sans réponse", Transfert.objects.filter(vers=bassin, etat="propose").count(),
            reverse("gab:transferts"),
        ),
        Point(
            "Missions sans réponse",
            Mission.objects.filter(dossier__bassin=bassin, etat=Mission.Etat.PROPOSEE).count(), reverse("gab:missions"),
        ),
        Point(
            "Dossiers dont la structure référente n’a plus personne", sans_referent(dossiers).count(), "#referents",
            "Choisissez une autre structure référente, ou retirez la mission.",
        ),
        Point("Devenirs à revérifier", missions.devenirs_a_reverifier(user).count(), reverse("suivi:a_reverifier")),
    ]  # fmt: skip
    if droits.a_le_droit(user, Droit.RELANCER_STRUCTURES):
        lignes += _etablissements(user)
    return [p for p in lignes if p.titre]


def _etablissements(user):
    muettes = relances.sans_reponse(relances.structures_a_relancer(user), relances.mois_recents(1)[0])
    brouillons, non_lus = a_finir(user)
    jour = timezone.localdate()
    return [
        Point("Établissements sans réponse le mois dernier", muettes.count(), reverse("suivi:sans_reponse")),
        Point("Établissements qui gardent des brouillons", len(brouillons), "#etablissements"),
        Point(
            "Établissements qui n’ont pas lu tous leurs retours", len(non_lus),
            f"{reverse('suivi:retours_lus')}?campagne={campagne_de(jour)}",
        ),
    ]  # fmt: skip


def _pilote(user, adhesion):
    bassins = Dossier.objects.filter(bassin__academie=adhesion.academie)
    return [
        Point("Échéances légales dépassées", echeances_depassees(user).count(), f"{reverse('gab:a_surveiller')}#echeances"),
        Point(
            "Dossiers dont la structure référente n’a plus personne", sans_referent(bassins).count(), "#referents"
        ),
        Point(
            "Transferts sans réponse", transferts_sans_reponse(user).count(),
            f"{reverse('gab:a_surveiller')}#transferts",
        ),
        *_etablissements(user),
        Point(
            "Fermetures d’été annoncées", Fermeture.objects.filter(
                structure__academie=adhesion.academie, fin__gte=timezone.localdate()
            ).count(), reverse("gab:fermetures"), attendu=True,
        ),
    ]  # fmt: skip


PAR_ROLE = {
    Role.SIGNALEUR: _declarant,
    Role.REFERENT_STRUCTURE: _declarant,
    Role.OPERATEUR: _operateur,
    Role.COORDINATEUR_GAB: _gab,
    Role.MEMBRE_GAB: _gab,
    Role.RECTORAT_PILOTE: _pilote,
}


# --- To pass on ---------------------------------------------------------------------------------------------


def _en_poste(structure_ref, personne_ref=None):
    actives = Adhesion.objects.actives().filter(structure=OuterRef(structure_ref), role=Role.OPERATEUR)
    return Exists(actives.filter(utilisateur=OuterRef(personne_ref)) if personne_ref else actives)


def orphelines(structure):
    """Accepted missions of a structure followed by somebody who is no longer there."""
    return Mission.objects.filter(
        structure=structure, etat=Mission.Etat.ACCEPTEE, conseiller__isnull=False
    ).filter(~_en_poste("structure", "conseiller"))


def sans_referent(dossiers):
    """Open dossiers, not in solution, whose referent structure is closed or has nobody left."""
    ferme = Q(referent__fermee_le__lte=timezone.localdate())
    return (
        dossiers.ouverts()
        .exclude(etat=EtatDossier.EN_SOLUTION)
        .filter(referent__isnull=False)
        .filter(ferme | ~_en_poste("referent"))
    )


def a_finir(user):
    """Schools that this person may remind, with work left: ({school: drafts}, {school: returns not read})."""
    structures = relances.structures_a_relancer(user)
    brouillons = dict(
        Signalement.objects.brouillons()
        .filter(structure__in=structures, modifie_le__lt=timezone.now() - timedelta(days=7))
        .order_by()
        .values_list("structure")
        .annotate(n=Count("pk"))
    )
    campagne = campagne_de(timezone.localdate())
    non_lus = dict(
        lectures.avec_lecture(lectures.portee(user, campagne))
        .filter(lu=False, structure__in=structures)
        .order_by()
        .values_list("structure")
        .annotate(n=Count("pk"))
    )
    noms = {s.pk: s for s in structures.filter(pk__in={*brouillons, *non_lus}).select_related("bassin")}
    return (
        {noms[pk]: n for pk, n in brouillons.items() if pk in noms},
        {noms[pk]: n for pk, n in non_lus.items() if pk in noms},
    )


@transaction.atomic
def relancer(user):
    """Remind the schools that keep drafts or have not read their returns. Returns how many."""
    droits.exiger(user, Droit.RELANCER_STRUCTURES)
    brouillons, non_lus = a_finir(user)
    structures = {*brouillons, *non_lus}
    for structure in structures:
        morceaux = []
        if n := brouillons.get(structure):
            morceaux.append(f"{n} brouillon{'s' if n > 1 else ''}")
        if n := non_lus.get(structure):
            morceaux.append(f"{n} retour{'s' if n > 1 else ''} à lire")
        notifications.prevoir(
            "fin_annee", a=notifications.equipe(structure), boite=structure, lien="/fin-d-annee/",
            precision=", ".join(morceaux),
        )  # fmt: skip
    if structures:
        noter(Action.ECRITURE, "fin_annee_relance", list(structures), par=user, nombre=len(structures))
    return len(structures)

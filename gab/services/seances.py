"""A séance of the GAB: agenda, decisions, closing in one action, minutes signed and locked."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Max, OuterRef, Subquery
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Structure
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.roles import Role
from signalements.services import ConflitDeVersion

from ..models import Dossier, LigneSeance, Mission, Place, Seance
from .missions import missionner, preconiser

Decision = LigneSeance.Decision

# How long after the séance a guest may wait for its minutes to be signed; the signature ends the reading anyway.
DUREE_DE_L_INVITE = timedelta(days=60)


def reportes(bassin):
    """Ids of the dossiers whose last line on an agenda of the bassin was put off to a later séance."""
    derniere = LigneSeance.objects.filter(dossier=OuterRef("dossier"), seance__bassin=bassin).order_by(
        "-seance__quand", "-pk"
    )
    return LigneSeance.objects.filter(
        pk=Subquery(derniere.values("pk")[:1]), decision=LigneSeance.Decision.REPORTER, seance__bassin=bassin
    ).values("dossier")


@transaction.atomic
def preparer(seance, dossiers, *, par):
    """Create a séance of a bassin with its agenda. Returns it."""
    if seance.bassin_id not in droits.bassins_pour(par, Droit.TENIR_SEANCE):
        droits.exiger(par, Droit.TENIR_SEANCE, seance)
    seance.cree_par = par
    seance.save()
    workflow.passage(seance, "preparer", "", par=par)
    inscrire(seance, dossiers, par=par)
    return seance


@transaction.atomic
def inscrire(seance, dossiers, *, par):
    """Add dossiers to the agenda (those already there stay where they are). Returns how many were added."""
    droits.exiger(par, Droit.TENIR_SEANCE, seance)
    verrouiller(seance, {Seance.Etat.PREPAREE, Seance.Etat.OUVERTE})
    presents = set(seance.lignes.values_list("dossier_id", flat=True))
    rang = seance.lignes.aggregate(m=Max("ordre"))["m"] or 0
    nouveaux = [d for d in dossiers if d.pk not in presents]
    LigneSeance.objects.bulk_create(
        LigneSeance(seance=seance, dossier=d, ordre=rang + i) for i, d in enumerate(nouveaux, 1)
    )
    noter(
        Action.ECRITURE,
        "seance_ordre_du_jour",
        seance,
        par=par,
        jeunes=[d.jeune_id for d in nouveaux],
    )
    return len(nouveaux)


@transaction.atomic
def retirer(ligne, *, par):
    """Take a dossier off the agenda."""
    droits.exiger(par, Droit.TENIR_SEANCE, ligne.seance)
    verrouiller(ligne.seance, {Seance.Etat.PREPAREE, Seance.Etat.OUVERTE})
    noter(Action.ECRITURE, "seance_ligne_retiree", ligne.seance, par=par, jeunes=[ligne.dossier.jeune_id])
    ligne.delete()


@transaction.atomic
def inviter(seance, personnes, *, par):
    """Invite people from outside: they read the dossiers of the agenda until the minutes are signed."""
    droits.exiger(par, Droit.TENIR_SEANCE, seance)
    verrouiller(seance, {Seance.Etat.PREPAREE, Seance.Etat.OUVERTE, Seance.Etat.CLOSE})
    nouveaux = [p for p in personnes if not seance.invites.filter(pk=p.pk).exists()]
    for personne in nouveaux:
        _faire_invite(seance, personne, par=par)
    seance.invites.add(*nouveaux)
    notifications.prevoir("seance_invitation", a=nouveaux, lien=f"/gab/seances/{seance.reference}/")
    noter(Action.DROITS, "seance_invitation", seance, par=par, invites=[p.pk for p in nouveaux])
    return nouveaux


def _faire_invite(seance, personne, *, par):
    """Give the role of guest, at their own structure, to somebody who has no other way to read the séance.

    The role alone opens nothing: it reads the séances that name the person. Raises TransitionImpossible when the person
    belongs to no structure.
    """
    siennes = Adhesion.objects.actives().filter(utilisateur=personne)
    if siennes.du_bassin(seance.bassin).exists():
        return
    fin = timezone.localdate(seance.quand) + DUREE_DE_L_INVITE
    invite = siennes.filter(role=Role.INVITE_SEANCE).order_by("fin").last()
    if invite is not None:
        if invite.fin is not None and invite.fin < fin:
            invite.fin = fin
            invite.save(update_fields=["fin"])
        return
    ouvertes = siennes.filter(structure__in=Structure.objects.ouvertes()).select_related("structure")
    siege = ouvertes.order_by("debut", "pk").first()
    if siege is None:
        raise workflow.TransitionImpossible(
            "Cette personne n’appartient à aucune structure : demandez au rectorat de lui donner le rôle d’invité."
        )
    adhesion = Adhesion.objects.create(
        utilisateur=personne,
        role=Role.INVITE_SEANCE,
        structure=siege.structure,
        fin=max(fin, timezone.localdate()),
        accordee_par=par,
    )
    noter(Action.DROITS, "invite_seance_accorde", adhesion, par=par, au=str(adhesion.fin))


@transaction.atomic
def decommander(seance, personne, *, par):
    """Withdraw an invitation: the reading ends at once."""
    droits.exiger(par, Droit.TENIR_SEANCE, seance)
    seance.invites.remove(personne)
    noter(Action.DROITS, "seance_invitation_retiree", seance, par=par, invites=[personne.pk])


@transaction.atomic
def emarger(seance, presences, presents, observations, *, par, version=None):
    """Record who attends, and the general remarks. Raises ConflitDeVersion when somebody did meanwhile."""
    droits.exiger(par, Droit.TENIR_SEANCE, seance)
    verrouiller(seance, {Seance.Etat.PREPAREE, Seance.Etat.OUVERTE, Seance.Etat.CLOSE})
    seance.refresh_from_db(fields=["version", "presents", "observations"])
    if version is not None and seance.version != version:
        raise ConflitDeVersion(seance)
    seance.presences.set(presences)
    seance.presents, seance.observations = presents, observations
    seance.version += 1
    seance.save(update_fields=["presents", "observations", "version"])
    noter(Action.ECRITURE, "seance_emargement", seance, par=par)


def verrouiller(seance, etats):
    """Lock the séance and read its state again. Raises TransitionImpossible outside `etats`."""
    actuel = Seance.objects.select_for_update(of=("self",)).get(pk=seance.pk)
    seance.refresh_from_db(fields=["etat"])
    if actuel.etat not in etats:
        raise workflow.TransitionImpossible(
            f"La séance est maintenant dans l’état « {actuel.get_etat_display()} » : cette action n’est plus possible."
        )


@transaction.atomic
def decider(ligne, decision, *, par, solution="", structure=None, place=None, message="", vu=None):
    """Write the decision on a line. It takes effect when the séance closes.

    vu: the `jalon` of the line that was shown. Raises ConflitDeVersion when somebody decided meanwhile,
    TransitionImpossible when the séance is not open.
    """
    droits.exiger(par, Droit.TENIR_SEANCE, ligne.seance)
    verrouiller(ligne.seance, {Seance.Etat.OUVERTE})
    ligne.refresh_from_db(
        fields=["decision", "solution", "structure", "place", "message", "decidee_le", "decidee_par"]
    )
    if vu is not None and ligne.jalon != vu:
        raise ConflitDeVersion(ligne)
    ligne.decision, ligne.solution, ligne.message = decision, solution, message
    ligne.structure = structure if decision == Decision.MISSIONNER else None
    ligne.place = place if decision == Decision.MISSIONNER else None
    ligne.decidee_le, ligne.decidee_par = timezone.now(), par
    ligne.save()
    noter(
        Action.ECRITURE,
        f"seance_decision_{decision}",
        ligne.seance,
        par=par,
        jeunes=[ligne.dossier.jeune_id],
    )
    return ligne


@transaction.atomic
def clore(seance, *, par):
    """Close: every decision becomes a recommendation, a mission and its notices, in one transaction.

    A line that can no longer take effect (dossier closed meanwhile, structure already commissioned) keeps its
    decision and says why. Returns the number of lines that took effect.
    """
    workflow.franchir(seance, "clore", par=par)
    effets = 0
    lignes = seance.lignes.select_related("dossier__jeune", "dossier__bassin", "structure")
    for ligne in lignes:
        if ligne.decision not in {Decision.PRECONISER, Decision.MISSIONNER}:
            continue
        ligne.effet = _appliquer(seance, ligne, par)
        ligne.save(update_fields=["effet"])
        effets += ligne.effet.startswith("Fait")
    noter(Action.ECRITURE, "seance_close", seance, par=par, effets=effets)
    return effets


def _appliquer(seance, ligne, par):
    dossier = Dossier.objects.select_for_update(of=("self",)).get(pk=ligne.dossier_id)
    if not dossier.est_ouvert:
        return f"Sans effet : le dossier est « {dossier.get_etat_display()} »."
    if dossier.bassin_id != seance.bassin_id:
        return "Sans effet : le dossier a changé de bassin."
    if dossier.jeune.est_gele:
        return f"Sans effet : {dossier.jeune.a_ne_pas_contacter[:180]}"
    preconisation = preconiser(dossier, ligne.solution, par=par, synthese=ligne.message, seance=seance)
    if ligne.decision == Decision.PRECONISER:
        return "Fait : préconisation donnée."
    vivante = dossier.missions.vivantes().filter(structure=ligne.structure).exists()
    if vivante:
        return "Fait : préconisation donnée ; cette structure était déjà missionnée."
    place = Place.objects.visibles().filter(pk=ligne.place_id).first()
    missionner(
        dossier, ligne.structure, par=par, message=ligne.message, preconisation=preconisation, place=place
    )
    if ligne.place_id and place is None:
        return "Fait : préconisation donnée et structure missionnée ; la place choisie n’est plus libre."
    return "Fait : préconisation donnée et structure missionnée."


def compte_rendu(seance):
    """The minutes as data: who attended, then one line a dossier. Frozen in `seance.compte_rendu` at the signature."""
    if seance.compte_rendu:
        return seance.compte_rendu
    lignes = []
    for rang, ligne in enumerate(
        seance.lignes.select_related("dossier__jeune__identite__structure", "structure", "place"), 1
    ):
        identite = ligne.dossier.jeune.identite
        lignes.append(
            {
                "rang": rang,
                "reference": ligne.dossier.reference,
                "nom": identite.nom_complet if identite else "",
                "naissance": f"{identite.date_naissance:%d/%m/%Y}"
                if identite and identite.date_naissance
                else "",
                "etablissement": str(identite.structure) if identite else "",
                "decision": ligne.get_decision_display() if ligne.decision else "Non examiné",
                "solution": libelle("solutions", ligne.solution, timezone.localdate(seance.quand)),
                "structure": str(ligne.structure) if ligne.structure else "",
                "place": ligne.place.formation if ligne.place else "",
                "message": ligne.message,
                "effet": ligne.effet,
            }
        )
    return {
        "bassin": str(seance.bassin),
        "quand": timezone.localtime(seance.quand).isoformat(),
        "lieu": seance.lieu,
        "presents": [
            {"nom": p.get_full_name(), "fonction": p.fonction}
            for p in seance.presences.order_by("nom", "prenom", "pk")
        ],
        "autres_presents": seance.presents,
        "observations": seance.observations,
        "lignes": lignes,
        "missions": Mission.objects.filter(preconisation__seance=seance).count(),
    }


@transaction.atomic
def signer(seance, *, par):
    """Sign the minutes: they are frozen, and the guests no longer read the dossiers."""
    instantane = compte_rendu(seance)
    workflow.franchir(
        seance, "signer", par=par, signee_par=par, signee_le=timezone.now(), compte_rendu=instantane
    )
    noter(
        Action.ECRITURE,
        "seance_signee",
        seance,
        par=par,
        jeunes=list(seance.lignes.values_list("dossier__jeune_id", flat=True)),
    )
    return seance


def ouvrir(seance, *, par):
    """Start the séance: decisions may be written."""
    return workflow.franchir(seance, "ouvrir", par=par)


def annuler(seance, *, par):
    """Call the séance off; its guests no longer read the dossiers."""
    return workflow.franchir(seance, "annuler", par=par)

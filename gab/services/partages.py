"""Exceptions to the territory: a dossier shared with a person or a structure, and the request of access."""

from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, DemandeAcces
from qualit.territoire.roles import Role
from signalements import recherche
from signalements.models import Signalement

from ..models import Dossier, PartageDossier, Versement


def reference_de(partage):
    """What stands for a share in an address: it tells nothing of order or number."""
    return salted_hmac("gab.partage", str(partage.pk)).hexdigest()[:16]


def _permission():
    return Permission.objects.get(content_type__app_label="gab", codename="voir_dossier")


def _destinataires(partage):
    return [partage.user] if partage.user_id else list(notifications.equipe(partage.structure))


@transaction.atomic
def partager(dossier, *, motif, fin, par, user=None, structure=None, accepte=False):
    """Offer the reading of a dossier until a day. It holds once the receiver has accepted.

    accepte: the receiver asked for it, so that nothing is left to accept. Raises PermissionDenied, ValidationError.
    """
    droits.exiger(par, Droit.PARTAGER, dossier)
    if fin < timezone.localdate():
        raise ValidationError("La date de fin est passée.")
    if user is not None and type(dossier).objects.visibles_par(user).filter(pk=dossier.pk).exists():
        raise ValidationError("Cette personne lit déjà ce dossier.")
    partage = PartageDossier.objects.create(
        content_object=dossier,
        permission=_permission(),
        user=user,
        structure=structure,
        motif=motif,
        fin=fin,
        accorde_par=par,
        accepte_le=timezone.now() if accepte else None,
        accepte_par=user if accepte else None,
    )
    if not accepte:
        notifications.prevoir("partage_propose", a=_destinataires(partage), lien=reverse("partages:liste"))
    noter(Action.DROITS, "partage", dossier, par=par, jeunes=[dossier.jeune_id], motif=motif, fin=str(fin))
    return partage


def recus(user):
    """Shares offered to this person or their structures, in force or to come."""
    structures = [a.structure_id for a in droits.adhesions(user) if a.structure_id]
    return PartageDossier.objects.filter(
        Q(user=user) | Q(structure__in=structures), revoque_le__isnull=True, fin__gte=timezone.localdate()
    ).select_related("content_object", "accorde_par", "structure", "user")


def accordes(user):
    """Shares of the dossiers that this person is in charge of."""
    return PartageDossier.objects.filter(
        Q(content_object__bassin__in=droits.bassins_pour(user, Droit.PARTAGER))
        | Q(content_object__bassin__academie__in=droits.academies_pour(user, Droit.PARTAGER)),
        revoque_le__isnull=True,
        fin__gte=timezone.localdate(),
    ).select_related("content_object", "accorde_par", "structure", "user")


def trouver(partages, reference):
    """The share of that reference among these, or None."""
    return next((p for p in partages if reference_de(p) == reference), None)


@transaction.atomic
def accepter(partage, *, par):
    """The receiver accepts: the dossier becomes readable."""
    if not recus(par).filter(pk=partage.pk).exists():
        raise PermissionDenied
    if partage.accepte_le is None:
        partage.accepte_le, partage.accepte_par = timezone.now(), par
        partage.save(update_fields=["accepte_le", "accepte_par"])
        dossier = partage.content_object
        notifications.prevoir("partage_repondu", a=[partage.accorde_par], reference=dossier.reference)
        noter(Action.DROITS, "partage_accepte", dossier, par=par, jeunes=[dossier.jeune_id])
    return partage


@transaction.atomic
def revoquer(partage, *, par):
    """End a share at once: by those in charge of the dossier, or by the receiver who gives it up."""
    receveur = recus(par).filter(pk=partage.pk).exists()
    if not receveur and not accordes(par).filter(pk=partage.pk).exists():
        raise PermissionDenied
    partage.revoque_le, partage.revoque_par = timezone.now(), par
    partage.save(update_fields=["revoque_le", "revoque_par"])
    dossier = partage.content_object
    noter(Action.DROITS, "partage_revoque", dossier, par=par, jeunes=[dossier.jeune_id])


@transaction.atomic
def demander_acces(bassin, *, nom, prenom, date_naissance, motif, par):
    """Ask a bassin to read a dossier. The work and the answer are the same whether or not the jeune is known."""
    if not droits.a_le_droit(par, Droit.DEMANDER_ACCES):
        raise PermissionDenied
    demande = DemandeAcces.objects.create(
        demandeur=par, bassin=bassin, nom=nom, prenom=prenom, date_naissance=date_naissance, motif=motif
    )
    coordinateurs = Adhesion.objects.actives().filter(bassin=bassin, role=Role.COORDINATEUR_GAB)
    notifications.prevoir(
        "acces_demande",
        a=[a.utilisateur for a in coordinateurs.select_related("utilisateur")],
        lien=reverse("partages:demande", args=[demande.reference]),
        reference=demande.reference,
    )
    noter(Action.DROITS, "acces_demande", demande, par=par)
    return demande


@transaction.atomic
def repondre(demande, *, par, dossier=None, fin=None):
    """Grant the reading of `dossier` until `fin`, or refuse (dossier=None); the refusal says nothing more."""
    droits.exiger(par, Droit.PARTAGER, demande)
    demande = DemandeAcces.objects.select_for_update(of=("self",)).get(pk=demande.pk)
    if demande.repondue_le:
        raise ValidationError("Cette demande a déjà reçu une réponse.")
    if dossier is not None:
        partager(dossier, motif=demande.motif, fin=fin, par=par, user=demande.demandeur, accepte=True)
    demande.repondue_le, demande.repondue_par, demande.accordee = timezone.now(), par, dossier is not None
    demande.save(update_fields=["repondue_le", "repondue_par", "accordee"])
    notifications.prevoir(
        "acces_repondu", a=[demande.demandeur], lien=reverse("partages:liste"), reference=demande.reference
    )
    noter(
        Action.DROITS, "acces_accorde" if dossier is not None else "acces_refuse", demande, par=par,
        jeunes=[dossier.jeune_id] if dossier is not None else [],
    )  # fmt: skip
    return demande


def dossiers_demandes(demande, user, maximum=10):
    """Dossiers of this person's scope that a request may speak of, best first: the tolerant search of a jeune, by the
    name alone, then by a name that looks less like it with the same birth date."""
    portee = Signalement.objects.visibles_par(user).envoyes()
    nom = f"{demande.nom} {demande.prenom}"
    trouves = [*recherche.trouver(portee, nom, demande.date_naissance), *recherche.trouver(portee, nom)]
    rang = {pk: n for n, pk in reversed(list(enumerate(trouves)))}
    dossiers = {}
    for versement in sorted(
        Versement.objects.filter(
            signalement__in=rang, dossier__in=Dossier.objects.visibles_par(user)
        ).select_related("dossier__jeune__identite"),
        key=lambda v: rang[v.signalement_id],
    ):
        dossiers.setdefault(versement.dossier_id, versement.dossier)
    return list(dossiers.values())[:maximum]

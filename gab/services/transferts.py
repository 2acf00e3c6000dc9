"""Transfers between bassins."""

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from qualit.territoire import droits
from qualit.territoire.droits import Droit

from ..models import Dossier, Tache, Transfert
from .dossiers import exiger_ouvert, lien, responsables_du_bassin


@transaction.atomic
def proposer_transfert(dossier, vers, motif, *, par, systeme=False):
    """Propose a dossier to another bassin, which accepts or refuses; clock, state and referent go on.

    systeme: the proposal follows from a new address, whoever typed it (decisions.md 10).
    """
    if not systeme:
        droits.exiger(par, Droit.TRANSFERER, dossier)
    exiger_ouvert(dossier)
    transfert = Transfert.objects.create(
        dossier=dossier, de=dossier.bassin, vers=vers, motif=motif, propose_par=par
    )
    workflow.passage(transfert, "proposer", "", par=par)
    notifications.prevoir(
        "transfert_propose", a=responsables_du_bassin(vers), lien=lien(dossier), reference=dossier.reference
    )
    noter(Action.ECRITURE, "transfert_propose", transfert, par=par, jeunes=[dossier.jeune_id])
    return transfert


@transaction.atomic
def repondre_transfert(transfert, accepte, *, par, motif_refus=""):
    """Accept or refuse a transfer; on acceptance the old bassin reads for three more months (setting)."""
    action = "accepter" if accepte else "refuser"
    jusqu_au = timezone.localdate() + relativedelta(months=settings.QUALIT["LECTURE_APRES_TRANSFERT_MOIS"])
    workflow.franchir(
        transfert,
        action,
        par=par,
        motif=motif_refus[:200],
        repondu_par=par,
        repondu_le=timezone.now(),
        motif_refus=motif_refus,
        lisible_jusqu_au=jusqu_au if accepte else None,
    )
    dossier = transfert.dossier
    if accepte:
        dossier.bassin = transfert.vers
        dossier.save(update_fields=["bassin"])
    notifications.prevoir(
        "transfert_repondu",
        a=responsables_du_bassin(transfert.de),
        lien=lien(dossier),
        reference=dossier.reference,
        precision="accepté" if accepte else "refusé",
    )
    noter(Action.ECRITURE, f"transfert_{transfert.etat}", transfert, par=par, jeunes=[dossier.jeune_id])
    return transfert


@transaction.atomic
def annuler_transfert(transfert, *, par):
    """Take back a proposal."""
    droits.exiger(par, Droit.TRANSFERER, transfert.dossier)
    workflow.franchir(transfert, "annuler", par=par, systeme=True)


ADRESSE = frozenset({"domicile", "code_postal", "ville"})
MOTIF_ADRESSE = "Nouvelle adresse dans votre bassin"


@transaction.atomic
def suivre_l_adresse(signalement, changes=ADRESSE, *, par):
    """A new address in another bassin proposes the transfer of the open dossier; the bassin in charge is told.

    Follows a correction of the address, and each morning the reports that joined a dossier of another bassin.
    An address outside the académie, or a second one while a proposal waits, is a task for the coordinator.
    """
    versement = getattr(signalement, "versement", None)
    commune = signalement.commune
    if versement is None or commune is None or commune.bassin is None or not ADRESSE & set(changes):
        return None
    dossier = (
        Dossier.objects.select_for_update(of=("self",)).select_related("bassin").get(pk=versement.dossier_id)
    )
    if not dossier.est_ouvert:
        return None
    attente = dossier.transferts.filter(etat=Transfert.Etat.PROPOSE).first()
    if attente is not None and attente.vers_id == commune.bassin_id:
        return None
    if commune.bassin_id == dossier.bassin_id:
        if attente is not None and attente.motif == MOTIF_ADRESSE:
            workflow.franchir(attente, "annuler", par=par, systeme=True)
        return None
    suite = None
    if attente is None and commune.bassin.academie_id == dossier.bassin.academie_id:
        suite = proposer_transfert(dossier, commune.bassin, MOTIF_ADRESSE, par=par, systeme=True)
    else:
        Tache.objects.get_or_create(
            dossier=dossier,
            type=Tache.Type.ADRESSE,
            close_le=None,
            defaults={
                "texte": f"Habite désormais {commune.nom} (bassin {commune.bassin}).",
                "creee_par": par,
            },
        )
    notifications.prevoir(
        "tache_coordinateur",
        a=responsables_du_bassin(dossier.bassin),
        lien=lien(dossier),
        reference=dossier.reference,
        precision=f"nouvelle adresse dans le bassin {commune.bassin}"
        + (", le transfert lui est proposé" if suite else ""),
    )
    return suite

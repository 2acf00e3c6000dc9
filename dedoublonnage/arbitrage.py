"""The arbiter's decisions on look-alike pairs, each with its undo."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit

from .fusion import annuler_fusion, choisir_garde, fusionner
from .models import Fusion, Paire
from .services import bassin_et_arbitre, verrouiller_identites


@transaction.atomic
def confirmer_meme(paire, motif, *, par):
    """The two are one: merge them. Returns the Fusion. Raises TransitionImpossible, FusionImpossible."""
    verrouiller_identites()
    workflow.franchir(
        paire,
        "confirmer_meme",
        par=par,
        motif=motif[:200],
        decidee_le=timezone.now(),
        decidee_par=par,
        motif_decision=motif,
    )
    garde, absorbe = choisir_garde(paire.a, paire.b)
    return fusionner(garde, absorbe, par=par, motif=motif, paire=paire)


@transaction.atomic
def dire_differents(paire, motif, *, par):
    """They are two people: remembered, and not asked again unless an identity changes."""
    workflow.franchir(
        paire,
        "dire_differents",
        par=par,
        motif=motif[:200],
        decidee_le=timezone.now(),
        decidee_par=par,
        motif_decision=motif,
    )
    noter(Action.IDENTITE, "pas_les_memes", paire, par=par, jeunes=[paire.a_id, paire.b_id], motif=motif)
    return paire


@transaction.atomic
def revenir(paire, *, par, suivent=frozenset()):
    """Undo the decision on a pair; a merge is taken apart."""
    verrouiller_identites()
    fusion = Fusion.objects.filter(paire=paire, annulee_le__isnull=True).first()
    workflow.franchir(
        paire, "revenir_sur_la_decision", par=par, decidee_le=None, decidee_par=None, motif_decision=""
    )
    if fusion is not None:
        annuler_fusion(fusion, par=par, suivent=suivent)
    return paire


def separables(jeune, signalements, user):
    """Ids of those of these reports of a jeune that this person may give a jeune of its own; none when it is alone."""
    if not droits.a_le_droit(user, Droit.ARBITRER) or jeune.rattachements.actifs().count() < 2:
        return set()
    return {s.pk for s in signalements if droits.peut(user, Droit.ARBITRER, s)}


def reclasser(jeune):
    """After a transfer: a pair goes to the GAB when both are of its bassin, to the rectorat otherwise."""
    for paire in Paire.objects.a_decider().filter(Q(a=jeune) | Q(b=jeune)):
        bassin, arbitre, academie = bassin_et_arbitre(paire.a, paire.b)
        Paire.objects.filter(pk=paire.pk).update(bassin=bassin, arbitre=arbitre, academie=academie)

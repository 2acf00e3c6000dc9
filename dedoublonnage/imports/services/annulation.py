"""A whole import is undone, a few reports at a time, while nobody has worked on them."""

import functools
import operator

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.workflow import TransitionImpossible
from signalements.models import EtatSignalement, Signalement

from ... import suites
from ...models import Fusion, Paire, Rattachement
from ...services import DIT_A_LA_SAISIE, retirer
from ..modeles import Import, ImportImpossible
from .communs import mettre

Etape = Import.Etape


def signalements_de(lot):
    """The reports of an import."""
    return Signalement.objects.filter(import_lot=lot.pk, structure=lot.structure)


def batis_dessus(lot):
    """Reports of the import on which somebody has worked, or whose identity somebody decided: they forbid the undo."""
    siens = signalements_de(lot).exclude(etat=EtatSignalement.ANNULE)
    pris = siens.exclude(
        etat=EtatSignalement.ENVOYE, trie_le__isnull=True, questions__isnull=True, versions__isnull=True
    )
    jeunes = Rattachement.objects.actifs().filter(signalement__in=siens)
    decides = Paire.objects.exclude(motif_decision=DIT_A_LA_SAISIE).filter(decidee_par__isnull=False)
    fusions = Fusion.objects.filter(annulee_le__isnull=True)
    identites = jeunes.filter(
        Q(mode=Rattachement.Mode.ARBITRE)
        | Q(jeune__in=decides.values("a"))
        | Q(jeune__in=decides.values("b"))
        | Q(jeune__in=fusions.values("garde"))
    )
    ids = [pris.values("pk"), identites.values("signalement")]
    ids += [travail(siens).values("pk") for travail in suites.TRAVAUX]
    return siens.filter(functools.reduce(operator.or_, (Q(pk__in=i) for i in ids)))


def annuler(lot, *, par):
    """Undo a whole import: each of its reports is withdrawn. Raises ImportImpossible when something was built on it."""
    droits.exiger(par, Droit.RETIRER, lot)
    with transaction.atomic():
        if n := batis_dessus(lot).count():
            raise ImportImpossible(
                f"Cet import ne peut plus être annulé d’un coup : {n} de ses signalements ont déjà été examinés ou corrigés. "
                "Retirez un par un ceux qui sont faux."
            )
        total = signalements_de(lot).exclude(etat=EtatSignalement.ANNULE).count()
        mettre(lot, {Etape.TERMINE}, Etape.ANNULATION, faites=0, total=total, annule_par=par)
        noter(Action.ECRITURE, "import_annule", lot, par=par, lignes=total)


def annuler_un_peu(lot, pas):
    """Withdraw at most `pas` more reports, but those taken up since the undo began. Returns True when there may be others."""
    restent = (
        signalements_de(lot)
        .filter(etat=EtatSignalement.ENVOYE, trie_le__isnull=True)
        .exclude(pk__in=batis_dessus(lot).values("pk"))
        .select_related("structure", "bassin")
        .order_by("pk")[:pas]
    )
    restent = list(restent)
    for signalement in restent:
        try:
            retirer(signalement, "saisi_par_erreur", "Import annulé.", par=lot.annule_par)
        except TransitionImpossible:  # somebody took it up at this very moment
            continue
    lot.faites += len(restent)
    if len(restent) < pas:
        gardes = signalements_de(lot).exclude(etat=EtatSignalement.ANNULE).count()
        mettre(lot, {Etape.ANNULATION}, Etape.ANNULE, annule_le=timezone.now(),
                bilan=lot.bilan | {"gardes": gardes})  # fmt: skip
        return False
    mettre(lot, {Etape.ANNULATION}, Etape.ANNULATION)
    return True

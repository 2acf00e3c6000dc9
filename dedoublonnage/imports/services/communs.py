"""What the steps of an import share: moving from one to the next, counting the rows, the unexpected said and logged."""

import logging
import traceback

from django.db.models import Count
from django.utils import timezone

from ..modeles import AILLEURS, Import, ImportImpossible, LigneImport

INATTENDU = "Le portail n’a pas pu traiter cette ligne. Saisissez ce signalement au formulaire, ou signalez-le à l’assistance."
journal = logging.getLogger(__name__)


def mettre(lot, de, vers, **champs):
    """Move an import to a step, from one of those; raises ImportImpossible when it is elsewhere by now."""
    champs |= {"etape": vers, "faites": champs.get("faites", lot.faites), "avance_le": timezone.now()}
    if not Import.objects.filter(pk=lot.pk, etape__in=de).update(**champs):
        raise ImportImpossible(AILLEURS)
    for champ, valeur in champs.items():
        setattr(lot, champ, valeur)


def comptes(lot):
    """{status: number of rows}, each status named, and `importees`."""
    lus = lot.lignes.order_by().values_list("statut").annotate(Count("pk"), Count("signalement"))
    lus = {statut: (nombre, importees) for statut, nombre, importees in lus}
    return {str(s): lus.get(s, (0, 0))[0] for s in LigneImport.Statut} | {
        "importees": sum(importees for _, importees in lus.values())
    }


def signaler_inattendu(lot, numero, erreur):
    """Log where it failed, never the message of the error: it may hold what the row says."""
    place = traceback.extract_tb(erreur.__traceback__)[-1]
    journal.error(
        "import %s, ligne %s : %s (%s:%s)", lot.reference, numero, type(erreur).__name__, place.name, place.lineno
    )  # fmt: skip

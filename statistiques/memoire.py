"""What a page computed a moment ago, kept in the process: pages of the same place are asked many times in a row.

A computation is found again only while nothing changed: same summary, same queue, same day, less than a minute ago.
"""

from collections import OrderedDict
from time import monotonic

from django.db import connection
from django.utils import timezone

DUREE = 60  # seconds: what no trigger tells (school population, labels) is at most this old
TAILLE = 200
_connus = OrderedDict()


def etat():
    """What the figures depend on, as one cheap query."""
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT n, (SELECT count(*) FROM statistiques_a_recalculer) FROM statistiques_version"
        )
        return (*curseur.fetchone(), timezone.localdate())


def se_souvenir(cle, calculer):
    """`calculer()`, or what it gave for the same key while nothing changed."""
    cle = (cle, etat())
    trouve = _connus.get(cle)
    if trouve is None or monotonic() - trouve[0] > DUREE:
        trouve = (monotonic(), calculer())
        _connus[cle] = trouve
        while len(_connus) > TAILLE:
            _connus.popitem(last=False)
    return trouve[1]

"""The work of the machine, step by step: the worker runs one after the other, and without a worker the page does.

Only one goes on at a time for one list; stopped anywhere, the next resumes.
"""

import time

from django.db import connection, transaction

from ..modeles import Import
from .annulation import annuler_un_peu
from .envoi import envoyer_un_peu
from .lecture import lire_un_peu

Etape = Import.Etape
PAS_LECTURE, PAS_ENVOI = 200, 10
"""Rows of one transaction: reading takes no lock, sending holds that of the identities."""
ATTENTE = 1.0  # seconds, while another process works on the same list


def avancer(lot, *, pas=None, memo=None):
    """Treat some rows of the current step in one transaction. Returns True when there is more to do.

    pas: rows at most. memo: a dict that the caller keeps between steps, so that the file is opened once. When somebody
    else works on the same list, returns True at once, with memo["occupe"].
    """
    memo = {} if memo is None else memo
    with transaction.atomic():
        with connection.cursor() as curseur:
            curseur.execute(
                "SELECT pg_try_advisory_xact_lock(hashtext('qualit.import'), %s)", [lot.pk % 2**31]
            )
            if not curseur.fetchone()[0]:
                memo["occupe"] = True
                return True
        lot.refresh_from_db(fields=["etape", "faites", "total", "correspondances", "formations"])
        if lot.etape == Etape.LECTURE:
            return lire_un_peu(lot, pas or PAS_LECTURE, memo)
        if lot.etape == Etape.ENVOI:
            return envoyer_un_peu(lot, pas or PAS_ENVOI, memo)
        if lot.etape == Etape.ANNULATION:
            return annuler_un_peu(lot, pas or PAS_ENVOI)
        return False


def mener_a_bien(lot, *, duree=None):
    """Run the current step to its end, or for that many seconds. Returns True when there is more to do."""
    memo, fin = {}, time.monotonic() + (duree or 0)
    while avancer(lot, memo=memo):
        if memo.pop("occupe", False):
            time.sleep(ATTENTE)
        if duree is not None and time.monotonic() > fin:
            return True
    return False

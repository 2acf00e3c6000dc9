"""The ledger of erasures: kept outside the database, so that what was erased stays erased after a restore.

One JSON line an erasure, in a file that is only ever appended to (`REGISTRE_DES_EFFACEMENTS`), to be backed up apart
from the database. It holds no name: keyed hashes (HMAC-SHA-256, `CLE_DES_EFFACEMENTS`) of the random references that
the erased rows bore. A restored backup bears those references again: `retrouver` knows the rows by them.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
from pathlib import Path

from django.conf import settings
from django.utils import timezone

VERSION = 1


class GrandLivreIllisible(Exception):
    """The ledger cannot be read or written. The message, in French, says what to do."""


def chemin():
    """Where the ledger is."""
    return Path(settings.REGISTRE_DES_EFFACEMENTS)


def empreinte(reference):
    """The keyed hash of a reference."""
    return hmac.new(settings.CLE_DES_EFFACEMENTS.encode(), reference.encode(), hashlib.sha256).hexdigest()


def marque():
    """What tells one key from another, so that a ledger written with a lost key is not taken for an empty one."""
    return empreinte("")[:12]


def inscrire(references, *, raison):
    """Append one erasure and wait until it is on the disk. Raises GrandLivreIllisible: nothing is erased then."""
    ligne = {
        "v": VERSION,
        "quand": timezone.now().isoformat(timespec="seconds"),
        "raison": raison,
        "cle": marque(),
        "empreintes": sorted(empreinte(r) for r in references),
    }
    fichier = chemin()
    try:
        fichier.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descripteur = os.open(fichier, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descripteur, "ab") as sortie:
            fcntl.flock(sortie, fcntl.LOCK_EX)
            sortie.write(json.dumps(ligne, ensure_ascii=True).encode() + b"\n")
            sortie.flush()
            os.fsync(sortie.fileno())
    except OSError as erreur:
        raise GrandLivreIllisible(
            f"Le registre des effacements ne peut pas être écrit ({type(erreur).__name__}) : rien n’est effacé. "
            "Vérifiez le réglage REGISTRE_DES_EFFACEMENTS."
        ) from erreur


def lire():
    """The erasures, oldest first: [{quand, raison, empreintes}]. A line cut short by a power failure at the very end is
    left out; any other bad line raises GrandLivreIllisible."""
    with contextlib.suppress(FileNotFoundError):
        lignes = chemin().read_text().splitlines()
        sortie = []
        for rang, ligne in enumerate(lignes, 1):
            try:
                une = json.loads(ligne)
                if une["cle"] != marque():
                    raise GrandLivreIllisible(
                        "Le registre des effacements a été écrit avec une autre clé : rendez à CLE_DES_EFFACEMENTS sa "
                        "valeur d’alors."
                    )
                sortie.append(
                    {"quand": une["quand"], "raison": une["raison"], "empreintes": une["empreintes"]}
                )
            except (ValueError, KeyError, TypeError) as erreur:
                if rang == len(lignes):
                    break
                raise GrandLivreIllisible(
                    f"Le registre des effacements est abîmé à la ligne {rang} : reprenez sa sauvegarde."
                ) from erreur
        return sortie
    return []


def retrouver(references):
    """Among these references, those of rows that were erased."""
    effacees = {e for ligne in lire() for e in ligne["empreintes"]}
    return {r for r in references if empreinte(r) in effacees} if effacees else set()

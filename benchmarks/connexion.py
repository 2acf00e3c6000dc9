"""Does the time of an answer tell who has an account? `python benchmarks/connexion.py --essais 60`

Median time of a refused sign-in and of a forgotten password, for an address that is known, unknown, closed, or without a
password. Real hashing (argon2), inside one transaction that is rolled back. The kinds take turns, so that the load of the
machine weighs on all of them alike.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualit.settings.dev")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from qualit.territoire.models import Utilisateur  # noqa: E402

COMPTES = {
    "connue": {"password": "une phrase assez longue"},
    "fermée": {"password": "une phrase assez longue", "is_active": False},
    "sans mot de passe": {"password": None},
}


def chronometrer(client, adresse, donnees):
    """Milliseconds of one POST."""
    debut = time.perf_counter()
    client.post(adresse, donnees)
    return (time.perf_counter() - debut) * 1000


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--essais", type=int, default=60)
    essais = arguments.parse_args().essais
    settings.ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None, "reset_password": None}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.ALLOWED_HOSTS = ["testserver"]
    mesures = {}
    with transaction.atomic():
        adresses = {"inconnue": "banc-inconnue@example.invalid"}
        for rang, (sorte, champs) in enumerate(COMPTES.items()):
            adresses[sorte] = f"banc{rang}@example.invalid"
            Utilisateur.objects.create_user(adresses[sorte], prenom="B", nom="B", **champs)
        client = Client()
        for tour in range(essais + 3):
            for sorte, email in adresses.items():
                for page, donnees in {
                    "account_login": {"login": email, "password": "un mauvais mot de passe"},
                    "account_reset_password": {"email": email},
                }.items():
                    duree = chronometrer(client, reverse(page), donnees)
                    if tour >= 3:
                        mesures.setdefault((page, sorte), []).append(duree)
        transaction.set_rollback(True)
    for (page, sorte), durees in sorted(mesures.items()):
        print(f"{page:24} {sorte:18} médiane {statistics.median(durees):7.1f} ms  (n={len(durees)})")


if __name__ == "__main__":
    main()

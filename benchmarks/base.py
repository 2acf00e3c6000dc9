"""A database of its own for a benchmark, beside that of the project."""

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

RACINE = Path(__file__).resolve().parents[1]


def preparer(base, *, garder=False):
    """Point Django at that database, made when it does not exist, and again unless `garder`."""
    import psycopg

    from qualit.postgres import assurer

    url = os.environ.get("DATABASE_URL") or assurer(RACINE)
    with psycopg.connect(url, autocommit=True) as connexion:
        existe = connexion.execute("SELECT 1 FROM pg_database WHERE datname = %s", [base]).fetchone()
        if existe and not garder:
            connexion.execute(f"DROP DATABASE {base}")
            existe = None
        if not existe:
            connexion.execute(f"CREATE DATABASE {base}")
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(url)._replace(path=f"/{base}"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualit.settings.dev")
    import django

    django.setup()

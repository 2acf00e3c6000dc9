"""Development and demonstration: the private PostgreSQL cluster unless DATABASE_URL is set.

Commands run as the owner of the database. `manage.py demo` starts server and worker with QUALIT_SERVEUR=1:
they get the application's role, as in production, and a connection pool.
"""

import os

from .base import *  # noqa: F403
from .base import BASE_DIR, QUALIT, bases_de_donnees, env_bool

DEBUG = env_bool("DEBUG")
SECRET_KEY = "developpement-seulement-jamais-en-production"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
DEMONSTRATION = True
CLE_DES_EFFACEMENTS = "developpement-seulement"
EXIGER_MFA = env_bool("EXIGER_MFA")  # offered in the demonstration, not demanded

if "DATABASE_URL" in os.environ:
    url = os.environ["DATABASE_URL"]
else:
    from qualit.postgres import assurer, url_app

    url = assurer(BASE_DIR)
    if env_bool("QUALIT_SERVEUR"):
        url = url_app(BASE_DIR)
DATABASES = bases_de_donnees(url, os.environ.get("DATABASE_URL_PROPRIETAIRE"))
if env_bool("QUALIT_SERVEUR"):
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}

WHITENOISE_USE_FINDERS = True  # no collectstatic: the files are served from where they lie
STATIC_ROOT = None
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = BASE_DIR / "var" / "courriels"
QUALIT["CROCHETS_LOCAUX"] = True

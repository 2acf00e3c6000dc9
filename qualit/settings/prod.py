"""Production: every value comes from the environment; what is unsafe is refused at start, in French.

Required: SECRET_KEY, ALLOWED_HOSTS, DATABASE_URL (role `qualit_app`; the migrations run with the owner's),
COURRIEL_EXPEDITEUR, EMAIL_HOST, ADRESSE_DU_SITE. Optional: EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_SECURITE
(starttls, tls or aucune), ENTETE_PROXY_HTTPS, PROXYS, CSRF_TRUSTED_ORIGINS, CONNEXIONS_MAXIMALES, HSTS_SECONDES,
NIVEAU_JOURNAL, DOSSIER_MEDIA, PROCONNECT_SERVEUR, PROCONNECT_CLIENT_ID, PROCONNECT_SECRET,
REGISTRE_DES_EFFACEMENTS (file kept and backed up apart from the database), CLE_DES_EFFACEMENTS (SECRET_KEY by default:
give it a value of its own before SECRET_KEY ever changes).
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403
from .base import BASE_DIR, LOGGING, SOCIALACCOUNT_PROVIDERS, bases_de_donnees, env_bool


def exiger(nom):
    """Value of a variable that production cannot do without."""
    valeur = os.environ.get(nom, "").strip()
    if not valeur:
        raise ImproperlyConfigured(f"La variable d'environnement {nom} est obligatoire en production.")
    return valeur


def liste(texte):
    return [mot.strip() for mot in texte.split(",") if mot.strip()]


# --- What production refuses -----------------------------------------------------------------------------
for nom in ("DEBUG", "DEMONSTRATION", "QUALIT_SERVEUR"):
    if env_bool(nom):
        raise ImproperlyConfigured(f"{nom} ne peut pas être activé en production.")
DEBUG = False
DEMONSTRATION = False  # charger_demo and comptes_demo refuse to run

SECRET_KEY = exiger("SECRET_KEY")
if (
    len(SECRET_KEY) < 50
    or len(set(SECRET_KEY)) < 10
    or SECRET_KEY.startswith(("django-insecure", "developpement"))
):
    raise ImproperlyConfigured(
        "SECRET_KEY est trop faible : au moins 50 caractères tirés au hasard. Par exemple : "
        "python -c 'import secrets; print(secrets.token_urlsafe(64))'"
    )

CLE_DES_EFFACEMENTS = os.environ.get("CLE_DES_EFFACEMENTS") or SECRET_KEY

ALLOWED_HOSTS = liste(exiger("ALLOWED_HOSTS"))
if any(hote.startswith("*") for hote in ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS doit nommer les domaines du portail, sans « * ».")

DATABASES = bases_de_donnees(exiger("DATABASE_URL"), os.environ.get("DATABASE_URL_PROPRIETAIRE"))
base = DATABASES["default"]
if base["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL doit désigner une base PostgreSQL (15 ou plus récent).")
hote = base["HOST"] or base.get("OPTIONS", {}).get("host", "")
if hote.startswith("/") and (Path(hote).is_relative_to(BASE_DIR) or "qualit-" in hote):
    raise ImproperlyConfigured(
        "DATABASE_URL désigne la base locale de démonstration, qui accepte tout le monde sans mot de passe. "
        "Indiquez un vrai serveur PostgreSQL."
    )
base.setdefault("OPTIONS", {})["pool"] = {
    "min_size": 2,
    "max_size": int(os.environ.get("CONNEXIONS_MAXIMALES", "10")),
    "timeout": 10,
}

if SOCIALACCOUNT_PROVIDERS and not os.environ["PROCONNECT_SERVEUR"].strip().startswith("https://"):
    raise ImproperlyConfigured("PROCONNECT_SERVEUR doit commencer par « https:// ».")

# --- HTTPS, cookies --------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^sante$"]  # the health check speaks plain HTTP from inside the container
SECURE_HSTS_SECONDS = int(os.environ.get("HSTS_SECONDES", 365 * 24 * 3600))
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
# ENTETE_PROXY_HTTPS=X-Forwarded-Proto: only behind a proxy that sets it itself and drops the client's.
if entete := os.environ.get("ENTETE_PROXY_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_" + entete.upper().replace("-", "_"), "https")
# Rate limits count by address of the visitor: how many proxies of ours add theirs to X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("PROXYS", 1 if entete else 0))
CSRF_TRUSTED_ORIGINS = liste(os.environ.get("CSRF_TRUSTED_ORIGINS", ""))
# The __Host- prefix makes the browser itself insist on Secure, on the path / and on no Domain.
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_NAME = "__Host-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"

# --- Files -----------------------------------------------------------------------------------------------
# The compressed manifest takes five times longer for files that the proxy compresses anyway.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "qualit.web.statiques.StockageStatique"},
}
MEDIA_ROOT = Path(os.environ.get("DOSSIER_MEDIA", BASE_DIR / "var" / "media"))

# --- Links in e-mails ------------------------------------------------------------------------------------
ADRESSE_DU_SITE = exiger("ADRESSE_DU_SITE").rstrip("/")
if not ADRESSE_DU_SITE.startswith("https://"):
    raise ImproperlyConfigured(
        "ADRESSE_DU_SITE est l’adresse publique du portail ; elle commence par « https:// »."
    )

# --- E-mail ----------------------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = exiger("COURRIEL_EXPEDITEUR")
EMAIL_HOST = exiger("EMAIL_HOST")
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
securite = os.environ.get("EMAIL_SECURITE", "starttls")
if securite not in {"starttls", "tls", "aucune"}:
    raise ImproperlyConfigured("EMAIL_SECURITE vaut « starttls », « tls » ou « aucune ».")
EMAIL_USE_TLS = securite == "starttls"
EMAIL_USE_SSL = securite == "tls"
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", {"starttls": 587, "tls": 465, "aucune": 25}[securite]))

# --- Technical logs: no name, no address, no query string --------------------------------------------------
LOGGING["formatters"]["court"]["()"] = "qualit.journalisation.SansDonnees"
LOGGING["handlers"]["nulle_part"] = {"class": "logging.NullHandler"}
LOGGING["loggers"] = {
    "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    "django.security.DisallowedHost": {
        "handlers": ["nulle_part"],
        "propagate": False,
    },  # scanners, all day long
    "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
}

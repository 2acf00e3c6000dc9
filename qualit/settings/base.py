"""Settings common to all environments. Values that change from place to place come from the environment."""

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.contrib.messages import constants as messages
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]


def env_bool(nom, defaut=False):
    """Read a yes/no environment variable."""
    return os.environ.get(nom, "1" if defaut else "0").strip().lower() in {"1", "true", "oui", "yes", "on"}


def bases_de_donnees(url, url_proprietaire=None):
    """The `default` database, and `proprietaire` for migrations when it has a URL of its own."""
    options = {"conn_max_age": 0, "conn_health_checks": True}
    bases = {"default": dj_database_url.parse(url, **options) | {"ATOMIC_REQUESTS": True}}
    if url_proprietaire and url_proprietaire != url:
        bases["proprietaire"] = dj_database_url.parse(url_proprietaire, **options)
    return bases


def proconnect():
    """allauth's setting for ProConnect: {} until its three variables are given (docs/proconnect.md)."""
    serveur, client, secret = (
        os.environ.get(f"PROCONNECT_{nom}", "").strip() for nom in ("SERVEUR", "CLIENT_ID", "SECRET")
    )
    if not any((serveur, client, secret)):
        return {}
    if not all((serveur, client, secret)):
        raise ImproperlyConfigured(
            "ProConnect demande PROCONNECT_SERVEUR, PROCONNECT_CLIENT_ID et PROCONNECT_SECRET ensemble."
        )
    return {
        "proconnect": {
            "APPS": [
                {
                    "provider_id": "proconnect",
                    "name": "ProConnect",
                    "client_id": client,
                    "secret": secret,
                    "settings": {"server_url": serveur.rstrip("/")},
                }
            ]
        }
    }


INSTALLED_APPS = [
    "qualit.territoire",
    "qualit.journal",
    "qualit.notifications",
    "qualit.echanges",
    "qualit.web",
    "qualit.acteurs",
    "signalements",
    "dedoublonnage",
    "gab",
    "suivi",
    "qualit.api",
    "statistiques",
    "qualit.rgpd",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "qualit.acteurs.proconnect",
    "allauth.usersessions",
    "guardian",
    "import_export",
    "pgtrigger",
    "procrastinate.contrib.django",
    "dsfr",
    "widget_tweaks",
    "django_htmx",
    "django_filters",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "qualit.web.middleware.SansNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "qualit.web.middleware.SansMemoireMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "qualit.territoire.middleware.ContexteMiddleware",
    "qualit.acteurs.middleware.PremierAccesMiddleware",
    "qualit.territoire.regles.ReglesMiddleware",
    "qualit.journal.middleware.JournalMiddleware",
]

ROOT_URLCONF = "qualit.urls"
WSGI_APPLICATION = "qualit.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "qualit.web.contexte.portail",
            ],
        },
    }
]

AUTH_USER_MODEL = "territoire.Utilisateur"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "qualit.acteurs.mots_de_passe.MotDePasseCourantValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accueil"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_ADAPTER = "qualit.acteurs.adaptateurs.ComptesAdapter"
SOCIALACCOUNT_ADAPTER = "qualit.acteurs.adaptateurs.ProConnectAdapter"
SOCIALACCOUNT_PROVIDERS = proconnect()
# A whole rectorat goes out by one address: the limit of an address lets an opening day through, that of an account
# stops who tries passwords. The counts lie in the cache table, which all workers share.
ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    "login_failed": "60/m/ip,5/5m/key",
    "reset_password": "60/m/ip,5/m/key",
}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
USERSESSIONS_TRACK_ACTIVITY = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True

# A second factor is demanded of coordinators, rectorat, DPO and administrators; a passkey, a security key or printed
# codes do as well as a telephone. EXIGER_CHARTE: the charter is accepted before any other page.
EXIGER_MFA = env_bool("EXIGER_MFA", True)
EXIGER_CHARTE = True

SESSION_ENGINE = "qualit.web.sessions"
SESSION_COOKIE_AGE = int(timedelta(minutes=30).total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_DUREE_MAXIMALE = timedelta(hours=10)
CSRF_FAILURE_VIEW = "qualit.web.views.csrf_refuse"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

LANGUAGE_CODE = "fr"
TIME_ZONE = "Europe/Paris"
USE_I18N = True
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = BASE_DIR / "var" / "media"
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
DSFR_USE_INTEGRITY_CHECKSUMS = False

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MESSAGE_TAGS = {
    messages.DEBUG: "info",
    messages.INFO: "info",
    messages.SUCCESS: "success",
    messages.WARNING: "warning",
    messages.ERROR: "error",
}

EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("COURRIEL_EXPEDITEUR", "Qual'I.T. <ne-pas-repondre@qualit.invalid>")
ADRESSE_DU_SITE = os.environ.get("ADRESSE_DU_SITE", "http://127.0.0.1:8000").rstrip("/")
DOMAINE_COURRIEL = os.environ.get("DOMAINE_COURRIEL", "qualit.invalid")
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
TAILLE_MAXIMALE_FICHIER = 20 * 1024 * 1024

# The ledger of erasures lies outside the database, on a disk that is backed up apart; its key must outlive SECRET_KEY.
REGISTRE_DES_EFFACEMENTS = os.environ.get(
    "REGISTRE_DES_EFFACEMENTS", BASE_DIR / "var" / "effacements" / "registre.jsonl"
)
CLE_DES_EFFACEMENTS = os.environ.get("CLE_DES_EFFACEMENTS", "")

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "taches"
ANONYMOUS_USER_NAME = None
GUARDIAN_RAISE_403 = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"court": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "court"}},
    "root": {"handlers": ["console"], "level": os.environ.get("NIVEAU_JOURNAL", "WARNING")},
}

# --- Settings of the trade (domaine.md marks them "réglage") -------------------------------------------
QUALIT = {
    "ACADEMIE": "CAEN",
    "DELAI_LEGAL_MOIS": 3,  # L313-8: reception of a 16-18 year old with the guardian
    "EXPIRATION_MISSION_JOURS": 15,
    "ENTRETIEN_RELANCE_JOURS": 30,
    "REOUVERTURE_MOIS": 12,
    "ALERTE_TRANSFERT_JOURS": 7,
    "LECTURE_APRES_TRANSFERT_MOIS": 3,
    "SANS_NOUVELLES_JOURS": 30,
    "PLACE_A_CONFIRMER_JOURS": 14,
    "INVITATION_JOURS": 14,
    "CHARTE_VERSION": "2026-09",
    "INACTIVITE_AVERTIE_JOURS": 335,  # an account unused for eleven months is warned…
    "INACTIVITE_FERMEE_JOURS": 30,  # …and closed a month later
    "DELAI_HABITUEL_JOURS": 15,
    "CONSERVATION_ACTIVE_MOIS": 24,
    "CONSERVATION_ARCHIVE_MOIS": 12,
    "CONSERVATION_JOURNAL_MOIS": 12,
    # Webhooks go to public https addresses only; the demonstration may tell a program of the same machine.
    "CROCHETS_LOCAUX": False,
    "CONSERVATION_BROUILLONS_MOIS": 12,
    "CONSERVATION_INVITATIONS_MOIS": 12,
    "CONSERVATION_ACCES_MOIS": 12,
    "CONSERVATION_COURRIELS_MOIS": 6,
    "CONSERVATION_ALERTES_MOIS": 12,
    "CONSERVATION_DEMANDES_MOIS": 36,
    "ANONYMISATION_COMMUNE_HABITANTS": 2000,  # a smaller commune would point at somebody
    "ALERTE_HABITUDE_JOURS": 30,  # unusual consultations: how far back the habit is looked at…
    "ALERTE_VOLUME_MINIMUM": 60,  # …jeunes in a day below which nobody is surprised
    "ALERTE_VOLUME_FACTEUR": 3,
    "ALERTE_HEURES": (7, 20),  # working hours, Monday to Friday
    "ALERTE_HORAIRE_MINIMUM": 5,
    "ALERTE_RECHERCHES_MINIMUM": 30,
    "REGROUPEMENT_SOLUTIONS": "2010-12",  # which outcomes count as a solution: `groupe` of the list "devenirs"
    "EFFECTIF_MINIMAL": 5,  # smallest cell shown to readers without nominative access
}

# Key of the pseudonyms in the file for research; SECRET_KEY when there is none.
CLE_RECHERCHE = os.environ.get("CLE_RECHERCHE", "")

# Only droits.py reads guardian's tables, by queryset: its authentication backend would be a second answer.
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]

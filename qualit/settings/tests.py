"""Tests: the same database engine as production, fast password hashing, e-mails kept in memory."""

from .dev import *  # noqa: F403

SECRET_KEY = "tests-seulement"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

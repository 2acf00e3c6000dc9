"""Passwords too common to be allowed. No composition rule: a long phrase in small letters is welcome."""

import string

from django.contrib.auth.password_validation import CommonPasswordValidator

#: What French agents type first, beside Django's list of 20 000 (in English for the most part).
FRANCAIS = {
    "academie", "academiecaen", "administrateur", "azerty", "azertyuiop", "basketball", "bienvenue", "bonjour",
    "bonjourbonjour", "calvados", "chocolat", "coucou", "doudou", "education", "educationnationale", "football",
    "isabelle", "jetaime", "loulou", "marseille", "missionlocale", "monmotdepasse", "motdepasse", "nicolas",
    "normandie", "portailqualit", "princesse", "qualit", "rectorat", "rectoratcaen", "soleil", "vacances",
}  # fmt: skip
SUITES = ("0123456789" * 13, "9876543210" * 13, "azertyuiopqsdfghjklmwxcvbn", "qwertyuiopasdfghjklzxcvbnm")
AUTOUR = string.digits + string.punctuation + string.whitespace


class MotDePasseCourantValidator(CommonPasswordValidator):
    """Refuse a common word even when digits or signs stand around it, sequences, and a few characters repeated."""

    def validate(self, password, user=None):
        bas = password.lower()
        noyau = bas.strip(AUTOUR)
        if (
            len(set(bas)) < 5
            or any(bas in suite for suite in SUITES)
            or any(mot in self.passwords or mot in FRANCAIS for mot in (bas, noyau) if len(mot) > 3)
        ):
            super().validate("password", user)  # the library's own error, in French

    def get_help_text(self):
        return "Votre mot de passe ne peut pas être l’un des plus courants."

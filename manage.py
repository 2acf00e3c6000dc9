#!/usr/bin/env python
"""Django's command line; without DATABASE_URL it finds or starts the private PostgreSQL under var/."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualit.settings.dev")
    try:
        from django.core.management import execute_from_command_line

        from qualit.postgres import ErreurPostgres
    except ImportError as erreur:
        sys.exit(
            f"{erreur}\nL'environnement n'est pas prêt : lancez « make installer », puis .venv/bin/python manage.py"
        )
    try:
        execute_from_command_line(sys.argv)
    except ErreurPostgres as erreur:
        sys.exit(str(erreur))


if __name__ == "__main__":
    main()

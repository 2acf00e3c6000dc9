"""`make demo`: everything from an empty database to a portal that answers, then serve until Ctrl-C."""

import contextlib
import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from io import StringIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from qualit import postgres

ADRESSE = "127.0.0.1"
ATTENTE_MAXIMALE = 60  # seconds for the server to answer
SIGNAUX = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Arret(Exception):
    """Somebody asked to stop."""


class Command(BaseCommand):
    help = "Prépare la base de démonstration si elle est vide, puis sert le portail jusqu'à Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, port, **options):
        if not settings.DEMONSTRATION:
            raise CommandError("La démonstration ne se lance pas avec les réglages de production.")
        self.enfants = []
        for signal_ in SIGNAUX:
            signal.signal(signal_, self._demander_l_arret)
        # what calendars and messages give as the address of the portal
        os.environ.setdefault("ADRESSE_DU_SITE", f"http://{ADRESSE}:{port}")
        try:
            exiger_port_libre(port)
            self._preparer()
            self._servir(port)
        except Arret:
            self.stdout.write("\nArrêt demandé.")
        finally:
            self._arreter()

    def _etape(self, texte):
        self.stdout.write(f"→ {texte}")
        self.stdout.flush()

    def _preparer(self):
        self._etape("Base de données : mise à jour du schéma")
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        comptes = StringIO()
        call_command("comptes_demo", json=True, stdout=comptes)
        if json.loads(comptes.getvalue()):
            self._etape("Données de démonstration : déjà présentes (« make nettoyer » repart de zéro)")
        else:
            self._etape("Données de démonstration : chargement (moins d'une minute)")
            call_command("charger_demo", stdout=self.stdout)
        # The children open their own connections; the pool of a parent does not survive a fork.
        connections.close_all()

    def _servir(self, port):
        self._etape("Démarrage du serveur et de l'ouvrier (courriels, tâches de fond)")
        options = ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"]
        options += ["--no-control-socket", "--log-level", "warning", "--bind", f"{ADRESSE}:{port}"]
        serveur = self._lancer("-m", "gunicorn", "qualit.wsgi:application", *options)
        ouvrier = self._lancer("manage.py", "ouvrier")
        limite = time.monotonic() + ATTENTE_MAXIMALE
        while not repond(port):
            self._verifier(serveur, ouvrier)
            if time.monotonic() > limite:
                raise CommandError(f"Le serveur ne répond pas après {ATTENTE_MAXIMALE} secondes.")
            time.sleep(0.1)
        self.stdout.write("")
        call_command("comptes_demo", stdout=self.stdout)
        self.stdout.write(f"\nLe portail est prêt : http://{ADRESSE}:{port}/\nCtrl-C pour arrêter.")
        self.stdout.flush()
        while True:
            self._verifier(serveur, ouvrier)
            time.sleep(0.5)

    def _lancer(self, *arguments):
        """Start a child in its own session: Ctrl-C reaches only us, and we stop our children."""
        environnement = os.environ | {
            "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
            "QUALIT_SERVEUR": "1",
        }
        enfant = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=environnement,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=mourir_avec_le_parent if sys.platform == "linux" else None,
        )
        self.enfants.append(enfant)
        return enfant

    @staticmethod
    def _verifier(serveur, ouvrier):
        for nom, enfant in (("Le serveur", serveur), ("L'ouvrier", ouvrier)):
            if enfant.poll() is not None:
                raise CommandError(
                    f"{nom} s'est arrêté (code {enfant.returncode}) ; le détail est ci-dessus."
                )

    def _demander_l_arret(self, numero, cadre):
        for signal_ in SIGNAUX:  # a second Ctrl-C must not cut the clean stop short
            signal.signal(signal_, signal.SIG_IGN)
        raise Arret

    def _arreter(self):
        for enfant in self.enfants:
            enfant.terminate()
        for enfant in self.enfants:
            with contextlib.suppress(subprocess.TimeoutExpired):
                enfant.wait(timeout=15)
            if enfant.poll() is None:
                enfant.kill()
                enfant.wait()
        connections.close_all()
        if not postgres.demarre_ici(settings.BASE_DIR):
            return
        if postgres.autres_clients(settings.BASE_DIR):
            self._etape(
                "PostgreSQL reste en marche : un autre programme s'en sert (« make arreter » l'arrête)"
            )
        else:
            postgres.arreter(settings.BASE_DIR)
            self._etape("PostgreSQL est arrêté.")


def exiger_port_libre(port):
    """Fail at once, with what to do, rather than after a minute of preparation."""
    with socket.socket() as prise:
        prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            prise.bind((ADRESSE, port))
        except OverflowError as erreur:
            raise CommandError(
                f"Le port {port} n'existe pas : choisissez-en un entre 1024 et 65535."
            ) from erreur
        except PermissionError as erreur:
            raise CommandError(
                f"Le port {port} est réservé à root. Essayez : make demo PORT=8000"
            ) from erreur
        except OSError as erreur:
            raise CommandError(
                f"Le port {port} est déjà pris (peut-être par une autre démonstration). "
                f"Essayez : make demo PORT={port + 1}"
            ) from erreur


def repond(port):
    """Whether the portal answers its health check."""
    connexion = http.client.HTTPConnection(ADRESSE, port, timeout=5)
    try:
        connexion.request("GET", "/sante")
        return connexion.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connexion.close()


def mourir_avec_le_parent():
    """In the child: ask Linux for a SIGTERM when the parent dies, even by kill -9 (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)

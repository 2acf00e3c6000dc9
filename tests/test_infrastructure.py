"""What surrounds the code: locks, dependencies, production settings, the demo's messages."""

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from qualit.journalisation import SansDonnees
from qualit.postgres import url_proprietaire
from qualit.web.management.commands import demo

RACINE = Path(__file__).resolve().parents[1]
PROJET = tomllib.loads((RACINE / "pyproject.toml").read_text())
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "qualit.settings.prod",
    "SECRET_KEY": "c2VjcmV0LWRlLXRlc3QtYXZlYy1hc3Nlei1kZS1jYXJhY3RlcmVzLWRpZmZlcmVudHM",
    "DATABASE_URL": "postgresql://qualit_app@base.invalid/qualit",
    "ALLOWED_HOSTS": "portail.invalid",
    "EMAIL_HOST": "courriel.invalid",
    "COURRIEL_EXPEDITEUR": "portail@portail.invalid",
    "ADRESSE_DU_SITE": "https://portail.invalid",
}


def noms(exigences):
    return {re.match(r"[\w.-]+", exigence)[0].lower() for exigence in exigences}


DEPENDANCES = noms(PROJET["project"]["dependencies"])
GROUPES = {groupe: noms(liste) for groupe, liste in PROJET["dependency-groups"].items()}


def test_each_dependency_has_its_reason():
    page = (RACINE / "docs" / "decisions" / "dependances.md").read_text()
    expliquees = set(re.findall(r"^\| ([\w.-]+) \|", page, re.MULTILINE)) - {"package", "---"}
    assert expliquees == DEPENDANCES.union(*GROUPES.values())


@pytest.mark.parametrize(
    ("fichier", "attendues"),
    [
        ("production.lock", DEPENDANCES),
        ("developpement.lock", DEPENDANCES | GROUPES["local"] | GROUPES["test"]),
        ("bench.lock", GROUPES["bench"]),
    ],
)
def test_the_locks_hold_each_dependency_with_hashes_and_no_address(fichier, attendues):
    texte = (RACINE / "requirements" / fichier).read_text()
    paquets = re.findall(r"^([a-z0-9.-]+)==", texte, re.MULTILINE)
    assert attendues <= set(paquets)
    assert "://" not in texte
    assert texte.count("--hash=sha256:") >= len(paquets)


def importer_production(**changements):
    environnement = {"PATH": os.environ["PATH"]} | PRODUCTION | changements
    return subprocess.run(
        [sys.executable, "-c", "import qualit.settings.prod"],
        cwd=RACINE,
        env={cle: valeur for cle, valeur in environnement.items() if valeur is not None},
        capture_output=True,
        text=True,
    )


def test_production_settings_load():
    assert importer_production().returncode == 0


@pytest.mark.parametrize(
    ("changements", "message"),
    [
        ({"DATABASE_URL": None}, "DATABASE_URL est obligatoire"),
        ({"DATABASE_URL": "sqlite:///x"}, "PostgreSQL"),
        (
            {"DATABASE_URL": url_proprietaire(RACINE)},
            "base locale de démonstration",
        ),
        ({"DEBUG": "1"}, "DEBUG ne peut pas"),
        ({"DEMONSTRATION": "oui"}, "DEMONSTRATION ne peut pas"),
        ({"SECRET_KEY": None}, "SECRET_KEY est obligatoire"),
        ({"SECRET_KEY": "developpement-seulement-jamais-en-production" * 2}, "SECRET_KEY est trop faible"),
        ({"SECRET_KEY": "a1" * 40}, "SECRET_KEY est trop faible"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS doit nommer"),
        ({"EMAIL_SECURITE": "non"}, "EMAIL_SECURITE"),
        ({"ADRESSE_DU_SITE": None}, "ADRESSE_DU_SITE est obligatoire"),
        ({"ADRESSE_DU_SITE": "http://127.0.0.1:8000"}, "commence par « https:// »"),
        ({"PROCONNECT_SERVEUR": "https://idp.example"}, "PROCONNECT_SECRET ensemble"),
        (
            dict.fromkeys(("PROCONNECT_SERVEUR", "PROCONNECT_CLIENT_ID", "PROCONNECT_SECRET"), "http://x"),
            "https://",
        ),
    ],
)
def test_production_refuses_what_is_unsafe(changements, message):
    resultat = importer_production(**changements)
    assert resultat.returncode != 0
    assert "ImproperlyConfigured" in resultat.stderr
    assert message in resultat.stderr


def test_a_port_in_use_says_what_to_do():
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        prise.listen()
        port = prise.getsockname()[1]
        with pytest.raises(CommandError, match=f"make demo PORT={port + 1}"):
            demo.exiger_port_libre(port)


def test_technical_logs_quote_no_value():
    formateur = SansDonnees("%(message)s")
    nom = "dupont".upper()
    try:
        try:
            raise ValueError(f"Key (nom)=({nom}) already exists")
        except ValueError as erreur:
            raise RuntimeError(f"{nom} again") from erreur
    except RuntimeError:
        texte = formateur.formatException(sys.exc_info())
    assert "DUPONT" not in texte
    assert "builtins.ValueError" in texte
    assert "builtins.RuntimeError" in texte
    assert "test_infrastructure.py" in texte


@pytest.mark.django_db
def test_health_check(client):
    reponse = client.get("/sante")
    assert (reponse.status_code, reponse.content) == (200, b"ok")


def commande_de_l_image():
    """The CMD of the Dockerfile, as a list."""
    texte = (RACINE / "Dockerfile").read_text().replace("\\\n", " ")
    return json.loads(re.findall(r"^CMD (\[.+\])$", texte, re.M)[-1])


def test_the_image_serves_as_nobody_and_says_how_it_is():
    lignes = (RACINE / "Dockerfile").read_text().splitlines()
    assert lignes.index("USER 10001:10001") < next(i for i, x in enumerate(lignes) if x.startswith("CMD"))
    assert any(ligne.startswith("HEALTHCHECK") for ligne in lignes)
    commande = commande_de_l_image()
    assert {"gthread", "--preload", "--no-control-socket"} <= set(commande)
    # the very flags, under the settings of production, without opening a port
    verification = subprocess.run(
        [sys.executable, "-m", *commande, "--check-config"],
        cwd=RACINE,
        env={"PATH": os.environ["PATH"], **PRODUCTION},
        capture_output=True,
        text=True,
    )
    assert verification.returncode == 0, verification.stderr


def test_compose_asks_for_what_production_demands():
    texte = (RACINE / "compose.yaml").read_text()
    source = (RACINE / "qualit" / "settings" / "prod.py").read_text()
    exigees = set(re.findall(r'exiger\("(\w+)"\)', source))
    assert len(exigees) >= 6
    assert {nom for nom in exigees if not re.search(rf"^  {nom}: ", texte, re.M)} == set()

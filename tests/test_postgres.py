"""The private cluster: the roles it promises, and its survival of a kill -9."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

RACINE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def copie():
    """A second checkout, reduced to the launcher, under a path too long for a socket."""
    parent = Path(tempfile.mkdtemp(prefix="qualit-essai-"))
    parent.chmod(0o755)
    base = parent / ("Dossier-Très-Long-" + "x" * 80)
    (base / "qualit").mkdir(parents=True)
    (base / "qualit" / "__init__.py").touch()
    for nom in ("postgres.py", "roles.sql"):
        shutil.copy(RACINE / "qualit" / nom, base / "qualit")
    yield base
    lancer(base, "effacer")
    shutil.rmtree(parent)


def commande(*arguments):
    return [sys.executable, "-m", "qualit.postgres", *arguments]


def lancer(base, *arguments):
    resultat = subprocess.run(commande(*arguments), cwd=base, capture_output=True, text=True)
    assert resultat.returncode == 0, resultat.stderr
    return resultat.stdout.strip()


def test_deux_demarrages_a_la_fois_puis_kill_9(copie):
    ensemble = [
        subprocess.Popen(commande("demarrer"), cwd=copie, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    sorties = sorted(processus.communicate(timeout=60)[0].strip() for processus in ensemble)
    assert sorties == ["PostgreSQL : déjà en marche."] * 2 + ["PostgreSQL : démarré."]
    url = lancer(copie, "url")

    with psycopg.connect(url, autocommit=True) as connexion:
        donnees = Path(connexion.execute("SHOW qualit.donnees").fetchone()[0])
        connexion.execute("CREATE TABLE temoin (a int)")
        connexion.execute("SET synchronous_commit = on")
        connexion.execute("INSERT INTO temoin VALUES (1)")
        pid = int((donnees / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(pid, signal.SIGKILL)

    assert lancer(copie, "demarrer") == "PostgreSQL : démarré."
    with psycopg.connect(url) as connexion:
        assert connexion.execute("SELECT a FROM temoin").fetchall() == [(1,)]


def test_un_numero_de_processus_repris_par_un_autre(copie):
    url = lancer(copie, "url")
    with psycopg.connect(url) as connexion:
        donnees = Path(connexion.execute("SHOW qualit.donnees").fetchone()[0])
    lancer(copie, "arreter")
    (donnees / "postmaster.pid").write_text(f"{os.getpid()}\n{donnees}\n")
    if os.geteuid() == 0:
        os.chown(donnees / "postmaster.pid", donnees.stat().st_uid, donnees.stat().st_gid)
    assert lancer(copie, "demarrer") == "PostgreSQL : démarré."


def test_les_roles_et_les_extensions(copie):
    with psycopg.connect(lancer(copie, "url"), autocommit=True) as connexion:
        roles = connexion.execute(
            "SELECT rolname, rolsuper, rolcanlogin, rolbypassrls FROM pg_roles"
            " WHERE rolname LIKE 'qualit%' ORDER BY 1"
        ).fetchall()
        assert roles == [
            ("qualit", False, True, False),
            ("qualit_app", False, True, False),
            ("qualit_recherche", False, False, True),
        ]
        assert connexion.execute("SHOW listen_addresses").fetchone() == ("",)
        # A test database gets the extensions from template1, and a search function can be given away.
        connexion.execute("CREATE DATABASE essai")
    essai = lancer(copie, "url").rsplit("/", 1)[0] + "/essai"
    with psycopg.connect(essai, autocommit=True) as connexion:
        extensions = {nom for (nom,) in connexion.execute("SELECT extname FROM pg_extension")}
        assert {"pg_trgm", "unaccent", "btree_gist", "citext"} <= extensions
        connexion.execute("CREATE TABLE secret (a int); INSERT INTO secret VALUES (1)")
        connexion.execute("ALTER TABLE secret ENABLE ROW LEVEL SECURITY")
        connexion.execute("GRANT SELECT ON secret TO qualit_app, qualit_recherche")
        connexion.execute(
            "CREATE FUNCTION compter() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
            " SET search_path = public AS 'SELECT count(*) FROM secret'"
        )
        connexion.execute("ALTER FUNCTION compter() OWNER TO qualit_recherche")
        connexion.execute("SET ROLE qualit_app")
        assert connexion.execute("SELECT count(*), compter() FROM secret").fetchone() == (0, 1)

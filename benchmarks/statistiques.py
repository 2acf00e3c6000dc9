"""How the statistics grow: `nice python benchmarks/statistiques.py --tailles 2000 20000 200000 --campagnes 10`.

A database of its own (`banc_statistiques`, on the server of DATABASE_URL or on the private cluster) is filled by
`generer_statistiques`, size after size; pages are then asked through the whole portal (middlewares, rights, templates)
by each kind of reader, connected with the application's role. For each size, one line of JSON:

- `premiere_ms`: the first page of each reader in a new process, on a new connection (the worst of them);
- `recalcul_p95_ms`: pages of many places and campaigns, the process's memory emptied before each one;
- `memoire_p95_ms`: the same pages asked again within the minute, as when one comes back from a list;
- `connu_ms`: "tel que connu au" a past day, computed from the facts (worst of three);
- `requetes`: most SQL queries on a page; `resume_s`: the whole summary computed again; `suivi_ms`: the summary brought
  up to date after 100 jeunes changed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

RACINE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(RACINE))
BASE = "banc_statistiques"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualit.settings.dev")


def urls():
    """(owner's URL, application's URL) of the benchmark's database."""
    from qualit.postgres import assurer, url_app

    proprietaire = os.environ.get("DATABASE_URL") or assurer(RACINE)
    application = os.environ.get("DATABASE_URL_APP") or url_app(RACINE)
    return tuple(urlunsplit(urlsplit(u)._replace(path=f"/{BASE}")) for u in (proprietaire, application))


def creer_base(url):
    import psycopg

    ailleurs = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(ailleurs, autocommit=True) as connexion:
        connexion.execute(f"DROP DATABASE IF EXISTS {BASE}")
        connexion.execute(f"CREATE DATABASE {BASE} TEMPLATE template1")


def preparer():
    """Schema, reference data, one account a kind of reader."""
    from django.core.management import call_command

    from qualit.territoire.chargement import charger_referentiels
    from qualit.territoire.models import Academie, Adhesion, Bassin, Structure, Utilisateur
    from qualit.territoire.roles import Role

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    charger_referentiels(inventees=True)
    call_command("charger_population", verbosity=0)
    caen = Bassin.objects.get(code="caen")
    sieges = {
        Role.RECTORAT_PILOTE: {"academie": Academie.objects.get(code="CAEN")},
        Role.RECTORAT_LECTURE: {"academie": Academie.objects.get(code="CAEN")},
        Role.COORDINATEUR_GAB: {"bassin": caen},
        Role.SIGNALEUR: {"structure": Structure.objects.filter(bassin=caen, type="lp").first()},
        Role.OPERATEUR: {"structure": Structure.objects.filter(bassin=caen, type="mission_locale").first()},
        Role.PARTENAIRE: {"structure": Structure.objects.filter(type="region").first()},
    }
    from django.conf import settings

    for role, siege in sieges.items():
        qui = Utilisateur.objects.create_user(
            f"{role}@banc.invalid", prenom="Banc", nom=role.upper(), visite_faite=True,
            charte_version=settings.QUALIT["CHARTE_VERSION"],
        )  # fmt: skip
        Adhesion.objects.create(utilisateur=qui, role=role, debut=date(2000, 1, 1), **siege)


def p95(temps):
    return round(sorted(temps)[min(len(temps) - 1, int(0.95 * len(temps)))])


def mesurer(campagnes, lieux=6):
    """The figures of one size, in this process (application's role). lieux: places asked by each reader at the most."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from qualit.territoire.models import Utilisateur
    from statistiques import memoire
    from statistiques.portees import portees
    from statistiques.relation import libelle_campagne

    tableau = reverse("statistiques:tableau")
    annee = max(campagnes)

    def demander(client, **parametres):
        debut = time.perf_counter()
        reponse = client.get(tableau, parametres)
        assert reponse.status_code == 200, reponse.status_code
        return 1000 * (time.perf_counter() - debut)

    clients, premieres = {}, {}
    for personne in Utilisateur.objects.filter(email__endswith="@banc.invalid").order_by("pk"):
        role = personne.email.split("@")[0]
        clients[role] = client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(personne)
        memoire._connus.clear()
        connection.close()
        premieres[role] = round(demander(client, campagne=libelle_campagne(annee - 1)))
    pages = [
        (role, cle, c)
        for role, client in clients.items()
        for cle in list(portees(Utilisateur.objects.get(email=f"{role}@banc.invalid")))[:lieux]
        for c in list(campagnes)[-3:]
    ]
    recalcul, encore, par_role = [], [], {}
    for role, lieu, c in pages:
        memoire._connus.clear()
        duree = demander(clients[role], lieu=lieu, campagne=libelle_campagne(c))
        recalcul.append(duree)
        par_role.setdefault(role, []).append(duree)
        encore.append(demander(clients[role], lieu=lieu, campagne=libelle_campagne(c)))
    connus = [
        demander(
            clients["rectorat_pilote"],
            campagne=libelle_campagne(c),
            au=f"{c + 1}-03-01",
            connu=f"{c + 1}-03-01",
        )
        for c in list(campagnes)[-4:-1]
    ]
    requetes = 0
    for client in clients.values():
        memoire._connus.clear()
        with CaptureQueriesContext(connection) as vues:
            demander(client, campagne=libelle_campagne(annee - 1))
        metier = [
            q for q in vues if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "SET "))
        ]
        requetes = max(requetes, len(metier))
    return {
        "premiere_ms": max(premieres.values()),
        "recalcul_p95_ms": p95(recalcul),
        "memoire_p95_ms": p95(encore),
        "connu_ms": round(max(connus)),
        "requetes": requetes,
        "pages": len(pages),
        "recalcul_p95_par_lecteur_ms": {role: p95(t) for role, t in par_role.items()},
        "premieres_ms": premieres,
    }


def resume():
    """Time of the summary: whole, then after 100 changes."""
    from django.db import connection

    from statistiques import cliches, services
    from statistiques.models import Cliche

    debut = time.perf_counter()
    services.reconstruire()
    entier = time.perf_counter() - debut
    debut = time.perf_counter()
    Cliche.objects.all().delete()  # those of the size before
    pris = cliches.prendre_tous_les_jours()
    nuit = time.perf_counter() - debut
    with connection.cursor() as curseur:
        curseur.execute("VACUUM ANALYZE")
        curseur.execute(
            "UPDATE gab_dossier SET version = version + 1 WHERE id IN (SELECT id FROM gab_dossier LIMIT 100)"
        )
    debut = time.perf_counter()
    services.rafraichir_tout()
    suivi = time.perf_counter() - debut
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT count(*), pg_total_relation_size('statistiques_episode') FROM statistiques_episode"
        )
        episodes, octets = curseur.fetchone()
        curseur.execute(
            "SELECT pg_total_relation_size('statistiques_episodeducliche') "
            "+ pg_total_relation_size('statistiques_missionducliche')"
        )
        gardes = curseur.fetchone()[0]
        curseur.execute("SELECT pg_database_size(current_database())")
        base = curseur.fetchone()[0]
    return {
        "episodes": episodes, "resume_s": round(entier, 1), "suivi_ms": round(1000 * suivi),
        "resume_mo": round(octets / 1e6), "cliches": pris,
        "cliches_s": round(nuit, 1), "cliches_mo": round(gardes / 1e6), "base_mo": round(base / 1e6),
    }  # fmt: skip


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--tailles", type=int, nargs="+", default=[2000, 20000, 200000])
    arguments.add_argument("--campagnes", type=int, default=10)
    arguments.add_argument(
        "--lieux", type=int, default=6, help="places asked by each reader, three campaigns each"
    )
    arguments.add_argument("--garder", action="store_true", help="measure again a database already filled")
    arguments.add_argument("--mesurer", action="store_true", help=argparse.SUPPRESS)
    a = arguments.parse_args()
    import django
    from django.utils import timezone

    if a.mesurer:
        django.setup()
        from signalements.models import campagne_de

        annee = campagne_de(timezone.localdate())
        print(json.dumps(mesurer(range(annee - a.campagnes + 1, annee + 1), a.lieux)))
        return
    proprietaire, application = urls()
    if not a.garder:
        creer_base(proprietaire)
    os.environ["DATABASE_URL"] = proprietaire
    django.setup()
    from benchmarks.generer_statistiques import generer
    from signalements.models import campagne_de

    if not a.garder:
        preparer()
    premiere = campagne_de(timezone.localdate()) - a.campagnes + 1
    faits = 0
    for taille in a.tailles:
        debut = time.perf_counter()
        if not a.garder:
            generer(
                taille,
                campagnes=a.campagnes,
                premiere=premiere,
                debut=faits + 1,
                dire=lambda t: print(t, file=sys.stderr),
            )
        faits = taille
        ligne = {"jeunes": taille, "ecriture_s": round(time.perf_counter() - debut, 1)} | resume()
        environnement = os.environ | {
            "DATABASE_URL": application,
            "QUALIT_SERVEUR": "",
            "PYTHONHASHSEED": "0",
        }
        commande = [
            sys.executable, __file__, "--mesurer", "--campagnes", str(a.campagnes), "--lieux", str(a.lieux)
        ]  # fmt: skip
        sortie = subprocess.run(commande, env=environnement, check=True, stdout=subprocess.PIPE, text=True)
        ligne |= json.loads(sortie.stdout.strip().splitlines()[-1])
        print(json.dumps(ligne | {"charge": round(os.getloadavg()[0], 1)}), flush=True)


if __name__ == "__main__":
    main()

"""Server times of the GAB's and the follow-up's pages on a large base: `python benchmarks/gab.py --jeunes 200000`.

Makes a database of its own beside that of the project (`qualit_banc_gab`; with --garder the one of the last time is
completed), writes invented people in SQL, puts 30 reports to triage and 30 lines on an agenda, and asks each page in the
process, as a signed-in person does. Prints the median, the 95th centile (ms) and the number of queries.
`--page NOM` also prints the slowest queries of the pages of that name.
"""

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

RACINE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(RACINE))

from benchmarks.base import preparer  # noqa: E402

BASE = "qualit_banc_gab"

LIGNES = 30
#: names drawn as frequently as those of the demonstration's people, each given to one report in that many
VARIANTES = 20_000

VARIER = """
UPDATE signalements_signalement s SET nom_naissance = v.nom, prenom = v.prenom, nom_tri = v.tri
FROM unnest(%(noms)s::text[], %(prenoms)s::text[], %(tris)s::text[]) WITH ORDINALITY v (nom, prenom, tri, i)
WHERE v.i = 1 + s.id %% %(n)s;

INSERT INTO signalements_contact (cree_le, signalement_id, type, valeur, normalisee, proprietaire, etat)
SELECT now(), id, 'telephone', '06' || lpad((id %% 100000000)::text, 8, '0'), '+336' || lpad((id %% 100000000)::text, 8, '0'),
    'jeune', 'non_verifie' FROM signalements_signalement s
WHERE NOT EXISTS (SELECT 1 FROM signalements_contact c WHERE c.signalement_id = s.id);

UPDATE gab_dossier SET prochaine_echeance = current_date + (id %% 60)::int - 20
WHERE etat IN ('en_solution', 'pris_en_charge');

UPDATE gab_mission m SET etat = 'proposee', repondue_le = NULL, proposee_le = now() - interval '3 days',
    expire_le = current_date + 12 FROM gab_dossier d
WHERE m.dossier_id = d.id AND d.etat = 'pris_en_charge' AND m.etat = 'acceptee' AND d.id %% 20 = 0;

UPDATE gab_dossier d SET etat = 'missionne' FROM gab_mission m
WHERE m.dossier_id = d.id AND m.etat = 'proposee';

UPDATE gab_dossier SET etat = (ARRAY['a_trier', 'entretien_a_tenir', 'entretien_tenu', 'preconise'])[1 + (id %% 4)::int]
WHERE etat = 'pris_en_charge' AND NOT EXISTS (
    SELECT 1 FROM gab_mission m WHERE m.dossier_id = gab_dossier.id AND m.etat IN ('acceptee', 'proposee'))
"""


def identites(nombre):
    """Surnames and first names of that many invented people, always the same."""
    from datetime import date

    from statistiques.demo.personnes import Fabrique

    fabrique = Fabrique(random.Random(1), date(1995, 1, 1), date(2010, 12, 31))
    annees = [fabrique.rng.randint(1995, 2010) for _ in range(nombre)]
    return [fabrique.nom() for _ in annees], [fabrique.prenom(fabrique.rng.choice("MF"), a) for a in annees]


def remplir(jeunes):
    """Complete the base up to that many jeunes; returns whether anything was written."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.generer_statistiques import generer
    from dedoublonnage.models import Jeune
    from qualit.territoire.chargement import charger_referentiels
    from qualit.territoire.models import cle_de_tri
    from signalements.models import Contact

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    # the generator numbers its own, from J1000001; those of the future are not written
    numeros = Jeune.objects.filter(reference__startswith="J1").order_by("-reference")
    dernier = numeros.values_list("reference", flat=True).first()
    deja = int(dernier[2:], 16) if dernier else 0
    if deja >= jeunes - 20 and Contact.objects.exists():
        return False
    if not deja:
        charger_referentiels(inventees=True)
    if deja < jeunes - 20:
        generer(jeunes, debut=deja + 1, dire=print)
    noms, prenoms = identites(VARIANTES)
    tris = [cle_de_tri(n, p) for n, p in zip(noms, prenoms, strict=True)]
    valeurs = {"noms": noms, "prenoms": prenoms, "tris": tris, "n": VARIANTES}
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")
        curseur.execute("SET enable_nestloop = off")  # whole tables against whole tables
        for requete in VARIER.split(";\n"):
            curseur.execute(requete, valeurs)
        curseur.execute("RESET enable_nestloop")
        curseur.execute("ANALYZE")
    return True


UN_BASSIN = """
UPDATE territoire_structure SET bassin_id = b.id FROM (
    SELECT bassin_id AS id FROM gab_dossier GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) b
WHERE bassin_id IS NOT NULL AND bassin_id <> b.id;
UPDATE signalements_signalement SET bassin_id = b.id FROM (
    SELECT bassin_id AS id FROM gab_dossier GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) b WHERE bassin_id <> b.id;
UPDATE gab_dossier SET bassin_id = b.id FROM (
    SELECT bassin_id AS id FROM gab_dossier GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) b WHERE bassin_id <> b.id
"""


def gens():
    """One person a role, at the busiest bassin; 30 reports to triage there, and a séance of 30 lines."""
    from django.db.models import Count
    from django.utils import timezone

    from gab.models import Dossier, Seance
    from gab.services import seances
    from qualit.territoire.models import Adhesion, Bassin, Structure, Utilisateur
    from signalements.models import Signalement

    bassin = Bassin.objects.annotate(n=Count("dossiers")).order_by("-n")[0]
    operateur = Structure.objects.filter(bassin=bassin).annotate(n=Count("missions")).order_by("-n").first()
    ecole = Structure.objects.filter(bassin=bassin).annotate(n=Count("signalements")).order_by("-n").first()
    personnes = {}
    for role, siege in {
        "coordinateur_gab": {"bassin": bassin},
        "operateur": {"structure": operateur},
        "signaleur": {"structure": ecole},
        "rectorat_pilote": {"academie": bassin.academie},
    }.items():
        qui = Utilisateur.objects.create_user(
            f"{role}-{time.time()}@example.invalid", prenom="Banc", nom=role
        )
        adhesion = Adhesion.objects.create(utilisateur=qui, role=role, **siege)
        qui.charte_version, qui.charte_le = "2026-09", timezone.now()
        qui.save()
        personnes[role] = (qui, adhesion)
    du_bassin = Dossier.objects.filter(bassin=bassin)
    a_trier = list(
        Signalement.objects.filter(versement__dossier__in=du_bassin.filter(etat="a_trier"), etat="recevable")
        .order_by("-envoye_le")
        .values_list("pk", flat=True)[: 2 * LIGNES]
    )
    Signalement.objects.filter(pk__in=a_trier).update(etat="envoye", trie_le=None)
    coordinateur = personnes["coordinateur_gab"][0]
    seance = Seance(bassin=bassin, quand=timezone.now())
    seances.preparer(seance, list(du_bassin.filter(etat="entretien_tenu")[:LIGNES]), par=coordinateur)
    seances.ouvrir(seance, par=coordinateur)
    return personnes, bassin, operateur, seance


class Chronometre:
    """Times of requests asked through the test client: {name: [(elapsed ms, processor ms)]}, and the queries of the first.

    The processor's time is that of this process and of its PostgreSQL backend (/proc/<pid>/schedstat): what the request
    costs whatever else runs on the machine.
    """

    def __init__(self, details):
        self.temps, self.requetes, self.lentes, self.details = {}, {}, {}, details

    @staticmethod
    def processeur():
        from django.db import connection

        connection.ensure_connection()
        pid = connection.connection.info.backend_pid
        return 1000 * time.process_time() + int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6

    def mesurer(self, nom, demander):
        from django.db import connection, reset_queries

        premiere = nom not in self.requetes
        connection.force_debug_cursor = premiere or bool(self.details)
        reset_queries()
        debut, processeur = time.perf_counter(), self.processeur()
        reponse = demander()
        duree = 1000 * (time.perf_counter() - debut), self.processeur() - processeur
        assert reponse.status_code in (200, 302), (nom, reponse.status_code, reponse.content[:300])
        if premiere:  # it warms the caches, and counts
            self.requetes[nom] = len(connection.queries)
        else:
            self.temps.setdefault(nom, []).append(duree)
        if self.details:
            self.lentes[nom] = sorted(connection.queries, key=lambda q: -float(q["time"]))[:4]
        return reponse

    def tableau(self):
        print(f"\n{'page':36} {'médiane':>8} {'p95':>7} {'processeur':>11} {'p95':>7} {'requêtes':>9}")
        for nom, temps in self.temps.items():
            colonnes = []
            for mesures in zip(*temps, strict=True):
                p95 = statistics.quantiles(mesures, n=20)[-1] if len(mesures) > 1 else mesures[0]
                colonnes += [statistics.median(mesures), p95]
            print("{:36} {:8.0f} {:7.0f} {:11.0f} {:7.0f} {:9}".format(nom, *colonnes, self.requetes[nom]))


def client(qui):
    from django.test import Client

    c = Client()
    c.force_login(qui)
    return c


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--jeunes", type=int, default=200_000)
    a.add_argument("--fois", type=int, default=30)
    a.add_argument("--un-bassin", action="store_true", help="Tous les dossiers dans un seul bassin.")
    a.add_argument("--garder", action="store_true", help="Reprend la base du banc si elle existe.")
    a.add_argument(
        "--page", default="", help="Montre les requêtes lentes des pages dont le nom contient ce mot."
    )
    options = a.parse_args()
    debut = time.monotonic()
    preparer(BASE, garder=options.garder)
    if remplir(options.jeunes):
        print(f"Base remplie en {time.monotonic() - debut:.0f} s")
    from django.conf import settings
    from django.db import connection

    if options.un_bassin:
        with connection.cursor() as curseur:
            for requete in UN_BASSIN.split(";\n"):
                curseur.execute(requete)
            curseur.execute("ANALYZE")
    settings.ALLOWED_HOSTS = ["*"]
    settings.DEBUG = False
    personnes, bassin, operateur, seance = gens()
    chrono = Chronometre(options.page)
    pages(chrono, options, personnes, bassin, operateur, seance)
    chrono.tableau()
    for nom, requetes in chrono.lentes.items():
        if options.page and options.page in nom:
            for requete in requetes:
                print(f"\n[{nom}] {requete['time']} s\n{requete['sql'][:1500]}")


def pages(chrono, options, personnes, bassin, operateur, seance):
    from django.urls import reverse

    from dedoublonnage.models import Jeune
    from gab.file import a_trier
    from gab.models import Dossier, Mission
    from qualit.territoire.models import Utilisateur
    from signalements.models import Signalement

    gab = client(personnes["coordinateur_gab"][0])
    coordinateur = Utilisateur.objects.get(pk=personnes["coordinateur_gab"][0].pk)
    htmx = {"HTTP_HX_REQUEST": "true"}
    for role, (qui, _) in personnes.items():
        c = client(qui)
        c.get("/")
        for _ in range(options.fois):
            chrono.mesurer(f"accueil {role}", lambda c=c: c.get("/"))
    dossiers = list(Dossier.objects.filter(bassin=bassin).ouverts()[: options.fois])
    ecole = client(personnes["signaleur"][0])
    operat = client(personnes["operateur"][0])
    missions = list(
        Mission.objects.filter(structure=operateur, etat__in=["acceptee", "proposee"])[: options.fois]
    )
    noms, prenoms = identites(len(dossiers))
    for n, d in enumerate(dossiers):
        chrono.mesurer("file du bassin", lambda: gab.get(reverse("gab:file")))
        chrono.mesurer(
            "file, filtrée",
            lambda n=n: gab.get(reverse("gab:file"), {"etat": "en_solution", "page": n % 5 + 1}),
        )
        chrono.mesurer("dossier", lambda d=d: gab.get(reverse("gab:dossier", args=[d.reference])))
        jeune = Jeune.objects.get(pk=d.jeune_id)
        chrono.mesurer("page d’un jeune", lambda j=jeune: gab.get(reverse("suivi:jeune", args=[j.reference])))
        nom = f"{noms[n]} {prenoms[n]}"
        for texte, titre in (
            (nom, "exact"),
            (f"{noms[n][:-1]} {prenoms[n][1:]}", "approché"),
            (f"06{d.pk:08}", "numéro"),
        ):
            chrono.mesurer(
                f"recherche d’un jeune, {titre}",
                lambda t=texte: gab.post(reverse("suivi:recherche"), {"quoi": t}),
            )
        chrono.mesurer(
            "recherche dans la file", lambda t=nom: gab.post(reverse("gab:file"), {"recherche": t})
        )
        chrono.mesurer("échéances légales", lambda: gab.get(reverse("gab:echeances")))
        chrono.mesurer("agenda", lambda: gab.get(reverse("gab:agenda")))
        chrono.mesurer("retours de l’établissement", lambda: ecole.get(reverse("suivi:mes_signalements")))
        chrono.mesurer("missions de l’opérateur", lambda: operat.get(reverse("suivi:missions")))
    for m in missions:
        chrono.mesurer(
            "fiche d’une mission", lambda m=m: operat.get(reverse("suivi:mission", args=[m.reference]))
        )
        chrono.mesurer(
            "appel par numéro",
            lambda m=m: operat.post(reverse("suivi:numero"), {"appel-numero": f"06{m.pk:08}"}),
        )
    for _ in range(4):
        chrono.mesurer("tri, la page", lambda: gab.get(reverse("gab:tri")))
    for rang, s in enumerate(list(a_trier(coordinateur)[:LIGNES])):
        action = (
            {"action": "recevable"},
            {"action": "completer", "question": "Quelle classe ?"},
            {"action": "hors_champ", "motif": "diplome"},
        )[rang % 3]
        chrono.mesurer(
            "tri, une réponse",
            lambda s=s, a=action: gab.post(reverse("gab:trier", args=[s.reference]), a, **htmx),
        )
    for ligne in seance.lignes.all():
        saisie = {
            "ligne_id": ligne.pk,
            "decision": "preconiser",
            "solution": "apprentissage",
            "vu": ligne.jalon,
        }
        chrono.mesurer(
            "séance, une décision",
            lambda s=saisie: gab.post(reverse("gab:decider", args=[seance.reference]), s, **htmx),
        )
    assert Signalement.objects.filter(etat="hors_champ", versement__dossier__bassin=bassin).exists()


if __name__ == "__main__":
    main()

"""Measure the import of lists. `python benchmarks/import.py hostiles | lecture [ROWS] | voisins [ROWS] | envoi [ROWS]`.

hostiles: each file of tests/fichiers_hostiles.py, the seconds that its refusal takes, and the 2 000 mutations.
lecture: reading and validation of a CSV and of an XLSX of ROWS rows (10 000), time and peak memory of process and child.
voisins: the time of a coordinator's pages while another process reads and compares a list, against the same pages before, on
the base of `make demo` (nothing is written).
envoi: a list of ROWS rows on a base of its own (`qualit_banc_import`), from the file to the reports: dropped, read and
compared, confirmed, sent, then undone; the rate of the first and of the last thousand rows, and what the base then holds.
"""

import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualit.settings.dev")


def sommet():
    """Peak memory of this process, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def hostiles():
    from qualit.echanges.lecture import lire
    from qualit.echanges.refus import FichierIllisible
    from signalements.listes.colonnes import reconnaitre
    from tests.fichiers_hostiles import corpus, mutations

    durees, lus = [], []
    for nom, contenu in corpus():
        debut = time.perf_counter()
        try:
            entete = reconnaitre(lire(contenu, nom))
            lus.append((nom, entete and [c.champ for c in entete.colonnes][:4]))
        except FichierIllisible:
            pass
        durees.append((time.perf_counter() - debut, nom))
    durees.sort(reverse=True)
    print(f"{len(durees)} fichiers, {len(lus)} ouverts sans refus à la lecture : {lus}")
    print("les plus longs :", ", ".join(f"{nom} {duree:.2f} s" for duree, nom in durees[:8]))
    compte, pire = {"lus": 0, "refuses": 0}, 0.0
    for nom, contenu in mutations(2_000):
        debut = time.perf_counter()
        try:
            reconnaitre(lire(contenu, nom))
            compte["lus"] += 1
        except FichierIllisible:
            compte["refuses"] += 1
        pire = max(pire, time.perf_counter() - debut)
    print(f"2 000 mutations : {compte}, la plus longue {pire:.2f} s")


def lecture(lignes):
    import random
    from datetime import date

    from dedoublonnage.imports.analyse import Analyse
    from qualit.echanges.lecture import lire
    from qualit.territoire.models import Structure
    from signalements.listes.colonnes import reconnaitre
    from signalements.listes.lignes import Lecteur
    from tests import listes

    rng = random.Random(8)
    rangs = listes.rangees([listes.jeune(rng, date(2026, 11, 25)) for _ in range(lignes)])
    structure = (
        Structure.objects.select_related("bassin", "academie").exclude(uai="").exclude(bassin=None).first()
    )
    base = sommet()
    for nom, contenu in (("liste.csv", listes.csv_de(rangs)), ("liste.xlsx", listes.xlsx_de(rangs))):
        debut, processeur = time.perf_counter(), time.process_time()
        tableau = lire(contenu, nom)
        entete = reconnaitre(tableau)
        lecteur = Lecteur(entete.colonnes, structure)
        refusees = sum(
            bool(lecteur.lire(n, c).raisons) for n, c in tableau.feuilles[0].lignes[entete.debut :]
        )
        enfant = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"{nom}, {lignes} lignes : {time.perf_counter() - debut:.1f} s (processeur {time.process_time() - processeur:.1f} s, "
            f"enfant {enfant.ru_utime:.1f} s), {refusees} refusées, sommet {sommet():.0f} Mo "
            f"(départ {base:.0f} Mo, enfant {enfant.ru_maxrss / 1024:.0f} Mo)"
        )
    debut, processeur = time.perf_counter(), time.process_time()
    analyse = Analyse(Lecteur(entete.colonnes, structure))
    statuts = {}
    for n, c in tableau.feuilles[0].lignes[entete.debut :]:
        statut = str(analyse.examiner(n, c).statut)
        statuts[statut] = statuts.get(statut, 0) + 1
    print(
        f"avec comparaison : {time.perf_counter() - debut:.1f} s (processeur {time.process_time() - processeur:.1f} s), "
        f"{statuts}, sommet {sommet():.0f} Mo"
    )


def voisins(lignes):
    import statistics
    import subprocess

    from django.conf import settings
    from django.test import Client

    from qualit.territoire.models import Utilisateur

    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(Utilisateur.objects.get(email="coordinateur.caen@demo.invalid"))
    adresses = ("/", "/gab/", "/statistiques/")

    def tour():
        durees = []
        for adresse in adresses:
            debut = time.perf_counter()
            assert client.get(adresse).status_code == 200, adresse
            durees.append((time.perf_counter() - debut) * 1000)
        return durees

    def p95(durees):
        return statistics.quantiles(durees, n=20)[-1]

    for _ in range(5):
        tour()
    calme = [d for _ in range(60) for d in tour()]
    enfant = subprocess.Popen(
        [sys.executable, __file__, "lecture", str(lignes)], stdout=subprocess.PIPE, text=True
    )
    charge = []
    while enfant.poll() is None:
        charge += tour()
    print(enfant.stdout.read().strip())
    for nom, durees in (("base calme", calme), ("pendant la lecture", charge)):
        print(
            f"{nom} : médiane {statistics.median(durees):.0f} ms, p95 {p95(durees):.0f} ms ({len(durees)} pages)"
        )
    print(f"rapport des p95 : {p95(charge) / p95(calme):.2f}")
    client.logout()


def liste(lignes):
    """An XLSX of that many invented leavers, named as frequently as those of the demonstration."""
    import random
    from datetime import date

    from statistiques.demo.personnes import Fabrique
    from tests import listes

    rng = random.Random(8)
    fabrique = Fabrique(rng, date(2007, 1, 1), date(2009, 12, 31))
    gens = []
    for _ in range(lignes):
        un = listes.jeune(rng, date(2026, 11, 25))
        gens.append(un | {"nom": fabrique.nom(), "prenom": fabrique.prenom(un["sexe"], un["naissance"].year)})
    return listes.xlsx_de(listes.rangees(gens))


def envoi(lignes):
    from django.core.management import call_command
    from django.db.models import Count

    from dedoublonnage.imports import reponses, services
    from dedoublonnage.imports.modeles import Import
    from dedoublonnage.models import Jeune
    from qualit.territoire.chargement import charger_referentiels
    from qualit.territoire.models import Adhesion, Structure, Utilisateur
    from qualit.territoire.roles import Role
    from signalements.models import Signalement

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    charger_referentiels(inventees=True)
    structure = Structure.objects.exclude(uai="").exclude(bassin=None).order_by("pk").first()
    par = Utilisateur.objects.create_user("declarant@banc.invalid", prenom="Camille", nom="Banc")
    Adhesion.objects.create(utilisateur=par, role=Role.SIGNALEUR, structure=structure, debut="2026-01-01")
    contenu = liste(lignes)
    durees = {}

    def mesurer(quoi, faire):
        debut = time.perf_counter()
        resultat = faire()
        durees[quoi] = time.perf_counter() - debut
        print(f"{quoi} : {durees[quoi]:.1f} s, sommet {sommet():.0f} Mo", flush=True)
        return resultat

    def avancer(lot, bornes=None):
        """The current step to its end; bornes receives (rows done, seconds)."""
        memo, debut = {}, time.perf_counter()
        while services.avancer(lot, memo=memo):
            if bornes is not None:
                bornes.append((lot.faites, time.perf_counter() - debut))

    lot = mesurer("dépôt", lambda: services.deposer(structure, "liste.xlsx", contenu, par=par))
    champs = {c.rang: c.champ for c in services.colonnes(lot)}
    services.choisir_colonnes(lot, champs, {}, par=par)
    services.demarrer_lecture(lot, par=par)
    mesurer("lecture et comparaison", lambda: avancer(lot))
    print({s: n for s, n in services.comptes(lot).items() if n})
    mesurer("réponses « je ne sais pas »", lambda: reponses.ne_pas_savoir(lot))
    mesurer("confirmation", lambda: services.confirmer(lot, par=par))
    bornes = []
    mesurer("envoi", lambda: avancer(lot, bornes))
    mille = [next(b for b in bornes if b[0] >= n) for n in (1_000, bornes[-1][0] - 1_000)]
    print(
        f"par ligne : les mille premières {mille[0][1] / mille[0][0] * 1000:.1f} ms, "
        f"les mille dernières {(bornes[-1][1] - mille[1][1]) / (bornes[-1][0] - mille[1][0]) * 1000:.1f} ms"
    )
    finale = services.comptes(lot)
    etats = dict(Signalement.objects.order_by().values_list("etat").annotate(Count("pk")))
    print({s: n for s, n in finale.items() if n}, etats, f"{Jeune.objects.count()} jeunes")
    assert sum(etats.values()) == finale["importees"] and lot.etape == Import.Etape.TERMINE
    services.annuler(lot, par=par)
    mesurer("annulation", lambda: avancer(lot))
    print(dict(Signalement.objects.order_by().values_list("etat").annotate(Count("pk"))))


if __name__ == "__main__":
    choix = sys.argv[1] if len(sys.argv) > 1 else ""
    if choix == "envoi":
        from benchmarks.base import preparer

        preparer("qualit_banc_import")
        envoi(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
        sys.exit()
    import django

    django.setup()
    if choix == "hostiles":
        hostiles()
    elif choix == "lecture":
        lecture(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    elif choix == "voisins":
        voisins(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    else:
        sys.exit(__doc__)

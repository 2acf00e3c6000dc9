"""Benchmarks of the matching engine.

    python benchmarks/rapprochement.py latence [--tailles 10000 100000 1000000]
    python benchmarks/rapprochement.py masse [--taille 100000]   # needs the group `bench`
    python benchmarks/rapprochement.py concurrents FICHIER.csv   # needs the group `bench`
    python benchmarks/rapprochement.py splink FICHIER.csv        # the same model on Splink 5 and DuckDB

`latence` fills a table of its own (dropped at the end) with invented people and times whole entries: preparation,
retrieval, scores, decision, explanation. `masse` compares a whole base with itself, by the pass of `rapprocher_tout`
(keys, pairs in SQL, parallel scores) and by Splink on DuckDB, one after the other. `concurrents` gives Splink, dedupe
and recordlinkage the same file, in the same run, on our normalised columns. Results: benchmarks/RESULTATS.md.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

RACINE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(RACINE))

from dedoublonnage import blocage, decision, groupes, lecture, recherche  # noqa: E402
from dedoublonnage.apprentissage import MASQUES, candidats_en_memoire, masquer  # noqa: E402
from dedoublonnage.normalisation import LETTRES_CONTROLE, Identite, preparer  # noqa: E402
from dedoublonnage.score import Contexte, Modele, probabilite, zone  # noqa: E402

# --- invented people ---

SYLLABES = [
    "ba",
    "be",
    "bi",
    "bo",
    "bou",
    "bre",
    "cha",
    "che",
    "co",
    "cor",
    "da",
    "de",
    "du",
    "fa",
    "fer",
    "fou",
    "ga",
    "gal",
    "gou",
    "gue",
    "ha",
    "ho",
    "ja",
    "jou",
    "la",
    "lan",
    "le",
    "li",
    "lo",
    "lu",
    "ma",
    "man",
    "mar",
    "me",
    "mi",
    "mo",
    "mou",
    "na",
    "ne",
    "no",
    "pa",
    "pe",
    "pi",
    "po",
    "pra",
    "qui",
    "ra",
    "re",
    "ri",
    "ro",
    "rou",
    "sa",
    "se",
    "si",
    "so",
    "ta",
    "te",
    "ti",
    "to",
    "tre",
    "va",
    "ver",
    "vi",
    "vo",
]
FINS = [
    "ard",
    "aud",
    "eau",
    "el",
    "er",
    "et",
    "ier",
    "in",
    "on",
    "ot",
    "ou",
    "oux",
    "ville",
    "mont",
    "lin",
    "nel",
    "rel",
    "rand",
    "sson",
    "tier",
    "vin",
]
COMMUNES = [f"Commune-{i}" for i in range(120)]


def personnes(combien: int, graine: int = 1):
    """Invented identities with the frequencies of names of the model."""
    modele, alea = Modele.charger(), random.Random(graine)
    noms, poids_noms = zip(*modele.frequences["nom"].items(), strict=True)
    prenoms, poids_prenoms = zip(*modele.frequences["prenom"].items(), strict=True)
    debut = date(2001, 1, 1)
    connus = alea.choices(noms, poids_noms, k=combien)
    donnes = alea.choices(prenoms, poids_prenoms, k=combien)
    for i in range(combien):
        nom = connus[i]
        if alea.random() < 0.62:
            nom = "".join(alea.choices(SYLLABES, k=alea.choice((1, 2, 2)))) + alea.choice(FINS)
        n = alea.randrange(10**10)
        yield Identite(
            nom_naissance=nom.upper(),
            prenom=donnes[i].title(),
            date_naissance=debut + timedelta(days=alea.randrange(3650)),
            sexe=alea.choice("FM"),
            commune_naissance=alea.choice(COMMUNES),
            ine=f"{n:010}{LETTRES_CONTROLE[n % 23]}" if alea.random() < 0.55 else "",
            telephones=(f"06{alea.randrange(10**8):08}",),
            adresse=f"{alea.randrange(1, 140)} rue {alea.choice(FINS)}",
            code_postal=f"{14000 + alea.randrange(900)}",
            commune=alea.choice(COMMUNES),
            reference=str(i),
        )


def avec_une_faute(x: Identite, alea: random.Random) -> Identite:
    """The same person entered elsewhere: no phone nor address, often no INE, one ordinary mistake."""
    x = replace(x, telephones=(), ine=x.ine if alea.random() < 0.3 else "", adresse="", code_postal="")
    sorte, d = alea.randrange(6), x.date_naissance
    if sorte == 0 and len(x.nom_naissance) > 3:
        k = alea.randrange(1, len(x.nom_naissance) - 1)
        return replace(x, nom_naissance=x.nom_naissance[:k] + x.nom_naissance[k + 1 :])
    if sorte == 1 and len(x.prenom) > 3:
        k = alea.randrange(1, len(x.prenom) - 1)
        return replace(x, prenom=x.prenom[:k] + x.prenom[k] + x.prenom[k:])
    if sorte == 2:
        return replace(x, nom_naissance=x.prenom, prenom=x.nom_naissance)
    if sorte == 3 and d and d.day <= 12:
        return replace(x, date_naissance=date(d.year, d.day, d.month))
    if sorte == 4 and alea.random() < 0.3:
        return replace(x, date_naissance=None)
    return x


# --- latency ---


def _connexion():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualit.settings.dev")
    import django

    django.setup()
    from django.db import connection

    return connection


def _remplir(curseur, table, gens, source, taille):
    while len(gens) < taille:
        tampon, depart = io.StringIO(), len(gens)
        for x in itertools.islice(source, min(50000, taille - depart)):
            p = preparer(x)
            corps = json.dumps(p.vers_json(), ensure_ascii=False).replace("\\", "\\\\")
            cles = "{" + ",".join(map(str, blocage.cles(p))) + "}"
            tampon.write(f"{len(gens)}\t{cles}\t{corps}\t{x.date_naissance}\n")
            gens.append(x)
        with curseur.copy(f"COPY {table} (jeune_id, cles, preparee, date_naissance) FROM STDIN") as copie:
            copie.write(tampon.getvalue())


def _mesurer(curseur, table, gens, requetes):
    """Times (ms) of whole entries and of retrieval alone, shares found and found first."""
    contexte, modele, alea = recherche.instantane(curseur, table), Modele.charger(), random.Random(5)
    curseur.execute("SET enable_seqscan = off; SET jit = off")
    temps, recuperation, trouves, premiers, chauffe = [], [], 0, 0, 100
    for k in range(requetes + chauffe):
        i = alea.randrange(len(gens))
        x = avec_une_faute(gens[i], alea)
        t0 = time.perf_counter()
        p = preparer(x)
        jeunes = recherche.candidats(p, curseur=curseur, table=table)
        t1 = time.perf_counter()
        _, classes = decision.examiner(p, jeunes, contexte=contexte, modele=modele)
        t2 = time.perf_counter()
        if k >= chauffe:
            temps.append(1000 * (t2 - t0))
            recuperation.append(1000 * (t1 - t0))
            trouves += any(j == i for j, _ in jeunes)
            premiers += bool(classes) and classes[0][0] == i
    return sorted(temps), sorted(recuperation), trouves, premiers


def latence(tailles: list[int], requetes: int) -> None:
    """Whole entries, one client, against tables of growing size."""
    table, gens = "banc_empreinte", []
    source = personnes(max(tailles))
    ordres = [o for o in recherche.DDL.format(temporaire="UNLOGGED", table=table).split(";") if o.strip()]
    with _connexion().cursor() as curseur:
        curseur.execute(f"DROP TABLE IF EXISTS {table}")
        curseur.execute(ordres[0])
        try:
            for taille in tailles:
                curseur.execute(f"DROP INDEX IF EXISTS {table}_cles; DROP INDEX IF EXISTS {table}_jeune")
                debut = time.perf_counter()
                _remplir(curseur, table, gens, source, taille)
                remplissage = time.perf_counter() - debut
                curseur.execute("SET maintenance_work_mem = '512MB'")
                for ordre in ordres[1:]:
                    curseur.execute(ordre)
                curseur.execute(f"VACUUM ANALYZE {table}")
                index = time.perf_counter() - debut - remplissage
                temps, recuperation, trouves, premiers = _mesurer(curseur, table, gens, requetes)
                curseur.execute(f"SELECT pg_relation_size('{table}_cles'), pg_total_relation_size('{table}')")
                octets_index, octets = curseur.fetchone()
                p95 = int(0.95 * requetes)
                resultat = {
                    "jeunes": taille,
                    "p50_ms": round(statistics.median(temps), 2),
                    "p95_ms": round(temps[p95], 2),
                    "recherche_p50_ms": round(statistics.median(recuperation), 2),
                    "recherche_p95_ms": round(recuperation[p95], 2),
                    "retrouves_pct": round(100 * trouves / requetes, 2),
                    "premier_pct": round(100 * premiers / requetes, 2),
                    "remplissage_s": round(remplissage, 1),
                    "index_s": round(index, 1),
                    "index_mo": round(octets_index / 1e6),
                    "total_mo": round(octets / 1e6),
                    "charge": round(os.getloadavg()[0], 1),
                }
                print(json.dumps(resultat, ensure_ascii=False), flush=True)
        finally:
            curseur.execute(f"DROP TABLE IF EXISTS {table}")


# --- a whole base against itself ---


def _base_avec_doubles(taille: int):
    """Invented people, one in ten of them entered twice: (identities, who each is)."""
    alea, gens, qui = random.Random(7), [], []
    for i, x in enumerate(personnes(int(taille / 1.1), graine=4)):
        gens.append(x)
        qui.append(str(i))
        if i % 10 == 0:
            gens.append(avec_une_faute(x, alea))
            qui.append(str(i))
    return gens, qui


def _retrouve(paires, qui) -> dict[str, float]:
    doubles: dict[str, list[int]] = defaultdict(list)
    for i, x in enumerate(qui):
        doubles[x].append(i)
    total = sum(len(m) == 2 for m in doubles.values())
    bonnes = sum(qui[i] == qui[j] for i, j in paires)
    return {
        "precision_pct": round(100 * bonnes / max(len(paires), 1), 2),
        "rappel_pct": round(100 * bonnes / total, 2),
    }


def masse_qualit(gens, processus: int):
    """The pass of `rapprocher_tout` on a table of its own, without its decisions: couples at 0.5 or more, seconds."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    table = "banc_masse"
    ordres = [o for o in recherche.DDL.format(temporaire="UNLOGGED", table=table).split(";") if o.strip()]
    with _connexion().cursor() as curseur:
        from dedoublonnage import calcul, masse

        curseur.execute(f"DROP TABLE IF EXISTS {table}")
        curseur.execute(ordres[0])
        try:
            _remplir(curseur, table, [], iter(gens), len(gens))
            curseur.execute(f"ANALYZE {table}")
            cadre = recherche.instantane(curseur, table)
            debut = time.perf_counter()
            couples = {}
            with ProcessPoolExecutor(
                processus,
                mp_context=get_context("spawn"),
                initializer=calcul.preparer_processus,
                initargs=(cadre.vers_json(),),
            ) as executeur:
                masse._remplir_les_cles(executeur, table)
                parties = max(1, -(-len(gens) // masse.TAILLE_PARTIE))
                for partie in range(parties):
                    couples |= masse._couples(executeur, partie, parties, table)
            secondes = time.perf_counter() - debut
            curseur.execute("DROP TABLE IF EXISTS masse_cles, masse_blocs")
        finally:
            curseur.execute(f"DROP TABLE IF EXISTS {table}")
    return [c for c, poids in couples.items() if poids >= 0], secondes


def masse(taille: int, processus: int) -> None:
    """Both on the same invented base, one after the other."""
    gens, qui = _base_avec_doubles(taille)
    paires, secondes = masse_qualit(gens, processus)
    mesures = {"outil": "Qual'I.T.", "signalements": len(gens), "secondes": round(secondes, 1)}
    print(
        json.dumps({**mesures, **_retrouve(paires, qui), "charge": round(os.getloadavg()[0], 1)}), flush=True
    )
    preparees = [preparer(x) for x in gens]
    debut = time.perf_counter()
    leurs = [c for c, p in par_splink(preparees, qui).items() if p >= 0.5]
    mesures = {
        "outil": "Splink 5",
        "signalements": len(gens),
        "secondes": round(time.perf_counter() - debut, 1),
    }
    print(
        json.dumps({**mesures, **_retrouve(leurs, qui), "charge": round(os.getloadavg()[0], 1)}), flush=True
    )


# --- the others, on the same file ---


def _charger(fichier: str, scenario: str):
    lignes = lecture.lire(fichier)
    return lignes, [preparer(masquer(x.identite, MASQUES[scenario])) for x in lignes]


def _f1(paires, qui) -> tuple[float, float]:
    """(F1 at 0.5, best F1)."""
    effectifs: dict[str, int] = defaultdict(int)
    for x in qui:
        effectifs[x] += 1
    total = sum(n * (n - 1) // 2 for n in effectifs.values())
    bonnes, mieux, a_demi = 0, 0.0, 0.0
    for k, ((i, j), p) in enumerate(sorted(paires.items(), key=lambda t: -t[1]), start=1):
        bonnes += qui[i] == qui[j]
        f = 2 * bonnes / (k + total)
        mieux = max(mieux, f)
        if p >= 0.5:
            a_demi = f
    return round(a_demi, 4), round(mieux, 4)


def _tableau(preparees):
    """Our normalised columns, for the others."""
    import pandas as pd

    def premier(valeurs, champ=None):
        return (getattr(valeurs[0], champ) if champ else valeurs[0]) if valeurs else None

    return pd.DataFrame(
        {
            "unique_id": range(len(preparees)),
            "nom": [premier(p.noms, "forme") for p in preparees],
            "nom_son": [premier(p.noms, "son") for p in preparees],
            "prenom": [premier(p.prenoms, "forme") for p in preparees],
            "prenom_son": [premier(p.prenoms, "son") for p in preparees],
            "naissance": [date(*p.naissance).isoformat() if p.naissance else None for p in preparees],
            "sexe": [p.sexe or None for p in preparees],
            "lieu": [p.lieu or None for p in preparees],
            "ine": [p.ine or None for p in preparees],
            "telephone": [premier(p.telephones) for p in preparees],
            "courriel": [premier(p.courriels) for p in preparees],
            "voie": [p.voie or None for p in preparees],
        }
    )


def par_nous(preparees, qui):
    """Our engine in memory: the same keys, comparisons, weights and groups as the replay."""
    modele, contexte = Modele.charger(), Contexte.compter(preparees)
    poids = {
        (i, j): modele.peser(preparees[i], preparees[j], contexte) for i, j in candidats_en_memoire(preparees)
    }
    return {k: probabilite(w) for k, w in groupes.ajuster_paires(poids).items()}


def par_splink(preparees, qui):
    """Splink 5 by its manual: term frequencies, Jaro-Winkler levels, date levels, EM on two blockings."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    cadre = _tableau(preparees)
    comparaisons = [
        cl.JaroWinklerAtThresholds("nom", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("prenom", [0.92, 0.8]).configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("naissance", input_is_string=True),
        cl.ExactMatch("sexe"),
        cl.ExactMatch("lieu").configure(term_frequency_adjustments=True),
    ]
    for colonne in ("ine", "telephone", "courriel", "voie"):
        if cadre[colonne].notna().any():
            comparaisons.append(cl.LevenshteinAtThresholds(colonne, 1))
    regles = [
        block_on("naissance"),
        block_on("nom_son", "prenom_son"),
        block_on("nom_son", "substr(naissance,1,4)"),
        block_on("prenom_son", "substr(naissance,6,5)"),
        block_on("nom", "substr(prenom,1,2)"),
    ]
    if cadre["ine"].notna().any():
        regles.append(block_on("ine"))
    reglages = SettingsCreator(
        link_type="dedupe_only", comparisons=comparaisons, blocking_rules_to_generate_predictions=regles
    )
    api = DuckDBAPI()
    linker = Linker(api.register(cadre), reglages)
    apprendre = linker.training
    apprendre.estimate_probability_two_random_records_match(
        [block_on("nom", "prenom", "naissance")], recall=0.6
    )
    apprendre.estimate_u_using_random_sampling(max_pairs=2e6)
    apprendre.estimate_parameters_using_expectation_maximisation(block_on("naissance"))
    apprendre.estimate_parameters_using_expectation_maximisation(block_on("nom", "prenom"))
    trouve = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    colonnes = (trouve["unique_id_l"], trouve["unique_id_r"], trouve["match_probability"])
    return {(min(a, b), max(a, b)): p for a, b, p in zip(*colonnes, strict=True)}


def par_recordlinkage(preparees, qui):
    """recordlinkage 0.16: its ECM classifier on thresholded similarities."""
    import recordlinkage as rl

    cadre = _tableau(preparees).set_index("unique_id")
    indexeur = rl.Index()
    indexeur.block("naissance")
    indexeur.block(["nom_son", "prenom_son"])
    indexeur.block(["nom_son", "sexe", "lieu"])
    paires = indexeur.index(cadre)
    c = rl.Compare()
    c.string("nom", "nom", method="jarowinkler", threshold=0.88)
    c.string("prenom", "prenom", method="jarowinkler", threshold=0.88)
    c.string("naissance", "naissance", method="levenshtein", threshold=0.85)
    for colonne in ("sexe", "lieu", "ine", "telephone", "courriel", "voie"):
        if cadre[colonne].notna().any():
            c.exact(colonne, colonne)
    traits = c.compute(paires, cadre)
    modele = rl.ECMClassifier(binarize=0.5)
    modele.fit(traits)
    return {(min(a, b), max(a, b)): float(p) for (a, b), p in modele.prob(traits).items() if p >= 0.01}


def par_dedupe(preparees, qui):
    """dedupe 3, trained on 1 500 labelled pairs of this very file, which helps it."""
    import dedupe
    from dedupe import serializer
    from dedupe import variables as v

    cadre = _tableau(preparees)
    colonnes = [
        c for c in cadre.columns if c not in ("unique_id", "nom_son", "prenom_son") and cadre[c].notna().any()
    ]
    donnees = {
        i: {c: (r[c] if isinstance(r[c], str) and r[c] else None) for c in colonnes}
        for i, r in enumerate(cadre.to_dict("records"))
    }
    champs = [
        v.Exact(c, has_missing=True) if c == "sexe" else v.String(c, has_missing=True) for c in colonnes
    ]
    outil = dedupe.Dedupe(champs, num_cores=0)
    alea = random.Random(3)
    membres: dict[str, list[int]] = defaultdict(list)
    for i, x in enumerate(qui):
        membres[x].append(i)
    vraies = [c for m in membres.values() for c in itertools.combinations(m, 2)]
    fausses = [(i, j) for i, j in candidats_en_memoire(preparees) if qui[i] != qui[j]]
    exemples = {
        "match": [(donnees[a], donnees[b]) for a, b in alea.sample(vraies, min(700, len(vraies)))],
        "distinct": [(donnees[a], donnees[b]) for a, b in alea.sample(fausses, min(800, len(fausses)))],
    }
    fichier = io.StringIO()
    serializer.write_training(exemples, fichier)
    fichier.seek(0)
    outil.prepare_training(donnees, training_file=fichier, sample_size=1500)
    outil.train(recall=0.98)
    notes = outil.score(outil.pairs(donnees))
    couples = zip(notes["pairs"], notes["score"], strict=True)
    return {(min(int(a), int(b)), max(int(a), int(b))): float(p) for (a, b), p in couples}


OUTILS = {
    "Qual'I.T.": par_nous,
    "Splink 5": par_splink,
    "recordlinkage": par_recordlinkage,
    "dedupe 3": par_dedupe,
}


def concurrents(fichier: str, scenarios: list[str], outils: list[str]) -> None:
    """The same file for everyone, in the same run."""
    for scenario in scenarios:
        lignes, preparees = _charger(fichier, scenario)
        qui = [x.person_id for x in lignes]
        for nom in outils:
            debut = time.perf_counter()
            try:
                demi, mieux = _f1(OUTILS[nom](preparees, qui), qui)
            except ImportError as e:
                print(f"{nom} : {e}", file=sys.stderr)
                continue
            secondes = round(time.perf_counter() - debut, 1)
            resultat = {
                "scenario": scenario,
                "outil": nom,
                "f1_a_05": demi,
                "f1_max": mieux,
                "secondes": secondes,
            }
            print(json.dumps(resultat, ensure_ascii=False), flush=True)


# --- the same model on Splink ---


def splink(fichier: str) -> None:
    """Export rows to Parquet and the model to Splink settings, predict with DuckDB, compare the two scores."""
    import numpy as np
    import pandas as pd
    from splink import DuckDBAPI, Linker

    from dedoublonnage.export_splink import reglages, tableau

    lignes = lecture.lire(fichier)
    preparees = [preparer(x.identite) for x in lignes]
    qui = [x.person_id for x in lignes]
    modele, contexte = Modele.charger(), Contexte.compter(preparees)
    with tempfile.TemporaryDirectory() as dossier:
        parquet, chemin = Path(dossier) / "identites.parquet", Path(dossier) / "reglages.json"
        pd.DataFrame(tableau(preparees, modele, contexte)).to_parquet(parquet)
        chemin.write_text(json.dumps(reglages(modele, contexte), ensure_ascii=False))
        debut = time.perf_counter()
        api = DuckDBAPI()
        linker = Linker(api.register(pd.read_parquet(parquet)), str(chemin))
        trouve = linker.inference.predict().as_pandas_dataframe()
        secondes = time.perf_counter() - debut
    colonnes = (trouve["unique_id_l"], trouve["unique_id_r"], trouve["match_weight"])
    leur = {(min(a, b), max(a, b)): w for a, b, w in zip(*colonnes, strict=True)}
    notre = {(i, j): modele.peser(preparees[i], preparees[j], contexte) for i, j in leur}
    x = np.array(list(notre.values()))
    y = np.array(list(leur.values()))

    def rang(u, w):
        return round(float(np.corrcoef(pd.Series(u).rank(), pd.Series(w).rank())[0, 1]), 4)

    doute = (np.abs(x) < 10) | (np.abs(y) < 10)
    resultat = {
        "paires": len(x),
        "correlation_de_rang": rang(x, y),
        "correlation_de_rang_dans_le_doute": rang(x[doute], y[doute]),
        "meme_decision_a_05_pct": round(100 * float(((x > 0) == (y > 0)).mean()), 3),
        "meme_zone_pct": round(
            100
            * float(
                np.mean([zone(probabilite(a)) == zone(probabilite(b)) for a, b in zip(x, y, strict=True)])
            ),
            3,
        ),
        "f1_splink_a_05": _f1({k: probabilite(w) for k, w in leur.items()}, qui)[0],
        "f1_qualit_memes_paires_a_05": _f1({k: probabilite(w) for k, w in notre.items()}, qui)[0],
        "secondes_duckdb": round(secondes, 1),
    }
    print(json.dumps(resultat, ensure_ascii=False, indent=1))


def main() -> None:
    analyse = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sous = analyse.add_subparsers(dest="quoi", required=True)
    a = sous.add_parser("latence")
    a.add_argument("--tailles", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    a.add_argument("--requetes", type=int, default=1000)
    a = sous.add_parser("masse")
    a.add_argument("--taille", type=int, default=100_000)
    a.add_argument("--processus", type=int, default=2)
    a = sous.add_parser("concurrents")
    a.add_argument("fichier")
    a.add_argument(
        "--scenarios", nargs="+", default=["identité seule", "identité et INE", "toutes les colonnes"]
    )
    a.add_argument("--outils", nargs="+", default=list(OUTILS))
    a = sous.add_parser("splink")
    a.add_argument("fichier")
    options = analyse.parse_args()
    if options.quoi == "latence":
        latence(options.tailles, options.requetes)
    elif options.quoi == "masse":
        masse(options.taille, options.processus)
    elif options.quoi == "concurrents":
        concurrents(options.fichier, options.scenarios, options.outils)
    else:
        splink(options.fichier)


if __name__ == "__main__":
    main()

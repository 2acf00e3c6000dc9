"""Keep the summary up to date; load the school population."""

import csv

from django.db import connection, transaction

from qualit.territoire.models import Bassin

from .models import Population

VERROU = "SELECT pg_advisory_xact_lock(hashtext('qualit.statistiques'))"
VERSION_SUIVANTE = "UPDATE statistiques_version SET n = n + 1"
EFFACER = "DELETE FROM statistiques_episode WHERE jeune_id = ANY(%s)"


@transaction.atomic
def rafraichir(lot=2000):
    """Recompute the episodes of the jeunes that changed, `lot` at most. Returns how many jeunes were recomputed.

    One refresh at a time: two of them could otherwise write an older computation over a newer one.
    """
    with connection.cursor() as curseur:
        curseur.execute(VERROU)
        curseur.execute(
            "WITH pris AS (SELECT DISTINCT jeune_id FROM statistiques_a_recalculer LIMIT %s) "
            "DELETE FROM statistiques_a_recalculer q USING pris WHERE q.jeune_id = pris.jeune_id "
            "RETURNING q.jeune_id",
            [lot],
        )
        jeunes = list({ligne[0] for ligne in curseur.fetchall()})
        if jeunes:
            curseur.execute(EFFACER, [jeunes])
            curseur.execute(
                "INSERT INTO statistiques_episode SELECT * FROM statistiques_episodes(%s)", [jeunes]
            )
            curseur.execute(VERSION_SUIVANTE)
    return len(jeunes)


def rafraichir_tout(lot=5000):
    """Empty the queue, batch by batch. Returns how many jeunes were recomputed."""
    total = 0
    while nombre := rafraichir(lot):
        total += nombre
    return total


@transaction.atomic
def reconstruire():
    """Compute every episode again (after an upgrade of the computation). Returns the number of episodes."""
    with connection.cursor() as curseur:
        curseur.execute(VERROU)
        curseur.execute("LOCK TABLE statistiques_a_recalculer IN SHARE ROW EXCLUSIVE MODE")
        curseur.execute("DELETE FROM statistiques_a_recalculer")
        curseur.execute("DELETE FROM statistiques_episode")
        # side by side, as they are read
        curseur.execute(
            "INSERT INTO statistiques_episode SELECT * FROM statistiques_episodes(NULL) ORDER BY campagne"
        )
        nombre = curseur.rowcount
        curseur.execute(VERSION_SUIVANTE)
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE statistiques_episode")
    return nombre


@transaction.atomic
def charger_population(fichier):
    """Load `campagne,bassin,population_16_18` (CSV, UTF-8). Returns the number of lines. Raises KeyError on an unknown bassin."""
    bassins = {b.code: b.pk for b in Bassin.objects.all()}
    lignes = [
        Population(
            campagne=int(ligne["campagne"]),
            bassin_id=bassins[ligne["bassin"]],
            effectif=int(ligne["population_16_18"]),
        )
        for ligne in csv.DictReader(fichier)
    ]
    Population.objects.bulk_create(
        lignes, update_conflicts=True, unique_fields=["campagne", "bassin"], update_fields=["effectif"]
    )
    return len(lignes)

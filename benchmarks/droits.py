"""What `visibles_par` costs on a large base: `python benchmarks/droits.py --dossiers 200000`.

Uses the base of `benchmarks/gab.py` (made if it does not exist). For each kind of reader, at the busiest and at the
quietest seat of that kind, and each nominative model: the median of one row found by its reference (any page of one thing), of
25 rows (what a search found) and of the first page of the list of that seat, and what the scope adds to each: the same
statement without it is timed in turn.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.gab import preparer, remplir  # noqa: E402

FOIS = 40


def mesurer(*demandes):
    """Median ms of each of these functions, asked in turn."""
    temps = [[] for _ in demandes]
    for _ in range(FOIS):
        for rang, demande in enumerate(demandes):
            debut = time.perf_counter()
            demande()
            temps[rang].append(1000 * (time.perf_counter() - debut))
    return [statistics.median(t) for t in temps]


def lecteurs():
    """{label: person}: each reading role at its busiest and at its quietest seat that holds something."""
    from django.db.models import Count

    from qualit.territoire.models import Academie, Adhesion, Bassin, Structure, Utilisateur
    from qualit.territoire.roles import Role

    def extremes(sieges, relation):
        tries = list(sieges.annotate(n=Count(relation)).filter(n__gt=0).order_by("-n"))
        return [("le plus chargé", tries[0]), ("le moins chargé", tries[-1])]

    roles = {
        Role.COORDINATEUR_GAB: ("bassin", extremes(Bassin.objects.all(), "dossiers")),
        Role.OPERATEUR: ("structure", extremes(Structure.objects.all(), "missions")),
        Role.SIGNALEUR: ("structure", extremes(Structure.objects.declarantes(), "signalements")),
        Role.RECTORAT_PILOTE: ("academie", [("", Academie.objects.get(code="CAEN"))]),
    }
    personnes = {}
    for role, (lieu, sieges) in roles.items():
        for quoi, siege in sieges:
            qui = Utilisateur.objects.create_user(
                f"{role}-{time.time()}@example.invalid", prenom="B", nom="B"
            )
            Adhesion.objects.create(utilisateur=qui, role=role, **{lieu: siege})
            personnes[f"{role}, {quoi}" if quoi else str(role)] = Utilisateur.objects.get(pk=qui.pk)
    return personnes


def listes(qui):
    """The list that this person opens first, as {model: the same queryset without the scope}."""
    from gab.models import Dossier, Mission
    from signalements.models import Signalement

    adhesion = qui.adhesions.get()
    return {
        Signalement: Signalement.objects.envoyes()
        .filter(structure=adhesion.structure_id)
        .order_by("-envoye_le"),
        Mission: Mission.objects.filter(structure=adhesion.structure_id).order_by("-proposee_le"),
        Dossier: Dossier.objects.filter(bassin=adhesion.bassin_id).ouverts().order_by("echeance_legale"),
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--dossiers", type=int, default=200_000)
    nombre = arguments.parse_args().dossiers
    preparer(garder=True)
    remplir(nombre)
    from django.db import transaction

    from dedoublonnage.models import Jeune
    from gab.models import Dossier, Mission
    from qualit.territoire import droits
    from signalements.models import Signalement

    def par_reference(lignes, reference):
        return lambda: list(lignes().filter(reference=reference))

    def parmi(lignes, ids):
        return lambda: list(lignes().filter(pk__in=ids))

    def premiere_page(portee, liste):
        return lambda: list((liste & portee()).order_by(*liste.query.order_by)[:25])

    with transaction.atomic():
        print(f"{'médiane en ms (ajouté)':34} {'':12} {'une ligne':>16} {'25 lignes':>16} {'liste':>16}")
        for nom, qui in lecteurs().items():
            droits.adhesions(qui)
            for modele in (Signalement, Jeune, Dossier, Mission):
                tout = modele.objects.all

                def siens(modele=modele, qui=qui):
                    qui.__dict__.pop("_perimetres", None)  # as at the first use of a request
                    return modele.objects.visibles_par(qui)

                quelques = list(siens().order_by()[:25])
                if not quelques:
                    continue
                ids = [ligne.pk for ligne in quelques]
                demandes = [
                    par_reference(siens, quelques[0].reference), par_reference(tout, quelques[0].reference),
                    parmi(siens, ids), parmi(tout, ids),
                ]  # fmt: skip
                liste = listes(qui).get(modele)
                if liste is not None and liste.exists():
                    demandes += [premiere_page(siens, liste), premiere_page(tout, liste)]
                temps = mesurer(*demandes)
                colonnes = [f"{a:6.1f} ({a - b:+5.1f})" for a, b in zip(temps[::2], temps[1::2], strict=True)]
                print(f"{nom:34} {modele.__name__:12} " + " ".join(f"{c:>16}" for c in colonnes))
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()

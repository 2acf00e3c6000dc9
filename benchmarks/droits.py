"""What `visibles_par` costs on a large base: `python benchmarks/droits.py --dossiers 200000`.

Fills the tables inside one transaction and rolls it back. Prints the median time of the first page (25 rows, ordered) of
each role's list with and without the scope, and of the count.
"""

import argparse
import os
import random
import statistics
import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualit.settings.dev")

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from dedoublonnage.models import Jeune  # noqa: E402
from gab.models import Dossier, Mission, Versement  # noqa: E402
from qualit.territoire.models import Academie, Adhesion, Bassin, Structure, Utilisateur  # noqa: E402
from qualit.territoire.roles import Role  # noqa: E402
from signalements.models import Signalement  # noqa: E402


def remplir(nombre):
    """`nombre` jeunes, reports, dossiers and a mission for half of them, over 13 bassins and 300 structures."""
    h = random.Random(1)
    academie = Academie.objects.create(code="banc", nom="Banc")
    bassins = [Bassin.objects.create(code=f"banc{i}", nom=f"B{i}", academie=academie) for i in range(13)]
    structures = [
        Structure.objects.create(
            code=f"BANC{i}",
            nom=f"S{i}",
            type="lp" if i % 4 else "mission_locale",
            bassin=h.choice(bassins),
            academie=academie,
        )
        for i in range(300)
    ]
    maintenant = timezone.now()
    auteur = Utilisateur.objects.create_user("banc@example.invalid", prenom="B", nom="B")
    jeunes = Jeune.objects.bulk_create([Jeune() for _ in range(nombre)], batch_size=5000)
    choix = [h.choice(structures) for _ in jeunes]
    signalements = Signalement.objects.bulk_create(
        [
            Signalement(
                structure=s,
                bassin=s.bassin,
                auteur=auteur,
                nom_naissance="N",
                prenom="P",
                etat="envoye",
                envoye_le=maintenant,
            )
            for s in choix
        ],
        batch_size=2000,
    )
    dossiers = Dossier.objects.bulk_create(
        [
            Dossier(jeune=j, bassin=s.bassin, premier_envoi_le=maintenant)
            for j, s in zip(jeunes, choix, strict=True)
        ],
        batch_size=5000,
    )
    Versement.objects.bulk_create(
        [Versement(dossier=d, signalement=s) for d, s in zip(dossiers, signalements, strict=True)],
        batch_size=5000,
    )
    operateurs = [s for s in structures if s.type == "mission_locale"]
    Mission.objects.bulk_create(
        [
            Mission(dossier=d, structure=h.choice(operateurs), expire_le=date(2030, 1, 1))
            for d in dossiers[::2]
        ],
        batch_size=5000,
    )
    with connection.cursor() as curseur:
        for modele in (Signalement, Dossier, Versement, Mission, Jeune):
            curseur.execute(f"ANALYZE {modele._meta.db_table}")
    return academie, bassins[0], structures, operateurs[0]


def mesurer(requete, fois=15):
    """Median milliseconds."""
    temps = []
    for _ in range(fois):
        debut = time.perf_counter()
        list(requete())
        temps.append((time.perf_counter() - debut) * 1000)
    return statistics.median(temps)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dossiers", type=int, default=200_000)
    nombre = arguments.parse_args().dossiers
    with transaction.atomic():
        academie, bassin, structures, operateur = remplir(nombre)
        print(f"{nombre} dossiers")
        sans = mesurer(lambda: Dossier.objects.order_by("-pk")[:25])
        for role, siege in (
            (Role.COORDINATEUR_GAB, {"bassin": bassin}),
            (Role.OPERATEUR, {"structure": operateur}),
            (Role.RECTORAT_PILOTE, {"academie": academie}),
        ):
            qui = Utilisateur.objects.create_user(f"{role}@example.invalid", prenom="B", nom="B")
            Adhesion.objects.create(utilisateur=qui, role=role, **siege)
            qui = Utilisateur.objects.get(pk=qui.pk)
            avec = mesurer(lambda q=qui: Dossier.objects.visibles_par(q).order_by("-pk")[:25])
            un = Dossier.objects.visibles_par(qui).order_by("-pk").first()
            page = mesurer(lambda q=qui, r=un.reference: Dossier.objects.visibles_par(q).filter(reference=r))
            compte = mesurer(lambda q=qui: [Dossier.objects.visibles_par(q).count()], 5)
            print(
                f"{role:18} page de 25 : {avec:6.1f} ms (sans filtre {sans:.1f}) ; "
                f"un dossier : {page:.1f} ms ; compte : {compte:.0f} ms"
            )
        transaction.set_rollback(True)


main()

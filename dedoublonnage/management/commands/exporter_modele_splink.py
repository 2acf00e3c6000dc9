"""Write the matching model as a Splink 5 settings file, and the identities that it compares as Parquet."""

import json
from itertools import islice
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from dedoublonnage import recherche
from dedoublonnage.export_splink import reglages, schema, tableau
from dedoublonnage.models import Empreinte
from dedoublonnage.normalisation import Preparee
from dedoublonnage.score import Contexte, Modele
from qualit.journal.models import Action
from qualit.journal.services import noter

LOT = 10_000  # identities held in memory at once


class Command(BaseCommand):
    help = "Écrit les réglages Splink 5 des mêmes comparaisons et des mêmes poids, pour les bases nationales."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser):
        parser.add_argument("sortie", help="fichier JSON à écrire")
        parser.add_argument("--modele", default=None, help="version du modèle (par défaut celui du portail)")
        parser.add_argument(
            "--taille", type=int, help="taille de la base visée (par défaut celle du portail)"
        )

        parser.add_argument(
            "--parquet",
            metavar="SORTIE",
            help="écrit aussi les identités du portail, préparées ; ce fichier contient des données personnelles",
        )

    def handle(self, *args, sortie, modele, taille, parquet, **options):
        if parquet:
            _pyarrow()
        if taille is None:
            contexte = Contexte()
            if recherche.TABLE in connection.introspection.table_names():
                with connection.cursor() as curseur:
                    contexte = recherche.instantane(curseur)
        else:
            contexte = Contexte(taille)
        contenu = reglages(Modele.charger(modele), contexte)
        Path(sortie).write_text(json.dumps(contenu, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        self.stdout.write(
            f"{len(contenu['comparisons'])} comparaisons écrites pour {contexte.taille} identités"
        )
        if parquet:
            nombre = _ecrire_identites(Path(parquet), Modele.charger(modele), contexte)
            noter(Action.EXPORT, "identites_splink", par=None, lignes=nombre)
            self.stdout.write(f"{nombre} identités écrites dans {parquet}")


def _pyarrow():
    """The module `pyarrow`, which the portal itself does not need. Raises CommandError."""
    try:
        import pyarrow.parquet
    except ImportError as erreur:
        raise CommandError(
            "Écrire les identités demande pyarrow, que le portail n’installe pas : « pip install pyarrow »."
        ) from erreur
    return pyarrow


def _ecrire_identites(chemin, modele, contexte):
    """Write the prepared identities, readable by their owner only. Returns how many.

    Those who opposed the processing or had it limited, and those made anonymous, stay in the portal.
    """
    pa = _pyarrow()
    colonnes = pa.schema(
        [(nom, pa.type_for_alias(t)) if t != "liste" else (nom, pa.list_(pa.string())) for nom, t in schema()]
    )
    empreintes = (
        Empreinte.objects.filter(
            jeune__oppose_le__isnull=True, jeune__limite_le__isnull=True, jeune__anonymise_le__isnull=True
        )
        .order_by("pk")
        .values_list("pk", "jeune_id", "preparee")
        .iterator(chunk_size=LOT)
    )
    chemin.touch(mode=0o600)
    chemin.chmod(0o600)
    nombre = 0
    with pa.parquet.ParquetWriter(chemin, colonnes) as sortie:
        for lot in iter(lambda: list(islice(empreintes, LOT)), []):
            lignes = tableau([Preparee.depuis_json(p) for _, _, p in lot], modele, contexte)
            for ligne, (pk, jeune, _) in zip(lignes, lot, strict=True):
                ligne |= {"unique_id": pk, "jeune": jeune}
            sortie.write_table(pa.Table.from_pylist(lignes, schema=colonnes))
            nombre += len(lot)
    return nombre

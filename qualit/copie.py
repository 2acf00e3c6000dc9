"""Many rows at once: PostgreSQL's COPY under Django's models."""

from enum import Enum

from django.db import connections, models, router


def copier(modele, instances):
    """Insert new instances by COPY, several times as fast as `bulk_create`, and give them their primary keys.

    Rows that they point at must be saved already. The primary keys follow the order of the list.
    """
    if not instances:
        return
    alias = router.db_for_write(modele)
    base = connections[alias]
    champs = modele._meta.concrete_fields
    # only these need Django to turn the value into what the database takes
    a_preparer = {
        c.attname: c
        for c in champs
        if isinstance(c, models.JSONField)
        or getattr(c, "auto_now", False)
        or getattr(c, "auto_now_add", False)
    }
    noms = [(c.attname, a_preparer.get(c.attname)) for c in champs]
    with base.cursor() as curseur:
        curseur.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [modele._meta.db_table, modele._meta.pk.column, len(instances)],
        )
        for instance, (cle,) in zip(instances, curseur.fetchall(), strict=True):
            instance.pk = cle

        def lignes():
            for instance in instances:
                valeurs = instance.__dict__
                yield [
                    valeurs[nom]
                    if champ is None
                    else champ.get_db_prep_save(champ.pre_save(instance, True), base)
                    for nom, champ in noms
                ]

        _verser(curseur, base, modele, [c.column for c in champs], lignes())
    for instance in instances:
        instance._state.adding = False
        instance._state.db = alias


def copier_lignes(modele, champs, lignes):
    """Insert rows of plain values by COPY, without instances; columns left out take the database's default."""
    base = connections[router.db_for_write(modele)]
    colonnes = [modele._meta.get_field(champ).column for champ in champs]
    with base.cursor() as curseur:
        _verser(curseur, base, modele, colonnes, lignes)


def _verser(curseur, base, modele, colonnes, lignes):
    citer = base.ops.quote_name
    noms = ", ".join(citer(c) for c in colonnes)
    with curseur.copy(f"COPY {citer(modele._meta.db_table)} ({noms}) FROM STDIN") as copie:
        for ligne in lignes:
            copie.write_row([v.value if isinstance(v, Enum) else v for v in ligne])


def analyser(modeles_ecrits):
    """Let the planner know what these tables now hold (rows of an open transaction are unknown to autovacuum)."""
    if not modeles_ecrits:
        return
    base = connections[router.db_for_write(modeles_ecrits[0])]
    tables = ", ".join(base.ops.quote_name(m._meta.db_table) for m in modeles_ecrits)
    with base.cursor() as curseur:
        curseur.execute(f"ANALYZE {tables}")

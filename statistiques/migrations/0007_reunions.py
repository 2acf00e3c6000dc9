"""Merges, second exits and transfers in the episodes; the jeunes whom this may change are computed again."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
A_REVOIR = """
INSERT INTO statistiques_a_recalculer
SELECT jeune_id FROM gab_dossier GROUP BY jeune_id HAVING count(*) > 1
UNION SELECT d.jeune_id FROM journal_passage p JOIN gab_dossier d ON d.id = p.objet_id
WHERE p.objet_type = 'gab.dossier' AND p.action = 'rouvrir'
"""


class Migration(migrations.Migration):
    dependencies = [("statistiques", "0006_missions")]

    operations = [
        migrations.RunSQL((SQL / "0007_episodes.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "0007_missions.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(A_REVOIR, migrations.RunSQL.noop),
    ]

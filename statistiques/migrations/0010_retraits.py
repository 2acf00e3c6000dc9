"""Withdrawn reports in the episodes; the jeunes whom this may change are computed again."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
A_REVOIR = """
INSERT INTO statistiques_a_recalculer
SELECT DISTINCT r.jeune_id FROM dedoublonnage_rattachement r
JOIN signalements_signalement s ON s.id = r.signalement_id WHERE s.etat = 'annule' AND r.defait_le IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("statistiques", "0009_cliche_de_publication")]

    operations = [
        migrations.RunSQL((SQL / "0010_episodes.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(A_REVOIR, migrations.RunSQL.noop),
    ]

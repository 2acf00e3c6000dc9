"""Every step of the computation of the episodes is materialized."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("statistiques", "0002_episodes")]

    operations = [
        migrations.RunSQL((SQL / "0003_episodes.sql").read_text(), migrations.RunSQL.noop),
    ]

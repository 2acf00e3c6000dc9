"""The missions behind a figure are told apart: `statistiques_missions` gives their id."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("statistiques", "0005_publication_figee")]

    operations = [
        migrations.RunSQL((SQL / "0006_missions.sql").read_text(), migrations.RunSQL.noop),
    ]

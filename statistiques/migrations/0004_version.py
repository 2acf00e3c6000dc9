"""A number that changes with each refresh of the summary: with the length of the queue, it dates what was computed."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("statistiques", "0003_episodes_materialises")]

    operations = [
        migrations.RunSQL(
            "CREATE TABLE statistiques_version (n bigint NOT NULL); INSERT INTO statistiques_version VALUES (0);",
            "DROP TABLE statistiques_version;",
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dedoublonnage", "0001_initial")]

    operations = [
        migrations.RenameField("paire", "motif", "motif_decision"),
        migrations.AlterField("paire", "motif_decision", models.TextField(blank=True, verbose_name="motif")),
    ]

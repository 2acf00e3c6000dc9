"""The register of requests is a table of `qualit.rgpd`; this one never held a row."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("journal", "0002_acteurs")]

    operations = [migrations.DeleteModel("Demande")]

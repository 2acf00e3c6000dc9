"""One name for one thing: a slot and an interview are both `mene_par` somebody."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("gab", "0006_place_decidee_en_seance")]

    operations = [migrations.RenameField("entretien", "menepar", "mene_par")]

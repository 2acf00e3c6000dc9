"""All those whom a row of a list looks like; the lists that wait keep the one that they had."""

from django.db import migrations, models

REPRENDRE = """
UPDATE dedoublonnage_ligneimport
   SET candidats = jsonb_build_array(jsonb_build_object(
           'signalement', candidat_id, 'ligne', jumelle, 'probabilite', probabilite,
           'reponse', CASE reponse WHEN 'ecarter' THEN '' ELSE reponse END))
 WHERE probabilite IS NOT NULL AND NOT traitee
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dedoublonnage", "0007_passe_dernier_couple"),
    ]

    operations = [
        migrations.AddField(
            model_name="ligneimport",
            name="candidats",
            field=models.JSONField(
                default=list,
                help_text="À qui elle ressemble, le plus proche d’abord : {signalement ou ligne, probabilite, reponse}.",
            ),
        ),
        migrations.RunSQL(REPRENDRE, migrations.RunSQL.noop),
    ]

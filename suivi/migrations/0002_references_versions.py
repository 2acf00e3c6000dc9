from django.db import migrations, models

import qualit.territoire.models


def donner_des_references(apps, schema_editor):
    """A random reference for each row recorded before they had one."""
    for nom in ("Etape", "Devenir"):
        modele = apps.get_model("suivi", nom)
        lot = []
        for objet in modele.objects.filter(reference="").only("pk").iterator(2000):
            objet.reference = qualit.territoire.models.nouvelle_reference()
            lot.append(objet)
        modele.objects.bulk_update(lot, ["reference"], batch_size=2000)


def reference(**options):
    return models.CharField(editable=False, max_length=8, verbose_name="référence", **options)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("suivi", "0001_initial")]

    operations = [
        migrations.AddField("etape", "reference", reference(default="")),
        migrations.AddField("devenir", "reference", reference(default="")),
        migrations.RunPython(donner_des_references, migrations.RunPython.noop),
        migrations.AlterField(
            "etape", "reference", reference(default=qualit.territoire.models.nouvelle_reference, unique=True)
        ),
        migrations.AlterField(
            "devenir",
            "reference",
            reference(default=qualit.territoire.models.nouvelle_reference, unique=True),
        ),
        migrations.AddField(
            "etape",
            "effets",
            models.JSONField(
                blank=True,
                default=dict,
                help_text="Ce que l’étape a changé ailleurs, pour pouvoir l’annuler.",
            ),
        ),
        migrations.AddField("etape", "version", models.PositiveIntegerField(default=0)),
        migrations.AddField("devenir", "version", models.PositiveIntegerField(default=0)),
        migrations.AddField(
            "devenir",
            "rappele_le",
            models.DateTimeField(
                blank=True, help_text="Dernier rappel envoyé : à vérifier de nouveau.", null=True
            ),
        ),
        migrations.AlterField(
            "etape",
            "synthese",
            models.TextField(
                blank=True,
                help_text="Lue par le GAB et par les structures missionnées pour ce jeune.",
                verbose_name="synthèse partagée",
            ),
        ),
        migrations.AlterField(
            "etape",
            "note",
            models.TextField(
                blank=True, help_text="Lue seulement dans votre structure.", verbose_name="note interne"
            ),
        ),
    ]

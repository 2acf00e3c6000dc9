from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def remplir(apps, schema_editor):
    """Copy the reference of the report into the rows of the outbox."""
    Livraison = apps.get_model("api", "Livraison")
    Signalement = apps.get_model("signalements", "Signalement")
    Livraison.objects.filter(reference="").update(
        reference=Subquery(Signalement.objects.filter(pk=OuterRef("signalement")).values("reference")[:1])
    )


class Migration(migrations.Migration):
    dependencies = [("api", "0002_flux_calendrier")]

    operations = [
        migrations.AddField(
            model_name="livraison",
            name="reference",
            field=models.CharField(
                default="",
                help_text="Celle du signalement : l’envoi se fait sans lire le signalement lui-même.",
                max_length=8,
            ),
            preserve_default=False,
        ),
        migrations.RunPython(remplir, migrations.RunPython.noop),
    ]

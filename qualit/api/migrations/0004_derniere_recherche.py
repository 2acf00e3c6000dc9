from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0003_reference_des_livraisons"),
    ]

    operations = [
        migrations.AddField(
            model_name="abonnement",
            name="cherche_le",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="Dernière recherche de nouvelles.", null=True
            ),
        ),
    ]

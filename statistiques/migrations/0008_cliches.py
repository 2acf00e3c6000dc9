"""States of a campaign kept for good: the days of reading, and what publications are made from."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("statistiques", "0007_reunions"),
        ("territoire", "0004_reprises"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cliche",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("campagne", models.SmallIntegerField()),
                ("au", models.DateField(verbose_name="chiffres arrêtés au")),
                ("pris_le", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "academie",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territoire.academie",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="publication",
            name="cliche",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="publication",
                to="statistiques.cliche",
            ),
        ),
        migrations.CreateModel(
            name="EpisodeDuCliche",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("campagne", models.SmallIntegerField()),
                ("academie_id", models.BigIntegerField()),
                ("bassin_id", models.BigIntegerField()),
                ("bassin_formation_id", models.BigIntegerField(null=True)),
                ("structure_id", models.BigIntegerField()),
                ("structure_type", models.TextField()),
                ("origine", models.TextField()),
                ("commune_id", models.BigIntegerField(null=True)),
                ("ouvert_le", models.DateField()),
                ("fin", models.DateField(help_text="Dernier jour de la campagne.")),
                ("reouverture", models.BooleanField()),
                ("hors_champ_le", models.DateField(null=True)),
                ("hors_champ_motif", models.TextField()),
                ("retire_le", models.DateField(null=True)),
                ("obligation", models.BooleanField()),
                ("sexe", models.TextField()),
                ("age", models.SmallIntegerField(null=True)),
                ("mineur", models.BooleanField()),
                ("niveau", models.TextField()),
                ("diplome", models.TextField()),
                ("statut", models.TextField()),
                ("regime", models.TextField()),
                ("nature_sortie", models.TextField()),
                ("motif_principal", models.TextField()),
                (
                    "motifs",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
                ),
                (
                    "motifs_jeune",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None),
                ),
                ("date_sortie", models.DateField(null=True)),
                (
                    "envois",
                    django.contrib.postgres.fields.ArrayField(base_field=models.DateField(), size=None),
                ),
                (
                    "declarants",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                (
                    "tries",
                    django.contrib.postgres.fields.ArrayField(base_field=models.DateField(), size=None),
                ),
                ("lus", django.contrib.postgres.fields.ArrayField(base_field=models.DateField(), size=None)),
                ("entretien_le", models.DateField(null=True)),
                ("preconisation_le", models.DateField(null=True)),
                ("preconisation", models.TextField()),
                ("mission_le", models.DateField(null=True)),
                ("acceptee_le", models.DateField(null=True)),
                (
                    "operateurs",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                (
                    "missions_le",
                    django.contrib.postgres.fields.ArrayField(base_field=models.DateField(), size=None),
                ),
                ("formation_le", models.DateField(null=True)),
                ("formation_code", models.TextField()),
                ("insertion_le", models.DateField(null=True)),
                ("insertion_code", models.TextField()),
                ("accompagnement_le", models.DateField(null=True)),
                ("accompagnement_code", models.TextField()),
                ("solution_le", models.DateField(null=True)),
                ("a_3_mois", models.TextField()),
                ("a_6_mois", models.TextField()),
                ("a_12_mois", models.TextField()),
                ("echeance_legale", models.DateField(null=True)),
                ("recu_le", models.DateField(null=True)),
                ("clos_le", models.DateField(null=True)),
                ("etat", models.TextField()),
                (
                    "cliche",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="episodes",
                        to="statistiques.cliche",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="MissionDuCliche",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("structure_id", models.BigIntegerField()),
                ("bassin_id", models.BigIntegerField()),
                ("academie_id", models.BigIntegerField()),
                ("proposee_le", models.DateField()),
                ("repondue_le", models.DateField(null=True)),
                ("suite", models.TextField()),
                (
                    "cliche",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="missions",
                        to="statistiques.cliche",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="cliche",
            constraint=models.UniqueConstraint(
                condition=models.Q(("academie", None)),
                fields=("campagne", "au"),
                name="cliche_d_un_jour_unique",
            ),
        ),
    ]

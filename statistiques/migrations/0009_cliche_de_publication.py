"""The publications already frozen get the state that they were made from, as the facts tell it."""

import django.db.models.deletion
from django.db import migrations, models

FAITS = (
    "campagne, academie_id, bassin_id, bassin_formation_id, structure_id, structure_type, origine, commune_id, ouvert_le, fin, "
    "reouverture, hors_champ_le, hors_champ_motif, retire_le, obligation, sexe, age, mineur, niveau, diplome, statut, regime, "
    "nature_sortie, motif_principal, motifs, motifs_jeune, date_sortie, envois, declarants, tries, lus, entretien_le, "
    "preconisation_le, preconisation, mission_le, acceptee_le, operateurs, missions_le, formation_le, formation_code, "
    "insertion_le, insertion_code, accompagnement_le, accompagnement_code, solution_le, a_3_mois, a_6_mois, a_12_mois, "
    "echeance_legale, recu_le, clos_le, etat"
)
RATTRAPER = f"""
ALTER TABLE statistiques_publication DISABLE TRIGGER USER;
DO $$
DECLARE
    p record;
    c bigint;
BEGIN
    FOR p IN SELECT * FROM statistiques_publication WHERE cliche_id IS NULL ORDER BY figee_le, id LOOP
        INSERT INTO statistiques_cliche (campagne, au, academie_id, pris_le)
        VALUES (p.campagne, p.arrete_au, p.academie_id, p.figee_le) RETURNING id INTO c;
        INSERT INTO statistiques_episodeducliche (cliche_id, {FAITS})
        SELECT c, {FAITS} FROM statistiques_episodes(NULL, p.figee_le, ARRAY[p.campagne::int]) WHERE academie_id = p.academie_id;
        INSERT INTO statistiques_missionducliche (cliche_id, structure_id, bassin_id, academie_id, proposee_le, repondue_le, suite)
        SELECT c, structure_id, bassin_id, academie_id, proposee_le, repondue_le, suite
        FROM statistiques_missions(make_date(p.campagne, 7, 1), LEAST(p.arrete_au, make_date(p.campagne + 1, 6, 30)), p.figee_le);
        UPDATE statistiques_publication SET cliche_id = c WHERE id = p.id;
    END LOOP;
END $$;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE statistiques_publication ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("statistiques", "0008_cliches")]

    operations = [
        migrations.RunSQL(RATTRAPER, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="publication",
            name="cliche",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="publication",
                to="statistiques.cliche",
            ),
        ),
    ]

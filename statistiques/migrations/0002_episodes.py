"""SQL of the episodes: the function that computes them, the view that is read, the triggers that queue what changed."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"

RATTACHES = "SELECT r.jeune_id FROM dedoublonnage_rattachement r JOIN lignes l ON r.signalement_id = l.{}"
DOSSIERS = "SELECT d.jeune_id FROM gab_dossier d JOIN lignes l ON d.id = l.dossier_id"
#: table → how its changed rows (`lignes`) lead to jeunes
SOURCES = {
    "signalements_signalement": RATTACHES.format("id"),
    "dedoublonnage_rattachement": "SELECT jeune_id FROM lignes",
    "dedoublonnage_fusion": "SELECT garde_id AS jeune_id FROM lignes UNION SELECT absorbe_id FROM lignes",
    "gab_dossier": "SELECT jeune_id FROM lignes",
    "gab_versement": f"{RATTACHES.format('signalement_id')} UNION {DOSSIERS}",
    "gab_transfert": DOSSIERS,
    "gab_entretien": DOSSIERS,
    "gab_preconisation": DOSSIERS,
    "gab_mission": DOSSIERS,
    "suivi_devenir": DOSSIERS,
    "suivi_lectureretour": RATTACHES.format("signalement_id"),
    "journal_passage": "SELECT d.jeune_id FROM gab_dossier d JOIN lignes l ON d.id = l.objet_id "
    "WHERE l.objet_type = ''gab.dossier'' "
    "UNION SELECT r.jeune_id FROM dedoublonnage_rattachement r JOIN lignes l ON r.signalement_id = l.objet_id "
    "WHERE l.objet_type = ''signalements.signalement''",
    "territoire_structure": "SELECT e.jeune_id FROM statistiques_episode e JOIN lignes l ON e.structure_id = l.id",
}
EVENEMENTS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def declencheurs(creer):
    for table, requete in SOURCES.items():
        evenements = {"UPDATE": "NEW"} if table == "territoire_structure" else EVENEMENTS
        for evenement, lignes in evenements.items():
            nom = f"statistiques_{evenement.lower()}"
            if creer:
                yield (
                    f"CREATE TRIGGER {nom} AFTER {evenement} ON {table} REFERENCING {lignes} TABLE AS lignes "
                    f"FOR EACH STATEMENT EXECUTE FUNCTION statistiques_noter('{requete}')"
                )
            else:
                yield f"DROP TRIGGER {nom} ON {table}"


class Migration(migrations.Migration):
    dependencies = [
        ("statistiques", "0001_initial"),
        ("territoire", "0002_acteurs"),
        ("journal", "0002_acteurs"),
        ("signalements", "0001_initial"),
        ("dedoublonnage", "0002_paire_motif_decision"),
        ("gab", "0002_agenda_taches_filtres"),
        ("suivi", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            (SQL / "0002_episodes.sql").read_text(),
            "DROP VIEW statistiques_courant; DROP FUNCTION statistiques_episodes, statistiques_jour, statistiques_reponses, statistiques_missions, statistiques_identites, "
            "statistiques_campagne; DROP TABLE statistiques_a_recalculer;",
        ),
        migrations.RunSQL(
            [(SQL / "0002_declencheurs.sql").read_text(), *declencheurs(True)],
            [*declencheurs(False), "DROP FUNCTION statistiques_noter()"],
        ),
    ]

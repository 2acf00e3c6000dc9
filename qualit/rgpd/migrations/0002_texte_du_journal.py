"""`journal_effacer_texte()`: blank the free text of the journal about people who were erased.

It takes no argument: what it may touch follows from `dedoublonnage_jeune.anonymise_le`. It runs as the owner and the
application may not call it: who did what, and when, never changes. A motive that is a code of a nomenclature stays
(the statistics read it).
"""

from django.db import migrations

FONCTION = """
CREATE FUNCTION journal_effacer_texte(OUT traces bigint, OUT passages bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    effaces bigint[];
    nom text;
BEGIN
    traces := 0;
    passages := 0;
    SELECT array_agg(id) INTO effaces FROM public.dedoublonnage_jeune WHERE anonymise_le IS NOT NULL;
    IF effaces IS NULL THEN
        RETURN;
    END IF;
    FOR nom IN SELECT 'journal_trace' UNION ALL
               SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'public.journal_trace'::regclass LOOP
        EXECUTE format('ALTER TABLE ONLY public.%I DISABLE TRIGGER USER', nom);
    END LOOP;
    ALTER TABLE public.journal_passage DISABLE TRIGGER USER;

    UPDATE public.journal_trace t SET motif = '' WHERE t.motif <> '' AND t.jeunes && effaces;
    GET DIAGNOSTICS traces = ROW_COUNT;

    UPDATE public.journal_passage p SET motif = ''
    WHERE p.motif <> '' AND p.motif NOT IN ('fusion', 'retrait', 'autre')
      AND NOT EXISTS (SELECT FROM public.territoire_terme n WHERE n.code = p.motif)
      AND (
        p.objet_type = 'gab.dossier' AND p.objet_id IN (
            SELECT id FROM public.gab_dossier WHERE jeune_id = ANY(effaces))
        OR p.objet_type = 'gab.mission' AND p.objet_id IN (
            SELECT m.id FROM public.gab_mission m JOIN public.gab_dossier d ON d.id = m.dossier_id
            WHERE d.jeune_id = ANY(effaces))
        OR p.objet_type = 'gab.entretien' AND p.objet_id IN (
            SELECT e.id FROM public.gab_entretien e JOIN public.gab_dossier d ON d.id = e.dossier_id
            WHERE d.jeune_id = ANY(effaces))
        OR p.objet_type = 'gab.transfert' AND p.objet_id IN (
            SELECT x.id FROM public.gab_transfert x JOIN public.gab_dossier d ON d.id = x.dossier_id
            WHERE d.jeune_id = ANY(effaces))
        OR p.objet_type = 'signalements.signalement' AND p.objet_id IN (
            SELECT signalement_id FROM public.dedoublonnage_rattachement WHERE jeune_id = ANY(effaces))
        OR p.objet_type = 'dedoublonnage.paire' AND p.objet_id IN (
            SELECT id FROM public.dedoublonnage_paire WHERE a_id = ANY(effaces) OR b_id = ANY(effaces))
      );
    GET DIAGNOSTICS passages = ROW_COUNT;

    FOR nom IN SELECT 'journal_trace' UNION ALL
               SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'public.journal_trace'::regclass LOOP
        EXECUTE format('ALTER TABLE ONLY public.%I ENABLE TRIGGER USER', nom);
    END LOOP;
    ALTER TABLE public.journal_passage ENABLE TRIGGER USER;
END $$;
REVOKE ALL ON FUNCTION journal_effacer_texte() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("rgpd", "0001_initial"),
        ("gab", "0002_agenda_taches_filtres"),
        ("suivi", "0002_references_versions"),
        ("territoire", "0003_demandes_d_acces"),
    ]

    operations = [migrations.RunSQL(FONCTION, "DROP FUNCTION journal_effacer_texte()")]

-- Whoever changes a fact, by whatever way, queues the jeune it is about: one insertion a statement.
CREATE FUNCTION statistiques_noter() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    EXECUTE 'INSERT INTO statistiques_a_recalculer SELECT DISTINCT jeune_id FROM (' || TG_ARGV[0] || ') x
             WHERE jeune_id IS NOT NULL';
    RETURN NULL;
END
$f$;

-- The same as in 0006; as known at an instant, a mission counts in the bassin that was then in charge.
CREATE OR REPLACE FUNCTION statistiques_missions(p_debut date, p_fin date, p_connu timestamptz DEFAULT 'infinity')
RETURNS TABLE (mission_id bigint, structure_id bigint, bassin_id bigint, academie_id bigint, proposee_le date, repondue_le date, suite text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT m.id, m.structure_id, b.id, b.academie_id, statistiques_jour(m.proposee_le),
           CASE WHEN r.fait THEN statistiques_jour(m.repondue_le) END,
           CASE WHEN r.fait AND m.etat = 'refusee' THEN 'refusee'
                WHEN r.fait THEN 'acceptee'
                WHEN m.etat = 'expiree' AND m.expire_le <= p_fin AND m.expire_le < statistiques_jour(LEAST(p_connu, now())) + 1 THEN 'expiree'
                WHEN m.etat = 'revoquee' AND statistiques_jour(m.terminee_le) <= p_fin AND m.terminee_le <= p_connu THEN 'retiree'
                ELSE 'en_attente' END
    FROM gab_mission m
    JOIN gab_dossier d ON d.id = m.dossier_id
    LEFT JOIN LATERAL (
        SELECT x.de_id FROM gab_transfert x
        WHERE p_connu < 'infinity' AND x.dossier_id = d.id AND x.etat = 'accepte' AND x.repondu_le > p_connu
        ORDER BY x.repondu_le LIMIT 1) t ON true
    JOIN territoire_bassin b ON b.id = COALESCE(t.de_id, d.bassin_id)
    CROSS JOIN LATERAL (SELECT m.repondue_le IS NOT NULL AND m.repondue_le <= p_connu
                               AND statistiques_jour(m.repondue_le) <= p_fin AS fait) r
    WHERE m.proposee_le >= p_debut::timestamp AT TIME ZONE 'Europe/Paris'
      AND m.proposee_le < (p_fin + 1)::timestamp AT TIME ZONE 'Europe/Paris' AND m.proposee_le <= p_connu
$f$;

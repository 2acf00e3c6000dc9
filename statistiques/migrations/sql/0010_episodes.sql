-- The same as in 0007, with what withdrawn reports taught:
--   an episode whose reports were all withdrawn keeps them: they had been received until that day, as the jeune had been counted;
--   a jeune counts from the first exit whose reports were not all withdrawn;
-- so that at any day the reports less the duplicates are the persons reported.
-- Episodes of some jeunes (all when NULL), or of some campaigns, as the base knew them at an instant.
--   p_jeunes: ids as of now; p_connu: 'infinity' for "as known now"; p_campagnes: NULL for all.
-- SECURITY DEFINER: aggregates are computed for readers who may not read one row of what they come from. It gives ids
-- and codes, never a name.
CREATE OR REPLACE FUNCTION statistiques_episodes(p_jeunes bigint[], p_connu timestamptz DEFAULT 'infinity', p_campagnes int[] DEFAULT NULL)
RETURNS SETOF statistiques_episode
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_nestloop = on SET jit = off AS $f$
DECLARE
    cibles text;
BEGIN
    -- The planner knows nothing of the size of the CTEs: nested loops suit a few jeunes, hash joins suit many.
    PERFORM set_config('enable_nestloop', CASE WHEN cardinality(p_jeunes) <= 100 THEN 'on' ELSE 'off' END, true);
    IF p_jeunes IS NOT NULL THEN
        cibles := 'SELECT DISTINCT unnest($1) AS jeune_id';
    ELSIF p_campagnes IS NOT NULL THEN
        cibles := 'SELECT r.jeune_id FROM dedoublonnage_rattachement r
                   JOIN signalements_signalement s ON s.id = r.signalement_id
                   WHERE s.envoye_le >= make_timestamptz((SELECT min(x) FROM unnest($3) x), 7, 1, 0, 0, 0, ''Europe/Paris'')
                     AND s.envoye_le < make_timestamptz((SELECT max(x) FROM unnest($3) x) + 1, 7, 1, 0, 0, 0, ''Europe/Paris'')
                   UNION SELECT d.jeune_id FROM journal_passage p JOIN gab_dossier d ON d.id = p.objet_id
                   WHERE p.objet_type = ''gab.dossier'' AND p.action = ''rouvrir'' AND p.vers = ''a_trier''
                     AND p.survenu_le >= make_timestamptz((SELECT min(x) FROM unnest($3) x), 7, 1, 0, 0, 0, ''Europe/Paris'')
                     AND p.survenu_le < make_timestamptz((SELECT max(x) FROM unnest($3) x) + 1, 7, 1, 0, 0, 0, ''Europe/Paris'')
                   -- whom a merge undone since held together with one of those
                   UNION SELECT unnest(ARRAY[f.garde_id, f.absorbe_id]) FROM dedoublonnage_fusion f WHERE f.annulee_le > $2';
    ELSE
        cibles := 'SELECT id AS jeune_id FROM dedoublonnage_jeune WHERE fusionne_dans_id IS NULL';
    END IF;
    RETURN QUERY EXECUTE 'WITH cibles AS MATERIALIZED (' || cibles || $q$),
    -- What a merge, or its undoing, moved after the instant: the first move tells whose the row was.
    bouge AS MATERIALIZED (
        SELECT l->>'modele' AS modele, (l->>'pk')::bigint AS id, l->'avant' AS de, f.quand AS t
        FROM dedoublonnage_fusion f, jsonb_array_elements(f.inventaire) l WHERE f.quand > $2
        UNION ALL
        SELECT l->>'modele', (l->>'pk')::bigint, l->'apres', f.annulee_le
        FROM dedoublonnage_fusion f, jsonb_array_elements(f.inventaire) l WHERE f.annulee_le > $2
    ),
    mouvements AS MATERIALIZED (
        SELECT DISTINCT ON (modele, id) modele, id, (de->>'jeune')::bigint AS de
        FROM bouge WHERE de ? 'jeune' ORDER BY modele, id, t
    ),
    horloges AS MATERIALIZED (
        SELECT DISTINCT ON (id) id, (de->>'echeance_legale')::date AS echeance_legale, de ? 'echeance_legale' AS avec_echeance,
               (de->>'recu_avec_responsable_le')::date AS recu_le, de ? 'recu_avec_responsable_le' AS avec_recu
        FROM bouge WHERE modele = 'gab.dossier' AND de ?| ARRAY['echeance_legale', 'recu_avec_responsable_le']
        ORDER BY id, t
    ),
    fermes_par_fusion AS MATERIALIZED (
        SELECT d.id, d.clos_le AS t FROM gab_dossier d
        WHERE $2 = 'infinity' AND d.etat = 'clos' AND d.motif_cloture = 'fusion'
          AND d.jeune_id IN (SELECT jeune_id FROM cibles)
        UNION ALL
        SELECT (l->>'pk')::bigint, max(f.quand) FROM dedoublonnage_fusion f, jsonb_array_elements(f.inventaire) l
        WHERE $2 < 'infinity' AND f.quand <= $2 AND (f.annulee_le IS NULL OR f.annulee_le > $2)
          AND l->>'modele' = 'gab.dossier' AND l->'apres'->>'etat' = 'clos'
          AND NOT EXISTS (SELECT FROM journal_passage x WHERE x.objet_type = 'gab.dossier' AND x.objet_id = (l->>'pk')::bigint
                          AND x.action = 'rouvrir' AND x.quand > f.quand AND x.quand <= $2)
        GROUP BY 1
    ),
    ratt AS MATERIALIZED (
        SELECT r.signalement_id, COALESCE(m.de, r.jeune_id) AS jeune_id
        FROM dedoublonnage_rattachement r
        LEFT JOIN mouvements m ON m.modele = 'dedoublonnage.rattachement' AND m.id = r.id
        WHERE r.jeune_id IN (SELECT jeune_id FROM cibles)
          AND r.quand <= $2 AND (r.defait_le IS NULL OR r.defait_le > $2)
    ),
    dos AS MATERIALIZED (
        SELECT d.id, COALESCE(m.de, d.jeune_id) AS jeune_id, COALESCE(t.de_id, d.bassin_id) AS bassin_id,
               COALESCE(p.de, d.etat) AS etat, d.ouvert_le, d.clos_le, d.motif_hors_champ,
               CASE WHEN h.avec_echeance THEN h.echeance_legale ELSE d.echeance_legale END AS echeance_legale,
               CASE WHEN h.avec_recu THEN h.recu_le ELSE d.recu_avec_responsable_le END AS recu_avec_responsable_le,
               ff.id IS NOT NULL AS par_fusion, ff.t AS fusion_le
        FROM gab_dossier d
        LEFT JOIN mouvements m ON m.modele = 'gab.dossier' AND m.id = d.id
        LEFT JOIN horloges h ON h.id = d.id
        LEFT JOIN fermes_par_fusion ff ON ff.id = d.id
        LEFT JOIN LATERAL (
            SELECT x.de FROM journal_passage x
            WHERE $2 < 'infinity' AND x.objet_type = 'gab.dossier' AND x.objet_id = d.id AND x.quand > $2
            ORDER BY x.quand, x.id LIMIT 1) p ON true
        LEFT JOIN LATERAL (
            SELECT x.de_id FROM gab_transfert x
            WHERE $2 < 'infinity' AND x.dossier_id = d.id AND x.etat = 'accepte' AND x.repondu_le > $2
            ORDER BY x.repondu_le LIMIT 1) t ON true
        WHERE d.jeune_id IN (SELECT jeune_id FROM cibles) AND COALESCE(p.de, d.etat) <> ''
    ),
    -- A dossier closed by a merge is no exit of its own: what it holds goes to the one that stays.
    eff AS MATERIALIZED (
        SELECT d.id, COALESCE(CASE WHEN d.par_fusion THEN r.id END, d.id) AS eff_id
        FROM dos d
        LEFT JOIN LATERAL (
            SELECT x.id FROM dos x WHERE d.par_fusion AND x.jeune_id = d.jeune_id AND NOT x.par_fusion
            ORDER BY (x.clos_le IS NULL OR x.clos_le >= d.fusion_le) DESC, (x.ouvert_le <= d.ouvert_le) DESC, abs(extract(epoch FROM x.ouvert_le - d.ouvert_le)), x.id LIMIT 1
        ) r ON d.par_fusion
    ),
    sig AS MATERIALIZED (
        SELECT s.id, e.eff_id AS dossier_id, s.envoye_le, s.structure_id, s.trie_le,
               COALESCE(p.de, s.etat) AS etat
        FROM ratt
        JOIN signalements_signalement s ON s.id = ratt.signalement_id
        LEFT JOIN gab_versement v ON v.signalement_id = s.id
        LEFT JOIN LATERAL (
            SELECT x.id FROM dos x
            WHERE v.quand > $2 AND x.jeune_id = ratt.jeune_id AND x.ouvert_le <= s.envoye_le
            ORDER BY x.ouvert_le DESC LIMIT 1) avant ON v.quand > $2
        JOIN eff e ON e.id = COALESCE(avant.id, v.dossier_id)
        LEFT JOIN LATERAL (
            SELECT x.de FROM journal_passage x
            WHERE $2 < 'infinity' AND x.objet_type = 'signalements.signalement' AND x.objet_id = s.id AND x.quand > $2
            ORDER BY x.quand, x.id LIMIT 1) p ON true
        WHERE s.etat <> 'brouillon' AND s.envoye_le <= $2
    ),
    ouv AS MATERIALIZED (
        SELECT dossier_id, COALESCE(min(envoye_le) FILTER (WHERE etat <> 'annule'), min(envoye_le)) AS t, true AS premiere
        FROM sig GROUP BY dossier_id
        UNION ALL
        SELECT e.eff_id, p.survenu_le, false
        FROM eff e JOIN journal_passage p ON p.objet_type = 'gab.dossier' AND p.objet_id = e.id
        WHERE p.action = 'rouvrir' AND p.quand <= $2 AND e.eff_id IN (SELECT dossier_id FROM sig)
    ),
    -- One window of facts for each campaign in which a dossier opened.
    fen AS MATERIALIZED (
        SELECT o.*, d.jeune_id,
               CASE WHEN o.premiere THEN '-infinity'::timestamptz ELSE o.t END AS debut,
               COALESCE(lead(o.t) OVER w, 'infinity') AS suite,
               lead(o.t) OVER w IS NULL AS derniere
        FROM (
            SELECT dossier_id, statistiques_campagne(statistiques_jour(t)) AS campagne, min(t) AS t, bool_or(premiere) AS premiere
            FROM ouv GROUP BY 1, 2
        ) o
        JOIN dos d ON d.id = o.dossier_id
        WINDOW w AS (PARTITION BY o.dossier_id ORDER BY o.t)
    ),
    voulues AS MATERIALIZED (
        SELECT * FROM fen WHERE $3 IS NULL OR campagne = ANY($3)
    ),
    -- Windows whose reports were all withdrawn, with the day of the last withdrawal.
    retirees AS MATERIALIZED (
        SELECT f.dossier_id, f.campagne,
               max(COALESCE((
                   SELECT max(p.survenu_le) FROM journal_passage p
                   WHERE p.objet_type = 'signalements.signalement' AND p.objet_id = s.id AND p.vers = 'annule' AND p.quand <= $2
               ), f.t)) AS t
        FROM voulues f JOIN sig s ON s.dossier_id = f.dossier_id AND s.envoye_le >= f.debut AND s.envoye_le < f.suite
        GROUP BY 1, 2 HAVING bool_and(s.etat = 'annule')
    ),
    ep AS MATERIALIZED (
        SELECT DISTINCT ON (f.jeune_id, f.campagne) f.jeune_id, f.campagne, f.dossier_id, f.t, f.premiere
        FROM voulues f LEFT JOIN retirees r USING (dossier_id, campagne)
        ORDER BY f.jeune_id, f.campagne, (r.dossier_id IS NOT NULL), f.t, f.dossier_id
    ),
    -- The report that describes the jeune in this campaign: the first one received, else the latest one before.
    descr AS MATERIALIZED (
        SELECT DISTINCT ON (f.jeune_id, f.campagne) f.jeune_id, f.campagne, s.id
        FROM voulues f JOIN sig s ON s.dossier_id = f.dossier_id AND s.envoye_le < f.suite
        ORDER BY f.jeune_id, f.campagne, (s.envoye_le >= f.debut) DESC, (s.etat = 'annule'),
                 CASE WHEN s.envoye_le >= f.debut THEN s.envoye_le END, s.envoye_le DESC, s.id
    ),
    tout_retire AS MATERIALIZED (
        SELECT f.jeune_id, f.campagne
        FROM voulues f LEFT JOIN retirees r USING (dossier_id, campagne)
        GROUP BY 1, 2 HAVING bool_and(r.dossier_id IS NOT NULL)
    ),
    recus AS MATERIALIZED (
        SELECT f.jeune_id, f.campagne,
               array_agg(statistiques_jour(s.envoye_le) ORDER BY s.envoye_le, s.id) FILTER (WHERE (s.etat <> 'annule' OR tout_retire.jeune_id IS NOT NULL)) AS envois,
               array_agg(s.structure_id ORDER BY s.envoye_le, s.id) FILTER (WHERE (s.etat <> 'annule' OR tout_retire.jeune_id IS NOT NULL)) AS declarants,
               array_agg(CASE WHEN s.trie_le <= $2 THEN statistiques_jour(s.trie_le) END ORDER BY s.envoye_le, s.id) FILTER (WHERE (s.etat <> 'annule' OR tout_retire.jeune_id IS NOT NULL)) AS tries,
               array_agg(statistiques_jour(l.lu)) FILTER (WHERE (s.etat <> 'annule' OR tout_retire.jeune_id IS NOT NULL) AND s.trie_le <= $2 AND l.lu IS NOT NULL) AS lus
        FROM voulues f JOIN sig s ON s.dossier_id = f.dossier_id AND s.envoye_le >= f.debut AND s.envoye_le < f.suite
        LEFT JOIN LATERAL (
            SELECT min(x.quand) AS lu FROM suivi_lectureretour x
            WHERE x.signalement_id = s.id AND x.quand <= $2 AND x.quand >= s.trie_le) l ON true
        LEFT JOIN tout_retire USING (jeune_id, campagne)
        GROUP BY 1, 2
    ),
    ent AS MATERIALIZED (
        SELECT f.jeune_id, f.campagne, min(statistiques_jour(x.quand)) AS entretien_le,
               (array_agg(array_to_json(x.motifs_jeune)::jsonb ORDER BY x.quand DESC, x.id DESC))[1] AS motifs_jeune
        FROM voulues f JOIN eff e ON e.eff_id = f.dossier_id JOIN gab_entretien x ON x.dossier_id = e.id
        WHERE x.etat = 'tenu' AND COALESCE(x.constate_le, x.quand) <= $2 AND x.quand >= f.debut AND x.quand < f.suite
        GROUP BY 1, 2
    ),
    prec AS MATERIALIZED (
        SELECT f.jeune_id, f.campagne, min(x.donnee_le) AS preconisation_le,
               (array_agg(x.solution ORDER BY x.donnee_le, x.id))[1] AS preconisation
        FROM voulues f JOIN eff e ON e.eff_id = f.dossier_id JOIN gab_preconisation x ON x.dossier_id = e.id
        WHERE x.quand <= $2 AND (f.premiere OR x.donnee_le >= statistiques_jour(f.debut))
          AND (f.derniere OR x.donnee_le < statistiques_jour(f.suite))
        GROUP BY 1, 2
    ),
    mis AS MATERIALIZED (
        SELECT f.jeune_id, f.campagne, min(statistiques_jour(x.proposee_le)) AS mission_le,
               min(statistiques_jour(x.repondue_le)) FILTER (WHERE COALESCE(alors.de, x.etat) IN ('acceptee', 'terminee') AND x.repondue_le <= $2) AS acceptee_le,
               array_agg(x.structure_id ORDER BY x.proposee_le, x.id) FILTER (WHERE NOT x.a_confirmer AND COALESCE(alors.de, x.etat) IN ('proposee', 'acceptee', 'terminee')) AS operateurs,
               array_agg(statistiques_jour(x.proposee_le) ORDER BY x.proposee_le, x.id) FILTER (WHERE NOT x.a_confirmer AND COALESCE(alors.de, x.etat) IN ('proposee', 'acceptee', 'terminee')) AS missions_le
        FROM voulues f JOIN eff e ON e.eff_id = f.dossier_id JOIN gab_mission x ON x.dossier_id = e.id
        LEFT JOIN LATERAL (
            SELECT p.de FROM journal_passage p
            WHERE $2 < 'infinity' AND p.objet_type = 'gab.mission' AND p.objet_id = x.id AND p.quand > $2
            ORDER BY p.quand, p.id LIMIT 1) alors ON true
        WHERE x.proposee_le <= $2 AND x.proposee_le >= f.debut AND x.proposee_le < f.suite
        GROUP BY 1, 2
    ),
    dev AS MATERIALIZED (
        SELECT f.jeune_id, f.campagne, x.id, x.date, x.code, x.valable_jusqu_au,
               CASE WHEN x.groupe = 'accompagnement' AND x.premier_rdv_le IS NULL THEN '' ELSE x.groupe END AS groupe,
               CASE WHEN x.groupe = 'accompagnement' THEN x.premier_rdv_le ELSE x.date END AS compte_le
        FROM voulues f JOIN eff e ON e.eff_id = f.dossier_id JOIN suivi_devenir x ON x.dossier_id = e.id
        WHERE x.quand <= $2 AND (x.annule_le IS NULL OR x.annule_le > $2)
          AND (f.premiere OR x.date >= statistiques_jour(f.debut))
          AND (f.derniere OR x.date < statistiques_jour(f.suite))
    ),
    sol AS MATERIALIZED (
        SELECT jeune_id, campagne,
               min(compte_le) FILTER (WHERE groupe = 'formation') AS formation_le,
               (array_agg(code ORDER BY compte_le, id) FILTER (WHERE groupe = 'formation'))[1] AS formation_code,
               min(compte_le) FILTER (WHERE groupe = 'insertion') AS insertion_le,
               (array_agg(code ORDER BY compte_le, id) FILTER (WHERE groupe = 'insertion'))[1] AS insertion_code,
               min(compte_le) FILTER (WHERE groupe = 'accompagnement') AS accompagnement_le,
               (array_agg(code ORDER BY compte_le, id) FILTER (WHERE groupe = 'accompagnement'))[1] AS accompagnement_code,
               min(compte_le) FILTER (WHERE groupe <> '') AS solution_le
        FROM dev GROUP BY 1, 2
    ),
    -- The outcome in force 3, 6 and 12 months after the opening.
    plus_tard AS MATERIALIZED (
        SELECT jeune_id, campagne, max(situation) FILTER (WHERE n = 3) AS a_3_mois,
               max(situation) FILTER (WHERE n = 6) AS a_6_mois, max(situation) FILTER (WHERE n = 12) AS a_12_mois
        FROM (
            SELECT DISTINCT ON (e.jeune_id, e.campagne, m.n) e.jeune_id, e.campagne, m.n,
                   CASE WHEN x.valable_jusqu_au < m.le THEN 'a_reverifier'
                        WHEN x.groupe <> '' THEN x.groupe ELSE 'sans_solution' END AS situation
            FROM ep e JOIN dev x USING (jeune_id, campagne)
            CROSS JOIN LATERAL (SELECT n, (statistiques_jour(e.t) + make_interval(months => n))::date AS le
                                FROM (VALUES (3), (6), (12)) AS v(n)) m
            WHERE x.date <= m.le
            ORDER BY e.jeune_id, e.campagne, m.n, x.date DESC, x.id DESC
        ) y GROUP BY 1, 2
    ),
    fin AS MATERIALIZED (
        SELECT f.jeune_id, f.campagne,
               bool_and(r.t IS NOT NULL) AS retire,
               bool_and(r.t IS NOT NULL OR f.derniere AND d.etat = 'hors_champ') AND bool_or(r.t IS NULL) AS hors_champ,
               max(COALESCE(r.t, CASE WHEN f.derniere AND d.etat = 'hors_champ' THEN h.t END)) AS sorti_le,
               (array_agg(h.motif ORDER BY f.t, f.dossier_id) FILTER (
                   WHERE r.t IS NULL AND f.derniere AND d.etat = 'hors_champ'))[1] AS hors_champ_motif,
               bool_and(NOT f.derniere OR d.etat IN ('clos', 'hors_champ', 'perdu_de_vue')) AS clos,
               max(CASE WHEN f.derniere THEN h.t ELSE COALESCE(c.t, f.suite) END) AS clos_le,
               min(d.echeance_legale) FILTER (WHERE f.premiere) AS echeance_legale,
               min(d.recu_avec_responsable_le) FILTER (
                   WHERE f.premiere AND d.recu_avec_responsable_le <= statistiques_jour(LEAST($2, now()))) AS recu_le,
               (array_agg(CASE WHEN f.derniere THEN d.etat ELSE 'clos' END ORDER BY f.t, f.dossier_id))[1] AS etat
        FROM voulues f JOIN dos d ON d.id = f.dossier_id
        LEFT JOIN retirees r ON r.dossier_id = f.dossier_id AND r.campagne = f.campagne
        LEFT JOIN LATERAL (
            SELECT t, motif FROM (
                SELECT x.survenu_le AS t, x.motif, 1 AS rang, x.quand, x.id FROM journal_passage x
                WHERE $2 < 'infinity' AND x.objet_type = 'gab.dossier' AND x.objet_id = d.id AND x.vers = d.etat AND x.quand <= $2
                UNION ALL
                SELECT d.clos_le, d.motif_hors_champ, 2, NULL, NULL WHERE d.clos_le <= $2
            ) y ORDER BY rang, quand DESC, id DESC LIMIT 1
        ) h ON d.etat IN ('clos', 'hors_champ', 'perdu_de_vue')
        LEFT JOIN LATERAL (
            SELECT max(x.survenu_le) AS t FROM journal_passage x
            WHERE NOT f.derniere AND x.objet_type = 'gab.dossier' AND x.objet_id = d.id
              AND x.vers IN ('clos', 'hors_champ', 'perdu_de_vue') AND x.survenu_le >= f.debut AND x.survenu_le < f.suite AND x.quand <= $2
        ) c ON NOT f.derniere
        GROUP BY 1, 2
    )
    SELECT e.jeune_id, e.campagne::smallint, e.dossier_id, b.academie_id, d.bassin_id, st.bassin_id, s.structure_id, st.type::text, s.origine::text,
           s.commune_id, statistiques_jour(e.t), make_date(e.campagne + 1, 6, 30), NOT e.premiere,
           CASE WHEN fin.hors_champ THEN statistiques_jour(fin.sorti_le) END,
           CASE WHEN fin.hors_champ THEN COALESCE(fin.hors_champ_motif, '')::text ELSE '' END,
           CASE WHEN fin.retire THEN statistiques_jour(fin.sorti_le) END,
           s.obligation_formation, s.sexe::text,
           extract(year FROM age(COALESCE(s.date_sortie, statistiques_jour(s.envoye_le)), s.date_naissance))::smallint,
           COALESCE(extract(year FROM age(statistiques_jour(e.t), s.date_naissance)) < 18, false),
           s.niveau::text, s.diplome::text, s.statut::text, s.regime::text, s.nature_sortie::text, s.motif_principal::text, s.motifs::text[],
           COALESCE(ARRAY(SELECT jsonb_array_elements_text(ent.motifs_jeune)), '{}'),
           s.date_sortie, COALESCE(recus.envois, '{}'), COALESCE(recus.declarants, '{}'), COALESCE(recus.tries, '{}'),
           COALESCE(recus.lus, '{}'), ent.entretien_le, prec.preconisation_le, COALESCE(prec.preconisation, '')::text,
           mis.mission_le, mis.acceptee_le, COALESCE(mis.operateurs, '{}'), COALESCE(mis.missions_le, '{}'),
           sol.formation_le, COALESCE(sol.formation_code, '')::text, sol.insertion_le, COALESCE(sol.insertion_code, '')::text,
           sol.accompagnement_le, COALESCE(sol.accompagnement_code, '')::text, sol.solution_le,
           COALESCE(pt.a_3_mois, 'inconnu')::text, COALESCE(pt.a_6_mois, 'inconnu')::text, COALESCE(pt.a_12_mois, 'inconnu')::text,
           fin.echeance_legale, fin.recu_le, CASE WHEN fin.clos THEN statistiques_jour(fin.clos_le) END, fin.etat::text
    FROM ep e
    JOIN descr USING (jeune_id, campagne)
    JOIN fin USING (jeune_id, campagne)
    LEFT JOIN recus USING (jeune_id, campagne)
    LEFT JOIN ent USING (jeune_id, campagne)
    LEFT JOIN prec USING (jeune_id, campagne)
    LEFT JOIN mis USING (jeune_id, campagne)
    LEFT JOIN sol USING (jeune_id, campagne)
    LEFT JOIN plus_tard pt USING (jeune_id, campagne)
    JOIN dos d ON d.id = e.dossier_id
    JOIN territoire_bassin b ON b.id = d.bassin_id
    JOIN signalements_signalement s ON s.id = descr.id
    JOIN territoire_structure st ON st.id = s.structure_id
    $q$ USING p_jeunes, p_connu, p_campagnes;
END
$f$;

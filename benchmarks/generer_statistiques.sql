-- Steps of generer_statistiques.py, separated by an empty line; parameters are those of psycopg.

CREATE TEMP TABLE tirage ON COMMIT DROP AS
SELECT n, x.*, (x.sortie + (random() * 40)::int * interval '1 day' + interval '10 hours')::timestamptz AS envoi
FROM generate_series(%(debut)s::int, %(fin)s::int) n
CROSS JOIN LATERAL (
    SELECT random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() AS r5, random() AS r6,
           make_date(%(premiere)s + (n %% %(campagnes)s), 7, 1)
             + (CASE WHEN random() < 0.7 THEN 45 + random() * 110 ELSE random() * 320 END)::int AS sortie
) x

CREATE TEMP TABLE lieux ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY s.id)::int - 1 AS rang, count(*) OVER ()::int AS nombre, s.id, s.bassin_id
FROM territoire_structure s
WHERE s.bassin_id IS NOT NULL
  AND s.type IN ('lp', 'lycee_poly', 'cfa', 'lycee_agricole', 'mfr', 'prive_sc', 'lycee_gt')

CREATE INDEX ON lieux (rang)

ANALYZE lieux

CREATE TEMP TABLE operateurs ON COMMIT DROP AS
SELECT DISTINCT ON (bassin_id) bassin_id, id FROM territoire_structure
WHERE bassin_id IS NOT NULL AND type IN ('mission_locale', 'cio') ORDER BY bassin_id, type DESC, id

CREATE TEMP TABLE fiches ON COMMIT DROP AS
SELECT t.n, 1 AS rang, t.envoi AS envoye_le, l.id AS structure_id,
       CASE WHEN t.r2 < 0.2 THEN v.bassin_id ELSE l.bassin_id END AS bassin_id
FROM tirage t, (SELECT max(nombre) AS nombre FROM lieux) q, lieux l, lieux v
WHERE t.envoi < now() AND l.rang = (t.r1 * 1000000)::int %% q.nombre AND v.rang = (t.r3 * 1000000)::int %% q.nombre

INSERT INTO fiches
SELECT f.n, 2, LEAST(f.envoye_le + interval '9 days', now() - interval '1 minute'), l.id, f.bassin_id
FROM fiches f JOIN tirage t USING (n), (SELECT max(nombre) AS nombre FROM lieux) q, lieux l
WHERE t.r4 < 0.08 AND l.rang = (t.r5 * 1000000)::int %% q.nombre

CREATE TEMP TABLE lus ON COMMIT DROP AS
SELECT nextval(pg_get_serial_sequence('signalements_signalement', 'id')) AS id, f.* FROM fiches f ORDER BY f.envoye_le

INSERT INTO signalements_signalement (id, reference, etat, origine, structure_id, bassin_id, bassin_deduit, nom_naissance,
    nom_usage, prenom, autres_prenoms, nom_tri, date_naissance, sexe, commune_naissance, commune_naissance_insee, ine,
    domicile, adresse, code_postal, ville, pays, formation, classe, niveau, diplome, diplome_precision, statut, regime,
    date_sortie, nature_sortie, motifs, motif_principal, famille_informee_par, aucun_contact, declarant_nom,
    declarant_fonction, declarant_telephone, prioritaire, note, message, motif_retrait, motif_hors_champ,
    obligation_formation, cree_le, modifie_le, envoye_le, trie_le, version, empreinte_ligne)
SELECT l.id, 'B' || l.rang || lpad(to_hex(l.n), 6, '0'), CASE WHEN t.r6 < 0.05 THEN 'hors_champ' ELSE 'recevable' END, 'reprise',
    l.structure_id, l.bassin_id, false, 'JEUNE ' || l.n, '', 'Essai', '', 'jeune ' || l.n,
    t.sortie - (16 * 365 + (t.r2 * 1500)::int), CASE WHEN t.r1 < 0.42 THEN 'F' ELSE 'M' END, '', '', '', 'sans', '', '', '', '', '',
    '2 PRO', (ARRAY['vi', 'v_bis', 'v'])[1 + floor(t.r3 * 3)::int], (ARRAY['aucun', 'dnb', 'cfg'])[1 + floor(t.r4 * 3)::int], '',
    CASE WHEN t.r5 < 0.2 THEN 'apprenti' ELSE 'scolaire' END, 'externe', t.sortie,
    (ARRAY['demission', 'fin_annee', 'non_presente', 'rupture_contrat', 'demission_office'])[1 + floor(t.r5 * 5)::int],
    ARRAY[m.motif], m.motif, '', true, '', '', '', false, '', '', '', '', t.r4 > 0.985, l.envoye_le, l.envoye_le, l.envoye_le,
    l.envoye_le + interval '6 days', 0, ''
FROM lus l JOIN tirage t USING (n)
CROSS JOIN LATERAL (SELECT (ARRAY['orientation_non_choisie', 'difficultes_scolaires', 'rejet_institution', 'absenteisme_lourd',
    'pas_de_place', 'rupture_employeur', 'attrait_vie_active', 'non_communique'])[1 + floor(t.r3 * 8)::int] AS motif) m

CREATE TEMP TABLE gens ON COMMIT DROP AS
SELECT nextval(pg_get_serial_sequence('dedoublonnage_jeune', 'id')) AS jeune_id,
       nextval(pg_get_serial_sequence('gab_dossier', 'id')) AS dossier_id, l.*, t.r1, t.r2, t.r3, t.r4, t.r5, t.r6, t.sortie
FROM lus l JOIN tirage t USING (n) WHERE l.rang = 1

INSERT INTO dedoublonnage_jeune (id, reference, identite_id, cree_le)
SELECT jeune_id, 'J1' || lpad(to_hex(n), 6, '0'), id, envoye_le FROM gens

INSERT INTO dedoublonnage_rattachement (signalement_id, jeune_id, mode, probabilite, contributions, modele, quand, defait_motif)
SELECT l.id, g.jeune_id, CASE WHEN l.rang = 1 THEN 'nouveau' ELSE 'automatique' END,
    CASE WHEN l.rang = 2 THEN 0.99 + random() * 0.01 END, '[]', 'essai', l.envoye_le, '' FROM lus l JOIN gens g USING (n)

INSERT INTO gab_dossier (id, reference, jeune_id, bassin_id, etat, date_sortie, ouvert_le, clos_le, motif_cloture,
    motif_hors_champ, hors_champ_precision, premier_envoi_le, echeance_legale, recu_avec_responsable_le, prioritaire, version)
SELECT dossier_id, 'D1' || lpad(to_hex(n), 6, '0'), jeune_id, bassin_id,
    CASE WHEN r6 < 0.05 THEN 'hors_champ' WHEN r6 < 0.4 THEN 'clos' WHEN r5 < 0.7 THEN 'en_solution' ELSE 'pris_en_charge' END,
    sortie, envoye_le, CASE WHEN r6 < 0.4 THEN envoye_le + interval '90 days' END, '',
    CASE WHEN r6 < 0.035 THEN 'n_etait_pas_sorti' WHEN r6 < 0.05 THEN 'moins_16_ans' ELSE '' END, '', envoye_le,
    CASE WHEN r2 < 0.45 THEN (envoye_le + interval '3 months')::date END,
    CASE WHEN r2 < 0.35 THEN (envoye_le + (r3 * 100)::int * interval '1 day')::date END, false, 0
FROM gens

INSERT INTO gab_versement (dossier_id, signalement_id, quand)
SELECT g.dossier_id, l.id, l.envoye_le FROM lus l JOIN gens g USING (n)

INSERT INTO gab_entretien (reference, dossier_id, etat, quand, duree_minutes, lieu, mode, responsable_present,
    obligation_expliquee, motifs_jeune, projet, demarches, prochaine_etape, cree_le, constate_le, version)
SELECT 'E1' || lpad(to_hex(n), 6, '0'), dossier_id, 'tenu', envoye_le + (5 + r4 * 40)::int * interval '1 day', 45, '', 'presence', '',
    false, ARRAY[(ARRAY['orientation_non_choisie', 'attrait_vie_active', 'rejet_institution'])[1 + floor(r5 * 3)::int]], '', '', '',
    envoye_le, envoye_le + (5 + r4 * 40)::int * interval '1 day', 0
FROM gens WHERE r3 < 0.7 AND r6 > 0.05

INSERT INTO gab_preconisation (dossier_id, solution, synthese, donnee_le, quand)
SELECT dossier_id, 'apprentissage', '', (envoye_le + (20 + r4 * 40)::int * interval '1 day')::date,
    envoye_le + (20 + r4 * 40)::int * interval '1 day'
FROM gens WHERE r3 < 0.6 AND r6 > 0.05

INSERT INTO gab_mission (reference, dossier_id, structure_id, etat, message, urgente, a_confirmer, proposee_le, expire_le,
    repondue_le, motif_refus, precision_refus, connaissance, numero_imilo, motif_fin, version)
SELECT 'M1' || lpad(to_hex(d.n), 6, '0'), d.dossier_id, o.id,
    CASE WHEN d.r2 < 0.8 THEN 'acceptee' WHEN d.r2 < 0.9 THEN 'refusee' ELSE 'expiree' END, '', false, false,
    d.envoye_le + (22 + d.r4 * 45)::int * interval '1 day', (d.envoye_le + (37 + d.r4 * 45)::int * interval '1 day')::date,
    CASE WHEN d.r2 < 0.9 THEN d.envoye_le + (24 + d.r4 * 52)::int * interval '1 day' END,
    CASE WHEN d.r2 BETWEEN 0.8 AND 0.9 THEN 'capacite' ELSE '' END, '', '', '', '', 0
FROM gens d JOIN operateurs o USING (bassin_id) WHERE d.r3 < 0.6 AND d.r6 > 0.05

INSERT INTO suivi_devenir (dossier_id, code, groupe, date, source, precision, premier_rdv_le, verifie_le, valable_jusqu_au, quand)
SELECT d.dossier_id, c.code, c.groupe, c.le, 'structure', '', CASE WHEN c.groupe = 'accompagnement' THEN c.le END, c.le, c.le + 200,
    c.le + interval '1 day'
FROM gens d CROSS JOIN LATERAL (SELECT
    (ARRAY['apprentissage', 'retour_autre_etablissement', 'emploi_court', 'cej', 'region_qualifiante'])[1 + floor(d.r4 * 5)::int] AS code,
    (ARRAY['formation', 'formation', 'insertion', 'accompagnement', 'formation'])[1 + floor(d.r4 * 5)::int] AS groupe,
    (d.envoye_le + (20 + d.r1 * 110)::int * interval '1 day')::date AS le) c
WHERE d.r5 < 0.8 AND d.r6 > 0.05 AND c.le <= current_date

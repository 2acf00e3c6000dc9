"""The same model for Splink 5: settings (comparisons and weights) and the columns that they read.

Splink has no best-of-all-variants comparison: the columns hold each record's own levels ready to compare in SQL (forms,
sounds, variants as lists). What it cannot say is left out and documented in docs/rapprochement.md: pairs of levels
(except those folded in a level), rarity of names as levels (Splink's own term frequencies take their place), inversion
at one mistake, prudence with twins, average link.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .comparaisons import INDICES
from .normalisation import (
    AUTRE,
    COMPOSE,
    COURRIEL,
    ENTIER,
    MOITIE,
    PREMIER,
    SANS_PARTICULE,
    USAGE,
    Identite,
    Preparee,
    preparer,
)
from .score import Contexte, Modele


def tableau(preparees: Sequence[Preparee], modele: Modele, contexte: Contexte) -> list[dict[str, Any]]:
    """One row per identity, with the columns that the settings read; to be written as Parquet."""
    lignes = []
    for i, p in enumerate(preparees):
        noms = {
            g: [v.forme for v in p.noms if v.genre == g] for g in (USAGE, SANS_PARTICULE, MOITIE, COURRIEL)
        }
        complet = [v.forme for v in p.noms if v.genre == ENTIER]
        premiers = [v for v in p.prenoms if v.genre == PREMIER]
        nom, prenom = (complet or [None])[0], premiers[0].forme if premiers else None
        a, m, j = p.naissance or (0, 0, 0)
        lignes.append(
            {
                "unique_id": i,
                "nom": nom,
                "nom_son": p.noms[0].son if complet else None,
                "noms_usage": noms[USAGE],
                "noms_particule": noms[SANS_PARTICULE],
                "noms_moitie": noms[MOITIE],
                "prenom": prenom,
                "prenom_son": premiers[0].son if premiers else None,
                "prenoms_compose": [v.forme for v in p.prenoms if v.genre == COMPOSE],
                "prenoms_autres": [v.forme for v in p.prenoms if v.genre == AUTRE],
                "naissance": f"{a:04}-{m:02}-{j:02}" if p.naissance else None,
                "naissance_inversee": f"{a:04}-{j:02}-{m:02}" if p.naissance else None,
                "annee": a or None,
                "mois_jour": f"{m:02}-{j:02}" if p.naissance else None,
                "sexe": p.sexe or None,
                "lieu": p.lieu or None,
                "autres": " ".join(p.autres) or None,
                "ine": p.ine or None,
                "ine_juste": p.ine_juste,
                "telephone": p.telephones[0] if p.telephones else None,
                "courriel": p.courriels[0] if p.courriels else None,
                "voie": p.voie or None,
                "commune": p.commune or None,
                "rarete_nom": modele.rang_rarete("nom", nom, contexte) if nom else None,
                "rarete_prenom": modele.rang_rarete("prenom", prenom, contexte) if prenom else None,
            }
        )
    return lignes


def schema() -> list[tuple[str, str]]:
    """The columns of `tableau` and the portal's `jeune`, with their type: a name of Arrow, or "liste" (of texts)."""
    listes = {"noms_usage", "noms_particule", "noms_moitie", "prenoms_compose", "prenoms_autres"}
    types = dict.fromkeys(listes, "liste") | {"ine_juste": "bool"}
    types |= dict.fromkeys(("unique_id", "jeune", "annee", "rarete_nom", "rarete_prenom"), "int64")
    noms = [*tableau([preparer(Identite())], Modele.charger(), Contexte())[0], "jeune"]
    return [(nom, types.get(nom, "string")) for nom in noms]


def _niveau(modele: Modele, critere: str, code: str, sql: str, libelle: str | None = None) -> dict[str, Any]:
    """A level of a Splink comparison with the weight of ours: m and u with m/u equal to two to that weight."""
    return _avec_poids(modele.poids[critere][INDICES[critere][code]], sql, libelle or f"{critere}.{code}")


def _avec_poids(poids: float, sql: str, libelle: str) -> dict[str, Any]:
    borne = max(min(poids, 30.0), -30.0)
    m, u = (0.5, 0.5 * 2.0**-borne) if borne >= 0 else (0.5 * 2.0**borne, 0.5)
    return {
        "sql_condition": sql,
        "label_for_charts": libelle,
        "m_probability": m,
        "u_probability": u,
        "fix_m_probability": True,
        "fix_u_probability": True,
    }


def _nul(colonne: str) -> dict[str, Any]:
    return {
        "sql_condition": f'"{colonne}_l" IS NULL OR "{colonne}_r" IS NULL',
        "label_for_charts": "absent",
        "is_null_level": True,
    }


def _comparaison(colonne: str, description: str, niveaux: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "output_column_name": colonne,
        "comparison_description": description,
        "comparison_levels": niveaux,
    }


def reglages(modele: Modele, contexte: Contexte) -> dict[str, Any]:
    """The Splink 5 settings of this model at this size of the base."""

    def n(critere: str, code: str, sql: str) -> dict[str, Any]:
        return _niveau(modele, critere, code, sql)

    osa = "damerau_levenshtein"
    jw = "jaro_winkler_similarity"
    base = modele.base + modele.a_priori([1] + [0] * 13, contexte)
    chance = 2.0**base / (1.0 + 2.0**base)
    noms = [
        _nul("nom"),
        n("nom", "naissance_identique", "nom_l = nom_r"),
        n("nom", "usage", "list_contains(noms_usage_l, nom_r) OR list_contains(noms_usage_r, nom_l)"),
        n(
            "nom",
            "particule",
            "list_contains(noms_particule_l, nom_r) OR list_contains(noms_particule_r, nom_l)",
        ),
        n("nom", "moitie", "list_contains(noms_moitie_l, nom_r) OR list_contains(noms_moitie_r, nom_l)"),
        n("nom", "inverse", "nom_l = prenom_r AND prenom_l = nom_r"),
        n("nom", "naissance_son", f"nom_son_l = nom_son_r AND {jw}(nom_l, nom_r) >= 0.8"),
        n("nom", "naissance_lettre", f"{osa}(nom_l, nom_r) = 1 AND least(length(nom_l), length(nom_r)) >= 5"),
        n("nom", "naissance_lettre_court", f"{osa}(nom_l, nom_r) = 1"),
        n("nom", "naissance_deux", f"{osa}(nom_l, nom_r) = 2 AND least(length(nom_l), length(nom_r)) >= 5"),
        n("nom", "naissance_proche", f"{jw}(nom_l, nom_r) >= 0.9"),
        n("nom", "naissance_voisin", f"{jw}(nom_l, nom_r) >= 0.8"),
        n("nom", "naissance_different", "ELSE"),
    ]
    prenoms = [
        _nul("prenom"),
        n("prenom", "premier_identique", "prenom_l = prenom_r"),
        n(
            "prenom",
            "premier_du_compose",
            "list_contains(prenoms_compose_l, prenom_r) OR list_contains(prenoms_compose_r, prenom_l)",
        ),
        n("prenom", "inverse", "nom_l = prenom_r AND prenom_l = nom_r"),
        n("prenom", "premier_son", f"prenom_son_l = prenom_son_r AND {jw}(prenom_l, prenom_r) >= 0.8"),
        n(
            "prenom",
            "premier_lettre",
            f"{osa}(prenom_l, prenom_r) = 1 AND least(length(prenom_l), length(prenom_r)) >= 5",
        ),
        n("prenom", "premier_lettre_court", f"{osa}(prenom_l, prenom_r) = 1"),
        n(
            "prenom",
            "second",
            "list_contains(prenoms_autres_l, prenom_r) OR list_contains(prenoms_autres_r, prenom_l)",
        ),
        n("prenom", "diminutif", "starts_with(prenom_l, prenom_r) OR starts_with(prenom_r, prenom_l)"),
        n(
            "prenom",
            "premier_deux",
            f"{osa}(prenom_l, prenom_r) = 2 AND least(length(prenom_l), length(prenom_r)) >= 5",
        ),
        n("prenom", "premier_proche", f"{jw}(prenom_l, prenom_r) >= 0.9"),
        n("prenom", "premier_voisin", f"{jw}(prenom_l, prenom_r) >= 0.8"),
        n("prenom", "premier_different", "ELSE"),
    ]
    dates = [
        _nul("naissance"),
        n("date", "identique_0101", "naissance_l = naissance_r AND mois_jour_l = '01-01'"),
        n("date", "identique", "naissance_l = naissance_r"),
        n("date", "inversee", "naissance_l = naissance_inversee_r"),
        n("date", "defaut_annee", "annee_l = annee_r AND (mois_jour_l = '01-01' OR mois_jour_r = '01-01')"),
        n("date", "chiffre_jour", "annee_l = annee_r AND hamming(mois_jour_l, mois_jour_r) = 1"),
        n("date", "annee_voisine", "mois_jour_l = mois_jour_r AND abs(annee_l - annee_r) = 1"),
        n("date", "chiffre_annee", "mois_jour_l = mois_jour_r AND hamming(naissance_l, naissance_r) = 1"),
        n("date", "deux_chiffres", "annee_l = annee_r AND hamming(mois_jour_l, mois_jour_r) = 2"),
        n("date", "jour_mois", "mois_jour_l = mois_jour_r"),
        n("date", "annee", "annee_l = annee_r"),
        n("date", "differente", "ELSE"),
    ]
    ines = [
        _nul("ine"),
        n("ine", "identique", "ine_l = ine_r"),
        n("ine", "voisin", f"ine_juste_l AND ine_juste_r AND {osa}(ine_l, ine_r) <= 2"),
        n("ine", "different", "ine_juste_l AND ine_juste_r"),
        n("ine", "faute", f"{osa}(ine_l, ine_r) = 1"),
        n("ine", "proche", f"{osa}(ine_l, ine_r) = 2"),
        n("ine", "different_faux", "NOT ine_juste_l AND NOT ine_juste_r"),
        n("ine", "different_douteux", "ELSE"),
    ]
    rarete = [
        [_nul(sorte)]
        + [
            n(f"rarete_{sorte}", code, f"{sorte}_l = {sorte}_r AND rarete_{sorte}_l = {k}")
            for k, code in enumerate(("tres_courant", "courant", "peu_courant", "rare", "tres_rare"), start=1)
        ]
        + [_avec_poids(0.0, "ELSE", "sans objet")]
        for sorte in ("nom", "prenom")
    ]
    comparaisons = [
        _comparaison("nom", "nom", noms),
        _comparaison("prenom", "prénom", prenoms),
        _comparaison("date", "date de naissance", dates),
        _comparaison(
            "sexe",
            "sexe",
            [_nul("sexe"), n("sexe", "identique", "sexe_l = sexe_r"), n("sexe", "different", "ELSE")],
        ),
        _comparaison(
            "lieu",
            "commune de naissance",
            [
                _nul("lieu"),
                n("lieu", "identique", "lieu_l = lieu_r"),
                n("lieu", "proche", f"{jw}(lieu_l, lieu_r) >= 0.9"),
                n("lieu", "residence", "lieu_l = commune_r OR lieu_r = commune_l"),
                n("lieu", "different", "ELSE"),
            ],
        ),
        _comparaison(
            "autres",
            "autres prénoms",
            [
                _nul("autres"),
                n("autres", "identiques", "autres_l = autres_r"),
                n("autres", "communs", "len(list_intersect(prenoms_autres_l, prenoms_autres_r)) > 0"),
                n("autres", "differents", "ELSE"),
            ],
        ),
        _comparaison("ine", "INE", ines),
        _comparaison(
            "telephone",
            "téléphone",
            [
                _nul("telephone"),
                n("telephone", "identique", "telephone_l = telephone_r"),
                n("telephone", "different", "ELSE"),
            ],
        ),
        _comparaison(
            "courriel",
            "adresse électronique",
            [
                _nul("courriel"),
                n("courriel", "identique", "courriel_l = courriel_r"),
                n("courriel", "different", "ELSE"),
            ],
        ),
        _comparaison(
            "adresse",
            "adresse",
            [
                _nul("commune"),
                n("adresse", "identique", "voie_l = voie_r AND commune_l = commune_r"),
                n("adresse", "commune", "commune_l = commune_r"),
                n("adresse", "differente", "ELSE"),
            ],
        ),
        _comparaison("rarete_nom", "rareté du nom commun", rarete[0]),
        _comparaison("rarete_prenom", "rareté du prénom commun", rarete[1]),
    ]
    regles = [
        "l.naissance = r.naissance AND substr(l.nom, 1, 1) = substr(r.nom, 1, 1)",
        "l.naissance = r.naissance AND substr(l.prenom, 1, 1) = substr(r.prenom, 1, 1)",
        "l.nom_son = r.nom_son AND l.prenom_son = r.prenom_son",
        "l.nom = r.prenom AND l.prenom = r.nom",
        "l.nom_son = r.nom_son AND l.annee = r.annee",
        "l.prenom_son = r.prenom_son AND l.mois_jour = r.mois_jour",
        "l.ine = r.ine",
        "l.courriel = r.courriel",
        "l.telephone = r.telephone AND substr(l.prenom, 1, 1) = substr(r.prenom, 1, 1)",
    ]
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": chance,
        "retain_intermediate_calculation_columns": False,
        "retain_matching_columns": False,
        "comparisons": comparaisons,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": r, "sql_dialect": "duckdb"} for r in regles
        ],
        "sql_dialect": "duckdb",
        "linker_uid": f"qualit-{modele.version}",
    }

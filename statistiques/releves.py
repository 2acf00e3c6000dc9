"""Figures that do not come from the episodes: answers of schools, missions of operators, open stock, sureness of identities."""

from dataclasses import dataclass
from math import exp

from django.db import connection

from qualit.territoire.models import TYPES_DECLARANTS

from .indicateurs import REGISTRE, codes_de
from .relation import fin_de_campagne


def _reponses(champ, colonnes, suite):
    """Rows over the structures `s` expected to report in a place, `r` being the answer of each since the campaign began."""
    lieu = champ.lieu
    conditions, valeurs = ["s.academie_id = %s"], [lieu.academie_id]
    for colonne, parmi in (
        ("s.bassin_id", [lieu.id] if lieu.type == "bassin" else None),
        ("s.type", list(lieu.types)),
        ("s.bassin_id", list(lieu.bassins)),
    ):
        if parmi:
            conditions.append(f"{colonne} = ANY(%s)")
            valeurs.append(parmi)
    debut, fin = fin_de_campagne(champ.campagne - 1), champ.arrete
    with connection.cursor() as curseur:
        curseur.execute(
            f"""SELECT {colonnes} FROM territoire_structure s
            LEFT JOIN statistiques_reponses(%s::date + 1, %s, %s::timestamptz) r ON r.structure_id = s.id
            WHERE s.type = ANY(%s) AND (s.fermee_le IS NULL OR s.fermee_le > %s) AND {" AND ".join(conditions)} {suite}""",
            [debut, fin, champ.instant or "infinity", sorted(TYPES_DECLARANTS), fin, *valeurs],
        )
        return curseur.fetchall()


def couvertures(champ):
    """{bassin id, None for the whole place: `Resultat`, the share of the structures expected that answered} since the
    start of the campaign. Empty for a place that is neither an académie nor a bassin."""
    if champ.lieu.type not in {"academie", "bassin"}:
        return {}
    couverture = REGISTRE["couverture"]
    lignes = _reponses(
        champ,
        f"s.bassin_id, GROUPING(s.bassin_id), {', '.join(couverture.colonnes)}",
        "GROUP BY GROUPING SETS ((s.bassin_id), ())",
    )
    return {
        None if entier else bassin: couverture.resultat(colonnes)
        for bassin, entier, *colonnes in lignes
        if entier or bassin is not None
    }


def structures_sans_reponse(champ):
    """Ids of the structures that `couvertures` expects and that have not answered."""
    return [pk for (pk,) in _reponses(champ, "s.id", f"AND {REGISTRE['couverture'].mesure.liste}")]


def _missions(champ, colonnes, suite, cliches=()):
    """Rows over the missions `m` proposed in the campaign, and the structures `s` that they were proposed to; `j.rang` tells
    the kept state among `cliches` (the field's own, or what is known now, when empty)."""
    lieu = champ.lieu
    condition, valeurs = {
        "academie": ("m.academie_id = %s", [lieu.id]),
        "bassin": ("m.bassin_id = %s", [lieu.id]),
        "operateur": ("m.structure_id = %s", [lieu.id]),
    }.get(lieu.type, ("false", []))
    if lieu.bassins:
        condition, valeurs = f"{condition} AND m.bassin_id = ANY(%s)", [*valeurs, list(lieu.bassins)]
    for autre in champ.sauf:
        if autre.type == "bassin":
            condition, valeurs = f"{condition} AND m.bassin_id <> %s", [*valeurs, autre.id]
    cliches = cliches or (champ.cliche,)
    if cliches[0] is None:
        source = (
            "(SELECT 1 AS rang) j CROSS JOIN statistiques_missions(%s::date + 1, %s::date, %s::timestamptz) m"
        )
        de_la_source = [fin_de_campagne(champ.campagne - 1), champ.arrete, champ.instant or "infinity"]
    else:
        source = (
            "unnest(%s::bigint[]) WITH ORDINALITY j(cliche, rang) "
            "JOIN statistiques_missionducliche m ON m.cliche_id = j.cliche"
        )
        de_la_source = [[c.pk for c in cliches]]
    with connection.cursor() as curseur:
        curseur.execute(
            f"SELECT {colonnes} FROM {source} JOIN territoire_structure s ON s.id = m.structure_id "
            f"WHERE {condition} {suite}",
            [*de_la_source, *valeurs],
        )
        return curseur.fetchall()


def missions(champ, cliches=()):
    """For each kept state (the field's own, or now, unless said), [(code, name, {indicator: `Resultat`})], one a commissioned
    structure, over the missions proposed in the campaign; the first row, whose code is None, is the whole place."""
    choisis = [REGISTRE[code] for code in codes_de("missions")]
    colonnes = ", ".join(c for i in choisis for c in i.colonnes)
    lignes = _missions(
        champ,
        f"j.rang, s.code, s.nom, {colonnes}",
        "GROUP BY GROUPING SETS ((j.rang, s.code, s.nom, s.nom_tri), (j.rang)) ORDER BY s.nom_tri NULLS FIRST",
        cliches,
    )
    ensemble = (None, None, {i.code: i.resultat((0, 0, 0)) for i in choisis})
    resultats = [[] for _ in cliches or (None,)]
    for rang, code, nom, *reste in lignes:
        chiffres = {i.code: i.resultat(reste[3 * k : 3 * k + 3]) for k, i in enumerate(choisis)}
        resultats[rang - 1].append((code, nom, chiffres))
    return [lu or [ensemble] for lu in resultats]


def liste_des_missions(champ, code, structure=""):
    """Ids of the missions behind an indicator, of one structure (its code) or of all."""
    lues = _missions(champ, "m.mission_id, s.code", f"AND {REGISTRE[code].mesure.liste}")
    return [pk for pk, de in lues if not structure or de == structure]


def _stock(champ, colonnes, suite):
    lieu, valeurs = champ.lieu.sql()
    with connection.cursor() as curseur:
        curseur.execute(
            f"""SELECT {colonnes} FROM statistiques_courant e CROSS JOIN (SELECT make_date(%s, 7, 1) AS le, %s::date AS au) p
            WHERE {lieu} AND {REGISTRE["stock"].mesure.liste} {suite}""",
            [champ.campagne, champ.au, *valeurs],
        )
        return curseur.fetchall()


def stock(champ):
    """Jeunes with an open dossier on 1 July of the campaign (a figure of its own, decisions.md 18), as a `Resultat`; None for
    a past state of the base."""
    if champ.connu_au is not None:
        return None
    ((n,),) = _stock(champ, "count(DISTINCT e.jeune_id)", "")
    return REGISTRE["stock"].resultat((n, n, n))


def liste_du_stock(champ):
    """[(jeune id, dossier id)] of `stock`, each jeune once."""
    return _stock(
        champ,
        "DISTINCT ON (e.jeune_id) e.jeune_id, e.dossier_id",
        "ORDER BY e.jeune_id, e.ouvert_le DESC, e.dossier_id",
    )


def identites(champ):
    """What is not sure today in the count of persons, from the matching model: an `Incertitude`, or None where it is not
    computed (a partner's scope, a school, a past state of the base)."""
    lieu = champ.lieu
    if (
        lieu.type not in {"academie", "bassin"}
        or lieu.types
        or lieu.bassins
        or champ.filtres
        or champ.connu_au
    ):
        return None
    bassin = lieu.id if lieu.type == "bassin" else None
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT * FROM statistiques_identites(%s, %s, %s, %s)",
            [champ.campagne, lieu.academie_id, bassin, champ.arrete],
        )
        return Incertitude(*curseur.fetchone())


@dataclass(frozen=True)
class Incertitude:
    """Expected number of wrong joins and of remaining duplicates, with the variance of each.

    Each join made by the engine is wrong, and each pair still to decide is a duplicate, with the probability that the
    model gave it; their number then follows a sum of independent draws. What the model did not see (a pair that it never
    raised, a person's own mistake) is not in it: the pages say so.
    """

    joints: int
    faux: float
    variance_faux: float
    paires: int
    doublons: float
    variance_doublons: float

    @property
    def intervalle_faux(self):
        return intervalle(self.faux, self.variance_faux, self.joints)

    @property
    def intervalle_doublons(self):
        return intervalle(self.doublons, self.variance_doublons, self.paires)

    def intervalle_total(self, jeunes):
        """Where the true number of persons lies, at least 19 times out of 20 if the model's probabilities are right: both
        intervals taken at their worst."""
        (faux_bas, faux_haut), (doublons_bas, doublons_haut) = self.intervalle_faux, self.intervalle_doublons
        return jeunes - doublons_haut + faux_bas, jeunes - doublons_bas + faux_haut


def intervalle(moyenne, variance, maximum):
    """The 95 % interval of a sum of `maximum` independent draws.

    Few expected: the quantiles of Poisson's law, never narrower than the truth (a sum of unequal draws spreads less). Many:
    the normal law.
    """
    if moyenne >= 10:
        marge = 1.96 * variance**0.5
        return max(0, round(moyenne - marge)), min(maximum, round(moyenne + marge))
    bas = haut = rang = 0
    terme = cumul = exp(-moyenne)
    while cumul < 0.975:
        if cumul < 0.025:
            bas = rang + 1
        rang += 1
        terme *= moyenne / rang
        cumul += terme
        haut = rang
    return min(bas, maximum), min(haut, maximum)

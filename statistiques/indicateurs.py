"""What is counted, each figure with its definition. One registry, read by the pages, the exports, the command and the tests.

An indicator is a function whose docstring is the definition shown to the user; it returns a `Mesure`, whose SQL
fragments speak of `e` (a row of `Episode`), `p.au` (the day asked) and `p.fin` (the same, or the end of the campaign).
The unit is a jeune in a campaign (decisions.md 18). Those of another `source` than the episodes are read by `releves`, from
the rows named at `SOURCES`.
"""

from dataclasses import dataclass

#: Counted: neither out of scope, nor withdrawn, nor followed only under the obligation to train, by that day.
COMPTE = (
    "(NOT e.obligation AND (e.hors_champ_le IS NULL OR e.hors_champ_le > p.fin) "
    "AND (e.retire_le IS NULL OR e.retire_le > p.fin))"
)
PAS_RETIRE = "(e.retire_le IS NULL OR e.retire_le > p.fin)"
HORS_CHAMP = f"({PAS_RETIRE} AND e.hors_champ_le <= p.fin)"
PAS_SORTI = f"({HORS_CHAMP} AND e.hors_champ_motif = 'n_etait_pas_sorti')"
FORMATION = "(e.formation_le <= p.fin)"
INSERTION = f"(e.insertion_le <= p.fin AND {FORMATION} IS NOT TRUE)"
ACCOMPAGNEMENT = (
    f"(e.accompagnement_le <= p.fin AND {FORMATION} IS NOT TRUE AND (e.insertion_le <= p.fin) IS NOT TRUE)"
)
SOLUTION = "(e.solution_le <= p.fin)"


def _combien(dates):
    """SQL: how many of a list of days (in any order, unknown ones left out) had come, of a jeune whose reports were not all
    withdrawn by then. Most lists hold one day at the most: only the longer are opened, since that costs more than all the
    rest of a row."""
    return (
        f"(CASE WHEN e.retire_le <= p.fin OR cardinality({dates}) = 0 THEN 0 "
        f"WHEN cardinality({dates}) = 1 THEN COALESCE(({dates}[1] <= p.fin)::int, 0) "
        f"ELSE (SELECT count(*) FROM unnest({dates}) AS u(le) WHERE u.le <= p.fin) END)"
    )


ENVOIS = _combien("e.envois")
TRIES = _combien("e.tries")
LUS = _combien("e.lus")


@dataclass(frozen=True)
class Mesure:
    """How an indicator is computed.

    genre: effectif (jeunes for whom `numerateur` holds), part (share of those for whom `denominateur` holds), somme
    (sum of the number `valeur`), rapport (sum of `valeur` over sum of `base`), duree (days `valeur`, median and 9th decile).
    `liste` is the condition of what the figure lists (drill-down): the jeunes, each once, or for a sum those who add
    `valeur` to it.
    """

    genre: str
    numerateur: str = "false"
    denominateur: str = "true"
    valeur: str = "0"
    base: str = "0"
    liste: str | None = None


@dataclass(frozen=True)
class Indicateur:
    code: str
    libelle: str
    famille: str
    definition: str
    mesure: Mesure
    source: str = "episodes"

    @property
    def est_somme(self):
        """Is the figure a sum over jeunes, each of whom may count for several?"""
        return self.mesure.genre in {"somme", "rapport"}

    @property
    def est_part(self):
        return self.mesure.genre in {"part", "rapport"}

    @property
    def colonnes(self):
        """SQL aggregates: (numerator, denominator) or, for a delay, (median, 9th decile, number)."""
        m = self.mesure
        if m.genre == "duree":
            filtre = f"FILTER (WHERE {m.numerateur} AND ({m.valeur}) >= 0)"
            return (
                f"percentile_cont(0.5) WITHIN GROUP (ORDER BY ({m.valeur})::float) {filtre}",
                f"percentile_cont(0.9) WITHIN GROUP (ORDER BY ({m.valeur})::float) {filtre}",
                f"count(*) {filtre}",
            )
        if m.genre in {"somme", "rapport"}:
            return (
                f"COALESCE(sum({m.valeur}), 0)::bigint",
                f"COALESCE(sum({m.base}), 0)::bigint",
                "count(*)",
            )
        return (
            f"count(*) FILTER (WHERE {m.numerateur})",
            f"count(*) FILTER (WHERE {m.denominateur})",
            "count(*)",
        )

    @property
    def colonnes_des_comptes(self):
        """The same without the median and the decile: how many jeunes the figure rests on, cheaply."""
        return ("NULL", "NULL", self.colonnes[2]) if self.mesure.genre == "duree" else self.colonnes

    def somme(self, resultats):
        """The `Resultat` of several groups together; of a delay, how many jeunes it rests on, and nothing else."""
        if self.mesure.genre == "duree":
            return self.resultat((None, None, sum(r.base for r in resultats)))
        detail = "detail" if self.est_part else "valeur"
        return self.resultat(
            (sum(getattr(r, detail) for r in resultats), sum(r.base for r in resultats), None)
        )

    def resultat(self, ligne):
        """A `Resultat` from the three columns of one row."""
        if self.mesure.genre == "duree":
            mediane, decile, n = ligne
            return Resultat(self, mediane, n, decile)
        num, den, _ = ligne
        if self.est_part:
            return Resultat(self, num / den if den else None, den, num)
        return Resultat(self, num, num)


@dataclass(frozen=True)
class Resultat:
    """A figure: `valeur` (None when there is nothing to divide by), `base` (people or things it rests on), `detail`
    (numerator of a share, 9th decile of a delay)."""

    indicateur: Indicateur
    valeur: float | int | None
    base: int = 0
    detail: float | int | None = None

    @property
    def texte(self):
        return formater(self.indicateur.mesure.genre, self.valeur)

    @property
    def effectif(self):
        """The number of jeunes (or of things, for a sum) behind the figure, as the drill-down lists them."""
        return self.detail if self.indicateur.est_part else self.base


def formater(genre, valeur):
    """A figure as it is read in French: 2 130 · 72,0 % · 12 j."""
    if valeur is None:
        return "–"
    if genre in {"part", "rapport"}:
        return f"{valeur * 100:.1f}".replace(".", ",") + "\u202f%"
    if genre == "duree":
        return f"{valeur:.1f}".replace(".", ",").removesuffix(",0") + "\u00a0j"
    if genre == "taux":
        return f"{valeur:.1f}".replace(".", ",") + "\u202f‰"
    return f"{valeur:,.0f}".replace(",", "\u202f")


REGISTRE = {}


#: What the rows `m`, `r` and `e` of each source are: the episodes of a campaign, the missions proposed in it, the structures
#: expected to report (with `r.structure_id`, None without an answer), the dossiers open on 1 July.
SOURCES = ("episodes", "missions", "reponses", "stock")


def indicateur(libelle, famille, source="episodes"):
    """Register a function as an indicator; its docstring is the definition that users read."""

    def enregistrer(fonction):
        definition = " ".join(fonction.__doc__.split())
        objet = Indicateur(fonction.__name__, libelle, famille, definition, fonction(), source)
        REGISTRE[objet.code] = objet
        return objet

    return enregistrer


# --- Jeunes ---------------------------------------------------------------------------------------------------


@indicateur("Jeunes repérés", "jeunes")
def jeunes():
    """Jeunes distincts dont un dossier s'ouvre ou se rouvre dans la campagne, à la date du premier signalement de cette
    sortie. Un jeune signalé plusieurs fois compte une fois. Ne sont pas comptés : les hors champ, ceux dont tous les
    signalements ont été retirés à la date d'arrêté, les diplômés de 16-17 ans suivis au titre de l'obligation de
    formation."""
    return Mesure("effectif", COMPTE, liste=COMPTE)


@indicateur("Signalements reçus", "jeunes")
def signalements():
    """Signalements envoyés dans la campagne pour les jeunes dont un dossier s'y ouvre ou s'y rouvre (hors champ compris),
    sauf ceux qui ont été retirés. Un jeune dont tous les signalements ont été retirés cesse de compter le jour du dernier
    retrait, et ses signalements avec lui."""
    return Mesure("somme", valeur=ENVOIS, liste=f"({ENVOIS} > 0)")


@indicateur("Doublons évités", "jeunes")
def doublons_evites():
    """Signalements reçus en plus du premier pour un jeune déjà signalé dans la campagne : autant de jeunes qui auraient
    été comptés deux fois."""
    return Mesure("somme", valeur=f"GREATEST({ENVOIS} - 1, 0)", liste=f"({ENVOIS} > 1)")


@indicateur("N’étaient pas sortis", "jeunes")
def pas_sortis():
    """Jeunes signalés dont on a constaté qu'ils étaient encore en formation (autre établissement, CFA, lycée agricole,
    privé, CNED, autre académie). Ils ne comptent pas parmi les jeunes repérés."""
    return Mesure("effectif", PAS_SORTI, liste=PAS_SORTI)


@indicateur("Hors champ, autres motifs", "jeunes")
def hors_champ():
    """Jeunes signalés qui ne relèvent pas du dispositif pour un autre motif : moins de 16 ans, diplômés, hors de
    l'académie. Ils ne comptent pas parmi les jeunes repérés."""
    condition = f"({HORS_CHAMP} AND e.hors_champ_motif <> 'n_etait_pas_sorti')"
    return Mesure("effectif", condition, liste=condition)


@indicateur("Obligation de formation", "jeunes")
def obligation():
    """Diplômés de 16-17 ans signalés au titre de l'obligation de formation : suivis, mais hors du compte des jeunes
    sortis sans diplôme."""
    condition = f"(e.obligation AND {PAS_RETIRE} AND (e.hors_champ_le IS NULL OR e.hors_champ_le > p.fin))"
    return Mesure("effectif", condition, liste=condition)


@indicateur("Mineurs parmi les jeunes repérés", "jeunes")
def mineurs():
    """Part des jeunes repérés qui avaient moins de 18 ans le jour du premier signalement."""
    return Mesure("part", f"({COMPTE} AND e.mineur)", COMPTE, liste=f"({COMPTE} AND e.mineur)")


# --- Solutions ------------------------------------------------------------------------------------------------


@indicateur("Avec une solution", "solutions")
def avec_solution():
    """Part des jeunes repérés pour qui une solution (formation, insertion ou accompagnement) a commencé avant la date
    d'arrêté, et au plus tard à la fin de la campagne, même si elle a pris fin depuis. L'accompagnement compte à partir
    du premier rendez-vous tenu ; un entretien ou une simple inscription n'est pas une solution."""
    condition = f"({COMPTE} AND {SOLUTION})"
    return Mesure("part", condition, COMPTE, liste=condition)


@indicateur("En formation", "solutions")
def en_formation():
    """Part des jeunes repérés dont la meilleure solution est une formation : retour en formation scolaire, MLDS,
    apprentissage, contrat de professionnalisation, formation de la Région, école de la deuxième chance."""
    return Mesure("part", f"({COMPTE} AND {FORMATION})", COMPTE, liste=f"({COMPTE} AND {FORMATION})")


@indicateur("En insertion", "solutions")
def en_insertion():
    """Part des jeunes repérés dont la meilleure solution est une insertion (emploi, service civique), sans formation."""
    return Mesure("part", f"({COMPTE} AND {INSERTION})", COMPTE, liste=f"({COMPTE} AND {INSERTION})")


@indicateur("En accompagnement", "solutions")
def en_accompagnement():
    """Part des jeunes repérés dont la seule solution est un accompagnement (mission locale, EPIDE, France Travail,
    accompagnement spécialisé) qui a commencé par un rendez-vous tenu."""
    return Mesure(
        "part", f"({COMPTE} AND {ACCOMPAGNEMENT})", COMPTE, liste=f"({COMPTE} AND {ACCOMPAGNEMENT})"
    )


@indicateur("Sans solution", "solutions")
def sans_solution():
    """Part des jeunes repérés pour qui aucune solution n'a commencé avant la date d'arrêté."""
    condition = f"({COMPTE} AND {SOLUTION} IS NOT TRUE)"
    return Mesure("part", condition, COMPTE, liste=condition)


def _devenir(mois):
    echu = f"({COMPTE} AND (e.ouvert_le + make_interval(months => {mois}))::date <= p.au)"
    en_solution = f"({echu} AND e.a_{mois}_mois IN ('formation', 'insertion', 'accompagnement'))"
    return Mesure("part", en_solution, echu, liste=en_solution)


@indicateur("En solution 3 mois après", "solutions")
def devenir_3_mois():
    """Part des jeunes en solution trois mois après leur premier signalement, parmi ceux pour qui trois mois ont passé.
    Le devenir retenu est le dernier connu à cette date ; s'il n'était plus valable, le jeune n'est pas compté en
    solution."""
    return _devenir(3)


@indicateur("En solution 6 mois après", "solutions")
def devenir_6_mois():
    """Part des jeunes en solution six mois après leur premier signalement, parmi ceux pour qui six mois ont passé. Le
    devenir retenu est le dernier connu à cette date, s'il était encore valable."""
    return _devenir(6)


@indicateur("En solution 12 mois après", "solutions")
def devenir_12_mois():
    """Part des jeunes en solution douze mois après leur premier signalement, parmi ceux pour qui douze mois ont passé. Le
    devenir retenu est le dernier connu à cette date, s'il était encore valable."""
    return _devenir(12)


# --- Délais ---------------------------------------------------------------------------------------------------


def _delai(debut, fin):
    connus = f"({COMPTE} AND {fin} <= p.fin AND {debut} IS NOT NULL)"
    return Mesure("duree", connus, valeur=f"{fin} - {debut}", liste=f"({connus} AND {fin} >= {debut})")


@indicateur("De la sortie au signalement", "delais")
def delai_signalement():
    """Jours entre la sortie et le premier signalement, pour les jeunes repérés dont la date de sortie est connue : la
    moitié attendent moins que la médiane, neuf sur dix moins que le neuvième décile."""
    return _delai("e.date_sortie", "e.ouvert_le")


@indicateur("Du signalement à l’entretien", "delais")
def delai_entretien():
    """Jours entre le premier signalement et le premier entretien de situation tenu."""
    return _delai("e.ouvert_le", "e.entretien_le")


@indicateur("De l’entretien à la préconisation", "delais")
def delai_preconisation():
    """Jours entre le premier entretien tenu et la première préconisation du groupe d'appui."""
    return _delai("e.entretien_le", "e.preconisation_le")


@indicateur("De la préconisation à la mission", "delais")
def delai_mission():
    """Jours entre la première préconisation et la première mission proposée à une structure."""
    return _delai("e.preconisation_le", "e.mission_le")


@indicateur("De la mission à la solution", "delais")
def delai_solution():
    """Jours entre la première mission proposée et le début de la première solution."""
    return _delai("e.mission_le", "e.solution_le")


@indicateur("Du signalement à la solution", "delais")
def delai_total():
    """Jours entre le premier signalement et le début de la première solution."""
    return _delai("e.ouvert_le", "e.solution_le")


# --- Obligations et retours -------------------------------------------------------------------------------------


@indicateur("Délai légal tenu", "qualite")
def delai_legal():
    """Part des mineurs reçus avec leur responsable légal dans les trois mois du signalement (article L313-8), parmi ceux
    dont le délai est échu ou qui ont été reçus."""
    tenu = f"({COMPTE} AND e.recu_le <= e.echeance_legale AND e.recu_le <= p.au)"
    juge = f"({COMPTE} AND e.echeance_legale IS NOT NULL AND (e.echeance_legale < p.au OR e.recu_le <= p.au))"
    return Mesure("part", tenu, juge, liste=tenu)


@indicateur("Entretiens tenus", "qualite")
def entretiens():
    """Part des jeunes repérés qui ont eu un entretien de situation."""
    condition = f"({COMPTE} AND e.entretien_le <= p.fin)"
    return Mesure("part", condition, COMPTE, liste=condition)


@indicateur("Retours lus", "qualite")
def retours_lus():
    """Part des signalements pris en compte par le groupe d'appui dont le déclarant a ouvert le retour."""
    return Mesure("rapport", valeur=LUS, base=TRIES, liste=f"({LUS} > 0)")


# --- Beside the episodes ----------------------------------------------------------------------------------------


def _missions(condition):
    return Mesure("effectif", condition, liste=condition)


@indicateur("Missions", "missions", "missions")
def missions():
    """Missions proposées dans la campagne à une structure, quelle que soit sa réponse. Un jeune confié deux fois compte
    deux fois."""
    return _missions("true")


@indicateur("Acceptées", "missions", "missions")
def missions_acceptees():
    """Missions proposées dans la campagne que la structure a acceptées avant la date d'arrêté, même si elles ont pris fin
    depuis."""
    return _missions("m.suite = 'acceptee'")


@indicateur("Refusées", "missions", "missions")
def missions_refusees():
    """Missions proposées dans la campagne que la structure a refusées avant la date d'arrêté."""
    return _missions("m.suite = 'refusee'")


@indicateur("Expirées", "missions", "missions")
def missions_expirees():
    """Missions proposées dans la campagne restées sans réponse jusqu'à leur échéance, passée avant la date d'arrêté."""
    return _missions("m.suite = 'expiree'")


@indicateur("En attente ou retirées", "missions", "missions")
def missions_en_attente():
    """Missions proposées dans la campagne qui attendent encore une réponse à la date d'arrêté, ou que le groupe d'appui a
    retirées avant elle."""
    return _missions("m.suite IN ('en_attente', 'retiree')")


@indicateur("Délai de réponse", "missions", "missions")
def delai_reponse():
    """Jours entre la proposition d'une mission et la réponse de la structure, pour les missions acceptées ou refusées."""
    condition = "m.repondue_le >= m.proposee_le"
    return Mesure("duree", condition, valeur="m.repondue_le - m.proposee_le", liste=condition)


@indicateur("Couverture", "qualite", "reponses")
def couverture():
    """Part des établissements attendus, ouverts à la date d'arrêté, qui ont répondu depuis le début de la campagne : un
    signalement au moins, ou « aucun départ ». Le chiffre ouvre la liste de ceux qui n'ont pas répondu."""
    return Mesure("part", "r.structure_id IS NOT NULL", liste="r.structure_id IS NULL")


@indicateur("Dossiers ouverts au 1er juillet", "qualite", "stock")
def stock():
    """Jeunes dont un dossier, ouvert avant le 1er juillet de la campagne, n'était pas clos ce jour-là. Ils sont
    comptés à part : ils appartiennent aux campagnes précédentes."""
    condition = (
        "(e.ouvert_le < p.le AND (e.clos_le IS NULL OR e.clos_le >= p.le) "
        "AND (e.hors_champ_le IS NULL OR e.hors_champ_le >= p.le) AND (e.retire_le IS NULL OR e.retire_le >= p.le))"
    )
    return Mesure("effectif", condition, liste=condition)


FAMILLES = {
    "jeunes": "Les jeunes",
    "solutions": "Les solutions",
    "delais": "Les délais",
    "qualite": "Obligations et retours",
}


#: What a school reads about the jeunes that it reported: their number and what became of them, nothing that comes
#: from another structure's report.
POUR_UN_ETABLISSEMENT = (
    "jeunes", "avec_solution", "en_formation", "en_insertion", "en_accompagnement", "sans_solution",
    "devenir_3_mois", "devenir_6_mois", "devenir_12_mois",
)  # fmt: skip


def codes_pour(lieu):
    """Indicators over the episodes that may be shown for a place, in order."""
    return list(POUR_UN_ETABLISSEMENT) if lieu.type == "etablissement" else codes_de("episodes")


def codes_de(source):
    """Indicators of a source, in order."""
    return [i.code for i in REGISTRE.values() if i.source == source]


def codes_a_cote(lieu):
    """Indicators beside the episodes that are shown for a place: a school has no mission, an operator expects no school."""
    sources = {"academie": SOURCES[1:], "bassin": SOURCES[1:], "operateur": ("missions", "stock")}.get(
        lieu.type, ("stock",)
    )
    return [code for source in sources for code in codes_de(source)]


def calculer(champ, codes, dimensions, groupes=()):
    """{group key: {code: Resultat}} in one query. groupes: `Dimension`s; the key is a tuple of their codes; () is always
    there when nothing is asked to group by."""
    resultat = calculer_par_cliche(champ, codes, dimensions, groupes, [champ.cliche])[0]
    return resultat if groupes or resultat else {(): {c: REGISTRE[c].resultat((0, 0, 0)) for c in codes}}


def calculer_par_cliche(champ, codes, dimensions, groupes, cliches):
    """`calculer` over several kept states, in one query: [{group key: {code: Resultat}}], one a state."""
    choisis = [REGISTRE[c] for c in codes]
    colonnes = [colonne for i in choisis for colonne in i.colonnes]
    lignes = champ.executer(colonnes, dimensions, [*(d.groupe for d in groupes), "p.rang"], cliches=cliches)
    n = len(groupes)
    resultats = [{} for _ in cliches]
    for ligne in lignes:
        valeurs = ligne[n + 1 :]
        resultats[ligne[n]][tuple(ligne[:n])] = {
            i.code: i.resultat(valeurs[3 * k : 3 * k + 3]) for k, i in enumerate(choisis)
        }
    return resultats


def calculer_ensembles(champ, codes, dimensions, ensembles, cliches=(), comptes=False):
    """The figures by each of several sets of dimensions, in one query: [{key: {code: Resultat}}], one a set; with
    `cliches` (several kept states), such a list for each.

    ensembles: tuples of `Dimension`s (none of them `multiple`); () gives the whole, under the key (). What holds nobody
    has no key. comptes: of delays, how many jeunes they rest on is enough.
    """
    choisis = [REGISTRE[c] for c in codes]
    colonnes = [c for i in choisis for c in (i.colonnes_des_comptes if comptes else i.colonnes)]
    toutes = list({d.code: d for ensemble in ensembles for d in ensemble}.values())
    n = len(toutes)
    rang = {d.code: k for k, d in enumerate(toutes)}
    masques = [
        sum(1 << (n - 1 - k) for c, k in rang.items() if c not in {d.code for d in e}) for e in ensembles
    ]
    lignes = champ.executer(
        [*colonnes, f"GROUPING({', '.join(d.sql for d in toutes)})" if toutes else "0", "p.rang"],
        dimensions,
        [d.sql for d in toutes],
        ensembles=[[*(d.sql for d in e), "p.rang"] for e in {tuple(e) for e in ensembles}],
        cliches=cliches,
    )
    resultats = [[{} for _ in ensembles] for _ in cliches or (None,)]
    for ligne in lignes:
        valeurs = {i.code: i.resultat(ligne[n + 3 * k : n + 3 * k + 3]) for k, i in enumerate(choisis)}
        for masque, ensemble, resultat in zip(masques, ensembles, resultats[ligne[-1]], strict=True):
            if masque == ligne[-2]:
                resultat[tuple(ligne[rang[d.code]] for d in ensemble)] = valeurs
    return resultats if cliches else resultats[0]


def totaux(champ, codes, dimensions):
    """{code: Resultat} of the whole field."""
    return calculer(champ, codes, dimensions)[()]


def definitions():
    """{code: {libelle, definition}} of every indicator."""
    return {i.code: {"libelle": i.libelle, "definition": i.definition} for i in REGISTRE.values()}

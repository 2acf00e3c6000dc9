"""Where figures are read from: a relation of episodes, restricted to a place, a campaign and a day.

`Champ` says what is looked at; `Champ.executer` aggregates it in SQL. Fragments of SQL come from this package only
(`indicateurs`, `dimensions`); values always travel as parameters.
"""

from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import count
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from signalements.models import campagne_de

from .models import Cliche

PARIS = ZoneInfo("Europe/Paris")


def libelle_campagne(annee):
    """2009 → "2009-2010"."""
    return f"{annee}-{annee + 1}"


def lire_campagne(texte):
    """ "2009-2010" or "2009" → 2009. Raises ValueError."""
    debut, _, fin = texte.strip().partition("-")
    annee = int(debut)
    if not 1990 <= annee <= 2100 or fin and int(fin) != annee + 1:
        raise ValueError("campagne inconnue")
    return annee


def fin_de_campagne(annee):
    return date(annee + 1, 6, 30)


def instant_de_fin(jour):
    """The last instant of a day, in Paris; an instant is itself."""
    if isinstance(jour, datetime):
        return jour
    return datetime.combine(jour + timedelta(days=1), time(), PARIS) - timedelta(microseconds=1)


def meme_jour(jour, annees):
    """The same day so many years earlier (29 February → 28)."""
    try:
        return jour.replace(year=jour.year - annees)
    except ValueError:
        return jour.replace(year=jour.year - annees, day=28)


_rangs = count(1)
_calculs = ContextVar("past states already computed for this page", default=None)


@contextmanager
def un_seul_calcul():
    """Within it, the episodes of a past state of the base are computed once, into a table of the transaction, for all the
    figures that read them: a page reads them five times, and each computation costs a second at 200 000 jeunes. Groups are
    counted in memory: at PostgreSQL's 4 MB, a page sorts its 60 000 rows seven times on the disk."""
    jeton = _calculs.set({})
    try:
        with nullcontext() if connection.in_atomic_block else transaction.atomic():
            with connection.cursor() as curseur:
                curseur.execute("SET LOCAL work_mem = '32MB'")
            yield
    finally:
        _calculs.reset(jeton)


def _episodes_connus(campagne, instant):
    """(FROM clause of the episodes of a campaign as known at an instant, parameters)."""
    source, valeurs = "statistiques_episodes(NULL, %s, ARRAY[%s])", [instant, campagne]
    calculs = _calculs.get()
    if calculs is None:
        return source, valeurs
    if (campagne, instant) not in calculs:
        table = f"episodes_connus_{next(_rangs)}"
        with connection.cursor() as curseur:
            curseur.execute(f"CREATE TEMP TABLE {table} ON COMMIT DROP AS SELECT * FROM {source}", valeurs)
        calculs[campagne, instant] = table
    return calculs[campagne, instant], []


@dataclass(frozen=True)
class Lieu:
    """A place that figures are about: an académie, a bassin, a reporting structure, an operator.

    type: academie, bassin, etablissement, operateur; etats: structure types kept (a partner's own scope), () for all;
    bassins: bassins kept (a département), () for all.
    """

    type: str
    id: int
    nom: str
    code: str = ""
    academie_id: int | None = None
    types: tuple = ()
    bassins: tuple = ()

    @property
    def cle(self):
        """How the place is written in an address."""
        return self.type if self.type == "academie" else f"{self.type}-{self.code}"

    def des_siens(self):
        """(condition on `e`, parameters): is it a jeune whom the people of this place know?"""
        colonne = {"bassin": "e.bassin_id = %s", "etablissement": "e.declarants @> ARRAY[%s]::bigint[]",
                   "operateur": "e.operateurs @> ARRAY[%s]::bigint[]"}  # fmt: skip
        return colonne[self.type], [self.id]

    def sql(self):
        """(condition on `e`, parameters)."""
        if self.type == "academie":
            conditions, valeurs = ["e.academie_id = %s"], [self.id]
        elif self.type == "bassin":
            conditions, valeurs = ["e.bassin_id = %s"], [self.id]
        elif self.type == "etablissement":
            # Only once the GAB has triaged this school's own report: until then it reads "reçu" (decisions.md 4).
            conditions = [
                "e.declarants @> ARRAY[%s]::bigint[] AND EXISTS (SELECT FROM unnest(e.declarants, e.tries) "
                "AS l(qui, le) WHERE l.qui = %s AND l.le <= p.au)"
            ]
            valeurs = [self.id, self.id]
        else:
            conditions = [
                "e.operateurs @> ARRAY[%s]::bigint[] AND EXISTS (SELECT FROM unnest(e.operateurs, e.missions_le) "
                "AS l(qui, le) WHERE l.qui = %s AND l.le <= p.au)"
            ]
            valeurs = [self.id, self.id]
        if self.types:
            conditions.append("e.structure_type = ANY(%s)")
            valeurs.append(list(self.types))
        if self.bassins:
            conditions.append("e.bassin_id = ANY(%s)")
            valeurs.append(list(self.bassins))
        return " AND ".join(conditions), valeurs


@dataclass(frozen=True)
class Champ:
    """What a figure is computed over.

    au: facts that happened by that day (decisions.md 19, "arrêté au"); connu_au: facts recorded by the end of that day, or
    by that instant ("tel que connu au"), None for what is known now; filtres: ((dimension, value), …); cliche: the kept state
    that is read instead of the summary (then `au` is its day); sauf: places whose jeunes are left out.
    """

    lieu: Lieu
    campagne: int
    au: date
    connu_au: date | None = None
    filtres: tuple = field(default=())
    cliche: Cliche | None = None
    sauf: tuple = ()

    @property
    def arrete(self):
        """The day at which facts stop: never after the end of the campaign."""
        return min(self.au, fin_de_campagne(self.campagne))

    @property
    def instant(self):
        """When what is read was known; None for now."""
        if self.cliche:
            return self.cliche.pris_le
        return instant_de_fin(self.connu_au) if self.connu_au else None

    @property
    def precedent(self):
        """The same thing a year earlier, to the same date."""
        connu = meme_jour(self.connu_au, 1) if self.connu_au else None
        return replace(
            self, campagne=self.campagne - 1, au=meme_jour(self.au, 1), connu_au=connu, cliche=None
        )

    def source(self, cliches=()):
        """(FROM clause giving `e` and `p`, parameters). `p.au` is the day asked, `p.fin` the day at which facts stop.

        cliches: the kept states to read, each a `p` with its `rang`; the field's own, or the summary, unless said.
        """
        cliches = cliches or (self.cliche,)
        lus = [(c.au, c.pk) if c else (self.au, None) for c in cliches]
        dates = [
            v
            for rang, (jour, pk) in enumerate(lus)
            for v in (rang, jour, min(jour, fin_de_campagne(self.campagne)), pk)
        ]
        chaque_jour = " UNION ALL ".join(
            ["SELECT %s::int AS rang, %s::date AS au, %s::date AS fin, %s::bigint AS cliche"] * len(lus)
        )
        lien, sur = "CROSS JOIN", ""
        if cliches[0] is not None:
            # the second condition finds the rows by their index: the planner does not see through the first
            lien, sur = "JOIN", "ON p.cliche = e.cliche_id AND e.cliche_id = ANY(%s)"
            dates.append([c.pk for c in cliches])
        jointures = (
            f"{lien} ({chaque_jour}) p {sur} "
            # PostgreSQL drops those that the figure does not use
            "LEFT JOIN territoire_bassin b ON b.id = e.bassin_id "
            "LEFT JOIN territoire_bassin bf ON bf.id = e.bassin_formation_id "
            "LEFT JOIN territoire_structure s ON s.id = e.structure_id"
        )
        if cliches[0] is not None:
            return f"statistiques_episodeducliche e {jointures}", dates
        if self.connu_au is None:
            return f"statistiques_courant e {jointures}", dates
        episodes, valeurs = _episodes_connus(self.campagne, self.instant)
        return f"{episodes} e {jointures}", [*valeurs, *dates]

    def ou(self, dimensions):
        """(WHERE clause, parameters)."""
        lieu, valeurs = self.lieu.sql()
        conditions = ["e.campagne = %s", lieu, "e.ouvert_le <= p.fin"]
        valeurs = [self.campagne, *valeurs]
        for autre in self.sauf:
            des_siens, siennes = autre.des_siens()
            conditions.append(f"NOT ({des_siens})")
            valeurs += siennes
        for nom, valeur in self.filtres:
            dimension = dimensions[nom]
            if dimension.multiple:
                conditions.append(f"%s = ANY({dimension.sql})")
            else:
                conditions.append(f"{dimension.sql} = %s")
            valeurs.append(dimension.lire(valeur))
        return " AND ".join(conditions), valeurs

    def executer(
        self, colonnes, dimensions, groupes=(), *, condition="", ordre="", ensembles=None, cliches=()
    ):
        """Rows of `SELECT groupes, colonnes … GROUP BY groupes`.

        colonnes: SQL expressions; dimensions: the registry that filters name; groupes: SQL expressions; ensembles: the
        GROUPING SETS, as lists of those expressions, instead of their crossing; cliches: as for `source`.
        """
        source, valeurs = self.source(cliches)
        ou, suite = self.ou(dimensions)
        if condition:
            ou += f" AND ({condition})"
        texte = f"SELECT {', '.join([*groupes, *colonnes])} FROM {source} WHERE {ou}"
        if ensembles:
            texte += f" GROUP BY GROUPING SETS ({', '.join(f'({chr(44).join(e)})' for e in ensembles)})"
        elif groupes:
            texte += " GROUP BY " + ", ".join(str(i + 1) for i in range(len(groupes)))
        if ordre:
            texte += f" ORDER BY {ordre}"
        with connection.cursor() as curseur:
            curseur.execute(texte, [*valeurs, *suite])
            return curseur.fetchall()

    @cached_property
    def libelle_date(self):
        """How the figures are dated, to follow "chiffres"."""
        texte = f"arrêtés au {self.arrete:%d/%m/%Y}"
        if self.au > self.arrete:
            texte += f", devenirs suivis jusqu’au {self.au:%d/%m/%Y}"
        if self.instant:
            texte += f", tels que connus au {timezone.localdate(self.instant):%d/%m/%Y}"
        return texte


def champ_du_jour(lieu, campagne=None):
    """The current campaign to today."""
    aujourdhui = timezone.localdate()
    return Champ(lieu, campagne_de(aujourdhui) if campagne is None else campagne, aujourdhui)

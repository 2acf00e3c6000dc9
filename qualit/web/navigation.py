"""The main menu. Each step registers its entries; the person sees those that their rights open.

In the step's AppConfig.ready():
    navigation.inscrire("Mes signalements", "signalements:liste", droits=[Droit.SIGNALER], ordre=10, compte=ma_fonction)
`compte(user)` returns the rows to treat (from `visibles_par`): those of every entry are counted in one query.
"""

from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.urls import NoReverseMatch, reverse

from qualit.territoire.droits import droits_de

_ENTREES = {}


@dataclass(frozen=True)
class Entree:
    libelle: str
    route: str
    droits: frozenset
    ordre: int
    compte: object = None


def inscrire(libelle, route, *, droits, ordre, compte=None):
    """Add an entry, once per route. `droits`: any of them opens it; empty means everyone who has a membership."""
    _ENTREES[route] = Entree(libelle, route, frozenset(droits), ordre, compte)


#: A costly count stops there: beyond it, people only need to know that there are many.
PLAFOND = 999


def au_plus(lignes):
    """The first rows of a queryset, enough to tell `PLAFOND` from more."""
    return lignes.order_by().values("pk")[: PLAFOND + 1]


def nombre_lisible(nombre, plafonne=True):
    """A number as shown; plafonne: it was counted `au_plus`."""
    return f"plus de {PLAFOND}" if plafonne and nombre > PLAFOND else nombre


def compter(lignes):
    """The number of rows of each queryset, all counted by one query."""
    morceaux, valeurs = [], []
    for une in lignes:
        try:
            sql, parametres = (une if une.query.is_sliced else une.order_by()).query.sql_with_params()
        except EmptyResultSet:
            sql, parametres = "SELECT 1 WHERE false", ()
        morceaux.append(f"(SELECT count(*) FROM ({sql}) lignes)")
        valeurs += parametres
    if not morceaux:
        return []
    with connection.cursor() as curseur:
        curseur.execute(f"SELECT {', '.join(morceaux)}", valeurs)
        return list(curseur.fetchone())


def menu(request, *aussi):
    """(the entries of this person: dicts libelle, url, actif, exact, compte; the numbers of rows of `aussi`).

    aussi: querysets that the header counts as well, by the same query.
    """
    if not request.user.is_authenticated:
        return [], [0] * len(aussi)
    if not getattr(request, "adhesion", None):
        return [], compter(aussi)
    possedes = droits_de(request.user)
    entrees, comptes = [], {}
    for entree in sorted(_ENTREES.values(), key=lambda e: (e.ordre, e.libelle)):
        if entree.droits and not entree.droits & possedes:
            continue
        try:
            url = reverse(entree.route)
        except NoReverseMatch:
            continue
        if entree.compte:
            comptes[len(entrees)] = entree.compte(request.user)
        exact = request.path == url
        entrees.append(
            {"libelle": entree.libelle, "url": url, "actif": False, "exact": exact, "compte": None}
        )
    nombres = compter([*comptes.values(), *aussi])
    for rang, nombre in zip(comptes, nombres, strict=False):
        entrees[rang]["compte"] = nombre or None
    # The longest address that starts the current one is where we are.
    ici = [e for e in entrees if request.path.startswith(e["url"])]
    if ici:
        max(ici, key=lambda e: len(e["url"]))["actif"] = True
    return entrees, nombres[len(comptes) :]

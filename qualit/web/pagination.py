"""Pages of a list, keeping the filters of the address."""

from django.core.paginator import Paginator
from django.db.models import QuerySet

PAR_PAGE = 25


def paginer(request, lignes, *, par_page=PAR_PAGE, total=None):
    """Return the page asked by ?page= (the first or last one when out of range), ready for composants/pagination.html.

    `page.prefixe` is the query string to keep ("q=x&", or ""), `page.numeros` the numbers to show, None for a gap.
    total: the number of rows of a long queryset whose order is costly, when a lighter statement counts them; its page is
    then read in two times (the keys in order, then their rows), so that only the rows shown are joined to others.
    """
    lignes = sans_egalite(lignes)
    paginateur = Paginator(lignes, par_page)
    if total is not None:
        paginateur.count = total
    page = paginateur.get_page(request.GET.get("page"))
    if total is not None:
        page.object_list = en_deux_temps(page.object_list, lignes)
    parametres = request.GET.copy()
    parametres.pop("page", None)
    page.prefixe = parametres.urlencode() + "&" if parametres else ""
    total = paginateur.num_pages
    voisins = sorted({1, total, *(n for n in range(page.number - 1, page.number + 2) if 1 <= n <= total)})
    page.numeros = []
    for precedent, numero in zip([0, *voisins], voisins, strict=False):
        if numero - precedent == 2:
            page.numeros.append(numero - 1)
        elif numero - precedent > 2:
            page.numeros.append(None)
        page.numeros.append(numero)
    return page


def sans_egalite(lignes):
    """The rows in an order without ties: with ties, a row could show on two pages, and another on none."""
    if not isinstance(lignes, QuerySet) or not lignes.ordered:
        return lignes
    requete = lignes.query
    if requete.combinator or requete.group_by or requete.values_select or requete.extra_order_by:
        return lignes
    ordre = requete.order_by or requete.get_meta().ordering
    if {"pk", "-pk", "id", "-id"} & {champ for champ in ordre if isinstance(champ, str)}:
        return lignes
    return lignes.order_by(*ordre, "pk")


def en_deux_temps(tranche, lignes):
    """The rows of a slice of `lignes`: their keys in order, then the rows, so that only these are joined to others."""
    cles = list(tranche.values_list("pk", flat=True))
    par_cle = lignes.in_bulk(cles)
    return [par_cle[cle] for cle in cles if cle in par_cle]


def tri_demande(request, permis, defaut):
    """The sort asked by ?tri=, taken from a closed list. `permis`: {key: order_by fields}; "-key" reverses.

    Returns (key as shown, order_by list).
    """
    cle = request.GET.get("tri", defaut)
    if cle.removeprefix("-") not in permis:
        cle = defaut
    champs = permis[cle.removeprefix("-")]
    if cle.startswith("-"):
        champs = [c.removeprefix("-") if c.startswith("-") else f"-{c}" for c in champs]
    return cle, list(champs)

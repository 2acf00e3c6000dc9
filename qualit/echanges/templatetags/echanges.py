"""The menu « Télécharger la liste »."""

from django import template

from qualit.echanges.tableaux import FORMATS
from qualit.territoire import droits
from qualit.territoire.droits import Droit

register = template.Library()


@register.inclusion_tag("composants/telecharger.html", takes_context=True)
def telecharger(context, libre=False, texte="Télécharger la liste", **parametres):
    """Links to this list as a file, with its present filters: {% telecharger %}. libre: no right but the page's is asked.

    parametres: what the address says besides, where a page shows two lists.
    """
    request = context["request"]
    filtres = request.GET.copy()
    for nom in ("page", "format"):
        filtres.pop(nom, None)
    filtres.update(parametres)
    prefixe = f"{filtres.urlencode()}&" if filtres else ""
    permis = libre or droits.a_le_droit(request.user, Droit.EXPORTER)
    return {
        "texte": texte,
        "liens": [(f"?{prefixe}format={code}", nom) for code, (nom, _) in FORMATS.items()] if permis else [],
    }

"""The menu « Télécharger la liste »."""

from django import template

from qualit.echanges.tableaux import FORMATS
from qualit.territoire import droits
from qualit.territoire.droits import Droit

register = template.Library()


@register.inclusion_tag("composants/telecharger.html", takes_context=True)
def telecharger(context, libre=False, texte="Télécharger la liste"):
    """Links to this list as a file, with its present filters: {% telecharger %}. libre: no right but the page's is asked."""
    request = context["request"]
    parametres = request.GET.copy()
    for nom in ("page", "format"):
        parametres.pop(nom, None)
    prefixe = f"{parametres.urlencode()}&" if parametres else ""
    permis = libre or droits.a_le_droit(request.user, Droit.EXPORTER)
    return {
        "texte": texte,
        "liens": [(f"?{prefixe}format={code}", nom) for code, (nom, _) in FORMATS.items()] if permis else [],
    }

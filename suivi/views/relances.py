"""Schools without an answer, and the outcomes that the GAB checks again."""

from datetime import date

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse

from qualit.journal.services import montrer
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.pagination import paginer

from .. import missions, relances, tableurs
from ..accueil import nom_du_mois


def _mois_demande(valeur):
    """The month asked among the last twelve (yyyy-mm), else the last one."""
    possibles = relances.mois_recents()
    return next((m for m in possibles if f"{m:%Y-%m}" == valeur), possibles[0])


@regle(Droit.RELANCER_STRUCTURES, methodes=("GET", "POST"))
@jetons.une_fois
def sans_reponse(request):
    """Schools that filed neither a report nor an état néant in a month; bulk reminder."""
    mois: date = _mois_demande(request.POST.get("mois") or request.GET.get("mois"))
    portee = relances.structures_a_relancer(request.user)
    if request.method == "POST":
        if "toutes" in request.POST:
            choisies = list(relances.sans_reponse(portee, mois))
        else:
            choisies = list(Structure.objects.filter(code__in=request.POST.getlist("structure")))
        nombre = relances.relancer_structures(choisies, mois, par=request.user)
        if nombre:
            messages.success(
                request,
                f"{nombre} établissement{'s' if nombre > 1 else ''} relancé{'s' if nombre > 1 else ''}.",
            )
        else:
            messages.error(request, "Cochez au moins un établissement.")
        return redirect(f"{reverse('suivi:sans_reponse')}?mois={mois:%Y-%m}")
    muettes = relances.sans_reponse(portee, mois)
    total = portee.count()
    if fichier := tableurs.sans_reponse(request, muettes):
        return fichier
    page = paginer(request, muettes, par_page=100)
    contexte = {
        "mois": mois,
        "nom_du_mois": nom_du_mois(mois),
        "possibles": [(f"{m:%Y-%m}", nom_du_mois(m)) for m in relances.mois_recents()],
        "page": page,
        "total": total,
        "repondu": total - page.paginator.count,
        "fil": [("Établissements sans réponse", None)],
    }
    return render(request, "suivi/sans_reponse.html", contexte)


@regle(Droit.SUIVRE)
def a_reverifier(request):
    """Outcomes past their validity that nobody but the GAB can check."""
    lignes = missions.devenirs_a_reverifier(request.user)
    if fichier := tableurs.a_reverifier(request, lignes):
        return fichier
    page = paginer(request, lignes)
    montrer(request, page.object_list, [d.dossier.jeune_id for d in page.object_list])
    contexte = {"page": page, "fil": [("Devenirs à revérifier", None)]}
    return render(request, "suivi/a_reverifier.html", contexte)

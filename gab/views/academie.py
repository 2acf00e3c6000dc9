"""What the rectorat watches over all its bassins: legal clocks that have ended, transfers that nobody answers."""

from django.shortcuts import render

from qualit.journal.services import montrer
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web.pagination import paginer

from .. import tableurs
from ..surveillance import echeances_depassees, transferts_sans_reponse


@regle(Droit.LIRE_DOSSIER)
def a_surveiller(request):
    """Both lists on one page, by bassin."""
    echeances = echeances_depassees(request.user).select_related(
        "jeune__identite__structure", "bassin", "referent"
    )
    transferts = transferts_sans_reponse(request.user).select_related(
        "de", "vers", "dossier__jeune__identite"
    )
    if request.GET.get("liste") == "transferts":
        fichier = tableurs.transferts(request, transferts)
    else:
        fichier = tableurs.dossiers(request, echeances, "Échéances légales dépassées")
    if fichier:
        return fichier
    page, transferts = paginer(request, echeances), list(transferts[:100])
    vus = [*(d.jeune_id for d in page.object_list), *(t.dossier.jeune_id for t in transferts)]
    montrer(request, [*page.object_list, *transferts], jeunes=vus)
    return render(
        request,
        "gab/a_surveiller.html",
        {"fil": [("À surveiller", None)], "page": page, "transferts": transferts},
    )

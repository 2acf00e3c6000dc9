"""What the rectorat watches over all its bassins: legal clocks that have ended, transfers that nobody answers."""

from django.shortcuts import render

from qualit.journal.services import montrer
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web.pagination import paginer

from ..surveillance import echeances_depassees, transferts_sans_reponse


@regle(Droit.LIRE_DOSSIER)
def a_surveiller(request):
    """Both lists on one page, by bassin."""
    page = paginer(request, echeances_depassees(request.user).select_related("jeune__identite", "bassin"))
    transferts = list(
        transferts_sans_reponse(request.user).select_related("de", "vers", "dossier__jeune__identite")[:100]
    )
    vus = [*(d.jeune_id for d in page.object_list), *(t.dossier.jeune_id for t in transferts)]
    montrer(request, [*page.object_list, *transferts], jeunes=vus)
    return render(
        request,
        "gab/a_surveiller.html",
        {"fil": [("À surveiller", None)], "page": page, "transferts": transferts},
    )

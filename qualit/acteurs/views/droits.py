"""Who sees what: the table of roles and rights, field by field, and one person."""

from django.db.models import Q
from django.shortcuts import render

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import champs, droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Utilisateur
from qualit.territoire.regles import regle
from qualit.territoire.roles import Role

from ..forms import ChercherPersonneForm


@regle(Droit.VOIR_QUI_VOIT_QUOI, methodes=("GET", "POST"))
def qui_voit_quoi(request):
    """The whole table, and the search of a person who signs in."""
    form = ChercherPersonneForm(request.POST or None)
    trouvees = None
    if request.method == "POST" and form.is_valid():
        q = form.cleaned_data["q"]
        trouvees = (
            Utilisateur.objects.visibles_par(request.user)
            .filter(Q(nom__icontains=q) | Q(prenom__icontains=q) | Q(email__icontains=q))
            .order_by("nom", "prenom")[:50]
        )
        noter(Action.RECHERCHE, "personnes", par=request.user)
    return render(
        request,
        "acteurs/qui_voit_quoi.html",
        {
            "form": form,
            "trouvees": trouvees,
            "roles": Role,
            "table": [
                (droit.label, [role in porteurs for role in Role])
                for droit, porteurs in droits.ROLES_DU_DROIT.items()
            ],
            "lectures": [(role.label, droits.LECTURE_EN_CLAIR[role]) for role in Role],
            "champs": champs.table(),
            "fil": [("Qui voit quoi ?", None)],
        },
    )

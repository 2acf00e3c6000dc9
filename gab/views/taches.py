"""Tasks."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web.pagination import paginer

from .. import file as lecture_file
from .. import services, tableurs
from ..forms import (
    ReponseTacheForm,
)
from ..models import Tache
from .commun import fil_du_dossier, noter_la_garde


@regle(Droit.TRIER)
def taches(request):
    """What waits for the coordinator's decision."""
    lignes = lecture_file.taches(request.user).select_related(
        "dossier__jeune__identite", "mission__structure"
    )
    retraits = list(
        lecture_file.retraits(request.user).select_related(
            "signalement__structure", "signalement__versement__dossier"
        )
    )
    if fichier := tableurs.taches(request, lignes):
        return fichier
    page = paginer(request, lignes)
    montrer(
        request,
        [*page.object_list, *retraits],
        jeunes=[t.dossier.jeune_id for t in page.object_list]
        + [q.signalement.versement.dossier.jeune_id for q in retraits],
    )
    return render(
        request,
        "gab/taches.html",
        {
            "fil": [("File du bassin", reverse("gab:file")), ("Décisions à prendre", None)],
            "page": page,
            "retraits": retraits,
            "peut_missionner": droits.a_le_droit(request.user, Droit.MISSIONNER),
        },
    )


@regle(Droit.MISSIONNER, objet=Tache, methodes=("GET", "POST"))
def tache(request, reference):
    """Answer a task; a reorientation is accepted (the mission is withdrawn) or not."""
    tache = get_object_or_404(
        Tache.objects.visibles_par(request.user).select_related(
            "dossier__jeune__identite", "dossier__bassin", "mission__structure"
        ),
        reference=reference,
    )
    droits.exiger(request.user, Droit.MISSIONNER, tache)
    form = ReponseTacheForm(request.POST or None)
    if request.method == "POST" and tache.close_le is None and form.is_valid():
        services.clore_tache(
            tache,
            par=request.user,
            reponse=form.cleaned_data["reponse"],
            accepter=request.POST.get("action") == "accepter",
        )
        noter_la_garde(request, form, tache)
        messages.success(request, "La décision est enregistrée.")
        return redirect(services.lien(tache.dossier))
    montrer(request, [tache], jeunes=[tache.dossier.jeune_id])
    return render(
        request,
        "gab/tache.html",
        {
            "fil": fil_du_dossier(tache.dossier, (str(tache), None)),
            "tache": tache,
            "dossier": tache.dossier,
            "nom": str(tache.dossier.jeune),
            "form": form,
            "reorientation": tache.type == Tache.Type.REORIENTATION,
        },
    )

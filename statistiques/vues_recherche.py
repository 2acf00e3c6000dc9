"""The file for the evaluator: asked for with its reason, handed over once as an archive."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle

from . import recherche as services
from .forms import RechercheForm
from .portees import lieu_academie
from .vues_publications import academie_publiee


@never_cache
@regle(Droit.PUBLIER_STATISTIQUES, methodes=("GET", "POST"))
def recherche(request):
    """Choose what the file holds; the answer of the form is the archive."""
    form = RechercheForm(request.POST or None)
    if form.is_valid():
        lus = form.cleaned_data
        fichier, contenu = services.diffuser(
            lieu_academie(academie_publiee(request.user)), lus["campagnes"], lus["au"], k=lus["k"], code=lus["code"],
            motif=lus["motif"], par=request.user,
        )  # fmt: skip
        reponse = HttpResponse(contenu, content_type="application/zip")
        reponse["Content-Disposition"] = f'attachment; filename="fichier-recherche-{fichier.code}.zip"'
        return reponse
    contexte = {
        "form": form,
        "fiches": services.dictionnaire(),
        "identifiantes": services.IDENTIFIANTES,
        "fil": [("Statistiques", reverse("statistiques:tableau")), ("Fichier pour la recherche", None)],
    }
    return render(request, "statistiques/recherche.html", contexte)

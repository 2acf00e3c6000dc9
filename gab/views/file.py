"""The queue of the bassin, its lists."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse

from qualit.journal.models import Action
from qualit.journal.services import montrer
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web.pagination import en_deux_temps, paginer

from .. import file as lecture_file
from .. import tableurs
from ..forms import (
    FiltreForm,
    NomFiltreForm,
    RechercheForm,
)
from ..models import Dossier, FiltreEnregistre
from .commun import montrer_dossiers


@regle(Droit.TRIER, methodes=("GET", "POST"))
def file(request):
    """The queue of the bassin. A search by name comes by POST, so that no name stands in an address."""
    recherche_form = RechercheForm(request.POST or None)
    filtre = lecture_file.Filtre.lire(request.GET)
    recherche = recherche_form.cleaned_data["recherche"] if recherche_form.is_valid() else ""
    lignes = lecture_file.dossiers(request.user, filtre, recherche=recherche).select_related(
        "jeune__identite__structure", "bassin", "referent"
    )
    if fichier := not recherche and tableurs.dossiers(request, lignes):
        return fichier
    comptes = lecture_file.comptes(request.user)
    if recherche:
        page = paginer(request, en_deux_temps(lignes[:50], lignes))
    else:
        page = paginer(request, lignes, total=lecture_file.nombre(request.user, filtre, comptes))
    montrer_dossiers(request, page.object_list, action=Action.RECHERCHE if recherche else None)
    return render(
        request,
        "gab/file.html",
        {
            "fil": [("File du bassin", None)],
            "page": page,
            "filtre": filtre,
            "recherche": recherche,
            "form": FiltreForm(request.GET or None, user=request.user),
            "recherche_form": recherche_form,
            "comptes": comptes,
            "filtres": FiltreEnregistre.objects.filter(utilisateur=request.user),
            "nom_form": NomFiltreForm(),
        },
    )


@regle(Droit.TRIER, methodes=("POST",))
def filtres(request):
    """Save the current filter under a name, or delete one."""
    if request.POST.get("supprimer"):
        FiltreEnregistre.objects.filter(
            utilisateur=request.user, pk=numero(request.POST["supprimer"])
        ).delete()
        messages.success(request, "Le filtre est supprimé.")
        return redirect("gab:file")
    form = NomFiltreForm(request.POST)
    filtre = lecture_file.Filtre.lire(request.POST)
    if form.is_valid() and filtre.actif:
        FiltreEnregistre.objects.update_or_create(
            utilisateur=request.user, nom=form.cleaned_data["nom"], defaults={"parametres": filtre.adresse}
        )
        messages.success(request, "Le filtre est enregistré.")
    else:
        messages.error(request, "Choisissez au moins un critère et donnez un nom au filtre.")
    adresse = f"?{filtre.adresse}" if filtre.adresse else ""
    return redirect(f"{reverse('gab:file')}{adresse}")


@regle(Droit.TRIER)
def echeances(request):
    """Dossiers whose legal clock (L313-8) ends within 30 days, or has ended."""
    lignes = (
        Dossier.objects.de_la_file(request.user)
        .echeance_legale_proche()
        .select_related("jeune__identite__structure", "bassin", "referent")
        .order_by("echeance_legale", "pk")
    )
    if fichier := tableurs.dossiers(request, lignes, "Échéance légale proche"):
        return fichier
    page = paginer(request, lignes)
    montrer_dossiers(request, page.object_list)
    return render(
        request,
        "gab/echeances.html",
        {"fil": [("File du bassin", reverse("gab:file")), ("Échéance légale proche", None)], "page": page},
    )


@regle(Droit.TRIER)
def missions(request):
    """Missions without an answer, and those left on a dossier closed by a merge."""
    lignes = lecture_file.missions_sans_reponse(request.user).select_related(
        "structure", "dossier__jeune__identite"
    )
    reunies = list(
        lecture_file.missions_de_dossiers_reunis(request.user).select_related(
            "structure", "dossier__jeune__identite"
        )[:50]
    )
    if fichier := tableurs.missions(request, lignes):
        return fichier
    page = paginer(request, lignes)
    montrer(
        request,
        [*page.object_list, *reunies],
        jeunes=[m.dossier.jeune_id for m in [*page.object_list, *reunies]],
    )
    return render(
        request,
        "gab/missions.html",
        {
            "fil": [("File du bassin", reverse("gab:file")), ("Missions sans réponse", None)],
            "page": page,
            "reunies": reunies,
        },
    )

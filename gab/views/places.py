"""The board of vacant places, and the closing days of an operator."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.pagination import paginer

from .. import tableurs
from ..forms import FermetureForm, FiltrePlacesForm, PlaceForm
from ..models import Fermeture, Place
from ..services import places as services


@regle(Droit.TRIER, Droit.PUBLIER_PLACES, Droit.VOIR_STATISTIQUES_ACADEMIE)
def places(request):
    """The board: places still offered, by date of entry; an operator's own come with their actions."""
    form = FiltrePlacesForm(request.GET or None)
    lignes = Place.objects.visibles().select_related("structure__bassin")
    if form.is_bound and form.is_valid():
        if form.cleaned_data["solution"]:
            lignes = lignes.filter(solution=form.cleaned_data["solution"])
        if form.cleaned_data["bassin"]:
            lignes = lignes.filter(structure__bassin=form.cleaned_data["bassin"])
    lignes = lignes.order_by("date_entree", "structure__nom_tri", "pk")
    if fichier := tableurs.places(request, lignes):
        return fichier
    siennes = droits.structures_pour(request.user, Droit.PUBLIER_PLACES)
    return render(
        request,
        "gab/places.html",
        {
            "fil": [("Places vacantes", None)],
            "form": form,
            "page": paginer(request, lignes),
            "siennes": siennes,
            "mes_places": list(
                Place.objects.filter(structure__in=siennes, retiree_le__isnull=True)
                .select_related("structure")
                .order_by("date_entree", "pk")
            )
            if siennes
            else [],
            "aujourdhui": timezone.localdate(),
        },
    )


def _formulaire(request, titre, form, bouton, **contexte):
    return render(
        request,
        "gab/formulaire.html",
        {
            "fil": [("Places vacantes", reverse("gab:places")), (titre, None)],
            "titre": titre,
            "form": form,
            "bouton": bouton,
            "annuler": reverse("gab:places"),
            "jeton": True,
        }
        | contexte,
    )


@regle(Droit.PUBLIER_PLACES, methodes=("GET", "POST"))
@jetons.une_fois
def publier(request):
    """Publish places."""
    form = PlaceForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        services.publier(form.save(commit=False), par=request.user)
        messages.success(request, "Les places sont publiées.")
        return redirect("gab:places")
    return _formulaire(request, "Publier des places", form, "Publier")


@regle(Droit.PUBLIER_PLACES, objet=Place, methodes=("GET", "POST"))
def modifier(request, reference):
    """Change, confirm or withdraw one's own places."""
    place = get_object_or_404(Place.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.PUBLIER_PLACES, place)
    action = request.POST.get("action")
    if action == "confirmer":
        services.confirmer(place, par=request.user)
        messages.success(request, "Les places sont confirmées.")
        return redirect("gab:places")
    if action == "retirer":
        services.retirer(place, par=request.user)
        messages.success(request, "Les places ne sont plus proposées.")
        return redirect("gab:places")
    form = PlaceForm(request.POST or None, instance=place, user=request.user)
    if request.method == "POST" and form.is_valid():
        services.publier(form.save(commit=False), par=request.user)
        messages.success(request, "Les places sont à jour.")
        return redirect("gab:places")
    return _formulaire(request, "Modifier des places", form, "Enregistrer", jeton=False)


@regle(Droit.PUBLIER_PLACES, Droit.GERER_STRUCTURES, methodes=("GET", "POST"))
def fermetures(request):
    """Closing days of one's structures: missions do not expire on those days."""
    siennes = services.structures_a_fermer(request.user)
    if request.POST.get("supprimer"):
        fermeture = get_object_or_404(Fermeture, structure__in=siennes, pk=numero(request.POST["supprimer"]))
        services.rouvrir(fermeture, par=request.user)
        messages.success(request, "Ces jours de fermeture sont supprimés.")
        return redirect("gab:fermetures")
    form = FermetureForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        d = form.cleaned_data
        services.fermer(d["structure"], d["debut"], d["fin"], d["libelle"], par=request.user)
        messages.success(request, "Les jours de fermeture sont enregistrés.")
        return redirect("gab:fermetures")
    return render(
        request,
        "gab/fermetures.html",
        {
            "fil": [("Jours de fermeture", None)],
            "form": form,
            "fermetures": Fermeture.objects.filter(
                structure__in=siennes, fin__gte=timezone.localdate()
            ).select_related("structure"),
        },
    )

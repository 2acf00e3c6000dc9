"""Frozen publications: list, freeze, read and compare, download."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Academie, Bassin
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.pagination import paginer

from . import fichiers
from . import publications as services
from .cellules import Tableau, note_des_masques
from .forms import PublicationForm
from .models import Publication

COLONNES = [
    Colonne("Titre", "titre", 40),
    Colonne("Campagne", "nom_campagne", 12),
    Colonne("Chiffres arrêtés au", "arrete_au", 14),
    Colonne("Figée le", "figee_le", 16),
    Colonne("Par", "figee_par", 24),
    Colonne("Jeunes repérés", lambda p: p.contenu["jeunes"], 12),
    Colonne("Empreinte", "empreinte", 40),
]


def _fil(*etapes):
    return [("Statistiques", reverse("statistiques:tableau")), *etapes]


@never_cache
@regle(Droit.VOIR_STATISTIQUES_ACADEMIE)
def publications(request):
    """The publications of the académie, latest first."""
    lignes = Publication.objects.visibles_par(request.user).select_related("figee_par")
    if fichier := telecharger(request, "publications", "Publications", COLONNES, lignes, droit=None):
        return fichier
    contexte = {
        "page": paginer(request, lignes),
        "peut_figer": droits.a_le_droit(request.user, Droit.PUBLIER_STATISTIQUES),
        "fil": _fil(("Publications", None)),
    }
    return render(request, "statistiques/publications.html", contexte)


@never_cache
@regle(Droit.PUBLIER_STATISTIQUES, methodes=("GET", "POST"))
@jetons.une_fois
def figer(request):
    """Freeze the figures of a campaign: once, for good."""
    form = PublicationForm(request.POST or None)
    if form.is_valid():
        lus = form.cleaned_data
        publication = services.figer(
            academie_publiee(request.user), lus["titre"], lus["campagne"], lus["au"], par=request.user
        )
        messages.success(request, "Les chiffres sont figés. Ils ne changeront plus.")
        return redirect(publication)
    contexte = {
        "form": form,
        "fil": _fil(("Publications", reverse("statistiques:publications")), ("Figer", None)),
    }
    return render(request, "statistiques/figer.html", contexte)


def academie_publiee(user):
    """The académie for which this person publishes."""
    roles = droits.ROLES_DU_DROIT[Droit.PUBLIER_STATISTIQUES]
    siege = next(a.academie_id for a in droits.adhesions(user) if a.role in roles)
    return Academie.objects.get(pk=siege)


@never_cache
@regle(Droit.VOIR_STATISTIQUES_ACADEMIE, objet=Publication, agir=False)
def publication(request, reference):
    """One publication, its hash checked, beside what the portal says today or beside another publication."""
    visibles = Publication.objects.visibles_par(request.user)
    figee = get_object_or_404(
        visibles.select_related("academie", "figee_par", "cliche__academie"), reference=reference
    )
    autre = visibles.filter(reference=request.GET.get("avec", "")).first()
    a_comparer = autre.contenu if autre else services.aujourd_hui(figee)
    noms = dict(Bassin.objects.filter(academie=figee.academie_id).values_list("code", "nom"))
    contexte = {
        "publication": figee,
        "autre": autre,
        "intacte": services.est_intacte(figee),
        "refaite": services.ecarts(figee.contenu, services.recalculer(figee)) == [],
        "lignes": services.lignes(figee.contenu, a_comparer, noms),
        "autres": visibles.exclude(pk=figee.pk)[:30],
        "formats": ["json", *fichiers.FORMATS],
        "fil": _fil(("Publications", reverse("statistiques:publications")), (figee.titre, None)),
    }
    return render(request, "statistiques/publication.html", contexte)


@never_cache
@regle(Droit.VOIR_STATISTIQUES_ACADEMIE, objet=Publication, agir=False, format="csv")
def fichier(request, reference, format):
    """The publication as a file; the JSON is the very text whose SHA-256 is the hash."""
    figee = get_object_or_404(Publication.objects.visibles_par(request.user), reference=reference)
    if format != "json" and format not in fichiers.FORMATS:
        raise Http404
    noter(Action.EXPORT, "publication", figee, par=request.user, format=format)
    if format == "json":
        reponse = HttpResponse(services.texte_canonique(figee.contenu), content_type="application/json")
        reponse["Content-Disposition"] = f'attachment; filename="publication-{figee.reference}.json"'
        return reponse
    noms = dict(Bassin.objects.filter(academie=figee.academie_id).values_list("code", "nom"))
    lignes = [[libelle, cellule] for libelle, cellule, *_ in services.lignes(figee.contenu, noms=noms)]
    table = Tableau(f"publication-{figee.reference}", figee.titre, ["Chiffre", "Valeur"], lignes)
    table.note = note_des_masques(lignes)
    en_tete = [
        ("Territoire", figee.contenu["territoire"]),
        ("Campagne", figee.nom_campagne),
        ("Arrêtés au", f"{figee.arrete_au:%d/%m/%Y}"),
        ("Figés le", f"{figee.figee_le:%d/%m/%Y}"),
        ("Empreinte SHA-256", figee.empreinte),
    ]
    return fichiers.reponse(table, en_tete, format)

"""Pages « Logiciels »: the keys of one's structures, each shown once, and the addresses that are told of the returns."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Structure
from qualit.territoire.regles import PUBLIC, regle
from qualit.web import jetons
from qualit.web.pagination import paginer

from . import crochets, services
from .forms import AbonnementForm, AccesForm, NouvelAccesForm, RenouvelerForm, StructureForm
from .models import Abonnement, Acces
from .routes import api

DEUX = ("GET", "POST")
LIVRAISONS_MONTREES = 10
COLONNES = [
    Colonne("Logiciel", "libelle", 28),
    Colonne("Établissement", "structure", 36),
    Colonne("Responsable", "responsable", 24),
    Colonne("Peut", lambda a: " ; ".join(a.portees_en_clair), 50),
    Colonne("Valable jusqu’au", "expire_le", 16),
    Colonne("Dernière utilisation", "utilise_le", 14),
    Colonne("Situation", lambda a: a.situation[0]),
]


@regle(PUBLIC)
def openapi(request):
    """The description of the API (OpenAPI 3.1): public, it holds no data."""
    return api.create_response(request, api.get_openapi_schema(path_prefix="/api/v1/"), status=200)


def structures_gerees(user):
    """Open structures whose software this person gives keys to."""
    return Structure.objects.ouvertes().filter(
        pk__in=Structure.objects.filter(pk__in=droits.structures_pour(user, Droit.GERER_API)).values("pk")
    ) | Structure.objects.ouvertes().filter(academie__in=droits.academies_pour(user, Droit.GERER_API))


def _fil(*suite):
    return [("Logiciels", reverse("logiciels:liste")), *suite]


def _trouver(request, reference):
    acces = get_object_or_404(
        Acces.objects.visibles_par(request.user).select_related("structure", "responsable", "cree_par"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.GERER_API, acces)
    return acces


@regle(Droit.GERER_API)
def liste(request):
    """The keys of the structures that one manages, those in service first."""
    lignes = (
        Acces.objects.visibles_par(request.user)
        .select_related("structure", "responsable")
        .order_by("revoque_le", "structure__nom_tri", "-cree_le")
    )
    if fichier := telecharger(request, "logiciels", "Accès des logiciels", COLONNES, lignes, droit=None):
        return fichier
    return render(request, "api/liste.html", {"page": paginer(request, lignes), "fil": [("Logiciels", None)]})


@regle(Droit.GERER_API, methodes=DEUX)
@transaction.atomic
def nouveau(request):
    """Make a key and show it, this once."""
    structures = structures_gerees(request.user)
    structure = structures.filter(code=request.GET.get("structure", "")).first()
    if structure is None and structures.count() == 1:
        structure = structures.get()
    if structure is None:
        form = StructureForm(
            request.GET if "structure" in request.GET else None, structures=structures.order_by("nom_tri")
        )
        return render(
            request, "api/choisir_structure.html", {"form": form, "fil": _fil(("Ouvrir un accès", None))}
        )
    jeton = jetons.lire(request)
    if jeton and (url := jetons.deja_servi(request, jeton)):
        return _deja_montree(request, url)
    initial = {"responsable": request.user.reference}
    form = NouvelAccesForm(request.POST or None, structure=structure, initial=initial)
    if request.method == "POST" and form.is_valid():
        acces, cle = services.creer(structure, par=request.user, **form.cleaned_data)
        return _montrer_la_cle(request, acces, cle, jeton)
    return render(
        request,
        "api/formulaire.html",
        {
            "titre": "Ouvrir un accès",
            "structure": structure,
            "sans_responsable": not services.responsables_possibles(structure).exists(),
            "form": form,
            "bouton": "Créer la clé",
            "annuler": reverse("logiciels:liste"),
            "fil": _fil(("Ouvrir un accès", None)),
        },
    )


def _deja_montree(request, url):
    messages.warning(
        request,
        "Ce formulaire avait déjà été envoyé : la clé n’a été créée qu’une fois et ne se montre plus. Si vous ne "
        "l’avez pas copiée, renouvelez-la.",
    )
    return redirect(url)


def _montrer_la_cle(request, acces, cle, jeton):
    adresse = reverse("logiciels:acces", args=[acces.reference])
    if jeton:
        jetons.retenir(request, jeton, adresse)
    reponse = render(
        request,
        "api/cle.html",
        {
            "acces": acces,
            "cle": cle,
            "recouvrement": services.RECOUVREMENT.days if acces.ancien_jusqu_au else 0,
            "fil": _fil((acces.libelle, adresse), ("La clé", None)),
        },
    )
    reponse["Cache-Control"] = "private, no-store"
    return reponse


@regle(Droit.GERER_API, objet=Acces)
def acces(request, reference):
    """One key: what it may do, when it ends, where it tells of the returns."""
    un = _trouver(request, reference)
    abonnement = Abonnement.objects.filter(acces=un).first()
    en_poste = (
        Adhesion.objects.actives()
        .filter(
            utilisateur=un.responsable_id, structure=un.structure_id, role__in=services.ROLES_RESPONSABLES
        )
        .exists()
    )
    situation, genre = un.situation
    return render(
        request,
        "api/acces.html",
        {
            "acces": un,
            "situation": situation,
            "genre": genre,
            "en_poste": en_poste,
            "abonnement": abonnement,
            "livraisons": abonnement.livraisons.all()[:LIVRAISONS_MONTREES] if abonnement else [],
            "definitions": [
                ("Établissement", un.structure),
                ("Le logiciel peut", " ; ".join(un.portees_en_clair)),
                ("Personne responsable", un.responsable),
                ("Ouvert le", f"{timezone.localtime(un.cree_le):%d/%m/%Y} par {un.cree_par or 'le portail'}"),
                ("Valable jusqu’au", f"{timezone.localtime(un.expire_le):%d/%m/%Y}"),
                ("Dernière utilisation", f"{un.utilise_le:%d/%m/%Y}" if un.utilise_le else "Jamais"),
            ],
            "fil": _fil((un.libelle, None)),
        },
    )


@regle(Droit.GERER_API, objet=Acces, methodes=DEUX)
def modifier(request, reference):
    """Change the name, the scopes, the person responsible."""
    un = _trouver(request, reference)
    initial = {"libelle": un.libelle, "portees": un.portees, "responsable": un.responsable.reference}
    form = AccesForm(request.POST or None, structure=un.structure, initial=initial)
    if request.method == "POST" and form.is_valid():
        services.modifier(un, par=request.user, **form.cleaned_data)
        messages.success(request, "C’est enregistré. La clé reste la même.")
        return redirect("logiciels:acces", reference)
    return render(
        request,
        "api/formulaire.html",
        {
            "titre": f"Modifier l’accès « {un.libelle} »",
            "structure": un.structure,
            "sans_responsable": False,
            "form": form,
            "bouton": "Enregistrer",
            "annuler": reverse("logiciels:acces", args=[reference]),
            "fil": _fil((un.libelle, reverse("logiciels:acces", args=[reference])), ("Modifier", None)),
        },
    )


@regle(Droit.GERER_API, objet=Acces, methodes=DEUX)
@transaction.atomic
def renouveler(request, reference):
    """Another key for the same access, shown once; the former one works seven days more."""
    un = _trouver(request, reference)
    jeton = jetons.lire(request)
    if jeton and (url := jetons.deja_servi(request, jeton)):
        return _deja_montree(request, url)
    form = RenouvelerForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and un.revoque_le is None:
        cle = services.renouveler(un, par=request.user, **form.cleaned_data)
        un.refresh_from_db()
        return _montrer_la_cle(request, un, cle, jeton)
    if un.revoque_le is not None:
        messages.error(request, "Cet accès est coupé : ouvrez-en un nouveau.")
        return redirect("logiciels:acces", reference)
    return render(
        request,
        "api/formulaire.html",
        {
            "titre": f"Renouveler la clé « {un.libelle} »",
            "structure": un.structure,
            "sans_responsable": False,
            "form": form,
            "bouton": "Créer la nouvelle clé",
            "annuler": reverse("logiciels:acces", args=[reference]),
            "fil": _fil((un.libelle, reverse("logiciels:acces", args=[reference])), ("Renouveler", None)),
        },
    )


@regle(Droit.GERER_API, objet=Acces, methodes=DEUX)
def couper(request, reference):
    """Revoke the key, after a confirmation."""
    un = _trouver(request, reference)
    adresse = reverse("logiciels:acces", args=[reference])
    if request.method == "POST":
        services.couper(un, par=request.user)
        messages.success(request, "L’accès est coupé : la clé n’ouvre plus rien.")
        return redirect(adresse)
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": f"Couper l’accès « {un.libelle} »",
            "question": "Le logiciel ne pourra plus rien envoyer ni lire, dès maintenant.",
            "consequences": [
                "Ce qu’il a envoyé reste.",
                "On ne revient pas en arrière : il faudra une nouvelle clé.",
            ],
            "bouton": "Couper l’accès",
            "annuler": adresse,
            "fil": _fil((un.libelle, adresse), ("Couper", None)),
        },
    )


@regle(Droit.GERER_API, objet=Acces, methodes=DEUX)
def abonnement(request, reference):
    """The address that is told of the returns; its signing secret is shown once."""
    un = _trouver(request, reference)
    adresse = reverse("logiciels:acces", args=[reference])
    actuel = Abonnement.objects.filter(acces=un).first()
    form = AbonnementForm(request.POST or None, initial={"url": actuel.url if actuel else ""})
    if request.method == "POST" and form.is_valid():
        actuel, secret = crochets.abonner(un, form.cleaned_data["url"], par=request.user)
        reponse = render(
            request,
            "api/secret.html",
            {"acces": un, "secret": secret, "fil": _fil((un.libelle, adresse), ("Le secret", None))},
        )
        reponse["Cache-Control"] = "private, no-store"
        return reponse
    return render(
        request,
        "api/formulaire.html",
        {
            "titre": "Prévenir le logiciel",
            "structure": un.structure,
            "sans_responsable": False,
            "form": form,
            "bouton": "Enregistrer et voir le secret",
            "annuler": adresse,
            "fil": _fil((un.libelle, adresse), ("Prévenir", None)),
        },
    )


@regle(Droit.GERER_API, objet=Acces, methodes=("POST",))
def etat_abonnement(request, reference):
    """Stop telling the address, or start again after failures."""
    un = _trouver(request, reference)
    actuel = Abonnement.objects.filter(acces=un).first()
    if actuel is None:
        messages.error(request, "Ce logiciel n’est pas prévenu.")
    elif request.POST.get("action") == "reprendre":
        crochets.reprendre(actuel, par=request.user)
        messages.success(request, "Les avis reprennent : ceux qui attendaient partent dans la minute.")
    else:
        crochets.desabonner(un, par=request.user)
        messages.success(request, "Ce logiciel n’est plus prévenu.")
    return redirect("logiciels:acces", reference)

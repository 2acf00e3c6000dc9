"""Reference tables: where each stands, in and out by file with a preview, every earlier version and the way back to it."""

import json

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Academie, nouvelle_reference
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.navigation import compter
from qualit.web.pagination import paginer
from qualit.web.templatetags.qualit import pluriel

from .. import referentiels as services
from ..forms import ReferentielForm
from ..lecture import FichierIllisible, lire_tableau
from ..models import VersionReferentiel
from .structures import cle_apercu

DEUX = ("GET", "POST")
DUREE = 3600
EFFETS = {
    "nouvelle": ("Nouvelle", "success"),
    "modifiee": ("Modifiée", "info"),
    "fermee": ("Fermée", "warning"),
    "refusee": ("Refusée", "error"),
}


def _academie(request):
    """The académie whose tables this person manages."""
    academies = droits.academies_pour(request.user, Droit.GERER_NOMENCLATURES)
    return get_object_or_404(Academie, pk__in=academies[:1])


def _referentiel(request, jeu):
    """The table of that name, of the académie that this person manages (404 for an unknown name)."""
    classe = services.REFERENTIELS.get(jeu)
    if classe is None:
        raise Http404
    return classe(_academie(request))


def _fil(*suite):
    return [("Référentiels", reverse("territoire:referentiels")), *suite]


def _periodes(versions):
    """The versions with the day on which the next one took over (`jusqu_au`), latest first."""
    suivante = None
    for version in versions:
        version.jusqu_au, suivante = suivante, version.quand
    return versions


@regle(Droit.GERER_NOMENCLATURES)
def liste(request):
    """Every table with its last version."""
    academie = _academie(request)
    jeux = VersionReferentiel.Jeu.choices
    nombres = compter(services.REFERENTIELS[jeu](academie).objets() for jeu, _ in jeux)
    dernieres = {
        v.jeu: v
        for v in VersionReferentiel.objects.filter(academie=academie)
        .defer("lignes")
        .select_related("par")
        .order_by("jeu", "-numero")
        .distinct("jeu")
    }
    lignes = [
        (jeu, nom, nombre, dernieres.get(jeu)) for (jeu, nom), nombre in zip(jeux, nombres, strict=True)
    ]
    return render(request, "acteurs/referentiels.html", {"lignes": lignes, "fil": [("Référentiels", None)]})


@regle(Droit.GERER_NOMENCLATURES, methodes=DEUX, jeu="nomenclatures")
def referentiel(request, jeu):
    """One table: take it, send it back (nothing is written yet), its versions."""
    un = _referentiel(request, jeu)
    objets = un.objets()
    if fichier := services.en_fichier(request, un, objets):
        return fichier
    form = ReferentielForm(
        request.POST or None, request.FILES or None, dater=jeu == services.Jeu.NOMENCLATURES
    )
    if request.method == "POST" and jeu == services.Jeu.STRUCTURES:
        return redirect("territoire:importer_structures")
    if request.method == "POST" and form.is_valid():
        recu = form.cleaned_data["fichier"]
        try:
            lignes = lire_tableau(recu.read(), recu.name)
            services.exiger_les_cles(un, lignes)
        except FichierIllisible as erreur:
            form.add_error("fichier", str(erreur))
        else:
            a_partir_du = form.cleaned_data.get("a_partir_du")
            return _garder(
                request,
                jeu,
                lignes=lignes,
                motif=form.cleaned_data["motif"],
                a_partir_du=a_partir_du.isoformat() if a_partir_du else "",
                retour=False,
            )
    versions = services.dernieres(jeu, un.academie).select_related("par")
    page = paginer(request, versions)
    page.object_list = _periodes(list(page.object_list))
    return render(
        request,
        "acteurs/referentiel.html",
        {
            "referentiel": un,
            "titre": un.jeu.label,
            "nombre": objets.count(),
            "form": form,
            "page": page,
            "par_ailleurs": jeu == services.Jeu.STRUCTURES,
            "peut_importer": droits.a_le_droit(request.user, Droit.GERER_STRUCTURES),
            "fil": _fil((un.jeu.label, None)),
        },
    )


def _garder(request, jeu, **contenu):
    cle = nouvelle_reference() + nouvelle_reference()
    cache.set(_cle(request.user, cle), json.dumps(contenu | {"jeu": jeu}), DUREE)
    return redirect("territoire:apercu_referentiel", jeu, cle)


def _cle(user, cle):
    return f"referentiel:{user.pk}:{cle}"


@regle(Droit.GERER_NOMENCLATURES, methodes=DEUX, jeu="nomenclatures", apercu="ABSENT")
@jetons.une_fois
def apercu(request, jeu, apercu):
    """What would change, line by line; then confirm."""
    garde = cache.get(_cle(request.user, apercu))
    garde = json.loads(garde) if garde else {}
    if garde.get("jeu") != jeu:
        raise Http404
    un = _referentiel(request, jeu)
    adresse = reverse("territoire:referentiel", args=[jeu])
    a_partir_du = services.date.fromisoformat(garde["a_partir_du"]) if garde["a_partir_du"] else None
    if request.method == "POST":
        bilan = services.appliquer(
            un,
            garde["lignes"],
            par=request.user,
            motif=garde["motif"],
            a_partir_du=a_partir_du,
            retour=garde["retour"],
        )
        cache.delete(_cle(request.user, apercu))
        messages.success(
            request,
            "C’est enregistré : "
            + ", ".join(
                pluriel(bilan[effet], mots)
                for effet, mots in (
                    ("nouvelle", "ligne ajoutée,lignes ajoutées"),
                    ("modifiee", "modifiée,modifiées"),
                    ("fermee", "fermée,fermées"),
                    ("refusee", "refusée,refusées"),
                )
            )
            + ".",
        )
        return redirect(adresse)
    lignes = services.comparer(un, garde["lignes"], a_partir_du=a_partir_du, retour=garde["retour"])
    comptes = {e: sum(ligne.effet == e for ligne in lignes) for e in (*EFFETS, "identique")}
    page = paginer(request, [ligne for ligne in lignes if ligne.effet != "identique"], par_page=50)
    for ligne in page.object_list:
        ligne.mot, ligne.genre = EFFETS[ligne.effet]
    return render(
        request,
        "acteurs/apercu_referentiel.html",
        {
            "titre": un.jeu.label,
            "page": page,
            "comptes": comptes,
            "rien": not (comptes["nouvelle"] or comptes["modifiee"] or comptes["fermee"]),
            "a_partir_du": a_partir_du,
            "annuler": adresse,
            "fil": _fil((un.jeu.label, adresse), ("Vérifier", None)),
        },
    )


def _version(request, jeu, numero):
    un = _referentiel(request, jeu)
    return un, get_object_or_404(services.dernieres(jeu, un.academie), numero=numero)


@regle(Droit.GERER_NOMENCLATURES, jeu="nomenclatures", numero=0)
def version(request, jeu, numero):
    """An earlier version as a file, in the columns that the import reads back."""
    un, une = _version(request, jeu, numero)
    colonnes = [
        Colonne(titre, lambda ligne, rang=rang: ligne[rang], 24) for rang, titre in enumerate(une.colonnes)
    ]
    fichier = telecharger(request, f"{jeu}-version-{numero}", un.jeu.label, colonnes, une.lignes, droit=None)
    return fichier or redirect("territoire:referentiel", jeu)


@regle(Droit.GERER_NOMENCLATURES, methodes=("POST",), jeu="nomenclatures", numero=0)
def revenir(request, jeu, numero):
    """Prepare the way back to an earlier version: the same preview as an import."""
    un, une = _version(request, jeu, numero)
    lignes = services.en_lignes(une)
    if jeu == services.Jeu.STRUCTURES:
        if not droits.a_le_droit(request.user, Droit.GERER_STRUCTURES):
            raise PermissionDenied
        cle = nouvelle_reference() + nouvelle_reference()
        cache.set(cle_apercu(request.user, cle), json.dumps(lignes), DUREE)
        return redirect("territoire:apercu_import", cle)
    return _garder(
        request, jeu, lignes=lignes, motif=f"Retour à la version {numero}", a_partir_du="", retour=True
    )

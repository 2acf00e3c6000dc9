"""Structures: list, page, by hand, by list with preview, closing, export."""

import json

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Academie, Adhesion, Reprise, Structure, nouvelle_reference
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.pagination import paginer
from qualit.web.templatetags.qualit import pluriel

from .. import passation, referentiels, reprise
from .. import structures as services
from ..activite import blocs
from ..forms import AnnuaireForm, FermetureForm, FichierForm, StructureForm
from ..lecture import FichierIllisible, lire_tableau, refus_en_fichier
from .personnes import compter_equipes

DEUX = ("GET", "POST")


def academie_geree(user):
    """The académie whose structures this person manages."""
    return Academie.objects.get(pk=droits.academies_pour(user, Droit.GERER_STRUCTURES)[0])


@regle(Droit.GERER_STRUCTURES)
def structures(request):
    """All the structures of the académie, closed ones included."""
    lignes = compter_equipes(Structure.objects.visibles_par(request.user)).select_related("commune", "bassin")
    form = AnnuaireForm(request.GET or None)
    if request.GET:
        lignes = form.filtrer(lignes)
    if fichier := referentiels.en_fichier(
        request, referentiels.Structures(academie_geree(request.user)), lignes.select_related("reprise_par")
    ):
        return fichier
    page = paginer(request, lignes)
    return render(
        request,
        "acteurs/structures.html",
        {"page": page, "form": form, "aujourdhui": timezone.localdate(), "fil": [("Structures", None)]},
    )


@regle(Droit.GERER_STRUCTURES, Droit.GERER_EQUIPE, Droit.TRIER, objet=Structure, agir=False)
def structure(request, code):
    """A structure with its people, its reports and its missions."""
    une = get_object_or_404(
        Structure.objects.visibles_par(request.user).select_related(
            "commune", "bassin", "academie", "reprise_par"
        ),
        code=code,
    )
    equipe = Adhesion.objects.actives().filter(structure=une).select_related("utilisateur")
    return render(
        request,
        "acteurs/structure.html",
        {
            "structure": une,
            "avis": _fermeture_en_clair(une),
            "equipe": equipe.order_by("role", "utilisateur__nom"),
            "ouvre_les_personnes": any(
                droits.a_le_droit(request.user, d) for d in (Droit.GERER_EQUIPE, Droit.VOIR_QUI_VOIT_QUOI)
            ),
            "activite": blocs(une, request.user),
            "lit_les_dossiers": droits.a_le_droit(request.user, Droit.LIRE_DOSSIER),
            "reprises": Reprise.objects.visibles_par(request.user)
            .filter(Q(structure=une) | Q(vers=une))
            .select_related("structure", "vers", "par"),
            "gere": droits.peut(request.user, Droit.GERER_STRUCTURES, une),
            "definitions": [
                ("Type", une.get_type_display()),
                ("UAI", une.uai),
                ("SIRET", une.siret),
                ("Commune", une.commune),
                ("Bassin", une.bassin),
                ("Adresse", une.adresse),
                ("Téléphone", une.telephone),
                ("Boîte fonctionnelle", une.courriel),
            ],
            "fil": [*_vers_les_structures(request.user), (une.nom, None)],
        },
    )


def _vers_les_structures(user):
    """The first step of the breadcrumb: the list that this person may open."""
    if droits.a_le_droit(user, Droit.GERER_STRUCTURES):
        return [("Structures", reverse("territoire:structures"))]
    return [("Annuaire", reverse("territoire:annuaire"))]


def _fermeture_en_clair(une):
    """What to say above the page of a structure that has closed or will, or ""."""
    if une.fermee_le is None:
        return ""
    faite = une.est_fermee
    phrase = f"Cette structure {'a fermé' if faite else 'fermera'} le {une.fermee_le:%d/%m/%Y}"
    if une.reprise_par:
        phrase += f" ; « {une.reprise_par} » {'reprend' if faite else 'reprendra'} ce qu’elle {'tenait' if faite else 'tient'}"
    return f"{phrase}."


def _formulaire(request, une, titre):
    nouvelle = une.pk is None
    form = StructureForm(request.POST or None, instance=une, academie=academie_geree(request.user))
    if request.method == "POST" and form.is_valid():
        une = form.save(commit=False)
        une.commune = form.cleaned_data["code_commune"]
        une.code = une.code or une.uai or une.siret or f"QIT-{nouvelle_reference()}"
        if une.commune and not une.bassin_force:
            une.bassin = une.commune.bassin
        une.save()
        noter(Action.ECRITURE, "structure_creee" if nouvelle else "structure_modifiee", une, par=request.user)
        messages.success(request, "La structure est enregistrée.")
        return redirect("territoire:structure", code=une.code)
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": titre,
            "form": form,
            "bouton": "Enregistrer",
            "annuler": reverse("territoire:structures")
            if nouvelle
            else reverse("territoire:structure", args=[une.code]),
            "fil": [
                ("Structures", reverse("territoire:structures")),
                *([] if nouvelle else [(une.nom, reverse("territoire:structure", args=[une.code]))]),
                (titre if nouvelle else "Modifier", None),
            ],
        },
    )


@regle(Droit.GERER_STRUCTURES, methodes=DEUX)
@jetons.une_fois
def nouvelle(request):
    """Add a structure by hand."""
    return _formulaire(request, Structure(academie=academie_geree(request.user)), "Ajouter une structure")


@regle(Droit.GERER_STRUCTURES, objet=Structure, methodes=DEUX)
def modifier(request, code):
    """Correct a structure."""
    une = get_object_or_404(Structure.objects.visibles_par(request.user), code=code)
    droits.exiger(request.user, Droit.GERER_STRUCTURES, une)
    return _formulaire(request, une, f"Modifier {une.nom}")


@regle(Droit.GERER_STRUCTURES, objet=Structure, methodes=DEUX)
def fermer(request, code):
    """Close a structure and say which one takes over: first what would move, then the confirmation."""
    une = get_object_or_404(Structure.objects.visibles_par(request.user), code=code)
    droits.exiger(request.user, Droit.GERER_STRUCTURES, une)
    form = FermetureForm(request.POST or None, structure=une)
    lignes = None
    if request.method == "POST" and form.is_valid():
        le, vers = form.cleaned_data["fermee_le"], form.cleaned_data["reprise_par"]
        if "confirmer" in request.POST:
            services.fermer(
                une, le, par=request.user, reprise_par=vers, terminer_les_acces="terminer" in request.POST
            )
            messages.success(request, "La fermeture est enregistrée.")
            return redirect("territoire:structure", code=code)
        lignes = reprise.apercu(une, vers) if vers else []
    return render(
        request,
        "acteurs/fermer_structure.html",
        {
            "structure": une,
            "form": form,
            "lignes": lignes,
            "vers": lignes is not None and form.cleaned_data["reprise_par"],
            "le": lignes is not None and form.cleaned_data["fermee_le"],
            "personnes": passation.gardent_un_acces(une),
            "plus_tard": lignes is not None and form.cleaned_data["fermee_le"] > timezone.localdate(),
            "fil": [
                ("Structures", reverse("territoire:structures")),
                (une.nom, reverse("territoire:structure", args=[code])),
                ("Fermer", None),
            ],
        },
    )


@regle(Droit.GERER_STRUCTURES, objet=Reprise, methodes=DEUX)
def annuler_reprise(request, reference):
    """Undo a takeover."""
    une = get_object_or_404(
        Reprise.objects.visibles_par(request.user).select_related("structure", "vers"), reference=reference
    )
    droits.exiger(request.user, Droit.GERER_STRUCTURES, une)
    retour = reverse("territoire:structure", args=[une.structure.code])
    if request.method == "POST":
        try:
            reprise.annuler(une, par=request.user)
            messages.success(request, f"{une.structure} est rouverte et retrouve ce qu’elle tenait.")
        except ValidationError as erreur:
            messages.error(request, erreur.message)
        return redirect(retour)
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": f"Rouvrir {une.structure}",
            "question": f"{une.structure} avait été reprise par {une.vers} le {timezone.localtime(une.le):%d/%m/%Y}.",
            "consequences": [
                "Elle est rouverte et retrouve ses équipes, ses signalements, ses missions et le reste.",
                f"Ce qui a été créé depuis reste à {une.vers}.",
            ],
            "bouton": "Rouvrir la structure",
            "annuler": retour,
            "fil": [
                ("Structures", reverse("territoire:structures")),
                (str(une.structure), retour),
                ("Rouvrir", None),
            ],
        },
    )


@regle(Droit.GERER_STRUCTURES, methodes=DEUX)
def importer(request):
    """First step: read a list and show what it would change. Nothing is written."""
    form = FichierForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        try:
            lignes = lire_tableau(fichier.read(), fichier.name)
        except FichierIllisible as erreur:
            form.add_error("fichier", str(erreur))
        else:
            cle = nouvelle_reference() + nouvelle_reference()
            cache.set(cle_apercu(request.user, cle), json.dumps(lignes), 3600)
            return redirect("territoire:apercu_import", apercu=cle)
    return render(
        request,
        "acteurs/importer_structures.html",
        {"form": form, "fil": [("Structures", reverse("territoire:structures")), ("Importer", None)]},
    )


def cle_apercu(user, cle):
    """Where the rows of a list wait for their confirmation."""
    return f"structures:{user.pk}:{cle}"


@regle(Droit.GERER_STRUCTURES, methodes=DEUX, apercu="ABSENT")
def apercu_import(request, apercu):
    """Second step: what would change, then confirm."""
    garde = cache.get(cle_apercu(request.user, apercu))
    if garde is None:
        raise Http404
    academie = academie_geree(request.user)
    lignes = json.loads(garde)
    if request.method == "POST":
        compares = zip(lignes, services.comparer(lignes, academie), strict=True)
        restent = [ligne for ligne, r in compares if r.effet == "refusee"]
        bilan = referentiels.appliquer_structures(lignes, academie, par=request.user)
        messages.success(
            request,
            f"{pluriel(bilan['nouvelle'], 'structure ajoutée,structures ajoutées')}, "
            f"{pluriel(bilan['modifiee'], 'modifiée,modifiées')}, {pluriel(bilan['refusee'], 'refusée,refusées')}.",
        )
        if not restent:
            cache.delete(cle_apercu(request.user, apercu))
            return redirect("territoire:structures")
        cache.set(cle_apercu(request.user, apercu), json.dumps(restent), 3600)
        return redirect("territoire:apercu_import", apercu=apercu)
    resultats = services.comparer(lignes, academie)
    refusees = [
        (ligne, " ".join(r.erreurs))
        for ligne, r in zip(lignes, resultats, strict=True)
        if r.effet == "refusee"
    ]
    if fichier := refus_en_fichier(request, "structures-refusees", refusees):
        return fichier
    comptes = {
        e: sum(r.effet == e for r in resultats) for e in ("nouvelle", "modifiee", "identique", "refusee")
    }
    page = paginer(request, [r for r in resultats if r.effet != "identique"], par_page=50)
    for resultat in page.object_list:
        resultat.deplace = services.fusion(resultat)
    return render(
        request,
        "acteurs/apercu_structures.html",
        {
            "page": page,
            "comptes": comptes,
            "aujourdhui": timezone.localdate(),
            "fil": [("Structures", reverse("territoire:structures")), ("Aperçu", None)],
        },
    )

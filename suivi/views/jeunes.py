"""The page of a jeune, and the search of one."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.models import Jeune
from gab.models import Mission
from gab.services import lien
from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.territoire.regles import regle
from qualit.web import jetons

from .. import frise, qui_voit, recherche, services
from ..forms import EtapeForm, RappelForm, RechercheJeuneForm
from ..missions import contacts_de, identite_en_lignes
from ..models import Devenir
from .devenirs import saisir_devenir


@regle(Droit.RECHERCHER, methodes=("GET", "POST"))
def chercher(request):
    """Search by name, INE or telephone. Posted: nothing nominative in an address."""
    form = RechercheJeuneForm(request.POST or None)
    resultats = None
    if form.is_valid():
        resultats = recherche.chercher(
            request.user, form.cleaned_data["quoi"], form.cleaned_data["date_naissance"]
        )
        structures = set(droits.structures_pour(request.user, Droit.LIRE_RETOUR))
        for resultat in resultats:
            resultat.url = ""
            if resultat.jeune is not None:
                resultat.url = reverse("suivi:jeune", args=[resultat.jeune.reference])
            elif resultat.premier.structure_id in structures:
                resultat.url = reverse("suivi:retour", args=[resultat.premier.reference])
        montrer(
            request,
            [s for r in resultats for s in r.signalements],
            [r.jeune.pk for r in resultats if r.jeune],
            action=Action.RECHERCHE,
        )
    contexte = {
        "form": form,
        "resultats": resultats,
        "maximum": recherche.MAXIMUM,
        "fil": [("Rechercher un jeune", None)],
    }
    return render(request, "suivi/recherche.html", contexte)


@regle(Droit.LIRE_DOSSIER, Droit.LIRE_SEANCE, Droit.RECHERCHER, objet=Jeune, agir=False)
def jeune(request, reference):
    """One timeline of everything that this person may read about a jeune."""
    un_jeune = get_object_or_404(
        Jeune.objects.visibles_par(request.user).select_related("identite__structure", "fusionne_dans"),
        reference=reference,
    )
    return _montrer(request, un_jeune)


def _montrer(request, un_jeune, *, etape_form=None):
    evenements, signalements, dossiers = frise.frise(un_jeune, request.user)
    famille = request.GET.get("partie", "")
    if famille in frise.FAMILLES:
        evenements = [e for e in evenements if e.famille == famille]
    ouvert = next((d for d in dossiers if d.est_ouvert), None)
    gab = ouvert is not None and droits.peut(request.user, Droit.SUIVRE, un_jeune)
    identite = un_jeune.identite if un_jeune.identite in signalements else next(iter(signalements), None)
    montrer(request, [un_jeune, *signalements, *dossiers], [un_jeune.pk])
    contexte = {
        "jeune": un_jeune,
        "nom": str(identite or "Jeune"),
        "mineur": identite is not None and identite.est_mineur,
        "lignes_identite": identite_en_lignes(identite) if identite else [],
        "contacts": contacts_de(signalements),
        "dossiers": dossiers,
        "referent_id": ouvert.referent_id if ouvert else None,
        "evenements": evenements,
        "familles": frise.FAMILLES.items(),
        "famille": famille,
        "consultations": frise.consultations(un_jeune)
        if _voit_qui_consulte(request.user, un_jeune)
        else None,
        "voit_qui_voit": droits.peut(request.user, Droit.PARTAGER, un_jeune),
        "en_attente": frise.identite_en_attente(un_jeune, request.user).first(),
        "peut_suivre": gab,
        "lien_dossier": lien(ouvert) if ouvert and droits.peut(request.user, Droit.TRIER, ouvert) else "",
        "etape_form": etape_form or EtapeForm(),
        "rappel_form": RappelForm(),
        "devenir": Devenir.objects.visibles_par(request.user)
        .valables()
        .filter(dossier__in=dossiers, remplace_le__isnull=True)
        .first(),
        "aujourd_hui": timezone.localdate(),
        "structures": Mission.objects.filter(
            dossier=ouvert, etat=Mission.Etat.ACCEPTEE, a_confirmer=False
        ).select_related("structure"),
        "peut_choisir_referent": ouvert is not None and droits.peut(request.user, Droit.MISSIONNER, ouvert),
        "fil": [("Rechercher un jeune", reverse("suivi:recherche")), ("Page d’un jeune", None)],
    }
    return render(request, "suivi/jeune.html", contexte)


def _voit_qui_consulte(user, un_jeune):
    return droits.a_le_droit(user, Droit.LIRE_JOURNAL) or droits.peut(user, Droit.PARTAGER, un_jeune)


@regle(Droit.PARTAGER, objet=Jeune)
def voir_qui_voit(request, reference):
    """Who may read this jeune today and through what, and who did."""
    un_jeune = get_object_or_404(
        Jeune.objects.visibles_par(request.user).select_related("identite"), reference=reference
    )
    droits.exiger(request.user, Droit.PARTAGER, un_jeune)
    montrer(request, [un_jeune], [un_jeune.pk])
    return render(
        request,
        "suivi/qui_voit.html",
        {
            "nom": str(un_jeune),
            "lecteurs": qui_voit.lecteurs(un_jeune),
            "consultations": frise.consultations(un_jeune),
            "fil": [
                ("Page d’un jeune", reverse("suivi:jeune", args=[reference])),
                ("Qui voit cette fiche ?", None),
            ],
        },
    )


def du_gab(request, reference):
    """The jeune and the open dossier that the GAB in charge may follow up; the dossier is None when there is none."""
    un_jeune = get_object_or_404(Jeune.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.SUIVRE, un_jeune)
    dossier = un_jeune.dossiers.visibles_par(request.user).ouverts().select_related("bassin").first()
    return un_jeune, dossier


@regle(Droit.SUIVRE, objet=Jeune, methodes=("POST",))
@jetons.une_fois
def etape(request, reference):
    """The GAB notes a step of its own."""
    un_jeune, dossier = du_gab(request, reference)
    if dossier is None:
        return sans_dossier(request, un_jeune)
    form = EtapeForm(request.POST)
    if not form.is_valid():
        return _montrer(request, un_jeune, etape_form=form)
    d = form.cleaned_data
    une_etape = services.noter_etape(
        dossier,
        d["type"],
        par=request.user,
        date=d["date"],
        synthese=d["synthese"],
        note=d["note"],
        rappeler_le=d["rappeler_le"],
    )
    form.journaliser_garde(une_etape, par=request.user, jeunes=[un_jeune.pk])
    messages.success(request, "Étape enregistrée.")
    return redirect("suivi:jeune", reference=reference)


def sans_dossier(request, un_jeune):
    messages.error(request, "Ce jeune n’a pas de dossier ouvert dans votre bassin.")
    return redirect("suivi:jeune", reference=un_jeune.reference)


@regle(Droit.SUIVRE, objet=Jeune, methodes=("GET", "POST"))
@jetons.une_fois
def devenir(request, reference):
    """The GAB records an outcome."""
    un_jeune, dossier = du_gab(request, reference)
    if dossier is None:
        return sans_dossier(request, un_jeune)
    return saisir_devenir(
        request, dossier, adresse=reverse("suivi:jeune", args=[reference]), actuels=dossier.devenirs.all()
    )


@regle(Droit.SUIVRE, objet=Jeune, methodes=("POST",))
def referent(request, reference):
    """Of the structures that follow a jeune, say which one answers for the whole."""
    un_jeune, dossier = du_gab(request, reference)
    if dossier is None:
        return sans_dossier(request, un_jeune)
    structure = Structure.objects.filter(code=request.POST.get("structure", "")).first()
    try:
        if structure is None:
            raise workflow.TransitionImpossible("Choisissez une structure.")
        services.choisir_referent(dossier, structure, par=request.user)
    except workflow.TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    else:
        messages.success(request, f"{structure} est la structure référente.")
    return redirect("suivi:jeune", reference=reference)

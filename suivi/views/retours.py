"""The reporter: the list of its reports, the return on each."""

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.regles import regle
from qualit.web.pagination import paginer
from signalements.models import EtatSignalement, Question, Signalement
from signalements.services import delai_habituel

from .. import retours, services, tableurs
from ..accueil import adresse
from ..forms import FiltreRetoursForm


@regle(Droit.LIRE_RETOUR)
def liste(request):
    """Where each report of one's structure stands, with what is new since the last visit."""
    miens = retours.mes_signalements(request.user)
    classes = list(
        miens.exclude(classe="").order_by("classe").values_list("classe", flat=True).distinct()[:200]
    )
    form = FiltreRetoursForm(request.GET or None, classes=[(c, libelle("classes", c)) for c in classes])
    lignes = retours.avec_nouvelles(miens, request.user).select_related("structure")
    nouveaux = retours.non_lus(lignes).count()
    filtre = False
    if form.is_bound and form.is_valid():
        lignes, filtre = _filtrer(lignes, form.cleaned_data)
    lignes = lignes.order_by("-envoye_le", "-pk")
    if fichier := tableurs.mes_signalements(request, lignes):
        return fichier
    page = paginer(request, lignes)
    for s in page.object_list:
        s.classe_libelle = libelle("classes", s.classe)
        s.resume, s.genre = retours.resume(s)
        s.nouveau = s.nouvelle_le is not None and (s.lu_le is None or s.lu_le < s.nouvelle_le)
    montrer(request, page.object_list)
    contexte = {
        "page": page,
        "form": form,
        "filtre": filtre,
        "choix": form.cleaned_data if form.is_bound and form.is_valid() else {"nouveau": False, "etat": ""},
        "nouveaux": nouveaux,
        "questions": _questions(request.user).count(),
        "fil": [("Mes signalements", None)],
    }
    return render(request, "suivi/retours.html", contexte)


def _questions(user):
    """Open questions that wait for an answer of one's structures."""
    return (
        Question.objects.ouvertes()
        .filter(signalement__structure__in=droits.structures_pour(user, Droit.LIRE_RETOUR))
        .exclude(type=Question.Type.RETRAIT)
    )


def _filtrer(lignes, choix):
    filtre = bool(choix["etat"] or choix["classe"] or choix["nouveau"])
    if classe := choix["classe"]:
        lignes = lignes.filter(classe=classe)
    if etat := choix["etat"]:
        trie = Q(etat__in=retours.VISIBLES, trie_le__isnull=False)
        lignes = (
            {
                "recu": lignes.filter(~trie, etat=EtatSignalement.ENVOYE),
                "suivi": lignes.filter(trie),
                "en_solution": lignes.filter(trie, etape="en_solution").exclude(suite_le=F("trie_le")),
            }.get(etat)
            if etat in {"recu", "suivi", "en_solution"}
            else lignes.filter(etat=etat)
        )
    if choix["nouveau"]:
        lignes = retours.non_lus(lignes)
    return lignes, filtre


def _adresse_repondre():
    """Name of the route that answers a question, '' while the step of the reports has none."""
    return "signalements:repondre" if adresse("signalements:repondre", reference="A" * 8) else ""


def trouver(request, reference):
    """The report of that reference, for its own structure (403 for those who read it otherwise)."""
    signalement = get_object_or_404(
        Signalement.objects.visibles_par(request.user).envoyes().select_related("structure", "bassin"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.LIRE_RETOUR, signalement)
    return signalement


@regle(Droit.LIRE_RETOUR, objet=Signalement)
def retour(request, reference):
    """The return on one report: stage, dates, family of the solution, messages; nothing else."""
    signalement = trouver(request, reference)
    lignes = retours.nouvelles(signalement)
    derniere_lecture = (
        signalement.lectures_retour.filter(utilisateur=request.user).values_list("quand", flat=True).first()
    )
    montrer(request, [signalement])
    contexte = {
        "s": signalement,
        "classe": libelle("classes", signalement.classe),
        "nouvelles": lignes,
        "derniere_lecture": derniere_lecture,
        "lu": derniere_lecture is not None and all(n.quand <= derniere_lecture for n in lignes),
        "questions": signalement.questions.ouvertes().exclude(type=Question.Type.RETRAIT),
        "adresse_repondre": _adresse_repondre(),
        "retrait": signalement.questions.ouvertes().filter(type=Question.Type.RETRAIT).first(),
        "attend": signalement.etat == EtatSignalement.ENVOYE and signalement.trie_le is None,
        "delai": delai_habituel(signalement.bassin),
        "fil": [("Mes signalements", reverse("suivi:mes_signalements")), (str(signalement), None)],
    }
    return render(request, "suivi/retour.html", contexte)


@regle(Droit.LIRE_RETOUR, objet=Signalement, methodes=("POST",))
def lu(request, reference):
    """Marker posted by the page of a return once shown (or by its button): this person has read it."""
    signalement = trouver(request, reference)
    services.lire_retour(signalement, par=request.user)
    if request.headers.get("X-Requested-With") == "fetch":
        return HttpResponse(status=204)
    messages.success(request, "C’est noté : vous avez lu ce retour.")
    return redirect("suivi:mes_signalements")

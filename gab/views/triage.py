"""The triage of reports, one by one or together, and withdrawals."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.pagination import paginer
from qualit.workflow import TransitionImpossible
from signalements.models import Question, Signalement

from .. import file as lecture_file
from .. import lecture, services, tableurs
from ..forms import (
    ComplementForm,
    HorsChampForm,
    ReponseRetraitForm,
)
from .commun import noter_la_garde, suite_sure, tenter

TRI_PAR_PAGE = 40


def lignes_a_trier(user):
    """Reports to triage with what a line shows."""
    return lecture_file.a_trier(user).prefetch_related(
        "contacts",
        "responsables",
        Prefetch("questions", Question.objects.order_by("posee_le")),
    )


@regle(Droit.TRIER)
def tri(request):
    """The triage: one line a report, the answer on the line itself."""
    if fichier := tableurs.a_trier(request, lecture_file.a_trier(request.user)):
        return fichier
    page = paginer(request, lignes_a_trier(request.user), par_page=TRI_PAR_PAGE)
    en_complement = list(lecture_file.en_complement(request.user)[:TRI_PAR_PAGE]) if page.number == 1 else []
    montres = [*page.object_list, *en_complement]
    montrer(request, montres, jeunes=[s.versement.dossier.jeune_id for s in montres])
    return render(
        request,
        "gab/tri.html",
        {
            "fil": [("File du bassin", reverse("gab:file")), ("Signalements à examiner", None)],
            "page": page,
            "peut_transferer": droits.a_le_droit(request.user, Droit.TRANSFERER),
            "complement_form": ComplementForm(auto_id=False),
            "hors_champ_form": HorsChampForm(auto_id=False),
            "retraits": lecture_file.retraits(request.user).count(),
            "en_complement": en_complement,
        },
    )


def _juger(request, signalement, action):
    """Do one triage action. Returns (done, form in error or None)."""
    par = request.user
    if action == "recevable":
        services.juger_recevable(signalement, par=par)
        return "Recevable", None
    if action == "retablir":
        services.retablir(signalement, par=par)
        return "À examiner de nouveau", None
    if action == "completer":
        form = ComplementForm(request.POST, auto_id="id_c_%s")
        if form.is_valid():
            services.demander_complement(signalement, form.cleaned_data["question"], par=par)
            noter_la_garde(request, form, signalement)
            return "À compléter", None
        return "", form
    if action == "hors_champ":
        form = HorsChampForm(request.POST)
        if form.is_valid():
            services.ecarter(signalement, form.cleaned_data["motif"], par=par, precision=form.texte)
            noter_la_garde(request, form, signalement)
            return "Hors champ", None
        return "", form
    return None, None


@regle(Droit.TRIER, objet=Signalement, methodes=("GET", "POST"))
def trier(request, reference):
    """One report to triage: its page (GET), one action (POST). With htmx, the line alone is answered."""
    signalement = get_object_or_404(
        Signalement.objects.visibles_par(request.user)
        .envoyes()
        .select_related("structure", "versement__dossier__bassin", "bassin", "commune__bassin")
        .prefetch_related("contacts", "responsables", "questions"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.TRIER, signalement)
    versement = getattr(signalement, "versement", None)
    dossier = versement.dossier if versement else None
    montrer(request, [signalement], jeunes=[dossier.jeune_id] if dossier else [])
    formulaires = {"completer": ComplementForm(auto_id="id_c_%s"), "hors_champ": HorsChampForm()}
    if request.method == "POST" and dossier is not None:
        action = request.POST.get("action", "")
        try:
            with transaction.atomic():
                fait, form = _juger(request, signalement, action)
        except TransitionImpossible as erreur:
            if request.htmx:
                return render(
                    request,
                    "gab/_ligne_faite.html",
                    {"signalement": signalement, "fait": str(erreur), "echec": True},
                )
            messages.error(request, str(erreur))
            return redirect("gab:tri")
        if fait is None:
            return HttpResponseBadRequest("action inconnue")
        if fait:
            if request.htmx:
                return render(
                    request,
                    "gab/_ligne_faite.html",
                    {
                        "signalement": signalement,
                        "dossier": dossier,
                        "fait": fait,
                        "annulable": action == "hors_champ",
                    },
                )
            messages.success(request, f"{signalement.nom_complet} : {fait.lower()}.")
            return redirect(suite_sure(request, reverse("gab:tri")))
        formulaires[action] = form
        if request.htmx:
            return render(
                request,
                "gab/_ligne_tri.html",
                {
                    "signalement": signalement,
                    "complement_form": formulaires["completer"],
                    "hors_champ_form": formulaires["hors_champ"],
                    "ouvert": action,
                    "peut_transferer": droits.a_le_droit(request.user, Droit.TRANSFERER),
                },
            )
    return render(
        request,
        "gab/trier.html",
        {
            "fil": [("Signalements à examiner", reverse("gab:tri")), (signalement.nom_complet, None)],
            "peut_transferer": droits.a_le_droit(request.user, Droit.TRANSFERER),
            "signalement": signalement,
            "dossier": dossier,
            "complement_form": formulaires["completer"],
            "hors_champ_form": formulaires["hors_champ"],
            "identite": lecture.identite(dossier, [signalement]) if dossier else [],
            "motifs": lecture.motifs_lisibles(signalement.motifs, signalement.envoye_le, operateur=False),
        },
    )


@regle(Droit.TRIER, methodes=("POST",))
@jetons.une_fois
def tri_lot(request):
    """The same answer for several reports, after a confirmation."""
    references = request.POST.getlist("ligne")[:TRI_PAR_PAGE]
    choisis = list(lignes_a_trier(request.user).filter(reference__in=references))
    action = request.POST.get("action", "")
    if not choisis or action not in {"recevable", "hors_champ"}:
        messages.error(request, "Cochez au moins un signalement, puis choisissez l’action.")
        return redirect("gab:tri")
    form = (
        HorsChampForm(request.POST if request.POST.get("confirme") else None)
        if action == "hors_champ"
        else None
    )
    if request.POST.get("confirme") and (form is None or form.is_valid()):
        faits = 0
        for signalement in choisis:
            droits.exiger(request.user, Droit.TRIER, signalement)
            try:
                with transaction.atomic():
                    if action == "recevable":
                        services.juger_recevable(signalement, par=request.user)
                    else:
                        services.ecarter(
                            signalement, form.cleaned_data["motif"], par=request.user, precision=form.texte
                        )
                        noter_la_garde(request, form, signalement)
                faits += 1
            except TransitionImpossible as erreur:
                messages.error(request, f"{signalement.nom_complet} : {erreur}")
        messages.success(
            request, f"{faits} signalement{'s' if faits > 1 else ''} traité{'s' if faits > 1 else ''}."
        )
        return redirect("gab:tri")
    montrer(request, choisis, jeunes=[s.versement.dossier.jeune_id for s in choisis])
    return render(
        request,
        "gab/tri_lot.html",
        {
            "fil": [("Signalements à examiner", reverse("gab:tri")), ("Confirmer", None)],
            "choisis": choisis,
            "action": action,
            "form": form,
        },
    )


@regle(Droit.TRIER, objet=Signalement, methodes=("GET", "POST"))
def retrait(request, reference):
    """A withdrawal asked by the reporter: confirm it, or keep the report and answer."""
    signalement = get_object_or_404(
        Signalement.objects.visibles_par(request.user)
        .envoyes()
        .select_related("structure", "versement__dossier"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.TRIER, signalement)
    demande = signalement.questions.filter(type=Question.Type.RETRAIT, close_le__isnull=True).first()
    versement = getattr(signalement, "versement", None)
    form = ReponseRetraitForm(request.POST if request.POST.get("action") == "refuser" else None)
    retour = services.lien(versement.dossier) if versement else reverse("gab:tri")
    if request.method == "POST":
        if demande is None or versement is None:
            messages.error(request, "Aucun retrait n’est demandé pour ce signalement.")
            return redirect(retour)
        if request.POST.get("action") == "confirmer":
            tenter(
                request,
                services.confirmer_retrait,
                signalement,
                par=request.user,
                reussite="Le retrait est confirmé : les convocations et missions sont arrêtées.",
            )
            return redirect(retour)
        if form.is_valid():
            services.refuser_retrait(signalement, form.cleaned_data["reponse"], par=request.user)
            noter_la_garde(request, form, signalement)
            messages.success(request, "Le signalement est maintenu, l’établissement est prévenu.")
            return redirect(retour)
    montrer(request, [signalement], jeunes=[versement.dossier.jeune_id] if versement else [])
    return render(
        request,
        "gab/retrait.html",
        {
            "fil": [("File du bassin", reverse("gab:file")), ("Retrait demandé", None)],
            "signalement": signalement,
            "demande": demande,
            "motif": signalement.libelle("motifs_retrait", "motif_retrait"),
            "form": form,
            "retour": retour,
        },
    )

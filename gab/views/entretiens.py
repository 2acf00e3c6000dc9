"""Convocations and interviews."""

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit import workflow
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.conflits import apres_conflit
from qualit.web.documents import reponse_calendrier
from signalements.services import ConflitDeVersion

from .. import services
from ..forms import AppelForm, ConvocationForm, EntretienForm, IssueForm
from ..models import Dossier, Entretien
from ..services import agenda as services_agenda
from .commun import fil_du_dossier, montrer_dossiers, noter_la_garde, tenter, trouver_dossier

ISSUES = {"excuser", "constater_absence", "reporter", "annuler", "corriger"}


def trouver_entretien(request, reference):
    return get_object_or_404(
        Entretien.objects.visibles_par(request.user)
        .select_related("dossier__jeune__identite", "dossier__bassin", "mene_par")
        .prefetch_related("convocations__par"),
        reference=reference,
    )


@regle(Droit.CONVOQUER, objet=Dossier, methodes=("GET", "POST"))
@jetons.une_fois
def convoquer(request, reference):
    """Convene one jeune: a free slot or a date of one's own, by one or several channels."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.CONVOQUER, dossier)
    form = ConvocationForm(
        request.POST or None, dossier=dossier, initial={"creneau": dossier.bassin.creneaux.libres().first()}
    )
    if request.method == "POST" and form.is_valid():
        d = form.cleaned_data
        entretien = tenter(
            request,
            services.convoquer,
            dossier,
            quand=d["quand"],
            lieu=d["lieu"],
            mode=d["mode"],
            canaux=d["canaux"],
            duree_minutes=d["duree_minutes"],
            mene_par=d["mene_par"],
            creneau=d["creneau"],
            par=request.user,
            reussite="L’entretien est prévu.",
        )
        if entretien:
            return redirect("gab:entretien", reference=entretien.reference)
    montrer_dossiers(request, [dossier])
    return render(
        request,
        "gab/formulaire.html",
        {
            "fil": fil_du_dossier(dossier, ("Convoquer", None)),
            "dossier": dossier,
            "nom": str(dossier.jeune),
            "titre": "Convoquer le jeune",
            "form": form,
            "bouton": "Convoquer",
            "annuler": services.lien(dossier),
            "jeton": True,
            "avertissement": dossier.jeune.a_ne_pas_contacter,
        },
    )


@regle(Droit.CONVOQUER, objet=Entretien, methodes=("GET", "POST"))
def entretien(request, reference):
    """One interview: its convocations, what came of it, the letter, the text message."""
    entretien = trouver_entretien(request, reference)
    droits.exiger(request.user, Droit.CONVOQUER, entretien)
    dossier = entretien.dossier
    form = AppelForm(request.POST if request.POST.get("action") == "convoquer" else None)
    issue = IssueForm(request.POST if request.POST.get("action") in ISSUES else None, auto_id="id_issue_%s")
    if request.method == "POST":
        action = request.POST.get("action", "")
        if action == "convoquer" and form.is_valid():
            services.convoquer_de_nouveau(
                entretien,
                form.cleaned_data["canal"],
                resultat=form.cleaned_data["resultat"],
                par=request.user,
            )
            noter_la_garde(request, form, entretien)
            messages.success(request, "La convocation est notée.")
            return redirect("gab:entretien", reference=entretien.reference)
        if action == "revenu":
            convocation = entretien.convocations.filter(
                pk=numero(request.POST.get("convocation")), revenue_le__isnull=True
            ).first()
            if convocation:
                services.noter_retour_courrier(convocation, par=request.user)
                messages.success(
                    request, "Le retour du courrier est noté : l’établissement doit corriger l’adresse."
                )
            return redirect("gab:entretien", reference=entretien.reference)
        if action in ISSUES and issue.is_valid():
            if tenter(
                request,
                services.constater,
                entretien,
                action,
                par=request.user,
                motif=issue.cleaned_data["motif"],
                garde=issue,
                reussite="C’est enregistré.",
            ):
                suite = "gab:convoquer" if action in {"excuser", "constater_absence", "reporter"} else None
                if suite and "convoquer" in request.POST:
                    return redirect(suite, reference=dossier.reference)
            return redirect(services.lien(dossier))
    montrer(request, [entretien], jeunes=[dossier.jeune_id])
    return render(
        request,
        "gab/entretien.html",
        {
            "fil": fil_du_dossier(dossier, (str(entretien), None)),
            "entretien": entretien,
            "dossier": dossier,
            "nom": str(dossier.jeune),
            "form": form,
            "issue": issue,
            "transitions": [t for t in workflow.possibles(entretien, request.user) if t.action != "tenir"],
            "peut_tenir": entretien.etat == Entretien.Etat.PREVU,
            "peut_corriger": entretien.etat == Entretien.Etat.TENU and dossier.est_ouvert,
            "sms": services_agenda.texte_sms(entretien),
            "numeros": services_agenda.numeros([dossier.pk]).get(dossier.pk, []),
            "motifs": [
                libelle("motifs", m, timezone.localdate(entretien.quand)) for m in entretien.motifs_jeune
            ],
            "passe": entretien.quand < timezone.now(),
        },
    )


@regle(Droit.CONVOQUER, objet=Entretien, methodes=("GET", "POST"))
def tenir(request, reference):
    """The grid of an interview: it was held; later, the same grid is corrected."""
    entretien = trouver_entretien(request, reference)
    droits.exiger(request.user, Droit.CONVOQUER, entretien)
    dossier = entretien.dossier
    identite = dossier.jeune.identite
    tenu = entretien.etat == Entretien.Etat.TENU
    initial = {}
    if not entretien.responsable_present and identite and not identite.est_mineur:
        initial["responsable_present"] = Entretien.Responsable.MAJEUR
    if request.method == "GET" and entretien.etat not in {Entretien.Etat.PREVU, Entretien.Etat.TENU}:
        messages.info(request, f"Cet entretien est déjà « {entretien.get_etat_display().lower()} ».")
        return redirect("gab:entretien", reference=reference)
    form = EntretienForm(request.POST or None, instance=entretien, initial=initial)
    if request.method == "POST" and form.is_valid():
        champs = {nom: form.cleaned_data[nom] for nom in form.Meta.fields}
        try:
            fait = tenter(
                request,
                services.remplir_la_grille,
                entretien,
                par=request.user,
                version=form.cleaned_data["version"] or 0,
                garde=form,
                reussite="Le compte rendu est corrigé." if tenu else "L’entretien est enregistré.",
                **champs,
            )
        except ConflitDeVersion as conflit:
            form = apres_conflit(form, conflit.actuel, form.Meta.fields)
            tenu = conflit.actuel.etat == Entretien.Etat.TENU
        else:
            if fait:
                return redirect(services.lien(dossier))
    montrer(request, [entretien], jeunes=[dossier.jeune_id])
    return render(
        request,
        "gab/formulaire.html",
        {
            "fil": fil_du_dossier(dossier, ("Entretien tenu", None)),
            "dossier": dossier,
            "nom": str(dossier.jeune),
            "titre": "Corriger le compte rendu" if tenu else "Compte rendu de l’entretien",
            "form": form,
            "bouton": "Enregistrer le compte rendu" if tenu else "Enregistrer l’entretien",
            "annuler": reverse("gab:entretien", args=[entretien.reference]),
        },
    )


@regle(Droit.CONVOQUER, objet=Entretien)
def ics(request, reference):
    """The interview as a calendar file, without a name."""
    entretien = trouver_entretien(request, reference)
    droits.exiger(request.user, Droit.CONVOQUER, entretien)
    return reponse_calendrier(
        [services_agenda.evenement(entretien, settings.ADRESSE_DU_SITE)], f"entretien-{entretien.reference}"
    )

"""Letters, in batch or one by one, and the proof sheet."""

from datetime import timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit.journal.models import Action
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.documents import PdfIndisponible, pdf, reponse_pdf
from qualit.web.pagination import paginer

from ..models import Convocation, Creneau, Dossier, Entretien
from ..services import agenda as services_agenda
from .agenda import _jour
from .commun import fil_du_dossier, montrer_dossiers, trouver_dossier
from .entretiens import trouver_entretien

LETTRES_MAXIMUM = 100


@regle(Droit.CONVOQUER, methodes=("GET", "POST"))
@jetons.une_fois
def convoquer_lot(request):
    """Convene several jeunes in the next free slots; the letters come out as one document."""
    lignes = services_agenda.a_convoquer(request.user).select_related("jeune__identite__structure", "bassin")
    if request.method == "POST":
        choisis = list(lignes.filter(reference__in=request.POST.getlist("ligne")[:LETTRES_MAXIMUM]))
        canaux = [c for c in request.POST.getlist("canal") if c in Convocation.Canal.values] or ["lettre"]
        if not choisis:
            messages.error(request, "Cochez au moins un jeune.")
            return redirect("gab:convoquer_lot")
        for dossier in choisis:
            droits.exiger(request.user, Droit.CONVOQUER, dossier)
        entretiens, sans = services_agenda.convoquer_lot(choisis, canaux, par=request.user)
        if entretiens:
            messages.success(
                request,
                f"{len(entretiens)} jeune{'s' if len(entretiens) > 1 else ''} convoqué{'s' if len(entretiens) > 1 else ''}.",
            )
        if sans:
            messages.warning(
                request, f"{len(sans)} sans créneau libre : ouvrez d’autres créneaux, puis recommencez."
            )
        for canal, suite in (
            (Convocation.Canal.LETTRE, "gab:lettres"),
            (Convocation.Canal.SMS, "gab:textos"),
        ):
            if entretiens and canal in canaux:
                return redirect(
                    f"{reverse(suite)}?{urlencode([('entretien', e.reference) for e in entretiens])}"
                )
        if entretiens:
            return redirect(
                f"{reverse('gab:agenda')}?semaine={timezone.localdate(entretiens[0].quand):%Y-%m-%d}"
            )
        return redirect("gab:convoquer_lot")
    page = paginer(request, lignes)
    montrer_dossiers(request, page.object_list)
    libres = Creneau.objects.filter(bassin__in=droits.bassins_pour(request.user, Droit.CONVOQUER)).libres()
    return render(
        request,
        "gab/convoquer_lot.html",
        {
            "fil": [("Agenda", reverse("gab:agenda")), ("Convoquer", None)],
            "page": page,
            "libres": libres.count(),
            "canaux": Convocation.Canal.choices,
        },
    )


def _documents(entretiens):
    return [lettre for e in entretiens for lettre in services_agenda.lettres(e)]


def _rendre(request, gabarit, contexte, nom, page):
    """The document as PDF, or the print page with the reason when PDF cannot be made here."""
    try:
        return reponse_pdf(pdf(gabarit, contexte), nom)
    except PdfIndisponible as erreur:
        messages.warning(request, str(erreur))
        return redirect(page)


def _convoques(request, canal):
    """(interviews planned and convened by this channel, the part of the address that says which ones).

    Those of one batch (`entretien`, repeated), else those between two days (`du`, `au`).
    """
    du = _jour(request.GET.get("du", ""), timezone.localdate())
    au = _jour(request.GET.get("au", ""), du + timedelta(days=30))
    lot = request.GET.getlist("entretien")[:LETTRES_MAXIMUM]
    choix = {"reference__in": lot} if lot else {"quand__date__range": (du, au)}
    entretiens = list(
        Entretien.objects.filter(
            dossier__bassin__in=droits.bassins_pour(request.user, Droit.CONVOQUER),
            etat=Entretien.Etat.PREVU,
            convocations__canal=canal,
            **choix,
        )
        .distinct()
        .select_related("dossier__jeune__identite", "dossier__bassin")
        .prefetch_related("convocations")
        .order_by("quand", "pk")[:LETTRES_MAXIMUM]
    )
    return entretiens, urlencode(
        [("entretien", r) for r in lot] or [("du", f"{du:%Y-%m-%d}"), ("au", f"{au:%Y-%m-%d}")]
    )


@regle(Droit.CONVOQUER)
def lettres(request):
    """Every letter of the interviews planned between two days, or of one batch, in one document (page, or PDF)."""
    entretiens, periode = _convoques(request, Convocation.Canal.LETTRE)
    montrer(request, entretiens, jeunes=[e.dossier.jeune_id for e in entretiens], action=Action.EXPORT)
    adresse = f"{reverse('gab:lettres')}?{periode}"
    contexte = {"lettres": _documents(entretiens), "aujourdhui": timezone.localdate()}
    if request.GET.get("format") == "pdf" and entretiens:
        return _rendre(request, "gab/pdf/lettres.html", contexte, "convocations", adresse)
    return render(
        request,
        "gab/lettres.html",
        contexte
        | {
            "fil": [("Agenda", reverse("gab:agenda")), ("Lettres à imprimer", None)],
            "pdf_url": f"{adresse}&format=pdf",
            "entretiens": entretiens,
            "textos_url": f"{reverse('gab:textos')}?{periode}" if _par_sms(entretiens) else "",
            "retour": reverse("gab:agenda"),
        },
    )


def _par_sms(entretiens):
    return any(c.canal == Convocation.Canal.SMS for e in entretiens for c in e.convocations.all())


@regle(Droit.CONVOQUER)
def textos(request):
    """The text messages of the interviews planned between two days, or of one batch, each to copy or to send."""
    entretiens, periode = _convoques(request, Convocation.Canal.SMS)
    montrer(request, entretiens, jeunes=[e.dossier.jeune_id for e in entretiens])
    return render(
        request,
        "gab/textos.html",
        {
            "fil": [("Agenda", reverse("gab:agenda")), ("SMS à envoyer", None)],
            "textos": services_agenda.textos(entretiens),
        },
    )


@regle(Droit.CONVOQUER, objet=Entretien)
def lettre(request, reference):
    """The letters of one convocation, as a page to print."""
    entretien = trouver_entretien(request, reference)
    droits.exiger(request.user, Droit.CONVOQUER, entretien)
    montrer(request, [entretien], jeunes=[entretien.dossier.jeune_id])
    return render(
        request,
        "gab/lettres.html",
        {
            "fil": fil_du_dossier(entretien.dossier, ("Lettre", None)),
            "lettres": _documents([entretien]),
            "entretiens": [entretien],
            "pdf_url": reverse("gab:lettre_pdf", args=[entretien.reference]),
            "retour": reverse("gab:entretien", args=[entretien.reference]),
            "aujourdhui": timezone.localdate(),
        },
    )


@regle(Droit.CONVOQUER, objet=Entretien)
def lettre_pdf(request, reference):
    """The letters of one convocation, as PDF."""
    entretien = trouver_entretien(request, reference)
    droits.exiger(request.user, Droit.CONVOQUER, entretien)
    montrer(request, [entretien], jeunes=[entretien.dossier.jeune_id], action=Action.EXPORT)
    return _rendre(
        request,
        "gab/pdf/lettres.html",
        {"lettres": _documents([entretien]), "aujourdhui": timezone.localdate()},
        f"convocation-{entretien.reference}",
        reverse("gab:lettre", args=[entretien.reference]),
    )


@regle(Droit.TRIER, objet=Dossier)
def preuve(request, reference):
    """What was done within the legal three months, as a page to print."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.TRIER, dossier)
    montrer_dossiers(request, [dossier])
    return render(
        request,
        "gab/preuve.html",
        services_agenda.preuve(dossier)
        | {"fil": fil_du_dossier(dossier, ("Obligation légale", None)), "nom": str(dossier.jeune)},
    )


@regle(Droit.TRIER, objet=Dossier)
def preuve_pdf(request, reference):
    """The proof sheet as PDF."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.TRIER, dossier)
    montrer_dossiers(request, [dossier], action=Action.EXPORT)
    return _rendre(
        request,
        "gab/pdf/preuve.html",
        services_agenda.preuve(dossier),
        f"obligation-legale-{dossier.reference}",
        reverse("gab:preuve", args=[dossier.reference]),
    )

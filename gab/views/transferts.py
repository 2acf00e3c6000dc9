"""Transfers between bassins."""

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons

from .. import services, tableurs
from ..forms import (
    RefusTransfertForm,
    TransfertForm,
)
from ..models import Dossier, Transfert
from .commun import montrer_dossiers, page_de_formulaire, suite_sure, tenter, trouver_dossier


@regle(Droit.TRANSFERER, objet=Dossier, methodes=("GET", "POST"))
@jetons.une_fois
def transferer(request, reference):
    """Propose the dossier to the bassin of residence."""
    dossier = trouver_dossier(request.user, reference)
    droits.exiger(request.user, Droit.TRANSFERER, dossier)
    form = TransfertForm(request.POST or None, dossier=dossier)
    if dossier.transferts.filter(etat=Transfert.Etat.PROPOSE).exists():
        messages.info(request, "Un transfert est déjà proposé pour ce dossier.")
        return redirect(services.lien(dossier))
    if (
        request.method == "POST"
        and form.is_valid()
        and tenter(
            request,
            services.proposer_transfert,
            dossier,
            form.cleaned_data["vers"],
            form.cleaned_data["motif"],
            par=request.user,
            garde=form,
            reussite="Le transfert est proposé. Vous restez chargé du dossier jusqu’à la réponse.",
        )
    ):
        return redirect(suite_sure(request, services.lien(dossier)))
    montrer_dossiers(request, [dossier])
    return page_de_formulaire(
        request, dossier, "Proposer à un autre bassin", form, "Proposer le transfert", jeton=True
    )


@regle(Droit.TRIER)
def transferts(request):
    """Transfers that this bassin must answer, and those it proposed."""
    bassins = droits.bassins_pour(request.user, Droit.LIRE_DOSSIER)
    tous = Transfert.objects.visibles_par(request.user).select_related(
        "de", "vers", "dossier__jeune__identite"
    )
    les_siens = tous.filter(Q(vers__in=bassins) | Q(de__in=bassins)).order_by("-propose_le", "pk")
    if fichier := tableurs.transferts(request, les_siens):
        return fichier
    recus = list(tous.filter(vers__in=bassins, etat="propose").order_by("propose_le")[:100])
    envoyes = list(tous.filter(de__in=bassins)[:50])
    montrer(request, [*recus, *envoyes], jeunes=[t.dossier.jeune_id for t in [*recus, *envoyes]])
    return render(
        request,
        "gab/transferts.html",
        {
            "fil": [("File du bassin", reverse("gab:file")), ("Transferts", None)],
            "recus": recus,
            "envoyes": envoyes,
        },
    )


@regle(Droit.TRIER, objet=Transfert, agir=False, ecrire=Droit.TRANSFERER, methodes=("GET", "POST"))
def transfert(request, reference):
    """Answer a transfer (the bassin that receives) or take it back (the bassin that proposed)."""
    transfert = get_object_or_404(
        Transfert.objects.visibles_par(request.user).select_related(
            "de", "vers", "dossier__jeune__identite", "dossier__bassin"
        ),
        reference=reference,
    )
    peut_repondre = droits.peut(request.user, Droit.TRANSFERER, transfert)
    peut_reprendre = droits.peut(request.user, Droit.TRANSFERER, transfert.dossier)
    form = RefusTransfertForm(request.POST if request.POST.get("reponse") == "refuser" else None)
    if request.method == "POST":
        reponse = request.POST.get("reponse")
        if reponse == "annuler" and peut_reprendre:
            tenter(
                request,
                services.annuler_transfert,
                transfert,
                par=request.user,
                reussite="La proposition est reprise.",
            )
            return redirect("gab:transferts")
        droits.exiger(request.user, Droit.TRANSFERER, transfert)
        if reponse == "accepter" or reponse == "refuser" and form.is_valid():
            tenter(
                request,
                services.repondre_transfert,
                transfert,
                reponse == "accepter",
                motif_refus=form.cleaned_data["motif"] if reponse == "refuser" else "",
                par=request.user,
                garde=form if reponse == "refuser" else None,
                reussite="Le dossier est maintenant à votre charge."
                if reponse == "accepter"
                else "Le transfert est refusé.",
            )
            return redirect("gab:transferts")
    montrer(request, [transfert], jeunes=[transfert.dossier.jeune_id])
    return render(
        request,
        "gab/transfert.html",
        {
            "fil": [("Transferts", reverse("gab:transferts")), ("Transfert", None)],
            "transfert": transfert,
            "dossier": transfert.dossier,
            "nom": str(transfert.dossier.jeune),
            "form": form,
            "peut_repondre": peut_repondre and transfert.etat == Transfert.Etat.PROPOSE,
            "peut_reprendre": peut_reprendre and transfert.etat == Transfert.Etat.PROPOSE,
        },
    )

"""The register: entering a request, its clock, its answer and its letter."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.models import Action, Trace
from qualit.journal.services import montrer
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.documents import PdfIndisponible, pdf, reponse_pdf
from qualit.web.pagination import paginer

from .. import lettres, services
from ..forms import DemandeForm, FiltreDemandesForm, ProlongationForm, RechercheForm, ReponseForm
from ..inventaire import ids_de, signalements_de
from ..models import Demande

DEUX = ("GET", "POST")


def trouver(request, reference):
    """The request of that reference in the register of this person, or 404."""
    demandes = Demande.objects.visibles_par(request.user).select_related(
        "academie", "cree_par", "repondue_par"
    )
    return get_object_or_404(demandes, reference=reference)


def fil_de(demande, *suite):
    """The breadcrumb of a page about a request."""
    adresse = reverse("rgpd:demande", args=[demande.reference]) if suite else None
    return [("Demandes", reverse("rgpd:registre")), (str(demande), adresse), *suite]


COLONNES = [
    Colonne("Demande", "reference", 12),
    Colonne("Droit", lambda d: d.get_type_display(), 24),
    Colonne("En qualité de", lambda d: d.get_qualite_display(), 28),
    Colonne("Reçue le", "recue_le", 12),
    Colonne("Répondre avant le", "echeance", 14),
    Colonne("Prolongée le", "prolongee_le", 12),
    Colonne("Suite", lambda d: d.get_suite_display(), 24),
    Colonne("Répondue le", "repondue_le", 12),
]


@regle(Droit.TENIR_REGISTRE)
def registre(request):
    """Requests to treat, the most urgent first. As a file, without any name: what the delegate shows to the CNIL."""
    form = FiltreDemandesForm(request.GET)
    demandes = Demande.objects.visibles_par(request.user)
    lignes = form.filtrer(demandes)
    if fichier := telecharger(request, "demandes", "Registre des demandes", COLONNES, lignes, droit=None):
        return fichier
    return render(
        request,
        "rgpd/registre.html",
        {
            "page": paginer(request, lignes),
            "form": form,
            "ouvertes": demandes.ouvertes().count(),
            "retard": demandes.en_retard().count(),
            "fil": [("Demandes", None)],
        },
    )


@regle(Droit.TENIR_REGISTRE, methodes=DEUX)
@jetons.une_fois
def nouvelle(request):
    """Enter a request."""
    form = DemandeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        demande = services.ouvrir(form.save(commit=False), par=request.user)
        messages.success(request, f"Demande inscrite : réponse due avant le {demande.echeance:%d/%m/%Y}.")
        return redirect("rgpd:demande", reference=demande.reference)
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": "Inscrire une demande",
            "form": form,
            "bouton": "Inscrire la demande",
            "annuler": reverse("rgpd:registre"),
            "fil": [("Demandes", reverse("rgpd:registre")), ("Inscrire", None)],
        },
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False, methodes=DEUX)
@jetons.une_fois
def modifier(request, reference):
    """Correct what was entered, while it is not answered."""
    une = trouver(request, reference)
    if not une.est_ouverte:
        messages.error(request, "Cette demande a déjà reçu une réponse.")
        return redirect("rgpd:demande", reference=reference)
    form = DemandeForm(request.POST or None, instance=une, initial={"recue_le": une.recue_le})
    if request.method == "POST" and form.is_valid():
        services.modifier(form.save(commit=False), par=request.user)
        messages.success(request, "La demande est corrigée.")
        return redirect("rgpd:demande", reference=reference)
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": f"Corriger la demande {reference}",
            "form": form,
            "bouton": "Enregistrer",
            "annuler": reverse("rgpd:demande", args=[reference]),
            "fil": fil_de(une, ("Corriger", None)),
        },
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False)
def demande(request, reference):
    """A request: its clock, the person, what can be done, what was done."""
    une = trouver(request, reference)
    return montrer_la_demande(request, une)


def montrer_la_demande(request, une, *, recherche=None, resultats=None):
    """The page of a request, with the search of the person when there is one."""
    personne = None
    if une.jeune is not None and not une.jeune.anonymise_le:
        ids = ids_de(une.jeune)
        signalements = list(signalements_de(ids).select_related("structure", "bassin").order_by("-envoye_le"))
        personne = {
            "jeune": une.jeune,
            "signalements": signalements,
            "dossiers": list(une.jeune.dossiers.select_related("bassin").order_by("-ouvert_le")),
        }
        montrer(request, [une.jeune, *signalements], ids, motif=f"Demande {une.reference}")
    return render(
        request,
        "rgpd/demande.html",
        {
            "demande": une,
            "personne": personne,
            "form": recherche or RechercheForm(),
            "resultats": resultats,
            "journal": Trace.objects.filter(objet_type="rgpd.demande", objets__contains=[une.pk])
            .exclude(action=Action.LECTURE)
            .select_related("acteur")
            .order_by("quand", "pk"),
            "fil": fil_de(une),
        },
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False, methodes=DEUX)
@jetons.une_fois
def prolonger(request, reference):
    """Two more months, once."""
    une = trouver(request, reference)
    form = ProlongationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            une = services.prolonger(une, form.cleaned_data["motif"], par=request.user)
        except ValidationError as erreur:
            form.add_error(None, erreur)
        else:
            messages.success(
                request, f"Prolongée jusqu’au {une.echeance:%d/%m/%Y}. Prévenez la personne par lettre."
            )
            return redirect("rgpd:demande", reference=reference)
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": "Prolonger de deux mois",
            "intro": "Une seule fois, avant la fin du premier mois.",
            "form": form,
            "bouton": "Prolonger",
            "annuler": reverse("rgpd:demande", args=[reference]),
            "fil": fil_de(une, ("Prolonger", None)),
        },
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False, methodes=DEUX)
@jetons.une_fois
def repondre(request, reference):
    """The outcome and the text of the letter."""
    une = trouver(request, reference)
    suite = request.GET.get("suite", "")
    suite = (
        suite if suite in Demande.Suite.values and suite != Demande.Suite.RECUE else Demande.Suite.ACCORDEE
    )
    form = ReponseForm(request.POST or None, initial={"suite": suite, "reponse": lettres.texte(une, suite)})
    if request.method == "POST" and form.is_valid():
        try:
            services.repondre(une, form.cleaned_data["suite"], form.cleaned_data["reponse"], par=request.user)
        except ValidationError as erreur:
            form.add_error(None, erreur)
        else:
            messages.success(request, "La réponse est enregistrée : il reste à envoyer la lettre.")
            return redirect("rgpd:lettre", reference=reference)
    return render(
        request,
        "rgpd/repondre.html",
        {
            "demande": une,
            "form": form,
            "suites": [(code, nom) for code, nom in Demande.Suite.choices if code != Demande.Suite.RECUE],
            "suite": suite,
            "fil": fil_de(une, ("Répondre", None)),
        },
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False, methodes=("POST",))
def rouvrir(request, reference):
    """Take an answer back."""
    une = trouver(request, reference)
    try:
        services.rouvrir(une, par=request.user)
        messages.success(request, "La demande est rouverte.")
    except ValidationError as erreur:
        messages.error(request, erreur.message)
    return redirect("rgpd:demande", reference=reference)


def _lettre(request, reference):
    une = trouver(request, reference)
    return {
        "demande": une,
        "texte": une.reponse or lettres.texte(une),
        "projet": une.est_ouverte,
        "aujourdhui": timezone.localdate(),
        "fil": fil_de(une, ("Lettre", None)),
    }


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False)
def lettre(request, reference):
    """The letter, to print."""
    return render(request, "rgpd/lettre.html", _lettre(request, reference))


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False)
def lettre_pdf(request, reference):
    """The letter as a PDF."""
    contexte = _lettre(request, reference)
    try:
        return reponse_pdf(pdf("rgpd/pdf/lettre.html", contexte), f"reponse-{reference}")
    except PdfIndisponible as erreur:
        messages.warning(request, str(erreur))
        return redirect("rgpd:lettre", reference=reference)

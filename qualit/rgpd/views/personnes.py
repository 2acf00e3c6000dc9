"""What the delegate does for the person of a request: find, export, correct, protect, erase."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from dedoublonnage.models import Jeune
from dedoublonnage.views_saisie import CorrectionForm
from qualit.journal.models import Action
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.templatetags.qualit import pluriel
from signalements.services import ConflitDeVersion
from suivi import frise, qui_voit

from .. import export, lettres, services
from ..effacement import EffacementImpossible
from ..forms import EffacementForm, RechercheForm, RechercheMotiveeForm
from ..grand_livre import GrandLivreIllisible
from ..inventaire import ids_de, signalements_de
from ..models import Demande
from .demandes import DEUX, fil_de, montrer_la_demande, trouver


def _montrer_resultats(request, resultats, motif):
    montrer(
        request,
        [s for _, signalements in resultats for s in signalements],
        [jeune.pk for jeune, _ in resultats],
        action=Action.RECHERCHE,
        motif=motif,
    )


@regle(Droit.RECHERCHER_AVEC_MOTIF, methodes=DEUX)
def rechercher(request):
    """Search a person with a motive. Posted: nothing nominative in an address."""
    form = RechercheMotiveeForm(request.POST or None)
    resultats = None
    if request.method == "POST" and form.is_valid():
        d = form.cleaned_data
        academies = droits.academies_pour(request.user, Droit.RECHERCHER_AVEC_MOTIF)
        resultats = services.trouver_personnes(academies, d["quoi"], d["date_naissance"])
        _montrer_resultats(request, resultats, d["motif"])
    return render(
        request,
        "rgpd/rechercher.html",
        {"form": form, "resultats": resultats, "fil": [("Rechercher une personne", None)]},
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False, methodes=("POST",))
def designer(request, reference):
    """Find the person that a request is about, then choose among those found."""
    une = trouver(request, reference)
    if "jeune" in request.POST:
        jeune = None
        if request.POST["jeune"]:
            jeune = get_object_or_404(Jeune, reference=request.POST["jeune"])
        try:
            services.designer(une, jeune, par=request.user)
        except PermissionDenied:  # of another académie: as if it did not exist
            raise Http404 from None
        except ValidationError as erreur:
            messages.error(request, erreur.message)
        return redirect("rgpd:demande", reference=reference)
    form = RechercheForm(request.POST)
    if not form.is_valid():
        return montrer_la_demande(request, une, recherche=form)
    d = form.cleaned_data
    resultats = services.trouver_personnes([une.academie_id], d["quoi"], d["date_naissance"])
    _montrer_resultats(request, resultats, f"Demande {une.reference}")
    return montrer_la_demande(request, une, recherche=form, resultats=resultats)


def _avec_personne(request, reference):
    """The request and its person; the person is None, and a message says what to do, when nobody is designated."""
    une = trouver(request, reference)
    if une.jeune is None or une.jeune.anonymise_le:
        messages.error(request, "Dites d’abord de quelle personne il s’agit.")
        return une, None
    return une, une.jeune


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False)
def voir_qui_voit(request, reference):
    """Who may read the person today, and who did."""
    une, jeune = _avec_personne(request, reference)
    if jeune is None:
        return redirect("rgpd:demande", reference=reference)
    montrer(request, [jeune], ids_de(jeune), motif=f"Demande {une.reference}")
    return render(
        request,
        "suivi/qui_voit.html",
        {
            "nom": str(jeune),
            "lecteurs": qui_voit.lecteurs(jeune),
            "consultations": frise.consultations(jeune),
            "fil": fil_de(une, ("Qui voit cette fiche ?", None)),
        },
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False)
def donnees(request, reference):
    """Everything on the person, to read and to print."""
    une, jeune = _avec_personne(request, reference)
    if jeune is None:
        return redirect("rgpd:demande", reference=reference)
    contexte = export.contexte_de(jeune, une)
    montrer(request, [jeune], ids_de(jeune), action=Action.EXPORT, motif=f"Demande {une.reference}")
    return render(request, "rgpd/donnees.html", contexte | {"fil": fil_de(une, ("Données", None))})


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False)
def donnees_zip(request, reference):
    """Everything on the person, in one file."""
    une, jeune = _avec_personne(request, reference)
    if jeune is None:
        return redirect("rgpd:demande", reference=reference)
    contenu = export.archive(jeune, une)
    montrer(request, [jeune], ids_de(jeune), action=Action.EXPORT, motif=f"Demande {une.reference}")
    return HttpResponse(
        contenu,
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="donnees-{une.reference}.zip"',
            "Cache-Control": "private, no-store",
        },
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False, methodes=DEUX)
def rectifier(request, reference):
    """Correct one of the reports about the person; what was typed stays in its history."""
    une, jeune = _avec_personne(request, reference)
    if jeune is None:
        return redirect("rgpd:demande", reference=reference)
    if not une.est_ouverte:
        messages.error(request, "Cette demande a déjà reçu une réponse.")
        return redirect("rgpd:demande", reference=reference)
    signalements = signalements_de(ids_de(jeune)).select_related("structure").order_by("-envoye_le")
    code = request.POST.get("signalement") or request.GET.get("signalement")
    signalement = get_object_or_404(signalements, reference=code) if code else signalements.first()
    donnees = request.POST if request.method == "POST" else None
    initiales = {champ: getattr(signalement, champ) for champ in CorrectionForm.base_fields}
    form = CorrectionForm(donnees, initial=initiales, envoi=True, sortie=signalement.date_sortie)
    if donnees is not None and form.is_valid():
        champs = {c: form.cleaned_data[c] for c in CorrectionForm.base_fields}
        try:
            changes = services.rectifier(
                une,
                signalement,
                champs,
                par=request.user,
                version=numero(donnees.get("version")),
            )
        except ConflitDeVersion as erreur:
            form.add_error(None, str(erreur))
        else:
            messages.success(
                request,
                "La correction est enregistrée ; ce qui avait été saisi reste dans l’historique."
                if changes
                else "Rien n’a changé.",
            )
            return redirect("rgpd:demande", reference=reference)
    montrer(request, [signalement], [jeune.pk], motif=f"Demande {une.reference}")
    return render(
        request,
        "rgpd/rectifier.html",
        {
            "demande": une,
            "signalement": signalement,
            "signalements": signalements,
            "form": form,
            "erreurs": [(c.ancre, c.label, e) for c in form for e in c.errors],
            "fil": fil_de(une, ("Rectifier", None)),
        },
    )


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False, methodes=("POST",))
def proteger(request, reference):
    """Put or lift an opposition or a limitation."""
    une = trouver(request, reference)
    protection = request.POST.get("protection", "")
    if protection not in services.PROTECTIONS:
        messages.error(request, "Choisissez opposition ou limitation.")
        return redirect("rgpd:demande", reference=reference)
    actif = request.POST.get("actif") == "1"
    try:
        services.proteger(une, protection, actif, par=request.user)
    except ValidationError as erreur:
        messages.error(request, erreur.message)
    else:
        messages.success(
            request,
            "C’est fait : cette personne n’est plus contactée, et ceux qui la suivent en sont avertis."
            if actif
            else "C’est fait : la protection est levée, et ceux qui suivent cette personne en sont avertis.",
        )
    return redirect("rgpd:demande", reference=reference)


@regle(Droit.TENIR_REGISTRE, objet=Demande, agir=False, methodes=DEUX)
@jetons.une_fois
def effacer(request, reference):
    """Erase the person: cannot be undone."""
    une, jeune = _avec_personne(request, reference)
    if jeune is None:
        return redirect("rgpd:demande", reference=reference)
    form = EffacementForm(request.POST or None, initial={"reponse": lettres.texte(une)})
    if request.method == "POST" and form.is_valid():
        try:
            bilan = services.effacer(une, form.cleaned_data["reponse"], par=request.user)
        except ValidationError as erreur:
            form.add_error(None, erreur)
        except (EffacementImpossible, GrandLivreIllisible) as erreur:
            form.add_error(None, str(erreur))
        else:
            messages.success(
                request,
                f"Cette personne est effacée ({pluriel(sum(bilan.lignes.values()), 'ligne,lignes')}). "
                "Le texte libre du journal l’est à la prochaine purge.",
            )
            return redirect("rgpd:demande", reference=reference)
    montrer(request, [jeune], ids_de(jeune), motif=f"Demande {une.reference}")
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Effacer cette personne",
            "question": f"Tout ce qui nomme {jeune} va disparaître du portail. C’est définitif.",
            "consequences": [
                "Noms, coordonnées, responsables légaux et textes libres sont effacés de toutes les tables.",
                "Son dossier ouvert est clos ; entretiens et missions en cours s’arrêtent.",
                "Les statistiques gardent des nombres, sans nom ni date de naissance exacte.",
                "L’effacement est inscrit dans le registre gardé hors de la base : il sera rejoué après une restauration.",
                "Si une obligation légale de suivi court encore (16-18 ans), préférez la limitation.",
            ],
            "form": form,
            "bouton": "Effacer définitivement",
            "annuler": reverse("rgpd:demande", args=[reference]),
            "jeton": True,
            "fil": fil_de(une, ("Effacer", None)),
        },
    )

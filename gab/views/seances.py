"""Pages of a séance: agenda, guests, projection, decisions, minutes."""

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.models import Utilisateur
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.conflits import apres_conflit
from qualit.web.documents import PdfIndisponible, pdf, reponse_pdf
from qualit.web.pagination import paginer
from signalements.services import ConflitDeVersion

from .. import file as lecture_file
from .. import tableurs
from ..forms import (
    EmargementForm,
    InvitationForm,
    SeanceForm,
)
from ..models import Dossier, EtatDossier, LigneSeance, Seance
from ..services import seances as services
from .commun import tenter

ORDRE_DU_JOUR_PROPOSE = [EtatDossier.ENTRETIEN_TENU, EtatDossier.PRECONISE]


def trouver_seance(request, reference, droit=None):
    seance = get_object_or_404(
        Seance.objects.visibles_par(request.user).select_related("bassin__academie", "signee_par"),
        reference=reference,
    )
    if droit:
        droits.exiger(request.user, droit, seance)
    return seance


def fil_de_la_seance(seance=None, *suite):
    etapes = [("Séances", reverse("gab:seances"))]
    if seance:
        etapes.append((str(seance), reverse("gab:seance", args=[seance.reference])))
    return [*etapes, *suite]


def lignes_de_la_seance(seance):
    return list(
        seance.lignes.select_related(
            "dossier__jeune__identite__structure", "dossier__bassin", "structure", "place"
        )
    )


def montrer_seance(request, seance, lignes, **options):
    montrer(request, [seance], jeunes=[ligne.dossier.jeune_id for ligne in lignes], **options)


@regle(Droit.LIRE_SEANCE)
def seances(request):
    """The séances of the bassin, and those that one is invited to."""
    lignes = Seance.objects.visibles_par(request.user).select_related("bassin").order_by("-quand")
    if fichier := tableurs.seances(request, lignes):
        return fichier
    return render(
        request,
        "gab/seances.html",
        {
            "fil": [("Séances", None)],
            "page": paginer(request, lignes),
            "peut_preparer": droits.a_le_droit(request.user, Droit.TENIR_SEANCE),
        },
    )


@regle(Droit.TENIR_SEANCE, methodes=("GET", "POST"))
@jetons.une_fois
def preparer(request):
    """A new séance, with the dossiers that wait for a decision proposed for its agenda."""
    form = SeanceForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        seance = form.objet()
        proposes = (
            Dossier.objects.de_la_file(request.user, Droit.TENIR_SEANCE)
            .filter(
                Q(etat__in=ORDRE_DU_JOUR_PROPOSE) | Q(pk__in=services.reportes(seance.bassin)),
                bassin=seance.bassin,
            )
            .avec_priorite()
            .order_by("-priorite", "pk")[:60]
        )
        services.preparer(seance, list(proposes), par=request.user)
        messages.success(request, "La séance est préparée : vérifiez l’ordre du jour.")
        return redirect("gab:ordre_du_jour", reference=seance.reference)
    return render(
        request,
        "gab/formulaire.html",
        {
            "fil": fil_de_la_seance(None, ("Préparer une séance", None)),
            "titre": "Préparer une séance",
            "form": form,
            "bouton": "Préparer",
            "annuler": reverse("gab:seances"),
            "jeton": True,
        },
    )


@regle(Droit.LIRE_SEANCE, objet=Seance, agir=False)
def seance(request, reference):
    """The agenda with what was decided, the people, the actions."""
    seance = trouver_seance(request, reference)
    lignes = lignes_de_la_seance(seance)
    if fichier := tableurs.seance(request, lignes):
        return fichier
    montrer_seance(request, seance, lignes)
    peut_tenir = droits.peut(request.user, Droit.TENIR_SEANCE, seance)
    decidees = sum(bool(ligne.decision) for ligne in lignes)
    return render(
        request,
        "gab/seance.html",
        {
            "fil": fil_de_la_seance(None, (str(seance), None)),
            "seance": seance,
            "lignes": lignes,
            "decidees": decidees,
            "a_clore": seance.etat == Seance.Etat.OUVERTE and lignes and decidees == len(lignes),
            "transitions": workflow.possibles(seance, request.user),
            "peut_tenir": peut_tenir,
            "modifiable": peut_tenir and seance.etat in {Seance.Etat.PREPAREE, Seance.Etat.OUVERTE},
            "close": seance.etat in {Seance.Etat.CLOSE, Seance.Etat.SIGNEE},
            "invites": seance.invites.all(),
            "presences": seance.presences.all(),
        },
    )


@regle(Droit.TENIR_SEANCE, objet=Seance, methodes=("GET", "POST"))
def ordre_du_jour(request, reference):
    """Add dossiers of the queue to the agenda, or take some off."""
    seance = trouver_seance(request, reference, Droit.TENIR_SEANCE)
    if request.method == "POST":
        if pk := numero(request.POST.get("retirer")):
            ligne = seance.lignes.filter(pk=pk).select_related("dossier").first()
            if ligne:
                tenter(request, services.retirer, ligne, par=request.user, reussite="Le dossier est retiré.")
        else:
            choisis = list(
                Dossier.objects.de_la_file(request.user, Droit.TENIR_SEANCE).filter(
                    bassin=seance.bassin, reference__in=request.POST.getlist("ligne")[:200]
                )
            )
            if choisis:
                nombre = tenter(request, services.inscrire, seance, choisis, par=request.user)
                if nombre:
                    messages.success(
                        request, f"{len(choisis)} dossier{'s' if len(choisis) > 1 else ''} à l’ordre du jour."
                    )
            else:
                messages.error(request, "Cochez au moins un dossier.")
        return redirect("gab:ordre_du_jour", reference=seance.reference)
    lignes = lignes_de_la_seance(seance)
    filtre = lecture_file.Filtre.lire(request.GET)
    candidats = (
        lecture_file.dossiers(request.user, filtre)
        .filter(bassin=seance.bassin)
        .exclude(pk__in=[ligne.dossier_id for ligne in lignes])
        .select_related("jeune__identite__structure")
    )
    page = paginer(request, candidats)
    montrer_seance(request, seance, lignes)
    montrer(request, page.object_list, jeunes=[d.jeune_id for d in page.object_list])
    return render(
        request,
        "gab/ordre_du_jour.html",
        {
            "fil": fil_de_la_seance(seance, ("Ordre du jour", None)),
            "seance": seance,
            "lignes": lignes,
            "page": page,
            "filtre": filtre,
            "etats": [("", "Tous les dossiers ouverts"), *EtatDossier.choices[:6]],
        },
    )


@regle(Droit.TENIR_SEANCE, objet=Seance, methodes=("GET", "POST"))
def invites(request, reference):
    """Invite people from outside the GAB, or withdraw an invitation."""
    seance = trouver_seance(request, reference, Droit.TENIR_SEANCE)
    if retire := numero(request.POST.get("retirer")):
        personne = get_object_or_404(Utilisateur, pk=retire, seances_invite=seance)
        services.decommander(seance, personne, par=request.user)
        messages.success(request, "L’invitation est retirée.")
        return redirect("gab:invites", reference=seance.reference)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if tenter(request, services.inviter, seance, [form.personne], par=request.user):
            messages.success(request, f"{form.personne} est invité à la séance.")
        return redirect("gab:invites", reference=seance.reference)
    return render(
        request,
        "gab/invites.html",
        {
            "fil": fil_de_la_seance(seance, ("Invités", None)),
            "seance": seance,
            "form": form,
            "invites": seance.invites.all(),
        },
    )


@regle(Droit.TENIR_SEANCE, objet=Seance, methodes=("GET", "POST"))
def presences(request, reference):
    """Who attends, and the general remarks of the minutes."""
    seance = trouver_seance(request, reference, Droit.TENIR_SEANCE)
    form = EmargementForm(
        request.POST or None,
        seance=seance,
        initial={
            "presences": seance.presences.all(),
            "presents": seance.presents,
            "observations": seance.observations,
            "version": seance.version,
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            fait = tenter(
                request,
                services.emarger,
                seance,
                form.cleaned_data["presences"],
                form.cleaned_data["presents"],
                form.cleaned_data["observations"],
                version=form.cleaned_data["version"],
                par=request.user,
                reussite="Les présences sont enregistrées.",
            )
        except ConflitDeVersion as conflit:
            form = apres_conflit(form, conflit.actuel, ("presences", "presents", "observations"))
        else:
            if fait:
                form.journaliser_garde(seance, par=request.user)
                return redirect("gab:seance", reference=seance.reference)
    return render(
        request,
        "gab/formulaire.html",
        {
            "fil": fil_de_la_seance(seance, ("Présences", None)),
            "titre": "Présences et observations",
            "form": form,
            "bouton": "Enregistrer",
            "annuler": reverse("gab:seance", args=[seance.reference]),
        },
    )


ETATS = {
    "ouvrir": (services.ouvrir, "La séance est ouverte."),
    "clore": (services.clore, "La séance est close : préconisations, missions et avis sont partis."),
    "signer": (services.signer, "Le compte rendu est signé et verrouillé."),
    "annuler": (services.annuler, "La séance est annulée."),
}


@regle(Droit.TENIR_SEANCE, objet=Seance, methodes=("POST",))
@jetons.une_fois
def etat(request, reference):
    """Open, close, sign, call off: after a confirmation for the acts that cannot be undone."""
    seance = trouver_seance(request, reference, Droit.TENIR_SEANCE)
    action = request.POST.get("action", "")
    if action not in ETATS:
        messages.error(request, "Action inconnue.")
        return redirect("gab:seance", reference=seance.reference)
    if action in {"clore", "signer", "annuler"} and not request.POST.get("confirme"):
        lignes = lignes_de_la_seance(seance)
        missions = sum(ligne.decision == LigneSeance.Decision.MISSIONNER for ligne in lignes)
        preconisations = sum(bool(ligne.solution) for ligne in lignes)
        sans = sum(not ligne.decision for ligne in lignes)
        textes = {
            "clore": (
                "Clore la séance",
                "Clore la séance et donner effet aux décisions ?",
                [
                    f"Préconisations données : {preconisations}",
                    f"Structures missionnées et prévenues : {missions}",
                    f"Dossiers non examinés, laissés tels quels : {sans}",
                ],
            ),
            "signer": (
                "Signer le compte rendu",
                "Signer et verrouiller le compte rendu ?",
                ["Il ne pourra plus être modifié.", "Les invités ne liront plus les dossiers."],
            ),
            "annuler": (
                "Annuler la séance",
                "Annuler cette séance ?",
                ["Les invités ne liront plus les dossiers."],
            ),
        }
        titre, question, consequences = textes[action]
        return render(
            request,
            "gab/seance_confirmer.html",
            {
                "fil": fil_de_la_seance(seance, (titre, None)),
                "seance": seance,
                "titre": titre,
                "question": question,
                "consequences": consequences,
                "action": action,
            },
        )
    service, reussite = ETATS[action]
    tenter(request, service, seance, par=request.user, reussite=reussite)
    return redirect("gab:seance", reference=seance.reference)


def _compte_rendu(request, seance):
    if seance.etat not in {Seance.Etat.CLOSE, Seance.Etat.SIGNEE}:
        messages.info(request, "Le compte rendu se fait à la clôture de la séance.")
        return None
    return {"seance": seance, "pv": services.compte_rendu(seance)}


@regle(Droit.TENIR_SEANCE, objet=Seance, agir=False)
def compte_rendu(request, reference):
    """The minutes, to read and print; signed, they are what was frozen."""
    seance = trouver_seance(request, reference)
    contexte = _compte_rendu(request, seance)
    if contexte is None:
        return redirect("gab:seance", reference=seance.reference)
    lignes = lignes_de_la_seance(seance)
    montrer_seance(request, seance, lignes)
    return render(
        request,
        "gab/compte_rendu.html",
        contexte
        | {
            "fil": fil_de_la_seance(seance, ("Compte rendu", None)),
            "transitions": [t for t in workflow.possibles(seance, request.user) if t.action == "signer"],
        },
    )


@regle(Droit.TENIR_SEANCE, objet=Seance, agir=False)
def compte_rendu_pdf(request, reference):
    """The minutes as PDF."""
    seance = trouver_seance(request, reference)
    contexte = _compte_rendu(request, seance)
    if contexte is None:
        return redirect("gab:seance", reference=seance.reference)
    lignes = lignes_de_la_seance(seance)
    montrer_seance(request, seance, lignes, action=Action.EXPORT)
    try:
        return reponse_pdf(pdf("gab/pdf/compte_rendu.html", contexte), f"compte-rendu-{seance.reference}")
    except PdfIndisponible as erreur:
        messages.warning(request, str(erreur))
        return redirect("gab:compte_rendu", reference=seance.reference)

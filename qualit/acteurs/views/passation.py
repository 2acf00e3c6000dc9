"""The end of a membership with its hand-over, and the list of what was left behind."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Bassin, Utilisateur
from qualit.territoire.regles import regle
from qualit.web import jetons

from .. import passation
from ..forms import FinAdhesionForm

DEUX = ("GET", "POST")


@regle(Droit.GERER_EQUIPE, objet=Adhesion, methodes=DEUX)
@jetons.une_fois
def terminer(request, reference):
    """End a colleague's membership, and hand over what they hold there."""
    adhesion = get_object_or_404(
        Adhesion.objects.visibles_par(request.user).select_related(
            "utilisateur", "structure__academie", "bassin__academie", "academie"
        ),
        reference=reference,
    )
    droits.exiger(request.user, Droit.GERER_EQUIPE, adhesion)
    collegues = passation.repreneurs(adhesion)
    form = FinAdhesionForm(request.POST or None, adhesion=adhesion, collegues=collegues)
    if request.method == "POST" and form.is_valid():
        donnees = form.cleaned_data
        try:
            remis = passation.terminer_et_remettre(
                adhesion,
                par=request.user,
                le=donnees["le"],
                a=donnees.get("a"),
                donner_le_role=donnees.get("donner_le_role", False),
            )
        except ValidationError as erreur:
            form.add_error("a" if "a" in form.fields else None, erreur)
        else:
            texte = f"L’adhésion de {adhesion.utilisateur} prend fin."
            if remis:
                texte += f" Confié à {donnees['a']} : {passation.en_mots(remis)}."
            messages.success(request, texte)
            return redirect("territoire:equipe")
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Mettre fin à une adhésion",
            "question": f"{adhesion.utilisateur} ne sera plus {adhesion.get_role_display().lower()} ({adhesion.siege}).",
            "consequences": _consequences(adhesion),
            "form": form,
            "bouton": "Mettre fin à l’adhésion",
            "annuler": reverse("territoire:equipe"),
            "jeton": True,
            "fil": [("Équipe", reverse("territoire:equipe")), ("Fin d’adhésion", None)],
        },
    )


def _consequences(adhesion):
    phrases = ["Ses autres adhésions ne changent pas."]
    en_cours = passation.en_cours(adhesion)
    if en_cours:
        phrases.append(f"En cours à son nom : {passation.en_mots(en_cours)}.")
    else:
        phrases.append("Rien n’est en cours à son nom ici.")
    if passation.seul_coordinateur(adhesion):
        phrases.append(
            "C’est le seul coordinateur de ce bassin : sans remplaçant, plus personne ne pourra préconiser, "
            "missionner ni clore."
        )
    lieu = "au bassin" if isinstance(adhesion.siege, Bassin) else "à l’équipe"
    phrases.append(f"Les questions, décisions et transferts en attente restent {lieu}.")
    return phrases


@regle(Droit.GERER_EQUIPE, Droit.MISSIONNER, Droit.REPONDRE_MISSION, methodes=DEUX)
@jetons.une_fois
def a_reprendre(request):
    """What somebody who left still holds, and to whom it can be given, lot by lot."""
    erreur = None
    if request.method == "POST":
        collegue = Utilisateur.objects.filter(reference=request.POST.get("a", "")).first()
        try:
            nombre = passation.confier(
                request.POST.get("lot", ""),
                collegue,
                par=request.user,
                references=request.POST.getlist("ligne"),
            )
        except ValidationError as probleme:
            erreur = probleme.message
        else:
            messages.success(request, f"Confié à {collegue} ({nombre}).")
            return redirect("territoire:a_reprendre")
    return render(
        request,
        "acteurs/a_reprendre.html",
        {
            "lots": passation.lots(request.user),
            "erreur": erreur,
            "sans_coordinateur": passation.bassins_sans_coordinateur(request.user),
            "fil": [("À reprendre", None)],
        },
    )

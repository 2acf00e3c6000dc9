"""A jeune who walks in at a CIO or another operator: five fields, the same identity check, and they are followed at once."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from dedoublonnage.services import envoyer
from dedoublonnage.verification import Verification
from dedoublonnage.views_saisie import deja_envoye, page_de_verification
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.formulaires import BoutonsRadio, ChampDate, ChampTexte, FormulaireDSFR
from qualit.workflow import TransitionImpossible
from signalements.forms import ContactForm, nettoyer_nom
from signalements.models import EtatSignalement, Origine, Signalement
from signalements.services import enregistrer_brouillon, verrouiller_jeton

DEUX = ("GET", "POST")


class AccueilForm(FormulaireDSFR):
    """The five fields of a jeune who walks in."""

    nom_naissance = ChampTexte(label="Nom de naissance", max_length=100)
    prenom = ChampTexte(label="Prénom", max_length=100)
    date_naissance = ChampDate(label="Date de naissance", help_text="jj/mm/aaaa")
    sexe = forms.ChoiceField(
        label="Sexe", choices=Signalement.Sexe.choices, widget=BoutonsRadio(en_ligne=True)
    )
    valeur = ChampTexte(label="Un téléphone ou un courriel du jeune", max_length=200)

    def clean_nom_naissance(self):
        return nettoyer_nom(self.cleaned_data["nom_naissance"], "le nom")

    def clean_prenom(self):
        return nettoyer_nom(self.cleaned_data["prenom"], "le prénom")

    clean_valeur = ContactForm.clean_valeur

    @property
    def contact(self):
        return ContactForm.contact.fget(self)


def _structure(user):
    ids = droits.structures_pour(user, Droit.ACCUEILLIR)
    if not ids:
        raise PermissionDenied
    return Structure.objects.select_related("commune", "bassin", "academie").get(pk=ids[0])


@regle(Droit.ACCUEILLIR, methodes=DEUX)
def accueil(request):
    """Record a jeune who walks in."""
    structure = _structure(request.user)
    form = AccueilForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        jeton = jetons.lire(request) or jetons.nouveau()
        verrouiller_jeton(jeton)
        signalement = Signalement.objects.filter(structure=structure, jeton_saisie=jeton).first()
        if signalement is None:
            signalement = Signalement(structure=structure, jeton_saisie=jeton, origine=Origine.ACCUEIL)
        if signalement.etat != EtatSignalement.BROUILLON:
            return deja_envoye(request, signalement)
        for champ in ("nom_naissance", "prenom", "date_naissance", "sexe"):
            setattr(signalement, champ, form.cleaned_data[champ])
        enregistrer_brouillon(signalement, contacts=[form.contact], par=request.user)
        return _verifier(request, signalement)
    return render(
        request,
        "gab/accueil.html",
        {"form": form, "structure": structure, "fil": [("Un jeune se présente", None)]},
    )


@regle(Droit.ACCUEILLIR, objet=Signalement, methodes=DEUX)
def accueil_verifier(request, reference):
    """The identity check of a jeune who walked in."""
    signalement = get_object_or_404(
        Signalement.objects.visibles_par(request.user).select_related("structure__bassin", "bassin"),
        reference=reference,
    )
    droits.exiger(request.user, Droit.ACCUEILLIR, signalement)
    if signalement.etat != EtatSignalement.BROUILLON:
        return deja_envoye(request, signalement)
    if signalement.origine != Origine.ACCUEIL:
        return redirect("signalements:modifier", reference=reference)
    montrer(request, [signalement])
    return _verifier(request, signalement)


def _verifier(request, signalement):
    verification = Verification(request, signalement)
    confirme = request.POST.get("confirmer") == "oui"
    meme = verification.meme
    if request.method == "POST" and ((meme and confirme) or (meme is None and not verification.a_repondre)):
        try:
            envoyer(signalement, reponse=verification.reponse, par=request.user)
        except TransitionImpossible:
            return deja_envoye(request, signalement)
        messages.success(request, "Le jeune est enregistré : votre structure le suit, le GAB est prévenu.")
        return redirect("signalements:accuse", reference=signalement.reference)
    return page_de_verification(
        request,
        verification,
        action=reverse("gab:accueillir_verifier", args=[signalement.reference]),
        retour=reverse("gab:accueillir"),
        accueil=True,
    )

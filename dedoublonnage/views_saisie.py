"""The sending of a report with its identity check, its correction, its withdrawal (they touch identity or dossier)."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html

from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web.conflits import lisible
from qualit.workflow import TransitionImpossible
from signalements.controles import numero_normalise
from signalements.forms import ContactForm, IdentiteForm, RetraitForm
from signalements.models import Contact, EtatSignalement, Signalement
from signalements.saisie import Lignes, Saisie
from signalements.services import ConflitDeVersion, PasEnvoyable, eligibilite

from . import services
from .verification import MEME, Verification

DEUX = ("GET", "POST")


def _signalement(request, reference, droit=Droit.SIGNALER):
    signalement = get_object_or_404(
        Signalement.objects.visibles_par(request.user).select_related(
            "structure__bassin", "structure__academie", "bassin", "commune", "auteur"
        ),
        reference=reference,
    )
    droits.exiger(request.user, droit, signalement)
    return signalement


# --- Sending --------------------------------------------------------------------------------------------


@regle(Droit.RAPPROCHER, methodes=("POST",))
def apercu(request):
    """Look-alikes of the identity being typed, asked by the form while it is filled in."""
    saisie = Saisie(request)
    saisie.lire()
    return render(request, "dedoublonnage/_apercu.html", {"verification": _verification(request, saisie)})


def _verification(request, saisie):
    """The look-alikes of what is typed so far, or None when it says too little."""
    s = saisie.signalement
    if not (s.nom_naissance and s.prenom and s.date_naissance):
        return None
    return Verification(request, s, contacts=saisie.contacts_non_enregistres)


@regle(Droit.SIGNALER, methodes=DEUX)
def envoyer_nouveau(request):
    """Send a report straight from the form. A GET (session lost, page reloaded) goes back to the form."""
    if request.method != "POST":
        return redirect("signalements:nouveau")
    return _envoyer(request, Saisie(request, envoi=True, garde=True))


@regle(Droit.SIGNALER, objet=Signalement, methodes=DEUX)
def envoyer(request, reference):
    """Send a draft from its form."""
    signalement = _signalement(request, reference)
    if request.method != "POST":
        return redirect("signalements:modifier", reference=reference)
    return _envoyer(request, Saisie(request, signalement, envoi=True, garde=True))


def _envoyer(request, saisie):
    if saisie.deja_envoye:
        return deja_envoye(request, saisie.signalement)
    if any(cle.startswith("ajouter_") for cle in request.POST):
        saisie.envoi = saisie.form.envoi = False
        saisie.lire()
        return saisie.page()
    if (
        "verifier" in request.POST
    ):  # without JavaScript: what the form asks by itself with it; nothing is sent
        saisie.envoi = saisie.form.envoi = False
        saisie.lire()
        return saisie.page(verifiee=True, verification=_verification(request, saisie))
    if not saisie.prete_a_envoyer():
        return saisie.page()
    verification = Verification(request, saisie.signalement)
    if verification.a_repondre or verification.meme:
        return page_de_verification(request, verification)
    return conclure(request, saisie.signalement, verification)


@regle(Droit.SIGNALER, objet=Signalement, methodes=DEUX)
def verifier(request, reference):
    """The identity check as a page of its own: one question at a time, one click each."""
    signalement = _signalement(request, reference)
    if signalement.etat != EtatSignalement.BROUILLON:
        return deja_envoye(request, signalement)
    manques = [
        champ
        for champ in (
            "nom_naissance",
            "prenom",
            "date_naissance",
            "sexe",
            "classe",
            "date_sortie",
            "nature_sortie",
        )
        if not getattr(signalement, champ)
    ]
    if manques or not (signalement.aucun_contact or signalement.contacts.exists()):
        messages.warning(request, "Complétez le signalement avant de l’envoyer.")
        return redirect("signalements:modifier", reference=reference)
    verification = Verification(request, signalement)
    meme = verification.meme
    confirme = meme is not None and request.POST.get("confirmer") == "oui"
    if request.method == "POST" and (confirme or (meme is None and not verification.a_repondre)):
        return conclure(request, signalement, verification)
    return page_de_verification(request, verification)


def page_de_verification(request, verification, *, action=None, retour=None, accueil=False):
    """Ask about the first candidate without an answer, or ask to confirm the joining, or offer to send."""
    signalement = verification.signalement
    meme = verification.meme
    en_cours = meme or next(iter(verification.a_repondre), None)
    return render(
        request,
        "dedoublonnage/verifier.html",
        {
            "verification": verification,
            "signalement": signalement,
            "en_cours": en_cours,
            "a_confirmer": meme is not None,
            "autres": [r for r in verification.repondues if r is not en_cours],
            "restent": len(verification.a_repondre),
            "MEME": MEME,
            "suivant": "suivant" in request.POST,
            "accueil": accueil,
            "action": action or reverse("dedoublonnage:verifier", args=[signalement.reference]),
            "retour": retour or reverse("signalements:modifier", args=[signalement.reference]),
            "fil": [("Vérifier l’identité", None)],
        },
    )


def conclure(request, signalement, verification):
    """Send with the answers given, and go to the receipt or to the next form."""
    try:
        services.envoyer(signalement, reponse=verification.reponse, par=request.user)
    except PasEnvoyable as impossible:
        messages.error(request, str(impossible))
        return redirect("signalements:modifier", reference=signalement.reference)
    except TransitionImpossible:
        return deja_envoye(request, signalement)
    if "suivant" in request.POST:
        messages.success(
            request,
            format_html(
                'Le signalement de {} est envoyé (<a href="{}">accusé de réception {}</a>). '
                "La classe et les dates sont reprises.",
                signalement,
                reverse("signalements:accuse", args=[signalement.reference]),
                signalement.reference,
            ),
        )
        return redirect(f"{reverse('signalements:nouveau')}?apres={signalement.reference}")
    messages.success(request, "Le signalement est envoyé.")
    return redirect("signalements:accuse", reference=signalement.reference)


def deja_envoye(request, signalement):
    """The same report sent twice is one report."""
    messages.info(request, "Ce signalement avait déjà été envoyé : il n’a été enregistré qu’une fois.")
    return redirect("signalements:accuse", reference=signalement.reference)


# --- Correction and withdrawal ---------------------------------------------------------------------------


class CorrectionForm(IdentiteForm):
    """The identity and domicile of a sent report."""

    aucun_contact = forms.BooleanField(label="Aucun contact connu", required=False)

    def clean(self):
        donnees = super().clean()
        naissance = donnees.get("date_naissance")
        if naissance and self.sortie and naissance > self.sortie:
            self.add_error("date_naissance", "La date de naissance suit la date de sortie.")
        return donnees

    def __init__(self, *args, sortie=None, **kwargs):
        self.sortie = sortie
        super().__init__(*args, **kwargs)


@regle(Droit.SIGNALER, objet=Signalement, methodes=DEUX)
def corriger(request, reference):
    """Correct the identity or the contacts of a sent report; the former values are kept."""
    signalement = _signalement(request, reference)
    if signalement.etat == EtatSignalement.BROUILLON:
        return redirect("signalements:modifier", reference=reference)
    donnees = request.POST if request.method == "POST" else None
    initiales = {champ: getattr(signalement, champ) for champ in CorrectionForm.base_fields}
    form = CorrectionForm(donnees, initial=initiales, envoi=True, sortie=signalement.date_sortie)
    contacts = Lignes(
        ContactForm,
        "contacts",
        donnees,
        [{"valeur": c.valeur, "proprietaire": c.proprietaire} for c in signalement.contacts.all()],
        3,
    )
    version, conflit, ecarts = signalement.version, False, []
    if donnees is not None:
        ajouter = "ajouter_contacts" in donnees
        valide = all([form.is_valid(), contacts.valides()])
        version = numero(donnees.get("version"))
        if valide and not ajouter:
            champs = {c: form.cleaned_data[c] for c in CorrectionForm.base_fields}
            liste = [f.contact for f in contacts.remplies if f.contact]
            try:
                changes = services.corriger(
                    signalement, champs, contacts=liste, par=request.user, version=min(version, 2**31 - 1)
                )
            except ConflitDeVersion as erreur:
                conflit, version = True, erreur.actuel.version
                signalement = erreur.actuel
                ecarts = _ecarts(signalement, form, liste)
            else:
                messages.success(
                    request,
                    "La correction est enregistrée. Ce qui avait été saisi est conservé."
                    if changes
                    else "Rien n’a changé.",
                )
                vers = "qualite" if donnees.get("retour") == "qualite" else None
                return (
                    redirect(f"signalements:{vers}")
                    if vers
                    else redirect("signalements:accuse", reference=reference)
                )
    montrer(request, [signalement])
    erreurs = []
    if donnees is not None:
        erreurs = [(c.ancre, c.label, e) for c in form for e in c.errors]
        for n, ligne in enumerate(contacts.remplies, 1):
            erreurs += [(c.ancre, f"Contact {n}, {c.label}", e) for c in ligne for e in c.errors]
    return render(
        request,
        "dedoublonnage/corriger.html",
        {
            "signalement": signalement,
            "form": form,
            "contacts": contacts,
            "version": version,
            "conflit": conflit,
            "ecarts": ecarts,
            "erreurs": erreurs,
            "anomalies": []
            if donnees
            else [c.texte for c in eligibilite(signalement) if c.gravite == "avertissement"],
            "retour": (donnees or request.GET).get("retour", ""),
            "fil": [
                ("Accusé de réception", reverse("signalements:accuse", args=[reference])),
                ("Corriger", None),
            ],
        },
        status=409 if conflit else 200,
    )


def _ecarts(actuel, form, contacts):
    """What a colleague saved that differs from what is typed here: [(label, stored value)]."""
    ecarts = [
        (champ.label, lisible(champ, getattr(actuel, nom)))
        for nom, champ in form.fields.items()
        if nom in CorrectionForm.base_fields and getattr(actuel, nom) != form.cleaned_data[nom]
    ]
    stockes = [c.valeur for c in actuel.contacts.all()]
    saisis = {numero_normalise(v) if t == Contact.Type.TELEPHONE else v for t, v, _ in contacts}
    if saisis != {numero_normalise(v) or v for v in stockes}:
        ecarts.append(("Contacts", ", ".join(stockes) or "aucun"))
    return ecarts


@regle(Droit.RETIRER, objet=Signalement, methodes=DEUX)
def retirer(request, reference):
    """Withdraw a report, or ask the GAB to confirm it once it is triaged."""
    signalement = _signalement(request, reference, Droit.RETIRER)
    if signalement.etat == EtatSignalement.BROUILLON:
        return redirect("signalements:supprimer", reference=reference)
    accuse = reverse("signalements:accuse", args=[reference])
    if signalement.etat in {EtatSignalement.ANNULE, EtatSignalement.HORS_CHAMP}:
        messages.info(request, "Ce signalement n’est plus suivi : il n’y a rien à retirer.")
        return redirect(accuse)
    form = RetraitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            retire = services.retirer(
                signalement, form.cleaned_data["motif"], form.cleaned_data["texte"], par=request.user
            )
        except TransitionImpossible as impossible:
            messages.error(request, str(impossible))
            return redirect(accuse)
        form.journaliser_garde(signalement, par=request.user)
        messages.success(
            request,
            "Le signalement est retiré."
            if retire
            else "Votre demande de retrait est envoyée au GAB, qui la confirmera.",
        )
        return redirect(accuse)
    montrer(request, [signalement])
    direct = signalement.etat == EtatSignalement.ENVOYE and signalement.trie_le is None
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Retirer ce signalement",
            "question": f"Signalement de {signalement}, {signalement.reference}.",
            "consequences": ["Le GAB ne l’a pas encore examiné : il sera retiré tout de suite."]
            if direct
            else [
                "Le GAB l’a déjà examiné : il confirmera le retrait.",
                "D’ici là, le jeune reste suivi.",
            ],
            "bouton": "Retirer" if direct else "Demander le retrait",
            "annuler": accuse,
            "form": form,
            "fil": [("Accusé de réception", accuse), ("Retirer", None)],
        },
    )

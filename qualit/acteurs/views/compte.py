"""One's own account: membership in use, charter, tour, second factor, arrival from an invitation."""

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire.droits import Droit, droits_de
from qualit.territoire.regles import CONNECTE, PUBLIC, regle

from .. import services
from ..forms import ArriveeForm, CharteForm, CompteForm
from ..middleware import second_facteur_demande

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
DEUX = ("GET", "POST")


@regle(CONNECTE, methodes=("POST",))
def choisir_adhesion(request):
    """Choose under which membership one works. `suite`: where one was; `vers`: a page that the chosen one opens."""
    choix = request.POST.get("adhesion", "")
    vers = request.POST.get("vers", "")
    for adhesion in request.user.adhesions.actives():
        if str(adhesion.pk) == choix:
            request.session["adhesion"] = adhesion.pk
            messages.success(request, f"Vous agissez maintenant en tant que {adhesion}.")
            break
    if vers and url_has_allowed_host_and_scheme(vers, allowed_hosts=None):
        return redirect(vers)
    # The page where one was may not exist under the other membership: back to the home page.
    if request.POST.get("suite", "") == reverse("territoire:compte"):
        return redirect("territoire:compte")
    return redirect("/")


@regle(CONNECTE, methodes=DEUX)
def compte(request):
    """My account: my details, my memberships, my security."""
    form = CompteForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        noter(Action.ECRITURE, "compte_modifie", request.user, par=request.user)
        messages.success(request, "Vos informations sont enregistrées.")
        return redirect("territoire:compte")
    return render(
        request,
        "acteurs/compte.html",
        {
            "form": form,
            "mes_adhesions": request.user.adhesions.select_related("structure", "bassin", "academie"),
            "a_deux_facteurs": is_mfa_enabled(request.user),
            "demande": second_facteur_demande(request.user, request.adhesions),
            "mes_droits": sorted(droit.label for droit in droits_de(request.user)),
            "calendriers": bool({Droit.LIRE_SEANCE, Droit.CONVOQUER} & droits_de(request.user)),
            "suppleances": Droit.NOMMER_SUPPLEANT in droits_de(request.user),
            "fil": [("Mon compte", None)],
        },
    )


@regle(CONNECTE, methodes=DEUX)
def charte(request):
    """The charter of use, accepted once for each version."""
    form = CharteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.accepter_charte(request.user)
        return redirect("territoire:visite" if not request.user.visite_faite else "/")
    acceptee = request.user.charte_version == settings.QUALIT["CHARTE_VERSION"]
    return render(
        request,
        "acteurs/charte.html",
        {"form": form, "version": settings.QUALIT["CHARTE_VERSION"], "acceptee": acceptee},
    )


@regle(CONNECTE, methodes=DEUX)
def visite(request):
    """A short tour of what one's role does here."""
    if request.method == "POST":
        request.user.visite_faite = True
        request.user.save(update_fields=["visite_faite"])
        noter(Action.CONNEXION, "visite_faite", request.user, par=request.user)
        return redirect("/")
    return render(
        request,
        "acteurs/visite.html",
        {"role": request.adhesion.role if request.adhesion else "", "fil": [("Visite", None)]},
    )


@regle(CONNECTE)
def second_facteur(request):
    """Choose a second factor; none of them needs a personal telephone."""
    return render(
        request,
        "acteurs/second_facteur.html",
        {
            "a_deux_facteurs": is_mfa_enabled(request.user),
            "demande": second_facteur_demande(request.user, request.adhesions),
        },
    )


@regle(PUBLIC, jeton="jeton-qui-n-existe-pas")
@never_cache
def invitation_lien(request, jeton):
    """The link of the e-mail: keep the token in the session and take it out of the address."""
    request.session["invitation"] = jeton
    return redirect("territoire:invitation")


def _structure_fermee(request, offre):
    """Say that the structure has closed, and who can invite elsewhere. 410: this link will not serve again."""
    return render(
        request,
        "acteurs/invitation_fermee.html",
        {"structure": offre.structure, "a_qui": services.a_qui_s_adresser(offre)},
        status=410,
    )


@regle(PUBLIC, methodes=DEUX)
@sensitive_post_parameters()
@never_cache
def invitation(request):
    """Accept an invitation: choose a password, or accept with the account in use."""
    offre = services.invitation_du_jeton(request.session.get("invitation", ""))
    if offre is None:
        return render(request, "acteurs/invitation_perdue.html", status=404)
    if services.est_ferme(offre.siege):
        return _structure_fermee(request, offre)
    connecte = request.user.is_authenticated
    form = None if connecte else ArriveeForm(
        request.POST or None, email=offre.email, initial={"prenom": offre.prenom, "nom": offre.nom}
    )  # fmt: skip
    if request.method == "POST" and (connecte or form.is_valid()):
        try:
            if connecte:
                personne = services.accepter(offre, utilisateur=request.user)
            else:
                personne = services.accepter(
                    offre,
                    prenom=form.cleaned_data["prenom"],
                    nom=form.cleaned_data["nom"],
                    mot_de_passe=form.cleaned_data["mot_de_passe"],
                )
        except services.StructureFermee:  # closed while the form was being filled in
            return _structure_fermee(request, offre)
        except services.InvitationImpossible as erreur:
            messages.error(request, str(erreur))
            return redirect("account_login" if not connecte else "territoire:compte")
        if not connecte:
            login(request, personne, backend=BACKEND)
        request.session.pop("invitation", None)
        messages.success(request, "Bienvenue sur Qual’I.T.")
        return redirect("/")
    return render(request, "acteurs/invitation.html", {"form": form, "offre": offre})

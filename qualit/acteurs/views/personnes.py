"""Directory, team, invitations, memberships, help with a lost factor."""

import csv
import io
import json

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import (
    Academie,
    Adhesion,
    Bassin,
    Invitation,
    SecoursFacteur,
    Structure,
    Utilisateur,
    nouvelle_reference,
)
from qualit.territoire.regles import CONNECTE, regle
from qualit.territoire.roles import Role
from qualit.web import jetons
from qualit.web.pagination import paginer
from qualit.web.templatetags.qualit import pluriel

from .. import passation, services
from ..forms import (
    AnnuaireForm,
    EquipeForm,
    FichierForm,
    InvitationForm,
    InvitationsForm,
    SecoursForm,
    SuppleanceForm,
    VoirCommeForm,
)
from ..lecture import FichierIllisible, lire_tableau, refus_en_fichier
from ..masse import inviter_la_liste, verifier_la_liste

DEUX = ("GET", "POST")
SITUATIONS = {
    "acceptee": ("Acceptée", "success"),
    "revoquee": ("Retirée", ""),
    "expiree": ("Expirée", "warning"),
    "en_attente": ("En attente", "info"),
}


ANNUAIRE = [
    Colonne("Structure", "nom", 40),
    Colonne("Type", lambda s: s.get_type_display(), 28),
    Colonne("UAI", "uai", 11),
    Colonne("Commune", "commune"),
    Colonne("Bassin", "bassin"),
    Colonne("Téléphone", "telephone"),
    Colonne("Boîte fonctionnelle", "courriel", 30),
    Colonne(
        "Personnes",
        lambda s: "\n".join(
            f"{a.utilisateur}, {a.get_role_display().lower()}, {a.utilisateur.email}" for a in s.equipe
        ),
        60,
    ),
]
EQUIPE = [
    Colonne("Personne", "utilisateur", 28),
    Colonne("Courriel", "utilisateur.email", 30),
    Colonne("Rôle", lambda a: a.get_role_display(), 28),
    Colonne("Lieu", "siege", 36),
    Colonne("Depuis le", "debut", 12),
    Colonne("Jusqu’au", "fin", 12),
]

INVITATIONS = [
    Colonne("Courriel", "email", 30),
    Colonne("Rôle", lambda i: i.get_role_display(), 28),
    Colonne("Lieu", "siege", 36),
    Colonne("Envoyée le", "envoyee_le", 16),
    Colonne("Situation", lambda i: SITUATIONS[i.situation][0]),
    Colonne("Invitée par", "invitee_par", 24),
]


def academies_de(user):
    """Ids of the académies where this person works, at whatever level."""
    return {a.academie_id or (a.bassin or a.structure).academie_id for a in droits.adhesions(user) if a.siege}


@regle(Droit.VOIR_ANNUAIRE)
def annuaire(request):
    """Structures of the académie, with their people and direct lines."""
    actives = Adhesion.objects.actives().select_related("utilisateur").order_by("role", "utilisateur__nom")
    structures = (
        Structure.objects.ouvertes()
        .filter(academie__in=academies_de(request.user))
        .select_related("commune", "bassin")
        .prefetch_related(Prefetch("adhesions", actives, to_attr="equipe"))
    )
    form = AnnuaireForm(request.GET or None)
    if request.GET:
        structures = form.filtrer(structures)
    if fichier := telecharger(request, "annuaire", "Annuaire", ANNUAIRE, structures, droit=None):
        return fichier
    page = paginer(request, structures)
    ouvertes = set()
    if any(
        droits.a_le_droit(request.user, d) for d in (Droit.GERER_STRUCTURES, Droit.GERER_EQUIPE, Droit.TRIER)
    ):
        siennes = Structure.objects.visibles_par(request.user).filter(pk__in=[s.pk for s in page])
        ouvertes = set(siennes.values_list("pk", flat=True))
    bassins = Bassin.objects.filter(academie__in=academies_de(request.user)).prefetch_related(
        Prefetch("adhesions", actives, to_attr="equipe")
    )
    return render(
        request,
        "acteurs/annuaire.html",
        {
            "page": page,
            "form": form,
            "bassins": bassins,
            "ouvertes": ouvertes,
            "assiste": droits.a_le_droit(request.user, Droit.VOIR_COMME),
            "fil": [("Annuaire", None)],
        },
    )


def _adhesions_gerees(user):
    return Adhesion.objects.filter(
        Q(structure__in=droits.structures_pour(user, Droit.GERER_EQUIPE))
        | Q(structure__academie__in=droits.academies_pour(user, Droit.GERER_EQUIPE))
        | Q(bassin__academie__in=droits.academies_pour(user, Droit.GERER_EQUIPE))
        | Q(academie__in=droits.academies_pour(user, Droit.GERER_EQUIPE))
    )


def _invitations_sans_reponse(user):
    return (
        Invitation.objects.visibles_par(user)
        .select_related("structure", "bassin", "academie", "invitee_par")
        .filter(acceptee_le__isnull=True, revoquee_le__isnull=True)
    )


def _avec_situation(invitations):
    invitations = list(invitations)
    for une in invitations:
        une.texte_situation, une.genre = SITUATIONS[une.situation]
    return invitations


@regle(Droit.GERER_EQUIPE)
def invitations(request):
    """Every invitation without an answer, by place, the out-of-date ones apart."""
    filtre = InvitationsForm(request.GET or None)
    lignes = _invitations_sans_reponse(request.user)
    if request.GET:
        lignes = filtre.filtrer(lignes)
    if fichier := telecharger(request, "invitations", "Invitations", INVITATIONS, lignes, droit=None):
        return fichier
    page = paginer(request, lignes)
    return render(
        request,
        "acteurs/invitations.html",
        {
            "page": page,
            "invitations": _avec_situation(page.object_list),
            "filtre": filtre,
            "fil": [("Équipe", reverse("territoire:equipe")), ("Invitations", None)],
        },
    )


@regle(Droit.GERER_EQUIPE)
def equipe(request):
    """The people of the seats that one manages, and the invitations."""
    personnes = (
        _adhesions_gerees(request.user)
        .actives()
        .select_related("utilisateur", "structure", "bassin", "academie")
        .order_by("utilisateur__nom", "utilisateur__prenom")
    )
    filtre = EquipeForm(request.GET or None)
    personnes = filtre.filtrer(personnes) if request.GET else personnes
    if fichier := telecharger(request, "equipe", "Équipe", EQUIPE, personnes, droit=None):
        return fichier
    invitations = _invitations_sans_reponse(request.user)
    page = paginer(request, personnes)
    attente = _avec_situation(invitations[:10])
    return render(
        request,
        "acteurs/equipe.html",
        {
            "page": page,
            "filtre": filtre,
            "invitations": attente,
            "nombre_invitations": invitations.count(),
            "secours": SecoursFacteur.objects.visibles_par(request.user)
            .filter(valide_le__isnull=True, annule_le__isnull=True)
            .select_related("utilisateur", "demande_par"),
            "en_masse": droits.a_le_droit(request.user, Droit.GERER_PERSONNES),
            "fil": [("Équipe", None)],
        },
    )


@regle(Droit.GERER_EQUIPE, methodes=DEUX)
@jetons.une_fois
def inviter(request):
    """Invite one person."""
    form = InvitationForm(request.POST or None, par=request.user)
    if request.method == "POST" and form.is_valid():
        donnees = form.cleaned_data
        try:
            services.inviter(
                donnees["email"],
                Role(donnees["role"]),
                donnees["siege"],
                par=request.user,
                prenom=donnees["prenom"],
                nom=donnees["nom"],
                fin=donnees["fin"],
            )
        except services.InvitationImpossible as erreur:
            form.add_error("email", str(erreur))
        else:
            messages.success(
                request,
                f"L’invitation part par courriel. Le lien vaut {settings.QUALIT['INVITATION_JOURS']} jours.",
            )
            return redirect("territoire:equipe")
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": "Inviter une personne",
            "form": form,
            "bouton": "Envoyer l’invitation",
            "annuler": reverse("territoire:equipe"),
            "fil": [("Équipe", reverse("territoire:equipe")), ("Inviter", None)],
        },
    )


@regle(Droit.GERER_PERSONNES, methodes=DEUX)
@jetons.une_fois
def inviter_fichier(request):
    """First step: read a list of people to invite. Nothing is sent yet."""
    form = FichierForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        try:
            lignes = lire_tableau(fichier.read(), fichier.name)
        except FichierIllisible as erreur:
            form.add_error("fichier", str(erreur))
        else:
            cle = nouvelle_reference() + nouvelle_reference()
            cache.set(_cle_invitations(request.user, cle), json.dumps(lignes), 3600)
            return redirect("territoire:apercu_invitations", apercu=cle)
    return render(
        request,
        "acteurs/inviter_fichier.html",
        {"form": form, "fil": [("Équipe", reverse("territoire:equipe")), ("Inviter une liste", None)]},
    )


def _cle_invitations(user, cle):
    """Where the rows of a list wait for their confirmation."""
    return f"invitations:{user.pk}:{cle}"


@regle(Droit.GERER_PERSONNES, methodes=DEUX, apercu="ABSENT")
@jetons.une_fois
def apercu_invitations(request, apercu):
    """Second step: who would be invited and what is refused, then send; the refused lines stay to be corrected."""
    garde = cache.get(_cle_invitations(request.user, apercu))
    if garde is None:
        raise Http404
    lignes = json.loads(garde)
    academie = Academie.objects.get(pk=droits.academies_pour(request.user, Droit.GERER_PERSONNES)[0])
    if request.method == "POST":
        rapport = inviter_la_liste(lignes, academie, par=request.user)
        restent = [ligne for ligne, r in zip(lignes, rapport, strict=True) if r.erreur]
        noter(
            Action.DROITS,
            "invitations_en_masse",
            par=request.user,
            lignes=len(rapport),
            refusees=len(restent),
        )
        envoyees = len(rapport) - len(restent)
        messages.success(
            request,
            f"{pluriel(envoyees, 'invitation envoyée,invitations envoyées')}, "
            f"{pluriel(len(restent), 'ligne refusée,lignes refusées')}.",
        )
        if not restent:
            cache.delete(_cle_invitations(request.user, apercu))
            return redirect("territoire:equipe")
        cache.set(_cle_invitations(request.user, apercu), json.dumps(restent), 3600)
        return redirect("territoire:apercu_invitations", apercu=apercu)
    rapport = verifier_la_liste(lignes, academie, par=request.user)
    refusees = [(ligne, r.erreur) for ligne, r in zip(lignes, rapport, strict=True) if r.erreur]
    if fichier := refus_en_fichier(request, "invitations-refusees", refusees):
        return fichier
    return render(
        request,
        "acteurs/apercu_invitations.html",
        {
            "nombre": len(rapport) - len(refusees),
            "refusees": len(refusees),
            "page": paginer(request, sorted(rapport, key=lambda r: not r.erreur), par_page=50),
            "fil": [
                ("Équipe", reverse("territoire:equipe")),
                ("Inviter une liste", reverse("territoire:inviter_fichier")),
                ("Aperçu", None),
            ],
        },
    )


@regle(Droit.GERER_PERSONNES)
def modele_invitations(request):
    """An empty list to fill in."""
    sortie = io.StringIO()
    redacteur = csv.writer(sortie, delimiter=";")
    redacteur.writerow(["courriel", "prénom", "nom", "rôle", "UAI"])
    redacteur.writerow(["prenom.nom@exemple.fr", "Prénom", "Nom", "Déclarant", "0140013N"])
    return HttpResponse(
        "\ufeff" + sortie.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="invitations.csv"'},
    )


@regle(Droit.GERER_EQUIPE, objet=Invitation, methodes=("POST",))
def renvoyer(request, reference):
    """Send an invitation again."""
    invitation = get_object_or_404(Invitation.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.GERER_EQUIPE, invitation)
    try:
        services.renvoyer(invitation, par=request.user)
        messages.success(request, f"L’invitation de {invitation.email} est renvoyée avec un nouveau lien.")
    except services.InvitationImpossible as erreur:
        messages.error(request, str(erreur))
    return _retour_aux_invitations(request)


def _retour_aux_invitations(request):
    """Back to the page where the button was pressed: all the invitations, or the team."""
    toutes = request.POST.get("depuis") == "invitations"
    return redirect("territoire:invitations" if toutes else "territoire:equipe")


@regle(Droit.GERER_EQUIPE, objet=Invitation, methodes=("POST",))
def revoquer(request, reference):
    """Withdraw an invitation."""
    invitation = get_object_or_404(Invitation.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.GERER_EQUIPE, invitation)
    try:
        services.revoquer(invitation, par=request.user)
        messages.success(request, f"L’invitation de {invitation.email} est retirée : son lien ne sert plus.")
    except services.InvitationImpossible as erreur:
        messages.error(request, str(erreur))
    return _retour_aux_invitations(request)


@regle(Droit.GERER_EQUIPE, Droit.VOIR_QUI_VOIT_QUOI, objet=Utilisateur, agir=False)
def personne(request, reference):
    """A person: memberships, and what each one lets them see and do."""
    qui = get_object_or_404(Utilisateur.objects.visibles_par(request.user), reference=reference)
    adhesions = list(
        Adhesion.objects.filter(utilisateur=qui).select_related(
            "structure", "bassin", "academie", "accordee_par"
        )
    )
    actives = set(Adhesion.objects.actives().filter(utilisateur=qui).values_list("pk", flat=True))
    gerees = set(_adhesions_gerees(request.user).filter(utilisateur=qui).values_list("pk", flat=True))
    for adhesion in adhesions:
        adhesion.en_vigueur = adhesion.pk in actives
        adhesion.geree = adhesion.pk in gerees and adhesion.en_vigueur
        adhesion.droits = [d.label for d, roles in droits.ROLES_DU_DROIT.items() if adhesion.role in roles]
        adhesion.lit = droits.LECTURE_EN_CLAIR[adhesion.role]
    return render(
        request,
        "acteurs/personne.html",
        {
            "qui": qui,
            "lignes_adhesions": adhesions,
            "partages": droits.nombre_partages(qui),
            "peut_secourir": services.peut_secourir(request.user, qui),
            "peut_fermer": droits.peut(request.user, Droit.GERER_PERSONNES, qui),
            "peut_voir_comme": droits.a_le_droit(request.user, Droit.VOIR_COMME),
            "fil": [
                ("Équipe", reverse("territoire:equipe"))
                if droits.a_le_droit(request.user, Droit.GERER_EQUIPE)
                else ("Qui voit quoi ?", reverse("territoire:qui_voit_quoi")),
                (str(qui), None),
            ],
        },
    )


@regle(Droit.GERER_PERSONNES, objet=Utilisateur, methodes=DEUX)
def fermer_compte(request, reference):
    """Close an account: say first what it leaves behind."""
    qui = get_object_or_404(Utilisateur.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.GERER_PERSONNES, qui)
    retour = reverse("territoire:personne", args=[reference])
    if qui == request.user:
        messages.error(request, "Vous ne pouvez pas fermer votre propre compte.")
        return redirect(retour)
    if request.method == "POST":
        services.desactiver(qui, "ferme", par=request.user)
        messages.success(request, f"Le compte de {qui} est fermé, ses sessions sont coupées.")
        return redirect(retour)
    adhesions = Adhesion.objects.actives().filter(utilisateur=qui)
    charges = [
        (adhesion.siege, passation.en_cours(adhesion))
        for adhesion in adhesions.select_related("structure", "bassin", "academie")
    ]
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": f"Fermer le compte de {qui}",
            "question": "Cette personne ne pourra plus se connecter, et ses sessions en cours seront coupées.",
            "consequences": [
                *(
                    f"{siege}, en cours à son nom : {passation.en_mots(en_cours)}. À confier depuis « À reprendre »."
                    for siege, en_cours in charges
                    if en_cours
                ),
                "Ses adhésions sont gardées : vous pourrez rouvrir le compte.",
            ],
            "bouton": "Fermer le compte",
            "annuler": retour,
            "fil": [("Équipe", reverse("territoire:equipe")), (str(qui), retour), ("Fermer le compte", None)],
        },
    )


@regle(Droit.GERER_PERSONNES, objet=Utilisateur, methodes=("POST",))
def rouvrir_compte(request, reference):
    """Open an account again."""
    qui = get_object_or_404(Utilisateur.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.GERER_PERSONNES, qui)
    services.reactiver(qui, par=request.user)
    messages.success(request, "Le compte est rouvert.")
    return redirect("territoire:personne", reference=reference)


@regle(Droit.GERER_EQUIPE, objet=Utilisateur, methodes=DEUX)
def secours(request, reference):
    """First person: ask that a lost second factor be removed."""
    qui = get_object_or_404(Utilisateur.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.GERER_EQUIPE, qui)
    form = SecoursForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.demander_secours(qui, form.cleaned_data["motif"], par=request.user)
        except PermissionDenied:
            messages.error(request, "Une autre personne doit faire cette demande.")
        else:
            messages.success(
                request, "Demande enregistrée : une seconde personne doit maintenant la confirmer."
            )
        return redirect("territoire:equipe")
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": f"Second facteur perdu : {qui}",
            "intro": "Deux personnes sont nécessaires : vous demandez, une autre confirme. "
            "La personne choisit ensuite un nouveau second facteur.",
            "form": form,
            "bouton": "Demander la réinitialisation",
            "annuler": reverse("territoire:equipe"),
            "fil": [("Équipe", reverse("territoire:equipe")), ("Second facteur perdu", None)],
        },
    )


@regle(Droit.GERER_EQUIPE, objet=SecoursFacteur, methodes=("POST",))
def valider_secours(request, reference):
    """Second person: confirm."""
    demande = get_object_or_404(SecoursFacteur.objects.visibles_par(request.user), reference=reference)
    droits.exiger(request.user, Droit.GERER_EQUIPE, demande)
    try:
        services.valider_secours(demande, par=request.user)
        messages.success(request, "Les seconds facteurs de cette personne sont retirés.")
    except PermissionDenied:
        messages.error(request, "La confirmation doit venir d’une autre personne que la demande.")
    except ValidationError as erreur:
        messages.error(request, erreur.message)
    return redirect("territoire:equipe")


@regle(Droit.NOMMER_SUPPLEANT, methodes=DEUX)
def suppleance(request):
    """A coordinator names a dated stand-in."""
    adhesion = (
        Adhesion.objects.actives()
        .filter(utilisateur=request.user, role=Role.COORDINATEUR_GAB, supplee__isnull=True)
        .select_related("bassin")
        .first()
    )
    if adhesion is None:
        return render(request, "acteurs/formulaire.html", {
            "titre": "Suppléance", "intro": "Seul le coordinateur d’un bassin nomme son suppléant.",
            "fil": [("Suppléance", None)],
        })  # fmt: skip
    suppleances = Adhesion.objects.filter(
        supplee=request.user, bassin=adhesion.bassin, fin__gte=timezone.localdate()
    ).select_related("utilisateur")
    if request.method == "POST" and "reprendre" in request.POST:
        une = get_object_or_404(suppleances, reference=request.POST["reprendre"])
        services.ecourter_suppleance(une, par=request.user)
        messages.success(request, f"{une.utilisateur} ne vous supplée plus.")
        return redirect("territoire:suppleance")
    form = SuppleanceForm(request.POST or None, bassin=adhesion.bassin)
    if request.method == "POST" and form.is_valid():
        donnees = form.cleaned_data
        services.nommer_suppleant(
            request.user, donnees["suppleant"], adhesion.bassin, debut=donnees["debut"], fin=donnees["fin"],
            par=request.user,
        )  # fmt: skip
        messages.success(
            request,
            f"{donnees['suppleant']} vous supplée du {donnees['debut']:%d/%m/%Y} au {donnees['fin']:%d/%m/%Y}.",
        )
        return redirect("territoire:compte")
    return render(
        request,
        "acteurs/suppleance.html",
        {
            "suppleances": suppleances,
            "titre": f"Suppléance, bassin {adhesion.bassin}",
            "intro": "Votre suppléant aura vos droits de coordinateur entre ces deux dates, puis les perdra de lui-même.",
            "form": form,
            "bouton": "Nommer",
            "annuler": reverse("territoire:compte"),
            "fil": [("Mon compte", reverse("territoire:compte")), ("Suppléance", None)],
        },
    )


@regle(Droit.VOIR_COMME, objet=Utilisateur, agir=False, methodes=DEUX)
def voir_comme(request, reference):
    """Support: look at the portal as somebody else, read-only, names masked, traced."""
    qui = get_object_or_404(Utilisateur.objects.visibles_par(request.user), reference=reference)
    form = VoirCommeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        noter(Action.DROITS, "voir_comme", qui, par=request.user, motif=form.cleaned_data["motif"])
        request.session["voir_comme"] = qui.pk
        return redirect("/")
    return render(
        request,
        "acteurs/formulaire.html",
        {
            "titre": f"Voir le portail comme {qui}",
            "intro": "Les noms des jeunes sont masqués et rien ne peut être enregistré. Le motif reste dans le journal.",
            "form": form,
            "bouton": "Commencer",
            "annuler": reverse("territoire:annuaire"),
            "fil": [("Assistance", None)],
        },
    )


@regle(CONNECTE, methodes=("POST",))
def fin_voir_comme(request):
    """Back to oneself."""
    request.session.pop("voir_comme", None)
    return redirect("/")


def compter_equipes(structures):
    """Annotate structures with the number of people in force."""
    actives = Adhesion.objects.actives().values("pk")
    return structures.annotate(nombre_personnes=Count("adhesions", filter=Q(adhesions__in=actives))).order_by(
        "nom_tri", "pk"
    )

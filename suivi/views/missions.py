"""The operator: its missions, the card of one, its answer."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from gab import services as gab
from gab.models import Mission
from qualit import workflow
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons, navigation
from qualit.web.pagination import paginer

from .. import coordonnees, services, tableurs
from .. import missions as lectures
from ..forms import (
    AccepterForm,
    AppelForm,
    ConfierForm,
    FiltreMissionsForm,
    RefuserForm,
    TexteForm,
)
from .commun import (
    GET_POST,
    POST,
    formulaire_de_mission,
    mes_missions,
    montrer_la_fiche,
    refus,
    retour_a_la_fiche,
    trouver,
)


@regle(Droit.REPONDRE_MISSION)
def liste(request):
    """The lists of missions, each with its count."""
    toutes = mes_missions(request.user)
    comptes = lectures.comptes(toutes)
    vue = request.GET.get("vue", "")
    if vue not in lectures.VUES:
        vue = next((v for v in lectures.VUES if v != "terminees" and comptes[v]), "en_cours")
    structures = droits.structures_pour(request.user, Droit.REPONDRE_MISSION)
    collegues = services.collegues_de(structures)
    form = FiltreMissionsForm(request.GET or None, collegues=collegues)
    missions = lectures.avec_suivi(toutes).filter(lectures.condition(vue))
    filtre = False
    if form.is_bound and form.is_valid():
        missions, filtre = _filtrer(missions, form.cleaned_data, request.user)
    tri = {
        "a_repondre": ("-urgente", "expire_le"),
        "corrigees": ("repondue_le",),
        "rappels": ("rappel", "proposee_le"),
        "a_reverifier": ("validite", "proposee_le"),
        "sans_nouvelles": ("dernier_fait", "proposee_le"),
        "terminees": ("-proposee_le",),
    }.get(vue, ("-urgente", "-repondue_le"))
    missions = missions.order_by(*tri, "pk")
    if fichier := tableurs.mes_missions(request, missions, lectures.VUES[vue]):
        return fichier
    compte = comptes[vue]
    page = paginer(
        request, missions, total=missions.count() if filtre or compte > navigation.PLAFOND else compte
    )
    lignes = lectures.lignes(page.object_list)
    if vue == "corrigees":
        corrections = coordonnees.corrections(page.object_list)
        for ligne in lignes:
            ligne.corrections = corrections.get(ligne.mission.pk, [])
    montrer(
        request,
        [ligne.mission for ligne in lignes if ligne.identite],
        [
            ligne.mission.dossier.jeune_id
            for ligne in lignes
            if ligne.identite and not ligne.mission.a_confirmer
        ],
    )
    contexte = {
        "vue": vue,
        "vues": [
            (code, nom, navigation.nombre_lisible(comptes[code], code in lectures.A_REGARDER))
            for code, nom in lectures.VUES.items()
        ],
        "titre_vue": lectures.VUES[vue],
        "page": page,
        "lignes": lignes,
        "form": form,
        "filtre": filtre,
        "aujourd_hui": timezone.localdate(),
        "appel": AppelForm(prefix="appel"),
        "fil": [("Missions", None)],
    }
    return render(request, "suivi/missions.html", contexte)


def _filtrer(missions, choix, user):
    """Apply the filters; says whether any is in use."""
    filtre = False
    if qui := choix["conseiller"]:
        filtre = True
        if qui == "moi":
            missions = missions.filter(conseiller=user)
        elif qui == "personne":
            missions = missions.filter(conseiller__isnull=True)
        else:
            missions = missions.filter(conseiller__reference=qui)
    if choix["public"]:
        filtre = True
        mineurs = lectures.mineurs(missions)
        missions = mineurs if choix["public"] == "mineurs" else missions.exclude(pk__in=mineurs.values("pk"))
    if choix["urgence"]:
        filtre = True
        missions = missions.filter(urgente=True)
    return missions, filtre


@regle(Droit.REPONDRE_MISSION, objet=Mission)
def fiche(request, reference):
    """The card of a mission: who, how to reach them, what was done, what to do next."""
    mission = trouver(request, reference)
    return montrer_la_fiche(request, mission)


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=GET_POST)
@jetons.une_fois
def accepter(request, reference):
    """Take the jeune on: already followed, known or unknown, and the I-Milo number."""
    mission = trouver(request, reference)
    form = AccepterForm(request.POST or None)
    if form.is_valid():
        try:
            gab.accepter_mission(mission, par=request.user, **form.cleaned_data)
        except workflow.TransitionImpossible as erreur:
            return refus(request, erreur, mission)
        messages.success(request, "Mission acceptée : le GAB et l’établissement sont prévenus.")
        return retour_a_la_fiche(mission)
    return formulaire_de_mission(request, mission, form, "Accepter la mission", "Accepter")


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=GET_POST)
@jetons.une_fois
def refuser(request, reference):
    """Decline, with a motive: the dossier goes back to the GAB."""
    mission = trouver(request, reference)
    form = RefuserForm(request.POST or None)
    if form.is_valid():
        try:
            gab.refuser_mission(
                mission,
                form.cleaned_data["motif"],
                precision=form.cleaned_data["precision"],
                par=request.user,
            )
        except workflow.TransitionImpossible as erreur:
            return refus(request, erreur, mission)
        form.journaliser_garde(mission, par=request.user, jeunes=[mission.dossier.jeune_id])
        messages.success(request, "Mission refusée : le GAB est prévenu et cherche une autre solution.")
        return redirect("suivi:missions")
    return formulaire_de_mission(request, mission, form, "Refuser la mission", "Refuser", danger=True)


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=GET_POST)
@jetons.une_fois
def terminer(request, reference):
    """End the mission, saying why."""
    mission = trouver(request, reference)
    form = TexteForm(
        request.POST or None,
        libelle="Pourquoi la mission se termine",
        aide="Lu par le GAB. Enregistrez d’abord le devenir du jeune, s’il est connu.",
        long_max=200,
    )
    if form.is_valid():
        try:
            gab.terminer_mission(mission, form.cleaned_data["texte"], par=request.user)
        except workflow.TransitionImpossible as erreur:
            return refus(request, erreur, mission)
        form.journaliser_garde(mission, par=request.user, jeunes=[mission.dossier.jeune_id])
        messages.success(request, "Mission terminée.")
        return redirect("suivi:missions")
    return formulaire_de_mission(request, mission, form, "Terminer la mission", "Terminer", danger=True)


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=GET_POST)
@jetons.une_fois
def reorientation(request, reference):
    """Ask the GAB for another solution."""
    mission = trouver(request, reference)
    form = TexteForm(
        request.POST or None,
        libelle="Votre message au GAB",
        aide="Ce qui ne convient pas, et la solution que vous proposez.",
    )
    if form.is_valid():
        try:
            gab.demander_reorientation(mission, form.cleaned_data["texte"], par=request.user)
        except workflow.TransitionImpossible as erreur:
            return refus(request, erreur, mission)
        form.journaliser_garde(mission, par=request.user, jeunes=[mission.dossier.jeune_id])
        messages.success(request, "Votre demande est envoyée au GAB. La mission continue jusqu’à sa réponse.")
        return retour_a_la_fiche(mission)
    return formulaire_de_mission(request, mission, form, "Demander une réorientation", "Envoyer la demande")


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=POST)
def confier(request, reference):
    """Say which colleague follows this jeune."""
    mission = trouver(request, reference)
    form = ConfierForm(request.POST, collegues=services.collegues(mission.structure))
    if form.is_valid():
        services.confier(mission, form.cleaned_data["conseiller"], par=request.user)
        messages.success(request, "C’est noté.")
    else:
        messages.error(request, "Choisissez une personne de votre structure.")
    return retour_a_la_fiche(mission)

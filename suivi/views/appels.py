"""Calls: a number opens the card, the result of a call in one click."""

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.shortcuts import redirect, render
from django.urls import reverse

from gab.models import Mission, Versement
from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import montrer
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from signalements.controles import numero_normalise
from signalements.models import Contact

from .. import coordonnees, services
from .. import missions as lectures
from ..forms import (
    AppelForm,
    RappelForm,
)
from .commun import GET_POST, POST, mes_missions, refus, retour_a_la_fiche, trouver


def _contact_de_la_fiche(mission, user, pk):
    """The contact of that id among those that the card shows, or None."""
    return next((c for c in lectures.fiche(mission, user).contacts if str(c.pk) == str(pk)), None)


def jour_du_rappel(donnees):
    """(day, "") when the result posted is "rappeler" with a right day, (None, why not) with a wrong one, else (None, "")."""
    if donnees.get("resultat") != "rappeler":
        return None, ""
    form = RappelForm(donnees)
    if form.is_valid():
        return form.cleaned_data["rappeler_le"], ""
    return None, "Rappeler le : " + " ".join(e for erreurs in form.errors.values() for e in erreurs)


def dire_le_resultat(resultat, jour):
    """What is said once a call is noted."""
    return {
        "repondu": "Appel noté : a répondu.",
        "messagerie": "Appel noté : messagerie.",
        "faux_numero": "Numéro noté comme faux : l’établissement est prié de le corriger.",
        "rappeler": f"À rappeler le {jour:%d/%m/%Y}." if jour else "",
    }[resultat]


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=POST)
@jetons.une_fois
def appel(request, reference):
    """One click after a call: answered, voicemail, wrong number, call again on…"""
    mission = trouver(request, reference)
    contact = _contact_de_la_fiche(mission, request.user, request.POST.get("contact"))
    resultat = request.POST.get("resultat")
    if contact is None or resultat not in services.APPELS:
        messages.error(request, "Ce numéro n’est plus sur la fiche.")
        return retour_a_la_fiche(mission)
    jour, probleme = jour_du_rappel(request.POST)
    if probleme:
        messages.error(request, probleme)
        return retour_a_la_fiche(mission, "#contacts")
    try:
        services.noter_appel(
            mission.dossier, contact, resultat, par=request.user, mission=mission, rappeler_le=jour
        )
    except workflow.TransitionImpossible as erreur:
        return refus(request, erreur, mission)
    messages.success(request, dire_le_resultat(resultat, jour))
    return retour_a_la_fiche(mission, "#contacts")


@regle(Droit.REPONDRE_MISSION, objet=Mission, methodes=POST)
def coordonnees_vues(request, reference):
    """The corrected contacts of a jeune were seen: they leave the list."""
    mission = trouver(request, reference)
    siennes = coordonnees.reponses(pk=mission.pk)
    reponse = siennes.filter(reference=request.POST.get("reponse", "")).first()
    if reponse is not None:  # else seen already, by a colleague or in another tab
        services.voir_coordonnees(mission, reponse, par=request.user)
    messages.success(request, "C’est noté : les coordonnées corrigées sont vues.")
    if "liste" in request.POST:
        return redirect(f"{reverse('suivi:missions')}?vue=corrigees")
    return retour_a_la_fiche(mission, "#contacts")


@regle(Droit.REPONDRE_MISSION, methodes=GET_POST)
def numero(request):
    """A telephone number in any format opens the card of the jeune, among those that the structure follows."""
    form = AppelForm(request.POST or None, prefix="appel")
    trouvees = None
    if form.is_valid():
        trouvees = _par_numero(request.user, form.cleaned_data["numero"])
        montrer(
            request,
            [ligne.mission for ligne in trouvees],
            [ligne.mission.dossier.jeune_id for ligne in trouvees if not ligne.mission.a_confirmer],
            action=Action.RECHERCHE,
        )
        if len(trouvees) == 1:
            return retour_a_la_fiche(trouvees[0].mission, "#contacts")
    contexte = {
        "form": form,
        "trouvees": trouvees,
        "fil": [("Missions", reverse("suivi:missions")), ("Appel", None)],
    }
    return render(request, "suivi/numero.html", contexte)


def _par_numero(user, saisi):
    """Missions whose card shows that number: [Ligne]. At least six digits, compared from the end when it is not whole."""
    normalise = numero_normalise(saisi)
    chiffres = "".join(c for c in saisi if c.isdigit())
    if not normalise and len(chiffres) < 6:
        return []
    cherche = {"normalisee": normalise} if normalise else {"normalisee__endswith": chiffres}
    appeles = Versement.objects.filter(
        signalement__in=Contact.objects.filter(type=Contact.Type.TELEPHONE, **cherche).values("signalement")
    ).order_by()
    missions = mes_missions(user).filter(
        Q(a_confirmer=False)
        | Exists(appeles.filter(dossier=OuterRef("dossier"), signalement__structure=OuterRef("structure"))),
        etat__in=lectures.LISIBLES,
        dossier__in=list(
            appeles.values_list("dossier", flat=True)
        ),  # a few: the missions are found from them
    )
    return lectures.lignes(missions.order_by("-proposee_le")[:20])

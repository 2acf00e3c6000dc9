"""The follow-up sheet: download it, send it back, see what it changes, choose, confirm, read the report."""

import json

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from gab.models import Mission
from qualit import workflow
from qualit.echanges.lecture import FichierIllisible
from qualit.echanges.tableaux import FORMATS
from qualit.journal.models import Action
from qualit.journal.services import montrer
from qualit.territoire.droits import Droit
from qualit.territoire.models import nouvelle_reference
from qualit.territoire.regles import regle
from qualit.web import jetons
from signalements.services import ConflitDeVersion

from .. import feuille as feuilles
from .. import feuille_retour as retour
from ..forms import FeuilleForm
from ..tableurs import voir_ligne
from .commun import mes_missions

DUREE = 4 * 3600  # seconds that a sheet waits to be confirmed, and its report to be read
FIL = ("Missions", "suivi:missions")


def _suivies(user):
    """Missions that a sheet fills in: those that the person's structures hold now."""
    return (
        mes_missions(user)
        .filter(etat=Mission.Etat.ACCEPTEE)
        .order_by("dossier__jeune__identite__nom_tri", "pk")
    )


def _fil(*suite):
    return [(FIL[0], reverse(FIL[1])), *suite]


@regle(Droit.REPONDRE_MISSION, methodes=("GET", "POST"))
def feuille(request):
    """Where the sheet is taken, and sent back. Nothing is written yet."""
    form = FeuilleForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        try:
            releve = feuilles.relever(fichier.read(), fichier.name)
        except FichierIllisible as erreur:
            form.add_error("fichier", ValidationError(str(erreur)))
        else:
            cle = nouvelle_reference() + nouvelle_reference()
            cache.set(_cle(request.user, cle), json.dumps({"releve": releve}), DUREE)
            return redirect("suivi:feuille_apercu", cle)
    contexte = {
        "form": form,
        "nombre": _suivies(request.user).count(),
        "maximum": feuilles.LIGNES_MAXIMUM,
        "fil": _fil(("Feuille de suivi", None)),
    }
    return render(request, "suivi/feuille.html", contexte)


def _cle(user, cle):
    return f"feuille:{user.pk}:{cle}"


@regle(Droit.REPONDRE_MISSION)
def telecharger(request):
    """The sheet of the missions in progress."""
    fichier, lignes = feuilles.ecrire(_suivies(request.user))
    for ligne in lignes:
        montrer(request, *voir_ligne(ligne))
    montrer(request, (), action=Action.EXPORT, format="feuille", lignes=len(lignes))
    reponse = FileResponse(
        fichier,
        as_attachment=True,
        filename=f"suivi-{timezone.localdate():%Y-%m-%d}.xlsx",
        content_type=FORMATS["xlsx"][1],
    )
    reponse["Cache-Control"] = "private, no-store"
    return reponse


@regle(Droit.REPONDRE_MISSION, methodes=("GET", "POST"), cle="ABSENT")
@jetons.une_fois
def apercu(request, cle):
    """What the sheet changes, cell by cell; the choices; then the report, at the same address."""
    garde = cache.get(_cle(request.user, cle))
    if garde is None:
        raise Http404
    garde = json.loads(garde)
    if "bilan" in garde:
        return render(
            request,
            "suivi/feuille_bilan.html",
            {"bilan": garde["bilan"], "fil": _fil(("Feuille de suivi", None))},
        )
    missions = mes_missions(request.user)
    choix = _choix(request, garde["releve"])
    if request.method == "POST":
        try:
            with transaction.atomic():
                bilan = retour.appliquer(garde["releve"], missions, choix, par=request.user)
        except retour.EncoreDesConflits:
            messages.error(
                request,
                "Rien n’est enregistré : choisissez d’abord, pour chaque cellule en désaccord, la valeur à garder. "
                "Relisez celles du portail : elles ont pu changer depuis que vous avez ouvert cette page.",
            )
        except (workflow.TransitionImpossible, ConflitDeVersion):
            messages.error(
                request,
                "Rien n’est enregistré : quelqu’un vient de modifier un de ces suivis. Vérifiez ci-dessous.",
            )
        else:
            cache.set(_cle(request.user, cle), json.dumps({"bilan": bilan}), DUREE)
            return redirect("suivi:feuille_apercu", cle)
    return _montrer_l_apercu(request, retour.comparer(garde["releve"], missions, choix, par=request.user))


def _montrer_l_apercu(request, rangs):
    lire = Libelles()
    for rang in rangs:
        if rang.mission is not None:
            montrer(request, *voir_ligne(rang))
        for cellule in rang.cellules:
            cellule.lus = {
                q: lire(cellule.champ, getattr(cellule, q)) for q in ("avant", "mien", "leur", "retenu")
            }
        if rang.etape:
            rang.etape_lue = lire("etape", rang.etape["type"])
    effets = {
        e: [r for r in rangs if r.effet == e] for e in ("conflit", "enregistree", "refusee", "identique")
    }
    contexte = {
        "effets": effets,
        "deja": [r for r in effets["identique"] if r.etape_deja or r.reglees],
        "rien": not effets["conflit"] and not effets["enregistree"],
        "fil": _fil(("Feuille de suivi", reverse("suivi:feuille")), ("Vérifier", None)),
    }
    return render(request, "suivi/feuille_apercu.html", contexte)


def _choix(request, releve):
    """The choices posted, each with the stored value that was on the page: {(mission, field): (value, mien|leur)}."""
    choix = {}
    for r in releve:
        for champ in feuilles.CHAMPS_DEVENIR:
            choisi, _, vu = request.POST.get(f"choix-{r['reference']}-{champ}", "").partition(":")
            if choisi in ("mien", "leur"):
                choix[r["reference"], champ] = (vu, choisi)
    return choix


class Libelles:
    """How the values of the sheet read on the page: labels of codes, dates jj/mm/aaaa."""

    def __init__(self):
        self.listes = {
            genre: {code: libelle for libelle, code in paires.items()}
            for genre, paires in feuilles.listes().items()
        }

    def __call__(self, champ, valeur):
        genre = feuilles.CHAMPS[champ][1]
        if not valeur:
            return "vide"
        if genre == "date":
            return f"{valeur[8:10]}/{valeur[5:7]}/{valeur[:4]}"
        return self.listes[genre].get(valeur, valeur)

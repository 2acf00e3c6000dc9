"""The turn of the year, and what was read of the returns."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from gab.models import Dossier
from gab.tableurs import DOSSIER, IDENTITE, voir_dossier
from qualit import workflow
from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from signalements.models import campagne_de

from .. import fin_annee as annee
from .. import lectures, services
from ..forms import ConfierForm

MONTRES = 50
A_CONFIER = [
    Colonne("Mission", "reference", 12),
    *(
        Colonne(c.titre, lambda m, c=c: None if m.a_confirmer else c.valeur(m.dossier), c.largeur)
        for c in IDENTITE
    ),
    Colonne("Structure", "structure", 36),
    Colonne("Suivi jusqu’ici par", "conseiller", 30),
    Colonne("Depuis le", "repondue_le", 16),
]
A_FINIR = [
    Colonne("Établissement", lambda ligne: ligne[0].nom, 40),
    Colonne("Bassin", lambda ligne: ligne[0].bassin),
    Colonne("Brouillons", lambda ligne: ligne[1], 10),
    Colonne("Retours non lus", lambda ligne: ligne[2], 10),
]
RETOURS_LUS = [
    Colonne("Structure", "structure", 40),
    Colonne("Bassin", "bassin"),
    Colonne("Retours", "retours", 10),
    Colonne("Lus", "lus", 10),
    Colonne("Part lue (%)", "taux", 10),
]


def _orphelines(user):
    """(structure, its missions left by a colleague, the form that gives them to another) for each structure."""
    structures = droits.structures_pour(user, Droit.REPONDRE_MISSION)
    groupes = []
    for structure in annee.Structure.objects.filter(pk__in=structures):
        missions = list(annee.orphelines(structure).select_related("dossier__jeune__identite", "conseiller"))
        if missions:
            groupes.append((structure, missions, ConfierForm(collegues=services.collegues(structure))))
    return groupes


@regle(
    Droit.SIGNALER, Droit.TRIER, Droit.REPONDRE_MISSION, Droit.RELANCER_STRUCTURES, methodes=("GET", "POST")
)
@jetons.une_fois
def fin_annee(request):
    """The list of June; the missions that a colleague left, given to another; the schools reminded together."""
    if request.method == "POST":
        _agir(request)
        return redirect("suivi:fin_annee")
    referents, a_finir = Dossier.objects.none(), []
    if droits.a_le_droit(request.user, Droit.TRIER) or droits.a_le_droit(
        request.user, Droit.RELANCER_STRUCTURES
    ):
        referents = annee.sans_referent(Dossier.objects.visibles_par(request.user)).select_related(
            "jeune__identite__structure", "referent", "bassin"
        )
    if droits.a_le_droit(request.user, Droit.RELANCER_STRUCTURES):
        brouillons, non_lus = annee.a_finir(request.user)
        a_finir = sorted(
            ((s, brouillons.get(s, 0), non_lus.get(s, 0)) for s in {*brouillons, *non_lus}),
            key=lambda ligne: ligne[0].nom_tri,
        )
    groupes = _orphelines(request.user)
    if fichier := _fichier(request, groupes, referents, a_finir):
        return fichier
    referents = list(referents[:MONTRES])
    vues = [m for _, missions, _ in groupes for m in missions if not m.a_confirmer]
    montrer(
        request, [*referents, *vues], [d.jeune_id for d in referents] + [m.dossier.jeune_id for m in vues]
    )
    points = annee.points(request.user, request.adhesion)
    contexte = {
        "points": points,
        "faits": sum(p.fait for p in points),
        "groupes": groupes,
        "referents": referents,
        "a_finir": a_finir,
        "annee": campagne_de(timezone.localdate()),
        "fil": [("Fin d’année", None)],
    }
    return render(request, "suivi/fin_annee.html", contexte)


def _voir(mission):
    return ([], []) if mission.a_confirmer else ([mission], [mission.dossier.jeune_id])


def _fichier(request, groupes, referents, a_finir):
    """One of the lists of the page (?liste=) as a file; None when a page is asked."""
    liste = request.GET.get("liste")
    if liste == "referents":
        titre = "Dossiers sans référent"
        return telecharger(request, "dossiers-sans-referent", titre, DOSSIER, referents, voir=voir_dossier)
    if liste == "a-confier":
        missions = [m for _, siennes, _ in groupes for m in siennes]
        return telecharger(request, "jeunes-a-confier", "Jeunes à confier", A_CONFIER, missions, voir=_voir)
    return telecharger(
        request, "etablissements", "Ont encore à faire", A_FINIR, a_finir, droit=Droit.RELANCER_STRUCTURES
    )


def _agir(request):
    if request.POST.get("action") == "relancer":
        nombre = annee.relancer(request.user)
        messages.success(
            request, f"{nombre} établissement{'s' if nombre > 1 else ''} relancé{'s' if nombre > 1 else ''}."
        )
        return
    groupe = next((g for g in _orphelines(request.user) if g[0].code == request.POST.get("structure")), None)
    if groupe is None:
        messages.error(request, "Il n’y a plus rien à confier.")
        return
    structure, missions, _ = groupe
    form = ConfierForm(request.POST, collegues=services.collegues(structure))
    if not form.is_valid() or form.cleaned_data["conseiller"] is None:
        messages.error(request, "Choisissez une personne de votre structure.")
        return
    choisies = set(request.POST.getlist("mission"))
    missions = [m for m in missions if m.reference in choisies]
    try:
        for mission in missions:
            services.confier(mission, form.cleaned_data["conseiller"], par=request.user)
    except workflow.TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return
    if missions:
        pluriel = "s" if len(missions) > 1 else ""
        messages.success(
            request, f"{len(missions)} jeune{pluriel} confié{pluriel} à {form.cleaned_data['conseiller']}."
        )
    else:
        messages.error(request, "Cochez au moins un jeune.")


@regle(Droit.RELANCER_STRUCTURES)
def retours_lus(request):
    """Share of the returns that were read, by school and by structure that followed."""
    courante = campagne_de(timezone.localdate())
    demandee = request.GET.get("campagne", "")
    possibles = [courante - n for n in range(4)]
    campagne = int(demandee) if demandee in {str(c) for c in possibles} else courante
    signalements = lectures.portee(request.user, campagne)
    etablissements = lectures.par_etablissement(signalements)
    total = lectures.Part(
        "Ensemble", "", sum(p.retours for p in etablissements), sum(p.lus for p in etablissements)
    )
    operateurs = lectures.par_operateur(signalements)
    parts = operateurs if request.GET.get("liste") == "operateurs" else etablissements
    if fichier := telecharger(
        request, "retours-lus", "Retours lus", RETOURS_LUS, parts, droit=Droit.RELANCER_STRUCTURES
    ):
        return fichier
    contexte = {
        "campagne": campagne,
        "possibles": possibles,
        "etablissements": etablissements,
        "operateurs": operateurs,
        "total": total,
        "fil": [("Retours lus", None)],
    }
    return render(request, "suivi/retours_lus.html", contexte)

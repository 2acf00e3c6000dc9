"""The access journal, for the DPO: filters and export. It holds ids, never names."""

from django import forms
from django.db.models import Q
from django.shortcuts import render

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.models import Action, Trace
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion
from qualit.territoire.regles import regle
from qualit.territoire.roles import Role
from qualit.web.formulaires import ChampDate, ChampTexte, FormulaireDSFR
from qualit.web.pagination import paginer

LIGNES_EXPORTEES = 50_000


COLONNES = [
    Colonne("Quand", "quand", 16),
    Colonne("Personne", "acteur.email", 30),
    Colonne("Rôle", lambda t: role_dit(t), 28),
    Colonne("Action", lambda t: t.get_action_display()),
    Colonne("Quoi", "quoi", 30),
    Colonne("Objets", lambda t: f"{t.objet_type} {' '.join(map(str, t.objets))}".strip(), 30),
    Colonne("Jeunes", lambda t: " ".join(map(str, t.jeunes)), 20),
    Colonne("Motif", "motif", 40),
]


def role_dit(trace):
    """The role of a trace as people know it."""
    return dict(Role.choices).get(trace.role, trace.role)


class JournalForm(FormulaireDSFR):
    """Filters of the journal."""

    mention_facultatif = False
    personne = ChampTexte(label="Courriel de la personne", required=False, max_length=120)
    action = forms.ChoiceField(label="Action", required=False, choices=[("", "Toutes"), *Action.choices])
    quoi = ChampTexte(label="Page ou événement", required=False, max_length=80)
    jeune = forms.IntegerField(label="Numéro interne du jeune", required=False, min_value=1)
    du = ChampDate(label="Du", required=False)
    au = ChampDate(label="Au", required=False, futur=True)

    def filtrer(self, traces):
        """The traces that the filters keep."""
        if not self.is_valid():
            return traces
        d = self.cleaned_data
        if d["personne"]:
            traces = traces.filter(acteur__email__icontains=d["personne"])
        if d["action"]:
            traces = traces.filter(action=d["action"])
        if d["quoi"]:
            traces = traces.filter(quoi__icontains=d["quoi"])
        if d["jeune"]:
            traces = traces.du_jeune(d["jeune"])
        if d["du"]:
            traces = traces.filter(quand__date__gte=d["du"])
        if d["au"]:
            traces = traces.filter(quand__date__lte=d["au"])
        return traces


def traces_de(user):
    """Traces of the people of the académies whose journal this person keeps, and those of nobody (the clock)."""
    academies = droits.academies_pour(user, Droit.LIRE_JOURNAL)
    sieges = (
        Q(academie__in=academies) | Q(bassin__academie__in=academies) | Q(structure__academie__in=academies)
    )
    membres = Adhesion.objects.filter(sieges).values("utilisateur")
    return Trace.objects.filter(Q(acteur__in=membres) | Q(acteur__isnull=True)).select_related("acteur")


@regle(Droit.LIRE_JOURNAL)
def journal(request):
    """Who read or wrote what."""
    form = JournalForm(request.GET or None)
    traces = form.filtrer(traces_de(request.user)) if request.GET else traces_de(request.user)
    if fichier := telecharger(
        request, "journal", "Journal des accès", COLONNES, traces, droit=None, maximum=LIGNES_EXPORTEES
    ):
        return fichier
    page = paginer(request, traces, par_page=50)
    for trace in page:
        trace.role_dit = role_dit(trace)
    return render(
        request,
        "journal/journal.html",
        {
            "page": page,
            "form": form,
            "fil": [("Journal des accès", None)],
        },
    )

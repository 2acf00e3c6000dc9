"""The queue of identities to confirm: the GAB for its bassin, the rectorat across bassins."""

from datetime import datetime, time, timedelta

from django import forms
from django.contrib import messages
from django.db.models import Count, Min, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from qualit import workflow
from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.formulaires import ChampTexteLong, FormulaireDSFR
from qualit.web.pagination import paginer
from signalements.models import Signalement

from . import arbitrage, suites
from .comparaison import certitude, lignes, raisons
from .fusion import FusionImpossible, ce_qui_bouge, choisir_garde, faits_posterieurs
from .models import Fusion, Paire
from .services import DIT_A_LA_SAISIE, detacher

FILTRES = {
    "a_decider": "À décider",
    "meme": "Même personne",
    "differents": "Pas les mêmes",
    "sans_objet": "Sans objet",
}


class DecisionForm(FormulaireDSFR):
    """The motive of a decision on a pair."""

    motif = ChampTexteLong(
        label="Pourquoi ?",
        required=False,
        lignes=2,
        help_text="Ce qui vous a décidé (appel à la famille, dossier papier…). Ne notez ni santé, ni justice, ni famille.",
    )


class AnnulationForm(FormulaireDSFR):
    """With whom goes what was received or done since the merge."""

    def __init__(self, *args, faits, **kwargs):
        super().__init__(*args, **kwargs)
        if faits:
            self.fields["suivent"] = forms.MultipleChoiceField(
                label="Depuis la réunion : cochez ce qui concerne le jeune séparé",
                required=False,
                widget=forms.CheckboxSelectMultiple,
                choices=[(cle, texte) for cle, texte, _ in faits],
                initial=[cle for cle, _, separe in faits if separe],
            )

    @property
    def suivent(self):
        """Ids of the reports and keys of the facts that go to the separated jeune."""
        coches = self.cleaned_data.get("suivent", [])
        return frozenset(int(cle) if cle.isdigit() else cle for cle in coches)


def _faits_depuis(fusion):
    """What the form of an undo lists: [(key, words, already the separated jeune's)], reports first."""
    signalements = [
        (
            str(f.rattachement.signalement_id),
            f"Signalement de {f.rattachement.signalement} – {f.rattachement.signalement.structure} "
            f"({timezone.localtime(f.rattachement.quand):%d/%m/%Y})",
            False,
        )
        for f in faits_posterieurs(fusion)
    ]
    return signalements + [(f.cle, f.libelle, f.separe) for f in suites.faits(fusion)]


def _cotes(paire):
    """The two reports that a pair compares."""
    return paire.signalement_a or paire.a.identite, paire.signalement_b or paire.b.identite


COLONNES = [
    Colonne("Question", "reference", 12),
    Colonne("Première fiche", "a", 28),
    Colonne("Née le (première)", "a.identite.date_naissance", 12),
    Colonne("Établissement (première)", "a.identite.structure", 36),
    Colonne("Seconde fiche", "b", 28),
    Colonne("Née le (seconde)", "b.identite.date_naissance", 12),
    Colonne("Établissement (seconde)", "b.identite.structure", 36),
    Colonne("Certitude", lambda p: certitude(p.probabilite, *_cotes(p))),
    Colonne("Depuis le", "cree_le", 16),
    Colonne("Bassin", "bassin"),
    Colonne("Décidée le", "decidee_le", 16),
    Colonne("Par", "decidee_par", 24),
]


def _paires(user):
    return Paire.objects.visibles_par(user).select_related(
        "a__identite__structure",
        "b__identite__structure",
        "bassin",
        "decidee_par",
        "signalement_a",
        "signalement_b",
    )


@regle(Droit.ARBITRER)
def liste(request):
    """The queue, most likely pairs first, and what was decided."""
    etat = request.GET.get("etat", "a_decider")
    etat = etat if etat in FILTRES else "a_decider"
    visibles = Paire.objects.visibles_par(request.user)
    comptes = dict(visibles.values_list("etat").annotate(Count("pk")).order_by())
    lignes = _paires(request.user).filter(etat=etat)
    if fichier := telecharger(
        request,
        "identites",
        f"Identités, {FILTRES[etat].lower()}",
        COLONNES,
        lignes,
        voir=lambda p: ([p], [p.a_id, p.b_id]),
    ):
        return fichier
    page = paginer(request, lignes)
    for paire in page:
        paire.certitude = certitude(paire.probabilite, *_cotes(paire))
    montrer(request, page.object_list, [j for p in page for j in (p.a_id, p.b_id)])
    onglets = [
        {"libelle": libelle, "code": code, "compte": comptes.get(code, 0), "actif": code == etat}
        for code, libelle in FILTRES.items()
    ]
    return render(
        request,
        "dedoublonnage/identites.html",
        {"page": page, "etat": etat, "onglets": onglets, "statistiques": statistiques_de_la_file(visibles)},
    )


def statistiques_de_la_file(paires):
    """What the queue has become: waiting, oldest, decided in 30 days by its people, share found to be one person.

    Joined by the machine and said different at the entry are counted apart: nobody decided them here.
    """
    depuis = timezone.now() - timedelta(days=30)
    recentes = Q(decidee_le__gte=depuis)
    saisie = Q(motif_decision=DIT_A_LA_SAISIE)
    ici = recentes & ~saisie & Q(decidee_par__isnull=False) & ~Q(origine="detachement")
    chiffres = paires.aggregate(
        attente=Count("pk", filter=Q(etat="a_decider")),
        decidees=Count("pk", filter=ici),
        memes=Count("pk", filter=ici & Q(etat="meme")),
        automatiques=Count("pk", filter=recentes & Q(decidee_par__isnull=True, etat="meme")),
        a_la_saisie=Count("pk", filter=recentes & saisie),
        plus_ancienne=Min("cree_le", filter=Q(etat="a_decider")),
    )
    chiffres["part_memes"] = chiffres["memes"] / chiffres["decidees"] if chiffres["decidees"] else None
    return chiffres


def _voisines(paire, user):
    """References of the previous and next pair to decide, in the order of the queue."""
    references = list(
        Paire.objects.visibles_par(user)
        .a_decider()
        .order_by("-probabilite", "pk")
        .values_list("reference", flat=True)
    )
    if paire.reference not in references:
        return None, references[0] if references else None
    rang = references.index(paire.reference)
    return references[rang - 1] if rang else None, references[rang + 1] if rang + 1 < len(
        references
    ) else None


@regle(Droit.ARBITRER, objet="dedoublonnage.Paire", agir=False)
def paire(request, reference):
    """Two people side by side, their history, what a merge would move, the decision."""
    return _montrer(request, get_object_or_404(_paires(request.user), reference=reference))


def _comparer(paire):
    """What two people of a pair have typed, side by side, for the page."""
    cotes = _cotes(paire)
    return {
        "paire": paire,
        "certitude": certitude(paire.probabilite, *cotes),
        "raisons": raisons(paire.contributions),
        "lignes": lignes(*cotes),
    }


def _montrer(request, paire, form=None):
    """The page of a pair; `form` holds a motive that was refused."""
    autres = (
        _paires(request.user)
        .a_decider()
        .filter(Q(a__in=[paire.a_id, paire.b_id]) | Q(b__in=[paire.a_id, paire.b_id]))
        .exclude(pk=paire.pk)
    )
    precedente, suivante = _voisines(paire, request.user)
    garde, absorbe = choisir_garde(paire.a, paire.b)
    autres = list(autres)
    vues = [paire, *autres]
    montrer(request, vues, sorted({pk for p in vues for pk in (p.a_id, p.b_id)}))
    return render(
        request,
        "dedoublonnage/paire.html",
        {
            **_comparer(paire),
            "historiques": [_historique(jeune, request.user) for jeune in (paire.a, paire.b)],
            "bouge": ce_qui_bouge(absorbe),
            "autres": [_comparer(p) | {"form": DecisionForm(auto_id=f"id_{p.reference}_%s")} for p in autres],
            "precedente": precedente,
            "suivante": suivante,
            "form": form or DecisionForm(),
            "actions": {t.action for t in workflow.possibles(paire, request.user)},
            "fusion": Fusion.objects.filter(paire=paire, annulee_le__isnull=True).first(),
        },
    )


def _historique(jeune, user):
    """Every report of a jeune, with how it was attached, and what the later steps tell, oldest first.

    Of a report that this person may not read, only that it was received.
    """
    rattachements = list(jeune.rattachements.actifs().select_related("signalement__structure"))
    visibles = set(
        Signalement.objects.visibles_par(user)
        .filter(pk__in=[r.signalement_id for r in rattachements])
        .values_list("pk", flat=True)
    )
    lus = [r for r in rattachements if r.signalement_id in visibles]
    a_separer = arbitrage.separables(jeune, [r.signalement for r in lus], user)
    evenements = [
        {
            "quand": r.signalement.envoye_le,
            "titre": f"{r.signalement} – {r.signalement.structure}",
            "texte": f"{r.signalement.classe} {r.get_mode_display().lower()}".strip(),
            "separer": reverse("dedoublonnage:separer", args=[r.signalement.reference])
            if r.signalement_id in a_separer
            else "",
        }
        for r in lus
    ]
    evenements += [
        {
            "quand": r.signalement.envoye_le,
            "titre": "Signalement d’un autre bassin",
            "texte": "",
            "separer": "",
        }
        for r in rattachements
        if r.signalement_id not in visibles
    ]
    return sorted(evenements + suites.recits(jeune, user), key=lambda e: _instant(e["quand"]))


def _instant(quand):
    """A date (taken at noon) or a datetime, as a datetime that sorts."""
    return quand if isinstance(quand, datetime) else timezone.make_aware(datetime.combine(quand, time(12)))


@regle(Droit.ARBITRER, objet="dedoublonnage.Paire", methodes=("GET", "POST"))
@jetons.une_fois
def confirmer(request, reference):
    """Ask, then make one jeune of two. A POST with `demander` comes from the page of the pair, with its motive."""
    paire = get_object_or_404(_paires(request.user), reference=reference)
    droits.exiger(request.user, Droit.ARBITRER, paire)
    form = DecisionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and "demander" not in request.POST and form.is_valid():
        return _decider(request, paire, lambda: arbitrage.confirmer_meme(paire, form.cleaned_data["motif"], par=request.user),
                        "Les deux fiches n’en font plus qu’une. Vous pouvez revenir sur cette décision.")  # fmt: skip
    garde, absorbe = choisir_garde(paire.a, paire.b)
    bouge = ce_qui_bouge(absorbe)
    montrer(request, [paire], [paire.a_id, paire.b_id])
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Réunir ces deux fiches ?",
            "question": f"{paire.a} et {paire.b} deviendront un seul jeune.",
            "consequences": [
                f"Passent d’une fiche à l’autre : {', '.join(bouge)}."
                if bouge
                else "Rien d’autre ne change de fiche.",
                "Les identités restent telles qu’elles ont été saisies.",
                "Vous pourrez revenir sur cette décision.",
            ],
            "bouton": "Oui, c’est la même personne",
            "annuler": reverse("dedoublonnage:paire", args=[paire.reference]),
            "form": form,
            "jeton": True,
        },
    )


@regle(Droit.ARBITRER, objet="dedoublonnage.Paire", methodes=("POST",))
def differents(request, reference):
    """Remember that they are two people."""
    paire = get_object_or_404(_paires(request.user), reference=reference)
    droits.exiger(request.user, Droit.ARBITRER, paire)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _montrer(request, paire, form)
    return _decider(
        request,
        paire,
        lambda: arbitrage.dire_differents(paire, form.cleaned_data["motif"], par=request.user),
        "C’est noté : ce sont deux personnes. La question ne sera plus posée.",
    )


@regle(Droit.ARBITRER, objet="dedoublonnage.Paire", methodes=("GET", "POST"))
@jetons.une_fois
def revenir(request, reference):
    """Undo a decision; what was received and done since a merge is listed, and the person says with whom it goes."""
    paire = get_object_or_404(_paires(request.user), reference=reference)
    droits.exiger(request.user, Droit.ARBITRER, paire)
    fusion = Fusion.objects.filter(paire=paire, annulee_le__isnull=True).first()
    faits = _faits_depuis(fusion) if fusion else []
    form = AnnulationForm(request.POST if request.method == "POST" else None, faits=faits)
    if request.method == "POST" and form.is_valid():
        return _decider(
            request,
            paire,
            lambda: arbitrage.revenir(paire, par=request.user, suivent=form.suivent),
            "La décision est annulée : la question est de nouveau à décider.",
        )
    montrer(request, [paire], [paire.a_id, paire.b_id])
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Revenir sur cette décision ?",
            "question": f"{paire.a} et {paire.b} : la question sera de nouveau posée.",
            "consequences": ["Chaque fiche retrouve ses signalements, ses dossiers et ses dates d’avant."]
            if fusion
            else [],
            "bouton": "Annuler la décision",
            "annuler": reverse("dedoublonnage:paire", args=[paire.reference]),
            "form": form if faits else None,
            "jeton": True,
        },
    )


def _decider(request, paire, decision, message):
    """Run a decision; on success go to the next pair, else say why and show the pair again."""
    _, suivante = _voisines(paire, request.user)
    try:
        decision()
    except (workflow.TransitionImpossible, FusionImpossible) as erreur:
        messages.error(request, str(erreur))
        return redirect("dedoublonnage:paire", paire.reference)
    messages.success(request, message)
    if suivante:
        return redirect("dedoublonnage:paire", suivante)
    return redirect("dedoublonnage:identites")


class SeparationForm(FormulaireDSFR):
    """Why a report is not about this jeune."""

    motif = ChampTexteLong(
        label="Pourquoi ce signalement ne concerne-t-il pas ce jeune ?", lignes=2, max_length=200
    )


@regle(Droit.ARBITRER, objet="signalements.Signalement", methodes=("GET", "POST"))
@jetons.une_fois
def separer(request, reference):
    """Undo an attachment: the report gets a jeune of its own again."""
    signalement = get_object_or_404(
        Signalement.objects.visibles_par(request.user).envoyes(), reference=reference
    )
    droits.exiger(request.user, Droit.ARBITRER, signalement)
    form = SeparationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            detacher(signalement, form.cleaned_data["motif"], par=request.user)
        except workflow.TransitionImpossible as erreur:
            messages.error(request, str(erreur))
        else:
            messages.success(request, "Le signalement a maintenant sa propre fiche.")
        return redirect("dedoublonnage:identites")
    montrer(request, [signalement])
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Séparer ce signalement ?",
            "question": f"Le signalement de {signalement} par {signalement.structure} aura sa propre fiche, avec son dossier.",
            "consequences": [
                "Les autres signalements restent ensemble.",
                "On se souviendra que ce sont deux personnes.",
            ],
            "bouton": "Séparer",
            "annuler": reverse("dedoublonnage:identites"),
            "form": form,
            "jeton": True,
        },
    )

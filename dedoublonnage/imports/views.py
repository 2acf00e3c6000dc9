"""The pages of a list: drop it, say its columns and values, read what each row is, confirm, follow, undo."""

import time

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from qualit.echanges.lecture import FichierIllisible
from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.models import Action
from qualit.journal.services import montrer, noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.territoire.regles import regle
from qualit.web import jetons
from qualit.web.navigation import compter
from qualit.web.pagination import paginer
from qualit.web.templatetags.qualit import pluriel
from signalements.listes.colonnes import CHAMPS
from signalements.models import Signalement

from .. import taches
from . import classeurs, memoire, questions, reponses, services
from .forms import ColonnesForm, FichierForm, ValeursForm
from .modeles import Correspondance, Import, LigneImport
from .services import ImportImpossible

DEUX = ("GET", "POST")
POUR_TOUS = " Si tous sont sortis le même jour, donnez la date de sortie une seule fois, en bas de page."
SECONDES = {True: 2, False: 5}
"""How long a request reads: asked by the script of the page, which asks again, or by a click."""
Etape, Statut = Import.Etape, LigneImport.Statut
#: The tabs of the rows: code, label, and the statuses that they hold.
ONGLETS = [
    ("nouvelles", "Nouveaux jeunes", [Statut.NOUVELLE]),
    ("connues", "Jeunes déjà connus", [Statut.CONNUE]),
    ("a_decider", "À décider", [Statut.A_DECIDER]),
    ("deja", "Déjà signalés", [Statut.DEJA_ENVOYEE]),
    ("refusees", "Refusées", [Statut.REFUSEE]),
]

LISTES = [
    Colonne("Fichier", "nom_fichier", 40),
    Colonne("Déposé le", "cree_le", 16),
    Colonne("Par", "auteur", 24),
    Colonne("Où en est-il", lambda lot: lot.get_etape_display(), 24),
    Colonne("Signalements envoyés", lambda lot: lot.bilan.get("importees"), 12),
]
MEMOIRE = [
    Colonne("Quoi", memoire.quoi, 24),
    Colonne("Écrit dans vos listes", lambda c: c.texte, 40),
    Colonne("Veut dire", memoire.sens, 40),
]
LIGNES = [
    Colonne("Ligne", "numero", 8),
    Colonne("Jeune", "nom_complet", 30),
    Colonne("Né(e) le", "ne_le", 12),
    Colonne("Classe", "classe"),
    Colonne("Sorti(e) le", "sorti_le", 12),
    Colonne("Sort de la ligne", lambda ligne: ligne.get_statut_display(), 24),
    Colonne("Signalement", "signalement.reference", 12),
    Colonne("Raisons", lambda ligne: "\n".join([*ligne.raisons, *ligne.remarques]), 50),
]


def _import(request, reference, droit=Droit.IMPORTER):
    """The import of that reference; the support that acts as somebody sees no list of names."""
    lot = get_object_or_404(
        Import.objects.visibles_par(request.user).select_related(
            "structure__bassin", "structure__academie", "auteur", "confirme_par", "annule_par"
        ),
        reference=reference,
    )
    droits.exiger(request.user, droit, lot)
    if request.user.vu_comme_par is not None:
        raise PermissionDenied
    return lot


def _fil(lot, *fin):
    return [
        ("Importer une liste", reverse("imports:liste")),
        *(
            [(lot.nom_fichier, reverse("imports:suivi", args=[lot.reference]))]
            if fin
            else [(lot.nom_fichier, None)]
        ),
        *((etape, None) for etape in fin),
    ]


def _illisible(request, lot, refus):
    """A file that opened when it was dropped and no longer does: said, and back to what may still be done."""
    messages.error(request, str(refus))
    if lot.etape != Etape.COLONNES:
        services.revenir_aux_colonnes(lot)
    return redirect("imports:colonnes", reference=lot.reference)


def _impossible(request, lot, refus):
    messages.error(request, str(refus))
    return redirect("imports:suivi", reference=lot.reference)


@regle(Droit.IMPORTER)
def liste(request):
    """The lists of one's structure, the latest first."""
    lots = Import.objects.visibles_par(request.user).select_related("auteur").defer("contenu")
    if fichier := telecharger(request, "imports", "Listes déposées", LISTES, lots, droit=None):
        return fichier
    contexte = {"page": paginer(request, lots), "fil": [("Importer une liste", None)]}
    return render(request, "imports/liste.html", contexte)


@regle(Droit.IMPORTER, methodes=DEUX)
def memoire_de_la_structure(request):
    """What one's structure said of its headings, values and classes: read again, and forgotten line by line."""
    lignes = Correspondance.objects.filter(structure__in=droits.structures_pour(request.user, Droit.IMPORTER))
    if fichier := telecharger(request, "memoire", "Réponses retenues", MEMOIRE, lignes, droit=None):
        return fichier
    if request.method == "POST":
        choisies = {int(pk) for pk in request.POST.getlist("oublier") if pk.isascii() and pk.isdigit()}
        oubliees, _ = lignes.filter(pk__in=choisies).delete()
        if oubliees:
            noter(Action.ECRITURE, "import_memoire", par=request.user, oubliees=oubliees)
            suite = "réponse oubliée : la question sera posée,réponses oubliées : les questions seront posées"
            messages.success(request, f"{pluriel(oubliees, suite)} à la prochaine liste.")
        else:
            messages.info(request, "Cochez d’abord ce qui est à oublier.")
        return redirect("imports:memoire")
    page = paginer(request, lignes, par_page=100)
    for ligne in page:
        ligne.quoi, ligne.sens = memoire.quoi(ligne), memoire.sens(ligne)
    fil = [("Importer une liste", reverse("imports:liste")), ("Réponses retenues", None)]
    return render(request, "imports/memoire.html", {"page": page, "fil": fil})


@regle(Droit.IMPORTER, methodes=DEUX)
@jetons.une_fois
def nouveau(request):
    """Drop a file. What cannot be read is said, and nothing of it is kept."""
    ids = droits.structures_pour(request.user, Droit.IMPORTER)
    structure = Structure.objects.select_related("bassin", "academie").get(pk=ids[0])
    form = (
        FichierForm(request.POST or None, request.FILES or None)
        if request.method == "POST"
        else FichierForm()
    )
    if request.method == "POST" and form.is_valid():
        fichier = form.cleaned_data["fichier"]
        try:
            lot = services.deposer(structure, fichier.name, fichier.read(), par=request.user)
        except FichierIllisible as refus:
            form.add_error("fichier", str(refus))
        else:
            return redirect("imports:colonnes", reference=lot.reference)
    return render(
        request,
        "imports/nouveau.html",
        {
            "form": form,
            "structure": structure,
            "fil": [("Importer une liste", reverse("imports:liste")), ("Déposer une liste", None)],
        },
    )


@regle(Droit.IMPORTER)
def modele(request):
    """The workbook to fill in, with its drop-downs."""
    return _classeur(classeurs.modele(), "modele-signalements.xlsx")


def _classeur(contenu, nom):
    reponse = HttpResponse(contenu, content_type=classeurs.TYPE_XLSX)
    reponse["Content-Disposition"] = f'attachment; filename="{nom}"'
    reponse["Cache-Control"] = "private, no-store"
    return reponse


@regle(Droit.IMPORTER, objet=Import, methodes=DEUX)
def colonnes(request, reference):
    """Say what each column is; those that are recognised are already said."""
    lot = _import(request, reference)
    if lot.etape not in (Etape.COLONNES, Etape.VALEURS, Etape.PRET):
        return redirect("imports:suivi", reference=reference)
    siennes = services.colonnes(lot)
    form = ColonnesForm(
        request.POST if request.method == "POST" else None, colonnes=siennes, initial=lot.defauts
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.choisir_colonnes(lot, form.champs, form.defauts, par=request.user)
        except ImportImpossible as manque:
            form.add_error(None, str(manque))
        else:
            return redirect("imports:valeurs", reference=reference)
    montrer(request, [lot])
    manquants = services.manquants(siennes, lot.defauts)
    return render(
        request,
        "imports/colonnes.html",
        {
            "lot": lot,
            "form": form,
            "manquants": manquants,
            "conseil": POUR_TOUS if CHAMPS["date_sortie"].libelle in manquants else "",
            "autres_feuilles": lot.bilan.get("autres_feuilles", []),
            "interdites": [c.titre for c in siennes if c.origine == "interdite"],
            "fil": _fil(lot, "Colonnes"),
        },
    )


@regle(Droit.IMPORTER, objet=Import, methodes=DEUX)
def valeurs(request, reference):
    """Say what the values that are not understood mean; when all are, go on."""
    lot = _import(request, reference)
    if lot.etape not in (Etape.VALEURS, Etape.PRET):
        return redirect("imports:suivi", reference=reference)
    try:
        inconnues, classes = services.valeurs_a_dire(lot)
    except FichierIllisible as refus:
        return _illisible(request, lot, refus)
    form = ValeursForm(
        request.POST if request.method == "POST" else None, inconnues=inconnues, classes=classes
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.choisir_valeurs(lot, form.valeurs, form.formations, par=request.user)
            taches.lancer(lot)
        except ImportImpossible as refus:
            return _impossible(request, lot, refus)
        except FichierIllisible as refus:
            return _illisible(request, lot, refus)
        return redirect("imports:suivi", reference=reference)
    montrer(request, [lot])
    return render(request, "imports/valeurs.html", {"lot": lot, "form": form, "fil": _fil(lot, "Valeurs")})


@regle(Droit.IMPORTER, objet=Import)
def suivi(request, reference):
    """Where the import is: progress, what each row is, then what was sent."""
    lot = _import(request, reference)
    if lot.etape in (Etape.COLONNES, Etape.VALEURS):
        return redirect(f"imports:{lot.etape}", reference=reference)
    if lot.en_travail:
        if "application/json" in request.headers.get("Accept", ""):
            return JsonResponse(_avancement(lot))
        return render(
            request,
            "imports/avancement.html",
            {"lot": lot, "ouvrier": taches.ouvrier_present(), "fil": _fil(lot)},
        )
    return _resultat(request, lot)


def _avancement(lot, *, occupe=False):
    """What the page asks again and again; occupe: the worker, or another page, holds the list at this very moment."""
    return {
        "pourcentage": lot.pourcentage,
        "faites": lot.faites,
        "total": lot.total,
        "fini": not lot.en_travail,
        "arrete": lot.arrete,
        "occupe": occupe,
    }


def _resultat(request, lot):
    comptes = services.comptes(lot)
    onglets = [
        {"code": code, "libelle": libelle, "compte": sum(comptes[s] for s in statuts), "statuts": statuts}
        for code, libelle, statuts in ONGLETS
    ]
    defaut = next((o for o in onglets if o["compte"]), onglets[0])
    actif = next((o for o in onglets if o["code"] == request.GET.get("voir")), defaut)
    lignes = lot.lignes.filter(statut__in=actif["statuts"]).select_related("signalement")
    if fichier := telecharger(
        request, "lignes", actif["libelle"], LIGNES, lignes, voir=lambda ligne: ([lot], ())
    ):
        return fichier
    page = paginer(request, lignes, par_page=50)
    visibles = _visibles(request, [ligne.candidat_id for ligne in page])
    non_parties = services.non_parties(lot, [ligne.jumelle for ligne in page])
    for ligne in page:
        ligne.connu = visibles.get(ligne.candidat_id)
        ligne.jumelle_non_partie = ligne.jumelle in non_parties
    montrer(request, [lot])
    if visibles:
        montrer(request, list(visibles.values()))
    a_repondre, a_envoyer, a_revoir, perimees = compter(
        [reponses.sans_reponse(lot), services.a_envoyer(lot), reponses.a_juger(lot), services.perimees(lot)]
    )
    pret = lot.etape == Etape.PRET
    return render(
        request,
        "imports/resultat.html",
        {
            "lot": lot,
            "comptes": comptes,
            "onglets": onglets,
            "actif": actif,
            "page": page,
            "a_repondre": a_repondre if pret else 0,
            "a_envoyer": a_envoyer + len(services.a_promouvoir(lot)) if pret else 0,
            "a_revoir": a_revoir > 0,
            "perimees": perimees if pret else 0,
            "total": sum(comptes[s] for s in Statut.values),
            "batis": services.batis_dessus(lot).count() if lot.etape == Etape.TERMINE else 0,
            "fil": _fil(lot),
        },
    )


def _visibles(request, ids):
    """The reports among these that this person may read: {id: report}."""
    voulus = Signalement.objects.visibles_par(request.user).filter(pk__in=[i for i in ids if i])
    return {s.pk: s for s in voulus.select_related("structure")}


@regle(Droit.IMPORTER, objet=Import, methodes=("POST",))
def relire(request, reference):
    """Read the rows again with the same columns and values: what the portal knows has changed since."""
    lot = _import(request, reference)
    if lot.etape != Etape.PRET:
        return redirect("imports:suivi", reference=reference)
    try:
        services.demarrer_lecture(lot, par=request.user)
        taches.lancer(lot)
    except ImportImpossible as refus:
        return _impossible(request, lot, refus)
    except FichierIllisible as refus:
        return _illisible(request, lot, refus)
    return redirect("imports:suivi", reference=reference)


@regle(Droit.IMPORTER, objet=Import, methodes=("POST",))
def avancer(request, reference):
    """Treat rows: what the page does, again and again, where no worker runs.

    Reading goes on for some seconds; sending and undoing, which hold the identities to the end of the request, stop after a step.
    """
    lot = _import(request, reference)
    par_la_page = "application/json" in request.headers.get("Accept", "")
    memo, fin = {}, time.monotonic() + SECONDES[par_la_page]
    try:
        while lot.en_travail:
            reste = services.avancer(lot, pas=taches.TOUT_DE_SUITE[lot.etape], memo=memo)
            if not reste or lot.etape != Etape.LECTURE or "occupe" in memo or time.monotonic() > fin:
                break
    except FichierIllisible as refus:
        return _illisible(request, lot, refus)
    if par_la_page:
        return JsonResponse(_avancement(lot, occupe="occupe" in memo))
    return redirect("imports:suivi", reference=reference)


@regle(Droit.IMPORTER, objet=Import, methodes=DEUX)
def decider(request, reference):
    """Rows that look like somebody of the scope, side by side: one answer for each of these."""
    lot = _import(request, reference)
    if lot.etape != Etape.PRET:
        return redirect("imports:suivi", reference=reference)
    if request.method == "POST":
        recues = {
            (int(lu[1]), int(lu[2] or 0)): valeur
            for nom, valeur in request.POST.items()
            if (lu := questions.CHAMP.fullmatch(nom))
        }
        try:
            reponses.repondre(lot, recues)
            if "toutes" in request.POST:
                reponses.ne_pas_savoir(lot)
        except ImportImpossible as refus:
            return _impossible(request, lot, refus)
        restent = reponses.sans_reponse(lot).count()
        if restent:
            messages.info(
                request, f"Vos réponses sont gardées. Il reste {pluriel(restent, 'ligne,lignes')} à décider."
            )
            return redirect("imports:decider", reference=reference)
        messages.success(request, "Toutes les lignes ont une réponse : vous pouvez envoyer la liste.")
        return redirect("imports:suivi", reference=reference)
    page = paginer(request, reponses.a_juger(lot).order_by("reponse", "numero"), par_page=10)
    visibles = _visibles(request, [c["signalement"] for ligne in page for c in ligne.candidats])
    toutes = questions.preparer(lot, page, visibles)
    montrer(request, [lot])
    if visibles:
        montrer(request, list(visibles.values()))
    return render(
        request,
        "imports/decider.html",
        {
            "lot": lot,
            "page": page,
            "questions": toutes,
            "restent": reponses.sans_reponse(lot).count(),
            "fil": _fil(lot, "Lignes à décider"),
        },
    )


@regle(Droit.IMPORTER, objet=Import, methodes=("POST",))
def confirmer(request, reference):
    """Send the list: each row becomes a report, like those of the form."""
    lot = _import(request, reference)
    try:
        services.confirmer(lot, par=request.user)
        taches.lancer(lot)
    except ImportImpossible as refus:
        return _impossible(request, lot, refus)
    return redirect("imports:suivi", reference=reference)


@regle(Droit.IMPORTER, objet=Import)
def refusees(request, reference):
    """The refused rows with their reasons, to correct and drop again."""
    lot = _import(request, reference)
    contenu = classeurs.refusees(lot)
    noter(
        Action.EXPORT,
        "import_refusees",
        lot,
        par=request.user,
        lignes=lot.lignes.filter(statut=Statut.REFUSEE).count(),
    )
    return _classeur(contenu, f"a-corriger-{lot.reference}.xlsx")


@regle(Droit.IMPORTER, objet=Import, methodes=DEUX)
def annuler(request, reference):
    """Undo the whole import while nobody has worked on its reports."""
    lot = _import(request, reference)
    if lot.etape != Etape.TERMINE:
        return redirect("imports:suivi", reference=reference)
    if request.method == "POST":
        try:
            services.annuler(lot, par=request.user)
            reste = taches.lancer(lot)
        except ImportImpossible as refus:
            return _impossible(request, lot, refus)
        if reste:
            messages.info(request, "L’annulation a commencé : cette page dira quand tout sera retiré.")
        else:
            messages.success(request, "L’import est annulé : ses signalements sont retirés.")
        return redirect("imports:suivi", reference=reference)
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Annuler cet import",
            "question": f"La liste « {lot.nom_fichier} » a donné "
            f"{pluriel(lot.bilan.get('importees'), 'signalement,signalements')}. Tout sera retiré.",
            "consequences": [
                "Le GAB ne les verra plus dans sa liste.",
                "Vous pourrez corriger le fichier et le déposer de nouveau.",
            ],
            "bouton": "Annuler l’import",
            "annuler": reverse("imports:suivi", args=[reference]),
            "fil": _fil(lot, "Annuler"),
        },
    )


@regle(Droit.IMPORTER, objet=Import, methodes=DEUX)
def abandonner(request, reference):
    """Forget a list that was not confirmed."""
    lot = _import(request, reference)
    if request.method == "POST":
        try:
            services.abandonner(lot, par=request.user)
        except ImportImpossible as refus:
            return _impossible(request, lot, refus)
        messages.success(request, "La liste est abandonnée : rien n’en est gardé.")
        return redirect("imports:liste")
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Abandonner cette liste",
            "question": f"La liste « {lot.nom_fichier} » n’a pas été envoyée. Elle sera effacée du portail.",
            "bouton": "Abandonner",
            "annuler": reverse("imports:suivi", args=[reference]),
            "fil": _fil(lot, "Abandonner"),
        },
    )

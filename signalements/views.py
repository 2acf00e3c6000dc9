"""Reports seen by the structure that files them: the form, drafts, receipt, questions, "état néant", quality."""

from datetime import date

from dateutil.relativedelta import relativedelta
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.services import montrer
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Commune, cle_de_tri
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.regles import regle
from qualit.web.pagination import paginer
from qualit.workflow import TransitionImpossible

from . import corrections, services
from .forms import ReponseForm
from .models import EtatNeant, EtatSignalement, Question, Signalement, campagne_de
from .saisie import Saisie, brouillons_de, communes_du_code, structure_de_saisie

DEUX = ("GET", "POST")


def _signalement(request, reference):
    """A visible report on which this person may act for their structure."""
    signalement = get_object_or_404(
        Signalement.objects.visibles_par(request.user).select_related(
            "structure__bassin", "structure__academie", "bassin", "commune", "auteur", "modifie_par"
        ),
        reference=reference,
    )
    droits.exiger(request.user, Droit.SIGNALER, signalement)
    return signalement


# --- The form -------------------------------------------------------------------------------------------


@regle(Droit.SIGNALER, methodes=DEUX)
def nouveau(request):
    """An empty form, or one that keeps the class and dates of the report just sent (`?apres=`)."""
    apres = None
    if reference := request.GET.get("apres"):
        apres = Signalement.objects.visibles_par(request.user).filter(reference=reference).first()
    return _formulaire(request, Saisie(request, apres=apres, garde=True))


@regle(Droit.SIGNALER, objet=Signalement, methodes=DEUX)
def modifier(request, reference):
    """A draft of the structure; a sent report goes to its correction."""
    signalement = _signalement(request, reference)
    if signalement.etat != EtatSignalement.BROUILLON:
        if request.method == "POST":
            messages.info(request, "Ce signalement a déjà été envoyé : votre saisie n’y a rien changé.")
        return redirect("signalements:accuse", reference=reference)
    return _formulaire(request, Saisie(request, signalement, garde=True))


def _formulaire(request, saisie):
    if request.method != "POST":
        return saisie.page()
    if saisie.deja_envoye:
        return redirect("signalements:accuse", reference=saisie.signalement.reference)
    complet = saisie.lire()
    if any(cle.startswith("ajouter_") for cle in request.POST):
        return saisie.page()
    if saisie.est_vide:
        messages.info(request, "Rien à enregistrer : donnez au moins un nom ou un prénom.")
        return saisie.page()
    if not saisie.enregistrer() or not complet:
        if not saisie.conflit:
            messages.warning(request, "Le brouillon est enregistré, sauf les champs à corriger.")
        return saisie.page()
    messages.success(request, "Le brouillon est enregistré. Vos collègues peuvent le compléter.")
    return redirect("signalements:modifier", reference=saisie.signalement.reference)


@regle(Droit.SIGNALER, methodes=("POST",))
def sauver_nouveau(request):
    """Automatic saving of a form that is not a draft yet."""
    return _sauver(Saisie(request))


@regle(Droit.SIGNALER, objet=Signalement, methodes=("POST",))
def sauver(request, reference):
    """Automatic saving of a draft."""
    return _sauver(Saisie(request, _signalement(request, reference)))


#: Why an automatic saving is refused, as said under the form.
REFUS = {
    "deja_envoye": "Ce signalement a déjà été envoyé, dans un autre onglet ou par un collègue : "
    "ce que vous tapez ici n’est plus enregistré.",
    "conflit": "Un collègue a modifié ce brouillon pendant votre saisie. Votre saisie reste sur cette page : "
    "choisissez « Enregistrer le brouillon » pour comparer les deux versions.",
}


def _refus(raison):
    return JsonResponse({"erreur": raison, "message": REFUS[raison]}, status=409)


def _sauver(saisie):
    if saisie.deja_envoye:
        return _refus("deja_envoye")
    saisie.lire()
    if saisie.est_vide:
        return JsonResponse({})
    try:
        if not saisie.enregistrer(automatique=True):
            return _refus("conflit")
    except TransitionImpossible:
        return _refus("deja_envoye")
    return JsonResponse({"url": reverse("signalements:sauver", args=[saisie.signalement.reference])})


@regle(Droit.SIGNALER, methodes=("POST",))
def controles(request):
    """Remarks on what is typed so far, shown beside the form while it is filled in."""
    saisie = Saisie(request)
    saisie.lire()
    constats = saisie.constats()
    return render(
        request,
        "signalements/_controles.html",
        {"constats": constats, "avertissements_vus": saisie.empreinte_avertissements(constats)},
    )


@regle(Droit.SIGNALER, methodes=("POST",))
def communes(request):
    """Options of the commune of residence (by postal code) or of birth (by the beginning of its name)."""
    if "naissance" in request.GET:
        debut = cle_de_tri(request.POST.get("commune_naissance", "").replace("\x00", ""))
        trouvees = Commune.objects.filter(nom_tri__startswith=debut)[:20] if len(debut) >= 2 else []
        options = [(c.nom, f"{c.nom} ({c.departement or c.code_insee})") for c in trouvees]
    else:
        options = [(nom, nom) for nom in communes_du_code(request.POST.get("code_postal"))]
    return render(request, "signalements/_options.html", {"options": options})


BROUILLONS = [
    Colonne("Référence", "reference", 12),
    Colonne("Nom de naissance", "nom_naissance", 24),
    Colonne("Prénom", "prenom"),
    Colonne("Né(e) le", "date_naissance", 12),
    Colonne("Classe", lambda s: libelle("classes", s.classe)),
    Colonne("Sorti(e) le", "date_sortie", 12),
    Colonne("Enregistré le", "modifie_le", 16),
    Colonne("Par", lambda s: s.modifie_par or s.auteur, 24),
]
A_VERIFIER = [
    Colonne("Signalement", lambda x: x[0].reference, 12),
    Colonne("Nom de naissance", lambda x: x[0].nom_naissance, 24),
    Colonne("Prénom", lambda x: x[0].prenom),
    Colonne("Né(e) le", lambda x: x[0].date_naissance, 12),
    Colonne("Classe", lambda x: libelle("classes", x[0].classe)),
    Colonne("À vérifier", lambda x: " ".join(a.texte for a in x[1]), 60),
]


# --- Drafts ---------------------------------------------------------------------------------------------


@regle(Droit.SIGNALER)
def brouillons(request):
    """Drafts shared within the structure, the latest first."""
    lignes = brouillons_de(request.user).select_related("auteur", "modifie_par").order_by("-modifie_le")
    if fichier := telecharger(
        request, "brouillons", "Brouillons", BROUILLONS, lignes, voir=lambda s: ([s], ())
    ):
        return fichier
    page = paginer(request, lignes)
    aujourdhui = timezone.localdate()
    for brouillon in page:
        brouillon.bloque = next((c.texte for c in services.blocages(brouillon, aujourdhui)), "")
    montrer(request, page.object_list)
    return render(request, "signalements/brouillons.html", {"page": page, "fil": [("Brouillons", None)]})


@regle(Droit.SIGNALER, objet=Signalement, methodes=DEUX)
def supprimer(request, reference):
    """Ask, then delete a draft."""
    signalement = _signalement(request, reference)
    if request.method == "POST" or signalement.etat != EtatSignalement.BROUILLON:
        try:
            services.supprimer_brouillon(signalement, par=request.user)
        except TransitionImpossible as impossible:
            messages.error(request, str(impossible))
            return redirect("signalements:accuse", reference=reference)
        messages.success(request, "Le brouillon est supprimé.")
        return redirect("signalements:brouillons")
    montrer(request, [signalement])
    return render(
        request,
        "composants/confirmation.html",
        {
            "titre": "Supprimer ce brouillon ?",
            "question": f"Le brouillon de {signalement} sera effacé pour tout votre établissement.",
            "consequences": [
                "Ce jeune n’aura pas été signalé.",
                "Un brouillon effacé ne peut pas être repris.",
            ],
            "bouton": "Supprimer le brouillon",
            "annuler": reverse("signalements:brouillons"),
            "fil": [("Brouillons", reverse("signalements:brouillons")), ("Supprimer", None)],
        },
    )


# --- After the sending ----------------------------------------------------------------------------------


@regle(Droit.SIGNALER, objet=Signalement)
def accuse(request, reference):
    """The printable receipt of a sent report: what was received, by whom, when an answer usually comes."""
    signalement = _signalement(request, reference)
    if signalement.etat == EtatSignalement.BROUILLON:
        return redirect("signalements:modifier", reference=reference)
    montrer(request, [signalement])
    bassin = signalement.bassin
    delai = services.delai_habituel(bassin)
    return render(
        request,
        "signalements/accuse.html",
        {
            "signalement": signalement,
            "bassin": bassin,
            "delai": delai,
            "reponse_vers_le": timezone.localdate(signalement.envoye_le) + relativedelta(days=delai),
            "questions": signalement.questions.ouvertes().exclude(type=Question.Type.RETRAIT),
            "retrait_possible": signalement.etat
            in {EtatSignalement.ENVOYE, EtatSignalement.A_COMPLETER, EtatSignalement.RECEVABLE},
            "retrait_demande": signalement.questions.ouvertes().filter(type=Question.Type.RETRAIT).exists(),
            "corrections": signalement.versions.select_related("par"),
            "lignes": [
                ("Référence", signalement.reference),
                ("Jeune", signalement.nom_complet),
                ("Né le", f"{signalement.date_naissance:%d/%m/%Y}" if signalement.date_naissance else ""),
                ("Classe", signalement.classe),
                ("Sorti le", f"{signalement.date_sortie:%d/%m/%Y}" if signalement.date_sortie else ""),
                ("Nature de la sortie", signalement.libelle("natures_sortie", "nature_sortie")),
                ("Établissement", str(signalement.structure)),
                ("Signalé par", str(signalement.auteur or "")),
                ("Envoyé le", f"{timezone.localtime(signalement.envoye_le):%d/%m/%Y à %H h %M}"),
            ],
            "fil": [("Accusé de réception", None)],
        },
    )


@regle(Droit.SIGNALER, objet=Question, methodes=DEUX)
def repondre(request, reference):
    """Answer a question of the GAB or of a structure that follows the jeune."""
    question = get_object_or_404(
        Question.objects.visibles_par(request.user).select_related(
            "signalement__structure", "signalement__bassin", "posee_par"
        ),
        reference=reference,
    )
    droits.exiger(request.user, Droit.SIGNALER, question)
    signalement = question.signalement
    droits.exiger(request.user, Droit.SIGNALER, signalement)
    if question.close_le or question.type == Question.Type.RETRAIT:
        messages.info(request, "Cette question n’attend plus de réponse.")
        return redirect("signalements:accuse", reference=signalement.reference)
    form = ReponseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.repondre(question, form.cleaned_data["texte"], par=request.user)
        form.journaliser_garde(signalement, par=request.user)
        messages.success(request, "Votre réponse est envoyée.")
        return redirect("signalements:accuse", reference=signalement.reference)
    montrer(request, [signalement])
    return render(
        request,
        "signalements/repondre.html",
        {"question": question, "signalement": signalement, "form": form, "fil": [("Répondre", None)]},
    )


# --- Monthly word and quality ---------------------------------------------------------------------------


REPONSES = [
    Colonne("Mois", lambda ligne: ligne["mois"], 12),
    Colonne("Jeunes signalés", lambda ligne: ligne["envois"], 10),
    Colonne("Aucune sortie, dit par", lambda ligne: ligne["neant"] and ligne["neant"].par, 30),
    Colonne("Dit le", lambda ligne: ligne["neant"] and ligne["neant"].quand, 16),
]


@regle(Droit.SIGNALER, methodes=DEUX)
def neant(request):
    """Say in one click that nobody left that month; the months of the campaign and what was answered."""
    structure = structure_de_saisie(request.user)
    mois = _mois_de_la_campagne(timezone.localdate())
    if request.method == "POST":
        choisi = next((m for m in mois if m.isoformat() == request.POST.get("mois")), None)
        if choisi is None:
            messages.error(request, "Ce mois n’est pas proposé.")
        else:
            services.declarer_neant(structure, choisi, par=request.user)
            messages.success(
                request, f"Votre réponse pour {services.mois_en_lettres(choisi)} est enregistrée."
            )
        return redirect("signalements:neant")
    reponses = _reponses(structure, mois)
    if fichier := telecharger(request, "reponses", "Réponses de l’année", REPONSES, reponses, droit=None):
        return fichier
    return render(
        request,
        "signalements/neant.html",
        {
            "structure": structure,
            "mois": reponses,
            "fil": [("État néant", None)],
        },
    )


def _mois_de_la_campagne(aujourdhui):
    """First days of the months of the campaign up to this one, the latest first."""
    premier = date(campagne_de(aujourdhui), 7, 1)
    mois = []
    while premier <= aujourdhui:
        mois.append(premier)
        premier += relativedelta(months=1)
    return mois[::-1]


def _reponses(structure, mois):
    neants = {n.mois: n for n in EtatNeant.objects.filter(structure=structure).select_related("par")}
    envois = {}
    for quand in (
        Signalement.objects.envoyes()
        .filter(structure=structure, envoye_le__date__gte=mois[-1])
        .values_list("envoye_le", flat=True)
    ):
        jour = timezone.localdate(quand)
        premier = date(jour.year, jour.month, 1)
        envois[premier] = envois.get(premier, 0) + 1
    return [
        {
            "mois": m,
            "libelle": services.mois_en_lettres(m),
            "envois": envois.get(m, 0),
            "neant": neants.get(m),
        }
        for m in mois
    ]


@regle(Droit.SIGNALER)
def qualite(request):
    """Sent reports of the structure whose identity looks wrong, each with one click to correct it."""
    siens = Signalement.objects.visibles_par(request.user).filter(
        structure__in=droits.structures_pour(request.user, Droit.SIGNALER)
    )
    lignes = corrections.a_corriger(siens)
    if fichier := telecharger(
        request,
        "identites-a-verifier",
        "Identités à vérifier",
        A_VERIFIER,
        lignes,
        voir=lambda x: ([x[0]], ()),
    ):
        return fichier
    page = paginer(request, lignes)
    montrer(request, [s for s, _ in page])
    return render(
        request, "signalements/qualite.html", {"page": page, "fil": [("Qualité des identités", None)]}
    )


@regle(Droit.SIGNALER, objet=Signalement, methodes=("POST",))
def identite_exacte(request, reference):
    """The unusual identity is right: do not show it again."""
    signalement = _signalement(request, reference)
    if signalement.etat == EtatSignalement.BROUILLON:
        raise PermissionDenied
    corrections.confirmer_identite(signalement, par=request.user)
    messages.success(request, format_html("L’identité de {} est confirmée telle quelle.", signalement))
    return redirect("signalements:qualite")

"""Pages of the statistics. Each reads a place and a campaign from the address, within what the person may see."""

from dataclasses import replace
from datetime import date
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from gab.models import Dossier, Mission
from qualit.echanges.tableaux import Colonne, telecharger
from qualit.journal.models import Action
from qualit.journal.services import montrer, noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.territoire.regles import regle
from qualit.web.pagination import paginer
from signalements.models import Signalement

from . import fichiers
from .bord import a_des_operateurs, assembler, version_du_regroupement
from .croisements import adresse
from .dimensions import DIMENSIONS, Noms, dimensions_pour
from .forms import QuestionForm, TableauForm, lire_champ
from .indicateurs import FAMILLES, REGISTRE, codes_a_cote, codes_pour
from .jours import ecarte
from .memoire import se_souvenir
from .portees import portees
from .question import lire_question, phrase
from .relation import libelle_campagne, un_seul_calcul
from .releves import liste_des_missions, liste_du_stock, structures_sans_reponse
from .tableaux import HORS_CHAMP_PAR, Constructeur


def contexte_demande(request):
    """(places, the place asked, the field asked). 404 for a place that this person may not look at."""
    possibles = portees(request.user)
    cle = request.GET.get("lieu") or next(iter(possibles), None)
    if cle not in possibles:
        raise Http404
    portee = possibles[cle]
    return possibles, portee, lire_champ(request.GET, portee)


def bord(champ, portee):
    """What a place shows, computed a moment ago or now."""
    return dict(se_souvenir((portee, champ), lambda: assembler(champ, portee)))


@never_cache
@regle(Droit.VOIR_STATISTIQUES)
def tableau(request):
    """The dashboard of a place for a campaign, compared with the previous one to the same date."""
    possibles, portee, champ = contexte_demande(request)
    contexte = bord(champ, portee) | {
        "form": TableauForm(possibles, champ, portee),
        "fil": [("Statistiques", None)],
        "filtres": Noms().filtres(champ),
        "ecarte": ecarte(request.GET, portee, champ),
        "sans_filtre": adresse(replace(champ, filtres=())) if champ.filtres else "",
        "lit_les_publications": droits.a_le_droit(request.user, Droit.VOIR_STATISTIQUES_ACADEMIE),
    }
    return render(request, "statistiques/tableau.html", contexte)


@never_cache
@regle(Droit.VOIR_STATISTIQUES)
def liste(request):
    """The jeunes behind a figure, for those who may read them: exactly as many as the figure says."""
    _, portee, champ = contexte_demande(request)
    indicateur = REGISTRE.get(request.GET.get("indicateur", "jeunes"))
    if indicateur is None or indicateur.code not in codes_pour(champ.lieu) + codes_a_cote(champ.lieu):
        raise Http404
    if not portee.liste or champ.connu_au:
        messages.info(request, "Ce chiffre n’ouvre pas de liste : vous lisez des chiffres d’ensemble.")
        return redirect(f"{reverse('statistiques:tableau')}?{adresse(champ)}")
    if indicateur.source != "episodes":  # the filters are those of the episodes
        champ = replace(champ, filtres=())
    apports = {}
    if indicateur.source == "reponses":
        return _liste_sans_reponse(request, champ, indicateur)
    if indicateur.source == "missions":
        return _liste_des_missions(request, champ, indicateur)
    if indicateur.source == "stock":
        trouves = liste_du_stock(champ)
    elif indicateur.est_somme:
        colonnes = ["e.jeune_id", "e.dossier_id", indicateur.mesure.valeur]
        lues = champ.executer(colonnes, DIMENSIONS, condition=indicateur.mesure.liste)
        trouves, apports = [x[:2] for x in lues], {d: n for _, d, n in lues}
    else:
        trouves = champ.executer(
            ["e.jeune_id", "e.dossier_id"], DIMENSIONS, condition=indicateur.mesure.liste
        )
    contexte = _contexte_de_liste(champ, indicateur)
    if champ.lieu.type == "etablissement":
        # one row a jeune: the first report of this school for them
        premiers = (
            Signalement.objects.visibles_par(request.user)
            .filter(
                structure=champ.lieu.id,
                trie_le__isnull=False,
                rattachements__defait_le__isnull=True,
                rattachements__jeune__in=[j for j, _ in trouves],
            )
            .annotate(
                retire=Q(etat="annule"),  # of one who counted until all were withdrawn
                ici=Q(envoye_le__date__gte=date(champ.campagne, 7, 1)),
            )
            .order_by("rattachements__jeune_id", "retire", "-ici", "pk")
            .distinct("rattachements__jeune_id")
            .values("pk")
        )
        lignes = Signalement.objects.filter(pk__in=premiers).order_by("nom_tri", "pk")
        if fichier := telecharger(
            request, "jeunes", indicateur.libelle, PAR_SIGNALEMENT, lignes, voir=lambda s: ([s], ())
        ):
            return fichier
        page = paginer(request, lignes)
        montrer(request, list(page))
    else:
        lignes = (
            Dossier.objects.visibles_par(request.user)
            .filter(pk__in=[d for _, d in trouves])
            .select_related("jeune__identite", "bassin")
            .order_by("jeune__identite__nom_tri", "pk")
        )
        if fichier := telecharger(
            request, "jeunes", indicateur.libelle, PAR_DOSSIER, lignes, voir=lambda d: ([d], [d.jeune_id])
        ):
            return fichier
        page = paginer(request, lignes)
        montrer(request, list(page), jeunes=[d.jeune_id for d in page])
        for d in page:
            d.apport = apports.get(d.pk)
    contexte |= {
        "page": page,
        "par_signalement": champ.lieu.type == "etablissement",
        "archives": len(trouves) - page.paginator.count,
        "somme": sum(apports.values()),
    }
    return render(request, "statistiques/liste.html", contexte)


def _contexte_de_liste(champ, indicateur):
    return {
        "champ": champ,
        "indicateur": indicateur,
        "filtres": Noms().filtres(champ),
        "fil": [("Statistiques", f"{reverse('statistiques:tableau')}?{adresse(champ)}"), ("Liste", None)],
    }


def _liste_des_missions(request, champ, indicateur):
    """The missions behind a figure: of one structure (?mission_de=) or of all those of the place."""
    trouvees = liste_des_missions(champ, indicateur.code, request.GET.get("mission_de", ""))
    lignes = (
        Mission.objects.visibles_par(request.user)
        .filter(pk__in=trouvees)
        .select_related("structure", "dossier__jeune__identite", "dossier__bassin")
        .order_by("dossier__jeune__identite__nom_tri", "pk")
    )
    if fichier := telecharger(
        request,
        "missions",
        indicateur.libelle,
        PAR_MISSION,
        lignes,
        voir=lambda m: ([m.dossier], [m.dossier.jeune_id]),
    ):
        return fichier
    page = paginer(request, lignes)
    montrer(request, [m.dossier for m in page], jeunes=[m.dossier.jeune_id for m in page])
    contexte = _contexte_de_liste(champ, indicateur) | {
        "page": page,
        "archives": len(trouvees) - page.paginator.count,
        "chez_l_operateur": champ.lieu.type == "operateur",
    }
    return render(request, "statistiques/liste_missions.html", contexte)


def _liste_sans_reponse(request, champ, indicateur):
    """The structures expected that have not answered since the campaign began, of the place or of one bassin (?bassin=)."""
    lignes = Structure.objects.filter(pk__in=structures_sans_reponse(champ)).select_related("bassin")
    if bassin := request.GET.get("bassin", ""):
        lignes = lignes.filter(bassin__code=bassin)
    lignes = lignes.order_by("nom_tri", "pk")
    if fichier := telecharger(request, "sans-reponse", "Établissements sans réponse", PAR_STRUCTURE, lignes):
        return fichier
    contexte = _contexte_de_liste(champ, indicateur) | {
        "page": paginer(request, lignes),
        "relance": droits.a_le_droit(request.user, Droit.RELANCER_STRUCTURES),
    }
    return render(request, "statistiques/liste_sans_reponse.html", contexte)


PAR_SIGNALEMENT = [
    Colonne("Signalement", "reference", 12),
    Colonne("Nom de naissance", "nom_naissance", 24),
    Colonne("Prénom", "prenom"),
    Colonne("Classe", "classe"),
    Colonne("Signalé le", "envoye_le", 16),
]
PAR_DOSSIER = [
    Colonne("Dossier", "reference", 12),
    Colonne("Nom de naissance", "jeune.identite.nom_naissance", 24),
    Colonne("Prénom", "jeune.identite.prenom"),
    Colonne("État du dossier", lambda d: d.get_etat_display(), 22),
    Colonne("Bassin", "bassin"),
    Colonne("Premier signalement le", "premier_envoi_le", 16),
]
PAR_MISSION = [
    Colonne("Dossier", "dossier.reference", 12),
    Colonne("Nom de naissance", "dossier.jeune.identite.nom_naissance", 24),
    Colonne("Prénom", "dossier.jeune.identite.prenom"),
    Colonne("Structure", "structure.nom", 30),
    Colonne("Proposée le", "proposee_le", 16),
    Colonne("Réponse", lambda m: m.get_etat_display(), 16),
]
PAR_STRUCTURE = [
    Colonne("Code", "code", 16),
    Colonne("Établissement", "nom", 40),
    Colonne("Bassin", "bassin"),
]


@un_seul_calcul()
def tableau_demande(request, champ, portee):
    """The `Tableau` that ?tableau= names. 404 when this person has none of that name."""
    code = request.GET.get("tableau", "")
    c = Constructeur(champ, portee)
    if code in FAMILLES:
        familles, *_ = c.toutes_les_familles()
        if code in familles:
            return familles[code]
    elif code == "croisement":
        return c.croisement(*lire_question(request.GET, portee))
    elif code == "operateurs" and a_des_operateurs(champ, portee):
        return c.operateurs()
    elif code in {"bassins", "matrice"} and champ.lieu.type == "academie":
        return c.masse_et_taux()[0] if code == "bassins" else c.matrice()
    elif code in HORS_CHAMP_PAR and champ.lieu.type in {"academie", "bassin"}:
        if table := next((t for t in c.hors_champ() if t.code == code), None):
            return table
    elif code == "mois" and champ.lieu.type != "etablissement":
        return c.par_mois()
    elif code in dimensions_pour(champ.lieu, portee.exact):
        return c.repartition(code)
    raise Http404


@never_cache
@regle(Droit.VOIR_STATISTIQUES, format="csv")
def export(request, format):
    """One table of the statistics as a file."""
    if format not in fichiers.FORMATS:
        raise Http404
    _, portee, champ = contexte_demande(request)
    if "tableau" not in request.GET:
        table = Constructeur(champ, portee).repartition("solution")
    else:
        table = tableau_demande(request, champ, portee)
    noter(Action.EXPORT, "statistiques", par=request.user, tableau=table.code, format=format)
    en_tete = [
        ("Territoire", champ.lieu.nom),
        ("Campagne", libelle_campagne(champ.campagne)),
        ("Chiffres", champ.libelle_date),
        ("Regroupement des solutions", version_du_regroupement()),
        *Noms().filtres(champ),
    ]
    if couverture := Constructeur(champ, portee).couverture:
        en_tete.append(("Couverture", "{} établissements attendus sur {} ont répondu".format(*couverture)))
    if avis := ecarte(request.GET, portee, champ):
        en_tete.append(("À savoir", avis))
    return fichiers.reponse(table, en_tete, format)


@un_seul_calcul()
def contexte_question(request):
    """What the page of the question and its PDF show."""
    possibles, portee, champ = contexte_demande(request)
    indicateur, lignes, colonnes = lire_question(request.GET, portee)
    choix = {"indicateur": indicateur, "lignes": lignes, "colonnes": colonnes or ""}
    return {
        "champ": champ,
        "portee": portee,
        "indicateur": REGISTRE[indicateur],
        "ecarte": ecarte(request.GET, portee, champ),
        "table": Constructeur(champ, portee).croisement(indicateur, lignes, colonnes),
        "phrase": phrase(champ, portee, indicateur),
        "parametres": f"{adresse(champ)}&{urlencode(choix)}",
        "filtres": Noms().filtres(champ),
        "regroupement": version_du_regroupement(),
        "form": QuestionForm(possibles, champ, portee, choix=choix),
        "fil": [
            ("Statistiques", f"{reverse('statistiques:tableau')}?{adresse(champ)}"),
            ("La question de 18 h", None),
        ],
    }


@never_cache
@regle(Droit.VOIR_STATISTIQUES)
def question(request):
    """La question de 18 h: one figure by one or two dimensions, with a sentence ready to paste."""
    return render(request, "statistiques/question.html", contexte_question(request))

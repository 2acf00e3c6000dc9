"""Reports: a page to print, and its PDF when the server can make one; the question of 18 h on one page."""

from base64 import b64encode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire.droits import Droit
from qualit.territoire.regles import regle
from qualit.web.documents import PdfIndisponible, pdf, reponse_pdf

from .cellules import note_des_masques
from .croisements import adresse
from .dimensions import Noms
from .jours import ecarte
from .relation import libelle_campagne
from .views import bord, contexte_demande, contexte_question

#: What a report holds of "who": enough for the diagnosis of a bassin, in four pages at most.
QUI = ("sexe", "age", "niveau", "nature", "motif", "type_structure")
TABLEAUX = ("familles", "mois", "bassins", "repartitions", "hors_champ", "operateurs")
MISSIONNEES = 12  # operators printed, those with most missions first
LIGNES_DE_LA_QUESTION = 30  # rows that fit on one page, with the sentence
PORTRAIT = 7  # columns; with more, the page turns


def contexte_rapport(request):
    """What the printed report shows: a choice among the figures of the dashboard."""
    _, portee, champ = contexte_demande(request)
    contexte = bord(champ, portee) | {"ecarte": ecarte(request.GET, portee, champ)}
    contexte["repartitions"] = [t for t in contexte["repartitions"] if t.code in QUI]
    operateurs = contexte.get("operateurs")
    if operateurs and operateurs.lignes:
        lues = sorted(operateurs.lignes, key=lambda ligne: -(ligne[1].valeur or 0))
        contexte["operateurs"] = operateurs.avec(
            lues[:MISSIONNEES],
            note=f"Les {MISSIONNEES} structures les plus missionnées, sur {len(lues)}. {operateurs.note}".strip()
            if len(lues) > MISSIONNEES
            else operateurs.note,
        )
    definitions = contexte["definitions"]
    milieu = (len(definitions) + 1) // 2
    contexte |= {
        "le": timezone.localdate(),
        "filtres": Noms().filtres(champ),
        "moities": [definitions[:milieu], definitions[milieu:]],
    }
    return contexte


@never_cache
@regle(Droit.VOIR_STATISTIQUES)
def rapport(request):
    """The report as a page to print."""
    contexte = contexte_rapport(request)
    champ = contexte["champ"]
    contexte["fil"] = [
        ("Statistiques", f"{reverse('statistiques:tableau')}?{adresse(champ)}"),
        ("Rapport", None),
    ]
    return render(request, "statistiques/rapport.html", contexte)


@never_cache
@regle(Droit.VOIR_STATISTIQUES)
def rapport_pdf(request):
    """The report as a tagged PDF of two to four pages; the page to print when this server cannot make one."""
    contexte = contexte_rapport(request)
    champ = contexte["champ"]
    contexte["cartes"] = [
        {"titre": titre, "image": _image(contexte[cle], titre), "texte": _en_clair(contexte[cle])}
        for cle, titre in (
            ("carte_masse", "Jeunes repérés par bassin"),
            ("carte_taux", "Jeunes repérés pour 1 000 jeunes de 16 à 18 ans"),
        )
        if contexte.get(cle)
    ]
    contexte |= {cle: _sans_note(contexte[cle]) for cle in TABLEAUX if contexte.get(cle)}
    nom = f"rapport-{champ.lieu.cle}-{libelle_campagne(champ.campagne)}"
    return _document(
        request, "statistiques/pdf/rapport.html", contexte, nom, "statistiques:rapport", adresse(champ)
    )


@never_cache
@regle(Droit.VOIR_STATISTIQUES)
def question_pdf(request):
    """The answer to the question of 18 h on one page."""
    contexte = contexte_question(request)
    table = contexte["table"]
    if len(table.lignes) > LIGNES_DE_LA_QUESTION:
        ensemble = [ligne for ligne in table.lignes[-1:] if ligne[0] == "Ensemble"]
        gardees = table.lignes[: LIGNES_DE_LA_QUESTION - 1]
        note = f"{len(gardees)} premières lignes sur {len(table.lignes) - len(ensemble)} ; le tableau entier est sur le portail."
        contexte["table"] = table.avec([*gardees, *ensemble], note=f"{table.note} {note}".strip())
    contexte |= {
        "le": timezone.localdate(),
        "paysage": len(table.colonnes) > PORTRAIT,
        "taille": max(5, min(9, 100 // max(1, len(table.colonnes)))),  # points
    }
    nom = f"question-{contexte['champ'].lieu.cle}-{timezone.localdate():%Y-%m-%d}"
    return _document(
        request,
        "statistiques/pdf/question.html",
        contexte,
        nom,
        "statistiques:question",
        contexte["parametres"],
    )


def _document(request, gabarit, contexte, nom, page, parametres):
    """The PDF, journaled as an export; back to the page, with the reason, when this server has no Pango."""
    try:
        contenu = pdf(gabarit, contexte)
    except PdfIndisponible as erreur:
        messages.warning(request, str(erreur))
        return redirect(f"{reverse(page)}?{parametres}")
    noter(Action.EXPORT, "statistiques", par=request.user, tableau=nom.split("-")[0], format="pdf")
    return reponse_pdf(contenu, nom)


def _sans_note(tableaux):
    """The tables without what each says of its hidden cells: the report says it once."""
    if isinstance(tableaux, list):
        return [_sans_note(tableau) for tableau in tableaux]
    masques = note_des_masques(tableaux.lignes)
    return tableaux.avec(
        tableaux.lignes, tableaux.note.replace(masques, "").strip() if masques else tableaux.note
    )


def _image(carte, titre):
    """The map as an image inside the document: a PDF reader needs one object with its alternative text."""
    svg = render_to_string("statistiques/pdf/carte.svg", {"carte": carte, "titre": titre})
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()


def _en_clair(carte):
    return ", ".join(f"{zone['nom']} {zone['texte']}" for zone in carte["zones"])

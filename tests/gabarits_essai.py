"""A page with every component, for the browser tests only."""

from datetime import date

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.template import engines
from django.urls import path

from qualit.territoire.regles import CONNECTE, regle
from qualit.urls import handler400, handler403, handler404, handler500, urlpatterns  # noqa: F401
from qualit.web import jetons
from qualit.web.formulaires import (
    BoutonsRadio,
    ChampDate,
    ChampOuiNon,
    ChampTexte,
    ChampTexteLong,
    FormulaireDSFR,
)
from qualit.web.pagination import paginer

PAGE = """{% extends "base.html" %}{% load qualit %}
{% block titre %}Galerie{% endblock %}
{% block fil %}{% include "composants/fil.html" with etapes=fil only %}{% endblock %}
{% block entete %}<div class="qualit-entete"><h1>Galerie</h1>
<a class="fr-btn fr-icon-add-line fr-btn--icon-left" href="#" data-raccourci="n">Signaler un jeune</a></div>{% endblock %}
{% block contenu %}
<div class="qualit-tuiles">
{% include "composants/tuile.html" with titre="À trier" url="/a" compte=12 compte_libelle="signalements" texte="Les plus urgents d’abord" only %}
{% include "composants/tuile.html" with titre="Identités à confirmer" url="/b" compte=0 compte_libelle="question" only %}
</div>
{% include "composants/etapes.html" with numero=2 total=3 titre="La scolarité" suivante="Le contact" only %}
{% include "composants/alerte.html" with genre="warning" titre="Échéance légale proche" texte="Il reste 12 jours." only %}
{% include "composants/alerte.html" with genre="success" texte="Enregistré." only %}
{% include "composants/encadre.html" with titre="Bon à savoir" texte="Le jeune reçoit une convocation." url="#" lien="Voir" only %}
<h2>Liste</h2>
<ul class="qualit-onglets"><li><a href="#" aria-current="page">À traiter</a></li><li><a href="#">Traités</a></li></ul>
{% include "composants/filtres.html" with form=filtres ouvert=True url_effacer="?" only %}
{% include "composants/tableau.html" with legende="Signalements" colonnes=colonnes lignes=lignes tri="nom" tri_url="?tri=" only %}
{% include "composants/pagination.html" with page=page only %}
{% include "composants/comparaison.html" with legende="Comparaison" gauche="Saisi" droite="Connu" lignes=paires only %}
<div class="qualit-cartes">
{% include "composants/carte.html" with titre="Jeune Essai" url="/c" texte="Lycée Malherbe" badge="Reçu" badge_genre="info" only %}
{% include "composants/carte.html" with titre="Sans lien" texte="Texte" detail="Le 3 mai" only %}
</div>
{% include "composants/definitions.html" with lignes=definitions only %}
{% include "composants/frise.html" with evenements=evenements only %}
{% include "composants/vide.html" with titre="Rien à trier" texte="Tout est traité." url="#" lien="Voir les traités" only %}
<details class="qualit-pli"><summary>Plus de détails</summary><p>Le détail.</p></details>
<h2>Formulaire</h2>
{% include "composants/copier.html" with texte="R-1" only %}
{% include "composants/formulaire.html" with bouton="Envoyer" annuler="/" brouillon_url="/galerie/brouillon" jeton=True %}
{% endblock %}"""


class GalerieForm(FormulaireDSFR):
    groupes = [
        ("Le jeune", ["nom", "ne_le", "sexe"], "Comme sur son dossier scolaire."),
        ("La suite", ["etat", "majeur", "motifs", "accord", "note", "piece"]),
    ]
    nom = ChampTexte(label="Nom de naissance", help_text="En majuscules ou non")
    ne_le = ChampDate(label="Date de naissance")
    sexe = forms.ChoiceField(
        label="Sexe", widget=BoutonsRadio(en_ligne=True), choices=[("F", "Fille"), ("M", "Garçon")]
    )
    etat = forms.ChoiceField(label="Statut", choices=[("", "Choisir"), ("s", "Scolaire")])
    majeur = ChampOuiNon(label="Responsable légal présent", required=False)
    motifs = forms.MultipleChoiceField(
        label="Motifs",
        widget=forms.CheckboxSelectMultiple,
        choices=[("a", "Absentéisme"), ("b", "Exclusion")],
    )
    accord = forms.BooleanField(label="La famille est informée", help_text="Notice remise")
    note = ChampTexteLong(label="Note", required=False)
    piece = forms.FileField(label="Pièce", required=False)


class FiltresForm(FormulaireDSFR):
    mention_facultatif = False
    prefix = "f"
    q = ChampTexte(label="Nom", required=False)
    etat = forms.ChoiceField(label="État", required=False, choices=[("", "Tous"), ("r", "Reçu")])


envois = []


@regle(CONNECTE, methodes=("GET", "POST"))
@jetons.une_fois
def galerie(request):
    form = GalerieForm(request.POST or None)
    if form.is_valid():
        envois.append(form.cleaned_data)
    contexte = {
        "form": form,
        "filtres": FiltresForm(),
        "fil": [("Signalements", "/x"), ("Galerie", None)],
        "colonnes": [("Nom", "nom"), ("Né le", "ne"), ("Établissement", None), ("État", None)],
        "lignes": [["Essai Ana", "03/09/1993", "Lycée polyvalent Malherbe, Caen", "Reçu"]] * 3,
        "page": paginer(request, range(300)),
        "paires": [
            {
                "champ": "Nom",
                "gauche": "Lefèvre",
                "droite": "LEFEVRE",
                "verdict": "Identique",
                "genre": "success",
            },
            {"champ": "Né le", "gauche": "03/09/1993", "droite": "", "verdict": "Non renseigné", "genre": ""},
        ],
        "definitions": [("Nom", "Essai"), ("INE", "")],
        "evenements": [
            {
                "quand": date(2026, 1, 2),
                "titre": "Signalement reçu",
                "texte": "Lycée Malherbe",
                "par": "Ana Essai",
            }
        ],
    }
    return HttpResponse(engines["django"].from_string(PAGE).render(contexte, request))


@regle(CONNECTE, methodes=("POST",))
def brouillon(request):
    return HttpResponse(status=204)


@regle(CONNECTE)
def confirmation(request):
    contexte = {
        "titre": "Clore ce dossier",
        "question": "Clore le dossier D-12 ?",
        "consequences": ["Les convocations sont annulées."],
        "bouton": "Clore",
        "annuler": "/",
    }
    return render(request, "composants/confirmation.html", contexte)


urlpatterns = [
    path("galerie", galerie),
    path("galerie/brouillon", brouillon),
    path("galerie/confirmation", confirmation),
    *urlpatterns,
]

"""The page frame, the components, the forms and the tokens."""

import gzip
import re
from datetime import date
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.template import engines
from django.template.loader import render_to_string

from qualit.notifications.models import Courriel
from qualit.web import jetons, theme
from qualit.web.formulaires import (
    BoutonsRadio,
    ChampDate,
    ChampOuiNon,
    ChampTexte,
    ChampTexteLong,
    FormulaireDSFR,
    lire_date,
)
from qualit.web.pagination import paginer, sans_egalite, tri_demande
from qualit.web.texte import nettoyer_texte

RACINE = Path(settings.BASE_DIR)


# --- text and dates ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("saisi", "attendu"),
    [
        ("  Le\u0301a  Marie ", "Léa Marie"),
        ("Ma\x00rtin", "Martin"),
        ("a\u202eb\u200bc\ufeff", "abc"),
        ("O'Neill", "O'Neill"),
        ("D’Arc", "D’Arc"),
        ("Nguyễn", "Nguyễn"),
        ("É", "É"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("deux\nlignes", "deux lignes"),
        ("\ud800x", "x"),
        (None, ""),
    ],
)
def test_le_texte_est_nettoye(saisi, attendu):
    assert nettoyer_texte(saisi) == attendu


def test_le_texte_long_garde_ses_lignes():
    assert nettoyer_texte("un \r\ndeux\rtrois\u200b", multiligne=True) == "un\ndeux\ntrois"


@pytest.mark.parametrize(
    ("saisi", "attendu"),
    [
        ("03/09/1993", date(1993, 9, 3)),
        ("3/9/93", date(1993, 9, 3)),
        ("03.09.1993", date(1993, 9, 3)),
        ("3 9 1993", date(1993, 9, 3)),
        ("03-09-1993", date(1993, 9, 3)),
        ("1993-09-03", date(1993, 9, 3)),
        ("03091993", date(1993, 9, 3)),
        ("3 sept. 1993", date(1993, 9, 3)),
        ("1er août 1993", date(1993, 8, 1)),
        ("29/02/2012", date(2012, 2, 29)),
    ],
)
def test_la_date_est_lue_comme_on_l_ecrit(saisi, attendu):
    assert lire_date(saisi) == attendu


@pytest.mark.parametrize(
    "saisi", ["29/02/2011", "31/02/1993", "1/1/12345", "abc", "09/1993", "0/0/0", "٣/٩/١٩٩٣x"]
)
def test_une_date_impossible_est_refusee_en_francais(saisi):
    with pytest.raises(ValueError, match="n’existe pas|sous la forme"):
        lire_date(saisi)


# --- forms ---------------------------------------------------------------------------------------------
class Exemple(FormulaireDSFR):
    nom = ChampTexte(label="Nom", max_length=20, help_text="Nom de naissance")
    ne_le = ChampDate(label="Date de naissance")
    sexe = forms.ChoiceField(label="Sexe", widget=BoutonsRadio, choices=[("F", "Fille"), ("M", "Garçon")])
    majeur = ChampOuiNon(label="Majeur", required=False)
    accord = forms.BooleanField(label="Accord", required=False)
    note = ChampTexteLong(label="Note", required=False)


def test_les_erreurs_sont_liees_aux_champs_et_resumees():
    form = Exemple({"nom": "", "ne_le": "31/02/1993", "note": "x\u202ey"})
    html = str(form)
    assert "3 points sont à corriger" in html
    assert 'href="#id_nom"' in html and 'href="#id_ne_le"' in html and 'href="#id_sexe"' in html
    assert 'id="id_sexe"' in html and 'id="id_nom_error"' in html
    assert 'aria-describedby="id_nom_helptext id_nom_error"' in html and 'aria-invalid="true"' in html
    assert "Ce champ est obligatoire." in html and "La date 31/02/1993 n’existe pas." in html
    assert form.cleaned_data["note"] == "xy"


def test_un_formulaire_juste():
    form = Exemple({"nom": " Le\u0301a\x00 ", "ne_le": "3/9/93", "sexe": "F", "majeur": "non"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["nom"] == "Léa"
    assert form.cleaned_data["ne_le"] == date(1993, 9, 3) and form.cleaned_data["majeur"] is False


def test_un_choix_absent_de_la_liste_et_un_nom_trop_long_sont_refuses():
    form = Exemple({"nom": "x" * 10_000, "ne_le": "3/9/93", "sexe": "Z"})
    assert set(form.errors) == {"nom", "sexe"}


def test_un_formulaire_vierge_ne_montre_pas_d_erreur():
    html = str(Exemple())
    assert "error" not in html and "(facultatif)" in html and "jj/mm/aaaa" in html


def test_la_date_future_est_refusee_sauf_permission():
    class F(FormulaireDSFR):
        le = ChampDate(label="Le")
        rdv = ChampDate(label="Rendez-vous", futur=True)

    form = F({"le": "01/01/2990", "rdv": "01/01/2990"})
    assert set(form.errors) == {"le"}


# --- lists ---------------------------------------------------------------------------------------------
def test_la_pagination_garde_les_filtres(rf):
    page = paginer(rf.get("/?q=x&page=5"), range(250), par_page=10)
    assert page.prefixe == "q=x&" and page.numeros == [1, None, 4, 5, 6, None, 25]
    html = render_to_string("composants/pagination.html", {"page": page})
    assert 'aria-current="page"' in html and "?q=x&amp;page=6" in html and "41 à 50 sur 250" in html


def test_une_page_hors_bornes_donne_la_derniere(rf):
    assert paginer(rf.get("/?page=999"), range(30), par_page=10).number == 3
    assert paginer(rf.get("/?page=abc"), [], par_page=10).number == 1


@pytest.mark.django_db
def test_une_ligne_se_lit_sur_une_seule_page(rf, django_user_model):
    """All have the same name: the pages still share them out."""
    for i in range(30):
        django_user_model.objects.create_user(f"p{i}@example.invalid", prenom="Camille", nom="Essai")
    lignes = django_user_model.objects.order_by("-nom")
    lues = [u.pk for p in (1, 2, 3) for u in paginer(rf.get(f"/?page={p}"), lignes, par_page=10)]
    assert lues == sorted(django_user_model.objects.values_list("pk", flat=True))
    assert sans_egalite(lignes.order_by("-pk")).query.order_by == ("-pk",)
    par_nom = lignes.values("nom").annotate(n=Count("pk"))
    assert list(sans_egalite(par_nom)) == [{"nom": "Essai", "n": 30}]


def test_le_tri_vient_d_une_liste_fermee(rf):
    permis = {"nom": ["nom_tri", "prenom"], "le": ["-envoye_le"]}
    assert tri_demande(rf.get("/?tri=mot_de_passe"), permis, "nom") == ("nom", ["nom_tri", "prenom"])
    assert tri_demande(rf.get("/?tri=-le"), permis, "nom") == ("-le", ["envoye_le"])


# --- tokens --------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_le_meme_jeton_envoye_deux_fois_agit_une_fois(rf, django_user_model):
    faits = []

    @jetons.une_fois
    def vue(request):
        faits.append(1)
        return HttpResponseRedirect(f"/objet/{len(faits)}")

    session = SessionStore()
    session.create()

    def envoyer(jeton):
        request = rf.post("/", {jetons.CHAMP: jeton})
        request.user = django_user_model()
        request.session = SessionStore(session.session_key)
        request._messages = type("M", (), {"add": lambda *a: None})()
        return vue(request)

    jeton = jetons.nouveau()
    assert [envoyer(jeton).url, envoyer(jeton).url] == ["/objet/1", "/objet/1"]
    assert faits == [1]
    assert envoyer(jetons.nouveau()).url == "/objet/2"


@pytest.mark.django_db
def test_un_envoi_refuse_ne_consomme_pas_le_jeton(rf, django_user_model):
    reponses = [HttpResponse("erreurs"), HttpResponseRedirect("/fait")]
    vue = jetons.une_fois(lambda request: reponses.pop(0))
    session = SessionStore()
    session.create()
    jeton = jetons.nouveau()
    for attendu in (200, 302):
        request = rf.post("/", {jetons.CHAMP: jeton})
        request.user, request.session = django_user_model(), SessionStore(session.session_key)
        assert vue(request).status_code == attendu


# --- theme and templates -------------------------------------------------------------------------------
def test_le_theme_est_a_jour_et_leger():
    css = (RACINE / "static/theme/dsfr.css").read_text(encoding="utf-8")
    assert css == theme.construire(RACINE / "static"), "lancer manage.py construire_theme"
    assert len(gzip.compress(css.encode())) < 50_000


def _gabarits():
    return sorted((RACINE / "templates").rglob("*.html"))


def _sans_commentaires(gabarit):
    commentaires = r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}"
    return re.sub(commentaires, "", gabarit.read_text(encoding="utf-8"), flags=re.S)


def test_chaque_classe_employee_existe_dans_le_theme():
    css = (RACINE / "static/theme/dsfr.css").read_text(encoding="utf-8")
    locales = "".join(f.read_text(encoding="utf-8") for f in sorted((RACINE / "static/css").glob("*.css")))
    connues = set(re.findall(r"\.((?:fr|qualit)-[\w-]+)", css + locales))
    inconnues = set()
    for gabarit in _gabarits():
        if "courriels" in gabarit.parts:
            continue
        texte = _sans_commentaires(gabarit)
        for classes in re.findall(r'class="([^"]*)"', texte):
            for classe in re.split(r"\s+", re.sub(r"\{%.*?%\}", " ", classes)):
                if (
                    re.fullmatch(r"(fr|qualit)-[\w-]*\w", classe)
                    and "{" not in classe
                    and classe not in connues | SANS_REGLE
                ):
                    inconnues.add(f"{gabarit.relative_to(RACINE)} : {classe}")
    assert not inconnues, "\n".join(sorted(inconnues))


# hooks without a rule of their own in the sheet
SANS_REGLE = {"fr-header__body", "qualit-demo", "qualit-menu__details", "qualit-carte"}


def test_les_pages_respectent_la_csp():
    fautes = []
    for gabarit in _gabarits():
        if "courriels" in gabarit.parts or "pdf" in gabarit.parts:
            continue
        texte = _sans_commentaires(gabarit)
        if re.search(r"<[^>]*\s(on[a-z]+|style)=", texte) or re.search(
            r"<style|<script(?![^>]*(src=|type=\"application/json\"))", texte
        ):
            fautes.append(str(gabarit.relative_to(RACINE)))
    assert not fautes


def test_tous_les_gabarits_se_compilent():
    for gabarit in _gabarits():
        engines["django"].get_template(str(gabarit.relative_to(RACINE / "templates")))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "adresse", ["/accessibilite", "/mentions-legales", "/donnees-personnelles", "/notice-familles"]
)
def test_les_pages_publiques(client, adresse):
    reponse = client.get(adresse)
    html = reponse.content.decode()
    assert reponse.status_code == 200 and html.count("<h1") == 1 and '<main id="contenu"' in html
    assert "unsafe" not in reponse["Content-Security-Policy"]


@pytest.mark.django_db
def test_page_absente_et_csrf(client, django_user_model):
    from django.test import Client

    user = django_user_model.objects.create_user("a@exemple.invalid", "x", prenom="Ana", nom="Essai")
    client.force_login(user)
    reponse = client.get("/nulle-part")
    assert reponse.status_code == 404 and "Page introuvable" in reponse.content.decode()
    strict = Client(enforce_csrf_checks=True)
    reponse = strict.post("/compte/login/", {"login": "x"})
    assert reponse.status_code == 403 and "Page expirée" in reponse.content.decode()


def test_la_page_d_incident_ne_lit_rien():
    assert "Incident" in render_to_string("500.html")


PAIRE = {"champ": "Nom", "gauche": "x", "droite": "", "verdict": "Proche", "genre": "info"}
TABLEAU = {
    "legende": "L",
    "colonnes": [("Nom", "nom"), ("Âge", None)],
    "lignes": [["x", 3]],
    "tri": "nom",
    "tri_url": "?tri=",
}


@pytest.mark.parametrize(
    ("gabarit", "contexte", "attendu"),
    [
        ("alerte", {"genre": "error", "texte": "Non"}, "fr-alert--error"),
        ("badge", {"texte": "Reçu"}, "Reçu"),
        ("carte", {"titre": "T", "url": "/x", "badge": "Reçu"}, 'href="/x"'),
        ("comparaison", {"legende": "L", "gauche": "A", "droite": "B", "lignes": [PAIRE]}, "Proche"),
        ("copier", {"texte": "R-1"}, 'data-copier="R-1"'),
        ("definitions", {"lignes": [("Nom", "Essai"), ("INE", "")]}, "Non renseigné"),
        ("encadre", {"titre": "T", "texte": "x"}, "fr-callout"),
        ("etapes", {"numero": 1, "total": 3, "titre": "T"}, "Étape 1 sur 3"),
        ("fil", {"etapes": [("Un", "/un"), ("Deux", None)]}, 'aria-current="page"'),
        ("filtres", {"form": Exemple()}, "Filtrer la liste"),
        ("formulaire", {"form": Exemple(), "bouton": "Envoyer", "jeton": True}, jetons.CHAMP),
        ("frise", {"evenements": [{"quand": date(2026, 1, 2), "titre": "Reçu"}]}, "2 janvier 2026"),
        ("tableau", TABLEAU, 'aria-sort="ascending"'),
        ("tuile", {"titre": "T", "url": "/", "compte": 0, "compte_libelle": "à trier"}, "<strong>0</strong>"),
        ("vide", {"titre": "Rien à trier"}, "Rien à trier"),
        ("confirmation", {"titre": "Retirer ?", "question": "Oui ?", "bouton": "Retirer", "annuler": "/"}, "Retirer"),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_chaque_composant_se_rend(rf, gabarit, contexte, attendu):
    request = rf.get("/")
    assert attendu in render_to_string(
        f"composants/{gabarit}.html", contexte, request=request if gabarit != "confirmation" else None
    )


@pytest.mark.django_db
def test_parcours_du_second_facteur(client, django_user_model, settings):
    """Activate the application of codes, read the recovery codes, add a passkey, sign in with the code, turn it off."""
    from allauth.mfa.totp.internal import auth as totp

    settings.LOGIN_REDIRECT_URL = "/accessibilite"
    django_user_model.objects.create_user(
        "b@exemple.invalid",
        "un-mot-de-passe-long",
        prenom="Bo",
        nom="Essai",
        charte_version=settings.QUALIT["CHARTE_VERSION"],
    )
    identifiants = {"login": "b@exemple.invalid", "password": "un-mot-de-passe-long"}
    assert client.post("/compte/login/", identifiants).status_code == 302
    reponse = client.get("/compte/2fa/totp/activate/", follow=True)
    if "Confirmer votre identité" in reponse.content.decode():
        suite = reponse.redirect_chain[-1][0]
        reponse = client.post(suite, {"password": "un-mot-de-passe-long"}, follow=True)
    html = reponse.content.decode()
    assert "Activer l’application de codes" in html and "data:image/svg+xml" in html
    secret = re.search(r'data-copier="(\w+)"', html)[1]

    def code():
        import time

        return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))

    assert (
        client.post("/compte/2fa/totp/activate/", {"code": "abc"})
        .content.decode()
        .count("Un point est à corriger")
        == 1
    )
    assert client.post("/compte/2fa/totp/activate/", {"code": code()}).status_code == 302
    for adresse, attendu in [
        ("/compte/2fa/", "codes utilisables"),
        ("/compte/2fa/recovery-codes/", "Télécharger les codes"),
        ("/compte/2fa/recovery-codes/generate/", "ne fonctionneront plus"),
        ("/compte/2fa/webauthn/", "Aucune clé d’accès"),
        ("/compte/2fa/webauthn/add/", "mfa_webauthn_add"),
        ("/compte/2fa/totp/deactivate/", "Désactiver"),
        ("/compte/password/change/", "Changer le mot de passe"),
        ("/compte/sessions/", "celle-ci"),
        ("/compte/reauthenticate/", "Confirmer votre identité"),
        ("/compte/2fa/reauthenticate/", "Confirmer votre identité"),
        ("/compte/logout/", "Rester connecté"),
    ]:
        reponse = client.get(adresse)
        html = reponse.content.decode()
        assert reponse.status_code == 200 and attendu in html and html.count("<h1") == 1, adresse
    client.logout()
    assert client.post("/compte/login/", identifiants).status_code == 302
    html = client.get("/compte/2fa/authenticate/").content.decode()
    assert "Second facteur" in html and "Abandonner la connexion" in html


@pytest.mark.django_db
def test_mot_de_passe_oublie(client, django_user_model):
    django_user_model.objects.create_user("c@exemple.invalid", "x", prenom="Cy", nom="Essai")
    assert "Mot de passe oublié" in client.get("/compte/password/reset/").content.decode()
    reponse = client.post("/compte/password/reset/", {"email": "c@exemple.invalid"}, follow=True)
    assert "Courriel envoyé" in reponse.content.decode()
    lien = re.search(r"https?://[^/]+(/\S+)", Courriel.objects.get().texte)[1]
    html = client.get(lien, follow=True).content.decode()
    assert "Choisir un nouveau mot de passe" in html
    html = client.get("/compte/password/reset/key/1-faux/", follow=True).content.decode()
    assert "Ce lien ne fonctionne plus" in html
    assert "On n’ouvre pas de compte" in client.get("/compte/signup/").content.decode()
    assert client.get("/compte/inactive/").status_code == 200

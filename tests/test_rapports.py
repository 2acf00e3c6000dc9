"""Reports, the question of 18 h, how sure the figures are: what is handed to someone else."""

import csv
import html
import io
import random
import re
from datetime import date

import pypdf
import pytest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from qualit.web import documents
from statistiques import cliches, services
from statistiques.bord import empreinte_du_regroupement, version_du_regroupement
from statistiques.jours import jours_de_lecture
from statistiques.releves import Incertitude, intervalle

from .monde import connecter, construire
from .mondes_aleatoires import peupler_au_hasard


@pytest.fixture
def m(db):
    monde = construire()
    peupler_au_hasard(monde, 7)
    services.rafraichir_tout()
    cliches.prendre_tous_les_jours()
    return monde


def lire(reponse):
    """The PDF of a response; the test is left out, and says so, on a machine without Pango."""
    if reponse.status_code == 302:
        pytest.skip("bibliothèque Pango absente : pas de PDF sur cette machine")
    assert reponse["Content-Type"] == "application/pdf"
    return pypdf.PdfReader(io.BytesIO(reponse.content))


def balises_de(noeud, trouvees=None):
    """{role: [elements]} of the structure tree of a tagged PDF."""
    trouvees = {} if trouvees is None else trouvees
    noeud = noeud.get_object() if hasattr(noeud, "get_object") else noeud
    if isinstance(noeud, list):
        for enfant in noeud:
            balises_de(enfant, trouvees)
    elif isinstance(noeud, dict):
        if "/S" in noeud:
            trouvees.setdefault(noeud["/S"], []).append(noeud)
        if "/K" in noeud:
            balises_de(noeud["/K"], trouvees)
    return trouvees


def texte(pdf):
    return " ".join(page.extract_text() for page in pdf.pages)


def test_le_rapport_d_un_bassin_tient_en_deux_a_quatre_pages_et_se_lit_a_l_oreille(m, client):
    connecter(client, m.celia)
    page = client.get(reverse("statistiques:rapport"), {"campagne": "2023-2024"})
    pdf = lire(client.get(reverse("statistiques:rapport_pdf"), {"campagne": "2023-2024"}))
    racine = pdf.trailer["/Root"]
    assert 2 <= len(pdf.pages) <= 4
    assert racine["/MarkInfo"]["/Marked"] and racine["/Lang"] == "fr" and "/StructTreeRoot" in racine
    assert pdf.metadata.title.startswith("Bassin de Caen")
    lu = texte(pdf)
    for tuile in page.context["tuiles"]:
        assert tuile["texte"] in lu and tuile["texte"] in page.content.decode()
    assert "Définitions" in lu and version_du_regroupement() in lu


def test_le_rapport_de_l_academie_porte_ses_cartes_avec_leur_texte(m, client):
    connecter(client, m.rene)
    demande = {"campagne": "2023-2024", "au": "2024-06-30"}
    page = client.get(reverse("statistiques:rapport"), demande)
    pdf = lire(client.get(reverse("statistiques:rapport_pdf"), demande))
    racine, lu = pdf.trailer["/Root"], texte(pdf)
    assert 3 <= len(pdf.pages) <= 6, "un rapport d’académie se lit en une réunion"
    assert racine["/MarkInfo"]["/Marked"] and racine["/Lang"] == "fr"
    assert pdf.metadata.title.startswith("Académie de Caen")
    for titre in (
        "Nombre et taux par bassin",
        "Les délais",
        "Structures missionnées",
        "Hors champ, par type",
    ):
        assert titre in lu, titre
    for ligne in page.context["bassins"].lignes:
        assert str(ligne[0]) in lu and ligne[1].texte in lu
    balises = balises_de(racine["/StructTreeRoot"])
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= set(balises)
    textes = [b.get("/Alt", "") for b in balises["/Figure"]]
    cartes = [t for t in textes if t.startswith("Carte : ")]
    assert len(cartes) == 2 and all("Caen" in t and "Lisieux" in t for t in cartes)
    assert "ESSAI" not in lu, "un rapport ne nomme personne"


def test_la_question_de_18_h_tient_sur_une_page(m, client):
    connecter(client, m.rene)
    for lignes, colonnes in (
        ("sexe", ""),
        ("motif_jeune", "bassin"),
        ("structure", "mois"),
        ("type_solution", "age"),
    ):
        demande = {
            "campagne": "2023-2024",
            "indicateur": "avec_solution",
            "lignes": lignes,
            "colonnes": colonnes,
        }
        pdf = lire(client.get(reverse("statistiques:question_pdf"), demande))
        page = client.get(reverse("statistiques:question"), demande)
        assert len(pdf.pages) == 1, (lignes, colonnes)
        assert "Avec une solution" in texte(pdf)
        for morceau in ("Académie de Caen", "chiffres arrêtés au", "contre", "Définition", "Couverture"):
            assert morceau in page.context["phrase"]


def test_sans_pango_la_page_a_imprimer_est_proposee(m, client, monkeypatch):
    def sans_pango(*arguments):
        raise documents.PdfIndisponible

    monkeypatch.setattr("statistiques.vues_documents.pdf", sans_pango)
    connecter(client, m.celia)
    reponse = client.get(reverse("statistiques:rapport_pdf"), {"campagne": "2023-2024"}, follow=True)
    assert reponse.redirect_chain[0][0].startswith(reverse("statistiques:rapport"))
    assert "imprimez la page" in reponse.content.decode()


def test_un_lecteur_protege_lit_un_rapport_protege(m, client):
    connecter(client, m.paul)
    page = client.get(reverse("statistiques:rapport"), {"campagne": "2023-2024"})
    for tableau in page.context["repartitions"]:
        for ligne in tableau.lignes:
            assert ligne[1].masquee or ligne[1].valeur >= 5
    assert lire(client.get(reverse("statistiques:rapport_pdf"), {"campagne": "2023-2024"})).pages


def test_le_pdf_dit_ce_que_dit_la_page(m, client):
    """Row by row, hidden figures as hidden ones: of this campaign and of the one before."""
    for qui, masques in (("rene", False), ("paul", True), ("rita", True)):
        connecter(client, getattr(m, qui))
        contexte = client.get(reverse("statistiques:rapport"), {"campagne": "2023-2024"}).context
        vus = set()
        for tableau in (contexte["mois"], *contexte["repartitions"]):
            rendu = render_to_string("statistiques/pdf/_barres.html", {"tableau": tableau})
            rangs = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", rendu)
            for ligne, rang in zip(tableau.lignes, rangs, strict=True):
                lus = [
                    html.unescape(x)
                    for x in re.findall(r">([^<]*)</t[hd]>", re.sub(r"<svg.*?</svg>", "", rang))
                ]
                attendus = [str(c) for c in ligne[: 3 if tableau.legende else 2]]
                assert [lus[0], *lus[2:]] == attendus
                vus |= set(attendus[1:])
        assert ("masqué" in vus) == masques, qui


def test_un_rapport_avant_la_nuit_dit_pourquoi_il_est_vide(m, client):
    """Pages, PDF and files of a day that is not kept, or not shown, say so."""
    cliches.Cliche.objects.all().delete()
    connecter(client, m.paul)
    demande = {"campagne": "2023-2024", "tableau": "sexe"}
    assert (
        "sont préparés chaque nuit" in client.get(reverse("statistiques:rapport"), demande).content.decode()
    )
    for nom in ("rapport_pdf", "question_pdf"):
        texte = " ".join(
            p.extract_text() for p in lire(client.get(reverse(f"statistiques:{nom}"), demande)).pages
        )
        assert "préparés chaque nuit" in " ".join(texte.split())
    fichier = client.get(reverse("statistiques:export", args=["csv"]), demande).content.decode("utf-8-sig")
    assert "À savoir;Les tableaux de cette date" in fichier and "Couverture;" in fichier


def test_les_totaux_seuls_hors_des_jours_de_lecture(m, client):
    """Two close days, subtracted, would give back a small cell: the rectorat's readers then have the totals only."""
    connecter(client, m.rita)
    entier = client.get(reverse("statistiques:tableau"), {"campagne": "2023-2024", "au": "2024-06-30"})
    jour = client.get(reverse("statistiques:tableau"), {"campagne": "2023-2024", "au": "2024-05-30"})
    assert any(not x[1].masquee for t in entier.context["repartitions"] for x in t.lignes)
    assert all(c.masquee for t in jour.context["repartitions"] for x in t.lignes for c in x[1:])
    assert jour.context["tuiles"][0]["texte"] != "< 5" and "se lisent au 31 décembre" in jour.content.decode()
    assert "se lisent au 31 décembre" not in entier.content.decode()
    connu = client.get(
        reverse("statistiques:tableau"), {"campagne": "2023-2024", "au": "2024-06-30", "connu": "2024-06-30"}
    )
    assert all(c.masquee for t in connu.context["repartitions"] for x in t.lignes for c in x[1:])


@pytest.mark.parametrize("probabilites", [(), (0.001,) * 60, (0.5,) * 4, (0.9, 0.7, 0.2) * 5, (0.3,) * 200])
def test_l_intervalle_contient_la_verite_19_fois_sur_20(probabilites):
    """Draws of the true number of wrong joins under the model: the interval holds it at least 95 times in 100."""
    hasard = random.Random(3)
    moyenne, variance = sum(probabilites), sum(p * (1 - p) for p in probabilites)
    bas, haut = intervalle(moyenne, variance, len(probabilites))
    assert 0 <= bas <= haut <= len(probabilites)
    tirages = [sum(hasard.random() < p for p in probabilites) for _ in range(2000)]
    assert sum(bas <= n <= haut for n in tirages) >= 0.935 * len(tirages)


def test_le_nombre_de_personnes_prend_les_deux_erreurs_au_pire():
    incertitude = Incertitude(
        joints=100, faux=0.5, variance_faux=0.4, paires=20, doublons=12.0, variance_doublons=4.0
    )
    assert incertitude.intervalle_faux == (0, 2) and incertitude.intervalle_doublons == (8, 16)
    assert incertitude.intervalle_total(1000) == (984, 994)


def test_le_regroupement_des_solutions_a_une_version(settings):
    """Change what counts as a solution: change `REGROUPEMENT_SOLUTIONS` with it, then this fingerprint."""
    with (settings.BASE_DIR / "fixtures" / "referentiels" / "devenirs.csv").open(
        encoding="utf-8", newline=""
    ) as fichier:
        empreinte = empreinte_du_regroupement((x["code"], x["groupe"]) for x in csv.DictReader(fichier))
    assert (settings.QUALIT["REGROUPEMENT_SOLUTIONS"], empreinte) == ("2010-12", "ed1052")


def test_la_date_par_defaut_d_un_lecteur_protege_est_un_jour_de_lecture(m, client):
    for nom in ("rita", "paul"):
        connecter(client, getattr(m, nom))
        for demande in ({"campagne": "2023-2024"}, {"campagne": "2023-2024", "au": "2031-01-01"}):
            champ = client.get(reverse("statistiques:tableau"), demande).context["champ"]
            assert champ.au == jours_de_lecture(2023)[-1] == date(2025, 6, 30), nom
    champ = client.get(reverse("statistiques:tableau"), {"au": "2024-01-03"}).context["champ"]
    assert champ.au in jours_de_lecture(champ.campagne) and champ.au < timezone.localdate()
    choisi = client.get(reverse("statistiques:tableau"), {"campagne": "2023-2024", "au": "31/12/2023"})
    assert choisi.context["champ"].au == date(2023, 12, 31) and choisi.context["ecarte"] == ""
    page = client.get(reverse("statistiques:tableau"), {"campagne": "2023-2024", "au": "2024-01-03"})
    assert "La date demandée n’est pas montrée" in page.content.decode()
    trop_tot = client.get(reverse("statistiques:tableau"), {"campagne": "2099-2100"})
    assert trop_tot.context["champ"].au in jours_de_lecture(trop_tot.context["champ"].campagne)
    assert "La campagne demandée n’est pas encore montrée" in trop_tot.content.decode()


def test_les_jours_de_lecture_d_une_campagne_sont_passes():
    assert jours_de_lecture(2025, date(2025, 12, 31)) == []
    assert jours_de_lecture(2025, date(2026, 1, 15)) == []  # what happened by that day is still being typed
    assert jours_de_lecture(2025, date(2026, 1, 16)) == [date(2025, 12, 31)]
    assert jours_de_lecture(2025, date(2028, 1, 1))[-2:] == [date(2026, 6, 30), date(2027, 6, 30)]

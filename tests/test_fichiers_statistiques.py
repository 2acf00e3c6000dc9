"""Tables of figures as files: read back as a spreadsheet reads them, they say what the page says."""

import csv
import io
import re
from zipfile import ZipFile

import pytest
from django.test import RequestFactory
from django.urls import reverse
from python_calamine import CalamineWorkbook

from statistiques import cliches, services
from statistiques.forms import lire_champ
from statistiques.portees import portees
from statistiques.views import tableau_demande

from .monde import connecter, construire
from .mondes_aleatoires import peupler_au_hasard

DECIMALES = {"part": 3, "rapport": 3, "points": 1, "duree": 1, "taux": 1}
FORMATS = ("csv", "xlsx", "ods")


@pytest.fixture
def m(db):
    monde = construire()
    peupler_au_hasard(monde, 7)
    services.rafraichir_tout()
    cliches.prendre_tous_les_jours()
    return monde


def lu_dans(contenu, format):
    """Rows of a file as a French spreadsheet takes them: a decimal comma and a percentage are numbers."""
    if format != "csv":
        feuille = CalamineWorkbook.from_filelike(io.BytesIO(contenu)).get_sheet_by_index(0)
        return feuille.to_python(skip_empty_area=False)

    def valeur(texte):
        if not re.fullmatch(r"-?\d+(,\d+)?( %)?", texte):
            return texte
        nombre = float(texte.removesuffix(" %").replace(",", "."))
        return nombre / 100 if texte.endswith("%") else nombre

    return [
        [valeur(c) for c in ligne]
        for ligne in csv.reader(io.StringIO(contenu.decode("utf-8-sig")), delimiter=";")
    ]


@pytest.mark.parametrize("format", FORMATS)
def test_un_fichier_dit_les_nombres_du_tableau(m, client, format):
    """Numbers are numbers, with the decimals of the page; "30 sur 136" stays text, which no spreadsheet reads as a day; what
    is hidden is explained."""
    genres = set()
    for qui, codes in {
        "rene": ("jeunes", "solutions", "delais", "qualite", "bassins", "sexe", "motif_jeune", "operateurs", "mois"),
        "celia": ("jeunes", "solutions", "delais", "sexe", "type_structure", "mois"),
    }.items():  # fmt: skip
        personne, masques = getattr(m, qui), 0
        connecter(client, personne)
        portee = portees(personne)["academie"]
        for code in codes:
            demande = {"campagne": "2023-2024", "au": "2024-06-30", "lieu": "academie", "tableau": code}
            requete = RequestFactory().get("/", demande)
            table = tableau_demande(requete, lire_champ(requete.GET, portee), portee)
            lignes = lu_dans(
                client.get(reverse("statistiques:export", args=[format]), demande).content, format
            )
            debut = next(r for r, ligne in enumerate(lignes) if ligne[:2] == table.colonnes[:2]) + 1
            for attendue, lue in zip(table.lignes, lignes[debut:], strict=False):
                assert lue[0] == attendue[0]
                for c, vue in zip(attendue[1:], lue[1 : len(attendue)], strict=True):
                    if c.masquee or c.valeur is None:
                        assert vue == c.texte, (code, c)
                    else:
                        assert vue == pytest.approx(round(c.valeur, DECIMALES.get(c.genre, 6))), (code, c)
                    masques += c.masquee
                    genres.add(c.genre)
            suite = [ligne[0] for ligne in lignes[debut + len(table.lignes) :] if ligne]
            assert not table.note or table.note in suite
            assert ("Délais en jours." in suite) == (code in {"delais", "operateurs"})
        assert bool(masques) == (qui == "celia")
    assert genres >= {"effectif", "part", "duree", "points"}


def test_un_classeur_montre_les_parts_en_pourcentage(m, client):
    """A number whose form is that of the page, in both kinds of workbook."""
    connecter(client, m.rene)
    demande = {"campagne": "2023-2024", "au": "2024-06-30", "tableau": "delais"}
    for tableau, xlsx, ods in (
        ("solutions", 'formatCode="0.0%"', 'office:value-type="percentage"'),
        ("delais", "0.0&quot; j&quot;", "<number:text> j</number:text>"),
    ):
        lus = {}
        for format, partie in (("xlsx", "xl/styles.xml"), ("ods", "content.xml")):
            contenu = client.get(
                reverse("statistiques:export", args=[format]), demande | {"tableau": tableau}
            )
            lus[format] = ZipFile(io.BytesIO(contenu.content)).read(partie).decode()
        assert xlsx in lus["xlsx"] and ods in lus["ods"], tableau


@pytest.mark.parametrize("format", FORMATS)
def test_un_fichier_ne_porte_pas_de_formule(m, client, format):
    m.caen.nom = "=1+1"
    m.caen.save()
    connecter(client, m.rene)
    reponse = client.get(
        reverse("statistiques:export", args=[format]), {"tableau": "bassins", "campagne": "2023-2024"}
    )
    assert reponse.status_code == 200 and reponse["Content-Disposition"].endswith(f'.{format}"')
    assert ["'=1+1"] in [ligne[:1] for ligne in lu_dans(reponse.content, format)]

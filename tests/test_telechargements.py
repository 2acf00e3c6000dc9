"""Every list as a file: its filters and rights are those of the page, its cells are never formulas, and it is traced."""

import csv
import io
import re
from datetime import date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from python_calamine import CalamineWorkbook

from gab import services as gab
from qualit.acteurs.views import journal
from qualit.echanges import tableaux
from qualit.echanges.tableaux import Colonne
from qualit.journal.models import Trace
from qualit.notifications.models import Courriel
from signalements.models import Signalement

from . import monde as monde_des_tests
from .monde import connecter, signaler

pytestmark = pytest.mark.django_db

#: Each list with somebody who reads it, and whether jeunes are in it.
LISTES = [
    ("/mes-signalements/", "alice", True),
    ("/signalements/brouillons/", "alice", True),
    ("/signalements/qualite/", "alice", True),
    ("/missions/", "omar", True),
    ("/missions/a-reverifier/", "celia", True),
    ("/a-rappeler/", "celia", True),
    ("/etablissements-sans-reponse/", "celia", False),
    ("/gab/", "celia", True),
    ("/gab/echeances/", "celia", True),
    ("/gab/missions/", "celia", True),
    ("/gab/tri/", "celia", True),
    ("/gab/taches/", "celia", True),
    ("/gab/transferts/", "celia", True),
    ("/gab/places/", "celia", False),
    ("/gab/seances/", "celia", False),
    ("/identites/", "celia", True),
    ("/statistiques/liste/?indicateur=jeunes", "celia", True),
    ("/territoire/annuaire/", "celia", False),
    ("/territoire/equipe/", "andre", False),
    ("/territoire/structures/", "rene", False),
    ("/journal/", "dora", False),
    ("/logiciels/", "andre", False),
    ("/gab/a-surveiller/", "rene", True),
    ("/gab/a-surveiller/?liste=transferts", "rene", True),
    ("/statistiques/publications/", "rene", False),
    ("/territoire/invitations/", "andre", False),
    ("/imports/", "alice", False),
    ("/donnees/consultations/", "dora", False),
    ("/donnees/consultations/?vue=traitees", "dora", False),
    ("/donnees/?vue=toutes", "dora", False),
    ("/imports/memoire/", "alice", False),
    ("/partages/", "celia", False),
    ("/signalements/etat-neant/", "alice", False),
    ("/territoire/mots-sensibles/", "rene", False),
    ("/territoire/courriels/", "tom", False),
    ("/donnees/conservation/", "dora", False),
    ("/retours-lus/", "celia", False),
    ("/retours-lus/?liste=operateurs", "celia", False),
]
#: Fields of free text (decisions.md 9).
TEXTES_LIBRES = {
    "note", "message", "synthese", "texte", "reponse", "projet", "demarches", "prochaine_etape", "precision",
    "precision_refus", "observations", "conditions", "motif_fin", "hors_champ_precision",
}  # fmt: skip


@pytest.fixture
def peuple(monde):
    return monde_des_tests.peupler(monde)


def demander(personne, adresse, format):
    lien = "&" if "?" in adresse else "?"
    reponse = connecter(Client(), personne).get(f"{adresse}{lien}format={format}")
    contenu = b"".join(reponse.streaming_content) if reponse.streaming else reponse.content
    return reponse, contenu


def cellules(contenu, format):
    """The rows of a file, read by another library than the one that wrote it."""
    if format == "csv":
        return list(csv.reader(io.StringIO(contenu.decode("utf-8-sig")), delimiter=";"))
    return CalamineWorkbook.from_filelike(io.BytesIO(contenu)).get_sheet_by_index(0).to_python()


def test_chaque_liste_se_telecharge_dans_les_trois_formats(peuple):
    for adresse, qui, nominative in LISTES:
        personne = getattr(peuple, qui)
        assert connecter(Client(), personne).get(adresse).status_code == 200, adresse
        lues = {}
        for format in tableaux.FORMATS:
            reponse, contenu = demander(personne, adresse, format)
            assert reponse.status_code == 200 and "no-store" in reponse["Cache-Control"], adresse
            assert reponse["Content-Disposition"].endswith(f'.{format}"')
            lues[format] = cellules(contenu, format)
            if len(lues[format]) > 1:
                trace = Trace.objects.filter(action="export").latest("pk")
                assert trace.acteur == personne and trace.details["format"] == format, adresse
                assert trace.details["lignes"] == len(lues[format]) - 1
                assert bool(trace.objets) == nominative, adresse
        assert len({tuple(lignes[0]) for lignes in lues.values()}) == 1, f"{adresse}: the same headers"
        if adresse != "/journal/":  # which each of these requests lengthens
            assert len({len(lignes) for lignes in lues.values()}) == 1, f"{adresse}: as many rows"


def test_les_lignes_d_un_import_se_telechargent_par_sorte(peuple):
    lot = peuple.imports["lycee"]
    page = f"/imports/{lot.reference}/"
    contexte = connecter(Client(), peuple.alice).get(page).context
    assert len(contexte["page"].object_list)
    for onglet in contexte["onglets"]:
        reponse, contenu = demander(peuple.alice, f"{page}?voir={onglet['code']}", "xlsx")
        lignes = cellules(contenu, "xlsx")[1:]
        assert len(lignes) == onglet["compte"] and reponse.status_code == 200
        attendues = lot.lignes.filter(statut__in=onglet["statuts"])
        assert [(ligne[0], ligne[1]) for ligne in lignes] == [(x.numero, x.nom_complet) for x in attendues]
    assert demander(peuple.lucie, page, "csv")[0].status_code == 404


def test_la_journee_d_une_consultation_se_telecharge(peuple):
    """What the delegate reads of the journal on that page: as many rows, and no name."""
    alerte = peuple.alerte
    Trace.objects.create(acteur=alerte.acteur, action="lecture", quoi="gab:file", motif="=1")
    type(alerte).objects.filter(pk=alerte.pk).update(jour=timezone.localdate())
    page = f"/donnees/consultations/{alerte.reference}/"
    lues = connecter(Client(), peuple.dora).get(page)
    assert "format=ods" in lues.content.decode()
    for format in tableaux.FORMATS:
        lignes = cellules(demander(peuple.dora, page, format)[1], format)
        assert len(lignes) == lues.context["page"].paginator.count + 1 > 1
        assert [ligne[4] for ligne in lignes].count("'=1") == 1
    assert demander(peuple.celia, page, "csv")[0].status_code in (403, 404)


def test_une_seance_se_telecharge(peuple):
    page = f"/gab/seances/{peuple.seance.reference}/"
    lignes = cellules(demander(peuple.celia, page, "xlsx")[1], "xlsx")[1:]
    assert [ligne[0] for ligne in lignes] == [d.dossier.reference for d in peuple.seance.lignes.all()]
    assert set(Trace.objects.filter(action="export").latest("pk").jeunes) == {
        d.dossier.jeune_id for d in peuple.seance.lignes.all()
    }
    assert demander(peuple.denis, page, "csv")[0].status_code in (403, 404)


def test_les_courriels_bloques_se_telechargent(monde):
    Courriel.objects.create(
        adresse="a@example.invalid", code="essai", objet="=1", texte="-", etat="echec", tentatives=8
    )
    for format in tableaux.FORMATS:
        (ligne,) = cellules(demander(monde.tom, "/territoire/courriels/", format)[1], format)[1:]
        assert ligne[:3] == ["'=1", "a@example.invalid", Courriel.objects.get().get_etat_display()]
    assert demander(monde.alice, "/territoire/courriels/", "csv")[0].status_code == 403


def test_chaque_page_de_liste_montre_le_menu(peuple):
    vues = 0
    for adresse, qui, _ in LISTES:
        page = connecter(Client(), getattr(peuple, qui)).get(adresse).content.decode()
        if "<table" in page:
            vues += 1
            assert "format=ods" in page, adresse
    assert vues >= 10


def test_le_fichier_suit_les_filtres_et_les_droits_de_la_page(peuple):
    m = peuple
    _, contenu = demander(m.celia, "/gab/?etat=entretien_a_tenir", "csv")
    noms = {ligne[1] for ligne in cellules(contenu, "csv")[1:]}
    assert "CANARIB" not in noms
    tous = {ligne[1] for ligne in cellules(demander(m.celia, "/gab/", "csv")[1], "csv")[1:]}
    assert {"CANARIA", "CANARIB"} <= tous and not tous & {"CANARIC", "CANARID", "CANARIMESANGE"}


def test_qui_ne_peut_pas_exporter_n_a_ni_menu_ni_fichier(peuple):
    """`rectorat_lecture` reads figures, no list; the DPO reads the journal, and may take it."""
    assert demander(peuple.rita, "/gab/", "csv")[0].status_code == 403
    assert demander(peuple.rita, "/mes-signalements/", "xlsx")[0].status_code == 403
    assert demander(peuple.dora, "/journal/", "ods")[0].status_code == 200


def test_un_format_inconnu_montre_la_page(peuple):
    reponse, contenu = demander(peuple.celia, "/gab/", "exe")
    assert reponse["Content-Type"].startswith("text/html") and b"<table" in contenu


def test_le_journal_garde_chaque_jeune_du_fichier(monde):
    envoyes = [signaler(monde.lycee, monde.alice, rang) for rang in range(3)]
    for s in envoyes:
        gab.juger_recevable(s, par=monde.celia)
    demander(monde.celia, "/gab/", "xlsx")
    trace = Trace.objects.filter(action="export").get()
    assert set(trace.jeunes) == {s.versement.dossier.jeune_id for s in envoyes}


@pytest.mark.parametrize("format", list(tableaux.FORMATS))
@pytest.mark.parametrize(
    "piege", ["=1+1", "+33", "-2", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0", "a\x00b\x0bc", "]]>&<"]
)
def test_aucune_cellule_ne_devient_une_formule(format, piege):
    sortie = io.BytesIO()
    tableaux.ecrire(sortie, format, "Essai", [Colonne("Valeur", lambda v: v)], [piege])
    lu = cellules(sortie.getvalue(), format)[1][0]
    attendu = piege.replace("\x00", "").replace("\x0b", "")
    if piege[0] in "=+-@\t\r":
        assert lu.lstrip().startswith("'")
    assert lu.removeprefix("'").split() == attendu.split()


def test_les_dates_et_les_nombres_restent_des_dates_et_des_nombres():
    valeurs = [(date(2026, 3, 9), 3, 2.5, True, datetime(2026, 3, 9, 14, 30), None, "0140013N")]
    colonnes = [Colonne(str(rang), lambda v, rang=rang: v[rang]) for rang in range(7)]
    lues = {}
    for format in tableaux.FORMATS:
        sortie = io.BytesIO()
        tableaux.ecrire(sortie, format, "Essai", colonnes, valeurs)
        lues[format] = cellules(sortie.getvalue(), format)[1]
    assert lues["csv"] == ["09/03/2026", "3", "2,5", "Oui", "09/03/2026 14:30", "", "0140013N"]
    for format in ("xlsx", "ods"):
        jour, entier, decimal, oui, instant, vide, texte = lues[format]
        assert jour == date(2026, 3, 9) and (entier, decimal, oui, vide) == (3, 2.5, "Oui", "")
        assert instant == datetime(2026, 3, 9, 14, 30) and texte == "0140013N"


def test_une_longue_liste_se_lit_par_lots(monde, django_assert_max_num_queries):
    """As many queries for 1 200 rows as for one batch more or less: rows are read by the cursor, not one by one."""
    modele = signaler(monde.lycee, monde.alice)
    Signalement.objects.bulk_create(
        Signalement(
            structure=monde.lycee,
            bassin=monde.caen,
            etat="envoye",
            envoye_le=timezone.now(),
            nom_naissance=f"LOT{rang}",
            prenom="Essai",
            auteur=modele.auteur,
        )
        for rang in range(1200)
    )
    client = connecter(Client(), monde.alice)
    with django_assert_max_num_queries(30):
        reponse = client.get("/mes-signalements/?format=csv")
        contenu = b"".join(reponse.streaming_content)
    assert len(cellules(contenu, "csv")) == 1202


@pytest.mark.parametrize("format", tableaux.FORMATS)
def test_une_liste_coupee_le_dit_a_sa_derniere_ligne(monde, monkeypatch, format):
    monkeypatch.setattr(journal, "LIGNES_EXPORTEES", 2000)
    Trace.objects.bulk_create(Trace(action="ecriture", quoi="essai", acteur=monde.dora) for _ in range(2000))

    def fichier():
        return cellules(demander(monde.dora, "/journal/?quoi=essai", format)[1], format)

    entieres = fichier()
    assert len(entieres) == 2001 and entieres[-1][4] == "essai"
    Trace.objects.create(action="ecriture", quoi="essai", acteur=monde.dora)
    coupees = fichier()
    assert len(coupees) == 2002 and coupees[-2][4] == "essai"
    assert coupees[-1][0] == "Liste coupée à 2\xa0000 lignes : précisez la période ou les filtres."
    assert Trace.objects.filter(action="export").latest("pk").details["lignes"] == 2000


def test_aucun_texte_libre_dans_une_liste():
    """decisions.md 9: no column of a list names a field of free text."""
    racine = Path(settings.BASE_DIR)
    fautes = []
    for fichier in [
        *racine.glob("*/tableurs.py"),
        *racine.glob("*/views*.py"),
        *racine.glob("*/*/views*.py"),
    ]:
        for chemin in re.findall(r'Colonne\(\s*"[^"]+",\s*"([^"]+)"', fichier.read_text()):
            if chemin.split(".")[-1] in TEXTES_LIBRES:
                fautes.append(f"{fichier.name} : {chemin}")
    assert not fautes

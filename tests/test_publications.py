"""Frozen publications: what was published stays readable, checkable and recomputable."""

import hashlib
import json
from datetime import date, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.db import ProgrammingError, transaction
from django.urls import reverse

from dedoublonnage.fusion import fusionner
from gab.models import Dossier
from qualit.journal.models import Trace
from qualit.web import jetons
from statistiques import publications, services
from statistiques.bord import chiffres
from statistiques.dimensions import DIMENSIONS
from statistiques.indicateurs import REGISTRE
from statistiques.models import Publication
from statistiques.portees import lieu_academie
from statistiques.relation import Champ
from suivi.models import Devenir

from .monde import connecter, construire
from .mondes_aleatoires import peupler_au_hasard


@pytest.fixture
def m(db):
    monde = construire()
    peupler_au_hasard(monde, 11)
    services.rafraichir_tout()
    return monde


def figer(m, au=date(2024, 2, 29)):
    return publications.figer(m.academie, "Point de février", 2023, au, par=m.rene)


def changer_le_passe(m):
    """An outcome of January, recorded today, for a jeune who had none."""
    champ = Champ(lieu_academie(m.academie), 2023, date(2024, 2, 29))
    sortis = "(e.date_sortie IS NULL OR e.date_sortie <= '2024-01-20')"  # a solution counts from the exit on
    condition = f"{REGISTRE['sans_solution'].mesure.liste} AND {sortis}"
    dossier = champ.executer(["e.dossier_id"], DIMENSIONS, condition=condition, ordre="e.dossier_id")[0][0]
    Devenir.objects.filter(dossier=dossier).delete()
    Devenir.objects.create(
        dossier_id=dossier, code="apprentissage", groupe="formation", date=date(2024, 1, 20), source="jeune"
    )


def totaux_connus_alors(figee):
    """The totals computed from the facts as the base knew them at that instant (decisions.md 19), not from what was kept."""
    lieu = lieu_academie(figee.academie)
    return chiffres(Champ(lieu, figee.campagne, figee.arrete_au, figee.figee_le))["indicateurs"]


def test_tel_que_connu_le_jour_de_la_publication_est_la_publication(m):
    """Also after later facts, and after a merge of two jeunes: from the state kept, and from the facts."""
    figee = figer(m)
    assert publications.ecarts(figee.contenu, publications.recalculer(figee)) == []
    changer_le_passe(m)
    un, deux = Dossier.objects.filter(bassin=m.caen, etat__in=["clos"]).order_by("pk")[:2]
    fusionner(un.jeune, deux.jeune, par=m.rene)
    assert publications.ecarts(figee.contenu, publications.recalculer(figee)) == []
    totaux = figee.contenu["indicateurs"]
    assert {c: totaux_connus_alors(figee)[c] for c in totaux} == totaux
    aujourd_hui = {c for c, *_ in publications.ecarts(figee.contenu, publications.aujourd_hui(figee))}
    assert ("indicateurs", "avec_solution") in aujourd_hui


def test_l_empreinte_est_celle_du_fichier_telecharge(m, client):
    figee = figer(m)
    connecter(client, m.rita)
    fichier = client.get(reverse("statistiques:publication_fichier", args=[figee.reference, "json"]))
    assert hashlib.sha256(fichier.content).hexdigest() == figee.empreinte
    assert json.loads(fichier.content)["jeunes"] == figee.contenu["jeunes"] > 0
    figee.refresh_from_db()
    assert publications.est_intacte(figee)
    figee.contenu["jeunes"] += 1
    assert not publications.est_intacte(figee)
    for format in ("csv", "xlsx", "ods"):
        assert (
            client.get(
                reverse("statistiques:publication_fichier", args=[figee.reference, format])
            ).status_code
            == 200
        )
    assert (
        client.get(reverse("statistiques:publication_fichier", args=[figee.reference, "exe"])).status_code
        == 404
    )


def test_une_publication_ne_se_modifie_ni_ne_s_efface(m):
    figee = figer(m)
    for ecrire in (
        lambda: Publication.objects.filter(pk=figee.pk).update(titre="Autre"),
        lambda: Publication.objects.filter(pk=figee.pk).delete(),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            ecrire()


def test_seul_le_pilote_fige_et_le_journal_le_dit(m, client):
    for nom in ("rita", "celia", "paul", "alice"):
        with pytest.raises(PermissionDenied):
            publications.figer(m.academie, "Essai", 2023, date(2024, 2, 29), par=getattr(m, nom))
    connecter(client, m.rene)
    adresse = reverse("statistiques:figer")
    jeton = client.get(adresse).content.decode().split(f'name="{jetons.CHAMP}" value="')[1].split('"')[0]
    envoi = {"titre": "Point de février", "campagne": "2023", "au": "29/02/2024", jetons.CHAMP: jeton}
    deux = [client.post(adresse, envoi) for _ in range(2)]  # a double click
    figee = Publication.objects.get()
    assert [r.status_code for r in deux] == [302, 302] and deux[0]["Location"] == figee.get_absolute_url()
    assert (figee.figee_par, figee.arrete_au) == (m.rene, date(2024, 2, 29))
    assert Trace.objects.filter(quoi="publication_figee", acteur=m.rene).count() == 1
    erreur = client.post(adresse, {"titre": "", "campagne": "2023", "au": "31/02/2024"})
    assert erreur.status_code == 200 and set(erreur.context["form"].errors) == {"titre", "au"}


def test_la_page_compare_a_aujourd_hui_et_a_une_autre_publication(m, client):
    premiere = figer(m)
    changer_le_passe(m)
    seconde = figer(m)
    connecter(client, m.rita)
    page = client.get(premiere.get_absolute_url())
    changes = [ligne[0] for ligne in page.context["lignes"] if ligne[3]]
    assert page.context["intacte"] and page.context["refaite"] and "Avec une solution" in changes
    libelles = [ligne[0] for ligne in page.context["lignes"]]
    publies = [i.libelle for code, i in REGISTRE.items() if code in premiere.contenu["indicateurs"]]
    assert libelles[: len(publies)] == publies  # in the order of the dashboard
    des_bassins = [ligne for ligne in page.context["lignes"] if " : " in ligne[0]]
    assert des_bassins and {str(ligne[2]) for ligne in des_bassins} == {
        "–"
    }  # one file that moved would be read there
    comparee = client.get(premiere.get_absolute_url(), {"avec": seconde.reference})
    assert [ligne[0] for ligne in comparee.context["lignes"] if ligne[3]] == changes
    liste = client.get(reverse("statistiques:publications")).content.decode()
    assert liste.count("Point de février") >= 2 and "Figer les chiffres" not in liste
    connecter(client, m.celia)
    assert client.get(premiere.get_absolute_url()).status_code == 403


def test_les_bassins_d_une_publication_sont_proteges(m):
    """The rectorat's readers have no nominative access: small bassins are hidden, and do not come back by difference."""
    figee = publications.figer(m.academie, "Début", 2023, date(2023, 7, 20), par=m.rene)
    effectifs = [b["jeunes"] for b in figee.contenu["par_bassin"].values()]
    assert figee.contenu["jeunes"] > 0 and "secret" in effectifs
    assert all(n == "secret" or n >= 5 for n in effectifs) and effectifs.count("secret") != 1


def test_un_instant_est_lui_meme():
    from statistiques.relation import PARIS, instant_de_fin

    midi = datetime(2024, 2, 29, 12, tzinfo=PARIS)
    assert instant_de_fin(midi) == midi and instant_de_fin(date(2024, 2, 29)) > midi

"""No page of the portal asks more than twelve queries, whatever its rows: every list, as everybody who has it.

The routes come from the URL conf, so that a new page is measured without being written here; a page of a list that
`tests/monde_plein.py` leaves empty fails, and so does a list found by a reference that `AVEC_OBJET` does not know.
"""

import inspect
import re

import pytest
from django.core.paginator import Page, Paginator
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gab import file as lecture_file
from qualit.territoire import droits
from qualit.territoire.regles import LOGICIEL, PUBLIC, TECHNIQUE, routes

from . import monde as w
from .monde_plein import remplir

pytestmark = pytest.mark.django_db
MAXIMUM = 12
PLEINE = 20
PERSONNES = (
    "alice",
    "andre",
    "celia",
    "denis",
    "medhi",
    "omar",
    "rene",
    "rita",
    "paul",
    "dora",
    "tom",
    "ingrid",
)
FICHIER = re.compile(r"\.[a-z]+$|\.<|/<slug:format>/")
HORS_COMPTE = re.compile(r"SAVEPOINT|BEGIN|set_config")
#: Sheets of counts, each of which leads to the list that it counts. They are no lists, and hold none that goes by pages.
FEUILLES_DE_COMPTES = {"accueil", "suivi:fin_annee", "statistiques:question"}
#: Other states of the lists: tabs, filters, orders.
VUES = {
    "gab:file": ("?etat=a_trier", "?etat=termines", "?mineur=on&ordre=nom", "?page=2"),
    "suivi:missions": tuple(
        f"?vue={vue}" for vue in ("a_repondre", "rappels", "en_cours", "sans_nouvelles", "a_reverifier", "terminees")
    ) + ("?conseiller=moi",),
    "suivi:mes_signalements": ("?nouveau=on", "?etat=a_completer"),
    "dedoublonnage:identites": ("?etat=differents", "?etat=meme"),
    "territoire:annuaire": ("?q=lycée",),
    "territoire:structures": ("?q=lycée",),
    "territoire:equipe": ("?q=essai",),
    "territoire:invitations": ("?q=invite",),
    "journal:journal": ("?action=lecture",),
    "gab:places": ("?solution=apprentissage",),
    "suivi:feuille": ("?vue=en_cours",),
    "statistiques:liste": ("?indicateur=jeunes_reperes", "?indicateur=missions_proposees"),
}  # fmt: skip
#: Searches, sent by POST: no name stands in an address.
RECHERCHES = {
    "gab:file": {"recherche": "ABA"},
    "suivi:recherche": {"quoi": "FILAUBIN"},
    "suivi:numero": {"numero": "06 39 98 70 00"},
    "rgpd:rechercher": {"nom": "FILAUBIN", "prenom": "Lise", "motif": "Demande d’accès"},
    "territoire:qui_voit_quoi": {"q": "essai"},
}
#: Lists of one object: how to find it.
AVEC_OBJET = {
    "imports:suivi": lambda m: m.imports["lycee"].reference,
    "imports:decider": lambda m: m.imports["lycee"].reference,
    "gab:ordre_du_jour": lambda m: m.seance.reference,
    "rgpd:alerte": lambda m: m.alerte.reference,
}


@pytest.fixture(scope="module")
def plein(django_db_setup, django_db_blocker):
    """The full world, built once for the module in a transaction undone at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        m = remplir(w.peupler(w.construire()))
        with connection.cursor() as curseur:
            curseur.execute(
                "ANALYZE"
            )  # nothing else tells the planner about rows that no transaction has committed
        m.clients = {nom: w.connecter(Client(), getattr(m, nom)) for nom in PERSONNES}
        yield m
        transaction.set_rollback(True)


def pages_de(personne, m):
    """(name, address, what is posted) of the pages that this person has, files apart."""
    siennes = {}
    for route in routes():
        regle = route.regle
        if regle.acces in (PUBLIC, LOGICIEL, TECHNIQUE) or FICHIER.search(route.motif):
            continue
        demandes = regle.droits_pour("GET")
        if regle.accepte("GET") and (not demandes or any(droits.a_le_droit(personne, d) for d in demandes)):
            siennes[route.nom] = route
    for nom, route in siennes.items():
        if nom in AVEC_OBJET:
            yield nom, reverse(nom, args=[AVEC_OBJET[nom](m)]), None
        elif not route.regle.objet and all(
            isinstance(route.regle.parametres.get(a), str) for a in route.arguments
        ):
            adresse = reverse(nom, kwargs={a: route.regle.parametres[a] for a in route.arguments})
            yield nom, adresse, None
            for suite in VUES.get(nom, ()):
                yield nom, adresse + suite, None
            if nom in RECHERCHES:
                yield nom, adresse, RECHERCHES[nom]


def demander(client, adresse, donnees=None):
    """(response, its queries)."""
    with CaptureQueriesContext(connection) as capture:
        reponse = client.get(adresse) if donnees is None else client.post(adresse, donnees)
    return reponse, [r["sql"] for r in capture if not HORS_COMPTE.search(r["sql"])]


@pytest.fixture
def pages(monkeypatch):
    """The pages of lists made since it was last emptied."""
    faites = []

    def _get_page(self, *args, **kwargs):
        faites.append(Page(*args, **kwargs))
        return faites[-1]

    monkeypatch.setattr(Paginator, "_get_page", _get_page)
    return faites


def test_aucune_page_ne_demande_plus_de_douze_requetes(plein, pages):
    longues, lignes = [], {}
    for personne, client in plein.clients.items():
        client.get(reverse("accueil"))  # the first page of a session writes it
        for nom, adresse, donnees in pages_de(getattr(plein, personne), plein):
            pages.clear()
            reponse, requetes = demander(client, adresse, donnees)
            if len(requetes) > MAXIMUM:  # a process keeps what it has once read
                reponse, requetes = demander(client, adresse, donnees)
            if reponse.status_code != 200:
                continue
            if nom in FEUILLES_DE_COMPTES:
                assert not pages, nom
            elif len(requetes) > MAXIMUM:
                longues.append((len(requetes), personne, adresse))
            for page in pages:
                pleine = len(page.object_list) >= min(PLEINE, page.paginator.per_page)
                lignes[nom] = lignes.get(nom, False) or pleine
    assert longues == []
    assert [nom for nom, pleine in lignes.items() if not pleine] == [], "à remplir dans tests/monde_plein.py"
    assert set(AVEC_OBJET) <= set(lignes) and len(lignes) > 20


def pagine(vue):
    """Whether a view, or a function of its module that it names, goes by pages."""
    pile, vues = [inspect.unwrap(vue)], set()
    while pile:
        fonction = pile.pop()
        vues.add(fonction)
        noms = fonction.__code__.co_names
        if "paginer" in noms:
            return True
        nommees = [fonction.__globals__.get(nom) for nom in noms]
        siennes = [f for f in nommees if inspect.isfunction(f) and f.__module__ == fonction.__module__]
        pile += [f for f in map(inspect.unwrap, siennes) if f not in vues]
    return False


def test_toute_liste_d_un_objet_est_connue():
    """Those that are found by a reference cannot be measured without knowing which."""
    avec_objet = {r.nom for r in routes() if r.regle.objet and pagine(r.vue)}
    assert avec_objet == set(AVEC_OBJET)


@pytest.mark.parametrize("etat", ["", "ouverts", "a_trier", "missionne", "termines", "clos"])
def test_la_longueur_de_la_file_est_celle_de_ses_lignes(plein, etat):
    filtre = lecture_file.Filtre(etat=etat, ordre="nom")
    nombre = lecture_file.nombre(plein.celia, filtre, lecture_file.comptes(plein.celia))
    assert nombre == len(lecture_file.dossiers(plein.celia, filtre))

"""Every URL × person × method × place: the declared answer, and no byte about a jeune of elsewhere.

The expected answer is computed from the declared rule (`qualit.territoire.regles`); `tests/test_droits_oracle.py`
checks what `visibles_par` itself answers against rules written a second time.
"""

import json
import re
from io import StringIO
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from qualit.territoire import droits
from qualit.territoire.regles import CONNECTE, METHODES, PUBLIC, routes
from signalements.models import Signalement

from . import monde as monde_des_tests

PERSONNES = (
    *("alice", "andre", "basile", "celia", "medhi", "denis", "lucie", "omar", "olga", "rene"),
    *("rita", "paul", "dora", "tom", "ingrid", "jeanne", "nadia", "robin", "nobody"),
)
pytestmark = pytest.mark.django_db
INEXISTENTE = "ZZZZZZZZ"
TOUTES = list(routes())
DECLAREES = [r for r in TOUTES if r.regle is not None and r.regle.methodes is not None]
MASQUES = re.compile(rb'name="(csrfmiddlewaretoken|jeton)" value="[^"]*"|nonce="[^"]*"')


@pytest.fixture(scope="module")
def territoire(django_db_setup, django_db_blocker):
    """The world, built once for the module in a transaction undone at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        m = monde_des_tests.peupler(monde_des_tests.construire())
        m.clients = {"anonyme": Client(raise_request_exception=False)}
        for nom in PERSONNES:
            m.clients[nom] = monde_des_tests.connecter(Client(raise_request_exception=False), getattr(m, nom))
        yield m
        transaction.set_rollback(True)


def test_toute_route_a_une_regle():
    sans_regle = [r.nom or r.motif for r in TOUTES if r.regle is None]
    assert sans_regle == [], "docs/droits-regles.md dit comment déclarer une règle"


def test_la_commande_compte_les_routes():
    sortie = StringIO()
    call_command("matrice_des_droits", "--json", stdout=sortie)
    bilan = json.loads(sortie.getvalue())
    assert bilan["routes"] == len(TOUTES) and bilan["sans_regle"] == 0
    assert "coordinateur_gab" in bilan["roles"] and len(bilan["roles"]) >= 11


def _cle(route):
    """The URL argument that finds the object: its random reference, or a structure's public code."""
    return next((a for a in ("reference", "code") if a in route.arguments), None)


def _adresse(route, objet, reference=None):
    arguments = {}
    for nom in route.arguments:
        valeur = route.regle.parametres.get(nom)
        if callable(valeur):
            valeur = valeur(objet)
        if valeur is None:
            valeur = getattr(objet, nom)
        arguments[nom] = valeur
    if reference:
        arguments[_cle(route)] = reference
    return reverse(route.nom, kwargs=arguments)


def _demander(client, methode, adresse, champs=None):
    """The answer, whose writes are undone. champs: {name: value or values} to send as a form does."""
    with transaction.atomic():  # a write of one case must not change the next
        corps = urlencode(champs or {}, doseq=True)
        if methode == "GET" and corps:
            adresse, corps = f"{adresse}?{corps}", ""
        reponse = client.generic(methode, adresse, corps, content_type="application/x-www-form-urlencoded")
        if reponse.streaming:
            octets = b"".join(reponse.streaming_content)
            reponse = HttpResponse(octets, status=reponse.status_code, headers=dict(reponse.headers))
        transaction.set_rollback(True)
    client.cookies.pop("messages", None)  # a success told in a cookie would show on the next page
    return reponse


def _lecteur(m, nom):
    """This person as a new request reads them; None for the anonymous and the inactive."""
    return None if nom in {"anonyme", "nadia"} else type(m.alice).objects.get(pk=getattr(m, nom).pk)


def _sans_droit(route, personne, methode):
    """Whether none of this person's memberships carries a right that the route asks for."""
    demandes = route.regle.droits_pour(methode)
    return personne is None or bool(demandes and not any(droits.a_le_droit(personne, d) for d in demandes))


def _lit(personne, objet):
    return type(objet).objects.visibles_par(personne).filter(pk=objet.pk).exists()


def _attendu(route, personne, methode, objet):
    """The set of statuses that the rule allows. `personne` is None for the anonymous and the inactive."""
    regle = route.regle
    if regle.acces == PUBLIC:
        return {200, 302, 400, 404} if regle.accepte(methode) else {405}
    if personne is None:
        return {302}
    if not regle.accepte(methode):
        return {405}
    if regle.acces == CONNECTE and objet is None:
        return {200, 302, 400}
    if _sans_droit(route, personne, methode):
        return {403}
    if regle.objet is None:  # a parameter of the route may name nothing that exists
        return {200, 302, 400, 404} if regle.parametres else {200, 302, 400}
    if objet is None or not _lit(personne, objet):
        return {404}
    demandes = regle.droits_pour(methode)
    if regle.agir_pour(methode) and not any(droits.peut(personne, d, objet) for d in demandes):
        return {403}
    return {200, 302, 400, 409}


def _canaris_interdits(personne):
    """Names of the jeunes of whom this person may read nothing."""
    lisibles = set()
    if personne is not None:
        lisibles.update(Signalement.objects.visibles_par(personne).values_list("nom_naissance", flat=True))
    return {
        nom.encode()
        for nom in Signalement.objects.filter(nom_naissance__startswith="CANARI").values_list(
            "nom_naissance", flat=True
        )
        if nom not in lisibles
    }


def _parcourir(route, m, *, complet):
    """Try one route with everybody. `complet`: every method and place for everybody, else what the answer can depend on."""
    objets = [None]
    if route.regle.objet:
        modele = apps.get_model(route.regle.objet)
        objets = list(modele._base_manager.order_by("pk")[: 8 if complet else 5])
        assert objets, f"tests/monde.py::peupler ne fait aucun {route.regle.objet}"
    temoins = {"anonyme", "celia", "rene"}
    for nom, client in m.clients.items():
        personne = _lecteur(m, nom)
        canaris = _canaris_interdits(personne)
        inexistente = {}
        for methode in METHODES:
            ecartee = not route.regle.accepte(methode) or methode == "HEAD"
            if ecartee and not complet and nom not in temoins:
                continue
            sans_droit = _sans_droit(route, personne, methode)
            cas = objets[:1] if ecartee or (sans_droit and not complet) else objets
            if route.regle.objet and _cle(route) and not ecartee:
                cas = [None, *cas]
            for objet in cas:
                absent = objet is None and route.regle.objet is not None
                adresse = _adresse(route, objets[0] if absent else objet, INEXISTENTE if absent else None)
                reponse = _demander(client, methode, adresse)
                situation = f"{nom} {methode} {adresse} ({objet})"
                attendu = _attendu(route, personne, methode, objet)
                assert reponse.status_code in attendu, (
                    f"{situation} : {reponse.status_code}, attendu {attendu}"
                )
                octets = MASQUES.sub(b"", reponse.content) + str(sorted(reponse.headers.items())).encode()
                vus = [c for c in canaris if c in octets]
                assert not vus, f"{situation} montre {vus}"
                if absent:
                    inexistente[methode] = (reponse.status_code, octets)
                elif reponse.status_code == 404 and methode in inexistente:
                    assert (404, octets) == inexistente[methode], f"{situation} diffère de l’inexistant"


@pytest.mark.parametrize("route", DECLAREES, ids=lambda r: r.nom)
def test_matrice(route, territoire):
    _parcourir(route, territoire, complet=False)


@pytest.mark.long
@pytest.mark.parametrize("route", DECLAREES, ids=lambda r: r.nom)
def test_matrice_complete(route, territoire):
    """Every person × 7 methods × every place."""
    _parcourir(route, territoire, complet=True)

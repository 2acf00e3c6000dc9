"""The matrix with real entries: each form of the portal, as its pages print it, is sent by everybody about every place.

A form is taken from the page of somebody who may use it, hidden fields included, and sent by the others as it is: the ids of
one place reach the addresses of another. Where the object is not theirs, the answer is that of an object that does not
exist, to the byte; where it is theirs, nothing breaks; and no page ever shows a jeune of elsewhere.
"""

from collections import defaultdict
from urllib.parse import urljoin, urlsplit

import pytest
from django.apps import apps
from django.urls import Resolver404, resolve

from qualit.territoire.regles import PUBLIC

from .saisies import saisies
from .test_matrice_des_droits import (
    DECLAREES,
    INEXISTENTE,
    MASQUES,
    _adresse,
    _canaris_interdits,
    _cle,
    _demander,
    _lecteur,
    _lit,
    _sans_droit,
    territoire,  # noqa: F401
)

pytestmark = pytest.mark.django_db
#: Those whose pages give the forms: one of each kind of reader.
AUTEURS = ("celia", "rene", "omar", "alice", "andre", "dora", "tom", "olga", "jeanne")
PAR_ROUTE = 3
ROUTES = {r.nom: r for r in DECLAREES}


def objets_de(route):
    if not route.regle.objet:
        return [None]
    return list(apps.get_model(route.regle.objet)._base_manager.order_by("pk")[:5])


@pytest.fixture(scope="module")
def formulaires(territoire):  # noqa: F811
    """{(route, method): [fields]} of every form that the pages of the portal print."""
    trouves = defaultdict(list)
    for nom in AUTEURS:
        personne = _lecteur(territoire, nom)
        for route in DECLAREES:
            if not route.regle.accepte("GET") or route.regle.acces == PUBLIC:
                continue
            if _sans_droit(route, personne, "GET"):
                continue
            for objet in objets_de(route):
                if objet is None or _lit(personne, objet):
                    relever(territoire.clients[nom], _adresse(route, objet), trouves)
    return trouves


def relever(client, adresse, trouves):
    """Note the forms of one page."""
    reponse = _demander(client, "GET", adresse)
    if reponse.status_code != 200 or "text/html" not in reponse.headers["Content-Type"]:
        return
    for saisie in saisies(reponse.content.decode()):
        try:
            vers = resolve(urlsplit(urljoin(adresse, saisie.action)).path).view_name
        except Resolver404:
            continue
        deja = trouves[vers, saisie.methode]
        if vers in ROUTES and len(deja) < PAR_ROUTE and saisie.champs not in deja:
            deja.append(saisie.champs)


def test_les_pages_donnent_la_plupart_des_saisies(formulaires):
    """A route that takes entries and that no page sends to would be tried empty only."""
    attendues = {r.nom for r in DECLAREES if r.regle.accepte("POST") and r.regle.acces != PUBLIC}
    trouvees = {nom for (nom, methode), champs in formulaires.items() if methode == "POST" and champs}
    assert len(attendues & trouvees) >= 0.7 * len(attendues), sorted(attendues - trouvees)


def test_matrice_avec_de_vraies_saisies(territoire, formulaires):  # noqa: F811
    essais, acceptees = 0, set()
    for (nom, methode), corps in sorted(formulaires.items()):
        route = ROUTES.get(nom)
        if route is None or not corps:
            continue
        objets = objets_de(route)
        for qui, client in territoire.clients.items():
            personne = _lecteur(territoire, qui)
            sans_droit = _sans_droit(route, personne, methode)
            canaris = _canaris_interdits(personne)
            for champs in corps[:1] if sans_droit else corps:
                absente = None
                cas = objets[:1] if sans_droit else objets
                if not sans_droit and route.regle.objet and _cle(route):
                    reponse = _demander(client, methode, _adresse(route, objets[0], INEXISTENTE), champs)
                    absente = reponse.status_code, MASQUES.sub(b"", reponse.content)
                    assert absente[0] == 404, (qui, nom)
                for objet in cas:
                    reponse = _demander(client, methode, _adresse(route, objet), champs)
                    essais += 1
                    octets = MASQUES.sub(b"", reponse.content)
                    situation = f"{qui} {methode} {nom} ({objet}) : {reponse.status_code}"
                    if sans_droit:
                        assert reponse.status_code == (302 if personne is None else 403), situation
                    elif objet is not None and not _lit(personne, objet):
                        assert absente is None or (reponse.status_code, octets) == absente, situation
                        assert reponse.status_code == 404, situation
                    else:
                        assert reponse.status_code < 500, situation
                        if methode == "POST" and reponse.status_code == 302:
                            acceptees.add(nom)
                    recus = octets + str(sorted(reponse.headers.items())).encode()
                    # what the person has just sent may come back to them
                    vus = [c for c in canaris if c in recus and c.decode() not in str(champs)]
                    assert not vus, f"{situation} montre {vus}"
    assert essais > 2_000
    assert len(acceptees) >= 60, "des saisies entières, que les règles du métier acceptent"

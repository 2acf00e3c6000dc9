"""No link leads its reader to a refusal: from the home page of each role, every link of every page that it reaches."""

import re
from collections import Counter, deque
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from gab.services import partages, seances

from . import monde as w

pytestmark = pytest.mark.django_db
PERSONNES = (
    *("alice", "andre", "celia", "denis", "medhi", "omar", "olga", "rene", "rita", "paul", "dora", "tom", "ingrid"),
    *("invitee", "jeanne", "nobody"),
)  # fmt: skip
PAGES = 150
#: Addresses of one view that are followed: the same page with other filters teaches nothing more.
PAR_VUE = 4
LIEN = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"')
HORS_DU_PORTAIL = ("/administration/", "/static/")


@pytest.fixture(scope="module")
def m(django_db_setup, django_db_blocker):
    """The world with a dossier shared and guests at a séance, built once, in a transaction undone at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield inviter(w.peupler(w.construire()))
        transaction.set_rollback(True)


def inviter(m):
    fin = timezone.localdate() + timedelta(days=9)
    dossier = m.places["lycee"].versement.dossier
    partage = partages.partager(dossier, motif="Suit son frère", fin=fin, par=m.celia, user=m.olga)
    partages.accepter(partage, par=m.olga)
    m.seance.invites.add(m.ingrid)
    m.invitee = w.personne("Invitee")
    w.adherer(m.invitee, w.Role.INVITE_SEANCE, m.cio)
    seances.inviter(m.seance, [m.invitee], par=m.celia)
    return m


def liens(html, adresse):
    """The addresses of the portal that a page leads to."""
    for trouve in LIEN.findall(html):
        partie = urlsplit(urljoin(adresse, trouve.replace("&amp;", "&")))
        if not partie.scheme and not partie.netloc and not partie.path.startswith(HORS_DU_PORTAIL):
            yield partie.path + (f"?{partie.query}" if partie.query else "")


@pytest.mark.parametrize("personne", PERSONNES)
def test_aucun_lien_ne_mene_a_un_refus(m, personne):
    client = w.connecter(Client(raise_request_exception=False), getattr(m, personne))
    file, vues, connues, impasses = deque([("/", "")]), Counter(), {"/"}, []
    while file and sum(vues.values()) < PAGES:
        adresse, depuis = file.popleft()
        vue = resolve(urlsplit(adresse).path).view_name
        if vues[vue] >= PAR_VUE:
            continue
        vues[vue] += 1
        reponse = client.get(adresse, follow=True)
        if reponse.status_code >= 400:
            impasses.append((reponse.status_code, adresse, depuis))
        elif reponse.headers["Content-Type"].startswith("text/html") and not reponse.streaming:
            for suivante in liens(reponse.content.decode(), adresse):
                if suivante not in connues:
                    connues.add(suivante)
                    file.append((suivante, adresse))
    assert not impasses, "\n".join(map(str, impasses))
    assert vues

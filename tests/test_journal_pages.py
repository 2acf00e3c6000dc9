"""The journal: readable by the DPO, exported, and changed by nobody."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from qualit.journal.models import Action, Trace
from qualit.journal.services import noter

from . import monde as w

pytestmark = pytest.mark.django_db


@pytest.fixture
def m(db):
    m = w.construire()
    m.celia.adhesion_choisie = m.celia.adhesions.get()  # as the middleware does
    noter(Action.LECTURE, "gab:dossier", par=m.celia, jeunes=[41], motif="=cmd()")
    noter(Action.LECTURE, "gab:dossier", par=m.denis, jeunes=[42])
    noter(Action.LECTURE, "ailleurs", par=m.robin, jeunes=[43])
    return m


def test_le_dpo_filtre_et_exporte(m):
    client = w.connecter(Client(), m.dora)
    page = client.get(reverse("journal:journal")).content.decode()
    assert "Coordinateur" in page and "coordinateur_gab" not in page  # the role as people know it
    assert "gab:dossier" in page and "ailleurs" not in page  # another académie has its own DPO
    page = client.get(reverse("journal:journal"), {"jeune": "41"}).content.decode()
    assert "Celia Essai" in page and "Denis Essai" not in page
    fichier = client.get(reverse("journal:journal"), {"personne": "celia", "format": "csv"})
    export = b"".join(fichier.streaming_content).decode()
    assert "celia@example.invalid" in export and "denis@" not in export and ";'=cmd()" in export
    assert Trace.objects.filter(action=Action.EXPORT, quoi="journal", acteur=m.dora).exists()


def test_les_autres_ne_le_lisent_pas(m):
    for qui in (m.rene, m.celia, m.tom, m.alice):
        assert w.connecter(Client(), qui).get(reverse("journal:journal")).status_code == 403


@pytest.mark.parametrize("ordre", ["UPDATE journal_trace SET role = ''", "DELETE FROM journal_trace"])
def test_il_ne_se_modifie_pas(m, ordre):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(ordre)
    assert Trace.objects.count() == 3

"""Twenty-four months after the last closing a jeune is archived: the rectorat alone goes on reading."""

import pytest
from dateutil.relativedelta import relativedelta
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.models import Jeune
from gab import services as gab
from gab.models import Dossier, Entretien, Mission
from qualit.rgpd import conservation
from signalements.models import Signalement

from . import monde as w

pytestmark = pytest.mark.django_db


@pytest.fixture
def m(db):
    m = w.construire()
    m.s = w.signaler(m.lycee, m.alice)
    m.dossier = gab.juger_recevable(m.s, par=m.celia)
    m.mission = gab.missionner(m.dossier, m.ml, par=m.celia)
    gab.accepter_mission(m.mission, par=m.omar)
    gab.terminer_mission(m.mission, "fin", par=m.omar)
    m.dossier.refresh_from_db()
    gab.clore(m.dossier, "autre", par=m.celia)
    m.jeune = m.dossier.jeune
    return m


def vieillir(m, mois):
    Dossier.objects.update(clos_le=timezone.now() - relativedelta(months=mois, days=2))
    return conservation.archiver()


def lit(qui):
    """What this person reads, table by table."""
    return tuple(
        modele.objects.visibles_par(qui).count()
        for modele in (Signalement, Jeune, Dossier, Mission, Entretien)
    )


def test_avant_vingt_quatre_mois_rien_ne_change(m):
    assert vieillir(m, 23) == 0
    assert lit(m.celia)[:4] == (1, 1, 1, 1) and lit(m.omar)[3] == 1 and lit(m.alice)[0] == 1


def test_ensuite_le_rectorat_seul_lit(m):
    assert vieillir(m, 24) == 1 and vieillir(m, 24) == 0
    for qui in (m.celia, m.medhi, m.omar, m.alice):
        assert lit(qui) == (0, 0, 0, 0, 0)
    assert lit(m.rene)[:4] == (1, 1, 1, 1)
    for qui, attendu in ((m.celia, 404), (m.rene, 200)):
        client = w.connecter(Client(), qui)
        assert client.get(reverse("suivi:jeune", args=[m.jeune.reference])).status_code == attendu
        trouve = client.post(reverse("suivi:recherche"), {"quoi": "duvivier maelle"}).content.decode()
        assert ("DUVIVIER" in trouve) is (attendu == 200)


def test_un_nouveau_signalement_le_rouvre_a_tous(m):
    """The person comes back: the same jeune is recognised, and the GAB reads everything again."""
    vieillir(m, 24)
    Dossier.objects.update(date_sortie=timezone.localdate() - relativedelta(days=20))
    nouveau = w.signaler(m.lycee, m.alice)
    assert nouveau.rattachements.get().jeune == m.jeune
    assert nouveau.versement.dossier == m.dossier
    assert lit(m.celia)[:3] == (2, 1, 1) and lit(m.alice)[0] == 2

"""Who may read a jeune, and who did: the page says exactly what `visibles_par` says."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.models import Jeune
from gab.services import partages
from qualit.rgpd import services as rgpd
from qualit.rgpd.models import Demande
from qualit.territoire.models import Utilisateur
from signalements.models import Signalement
from suivi import qui_voit

from . import monde as w

pytestmark = pytest.mark.django_db


@pytest.fixture
def m(db):
    m = w.peupler(w.construire())
    m.jeune = m.places["lycee"].rattachements.get().jeune
    return m


def lisent(jeune):
    """Everybody who reads the jeune or one of the reports, by the rights themselves."""
    signalements = Signalement.objects.filter(
        rattachements__jeune=jeune, rattachements__defait_le__isnull=True
    )
    return {
        u
        for u in Utilisateur.objects.all()
        if Jeune.objects.visibles_par(u).filter(pk=jeune.pk).exists()
        or Signalement.objects.visibles_par(u).filter(pk__in=signalements).exists()
    }


@pytest.mark.parametrize("place", ["lycee", "cfa", "lycee_lisieux", "lycee_rouen"])
def test_la_liste_est_celle_des_droits(m, place):
    jeune = m.places[place].rattachements.get().jeune
    dossier = jeune.dossiers.get()
    if place == "lycee":
        partage = partages.partager(
            dossier, motif="suivi", fin=timezone.localdate() + timedelta(days=9), par=m.celia, user=m.olga
        )
        partages.accepter(partage, par=m.olga)
        m.seance.invites.add(m.ingrid)
    liste = {p for lecteur in qui_voit.lecteurs(jeune) for p in lecteur.personnes}
    assert liste == lisent(jeune) and liste


def test_la_page_est_au_coordinateur_et_au_rectorat(m):
    adresse = reverse("suivi:qui_voit", args=[m.jeune.reference])
    w.connecter(Client(), m.celia).get(reverse("suivi:jeune", args=[m.jeune.reference]))
    page = w.connecter(Client(), m.rene).get(adresse).content.decode()
    assert "Structure missionnée" in page and "Omar Essai" in page
    assert "Qui l’a consultée" in page and "Celia Essai" in page
    assert w.connecter(Client(), m.celia).get(adresse).status_code == 200
    for qui in (m.omar, m.alice, m.medhi):
        assert w.connecter(Client(), qui).get(adresse).status_code in (403, 404)


def test_le_delegue_le_voit_depuis_une_demande(m):
    une = rgpd.ouvrir(Demande(type="controle", demandeur="Dora", qualite="delegue"), par=m.dora)
    adresse = reverse("rgpd:qui_voit", args=[une.reference])
    client = w.connecter(Client(), m.dora)
    assert client.get(adresse).status_code == 302  # nobody is designated yet
    rgpd.designer(une, m.jeune, par=m.dora)
    assert "Omar Essai" in client.get(adresse).content.decode()


def test_la_notice_des_familles_se_lit_et_s_imprime(db, settings):
    page = Client().get(reverse("notice_familles")).content.decode()
    assert "24 mois après la fin" in page and "12 mois d’archives" in page
    document = Client().get(reverse("notice_familles_pdf"))
    assert document.status_code == 302 or document.content.startswith(b"%PDF")

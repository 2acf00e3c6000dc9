"""Somebody leaves: what they hold goes to a colleague in one action, or shows in the list of what is to be taken over."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gab import services as gab
from gab.models import Creneau
from qualit.acteurs import passation
from qualit.acteurs.services import desactiver, nommer_suppleant
from qualit.journal.models import Trace
from qualit.notifications.models import Avis
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Adhesion, Utilisateur
from qualit.territoire.roles import Role

from . import monde as w

pytestmark = pytest.mark.django_db


@pytest.fixture
def m(db):
    m = w.construire()
    m.ophelie = w.personne("Ophelie")
    w.adherer(m.ophelie, Role.OPERATEUR, m.ml)
    s = w.signaler(m.lycee, m.alice)
    m.dossier = gab.juger_recevable(s, par=m.celia)
    m.entretien = gab.convoquer(
        m.dossier,
        quand=timezone.now() + timedelta(days=3),
        lieu="CIO",
        mode="presence",
        canaux=["lettre"],
        par=m.medhi,
        mene_par=m.medhi,
    )
    m.creneau = Creneau.objects.create(
        bassin=m.caen, quand=timezone.now() + timedelta(days=4), mene_par=m.medhi, cree_par=m.medhi
    )
    m.mission = gab.missionner(m.dossier, m.ml, par=m.celia)
    gab.accepter_mission(m.mission, par=m.omar)
    m.brouillon = w.signalement(m.lycee, m.alice, 1)
    return m


def fin(m, adhesion, qui, **champs):
    client = w.connecter(Client(), qui)
    return client.post(
        reverse("territoire:terminer_adhesion", args=[adhesion.reference]), {"le": ""} | champs, follow=True
    )


def test_la_page_dit_ce_qui_est_en_cours_et_le_remet_en_une_action(m):
    adhesion = m.omar.adhesions.get()
    w.adherer(m.rene, Role.RECTORAT_PILOTE, m.academie)
    client = w.connecter(Client(), m.rene)
    page = client.get(reverse("territoire:terminer_adhesion", args=[adhesion.reference])).content.decode()
    assert "1 mission suivie" in page and "Ophelie" in page
    reponse = fin(m, adhesion, m.rene, a=m.ophelie.reference)
    assert "Confié à Ophelie Essai : 1 mission suivie." in reponse.content.decode()
    m.mission.refresh_from_db()
    assert m.mission.conseiller == m.ophelie
    assert not droits.a_le_droit(Utilisateur.objects.get(pk=m.omar.pk), Droit.REPONDRE_MISSION)
    trace = Trace.objects.get(quoi="passation")
    assert trace.jeunes == [m.dossier.jeune_id] and trace.details["a"] == m.ophelie.pk
    assert trace.details["de"] == [m.omar.pk]
    assert Avis.objects.filter(destinataire=m.ophelie, code="dossiers_repris").count() == 1


def test_un_membre_du_gab_remet_entretiens_et_creneaux(m):
    passation.terminer_et_remettre(m.medhi.adhesions.get(), par=m.rene, a=m.celia)
    m.entretien.refresh_from_db(), m.creneau.refresh_from_db()
    assert m.entretien.mene_par == m.creneau.mene_par == m.celia


def test_les_brouillons_passent_a_un_collegue_de_l_etablissement(m):
    passation.terminer_et_remettre(m.alice.adhesions.get(), par=m.andre, a=m.andre)
    m.brouillon.refresh_from_db()
    assert m.brouillon.auteur == m.andre
    envoye = m.dossier.versements.get().signalement
    assert envoye.auteur == m.alice  # who sent a report stays written


def test_sans_repreneur_la_liste_le_montre_et_l_equipe_est_avertie(m):
    fin(m, m.omar.adhesions.get(), m.rene)
    assert Avis.objects.filter(destinataire=m.ophelie, code="dossiers_a_reprendre").exists()
    client = w.connecter(Client(), m.ophelie)
    assert "une personne partie" in client.get("/").content.decode()
    page = client.get(reverse("territoire:a_reprendre")).content.decode()
    assert "1 mission suivie – Omar Essai" in page and m.dossier.reference in page
    lot = passation.lots(m.ophelie)[0]
    client.post(reverse("territoire:a_reprendre"), {"lot": lot.cle, "a": m.ophelie.reference})
    m.mission.refresh_from_db()
    assert m.mission.conseiller == m.ophelie
    assert "Rien à reprendre" in client.get(reverse("territoire:a_reprendre")).content.decode()
    # a second person, a second later
    page = client.post(reverse("territoire:a_reprendre"), {"lot": lot.cle, "a": m.ophelie.reference})
    assert "déjà été confié" in page.content.decode()


def test_on_ne_confie_qu_une_partie(m):
    autre = gab.juger_recevable(w.signaler(m.cfa, m.basile, 2), par=m.celia)
    mission = gab.missionner(autre, m.ml, par=m.celia)
    gab.accepter_mission(mission, par=m.omar)
    desactiver(m.omar, "ferme", par=m.rene)
    (lot,) = passation.lots(m.rene)
    assert len(lot.lignes) == 2
    assert passation.confier(lot.cle, m.ophelie, par=m.rene, references=[mission.reference]) == 1
    m.mission.refresh_from_db(), mission.refresh_from_db()
    assert (m.mission.conseiller, mission.conseiller) == (m.omar, m.ophelie)


def test_chacun_ne_voit_que_ses_equipes(m):
    desactiver(m.omar, "ferme", par=m.rene)
    assert passation.nombre_a_reprendre(m.ophelie) == passation.nombre_a_reprendre(m.rene) == 1
    for qui in (m.celia, m.denis, m.olga, m.andre):
        assert passation.nombre_a_reprendre(qui) == 0
    (lot,) = passation.lots(m.rene)
    for qui in (m.denis, m.olga):
        with pytest.raises(ValidationError):
            passation.confier(lot.cle, m.olga, par=qui)
    with pytest.raises(ValidationError):  # somebody of another structure
        passation.confier(lot.cle, m.olga, par=m.rene)
    with pytest.raises(PermissionDenied):
        passation.terminer_et_remettre(m.olga.adhesions.get(), par=m.andre)


def test_le_coordinateur_qui_part_a_un_successeur(m):
    adhesion = m.celia.adhesions.get()
    client = w.connecter(Client(), m.rene)
    page = client.get(reverse("territoire:terminer_adhesion", args=[adhesion.reference])).content.decode()
    assert "seul coordinateur de ce bassin" in page
    passation.terminer_et_remettre(adhesion, par=m.rene, a=m.medhi, donner_le_role=True)
    assert droits.peut(Utilisateur.objects.get(pk=m.medhi.pk), Droit.PRECONISER, m.dossier)
    assert not passation.bassins_sans_coordinateur(m.rene).exists()


def test_un_bassin_sans_coordinateur_se_voit(m):
    passation.terminer_et_remettre(m.denis.adhesions.get(), par=m.rene)
    client = w.connecter(Client(), m.rene)
    page = client.get(reverse("territoire:a_reprendre")).content.decode()
    assert "Bassin sans coordinateur" in page and "Lisieux" in page


def test_ce_qu_une_autre_adhesion_permet_de_tenir_reste(m):
    """A coordinator who is also a member of the GAB keeps the interviews when one of the two ends."""
    seconde = w.adherer(m.medhi, Role.COORDINATEUR_GAB, m.caen)
    assert passation.en_cours(seconde) == []
    passation.terminer_et_remettre(seconde, par=m.rene)
    assert passation.nombre_a_reprendre(m.celia) == 0


def test_le_suppleant_agit_entre_ses_dates_puis_plus(m):
    aujourdhui = timezone.localdate()
    suppleance = nommer_suppleant(m.celia, m.medhi, m.caen, debut=aujourdhui, fin=aujourdhui, par=m.celia)
    assert droits.peut(Utilisateur.objects.get(pk=m.medhi.pk), Droit.MISSIONNER, m.dossier)
    demain = aujourdhui + timedelta(days=1)
    autre = nommer_suppleant(m.celia, m.medhi, m.caen, debut=demain, fin=demain, par=m.celia)
    client = w.connecter(Client(), m.celia)
    page = client.post(reverse("territoire:suppleance"), {"reprendre": autre.reference}, follow=True)
    assert "ne vous supplée plus" in page.content.decode()
    assert not Adhesion.objects.filter(supplee=m.celia, debut__gte=demain).exists()
    hier = aujourdhui - timedelta(days=1)
    Adhesion.objects.filter(pk=suppleance.pk).update(debut=hier, fin=hier)
    medhi = Utilisateur.objects.get(pk=m.medhi.pk)
    assert not droits.peut(medhi, Droit.MISSIONNER, m.dossier)
    assert droits.peut(medhi, Droit.TRIER, m.dossier)  # still a member of the GAB
    assert passation.nombre_a_reprendre(m.celia) == 0

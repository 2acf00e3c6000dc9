"""The guests of a séance: what the invitation gives, what their home page shows, and until when."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from gab import services
from gab.models import Seance
from gab.services import seances
from qualit.territoire.models import Adhesion
from qualit.territoire.roles import Role
from qualit.workflow import TransitionImpossible

from . import monde as w

pytestmark = pytest.mark.usefixtures("nomenclatures")


@pytest.fixture
def seance(monde):
    """A séance of Caen in three days, with one dossier."""
    dossier = services.juger_recevable(w.signaler(monde.lycee, monde.alice), par=monde.celia)
    quand = timezone.now() + timedelta(days=3)
    return seances.preparer(Seance(bassin=monde.caen, quand=quand, lieu="CIO"), [dossier], par=monde.celia)


def invitations(client, personne):
    client.force_login(personne)
    return [t for t in client.get(reverse("accueil")).context["tuiles"] if t.titre.startswith("Séance")]


def page(client, seance):
    return client.get(reverse("gab:seance", args=[seance.reference]))


def test_un_operateur_invite_ouvre_la_seance_depuis_son_accueil(client, monde, seance):
    assert invitations(client, monde.olga) == []
    client.force_login(monde.celia)
    client.post(reverse("gab:invites", args=[seance.reference]), {"courriel": monde.olga.email})
    (tuile,) = invitations(client, monde.olga)
    assert (tuile.titre, tuile.nombre) == ("Séance du GAB de Caen", 1) and "CIO" in tuile.texte
    assert page(client, seance).status_code == 403  # as an operator, nothing of Caen
    donnees = {"adhesion": tuile.adhesion, "vers": tuile.url}
    assert client.post(reverse("territoire:choisir_adhesion"), donnees)["Location"] == tuile.url
    assert "DUVIVIER" in page(client, seance).content.decode()
    # as a guest, the tile is a plain link
    tuiles = client.get(reverse("accueil")).context["tuiles"]
    (tuile,) = [t for t in tuiles if t.titre.startswith("Séance")]
    assert tuile.adhesion is None


def test_le_role_d_invite_se_donne_une_fois_et_n_ouvre_rien_d_autre(monde, seance, client):
    seances.inviter(seance, [monde.olga, monde.medhi], par=monde.celia)
    invitee = Adhesion.objects.get(role=Role.INVITE_SEANCE)
    assert (invitee.utilisateur, invitee.structure) == (monde.olga, monde.ml_lisieux)  # medhi is of the GAB
    assert invitee.fin == timezone.localdate(seance.quand) + seances.DUREE_DE_L_INVITE
    autre = seances.preparer(
        Seance(bassin=monde.caen, quand=seance.quand + timedelta(days=30)), [], par=monde.celia
    )
    client.force_login(monde.olga)
    client.post(reverse("territoire:choisir_adhesion"), {"adhesion": invitee.pk, "suite": "/"})
    assert page(client, seance).status_code == 200 and page(client, autre).status_code == 404
    seances.inviter(autre, [monde.olga], par=monde.celia)
    invitee.refresh_from_db()
    assert Adhesion.objects.filter(role=Role.INVITE_SEANCE).count() == 1
    assert invitee.fin == timezone.localdate(autre.quand) + seances.DUREE_DE_L_INVITE
    assert [t.url for t in invitations(client, monde.olga)] == [
        reverse("gab:seance", args=[s.reference]) for s in (seance, autre)
    ]
    assert invitations(client, monde.medhi) == []


def test_sans_structure_l_invitation_dit_quoi_faire(monde, seance, client):
    with pytest.raises(TransitionImpossible):
        seances.inviter(seance, [monde.ingrid], par=monde.celia)
    client.force_login(monde.celia)
    reponse = client.post(
        reverse("gab:invites", args=[seance.reference]), {"courriel": monde.ingrid.email}, follow=True
    )
    assert "n’appartient à aucune structure" in reponse.content.decode()
    assert not seance.invites.exists()


def test_la_tuile_suit_la_seance(client, monde, seance):
    seances.inviter(seance, [monde.olga], par=monde.celia)
    Seance.objects.filter(pk=seance.pk).update(quand=timezone.now() - timedelta(days=1))
    assert invitations(client, monde.olga) == []  # gone by without being opened
    Seance.objects.filter(pk=seance.pk).update(etat=Seance.Etat.OUVERTE)
    assert len(invitations(client, monde.olga)) == 1
    seances.decommander(seance, monde.olga, par=monde.celia)
    assert invitations(client, monde.olga) == []

"""Field by field: the pages obey `champs.py` (decisions.md 9 and 26), and no field of a jeune is left out of the table."""

from datetime import timedelta

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gab import services as gab
from gab.models import Seance
from gab.services import seances
from qualit.rgpd.inventaire import TABLES
from qualit.territoire.champs import GROUPES, HORS_TABLE
from qualit.territoire.roles import Role

from . import monde as w

MESSAGE = "Message au GAB seulement"
MOTIF_TRANSFERT = "Motif du transfert, entre bassins"
AUTRE = "Mot pour une autre structure"


@pytest.fixture
def m(db):
    m = w.construire()
    m.s = w.signaler(
        m.lycee,
        m.alice,
        nature_sortie="exclusion_definitive",
        motifs=["exclusion_sanction", "raisons_personnelles", "attrait_vie_active"],
        message=MESSAGE,
    )
    m.s.responsables.create(nom="LANGLOIS", prenom="Odile", telephone="06 39 98 55 55")
    m.dossier = gab.juger_recevable(m.s, par=m.celia)
    refusee = gab.missionner(m.dossier, m.cio, par=m.celia, message=AUTRE)
    gab.revoquer_mission(refusee, AUTRE, par=m.celia)
    m.mission = gab.missionner(m.dossier, m.ml, par=m.celia)
    gab.accepter_mission(m.mission, par=m.omar)
    gab.proposer_transfert(m.dossier, m.lisieux, MOTIF_TRANSFERT, par=m.celia)
    w.adherer(m.ingrid, Role.INVITE_SEANCE, m.cio)
    seance = Seance(bassin=m.caen, quand=timezone.now() + timedelta(days=1))
    seances.preparer(seance, [m.dossier], par=m.celia)
    seance.invites.add(m.ingrid)
    m.jeune = m.dossier.jeune
    return m


def pages(m, qui):
    """Every page about the jeune that this person may open, as one text."""
    client, texte = w.connecter(Client(), qui), ""
    for adresse in (
        reverse("gab:dossier", args=[m.dossier.reference]),
        reverse("suivi:jeune", args=[m.jeune.reference]),
        reverse("suivi:mission", args=[m.mission.reference]),
        reverse("suivi:missions"),
    ):
        reponse = client.get(adresse)
        if reponse.status_code == 200:
            texte += reponse.content.decode()
    assert "DUVIVIER" in texte
    return texte


RESERVES = ("Exclusion", "exclusion", "aisons personnelles", MESSAGE, MOTIF_TRANSFERT, AUTRE)


def test_un_operateur_ne_lit_ni_l_exclusion_ni_les_raisons_personnelles_ni_les_echanges_du_gab(m):
    texte = pages(m, m.omar)
    assert [mot for mot in RESERVES if mot in texte] == []
    assert "Sortie en cours d’année" in texte and "ttrait" in texte and "LANGLOIS" in texte


def test_un_invite_n_a_ni_les_motifs_ni_le_responsable_legal(m):
    texte = pages(m, m.ingrid)
    assert [mot for mot in (*RESERVES, "ttrait de la vie active", "LANGLOIS") if mot in texte] == []


def test_le_gab_lit_tout(m):
    texte = pages(m, m.celia)
    assert [mot for mot in (MESSAGE, MOTIF_TRANSFERT, AUTRE, "LANGLOIS") if mot not in texte] == []
    assert "xclusion" in texte


def test_aucun_champ_n_est_oublie():
    """Every text, list or date of birth of the tables about a jeune is in a group, or out of it with a reason."""
    dits = {champ for groupe in GROUPES.values() for champ in groupe.champs} | set(HORS_TABLE)
    oublies = []
    for table in TABLES:
        if table.modele.split(".")[0] in {"rgpd", "api"}:
            continue
        for champ in table.classe._meta.concrete_fields:
            nom = f"{table.modele}.{champ.name}"
            texte = isinstance(champ, models.CharField | models.TextField | models.JSONField) or hasattr(
                champ, "base_field"
            )
            if texte and nom not in dits and table.modele not in HORS_TABLE:
                oublies.append(nom)
    assert oublies == []

"""The documents about rights say what the code says, and name fields that exist."""

from django.apps import apps
from django.core.management import call_command

from qualit.territoire.champs import GROUPES, MOTIFS_RESERVES, NATURES_RESERVEES
from qualit.territoire.droits import LECTURE_EN_CLAIR, ROLES_DU_DROIT, Droit
from qualit.territoire.roles import Role


def test_les_documents_sont_a_jour():
    call_command("documenter_droits", "--verifier")


def test_chaque_champ_existe():
    for groupe in GROUPES.values():
        for champ in groupe.champs:
            app, modele, nom = champ.split(".")
            assert apps.get_model(app, modele)._meta.get_field(nom), champ


def test_chaque_role_et_chaque_droit_sont_decrits():
    assert set(LECTURE_EN_CLAIR) == set(Role)
    assert set(ROLES_DU_DROIT) == set(Droit)


def test_ce_qu_un_etablissement_et_un_operateur_ne_lisent_pas():
    """decisions.md 26."""
    for code in ("entretien", "preconisation", "suivi", "devenir", "mission"):
        assert not GROUPES[code].lecture & {Role.SIGNALEUR, Role.REFERENT_STRUCTURE}, code
    assert Role.OPERATEUR not in GROUPES["message"].lecture
    assert "exclusion_definitive" in NATURES_RESERVEES
    assert {"exclusion_sanction", "raisons_personnelles"} <= MOTIFS_RESERVES


def test_qui_ne_lit_aucun_nom():
    for groupe in GROUPES.values():
        assert not groupe.lecture & {Role.RECTORAT_LECTURE, Role.PARTENAIRE, Role.DPO, Role.ADMIN_TECHNIQUE}

"""`manage.py diagnostiquer`: each thing missing is named, and the command fails."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from qualit.web.diagnostic import diagnostiquer

pytestmark = pytest.mark.django_db


def niveaux():
    return {c.sujet: c.niveau for c in diagnostiquer()}


def test_ce_qui_est_en_place_et_ce_qui_manque():
    trouves = niveaux()
    assert trouves["PostgreSQL"] == trouves["Migrations"] == trouves["Rôles"] == "ok"
    assert trouves["Ouvrier"] == "erreur"  # none works during the tests
    assert trouves["Rôle de l’application"] == "attention"  # the owner, as commands of the demonstration are


def test_le_role_de_l_application_convient():
    with connection.cursor() as curseur:
        curseur.execute("SET LOCAL ROLE qualit_app")
        assert niveaux()["Rôle de l’application"] == "ok"
        curseur.execute("SET LOCAL ROLE qualit_recherche")
        assert niveaux()["Rôle de l’application"] == "erreur"  # may do what a superuser may


def test_la_commande_echoue_et_se_lit_en_json():
    sortie = StringIO()
    with pytest.raises(CommandError):
        call_command("diagnostiquer", "--json", stdout=sortie)
    bilan = json.loads(sortie.getvalue())
    assert bilan["erreurs"] >= 1 and {"sujet", "niveau", "texte"} == set(bilan["constats"][0])

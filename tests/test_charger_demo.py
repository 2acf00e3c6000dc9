"""The demonstration: reproducible, every state populated, accounts that sign in, nothing in production."""

import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.models import Fusion, Jeune, Paire, Rattachement
from gab.coherence import verifier
from gab.models import Dossier, Entretien, EtatDossier, Mission, Seance, Transfert
from qualit.journal.models import Passage
from qualit.territoire import nomenclatures
from qualit.territoire.chargement import charger_referentiels
from qualit.territoire.models import Adhesion
from qualit.territoire.roles import Role
from qualit.workflow import MACHINES
from signalements.models import EtatSignalement, Signalement
from statistiques.demo.acteurs import comptes
from statistiques.demo.peuplement import Peuplement
from suivi.models import Devenir, Etape


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """A demonstration of 1 200 jeunes, rolled back at the end of the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        charger_referentiels(inventees=True)
        yield Peuplement(14, date(2026, 11, 24), 1200).peupler()
        transaction.set_rollback(True)
    nomenclatures.vider_cache()


def test_each_state_is_populated(demo):
    def etats(modele):
        return set(modele.objects.values_list("etat", flat=True))

    assert etats(Signalement) == set(EtatSignalement.values)
    assert etats(Dossier) == set(EtatDossier.values)
    assert etats(Mission) == set(Mission.Etat.values)
    assert etats(Entretien) == set(Entretien.Etat.values)
    assert {"a_decider", "differents", "meme"} <= etats(Paire)
    assert {"preparee", "signee"} <= etats(Seance)
    assert "accepte" in etats(Transfert)
    assert set(Devenir.objects.values_list("groupe", flat=True)) == {
        "", "formation", "insertion", "accompagnement",
    }  # fmt: skip


def test_three_campaigns_and_nothing_in_the_future(demo):
    envois = Signalement.objects.envoyes()
    assert envois.de_la_campagne(2024).exists() and envois.de_la_campagne(2026).exists()
    assert not envois.filter(envoye_le__date__gt=date(2026, 11, 24)).exists()
    assert (
        not Passage.objects.filter(quand__date__gt=date(2026, 11, 24))
        .exclude(
            objet_type__in=["dedoublonnage.paire", "gab.dossier"], action__in=["confirmer_meme", "clore"]
        )
        .exists()
    )


def test_history_only_takes_the_transitions_of_the_tables(demo):
    permises = {
        (etiquette, t.action, depart, t.vers)
        for etiquette, (_, table) in MACHINES.items()
        for t in table
        for depart in t.de
    }
    vues = set(Passage.objects.values_list("objet_type", "action", "de", "vers").distinct())
    assert {v for v in vues if v[2] and v[0] in MACHINES} <= permises


def test_nothing_falls_out(demo, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *_: date(2026, 11, 24))
    assert verifier()["details"] == {}


def test_every_report_is_attached_once_and_about_one_in_ten_is_a_duplicate(demo):
    envoyes = Signalement.objects.envoyes().count()
    assert Rattachement.objects.actifs().count() == envoyes
    assert 0.03 < 1 - Jeune.objects.vivants().count() / envoyes < 0.15
    assert Rattachement.objects.filter(mode="automatique").exclude(contributions=[]).exists()
    assert Fusion.objects.exists()


def test_the_named_gab_have_calls_to_make(demo):
    for code in ("caen", "lisieux"):
        rappels = Etape.objects.rappels_du_gab().filter(dossier__bassin__code=code)
        assert rappels.filter(rappeler_le__lt=date(2026, 11, 24)).exists()
        assert rappels.filter(rappeler_le__gt=date(2026, 11, 24)).exists()


def test_an_account_for_each_role_signs_in(demo, client):
    lignes = comptes()
    assert {ligne["role"] for ligne in lignes} == set(Role.values)
    for role in (
        Role.SIGNALEUR,
        Role.REFERENT_STRUCTURE,
        Role.COORDINATEUR_GAB,
        Role.MEMBRE_GAB,
        Role.OPERATEUR,
    ):
        sieges = [
            a.siege
            for a in Adhesion.objects.filter(role=role, utilisateur__email__in=[x["email"] for x in lignes])
        ]
        bassins = {getattr(s, "bassin", s) for s in sieges}
        assert {b.code for b in bassins} >= {"caen", "lisieux"}
    for ligne in {ligne["email"]: ligne for ligne in lignes}.values():
        client.logout()
        reponse = client.post(
            reverse("account_login"),
            {"login": ligne["email"], "password": ligne["mot_de_passe"], "next": "/sante"},
        )
        assert reponse.status_code == 302, ligne["email"]


def test_comptes_demo_prints_json(demo, capsys):
    call_command("comptes_demo", json=True)
    lignes = json.loads(capsys.readouterr().out)
    assert set(lignes[0]) == {"email", "mot_de_passe", "role", "structure"}


def test_refused_in_production_and_on_a_base_in_use(demo, settings):
    with pytest.raises(CommandError, match="déjà des signalements"):
        call_command("charger_demo")
    settings.DEMONSTRATION = False
    for commande in ("charger_demo", "comptes_demo"):
        with pytest.raises(CommandError, match="production"):
            call_command(commande)


@pytest.mark.django_db
def test_same_seed_same_people():
    def cliche():
        with transaction.atomic():
            charger_referentiels(inventees=True)
            Peuplement(3, date(2025, 5, 15), 60).peupler()
            lignes = (
                list(
                    Signalement.objects.order_by("pk").values_list(
                        "reference", "nom_tri", "etat", "structure__code", "envoye_le"
                    )
                ),
                list(Dossier.objects.order_by("pk").values_list("reference", "etat", "bassin__code")),
            )
            transaction.set_rollback(True)
        return lignes

    assert cliche() == cliche()

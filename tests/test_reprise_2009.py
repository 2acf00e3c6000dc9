"""The campaign 2009-2010: slips shaped on three figures, recovered by the engine and by recorded answers only."""

import pytest
from django.core.management import CommandError, call_command

from dedoublonnage.models import Jeune, Paire, Rattachement
from gab.models import Dossier
from qualit.notifications.models import Avis, Courriel
from qualit.territoire.chargement import charger_referentiels
from qualit.territoire.models import Adhesion, Utilisateur
from signalements.models import Origine, Signalement
from statistiques.demo import fiches_2009
from statistiques.reprise import COURRIEL, Reprise


@pytest.mark.parametrize("graine", [fiches_2009.GRAINE, 1, 77])
def test_the_truth_of_the_slips_is_the_note_of_the_experiment(graine):
    fiches, verite = fiches_2009.inventer(graine)
    jeunes, solution, automne = fiches_2009.chiffres_vrais(fiches, verite)
    assert (len(fiches), jeunes) == (2350, 2130)
    assert round(100 * solution / jeunes, 1) == 72.0
    assert round(100 * automne / jeunes, 1) == 70.0
    assert [f.date for f in fiches] == sorted(f.date for f in fiches)
    assert fiches[0].date >= "2009-07-01" and fiches[-1].date <= "2010-06-30"


def test_committed_slips_are_those_of_the_seed(tmp_path):
    fiches, reponses, verite = fiches_2009.lire()
    assert (fiches, verite) == fiches_2009.inventer()
    fiches_2009.ecrire(tmp_path, fiches, reponses, verite)
    for nom in ("fiches.csv", "reponses.csv", "verite.csv"):
        assert (tmp_path / nom).read_bytes() == (fiches_2009.DOSSIER / nom).read_bytes()
    assert all(meme == (verite[a] == verite[b]) for (a, b), meme in reponses.items())


@pytest.mark.django_db
def test_another_seed_lands_near_its_own_truth_and_leaves_nothing_open():
    charger_referentiels(inventees=True)
    fiches, verite = fiches_2009.inventer(5, 120, 150)
    reprise = Reprise(fiches, lambda a, b: verite[a] == verite[b])
    bilan = reprise.charger()
    reprise.confronter(verite)
    jeunes, solution, automne = fiches_2009.chiffres_vrais(fiches, verite)
    assert bilan.fiches == 150 and bilan.automatiques > 10
    assert abs(bilan.jeunes - jeunes) <= 2 and bilan.jeunes == jeunes + bilan.manques - bilan.joints_a_tort
    assert abs(bilan.avec_solution - solution) <= 2
    assert abs(bilan.septembre_decembre - automne) <= 2
    assert bilan.demandes == bilan.memes + bilan.differents and bilan.sans_reponse == 0
    # the figures are those of the database, the history is closed, nobody was told, the account is off
    rattaches = Rattachement.objects.actifs().filter(signalement__origine=Origine.REPRISE)
    assert rattaches.count() == 150 == Signalement.objects.filter(origine=Origine.REPRISE).count()
    assert Jeune.objects.vivants().count() == bilan.jeunes
    assert set(Dossier.objects.values_list("etat", flat=True)) == {"clos"}
    assert not Avis.objects.exists() and not Courriel.objects.exists()
    assert not Utilisateur.objects.get(email=COURRIEL).is_active and not Adhesion.objects.exists()
    with pytest.raises(CommandError, match="déjà reprise"):
        call_command("charger_reprise_2009")


@pytest.mark.django_db
def test_without_recorded_answers_the_doubtful_pairs_stay_open():
    charger_referentiels(inventees=True)
    fiches, verite = fiches_2009.inventer(5, 120, 150)
    reprise = Reprise(fiches, lambda a, b: None)
    bilan = reprise.charger()
    assert bilan.sans_reponse == bilan.demandes > 0
    assert Paire.objects.a_decider().count() == bilan.sans_reponse
    reprise.confronter(verite)
    assert bilan.jeunes == bilan.manques - bilan.joints_a_tort + 120


@pytest.mark.long
@pytest.mark.django_db
def test_the_committed_campaign_lands_within_half_a_percent(capsys):
    charger_referentiels(inventees=True)
    fiches, reponses, verite = fiches_2009.lire()
    reprise = Reprise(fiches, lambda a, b: reponses.get((a, b)))
    bilan = reprise.charger()
    assert abs(bilan.jeunes - 2130) <= 10
    assert abs(bilan.part_avec_solution - 72) <= 0.5
    assert abs(bilan.part_septembre_decembre - 70) <= 0.5

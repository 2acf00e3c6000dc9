"""The pass over the whole base: joins what is sure, proposes what is doubtful, goes on after an interruption."""

import pytest
from django.utils import timezone

from dedoublonnage import masse, services
from dedoublonnage.models import Jeune, Paire, Passe, Rattachement
from tests.monde import signalement


def poser(monde, rang, jeune=None, **champs):
    """A report attached without asking the engine, as a bulk loading does."""
    fiche = signalement(monde.lycee, monde.alice, rang, **champs)
    type(fiche).objects.filter(pk=fiche.pk).update(etat="envoye", envoye_le=timezone.now())
    jeune = jeune or Jeune.objects.create(identite=fiche)
    Rattachement.objects.create(signalement=fiche, jeune=jeune, mode="nouveau")
    services.memoriser_empreinte(fiche, jeune)
    return jeune


@pytest.fixture
def base(monde):
    premier = poser(monde, 0, ine="1234567890V")
    double = poser(monde, 0, ine="1234567890V", prenom="Maelle")
    autre = poser(monde, 1, telephone="06 39 98 00 09")
    return premier, double, autre


def test_reunit_le_certain_et_laisse_les_autres(base):
    passe = masse.rapprocher_tout(processus=1)
    premier, double, autre = base
    double.refresh_from_db()
    assert double.fusionne_dans == premier
    assert Jeune.objects.vivants().count() == 2
    assert (passe.bilan["reunis"], passe.bilan["jeunes_avant"], passe.bilan["jeunes_apres"]) == (1, 3, 2)
    assert passe.fin


def test_simuler_n_ecrit_rien(base):
    passe = masse.rapprocher_tout(processus=1, simuler=True)
    assert passe.bilan["reunis"] == 1
    assert Jeune.objects.vivants().count() == 3
    assert not Passe.objects.exists() and not Paire.objects.exists()


def test_reprend_la_passe_interrompue(base, monkeypatch):
    monkeypatch.setattr(masse, "TAILLE_PARTIE", 1)
    vraie, appels = masse._couples, []

    def coupe(executeur, partie, parties):
        appels.append(partie)
        if len(appels) == 3:
            raise KeyboardInterrupt
        return vraie(executeur, partie, parties)

    monkeypatch.setattr(masse, "_couples", coupe)
    with pytest.raises(KeyboardInterrupt):
        masse.rapprocher_tout(processus=1)
    interrompue = Passe.objects.get()
    assert interrompue.parties_faites == 2 and interrompue.fin is None
    passe = masse.rapprocher_tout(processus=1)
    assert passe.pk == interrompue.pk and passe.parties_faites == passe.parties == 3
    assert Jeune.objects.vivants().count() == 2


def test_la_reponse_donnee_n_est_pas_redemandee(base):
    premier, double, _ = base
    a, b = sorted([premier, double], key=lambda j: j.pk)
    bassin, arbitre, academie = services.bassin_et_arbitre(a, b)
    Paire.objects.create(
        a=a, b=b, etat="differents", bassin=bassin, arbitre=arbitre, academie=academie, probabilite=0.99
    )
    passe = masse.rapprocher_tout(processus=1)
    assert passe.bilan["reunis"] == 0 and passe.bilan["deja_decides"] == 1
    assert Jeune.objects.vivants().count() == 3


def test_une_passe_d_un_autre_modele_est_close_et_non_reprise(base):
    ancienne = Passe.objects.create(modele="ancien", parties=3, parties_faites=2)
    passe = masse.rapprocher_tout(processus=1)
    ancienne.refresh_from_db()
    assert passe.pk != ancienne.pk and passe.modele == masse.Modele.charger().version
    assert ancienne.fin and (ancienne.parties_faites, ancienne.bilan) == (2, {})
    assert passe.bilan["reunis"] == 1 and not Passe.objects.filter(fin__isnull=True).exists()


@pytest.fixture
def varies(monde):
    """Records that are surely one, that may be one, whose question waits, and whose question is answered."""
    sures = [poser(monde, 0, ine="1234567890V") for _ in range(2)]
    sures.append(poser(monde, 0, ine="1234567890V", prenom="Maelle"))
    douteuses = [poser(monde, 2), poser(monde, 2, telephone="06 39 98 00 77", nom_naissance="LEROUX")]
    attente = [poser(monde, 3), poser(monde, 3, telephone="06 39 98 00 78", nom_naissance="MARTIN")]
    decidees = [poser(monde, 1, ine="1234567891W") for _ in range(2)]
    for (a, b), etat in ((attente, "a_decider"), (decidees, "differents")):
        bassin, arbitre, academie = services.bassin_et_arbitre(a, b)
        Paire.objects.create(
            a=a, b=b, etat=etat, bassin=bassin, arbitre=arbitre, academie=academie, probabilite=0.6
        )
    return sures, douteuses, attente, decidees


ISSUES = ("reunis", "proposes", "en_attente", "deja_decides", "ecartes")


def issues(passe):
    return {issue: passe.bilan[issue] for issue in ISSUES}


def test_la_simulation_annonce_ce_que_fait_la_passe(varies):
    annoncees = issues(masse.rapprocher_tout(processus=1, simuler=True))
    assert issues(masse.rapprocher_tout(processus=1)) == annoncees
    assert annoncees["reunis"] == 2
    assert (annoncees["proposes"], annoncees["en_attente"], annoncees["deja_decides"]) == (1, 1, 1)


def test_deux_processus_font_comme_un(varies, monkeypatch):
    monkeypatch.setattr(masse, "LOT", 1)
    un = issues(masse.rapprocher_tout(processus=1, simuler=True))
    assert issues(masse.rapprocher_tout(processus=2)) == un


def test_une_partie_interrompue_reprend_apres_le_dernier_couple(varies, monkeypatch):
    annoncees = issues(masse.rapprocher_tout(processus=1, simuler=True))
    monkeypatch.setattr(masse, "COUPLES_PAR_TRANSACTION", 1)
    vraie, vus = masse._decider, []

    def coupe(a, b, cadre, *, simulation):
        if len(vus) == 2:
            vus.append(None)
            raise KeyboardInterrupt
        vus.append((a, b))
        return vraie(a, b, cadre, simulation=simulation)

    monkeypatch.setattr(masse, "_decider", coupe)
    with pytest.raises(KeyboardInterrupt):
        masse.rapprocher_tout(processus=1)
    interrompue = Passe.objects.get()
    assert tuple(interrompue.dernier_couple) == vus[1] and interrompue.parties_faites == 0
    assert sum(interrompue.bilan[issue] for issue in ISSUES) == 2, "what was decided is kept"
    passe = masse.rapprocher_tout(processus=1)
    assert passe.pk == interrompue.pk and passe.fin and passe.dernier_couple is None
    assert {k: passe.bilan[k] for k in ISSUES if k != "ecartes"} == {
        k: v for k, v in annoncees.items() if k != "ecartes"
    }

"""Merging two jeunes and undoing it: exact on every relation of the schema."""

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dedoublonnage import arbitrage, fusion, services
from dedoublonnage.models import Empreinte, Fusion, Jeune, Paire, Rattachement
from gab import services as gab
from gab.models import Dossier
from suivi import services as suivi
from tests.canari import planter
from tests.monde import connecter, signalement, signaler

# Append-only by nature, or the trace of the two acts themselves.
EXEMPTES = {
    "journal_trace",
    "journal_passage",
    "dedoublonnage_fusion",
    "notifications_avis",
    "notifications_courriel",
}


def photographie():
    """Every row of every business table, as text."""
    contenu = {}
    with connection.cursor() as curseur:
        for modele in apps.get_models():
            table = modele._meta.db_table
            if (
                modele._meta.app_label in {"procrastinate", "sessions", "contenttypes", "auth", "admin"}
                or table in EXEMPTES
            ):
                continue
            if not modele._meta.managed:
                continue
            curseur.execute(f'SELECT t::text FROM "{table}" t ORDER BY 1')
            contenu[table] = [ligne[0] for ligne in curseur.fetchall()]
    return contenu


@pytest.fixture
def deux_jeunes(monde):
    """Two reports of look-alikes in the same bassin that the engine did not join."""
    premier = signaler(monde.lycee, monde.alice, 0)
    second = signaler(monde.cfa, monde.basile, 1, telephone="06 39 98 00 02")
    a, b = (Rattachement.objects.actifs().get(signalement=s).jeune for s in (premier, second))
    assert a != b
    a, b = sorted([a, b], key=lambda j: j.pk)
    paire, _ = Paire.objects.get_or_create(
        a=a, b=b,
        defaults={"signalement_a": a.identite, "signalement_b": b.identite, "arbitre": "bassin", "bassin": monde.caen,
                  "academie": monde.academie, "probabilite": 0.6},
    )  # fmt: skip
    return a, b, paire


def test_une_fusion_deplace_chaque_relation_du_schema(monde, deux_jeunes):
    a, b, paire = deux_jeunes
    f = arbitrage.confirmer_meme(paire, "appel à la famille", par=monde.celia)
    for modele, champ in fusion.relations():
        assert not modele._base_manager.filter(**{champ: f.absorbe}).exists(), (modele, champ)
    assert Jeune.objects.get(pk=f.absorbe_id).fusionne_dans_id == f.garde_id
    assert Dossier.objects.filter(jeune=f.garde).ouverts().count() == 1
    assert Dossier.objects.filter(jeune=f.garde, motif_cloture="fusion").count() == 1


def test_fusion_puis_annulation_rend_la_base_identique(monde, deux_jeunes):
    a, b, paire = deux_jeunes
    avant = photographie()
    arbitrage.confirmer_meme(paire, "", par=monde.celia)
    assert photographie() != avant
    paire.refresh_from_db()
    arbitrage.revenir(paire, par=monde.celia)
    assert photographie() == avant


def test_un_signalement_arrive_depuis_suit_le_choix(monde, deux_jeunes):
    a, b, paire = deux_jeunes
    f = arbitrage.confirmer_meme(paire, "", par=monde.celia)
    nouveau = signaler(monde.lycee, monde.alice, 1, telephone="06 39 98 00 02")
    rattachement = Rattachement.objects.actifs().get(signalement=nouveau)
    if rattachement.jeune_id != f.garde_id:
        services.memoriser_empreinte(nouveau, f.garde)
        Rattachement.objects.filter(pk=rattachement.pk).update(jeune=f.garde)
    assert [x.rattachement.signalement_id for x in fusion.faits_posterieurs(f)] == [nouveau.pk]
    paire.refresh_from_db()
    arbitrage.revenir(paire, par=monde.celia, suivent=frozenset({nouveau.pk}))
    assert Rattachement.objects.actifs().get(signalement=nouveau).jeune_id == f.absorbe_id
    assert Empreinte.objects.get(signalement=nouveau).jeune_id == f.absorbe_id
    assert Dossier.objects.get(versements__signalement=nouveau).jeune_id == f.absorbe_id


def test_on_annule_la_fusion_la_plus_recente_d_abord(monde, deux_jeunes):
    a, b, paire = deux_jeunes
    premiere = arbitrage.confirmer_meme(paire, "", par=monde.celia)
    troisieme = signaler(monde.lycee, monde.alice, 2, telephone="06 39 98 00 03")
    jeune = Rattachement.objects.actifs().get(signalement=troisieme).jeune
    fusion.fusionner(premiere.garde, jeune, par=monde.celia)
    paire.refresh_from_db()
    with pytest.raises(fusion.FusionImpossible, match="plus récente"):
        arbitrage.revenir(paire, par=monde.celia)
    assert Fusion.objects.filter(annulee_le__isnull=True).count() == 2


def test_pas_les_memes_est_retenu(monde, deux_jeunes):
    _, _, paire = deux_jeunes
    arbitrage.dire_differents(paire, "deux sœurs", par=monde.celia)
    paire.refresh_from_db()
    assert paire.etat == Paire.Etat.DIFFERENTS
    assert not Paire.objects.a_decider().exists()
    arbitrage.revenir(paire, par=monde.celia)
    paire.refresh_from_db()
    assert (paire.etat, paire.decidee_par, paire.motif_decision) == ("a_decider", None, "")


def test_separer_un_signalement(monde):
    premier = signaler(monde.lycee, monde.alice, 0)
    second = signaler(monde.lycee, monde.alice, 0)
    jeune = Rattachement.objects.actifs().get(signalement=premier).jeune
    assert Rattachement.objects.actifs().get(signalement=second).jeune == jeune, (
        "two identical reports are one jeune"
    )
    nouveau = services.detacher(second, "homonyme", par=monde.celia)
    assert nouveau != jeune
    assert Rattachement.objects.actifs().get(signalement=second).jeune == nouveau
    assert second.versement.dossier.jeune_id in {jeune.pk, nouveau.pk}
    assert Dossier.objects.get(versements__signalement=second).jeune == nouveau


def verrou_libre():
    """Whether another connection could take the lock of identities now."""
    autre = connection.copy()
    try:
        with autre.cursor() as curseur:
            curseur.execute("SELECT pg_try_advisory_xact_lock(hashtext('qualit.identites'))")
            return curseur.fetchone()[0]
    finally:
        autre.close()


@pytest.mark.parametrize("acte", ["confirmer_meme", "revenir", "fusionner", "annuler_fusion"])
def test_une_decision_sur_l_identite_en_exclut_une_autre(monde, deux_jeunes, acte, monkeypatch):
    """The lock is the first thing that each of the four takes."""

    class Pris(Exception):
        pass

    def premiere():
        raise Pris

    a, b, paire = deux_jeunes
    passee = Fusion.objects.create(garde=a, absorbe=b)
    module = arbitrage if acte in {"confirmer_meme", "revenir"} else fusion
    appels = {
        "confirmer_meme": lambda: arbitrage.confirmer_meme(paire, "", par=monde.celia),
        "revenir": lambda: arbitrage.revenir(paire, par=monde.celia),
        "fusionner": lambda: fusion.fusionner(a, b, par=monde.celia),
        "annuler_fusion": lambda: fusion.annuler_fusion(passee, par=monde.celia),
    }
    monkeypatch.setattr(module, "verrouiller_identites", premiere)
    with CaptureQueriesContext(connection) as requetes, pytest.raises(Pris):
        appels[acte]()
    assert not [r["sql"] for r in requetes if "SAVEPOINT" not in r["sql"]]


def test_le_verrou_des_identites_est_vu_d_une_autre_connexion(db):
    assert verrou_libre()
    services.verrouiller_identites()
    assert not verrou_libre()


def test_une_reponse_donnee_avant_la_fusion_suit_la_fiche_gardee(monde, deux_jeunes):
    _, _, paire = deux_jeunes
    f = arbitrage.confirmer_meme(paire, "", par=monde.celia)
    garde, absorbe = f.garde_id, f.absorbe_id
    # the form was shown before the merge: the answers name the one that is no more
    ancien = Jeune.objects.get(pk=absorbe)
    suivant, autre = (signalement(monde.lycee, monde.alice, 1, telephone="06 39 98 00 02") for _ in range(2))
    services.envoyer(suivant, reponse=services.Reponse(meme=ancien), par=monde.alice)
    assert Rattachement.objects.actifs().get(signalement=suivant).jeune_id == garde
    services.envoyer(autre, reponse=services.Reponse(differents=frozenset({absorbe})), par=monde.alice)
    assert Rattachement.objects.actifs().get(signalement=autre).jeune_id != garde
    assert not Rattachement.objects.actifs().filter(jeune_id=absorbe).exists()


@pytest.mark.parametrize("absorbe_le_riche", [True, False])
def test_fusion_puis_annulation_dans_un_monde_plein(monde, nomenclatures, absorbe_le_riche):
    """With interviews, missions, steps, outcomes, a transfer, a sharing, an earlier merge, a third look-alike."""
    riche = planter(monde)
    for modele, champ in fusion.relations():
        assert modele._base_manager.filter(**{champ: riche}).exists(), f"nothing to move: {modele}.{champ}"
    dossier = Dossier.objects.filter(jeune=riche).ouverts().get()
    for relation in (
        "entretiens",
        "missions",
        "etapes",
        "devenirs",
        "transferts",
        "preconisations",
        "lignes",
    ):
        assert getattr(dossier, relation).exists(), relation
    tiers, autre = (
        signaler(monde.cfa, monde.basile, rang, telephone=f"06 39 98 66 0{rang}").rattachements.get().jeune
        for rang in (1, 2)
    )
    for a, b in ((riche, tiers), (autre, tiers), (riche, autre)):
        a, b = sorted([a, b], key=lambda j: j.pk)
        Paire.objects.get_or_create(
            a=a, b=b,
            defaults={"signalement_a": a.identite, "signalement_b": b.identite, "arbitre": "bassin",
                      "bassin": monde.caen, "academie": monde.academie, "probabilite": 0.6},
        )  # fmt: skip
    Jeune.objects.filter(pk=riche.pk).update(oppose_le=riche.cree_le)
    avant = photographie()
    garde, absorbe = (autre, riche) if absorbe_le_riche else (riche, autre)
    f = fusion.fusionner(garde, absorbe, par=monde.celia)
    assert Jeune.objects.get(pk=garde.pk).oppose_le
    assert {ligne["modele"] for ligne in f.inventaire} >= {
        "gab.dossier", "dedoublonnage.rattachement", "dedoublonnage.empreinte", "dedoublonnage.paire",
        "dedoublonnage.jeune",
    }  # fmt: skip
    fusion.annuler_fusion(f, par=monde.celia)
    apres = photographie()
    assert {t: apres[t] for t in apres if apres[t] != avant[t]} == {}


@pytest.mark.parametrize("coche", [True, False])
def test_ce_qu_on_a_fait_depuis_suit_le_choix(client, monde, nomenclatures, deux_jeunes, coche):
    """The interview, the mission, the step and the outcome recorded since the merge go to the jeune ticked."""
    _, _, paire = deux_jeunes
    f = arbitrage.confirmer_meme(paire, "", par=monde.celia)
    dossier = gab.juger_recevable(f.garde.identite, par=monde.celia)
    entretien = gab.convoquer(
        dossier, quand=timezone.now(), lieu="CIO", mode="presence", canaux=["lettre"], par=monde.medhi
    )
    gab.preconiser(dossier, "apprentissage", par=monde.celia)
    mission = gab.missionner(dossier, monde.ml, par=monde.celia)
    gab.accepter_mission(mission, par=monde.omar)
    de_la_mission = suivi.noter_etape(dossier, "rdv_pris", par=monde.omar, mission=mission)
    etape = suivi.noter_etape(dossier, "rdv_pris", par=monde.celia)
    devenir = suivi.enregistrer_devenir(
        dossier, "sans_solution", date=timezone.localdate(), source="famille", par=monde.celia
    )
    connecter(client, monde.celia)
    url = reverse("dedoublonnage:revenir", args=[paire.reference])
    cles = [
        f"entretien-{entretien.pk}",
        f"mission-{mission.pk}",
        f"etape-{etape.pk}",
        f"devenir-{devenir.pk}",
    ]
    champ = client.get(url).context["form"]["suivent"]
    assert sorted(cle for cle, _ in champ.field.choices) == sorted(cles), (
        "the step of the mission goes with it"
    )
    client.post(url, {"suivent": cles if coche else []})
    jeune = f.absorbe_id if coche else f.garde_id
    for objet in (entretien, mission, de_la_mission, etape, devenir):
        objet.refresh_from_db()
        assert objet.dossier.jeune_id == jeune, objet
    assert devenir.remplace_le is None

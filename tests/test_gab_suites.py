"""Nothing is forgotten after the act: the place that is taken, the death, the question without an answer, the majority."""

from datetime import timedelta
from io import StringIO

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone

from dedoublonnage import fusion as fusions
from dedoublonnage.services import detacher
from gab import relances, services
from gab.coherence import verifier
from gab.models import ETATS_OUVERTS, Dossier, EtatDossier, Place, Seance, Tache
from gab.services import agenda, seances
from qualit.notifications.models import Avis, Courriel
from qualit.territoire.models import Adhesion
from signalements import services as signalements
from suivi import services as suivi

from .monde import connecter, signaler

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nomenclatures")]


def recevable(monde, rang=0, **champs):
    return services.juger_recevable(signaler(monde.lycee, monde.alice, rang, **champs), par=monde.celia)


@pytest.fixture
def mission(monde):
    place = Place.objects.create(
        structure=monde.ml, solution="apprentissage", formation="Cuisine", nombre=2,
        date_entree=timezone.localdate() + timedelta(days=30), publiee_par=monde.omar, confirmee_le=timezone.now(),
    )  # fmt: skip
    mission = services.missionner(recevable(monde), monde.ml, par=monde.celia, place=place)
    return services.accepter_mission(mission, par=monde.omar, connaissance="inconnu") or mission


def places():
    return Place.objects.get().nombre


def test_l_entree_notee_prend_la_place_et_son_annulation_la_rend(monde, client, mission):
    connecter(client, monde.omar)
    client.post(
        reverse("suivi:etape", args=[mission.reference]),
        {"type": "entree", "date": f"{timezone.localdate():%d/%m/%Y}"},
    )
    etape = mission.etapes.get()
    assert places() == 1
    client.post(reverse("suivi:annuler_etape", args=[etape.reference]))
    assert places() == 2
    mission.refresh_from_db()
    assert mission.place is not None


def test_une_solution_prend_la_place_une_seule_fois(monde, mission):
    for _ in range(2):
        mission.refresh_from_db()
        suivi.enregistrer_devenir(
            mission.dossier,
            "apprentissage",
            date=timezone.localdate(),
            source="jeune",
            par=monde.omar,
            mission=mission,
        )
    assert places() == 1


def test_un_jeune_decede_n_est_plus_convoque_ni_rappele(monde):
    dossier = recevable(monde)
    assert dossier in agenda.a_convoquer(monde.celia)
    suivi.enregistrer_devenir(dossier, "decede", date=timezone.localdate(), source="famille", par=monde.celia)
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.CLOS and not agenda.a_convoquer(monde.celia).exists()
    Dossier.objects.update(echeance_legale=timezone.localdate())
    assert relances.alerter_echeances_legales() == 0


def test_qui_ne_veut_plus_etre_contacte_ne_recoit_pas_de_lettre(monde):
    dossier = recevable(monde)
    entretien = services.convoquer(
        dossier, quand=timezone.now(), lieu="CIO", mode="presence", canaux=["lettre"], par=monde.medhi
    )
    assert agenda.lettres(entretien)
    suivi.ne_plus_contacter(dossier.jeune)
    entretien.dossier.jeune.refresh_from_db()
    assert agenda.lettres(entretien) == []
    autre = recevable(monde, 1)
    suivi.ne_plus_contacter(autre.jeune)
    assert autre not in agenda.a_convoquer(monde.celia)


def test_un_complement_sans_reponse_reste_visible_et_se_relance(monde, client):
    s = signaler(monde.lycee, monde.alice)
    services.demander_complement(s, "Quelle était sa classe ?", par=monde.celia)
    connecter(client, monde.celia)
    page = client.get(reverse("gab:tri")).content.decode()
    adresse = reverse("gab:trier", args=[s.reference])
    assert "En attente d’une réponse" in page and adresse in page
    assert adresse in client.get(services.lien(s.versement.dossier)).content.decode()
    Avis.objects.all().delete()
    aujourdhui = timezone.localdate()
    relances_par_jour = [relances.relancer_les_complements(aujourdhui + timedelta(days=n)) for n in range(15)]
    assert [n for n, nombre in enumerate(relances_par_jour) if nombre] == [7, 14]
    assert Avis.objects.filter(destinataire=monde.alice, code="complement_demande").exists()
    assert client.get(adresse).status_code == 200
    services.juger_recevable(s, par=monde.celia)
    assert relances.relancer_les_complements(aujourdhui + timedelta(days=21)) == 0


@pytest.mark.parametrize(("ans", "recu"), [(18, True), (17, False)])
def test_l_echeance_legale_s_arrete_quand_un_majeur_est_recu_seul(monde, ans, recu):
    naissance = timezone.localdate() - relativedelta(years=ans, days=3)
    dossier = recevable(monde, date_naissance=naissance)
    entretien = services.convoquer(
        dossier, quand=timezone.now(), lieu="CIO", mode="presence", canaux=["lettre"], par=monde.medhi
    )
    services.constater(entretien, "tenir", par=monde.medhi, responsable_present="majeur")
    dossier.refresh_from_db()
    assert (dossier.recu_avec_responsable_le is not None) is recu


def test_la_prochaine_echeance_suit_la_validite_du_devenir(monde, mission):
    dossier = mission.dossier
    Dossier.objects.update(echeance_legale=None)
    dossier.refresh_from_db()
    devenir = suivi.enregistrer_devenir(
        dossier, "apprentissage", date=timezone.localdate(), source="jeune", par=monde.omar, mission=mission
    )
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.EN_SOLUTION and dossier.prochaine_echeance == devenir.valable_jusqu_au
    Dossier.objects.update(prochaine_echeance=timezone.localdate() - timedelta(days=1))
    devenir.dossier.refresh_from_db()
    verifie = suivi.verifier_devenir(devenir, par=monde.omar)
    dossier.refresh_from_db()
    assert dossier.prochaine_echeance == verifie.valable_jusqu_au > timezone.localdate()


def test_apres_un_transfert_la_reponse_va_au_nouveau_bassin(monde):
    s = signaler(monde.lycee, monde.alice)
    services.demander_complement(s, "Quelle était sa classe ?", par=monde.celia)
    transfert = services.proposer_transfert(
        s.versement.dossier, monde.lisieux, "Déménagement", par=monde.celia
    )
    services.repondre_transfert(transfert, True, par=monde.denis)
    s.refresh_from_db()
    Avis.objects.all().delete()
    signalements.repondre(s.questions.get(), "Seconde", par=monde.alice)
    assert Avis.objects.filter(destinataire=monde.denis, code="complement_recu").exists()


def test_une_nouvelle_convocation_par_courriel_part(monde):
    dossier = recevable(monde)
    s = dossier.versements.get().signalement
    s.contacts.create(type="courriel", valeur="jeune@example.invalid", normalisee="jeune@example.invalid")
    entretien = services.convoquer(
        dossier, quand=timezone.now(), lieu="CIO", mode="presence", canaux=["telephone"], par=monde.medhi
    )
    assert not Courriel.objects.filter(adresse="jeune@example.invalid").exists()
    services.convoquer_de_nouveau(entretien, "courriel", par=monde.medhi)
    assert Courriel.objects.filter(adresse="jeune@example.invalid").count() == 1


def test_le_rectorat_ouvre_ce_que_son_accueil_compte(monde, client):
    """The tiles of the pilot lead to the very dossiers that they count; the same page serves a bassin for its own."""
    dossier = recevable(monde)
    Dossier.objects.update(echeance_legale=timezone.localdate() - timedelta(days=2))
    transfert = services.proposer_transfert(dossier, monde.lisieux, "Déménagement", par=monde.celia)
    type(transfert).objects.update(propose_le=timezone.now() - timedelta(days=8))
    connecter(client, monde.rene)
    tuiles = {t.titre: t for t in client.get(reverse("accueil")).context["tuiles"]}
    page = client.get(reverse("gab:a_surveiller"))
    assert page.status_code == 200 and page.content.decode().count("DUVIVIER") == 2
    assert tuiles["Échéances légales dépassées"].nombre == page.context["page"].paginator.count == 1
    assert tuiles["Transferts sans réponse"].nombre == len(page.context["transferts"]) == 1
    connecter(client, monde.omar)
    assert "DUVIVIER" not in client.get(reverse("gab:a_surveiller")).content.decode()


def test_un_dossier_reporte_revient_a_la_seance_suivante(monde, client):
    """Whatever its state: here the jeune was not even received."""
    dossier = recevable(monde)
    seance = Seance(bassin=monde.caen, quand=timezone.now() - timedelta(hours=1))
    seances.preparer(seance, [dossier], par=monde.celia)
    seances.ouvrir(seance, par=monde.celia)
    seances.decider(seance.lignes.get(), "reporter", par=monde.celia)
    seances.clore(seance, par=monde.celia)
    connecter(client, monde.celia)
    demain = timezone.localdate() + timedelta(days=1)
    donnees = {"bassin": monde.caen.pk, "jour": f"{demain:%d/%m/%Y}", "heure": "14h", "lieu": "CIO"}
    client.post(reverse("gab:preparer_seance"), donnees)
    suivante = Seance.objects.latest("pk")
    assert suivante.pk != seance.pk and [ligne.dossier for ligne in suivante.lignes.all()] == [dossier]
    assert not seances.reportes(monde.lisieux).exists()


PERSONNE_EN_CHARGE = "dossier ouvert dont personne n’est chargé, ni le rectorat à défaut"


def test_un_bassin_sans_coordinateur_ni_pilote_se_voit(monde):
    Dossier.objects.filter(pk=recevable(monde).pk).update(etat=EtatDossier.ENTRETIEN_TENU)
    assert verifier()["anomalies"] == 0
    Adhesion.objects.filter(utilisateur=monde.celia).update(fin=timezone.localdate() - timedelta(days=1))
    assert verifier()["anomalies"] == 0  # the rectorat answers for the bassin
    Adhesion.objects.filter(utilisateur=monde.rene).update(fin=timezone.localdate() - timedelta(days=1))
    assert verifier()["anomalies"] == 1


def test_chaque_etat_a_les_gens_que_la_table_dit(monde):
    """docs/etats.md, row by row: with nobody at all the dossier falls out; with the role of the row, or who stands in
    for it, it does not; with another role it does."""
    mission = services.missionner(recevable(monde), monde.ml, par=monde.celia)
    gens = {
        "coordinateur_gab": monde.celia,
        "membre_gab": monde.medhi,
        "operateur": monde.omar,
        "rectorat_pilote": monde.rene,
        "ailleurs": monde.denis,
    }
    suppleent = {
        "coordinateur_gab": {"coordinateur_gab", "rectorat_pilote"},
        "membre_gab": {"membre_gab", "coordinateur_gab", "rectorat_pilote"},
        "operateur": {"operateur", "coordinateur_gab", "rectorat_pilote"},
    }
    assert set(services.DELAI_D_ACTION) == ETATS_OUVERTS
    hier = timezone.localdate() - timedelta(days=1)
    for etat, (role, _) in services.DELAI_D_ACTION.items():
        Dossier.objects.filter(pk=mission.dossier_id).update(etat=etat)
        Adhesion.objects.update(fin=hier)
        assert verifier()["details"][PERSONNE_EN_CHARGE] == [mission.dossier.reference], etat
        for nom, personne in gens.items():
            Adhesion.objects.update(fin=hier)
            Adhesion.objects.filter(utilisateur=personne).update(fin=None)
            tombe = PERSONNE_EN_CHARGE in verifier()["details"]
            assert tombe == (nom not in suppleent[role]), (etat, nom)


@pytest.mark.parametrize("ligne", [None, ("personne", 15), ("coordinateur_gab", 0)])
def test_un_etat_sans_ligne_dans_la_table_fait_echouer(monde, monkeypatch, ligne):
    """Even when no dossier is in that state yet."""
    assert verifier()["anomalies"] == 0
    if ligne is None:
        monkeypatch.delitem(services.DELAI_D_ACTION, EtatDossier.PRECONISE)
    else:
        monkeypatch.setitem(services.DELAI_D_ACTION, EtatDossier.PRECONISE, ligne)
    assert verifier()["details"] == {"état sans ligne dans la table": ["preconise"]}
    with pytest.raises(CommandError):
        call_command("verifier_coherence", stdout=StringIO(), stderr=StringIO())


def test_une_echeance_trop_lointaine_se_voit(monde):
    """The deadline is that of the row, or the legal clock when it ends sooner."""
    dossier = recevable(monde)
    aujourdhui = timezone.localdate()
    assert dossier.prochaine_echeance == aujourdhui + timedelta(days=30) < dossier.echeance_legale
    Dossier.objects.update(prochaine_echeance=aujourdhui + timedelta(days=31))
    assert list(verifier()["details"]) == ["prochaine échéance plus lointaine que le délai de l’état"]
    Dossier.objects.update(
        prochaine_echeance=aujourdhui + timedelta(days=30), echeance_legale=aujourdhui + timedelta(days=29)
    )
    assert list(verifier()["details"]) == ["horloge légale plus proche que la prochaine échéance"]


def test_l_entretien_prevu_suit_le_jeune_quand_deux_fiches_sont_reunies(monde):
    ancien, recent = recevable(monde), recevable(monde, 1)
    entretien = services.convoquer(
        recent,
        quand=timezone.now() + timedelta(days=2),
        lieu="CIO",
        mode="presence",
        canaux=["lettre"],
        par=monde.medhi,
    )
    fusion = fusions.fusionner(ancien.jeune, recent.jeune, par=monde.celia, motif="Même personne")
    entretien.refresh_from_db()
    recent.refresh_from_db()
    assert recent.etat == EtatDossier.CLOS and entretien.dossier == ancien
    assert verifier()["anomalies"] == 0
    fusions.annuler_fusion(fusion, par=monde.celia)
    entretien.refresh_from_db()
    assert entretien.dossier == recent and verifier()["anomalies"] == 0


def test_la_reunion_reprend_le_transfert_et_confie_les_missions(monde, client):
    """Decision 2: live missions stay and raise a task; the undo takes both back."""
    ancien, recent = recevable(monde), recevable(monde, 1)
    transfert = services.proposer_transfert(recent, monde.lisieux, "Habite Lisieux", par=monde.celia)
    mission = services.missionner(recent, monde.ml, par=monde.celia)
    bientot = timezone.localdate() + timedelta(days=3)
    Dossier.objects.filter(pk=recent.pk).update(echeance_legale=bientot, prochaine_echeance=bientot)
    fusion = fusions.fusionner(ancien.jeune, recent.jeune, par=monde.celia)
    transfert.refresh_from_db()
    mission.refresh_from_db()
    ancien.refresh_from_db()
    assert (transfert.etat, mission.etat) == ("annule", "proposee")
    assert ancien.echeance_legale == ancien.prochaine_echeance == bientot
    tache = ancien.taches.ouvertes().get()
    assert tache.type == "missions_reunies" and "Mission locale de Caen" in tache.texte
    connecter(client, monde.celia)
    assert "Missions à revoir" in client.get(reverse("gab:taches")).content.decode()
    assert tache.texte in client.get(reverse("gab:tache", args=[tache.reference])).content.decode()
    assert verifier()["anomalies"] == 0
    fusions.annuler_fusion(fusion, par=monde.celia)
    transfert.refresh_from_db()
    assert transfert.etat == "propose" and not Tache.objects.exists()
    assert verifier()["anomalies"] == 0


@pytest.mark.parametrize("suit", [True, False])
def test_la_reunion_annulee_laisse_chaque_dossier_en_accord(monde, suit):
    """A report and a mission of since: wherever they go, the state follows the mission, and the report its jeune."""
    recent, ancien = (
        recevable(monde, rang, date_sortie=timezone.localdate() - timedelta(days=40)) for rang in (1, 0)
    )
    Dossier.objects.filter(pk=ancien.pk).update(ouvert_le=timezone.now() - timedelta(days=30))
    # the dossier that stays is that of the jeune who is absorbed
    fusion = fusions.fusionner(recent.jeune, ancien.jeune, par=monde.celia)
    ancien = Dossier.objects.get(pk=ancien.pk)
    assert ancien.est_ouvert and ancien.jeune == fusion.garde
    mission = services.missionner(ancien, monde.ml, par=monde.celia)
    services.accepter_mission(mission, par=monde.omar)
    cle = f"mission-{mission.pk}"
    fusions.annuler_fusion(fusion, par=monde.celia, suivent=frozenset({cle} if suit else ()))
    ancien, recent = Dossier.objects.get(pk=ancien.pk), Dossier.objects.get(pk=recent.pk)
    avec, sans = (ancien, recent) if suit else (recent, ancien)
    assert (avec.etat, avec.referent) == (EtatDossier.PRIS_EN_CHARGE, monde.ml)
    assert (sans.etat, sans.referent) == (EtatDossier.PRECONISE if sans == ancien else sans.etat, None)
    assert verifier()["anomalies"] == 0


def test_separer_un_signalement_hors_champ_n_ouvre_pas_de_dossier(monde):
    premier = signaler(monde.lycee, monde.alice)
    second = signaler(monde.lycee, monde.alice)
    assert premier.versement.dossier == second.versement.dossier
    services.ecarter(second, "diplome", par=monde.celia)
    detacher(second, "homonyme", par=monde.celia)
    dossier = Dossier.objects.get(versements__signalement=second)
    assert dossier != premier.versement.dossier
    assert (dossier.etat, dossier.motif_hors_champ) == (EtatDossier.HORS_CHAMP, "diplome")
    assert verifier()["anomalies"] == 0


def test_la_seance_se_clot_malgre_une_opposition(monde):
    """The line whose person opposed the processing since keeps its decision and says why nothing was done."""
    dossiers = [recevable(monde), recevable(monde, 1)]
    seance = Seance(bassin=monde.caen, quand=timezone.now() - timedelta(hours=1))
    seances.preparer(seance, dossiers, par=monde.celia)
    seances.ouvrir(seance, par=monde.celia)
    for ligne in seance.lignes.all():
        seances.decider(ligne, "missionner", solution="e2c", structure=monde.ml, par=monde.celia)
    dossiers[0].jeune.oppose_le = timezone.now()
    dossiers[0].jeune.save(update_fields=["oppose_le"])
    assert seances.clore(seance, par=monde.celia) == 1
    effets = [ligne.effet for ligne in seance.lignes.order_by("ordre")]
    assert effets[0].startswith("Sans effet : Opposition") and effets[1].startswith("Fait")
    assert not dossiers[0].missions.exists() and dossiers[1].missions.exists()


def test_une_etape_sur_un_dossier_termine_n_attend_personne(monde):
    dossier = services.clore(recevable(monde), "autre", par=monde.celia)
    rappel = timezone.localdate() + timedelta(days=5)
    suivi.noter_etape(dossier, "rdv_pris", par=monde.celia, rappeler_le=rappel)
    dossier.refresh_from_db()
    assert dossier.prochaine_echeance is None and verifier()["anomalies"] == 0

"""A new address only proposes a transfer; the clock and closed schools never leave anybody without somebody in charge."""

from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.services import corriger
from gab import relances, services
from gab.models import Dossier, Fermeture, Tache, Transfert
from qualit.notifications.models import Avis
from qualit.territoire.models import Structure
from signalements.models import EtatSignalement, Question

from .monde import connecter, signaler

pytestmark = pytest.mark.usefixtures("nomenclatures")
LISIEUX = {"code_postal": "14100", "ville": "Lisieux"}


def demenager(signalement, par, **adresse):
    corriger(signalement, adresse, par=par)
    return Dossier.objects.get(versements__signalement=signalement)


def test_une_nouvelle_adresse_propose_le_transfert_et_rien_d_autre(monde):
    s = signaler(monde.lycee, monde.alice)
    avant = Dossier.objects.get()
    dossier = demenager(s, monde.alice, **LISIEUX)
    transfert = Transfert.objects.get()
    assert (transfert.de, transfert.vers, transfert.etat) == (monde.caen, monde.lisieux, "propose")
    assert (dossier.bassin, dossier.etat, dossier.echeance_legale) == (
        monde.caen,
        avant.etat,
        avant.echeance_legale,
    )
    assert Avis.objects.filter(destinataire=monde.denis, code="transfert_propose").exists()
    assert Avis.objects.filter(destinataire=monde.celia, code="tache_coordinateur").exists()
    # the same address again, or another phone, proposes nothing more
    demenager(s, monde.alice, adresse="3 rue du Port")
    assert Transfert.objects.count() == 1


def test_l_adresse_corrigee_de_nouveau_reprend_la_proposition(monde):
    s = signaler(monde.lycee, monde.alice)
    demenager(s, monde.alice, **LISIEUX)
    demenager(s, monde.alice, code_postal="14000", ville="Caen")
    assert Transfert.objects.get().etat == "annule"


def test_une_adresse_hors_de_l_academie_est_une_tache(monde):
    s = signaler(monde.lycee, monde.alice)
    demenager(s, monde.alice, code_postal="76000", ville="Rouen")
    assert not Transfert.objects.exists()
    assert "Rouen" in Tache.objects.get(type="adresse").texte


def test_accepte_refuse_sans_reponse(monde, client):
    s = signaler(monde.lycee, monde.alice)
    dossier = demenager(s, monde.alice, **LISIEUX)
    transfert = Transfert.objects.get()
    # no answer in 7 days: the rectorat is told, once
    assert relances.alerter_transferts(timezone.now() + timedelta(days=6)) == 0
    assert relances.alerter_transferts(timezone.now() + timedelta(days=8)) == 1
    assert relances.alerter_transferts(timezone.now() + timedelta(days=9)) == 0
    assert Avis.objects.filter(destinataire=monde.rene, code="transfert_sans_reponse").count() == 1
    # a refusal says why
    adresse = reverse("gab:transfert", args=[transfert.reference])
    connecter(client, monde.denis)
    assert "Dites pourquoi" in client.post(adresse, {"reponse": "refuser"}).content.decode()
    client.post(adresse, {"reponse": "accepter"})
    dossier.refresh_from_db()
    transfert.refresh_from_db()
    assert (dossier.bassin, transfert.etat) == (monde.lisieux, "accepte")
    # the old bassin reads for three more months, and no longer acts
    assert Dossier.objects.visibles_par(monde.celia).filter(pk=dossier.pk).exists()
    celia = connecter(type(client)(), monde.celia)
    assert celia.post(reverse("gab:clore", args=[dossier.reference]), {"raison": "autre"}).status_code == 403
    Transfert.objects.update(lisible_jusqu_au=timezone.localdate() - timedelta(days=1), de=monde.rouen)
    assert Dossier.objects.visibles_par(monde.denis).filter(pk=dossier.pk).exists()


def test_un_signalement_d_ailleurs_propose_le_transfert_au_matin(monde):
    s = signaler(monde.lycee, monde.alice)
    dossier = Dossier.objects.get()
    autre = signaler(monde.lycee_lisieux, monde.lucie, **LISIEUX)
    assert autre.versement.dossier == dossier and not Transfert.objects.exists()
    assert relances.proposer_transferts() == 1
    transfert = Transfert.objects.get()
    assert (transfert.vers, transfert.propose_par) == (monde.lisieux, None)
    services.repondre_transfert(transfert, False, par=monde.denis, motif_refus="Il habite Caen")
    assert relances.proposer_transferts() == 0  # refused: not proposed again by itself
    assert s.versement.dossier.bassin == monde.caen


def test_la_question_a_un_etablissement_ferme_revient_au_gab(monde):
    s = signaler(monde.lycee, monde.alice)
    services.demander_complement(s, "Quelle classe ?", par=monde.celia)
    assert relances.reprendre_les_questions_des_fermes() == 0
    Structure.objects.filter(pk=monde.lycee.pk).update(fermee_le=timezone.localdate())
    assert relances.reprendre_les_questions_des_fermes() == 1
    assert relances.reprendre_les_questions_des_fermes() == 0
    s.refresh_from_db()
    assert s.etat == EtatSignalement.ENVOYE and not Question.objects.ouvertes().exists()
    assert "Quelle classe ?" in Tache.objects.get(type="etablissement_ferme").texte


def test_la_mission_saute_les_fermetures_l_horloge_legale_jamais(monde, client):
    dossier = services.juger_recevable(signaler(monde.lycee, monde.alice), par=monde.celia)
    legale = dossier.echeance_legale
    jour = timezone.localdate()
    connecter(client, monde.rene)  # the rectorat may announce them for an operator
    client.post(
        reverse("gab:fermetures"),
        {
            "structure": monde.ml.pk,
            "debut": f"{jour:%d/%m/%Y}",
            "fin": f"{jour + timedelta(days=20):%d/%m/%Y}",
        },
    )
    assert Fermeture.objects.get().structure == monde.ml
    mission = services.missionner(dossier, monde.ml, par=monde.celia)
    assert mission.expire_le == jour + timedelta(days=20 + 15)
    assert relances.expirer_missions(jour + timedelta(days=30)) == 0
    assert relances.expirer_missions(jour + timedelta(days=36)) == 1
    dossier.refresh_from_db()
    assert dossier.echeance_legale == legale


def test_une_naissance_corrigee_lance_l_horloge_legale_et_l_arrete(monde):
    s = signaler(monde.lycee, monde.alice)
    envoi = timezone.localdate(s.envoye_le)
    corriger(s, {"date_naissance": envoi - relativedelta(years=20)}, par=monde.alice)
    assert Dossier.objects.get().echeance_legale is None
    corriger(s, {"date_naissance": envoi - relativedelta(years=17)}, par=monde.alice)
    assert Dossier.objects.get().echeance_legale == envoi + relativedelta(months=3)

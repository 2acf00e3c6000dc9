"""The delegate's register: the clock, finding the person, protecting, correcting, erasing, answering."""

import re
from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.views_saisie import CorrectionForm
from gab import relances
from gab import services as gab
from gab.models import Entretien, Mission
from gab.services import agenda
from qualit import workflow
from qualit.echanges.lecture import lire
from qualit.journal.models import Trace
from qualit.notifications.models import Avis, Courriel
from qualit.rgpd import services
from qualit.rgpd.models import Demande
from qualit.territoire.roles import Role
from suivi import missions as lectures
from suivi import relances as rappels

from . import monde as w

pytestmark = pytest.mark.django_db


@pytest.fixture
def m(db, settings, tmp_path):
    settings.REGISTRE_DES_EFFACEMENTS = tmp_path / "effacements.jsonl"
    m = w.construire()
    m.rouen_dpo = w.personne("Delphine")
    w.adherer(m.rouen_dpo, Role.DPO, m.rouen_academie)
    m.s = w.signaler(m.lycee, m.alice)
    m.jeune = m.s.rattachements.get().jeune
    m.dossier = gab.juger_recevable(m.s, par=m.celia)
    m.client = w.connecter(Client(), m.dora)
    return m


def demande(m, type_="acces", **champs):
    valeurs = {
        "type": type_,
        "demandeur": "Maëlle Duvivier",
        "qualite": "jeune",
        "identite_verifiee": "appel",
    } | champs
    une = services.ouvrir(Demande(**valeurs), par=m.dora)
    return services.designer(une, m.jeune, par=m.dora)


def page(m, nom, une, methode="get", **champs):
    return getattr(m.client, methode)(reverse(f"rgpd:{nom}", args=[une.reference]), champs, follow=True)


def test_le_delai_est_d_un_mois_et_se_prolonge_une_fois(m):
    une = demande(m, recue_le=timezone.localdate() - timedelta(days=3))
    assert une.echeance == une.recue_le + relativedelta(months=1)
    une = services.prolonger(une, "dossier ancien", par=m.dora)
    assert une.echeance == une.recue_le + relativedelta(months=3)
    with pytest.raises(ValidationError):
        services.prolonger(une, "encore", par=m.dora)
    vieille = demande(m, recue_le=timezone.localdate() - timedelta(days=40))
    with pytest.raises(ValidationError):  # the first month is over
        services.prolonger(vieille, "trop tard", par=m.dora)
    assert "dont <strong>1 en retard</strong>" in m.client.get(reverse("rgpd:registre")).content.decode()
    accueil = m.client.get("/").content.decode()
    assert "Demandes des personnes" in accueil and "À voir en premier" in accueil


def test_un_mois_a_partir_du_31(m):
    une = services.ouvrir(
        Demande(type="acces", demandeur="X", qualite="jeune", recue_le=date(2026, 1, 31)), par=m.dora
    )
    assert une.echeance == date(2026, 2, 28)


def test_de_l_inscription_a_la_lettre(m):
    """The whole journey of a request of access, by the pages."""
    reponse = m.client.post(
        reverse("rgpd:nouvelle"),
        {
            "type": "acces", "recue_le": f"{timezone.localdate():%d/%m/%Y}", "demandeur": "Maëlle Duvivier",
            "qualite": "jeune", "identite_verifiee": "appel au numéro du dossier",
            "coordonnees": "3 rue des Essais\n14000 Caen", "objet": "tout",
        },
        follow=True,
    )  # fmt: skip
    une = Demande.objects.get()
    assert une.reference in reponse.content.decode()
    trouves = page(m, "designer", une, "post", quoi="duvivier maelle").content.decode()
    assert "C’est cette personne" in trouves and "DUVIVIER Maëlle" in trouves
    trace = Trace.objects.filter(action="recherche").get()
    assert trace.motif == f"Demande {une.reference}" and trace.jeunes == [m.jeune.pk]
    page(m, "designer", une, "post", jeune=m.jeune.reference)
    assert "Toutes ses données" in page(m, "demande", une).content.decode()
    zip_ = page(m, "donnees_zip", une)
    assert zip_["Content-Type"] == "application/zip" and "DUVIVIER" not in zip_["Content-Disposition"]
    assert Trace.objects.filter(action="export", jeunes=[m.jeune.pk], acteur=m.dora).exists()
    assert "Maëlle" in page(m, "donnees", une).content.decode()
    formulaire = page(m, "repondre", une).content.decode()
    assert "une copie de tout ce que le portail conserve" in formulaire
    lettre = page(m, "repondre", une, "post", suite="accordee", reponse="Voici vos données.").content.decode()
    assert "Voici vos données." in lettre and "3 rue des Essais" in lettre
    assert m.client.get(reverse("rgpd:lettre_pdf", args=[une.reference])).status_code in (200, 302)
    une.refresh_from_db()
    assert (une.suite, une.repondue_par) == ("accordee", m.dora)
    assert (
        "déjà reçu une réponse"
        in page(m, "repondre", une, "post", suite="refusee", reponse="x").content.decode()
    )
    page(m, "rouvrir", une, "post")
    une.refresh_from_db()
    assert une.est_ouverte
    for format in ("csv", "ods", "xlsx"):
        for vue, nombre in (("toutes", 1), ("closes", 0)):
            export = m.client.get(reverse("rgpd:registre"), {"format": format, "vue": vue})
            lues = [ligne for _, ligne in lire(export.getvalue(), f"l.{format}").feuilles[0].lignes]
            assert [ligne[0] for ligne in lues] == ["Demande", *[une.reference] * nombre]
            assert "Duvivier" not in str(lues)


def test_le_registre_est_au_delegue_de_l_academie(m):
    une = demande(m)
    for qui in (m.rene, m.celia, m.alice, m.tom):
        assert w.connecter(Client(), qui).get(reverse("rgpd:registre")).status_code == 403
    ailleurs = w.connecter(Client(), m.rouen_dpo)
    assert ailleurs.get(reverse("rgpd:demande", args=[une.reference])).status_code == 404
    assert une.reference not in ailleurs.get(reverse("rgpd:registre")).content.decode()
    assert services.trouver_personnes([m.rouen_academie.pk], "duvivier") == []
    la_bas = services.ouvrir(Demande(type="acces", demandeur="X", qualite="jeune"), par=m.rouen_dpo)
    with pytest.raises(PermissionDenied):
        services.designer(la_bas, m.jeune, par=m.rouen_dpo)


def test_designer_un_jeune_d_une_autre_academie_repond_comme_s_il_n_existait_pas(m):
    une = services.ouvrir(Demande(type="acces", demandeur="X", qualite="jeune"), par=m.dora)
    etranger = w.signaler(m.lycee_rouen, m.robin, 1).rattachements.get().jeune
    la_bas, nulle_part = (page(m, "designer", une, "post", jeune=r) for r in (etranger.reference, "ZZZZZZZZ"))
    assert la_bas.status_code == nulle_part.status_code == 404
    nonce = re.compile(rb'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"')
    assert nonce.sub(b"", la_bas.content) == nonce.sub(b"", nulle_part.content)
    une.refresh_from_db()
    assert une.jeune is None


def test_la_recherche_demande_un_motif_et_le_trace(m):
    adresse = reverse("rgpd:rechercher")
    assert "DUVIVIER" not in m.client.post(adresse, {"quoi": "duvivier", "motif": ""}).content.decode()
    assert (
        "DUVIVIER"
        in m.client.post(adresse, {"quoi": "duvivier", "motif": "contrôle annuel"}).content.decode()
    )
    trace = Trace.objects.get(action="recherche")
    assert (trace.motif, trace.acteur, trace.jeunes) == ("contrôle annuel", m.dora, [m.jeune.pk])


@pytest.mark.parametrize("protection", ["oppose", "limite"])
def test_une_personne_gelee_n_est_plus_contactee(m, protection):
    demain = timezone.now() + timedelta(days=1)
    m.s.contacts.create(type="courriel", valeur="x@exemple.invalid", normalisee="x@exemple.invalid")
    convoque = gab.convoquer(
        m.dossier, quand=demain, lieu="CIO", mode="presence", canaux=["lettre"], par=m.medhi
    )
    mission = gab.missionner(m.dossier, m.ml, par=m.celia)
    gab.accepter_mission(mission, par=m.omar)
    type(mission).objects.update(repondue_le=timezone.now() - timedelta(days=90))
    une = demande(m, "opposition" if protection == "oppose" else "limitation")
    Avis.objects.all().delete(), Courriel.objects.all().delete()

    assert (
        "n’est plus contactée"
        in page(m, "proteger", une, "post", protection=protection, actif="1").content.decode()
    )
    convoque.refresh_from_db()
    assert convoque.etat == Entretien.Etat.ANNULE
    assert {a.destinataire for a in Avis.objects.filter(code="jeune_gele")} == {m.celia, m.medhi, m.omar}
    assert not any("DUVIVIER" in x.body for x in mail.outbox)
    m.dossier.jeune.refresh_from_db()
    with pytest.raises(workflow.TransitionImpossible):
        gab.convoquer(m.dossier, quand=demain, lieu="CIO", mode="presence", canaux=["courriel"], par=m.medhi)
    with pytest.raises(workflow.TransitionImpossible):
        gab.missionner(m.dossier, m.ml_lisieux, par=m.celia)
    assert not Courriel.objects.filter(adresse="x@exemple.invalid").exists()
    assert rappels.rappeler_sans_nouvelles() == 0 and relances.alerter_echeances_legales() == 0
    convoque = Entretien.objects.select_related("dossier__jeune__identite", "dossier__bassin").get()
    assert agenda.lettres(convoque) == [] and not agenda.a_convoquer(m.medhi).exists()
    suivies = lectures.avec_suivi(Mission.objects.all())
    assert not suivies.filter(lectures.condition("sans_nouvelles")).exists()
    assert not suivies.filter(lectures.condition("rappels")).exists()
    # everybody who reads the jeune is told
    for qui in (m.celia, m.rene):
        texte = (
            w.connecter(Client(), qui).get(reverse("suivi:jeune", args=[m.jeune.reference])).content.decode()
        )
        assert "ne doit plus être contactée" in texte or "Données gelées" in texte
    fiche = (
        w.connecter(Client(), m.omar).get(reverse("suivi:mission", args=[mission.reference])).content.decode()
    )
    assert "ne doit plus être contactée" in fiche or "Données gelées" in fiche
    # lifted
    page(m, "proteger", une, "post", protection=protection, actif="0")
    m.dossier.jeune.refresh_from_db()
    assert gab.convoquer(m.dossier, quand=demain, lieu="CIO", mode="presence", canaux=["lettre"], par=m.medhi)


def test_rectifier_garde_ce_qui_avait_ete_saisi_et_compare_de_nouveau(m):
    une = demande(m, "rectification")
    valeurs = {c: getattr(m.s, c) or "" for c in CorrectionForm.base_fields}
    valeurs |= {"nom_naissance": "DUVIVIEZ", "date_naissance": f"{m.s.date_naissance:%d/%m/%Y}"}
    valeurs = {c: v for c, v in valeurs.items() if v not in (None, False)}
    reponse = page(m, "rectifier", une, "post", version=m.s.version, signalement=m.s.reference, **valeurs)
    assert "La correction est enregistrée" in reponse.content.decode()
    m.s.refresh_from_db()
    assert m.s.nom_naissance == "DUVIVIEZ" and m.s.modifie_par == m.dora
    assert m.s.versions.get().contenu["nom_naissance"] == "DUVIVIER"
    assert m.s.empreinte.preparee and Trace.objects.filter(quoi="rectification", jeunes=[m.jeune.pk]).exists()
    autre = w.signaler(m.cfa, m.basile, 1)
    page_404 = page(m, "rectifier", une, signalement=autre.reference)
    assert page_404.status_code == 404


def test_effacer_repond_et_depersonnalise_le_registre(m):
    une = demande(m, "effacement", coordonnees="3 rue des Essais", objet="effacez-moi")
    champs = {"reponse": "C’est fait.", "certain": "on"}
    assert "obligatoire" in page(m, "effacer", une, "post", **champs).content.decode()
    m.jeune.refresh_from_db()
    assert m.jeune.anonymise_le is None
    texte = page(m, "effacer", une, "post", lettre_imprimee="on", **champs).content.decode()
    assert "Cette personne est effacée" in texte
    une.refresh_from_db()
    assert (
        une.suite == "accordee" and une.anonymisee_le and une.demandeur == "Effacé" and une.coordonnees == ""
    )
    m.dossier.refresh_from_db()
    assert m.dossier.etat == "clos"
    assert "DUVIVIER" not in page(m, "demande", une).content.decode()
    vide = (
        w.connecter(Client(), m.celia).post(reverse("suivi:recherche"), {"quoi": "duvivier"}).content.decode()
    )
    assert "DUVIVIER" not in vide.replace("value=", "")


def test_un_nouveau_signalement_apres_l_effacement_fait_un_nouveau_jeune(m):
    services.effacer(demande(m, "effacement"), "C’est fait.", par=m.dora)
    s = w.signaler(m.lycee, m.alice)
    assert s.rattachements.get().jeune != m.jeune


def test_sans_personne_designee_rien_ne_se_fait(m):
    une = services.ouvrir(Demande(type="effacement", demandeur="X", qualite="jeune"), par=m.dora)
    for nom in ("donnees", "donnees_zip", "rectifier", "effacer"):
        assert "de quelle personne il s’agit" in page(m, nom, une).content.decode()
    with pytest.raises(ValidationError):
        services.proteger(une, "oppose", True, par=m.dora)

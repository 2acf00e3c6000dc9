"""The follow-up: an operator's missions, calls, steps, outcomes; what each may see and undo."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from gab import services as gab
from gab.models import EtatDossier, Mission, Tache
from qualit import workflow
from qualit.journal.models import Trace
from qualit.notifications.models import Avis
from qualit.territoire.models import Terme
from qualit.territoire.nomenclatures import vider_cache
from qualit.web import navigation
from signalements.models import Contact, EtatContact
from signalements.services import ConflitDeVersion
from suivi import missions, relances, services
from suivi.models import Devenir, Etape

from . import monde as w


@pytest.fixture
def missionner(monde):
    """Report a jeune of Caen, triage, and propose (or have accepted) a mission to the mission locale."""

    def faire(rang=0, *, accepter=True, structure=None, operateur=None, **champs):
        s = w.signaler(monde.lycee, monde.alice, rang, **champs)
        gab.juger_recevable(s, par=monde.celia)
        dossier = s.versement.dossier
        mission = gab.missionner(dossier, structure or monde.ml, par=monde.celia, message="Projet mécanique")
        if accepter:
            gab.accepter_mission(mission, par=operateur or monde.omar, connaissance="inconnu")
        dossier.refresh_from_db()
        mission.dossier = dossier
        return mission

    return faire


def page(client, personne, nom, *args, **donnees):
    client.force_login(personne)
    adresse = reverse(nom, args=args)
    return client.post(adresse, donnees) if donnees else client.get(adresse)


def test_la_liste_et_la_fiche(client, monde, missionner):
    mission = missionner(accepter=False)
    html = page(client, monde.omar, "suivi:missions").content.decode()
    assert "DUVIVIER Maëlle" in html and "À répondre" in html
    html = page(client, monde.omar, "suivi:mission", mission.reference).content.decode()
    assert "06 39 98 00 01" in html and "tel:+33639980001" in html and "Projet mécanique" in html
    assert Trace.objects.filter(jeunes__contains=[mission.dossier.jeune_id], quoi="suivi:mission").exists()
    # the operator of the next bassin, the school and the GAB have no card
    assert page(client, monde.olga, "suivi:mission", mission.reference).status_code == 404
    assert page(client, monde.alice, "suivi:mission", mission.reference).status_code == 403
    assert page(client, monde.celia, "suivi:mission", mission.reference).status_code == 403


def test_un_operateur_ne_lit_ni_exclusion_ni_motif_personnel(client, monde, missionner):
    mission = missionner(
        nature_sortie="exclusion_definitive",
        motifs=["exclusion_sanction", "raisons_personnelles", "attrait_vie_active"],
        note="Note du lycée",
        message="Message au GAB",
    )
    fiche = page(client, monde.omar, "suivi:mission", mission.reference).content.decode()
    jeune = page(client, monde.omar, "suivi:jeune", mission.dossier.jeune.reference).content.decode()
    for html in (fiche, jeune):
        assert "Attrait de la vie active" in html
        for tu in ("xclusion", "Raisons personnelles", "Note du lycée", "Message au GAB"):
            assert tu not in html
    gab_html = page(client, monde.celia, "suivi:jeune", mission.dossier.jeune.reference).content.decode()
    assert "Exclusion définitive" in gab_html and "Message au GAB" in gab_html
    assert "Note du lycée" not in gab_html


def test_accepter_refuser(client, monde, missionner):
    mission = missionner(accepter=False)
    reponse = page(client, monde.omar, "suivi:accepter", mission.reference, numero_imilo="123")
    assert "obligatoire" in reponse.content.decode()
    page(client, monde.omar, "suivi:accepter", mission.reference, connaissance="connu", numero_imilo="123")
    mission.refresh_from_db()
    assert (mission.etat, mission.connaissance, mission.numero_imilo) == ("acceptee", "connu", "123")
    assert mission.dossier.etat == EtatDossier.PRIS_EN_CHARGE

    autre = missionner(1, accepter=False)
    page(client, monde.omar, "suivi:refuser", autre.reference, motif="capacite")
    autre.refresh_from_db()
    assert autre.etat == "refusee" and autre.motif_refus == "capacite"
    # once refused, nothing of the jeune is left to read
    html = page(client, monde.omar, "suivi:mission", autre.reference).content.decode()
    assert "LANGLOIS" not in html and "06 39" not in html
    html = client.get(reverse("suivi:missions") + "?vue=terminees").content.decode()
    assert "LANGLOIS" not in html and autre.reference in html


def test_appel_en_un_clic_et_annulation(client, monde, missionner):
    mission = missionner()
    contact = Contact.objects.get(signalement__versement__dossier=mission.dossier)

    def appeler(resultat, **plus):
        return page(
            client,
            monde.omar,
            "suivi:appel",
            mission.reference,
            contact=contact.pk,
            resultat=resultat,
            **plus,
        )

    appeler("repondu")
    contact.refresh_from_db()
    assert contact.etat == EtatContact.VERIFIE
    etape = Etape.objects.get(type="contacte")
    page(client, monde.omar, "suivi:annuler_etape", etape.reference, x="")
    contact.refresh_from_db()
    assert contact.etat == EtatContact.NON_VERIFIE
    assert not mission.dossier.etapes.valables().exists()

    demain = timezone.localdate() + timedelta(days=1)
    appeler("rappeler", rappeler_le=f"{demain:%d/%m/%Y}")
    assert Etape.objects.valables().get().rappeler_le == demain
    appeler("rappeler", rappeler_le="hier")
    assert Etape.objects.valables().count() == 1
    # a contact of somebody else is not on this card
    ailleurs = missionner(1, telephone="06 39 98 00 22")
    etranger = Contact.objects.get(signalement__versement__dossier=ailleurs.dossier)
    page(client, monde.omar, "suivi:appel", mission.reference, contact=etranger.pk, resultat="faux_numero")
    etranger.refresh_from_db()
    assert etranger.etat == EtatContact.NON_VERIFIE


def test_faux_numero_va_a_l_etablissement_et_s_annule(client, monde, missionner):
    mission = missionner()
    contact = Contact.objects.get(signalement__versement__dossier=mission.dossier)
    page(client, monde.omar, "suivi:appel", mission.reference, contact=contact.pk, resultat="faux_numero")
    contact.refresh_from_db()
    question = contact.signalement.questions.get()
    assert contact.etat == EtatContact.FAUX and question.type == "coordonnees" and question.close_le is None
    assert Avis.objects.filter(destinataire=monde.alice, code="coordonnees_fausses").exists()
    etape = Etape.objects.get()
    page(client, monde.omar, "suivi:annuler_etape", etape.reference, x="")
    contact.refresh_from_db()
    question.refresh_from_db()
    assert contact.etat == EtatContact.NON_VERIFIE and question.close_le is not None
    reponse = page(client, monde.omar, "suivi:annuler_etape", etape.reference, x="")
    assert reponse.status_code == 404


def test_ne_plus_contacter_arrete_les_rappels(monde, missionner):
    mission = missionner()
    vieux = timezone.now() - timedelta(days=60)
    Mission.objects.filter(pk=mission.pk).update(repondue_le=vieux, proposee_le=vieux)
    assert missions.comptes(Mission.objects.all())["sans_nouvelles"] == 1
    etape = services.noter_etape(mission.dossier, "ne_plus_contacter", par=monde.omar, mission=mission)
    Etape.objects.update(date=vieux.date())
    assert missions.comptes(Mission.objects.all())["sans_nouvelles"] == 0
    assert relances.rappeler_sans_nouvelles() == 0
    services.annuler_etape(etape, par=monde.omar)
    assert missions.comptes(Mission.objects.all())["sans_nouvelles"] == 1
    assert relances.rappeler_sans_nouvelles() == 1
    assert relances.rappeler_sans_nouvelles() == 0  # once every 30 days
    assert Avis.objects.filter(destinataire=monde.omar, code="sans_nouvelles").count() == 1


def test_devenirs_successifs_et_a_reverifier(client, monde, missionner):
    mission = missionner()
    hier = timezone.localdate() - timedelta(days=1)

    def enregistrer(**donnees):
        donnees = {"source": "jeune", "date": f"{hier:%d/%m/%Y}"} | donnees
        return page(client, monde.omar, "suivi:devenir", mission.reference, **donnees)

    enregistrer(code="accompagnement_ml", vu="")
    mission.dossier.refresh_from_db()
    assert mission.dossier.etat == EtatDossier.PRIS_EN_CHARGE  # no appointment held yet
    premier = Devenir.objects.get()
    enregistrer(code="apprentissage", precision="CFA d’Ifs", vu=premier.reference)
    mission.dossier.refresh_from_db()
    assert mission.dossier.etat == EtatDossier.EN_SOLUTION
    assert Devenir.objects.count() == 2 and Devenir.objects.filter(remplace_le__isnull=True).count() == 1
    # recorded against an outcome that is no longer the latest: told, nothing lost
    reponse = enregistrer(code="sans_solution", precision="Rupture", vu=premier.reference)
    html = reponse.content.decode()
    assert "pendant votre saisie" in html and "Rupture" in html
    assert Devenir.objects.count() == 2

    courant = Devenir.objects.get(remplace_le__isnull=True)
    Devenir.objects.filter(pk=courant.pk).update(valable_jusqu_au=hier)
    html = page(client, monde.omar, "suivi:missions").content.decode()
    assert missions.comptes(Mission.objects.all())["a_reverifier"] == 1
    assert relances.rappeler_a_reverifier() == 1 and relances.rappeler_a_reverifier() == 0
    html = page(client, monde.omar, "suivi:mission", mission.reference).content.decode()
    assert "à revérifier : tient-il toujours" in html
    page(client, monde.omar, "suivi:verifier_devenir", courant.reference, x="")
    assert missions.comptes(Mission.objects.all())["a_reverifier"] == 0
    courant.refresh_from_db()
    assert courant.valable_jusqu_au > timezone.localdate()


def test_deux_personnes_corrigent_la_meme_etape(client, monde, missionner):
    mission = missionner()
    etape = services.noter_etape(
        mission.dossier, "rdv_pris", par=monde.omar, mission=mission, synthese="Jeudi"
    )
    adresse = reverse("suivi:modifier_etape", args=[etape.reference])
    client.force_login(monde.omar)
    donnees = {"date": f"{etape.date:%d/%m/%Y}", "version": etape.version}
    client.post(adresse, donnees | {"synthese": "Vendredi à 10 h"})
    html = client.post(adresse, donnees | {"synthese": "Samedi"}).content.decode()
    assert "Vendredi à 10 h" in html and "Samedi" in html and "pendant votre saisie" in html
    etape.refresh_from_db()
    assert etape.synthese == "Vendredi à 10 h"
    client.post(adresse, donnees | {"synthese": "Samedi", "version": etape.version})
    etape.refresh_from_db()
    assert etape.synthese == "Samedi"
    with pytest.raises(ConflitDeVersion):
        services.modifier_etape(etape, par=monde.omar, version=0, synthese="Trop tard")
    assert page(client, monde.olga, "suivi:modifier_etape", etape.reference).status_code == 404


def test_on_ne_suit_pas_une_mission_qui_n_est_pas_acceptee(monde, missionner):
    mission = missionner(accepter=False)
    with pytest.raises(workflow.TransitionImpossible):
        services.noter_etape(mission.dossier, "rdv_pris", par=monde.omar, mission=mission)
    with pytest.raises(PermissionDenied):
        services.noter_etape(mission.dossier, "rdv_pris", par=monde.olga, mission=mission)
    services.noter_etape(mission.dossier, "rdv_pris", par=monde.celia)  # the GAB in charge may


def test_un_jeune_qui_se_presente_ne_montre_que_la_saisie(client, monde, missionner):
    """Walk-in matched silently to somebody known: the operator sees what it typed, until the GAB confirms."""
    connu = missionner(
        accepter=False, structure=monde.cio, message="Secret du lycée", classe="CLASSE-SECRETE"
    )
    s = w.signaler(monde.ml, monde.omar, 0, telephone="06 39 98 00 77", classe="", origine="accueil")
    assert s.versement.dossier == connu.dossier
    mission = gab.accueillir(s, par=monde.omar)
    html = page(client, monde.omar, "suivi:mission", mission.reference).content.decode()
    assert "06 39 98 00 77" in html and "attente de confirmation" in html
    assert "06 39 98 00 01" not in html and "CLASSE-SECRETE" not in html and "Malherbe" not in html
    assert page(client, monde.omar, "suivi:jeune", connu.dossier.jeune.reference).status_code == 404
    # calling by the number of the school finds nothing; by its own, the card
    html = page(client, monde.omar, "suivi:numero", **{"appel-numero": "0639980001"}).content.decode()
    assert "Aucun jeune" in html
    assert page(client, monde.omar, "suivi:numero", **{"appel-numero": "06.39.98.00.77"}).status_code == 302
    gab.confirmer_accueil(mission, par=monde.celia)
    html = page(client, monde.omar, "suivi:mission", mission.reference).content.decode()
    assert "06 39 98 00 01" in html and "CLASSE-SECRETE" in html


@pytest.mark.parametrize(
    "saisi",
    ["06 39 98 00 01", "0639980001", "+33 6 39 98 00 01", "0033639980001", "06.39.98.00.01", "980001"],
)
def test_un_numero_ouvre_la_fiche(client, monde, missionner, saisi):
    mission = missionner()
    reponse = page(client, monde.omar, "suivi:numero", **{"appel-numero": saisi})
    assert reponse.status_code == 302 and mission.reference in reponse["Location"]
    html = page(client, monde.olga, "suivi:numero", **{"appel-numero": saisi}).content.decode()
    assert "Aucun jeune suivi par votre structure" in html


def test_reorientation_et_fin(client, monde, missionner):
    mission = missionner()
    page(client, monde.omar, "suivi:reorientation", mission.reference, texte="Plutôt un CFA")
    tache = Tache.objects.get(mission=mission)
    assert tache.texte == "Plutôt un CFA"
    assert Avis.objects.filter(destinataire=monde.celia, code="reorientation_demandee").exists()
    assert (
        "En attente de la réponse du GAB"
        in page(client, monde.omar, "suivi:mission", mission.reference).content.decode()
    )
    page(client, monde.omar, "suivi:terminer", mission.reference, texte="Entré en formation")
    mission.refresh_from_db()
    assert mission.etat == "terminee"


def test_plusieurs_structures_un_referent(client, monde, missionner):
    mission = missionner()
    seconde = gab.missionner(mission.dossier, monde.cio, par=monde.celia)
    cio = w.personne("Carole")
    w.adherer(cio, "operateur", monde.cio)
    gab.accepter_mission(seconde, par=cio, connaissance="connu")
    html = page(client, monde.omar, "suivi:mission", mission.reference).content.decode()
    assert "CIO de Caen" in html and "(référente)" in html
    page(client, monde.celia, "suivi:referent", mission.dossier.jeune.reference, structure=monde.cio.code)
    mission.dossier.refresh_from_db()
    assert mission.dossier.referent == monde.cio
    # a note stays inside the structure that wrote it, a synthesis is shared
    services.noter_etape(
        mission.dossier,
        "entretien",
        par=monde.omar,
        mission=mission,
        synthese="Projet mûr",
        note="Penser au stage",
    )
    html = page(client, cio, "suivi:mission", seconde.reference).content.decode()
    assert "Projet mûr" in html and "Penser au stage" not in html
    assert (
        "Penser au stage"
        not in page(client, monde.celia, "suivi:jeune", mission.dossier.jeune.reference).content.decode()
    )


def test_la_garde_du_texte_libre_est_posee(client, monde, missionner):
    mission = missionner()
    Terme.objects.create(
        liste="mots_sensibles", code="sante_999", libelle="bouquetin*", plus={"famille": "sante"}
    )
    vider_cache()
    donnees = {
        "type": "rdv_pris",
        "date": f"{timezone.localdate():%d/%m/%Y}",
        "note": "Élève des bouquetins.",
    }
    html = page(client, monde.omar, "suivi:etape", mission.reference, **donnees).content.decode()
    assert "<mark>bouquetins</mark>" in html and not Etape.objects.exists()
    vus = html.split('name="mots_vus" value="')[1].split('"')[0]
    page(
        client,
        monde.omar,
        "suivi:etape",
        mission.reference,
        enregistrer_quand_meme="on",
        mots_vus=vus,
        **donnees,
    )
    assert Etape.objects.get().note == "Élève des bouquetins."
    assert Trace.objects.filter(quoi="texte_sensible_confirme").count() == 1


def test_le_nombre_de_requetes_ne_suit_pas_les_lignes(client, monde, missionner):
    client.force_login(monde.omar)

    def compter():
        with CaptureQueriesContext(connection) as requetes:
            assert client.get(reverse("suivi:missions") + "?vue=en_cours").status_code == 200
        return len(requetes)

    for rang in range(2):
        missionner(rang, telephone="")
    client.get(reverse("suivi:missions"))
    peu = compter()
    noms = [
        "AUBRY",
        "BELLEC",
        "CORMIER",
        "DAGUET",
        "ERNOUF",
        "FOLLIOT",
        "GRENTE",
        "HAMON",
        "ISABEL",
        "JOUENNE",
        "KERN",
        "LEROUX",
    ]
    for rang, nom in enumerate(noms):
        naissance = date(timezone.localdate().year - 17, 1 + rang % 12, 28 - rang)
        missionner(rang, telephone="", nom_naissance=nom, prenom=nom[::-1].title(), date_naissance=naissance)
    assert compter() == peu


def test_un_compte_couteux_s_arrete_et_le_dit(monde, client, missionner, monkeypatch):
    """Beyond the ceiling the tiles and the tabs say « plus de », the list itself still shows everything."""
    for rang in range(4):
        missionner(rang)
    Mission.objects.update(repondue_le=timezone.now() - timedelta(days=60))
    client.force_login(monde.omar)
    monkeypatch.setattr(navigation, "PLAFOND", 2)
    assert missions.comptes(Mission.objects.all())["sans_nouvelles"] == 3
    assert "<strong>plus de 2</strong> depuis plus de 30 jours" in client.get("/").content.decode()
    liste = client.get(reverse("suivi:missions"), {"vue": "sans_nouvelles"})
    assert "plus de 2" in liste.content.decode() and liste.context["page"].paginator.count == 4
    assert len(liste.context["lignes"]) == 4

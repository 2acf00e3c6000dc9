"""Slots and agenda, convocations one by one and in batch, and the documents of the GAB, read page by page."""

import io
import re
from datetime import datetime, timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pypdf
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape

from dedoublonnage.models import Jeune
from dedoublonnage.services import corriger
from gab import services
from gab.models import Creneau, Entretien, Seance
from gab.services import agenda, seances
from qualit.notifications.models import Avis
from qualit.workflow import TransitionImpossible
from signalements.models import Question, ResponsableLegal

from .monde import connecter, signaler

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nomenclatures")]
PARIS = ZoneInfo("Europe/Paris")


def dans(jours, heure=14):
    """An instant some days ahead, at a round hour of Paris."""
    jour = timezone.localdate() + timedelta(days=jours)
    return datetime(jour.year, jour.month, jour.day, heure, 30, tzinfo=PARIS)


def retenu(monde, rang=0, responsable=None, **champs):
    """A dossier to be received, with its legal guardian."""
    envoi = signaler(monde.lycee, monde.alice, rang, telephone=f"06 39 98 77 0{rang}", **champs)
    if responsable:
        ResponsableLegal.objects.create(signalement=envoi, prenom="Claude", nom=responsable, lien="mere")
    return services.juger_recevable(envoi, par=monde.celia)


def convoque(monde, dossier, **champs):
    valeurs = {"quand": dans(3), "lieu": "CIO", "mode": "presence", "canaux": ["lettre"]} | champs
    return services.convoquer(dossier, par=monde.medhi, **valeurs)


def creneau(monde, jours, heure=14, **champs):
    return Creneau.objects.create(
        bassin=monde.caen, quand=dans(jours, heure), cree_par=monde.celia, lieu="CIO de Caen", **champs
    )


def pages(reponse):
    """The text of each page of a PDF; the test is left out, and says so, on a machine without Pango."""
    if reponse.status_code == 302:
        pytest.skip("bibliothèque Pango absente : pas de PDF sur cette machine")
    assert reponse["Content-Type"] == "application/pdf" and "no-store" in reponse["Cache-Control"]
    lecteur = pypdf.PdfReader(io.BytesIO(reponse.content))
    return [" ".join(page.extract_text().split()) for page in lecteur.pages]


def le(jour, modele="d/m/Y"):
    return date_format(jour, modele)


# --- Slots and agenda


def test_des_creneaux_ouverts_d_un_coup(monde, client):
    connecter(client, monde.medhi)
    jour = timezone.localdate() + timedelta(days=7)
    saisie = {
        "bassin": monde.caen.pk, "jour": f"{jour:%d/%m/%Y}", "heure": "9h", "nombre": 3, "duree": 45,
        "mode": "presence", "lieu": "CIO de Caen", "mene_par": monde.medhi.pk,
    }  # fmt: skip
    page = client.post(reverse("gab:creneaux"), saisie, follow=True)
    assert "3 créneaux ouverts." in page.content.decode()
    heures = [f"{timezone.localtime(c.quand):%H:%M}" for c in Creneau.objects.order_by("quand")]
    assert heures == ["09:00", "09:45", "10:30"]
    for heure in heures:
        assert f"{heure} <span" in page.content.decode()
    # the same ones again: those that exist are left
    assert "0 créneau ouvert." in client.post(reverse("gab:creneaux"), saisie, follow=True).content.decode()
    assert Creneau.objects.count() == 3
    libre = Creneau.objects.latest("quand")
    client.post(reverse("gab:supprimer_creneau", args=[libre.reference]))
    semaine = client.get(reverse("gab:agenda"), {"semaine": f"{jour:%Y-%m-%d}"}).content.decode()
    assert "09:45" in semaine and "10:30" not in semaine


def test_un_creneau_ne_se_prend_pas_deux_fois(monde, client):
    """Two people look at the same free slot: the second is told, and their jeune is not convened."""
    libre = creneau(monde, 4)
    premier, second = retenu(monde), retenu(monde, 1)
    saisie = {"creneau": libre.pk, "mode": "presence", "canaux": ["lettre"]}
    clients = [connecter(client, monde.medhi), connecter(Client(), monde.celia)]
    for c, dossier in zip(clients, (premier, second), strict=True):
        assert str(libre) in c.get(reverse("gab:convoquer", args=[dossier.reference])).content.decode()
    reponse = clients[0].post(reverse("gab:convoquer", args=[premier.reference]), saisie)
    assert reponse.status_code == 302
    reponse = clients[1].post(reverse("gab:convoquer", args=[second.reference]), saisie)
    assert "Ce créneau vient d’être pris : choisissez-en un autre." in reponse.content.decode()
    assert Entretien.objects.get().dossier == premier and not second.entretiens.exists()
    # and at the very same instant, past both forms
    with pytest.raises(TransitionImpossible, match="vient d’être pris"):
        convoque(monde, second, creneau=libre)
    assert not second.entretiens.exists()
    with pytest.raises(TransitionImpossible, match="reportez-le"):
        agenda.supprimer_creneau(Creneau.objects.get(), par=monde.celia)


def test_un_creneau_supprime_ne_se_prend_plus(monde):
    libre = creneau(monde, 4)
    agenda.supprimer_creneau(libre, par=monde.celia)
    with pytest.raises(TransitionImpossible):
        convoque(monde, retenu(monde), creneau=libre)
    entretiens, sans = agenda.convoquer_lot([retenu(monde, 1)], ["lettre"], par=monde.celia)
    assert entretiens == [] and len(sans) == 1


@pytest.mark.parametrize(
    ("action", "rendu"),
    [("reporter", True), ("annuler", True), ("excuser", True), ("constater_absence", False)],
)
def test_un_entretien_reporte_rend_son_creneau(monde, client, action, rendu):
    dossier, libre = retenu(monde), creneau(monde, 4)
    entretien = convoque(monde, dossier, creneau=libre, quand=libre.quand)
    connecter(client, monde.medhi)
    suite = client.post(
        reverse("gab:entretien", args=[entretien.reference]),
        {"action": action, "motif": "", "convoquer": "on"},
    )
    assert monde.caen.creneaux.libres().filter(pk=libre.pk).exists() == rendu
    dossier.refresh_from_db()
    assert dossier.etat == "entretien_a_tenir"
    if action == "annuler":
        assert suite.url == services.lien(dossier)
    else:  # and the jeune is convened again, for the second time unless it was only put off
        assert suite.url == reverse("gab:convoquer", args=[dossier.reference])
        suivant = convoque(monde, dossier, quand=dans(9))
        assert suivant.convocations.get().rang == (1 if action == "reporter" else 2)


# --- Batch


def test_un_lot_de_lettres_pret_a_imprimer(monde, client):
    """One document, two letters for a minor (guardian, then jeune), one for an adult; a page names one jeune only."""
    majeur = timezone.localdate() - timedelta(days=365 * 19)
    dossiers = [
        retenu(monde, 0, "DUVIVIERMERE"),
        retenu(monde, 1, "LANGLOISMERE"),
        retenu(monde, 2, date_naissance=majeur),
    ]
    ailleurs = retenu(monde, 3, "BUISSONMERE")  # convened before, on the same days: not in the batch
    convoque(monde, ailleurs, quand=dans(2))
    for i in range(3):
        creneau(monde, 2 + i % 2, 9 + i, mene_par=monde.medhi)
    connecter(client, monde.medhi)
    reponse = client.post(
        reverse("gab:convoquer_lot"), {"ligne": [d.reference for d in dossiers], "canal": ["lettre"]}
    )
    page = client.get(reponse.url)
    assert "3 jeunes convoqués." in page.content.decode()
    lues = pages(client.get(page.context["pdf_url"]))
    identites = {d.pk: d.jeune.identite for d in dossiers}
    assert len(lues) == 5
    attendues = []
    for dossier, mere in zip(dossiers, ("DUVIVIERMERE", "LANGLOISMERE", None), strict=True):
        nom = identites[dossier.pk].nom_complet
        siennes = [p for p in lues if dossier.reference in p]
        quand = timezone.localtime(dossier.entretiens.get().quand)
        assert len(siennes) == (2 if mere else 1)
        for lettre in siennes:
            assert le(quand, "l j F Y") in lettre and f"à {quand:%H} h {quand:%M}" in lettre
            assert "CIO de Caen" in lettre and "02 61 91 00 01" in lettre and "Medhi Essai, pour le" in lettre
            assert nom in lettre
            autres = [i.nom_naissance for pk, i in identites.items() if pk != dossier.pk]
            assert not any(autre in lettre for autre in [*autres, "BUISSON"])
            assert not re.search(r"\d / \d$", lettre), "the page of a batch is nothing to the family"
        if mere:
            assert f"Claude {mere}" in siennes[0] and "dont vous êtes responsable légal" in siennes[0]
            assert mere not in siennes[1] and "et votre responsable légal" in siennes[1]
            assert all("L313-8" in lettre for lettre in siennes)
        else:
            assert "responsable légal" not in siennes[0] and "L313-8" not in siennes[0]
        attendues += siennes
    assert sorted(attendues) == sorted(lues)


def test_le_lot_dit_qui_reste_sans_creneau(monde, client):
    dossiers = [retenu(monde), retenu(monde, 1)]
    creneau(monde, 2)
    connecter(client, monde.medhi)
    reponse = client.post(
        reverse("gab:convoquer_lot"),
        {"ligne": [d.reference for d in dossiers], "canal": ["sms"]},
        follow=True,
    )
    texte = reponse.content.decode()
    assert "1 jeune convoqué." in texte and "1 sans créneau libre" in texte
    assert Entretien.objects.count() == 1
    assert (
        "Cochez au moins un jeune."
        in client.post(reverse("gab:convoquer_lot"), {"canal": ["sms"]}, follow=True).content.decode()
    )


def test_le_rang_de_la_lettre_suit_les_absences(monde, client):
    dossier = retenu(monde, 0, "DUVIVIERMERE")
    connecter(client, monde.medhi)
    for objet in ("proposition de rendez-vous", "deuxième proposition", "troisième et dernière proposition"):
        entretien = convoque(monde, dossier)
        lues = pages(client.get(reverse("gab:lettre_pdf", args=[entretien.reference])))
        assert len(lues) == 2 and all(f"Objet : {objet}" in lettre for lettre in lues)
        services.constater(entretien, "constater_absence", par=monde.medhi)


# --- What comes back, messages, calendar


def test_le_courrier_revenu_demande_une_adresse_et_la_reponse_revient(monde, client):
    dossier = retenu(monde, 0, "DUVIVIERMERE")
    entretien = convoque(monde, dossier)
    page = reverse("gab:entretien", args=[entretien.reference])
    connecter(client, monde.medhi)
    assert "Le courrier est revenu" in client.get(page).content.decode()
    suite = client.post(
        page, {"action": "revenu", "convocation": entretien.convocations.get().pk}, follow=True
    )
    texte = suite.content.decode()
    assert f"Courrier revenu le {le(timezone.localdate())}" in texte
    assert "l’établissement doit corriger l’adresse" in texte and "Le courrier est revenu" not in texte
    # said twice, asked once
    client.post(page, {"action": "revenu", "convocation": entretien.convocations.get().pk})
    question = Question.objects.get()
    assert question.type == Question.Type.COORDONNEES and "Une lettre est revenue" in question.texte
    assert Avis.objects.filter(destinataire=monde.alice, code="coordonnees_fausses").count() == 1
    # the school corrects the address: the GAB is told, and the next letter goes there
    envoi = question.signalement
    ecole = connecter(Client(), monde.alice)
    assert "Une lettre est revenue" in ecole.get(f"/mes-signalements/{envoi.reference}/").content.decode()
    corriger(envoi, {"adresse": "3 rue des Tanneurs"}, par=monde.alice)
    question.refresh_from_db()
    assert (question.reponse, question.repondue_par) == ("Adresse corrigée.", monde.alice)
    assert Avis.objects.filter(destinataire=monde.medhi, code="coordonnees_corrigees").exists()
    lues = pages(client.get(reverse("gab:lettre_pdf", args=[entretien.reference])))
    assert all("3 rue des Tanneurs" in lettre for lettre in lues)


def test_une_adresse_corrigee_ne_repond_pas_a_la_question_du_tri(monde):
    dossier = retenu(monde)
    envoi = dossier.jeune.identite
    services.demander_complement(envoi, "Quelle classe ?", par=monde.celia)
    services.noter_retour_courrier(convoque(monde, dossier).convocations.get(), par=monde.medhi)
    envoi.refresh_from_db()
    corriger(envoi, {"adresse": "3 rue des Tanneurs"}, par=monde.alice)
    envoi.refresh_from_db()
    assert [q.type for q in envoi.questions.ouvertes()] == [Question.Type.COMPLETER]
    assert envoi.etat == "a_completer"


def test_le_sms_s_ouvre_dans_le_telephone_et_ne_nomme_personne(monde, client):
    dossier = retenu(monde)
    entretien = convoque(monde, dossier, canaux=["sms"], lieu="CIO, 4 rue d’Été")
    connecter(client, monde.medhi)
    page = reverse("gab:entretien", args=[entretien.reference])
    liens = re.findall(r'href="sms:([^?"]+)\?body=([^"]*)"', client.get(page).content.decode())
    assert [numero for numero, _ in liens] == ["+33639987700"]
    texte = unquote(liens[0][1])
    quand = timezone.localtime(entretien.quand)
    assert texte == agenda.texte_sms(entretien)
    assert f"le {quand:%d/%m à %Hh%M}, CIO, 4 rue d’Été" in texte and "02 61 91 00 01" in texte
    identite = dossier.jeune.identite
    assert identite.nom_naissance not in texte and identite.prenom not in texte and len(texte) <= 160
    assert escape(texte) in client.get(page).content.decode()
    identite.contacts.update(etat="faux")
    assert "sms:" not in client.get(page).content.decode()
    identite.contacts.update(etat="non_verifie", normalisee="+33231000001", valeur="02 31 00 00 01")
    fixe = client.get(page).content.decode()
    assert "sms:" not in fixe and 'href="tel:+33231000001"' in fixe


def test_les_sms_d_un_lot_sur_une_page(monde, client):
    dossiers = [retenu(monde, rang) for rang in range(3)]
    for i in range(3):
        creneau(monde, 2, 9 + i)
    dossiers[1].jeune.identite.contacts.all().delete()
    convoque(monde, retenu(monde, 3), quand=dans(2), canaux=["lettre"])
    connecter(client, monde.medhi)
    envoi = {"ligne": [d.reference for d in dossiers], "canal": ["sms"]}
    page = client.get(client.post(reverse("gab:convoquer_lot"), envoi).url)
    assert [e.dossier for e, *_ in page.context["textos"]] == dossiers
    texte = page.content.decode()
    assert [bool(numeros) for *_, numeros in page.context["textos"]] == [True, False, True]
    assert texte.count('href="sms:') == 2 and texte.count("Aucun numéro de téléphone connu.") == 1
    for entretien, message, _ in page.context["textos"]:
        assert message == agenda.texte_sms(entretien) and f'data-copier="{escape(message)}"' in texte
    Jeune.objects.filter(dossiers=dossiers[2]).update(ne_plus_contacter_le=timezone.now())
    semaine = client.get(reverse("gab:textos")).context["textos"]
    assert [e.dossier for e, *_ in semaine] == dossiers[:2], "nobody who asked not to be contacted"
    connecter(client, monde.denis)
    assert client.get(reverse("gab:textos")).context["textos"] == []


def test_un_lot_par_lettre_et_par_sms_mene_aux_deux(monde, client):
    dossier = retenu(monde)
    creneau(monde, 2)
    connecter(client, monde.medhi)
    lettres = client.get(
        client.post(
            reverse("gab:convoquer_lot"), {"ligne": [dossier.reference], "canal": ["lettre", "sms"]}
        ).url
    )
    assert lettres.context["entretiens"] and lettres.context["textos_url"]
    assert len(client.get(lettres.context["textos_url"]).context["textos"]) == 1


def test_le_calendrier_dit_l_heure_le_lieu_et_l_annulation(monde, client):
    dossier = retenu(monde)
    entretien = convoque(monde, dossier, lieu="CIO, salle 2; à gauche", duree_minutes=30)
    connecter(client, monde.medhi)
    adresse = reverse("gab:ics", args=[entretien.reference])
    reponse = client.get(adresse)
    assert reponse["Content-Type"].startswith("text/calendar")
    lignes = reponse.content.decode().replace("\r\n ", "").split("\r\n")
    debut = entretien.quand.astimezone(ZoneInfo("UTC"))
    for attendue in (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"UID:entretien-{entretien.reference.lower()}@qualit",
        f"DTSTART:{debut:%Y%m%dT%H%M%SZ}",
        f"DTEND:{debut + timedelta(minutes=30):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:Entretien\\, dossier {dossier.reference}",
        "LOCATION:CIO\\, salle 2\\; à gauche",
        "STATUS:CONFIRMED",
        "CLASS:PRIVATE",
        "END:VCALENDAR",
    ):
        assert attendue in lignes, attendue
    services.constater(entretien, "annuler", par=monde.medhi)
    assert "STATUS:CANCELLED" in client.get(adresse).content.decode()
    assert connecter(Client(), monde.denis).get(adresse).status_code == 404


# --- Documents


def test_la_fiche_de_preuve_dit_ce_qui_a_ete_fait(monde, client):
    dossier = retenu(monde, 0, "DUVIVIERMERE")
    connecter(client, monde.celia)
    adresse = reverse("gab:preuve_pdf", args=[dossier.reference])
    lue = " ".join(pages(client.get(adresse)))
    identite, echeance = dossier.jeune.identite, le(dossier.echeance_legale)
    assert f"{identite.nom_complet}, née le {le(identite.date_naissance)}" in lue
    assert f"Premier signalement : {le(timezone.localdate())}. Échéance légale : {echeance}." in lue
    assert "Pas encore reçu avec son responsable légal." in lue and "Aucun entretien n’a été prévu." in lue

    manque = convoque(monde, dossier, quand=timezone.now() - timedelta(days=2))
    services.noter_retour_courrier(manque.convocations.get(), par=monde.medhi)
    services.constater(manque, "constater_absence", par=monde.medhi)
    tenu = convoque(monde, dossier, quand=timezone.now() - timedelta(hours=1), canaux=["telephone"])
    services.constater(tenu, "tenir", par=monde.medhi, responsable_present="oui")
    lue = " ".join(pages(client.get(adresse)))
    recu = le(timezone.localdate(tenu.quand))
    assert f"Reçu avec son responsable légal le {recu}, dans le délai." in lue
    assert "n° 1, lettre, le" in lue and "(courrier revenu le" in lue and "n° 2, téléphone, le" in lue
    assert f"{monde.lycee}" in lue and "Absent" in lue and "Tenu" in lue


def test_la_fiche_d_un_majeur_dit_que_le_delai_ne_court_pas(monde, client):
    dossier = retenu(monde, date_naissance=timezone.localdate() - timedelta(days=365 * 19))
    connecter(client, monde.celia)
    lue = " ".join(pages(client.get(reverse("gab:preuve_pdf", args=[dossier.reference]))))
    assert "Le délai légal ne court pas" in lue and "Échéance légale" not in lue


def test_le_compte_rendu_signe_se_lit_et_ne_change_plus(monde, client):
    dossiers = [retenu(monde, rang) for rang in range(3)]
    seance = Seance(bassin=monde.caen, quand=dans(0, 9), lieu="CIO de Caen")
    seances.preparer(seance, dossiers, par=monde.celia)
    seances.ouvrir(seance, par=monde.celia)
    une, deux, _ = seance.lignes.all()
    seances.decider(
        une, "missionner", solution="e2c", structure=monde.ml, message="Début lundi", par=monde.celia
    )
    seances.decider(deux, "reporter", par=monde.celia)
    connecter(client, monde.celia)
    adresse = reverse("gab:compte_rendu_pdf", args=[seance.reference])
    assert client.get(adresse).url == reverse("gab:seance", args=[seance.reference])  # not before the closing
    seances.clore(seance, par=monde.celia)
    seances.emarger(
        seance, [monde.celia, monde.medhi], "M. Roussel, Région", "Prochaine séance en mai.", par=monde.celia
    )
    lue = " ".join(pages(client.get(adresse)))
    for texte in (
        "compte rendu de séance", "Bassin Caen", "CIO de Caen", "Celia Essai, Medhi Essai, M. Roussel, Région.",
        "Prochaine séance en mai.", "Préconisation et mission", str(monde.ml), "Début lundi",
        "Reporté à une prochaine séance", "Non examiné", "Structures missionnées : 1.", "Compte rendu à signer.",
    ):  # fmt: skip
        assert texte in lue, texte
    for dossier in dossiers:
        assert dossier.reference in lue and dossier.jeune.identite.nom_complet in lue
    seances.signer(seance, par=monde.celia)
    monde.ml.nom = "Autre nom"
    monde.ml.save(update_fields=["nom"])
    signee = " ".join(pages(client.get(adresse)))
    assert "Compte rendu signé par Celia Essai le" in signee
    assert "Mission locale de Caen" in signee and "Autre nom" not in signee
    # an operator reads neither the minutes nor their PDF
    omar = connecter(Client(), monde.omar)
    assert omar.get(adresse).status_code in {403, 404}

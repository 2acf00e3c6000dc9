"""The whole journey without JavaScript: from the school's draft to the outcome that the school reads.

1 the school files and sends · 2 the identity check · 3 the GAB triages, receives, recommends, commissions · 4 the operator
accepts, calls, records the outcome · 5 the school reads the return · 6 the rectorat's dashboard.
"""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.models import Jeune
from gab.models import Dossier, EtatDossier, Mission
from qualit.journal.models import Action, Trace
from qualit.notifications.models import Avis, Courriel
from signalements.models import EtatSignalement, Signalement
from suivi.models import Devenir, Etape, LectureRetour

from .saisie import formulaire

pytestmark = pytest.mark.usefixtures("nomenclatures")

CANARI = "Serinette"


class Parcours:
    """One browser without JavaScript, in which the people sign in one after the other."""

    def __init__(self, client):
        self.client = client

    def en_tant_que(self, personne):
        self.client.force_login(personne)
        return self

    def lire(self, adresse):
        reponse = self.client.get(adresse)
        assert reponse.status_code == 200, adresse
        return reponse.content.decode()

    def envoyer(self, adresse, **donnees):
        reponse = self.client.post(adresse, donnees)
        assert reponse.status_code == 302, reponse.content.decode()[:3000]
        return reponse.url


def jour(n=0):
    return f"{timezone.localdate() + timedelta(days=n):%d/%m/%Y}"


def test_du_brouillon_au_retour(client, monde):
    p = Parcours(client)

    # 1 and 2. The school: a draft, then the sending with its identity check
    p.en_tant_que(monde.alice)
    assert reverse("signalements:nouveau") in p.lire(reverse("accueil"))
    champs = formulaire(nom_naissance=CANARI)
    champs.pop("jeton")
    p.client.post(reverse("signalements:sauver_nouveau"), champs)
    brouillon = Signalement.objects.get()
    assert brouillon.etat == EtatSignalement.BROUILLON
    assert CANARI.upper() in p.lire(reverse("signalements:brouillons")).upper()
    champs["version"] = str(brouillon.version)
    suite = p.client.post(reverse("dedoublonnage:envoyer", args=[brouillon.reference]), champs)
    assert suite.status_code == 302, suite.content.decode()[:3000]
    brouillon.refresh_from_db()
    assert brouillon.etat == EtatSignalement.ENVOYE
    assert Jeune.objects.count() == 1 and Dossier.objects.count() == 1
    retour = reverse("suivi:retour", args=[brouillon.reference])
    assert "Signalement reçu par le GAB" in p.lire(retour)
    dossier = Dossier.objects.get()

    # 3. The GAB: queue, triage, interview, recommendation, mission
    p.en_tant_que(monde.celia)
    accueil = p.lire(reverse("accueil"))
    assert "Signalements à trier" in accueil and CANARI.upper() not in accueil.upper()
    p.envoyer(reverse("gab:trier", args=[brouillon.reference]), action="recevable")
    p.envoyer(
        reverse("gab:convoquer", args=[dossier.reference]),
        jour=jour(3), heure="14h30", mode="presence", canaux=["lettre"],
    )  # fmt: skip
    entretien = dossier.entretiens.get()
    p.envoyer(
        reverse("gab:tenir", args=[entretien.reference]),
        responsable_present="oui", obligation_expliquee="on", projet="PROJET-SECRET",
    )  # fmt: skip
    p.envoyer(
        reverse("gab:preconiser", args=[dossier.reference]),
        solution="apprentissage", synthese="SYNTHESE-SECRETE", missionner="1",
    )  # fmt: skip
    p.envoyer(
        reverse("gab:missionner", args=[dossier.reference]), structure=monde.ml.pk, message="MESSAGE-SECRET"
    )
    mission = Mission.objects.get()

    # 4. The operator: the home page leads to the mission; it accepts, calls, notes, records the outcome
    p.en_tant_que(monde.omar)
    assert "?vue=a_repondre" in p.lire(reverse("accueil"))
    assert mission.reference in p.lire(reverse("suivi:missions"))
    fiche = reverse("suivi:mission", args=[mission.reference])
    assert CANARI.upper() in p.lire(fiche).upper() and "MESSAGE-SECRET" in p.lire(fiche)
    p.envoyer(reverse("suivi:accepter", args=[mission.reference]), connaissance="inconnu", numero_imilo="")
    contact = brouillon.contacts.first()
    p.envoyer(reverse("suivi:appel", args=[mission.reference]), contact=contact.pk, resultat="messagerie")
    p.envoyer(reverse("suivi:appel", args=[mission.reference]), contact=contact.pk, resultat="repondu")
    p.envoyer(
        reverse("suivi:etape", args=[mission.reference]), type="entree", date=jour(), note="NOTE-SECRETE"
    )
    assert Etape.objects.count() == 3
    assert "06 39 98 12 34" in p.lire(p.envoyer(reverse("suivi:numero"), **{"appel-numero": "0639981234"}))
    p.envoyer(
        reverse("suivi:devenir", args=[mission.reference]),
        code="apprentissage", date=jour(), source="structure", precision="LIEU-SECRET", vu="",
    )  # fmt: skip
    dossier.refresh_from_db()
    assert dossier.etat == EtatDossier.EN_SOLUTION and Devenir.objects.count() == 1

    # 5. The school: what is new, and only what its right allows
    p.en_tant_que(monde.alice)
    liste = p.lire(reverse("suivi:mes_signalements") + "?nouveau=on")
    assert brouillon.reference in liste and "Nouveau" in liste
    html = p.lire(retour)
    for attendu in ("pris en compte", "reçu par le GAB", "suivi par une structure", "Solution : formation"):
        assert attendu in html
    assert "SECRET" not in html and "Mission locale" not in html
    p.envoyer(reverse("suivi:lu", args=[brouillon.reference]))
    assert LectureRetour.objects.get().signalement == brouillon
    assert brouillon.reference not in p.lire(reverse("suivi:mes_signalements") + "?nouveau=on")

    # 6. The rectorat: its dashboard counts this jeune; who reads without names sees neither the name nor so small a number
    call_command("rafraichir_statistiques", verbosity=0)
    p.en_tant_que(monde.rene)
    chiffre = r"(?s)Jeunes repérés (?:(?!qualit-chiffre__nom).)*?qualit-chiffre__valeur\">(?:<a [^>]*>)?1<"
    assert re.search(chiffre, p.lire(reverse("statistiques:tableau")))
    p.en_tant_que(monde.rita)
    assert CANARI not in p.lire(reverse("accueil"))
    tableau = p.lire(reverse("statistiques:tableau"))
    assert CANARI.upper() not in tableau.upper()

    # Along the way: e-mails and notices without a name, every nominative reading and writing in the journal
    assert Courriel.objects.exists() and Avis.objects.exists()
    for courriel in Courriel.objects.all():
        texte = f"{courriel.objet} {courriel.texte} {courriel.html}".upper()
        assert CANARI.upper() not in texte and "TRISTAN" not in texte and "06 39 98 12 34" not in texte
    for avis in Avis.objects.all():
        assert CANARI.upper() not in f"{avis.titre} {avis.lien}".upper()
    jeune = dossier.jeune_id
    lectures = Trace.objects.du_jeune(jeune).filter(action=Action.LECTURE)
    assert {"suivi:mission", "gab:tenir"} & set(lectures.values_list("quoi", flat=True))
    assert Trace.objects.filter(action=Action.ECRITURE, acteur=monde.omar).count() >= 4
    assert CANARI.upper() not in str(list(Trace.objects.values_list("details", "motif", "quoi"))).upper()

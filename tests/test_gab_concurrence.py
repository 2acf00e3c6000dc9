"""Two people at the same thing: the second is told what the first saved, and keeps what they typed."""

import pytest
from django.urls import reverse
from django.utils import timezone

from gab import services
from gab.models import Dossier, Entretien, LigneSeance, Preconisation, Seance
from gab.services import seances

from .monde import connecter, signaler

pytestmark = pytest.mark.usefixtures("nomenclatures")


def entretien_prevu(monde):
    dossier = services.juger_recevable(signaler(monde.lycee, monde.alice), par=monde.celia)
    return services.convoquer(
        dossier, quand=timezone.now(), lieu="CIO", mode="presence", canaux=["lettre"], par=monde.medhi
    )


def champs(page, nom):
    """The value of a hidden field of a page."""
    return page.context["form"][nom].value()


def test_le_compte_rendu_d_un_entretien(monde, client):
    entretien = entretien_prevu(monde)
    adresse = reverse("gab:tenir", args=[entretien.reference])
    celia, medhi = connecter(client, monde.celia), connecter(type(client)(), monde.medhi)
    pages = celia.get(adresse), medhi.get(adresse)
    grille = {"responsable_present": "oui", "motifs_jeune": ["eloignement"]}
    celia.post(adresse, grille | {"projet": "Un CAP cuisine", "version": champs(pages[0], "version")})

    suite = medhi.post(adresse, grille | {"projet": "Un BP coiffure", "version": champs(pages[1], "version")})
    texte = suite.content.decode()
    assert (
        suite.status_code == 200
        and "Un BP coiffure" in texte
        and "Projet du jeune : « Un CAP cuisine »" in texte
    )
    assert Entretien.objects.get().projet == "Un CAP cuisine"

    medhi.post(adresse, grille | {"projet": "Les deux", "version": champs(suite, "version")})
    entretien.refresh_from_db()
    assert (entretien.etat, entretien.projet) == ("tenu", "Les deux")


def test_corriger_la_presence_du_responsable_reprend_l_horloge_legale(monde, client):
    entretien = entretien_prevu(monde)
    services.remplir_la_grille(entretien, par=monde.medhi, version=0, responsable_present="oui")
    dossier = Dossier.objects.get()
    assert dossier.recu_avec_responsable_le == timezone.localdate(entretien.quand)
    adresse = reverse("gab:tenir", args=[entretien.reference])
    connecter(client, monde.medhi).post(adresse, {"responsable_present": "non", "version": 1})
    dossier.refresh_from_db()
    assert dossier.recu_avec_responsable_le is None and dossier.jours_avant_echeance is not None


@pytest.mark.parametrize(
    ("route", "saisie", "garde"),
    [
        ("preconiser", {"solution": "apprentissage", "synthese": "Motivée"}, "Motivée"),
        ("clore", {"raison": "perdu_de_vue"}, None),
        ("ecarter", {"motif": "moins_16_ans", "precision": "Né en 2011"}, "Né en 2011"),
    ],
)
def test_une_decision_sur_un_dossier(monde, client, route, saisie, garde):
    dossier = services.juger_recevable(signaler(monde.lycee, monde.alice), par=monde.celia)
    adresse = reverse(f"gab:{route}", args=[dossier.reference])
    page = connecter(client, monde.celia).get(adresse)
    vu = champs(page, "vu")
    services.missionner(dossier, monde.ml, par=monde.celia)
    services.preconiser(dossier, "e2c", par=monde.celia)

    suite = client.post(adresse, saisie | {"vu": vu})
    texte = suite.content.decode()
    assert suite.status_code == 200 and "Ce dossier a changé pendant votre saisie" in texte
    assert "mission (Mission locale de Caen) : proposée, par Celia" in texte and "préconisation «" in texte
    assert garde is None or garde in texte
    etat = Dossier.objects.get().etat
    assert etat == "missionne"
    assert client.post(adresse, saisie | {"vu": champs(suite, "vu")}).status_code == 302
    if route == "preconiser":
        assert Preconisation.objects.count() == 2
    else:
        assert Dossier.objects.get().etat != etat


def test_la_decision_d_une_ligne_de_seance(monde, client):
    dossier = services.juger_recevable(signaler(monde.lycee, monde.alice), par=monde.celia)
    seance = Seance(bassin=monde.caen, quand=timezone.now())
    seances.preparer(seance, [dossier], par=monde.celia)
    seances.ouvrir(seance, par=monde.celia)
    ligne = LigneSeance.objects.get()
    adresse = reverse("gab:decider", args=[seance.reference])
    celia, medhi = connecter(client, monde.celia), connecter(type(client)(), monde.medhi)
    ecran = reverse("gab:projection", args=[seance.reference])
    vus = [champs(c.get(ecran), "vu") for c in (celia, medhi)]
    base = {"ligne_id": ligne.pk}
    celia.post(adresse, base | {"decision": "preconiser", "solution": "apprentissage", "vu": vus[0]})

    suite = medhi.post(adresse, base | {"decision": "reporter", "message": "À revoir en mai", "vu": vus[1]})
    texte = suite.content.decode()
    assert "Décision : « Préconisation »" in texte and "À revoir en mai" in texte
    ligne.refresh_from_db()
    assert ligne.decision == "preconiser"
    medhi.post(adresse, base | {"decision": "reporter", "vu": champs(suite, "vu")})
    ligne.refresh_from_db()
    assert (ligne.decision, ligne.decidee_par) == ("reporter", monde.medhi)


def test_les_presences_d_une_seance(monde, client):
    seance = Seance(bassin=monde.caen, quand=timezone.now())
    seances.preparer(seance, [], par=monde.celia)
    adresse = reverse("gab:presences", args=[seance.reference])
    celia, medhi = connecter(client, monde.celia), connecter(type(client)(), monde.medhi)
    versions = [champs(c.get(adresse), "version") for c in (celia, medhi)]
    celia.post(
        adresse, {"presences": [monde.celia.pk], "observations": "Le quorum y est", "version": versions[0]}
    )
    suite = medhi.post(adresse, {"observations": "Séance courte", "version": versions[1]})
    texte = suite.content.decode()
    assert "Séance courte" in texte and "Observations générales : « Le quorum y est »" in texte
    assert "Présents : « Celia" in texte
    seance.refresh_from_db()
    assert seance.observations == "Le quorum y est"


def test_les_coordonnees_d_un_signalement(monde, client):
    """Two colleagues correct the contacts of the same report."""
    s = signaler(monde.lycee, monde.alice)
    adresse = reverse("dedoublonnage:corriger", args=[s.reference])
    saisie = {
        "nom_naissance": s.nom_naissance,
        "prenom": s.prenom,
        "sexe": s.sexe,
        "date_naissance": f"{s.date_naissance:%d/%m/%Y}",
        "domicile": "france",
        "code_postal": "14000",
        "ville": "Caen",
        "contacts-total": "1",
        "contacts-0-proprietaire": "jeune",
        "version": s.version,
    }
    alice, andre = connecter(client, monde.alice), connecter(type(client)(), monde.andre)
    alice.post(adresse, saisie | {"contacts-0-valeur": "06 39 98 77 77", "ville": "Ifs"})
    suite = andre.post(adresse, saisie | {"contacts-0-valeur": "06 39 98 88 88"})
    texte = suite.content.decode()
    assert suite.status_code == 409 and "06 39 98 88 88" in texte
    assert "Contacts : « 06 39 98 77 77 » est enregistré" in texte and "Commune : « Ifs »" in texte
    assert s.contacts.get().valeur == "06 39 98 77 77"

"""The queue of identities to confirm, as its users see it."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.comparaison import certitude
from dedoublonnage.models import Fusion, Jeune, Paire, Rattachement
from gab import services as gab
from qualit.journal.models import Trace
from signalements.models import Signalement
from suivi import services as suivi
from tests.monde import connecter, signaler


def paire_de(monde, autre_structure, autre_auteur, **champs):
    """A doubtful pair between a report of the lycée of Caen and one of another structure."""
    premier = signaler(monde.lycee, monde.alice, 0)
    second = signaler(autre_structure, autre_auteur, 1, telephone="06 39 98 00 02", **champs)
    a, b = sorted(
        (Rattachement.objects.actifs().get(signalement=s).jeune for s in (premier, second)),
        key=lambda j: j.pk,
    )
    bassins = {s.bassin_id for s in (premier, second)}
    return Paire.objects.create(
        a=a, b=b, signalement_a=a.identite, signalement_b=b.identite, probabilite=0.62,
        arbitre="bassin" if len(bassins) == 1 else "academie", bassin=monde.caen if len(bassins) == 1 else None,
        academie=monde.academie, contributions=[{"code": "nom", "libelle": "nom proche", "valeur": 2.1}],
    )  # fmt: skip


@pytest.fixture
def paire(monde):
    return paire_de(monde, monde.cfa, monde.basile)


def test_le_coordinateur_voit_la_file_et_la_paire(client, monde, paire):
    connecter(client, monde.celia)
    page = client.get(reverse("dedoublonnage:identites"))
    assert "DUVIVIER" in page.content.decode()
    page = client.get(reverse("dedoublonnage:paire", args=[paire.reference])).content.decode()
    assert "C’est sans doute la même personne" in page and "nom proche (+2,1)" in page
    for mot in ("rattachement", "arbitre", "score", "zone"):
        assert mot not in page.lower()
    assert Trace.objects.filter(jeunes__contains=[paire.a_id, paire.b_id], acteur=monde.celia).count() == 2


@pytest.mark.parametrize(
    ("champs", "jumeaux"),
    [
        ({"prenom": "Antonin"}, True),
        ({"prenom": "Antonin", "date_naissance": date(2009, 5, 2)}, False),
        ({"prenom": "Antonin", "nom_naissance": "Langlois"}, False),
        ({"prenom": "Anahé"}, False),
        ({"prenom": "Antonin", "autres_prenoms": "Zoé Anae"}, False),
        ({"prenom": "Antonin", "ine": "1234567890V"}, False),
        ({"date_naissance": None}, False),
    ],
)
def test_un_autre_prenom_le_meme_jour_dit_des_jumeaux(champs, jumeaux):
    """The words do not say "very probably one" of a brother and a sister born together, whatever the weight."""
    une = {
        "nom_naissance": "Bassetot",
        "prenom": "Anaé",
        "date_naissance": date(2009, 12, 11),
        "ine": "1234567890V",
    }
    autre = une | {"ine": ""} | champs
    dit = certitude(0.93, Signalement(**une), Signalement(**autre))
    assert ("des jumeaux" in dit) is jumeaux
    if not jumeaux:
        assert dit == "C’est très probablement la même personne"


def test_une_paire_entre_bassins_va_au_rectorat(client, monde):
    paire = paire_de(monde, monde.lycee_lisieux, monde.lucie)
    for personne, code in [(monde.celia, 404), (monde.denis, 404), (monde.rene, 200), (monde.alice, 403)]:
        connecter(client, personne)
        assert client.get(reverse("dedoublonnage:paire", args=[paire.reference])).status_code == code, (
            personne
        )


def test_reunir_demande_confirmation_et_se_defait(client, monde, paire):
    connecter(client, monde.celia)
    url = reverse("dedoublonnage:confirmer", args=[paire.reference])
    assert "Réunir ces deux fiches" in client.get(url).content.decode()
    assert Jeune.objects.vivants().count() == 2
    client.post(url, {"motif": "appel à la famille"})
    assert Jeune.objects.vivants().count() == 1
    page = client.get(reverse("dedoublonnage:paire", args=[paire.reference])).content.decode()
    assert "Revenir sur cette décision" in page
    client.post(reverse("dedoublonnage:revenir", args=[paire.reference]))
    assert Jeune.objects.vivants().count() == 2
    assert Fusion.objects.get().annulee_par == monde.celia


def test_deux_coordinateurs_decident_en_meme_temps(client, monde, paire):
    connecter(client, monde.celia)
    client.post(reverse("dedoublonnage:differents", args=[paire.reference]), {"motif": ""})
    page = client.post(reverse("dedoublonnage:confirmer", args=[paire.reference]), {"motif": ""}, follow=True)
    assert "n’est plus possible" in page.content.decode()
    paire.refresh_from_db()
    assert paire.etat == Paire.Etat.DIFFERENTS and Jeune.objects.vivants().count() == 2


def requetes(client, url):
    """How many queries a page makes, savepoints apart."""
    with CaptureQueriesContext(connection) as capture:
        client.get(url)
    return sum("SAVEPOINT" not in requete["sql"] for requete in capture)


def test_la_file_ne_coute_pas_plus_avec_vingt_paires(client, monde, paire):
    connecter(client, monde.celia)
    client.get(reverse("dedoublonnage:identites"))  # the first page of a session writes it
    avec_une = requetes(client, reverse("dedoublonnage:identites"))
    for _ in range(20):
        autre = Jeune.objects.create(identite=paire.b.identite)
        Paire.objects.create(
            a=paire.a, b=autre, signalement_a=paire.a.identite, signalement_b=paire.b.identite, probabilite=0.5,
            arbitre="bassin", bassin=monde.caen, academie=monde.academie,
        )  # fmt: skip
    assert requetes(client, reverse("dedoublonnage:identites")) == avec_une <= 12


def test_separer_est_propose_sur_les_pages_de_qui_le_peut(client, monde):
    """Each report of a jeune who has several; nobody else sees the link, nor does a report that is alone."""
    premier, second = (signaler(monde.lycee, monde.alice, 0) for _ in range(2))
    jeune = Rattachement.objects.actifs().get(signalement=second).jeune
    seul = signaler(monde.cfa, monde.basile, 1, telephone="06 39 98 00 02")
    autre = Rattachement.objects.actifs().get(signalement=seul).jeune
    a, b = sorted([jeune, autre], key=lambda j: j.pk)
    paire = Paire.objects.create(
        a=a, b=b, signalement_a=a.identite, signalement_b=b.identite, probabilite=0.6, arbitre="bassin",
        bassin=monde.caen, academie=monde.academie,
    )  # fmt: skip
    liens = [reverse("dedoublonnage:separer", args=[s.reference]) for s in (premier, second, seul)]
    pages = [
        reverse("dedoublonnage:paire", args=[paire.reference]),
        reverse("suivi:jeune", args=[jeune.reference]),
    ]
    connecter(client, monde.celia)
    for page in pages:
        texte = client.get(page).content.decode()
        assert [f'href="{lien}"' in texte for lien in liens] == [True, True, False], page
    assert client.get(liens[1]).status_code == 200
    connecter(client, monde.medhi)
    texte = client.get(pages[1]).content.decode()
    assert "Signalement de" in texte and not any(lien in texte for lien in liens)
    assert client.get(liens[1]).status_code == 403


def test_le_motif_suit_jusqu_a_la_confirmation(client, monde, paire):
    connecter(client, monde.celia)
    url = reverse("dedoublonnage:confirmer", args=[paire.reference])
    page = client.get(reverse("dedoublonnage:paire", args=[paire.reference])).content.decode()
    assert f'formaction="{url}" name="demander"' in page
    page = client.post(url, {"motif": "appel à la mère", "demander": "1"}).content.decode()
    assert "Réunir ces deux fiches" in page and "appel à la mère" in page
    assert Jeune.objects.vivants().count() == 2, "asking is not deciding"
    client.post(url, {"motif": "appel à la mère"})
    assert Fusion.objects.get().motif == "appel à la mère"


def test_un_motif_refuse_est_rendu_avec_son_erreur(client, monde, paire):
    connecter(client, monde.celia)
    trop = "dossier papier " * 300
    reponse = client.post(reverse("dedoublonnage:differents", args=[paire.reference]), {"motif": trop})
    assert reponse.status_code == 200 and reponse.context["form"].errors["motif"]
    assert "dossier papier dossier papier" in reponse.content.decode()
    paire.refresh_from_db()
    assert paire.etat == Paire.Etat.A_DECIDER


def test_les_chiffres_de_la_file_sont_ceux_de_ses_gens(client, monde, paire):
    maintenant = timezone.now()
    decidees = [
        {"etat": "meme"},  # the machine
        {"etat": "differents", "decidee_par": monde.alice, "motif_decision": "Dit à la saisie"},
        {"etat": "differents", "decidee_par": monde.celia, "origine": "detachement"},
        {"etat": "differents", "decidee_par": monde.celia},
    ]
    for champs in decidees:
        Paire.objects.create(
            a=paire.a, b=Jeune.objects.create(identite=paire.b.identite), probabilite=0.5, arbitre="bassin",
            bassin=monde.caen, academie=monde.academie, decidee_le=maintenant, **champs,
        )  # fmt: skip
    connecter(client, monde.celia)
    reponse = client.get(reverse("dedoublonnage:identites"))
    chiffres = reponse.context["statistiques"]
    assert (chiffres["decidees"], chiffres["memes"], chiffres["part_memes"]) == (1, 0, 0)
    assert (chiffres["automatiques"], chiffres["a_la_saisie"]) == (1, 1)
    assert "1 réunion automatique, 1 réponse à la saisie" in reponse.content.decode()


def test_les_autres_ressemblances_se_decident_sur_la_page(client, monde, paire):
    tiers = Jeune.objects.create(identite=paire.b.identite)
    autre = Paire.objects.create(
        a=paire.a, b=tiers, signalement_a=paire.a.identite, signalement_b=tiers.identite, probabilite=0.5,
        arbitre="bassin", bassin=monde.caen, academie=monde.academie,
    )  # fmt: skip
    connecter(client, monde.celia)
    page = client.get(reverse("dedoublonnage:paire", args=[paire.reference])).content.decode()
    pli = page[page.index("<details") : page.index("Votre décision")]
    assert "Date de naissance" in pli
    for route in ("differents", "confirmer"):
        assert f'action="{reverse(f"dedoublonnage:{route}", args=[autre.reference])}"' in pli
    identifiants = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiants) == len(set(identifiants)), "two forms of a motive, two ids"
    assert Trace.objects.filter(jeunes__contains=[tiers.pk], acteur=monde.celia).exists()


def test_l_historique_ne_montre_pas_ce_que_l_on_ne_peut_pas_lire(client, monde, paire):
    """A report out of the reader's scope is said to have been received, without its school nor its reference."""
    du_dehors = signaler(monde.lycee_lisieux, monde.lucie, 2)
    rattachement = Rattachement.objects.actifs().get(signalement=du_dehors)
    seul = rattachement.jeune
    rattachement.jeune = paire.a
    rattachement.save()
    seul.dossiers.update(jeune=paire.a, etat="clos")
    for personne, vu in ((monde.celia, False), (monde.rene, True)):
        connecter(client, personne)
        page = client.get(reverse("dedoublonnage:paire", args=[paire.reference])).content.decode()
        assert ("Signalement d’un autre bassin" in page) is not vu, personne
        for secret in (str(monde.lycee_lisieux), f"Dossier du bassin de {monde.lisieux}"):
            assert (secret in page) is vu, (personne, secret)


def test_l_historique_dit_le_dossier_sans_les_notes(client, monde, paire, nomenclatures):
    dossier = gab.juger_recevable(paire.a.identite, par=monde.celia)
    entretien = gab.convoquer(
        dossier, quand=timezone.now(), lieu="CIO", mode="presence", canaux=["lettre"], par=monde.medhi
    )
    gab.remplir_la_grille(
        entretien, par=monde.medhi, version=0, responsable_present="oui", projet="NOTESECRETE"
    )
    gab.preconiser(dossier, "apprentissage", par=monde.celia)
    mission = gab.missionner(dossier, monde.ml, par=monde.celia)
    gab.accepter_mission(mission, par=monde.omar)
    suivi.enregistrer_devenir(
        dossier, "sans_solution", date=timezone.localdate(), source="famille", par=monde.omar, mission=mission
    )
    connecter(client, monde.celia)
    page = client.get(reverse("dedoublonnage:paire", args=[paire.reference])).content.decode()
    for dit in ("Dossier du bassin", "Entretien", f"Mission : {monde.ml}", "Devenir :"):
        assert dit in page, dit
    assert "NOTESECRETE" not in page

"""What a reporter reads of its reports: only its right, only after the triage; what is new; what was read."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from gab import services as gab
from gab.models import Entretien
from signalements.models import EtatNeant, Signalement
from suivi import relances, retours, services
from suivi.models import LectureRetour

from . import monde as w


def page(client, personne, nom, *args, suite="", **donnees):
    client.force_login(personne)
    adresse = reverse(nom, args=args) + suite
    return client.post(adresse, donnees) if donnees else client.get(adresse)


def vieillir(signalement):
    """Put the triage a little in the past, so that what follows is later than it."""
    Signalement.objects.filter(pk=signalement.pk).update(trie_le=timezone.now() - timedelta(seconds=5))
    signalement.refresh_from_db()


def mener(monde, s, *, code="apprentissage"):
    """From the triage to an outcome, by the services of each role."""
    gab.juger_recevable(s, par=monde.celia)
    vieillir(s)
    dossier = s.versement.dossier
    dossier.refresh_from_db()
    entretien = Entretien.objects.create(dossier=dossier, quand=timezone.now())
    gab.constater(
        entretien, "tenir", par=monde.celia, projet="PROJET-SECRET", motifs_jeune=["conflit_adultes"],
        responsable_present="oui",
    )  # fmt: skip
    dossier.refresh_from_db()
    gab.preconiser(dossier, code, par=monde.celia, synthese="SYNTHESE-SECRETE")
    mission = gab.missionner(dossier, monde.ml, par=monde.celia, message="MESSAGE-SECRET")
    gab.accepter_mission(mission, par=monde.omar, connaissance="inconnu")
    dossier.refresh_from_db()
    services.noter_etape(dossier, "rdv_pris", par=monde.omar, mission=mission, note="NOTE-SECRETE")
    return services.enregistrer_devenir(
        dossier, code, date=timezone.localdate(), source="jeune", par=monde.omar, mission=mission,
        precision="LIEU-SECRET", premier_rdv_le=timezone.localdate(),
    )  # fmt: skip


def test_avant_le_triage_seulement_recu(client, monde):
    s = w.signaler(monde.lycee, monde.alice)
    html = page(client, monde.alice, "suivi:retour", s.reference).content.decode()
    assert "Signalement reçu par le GAB" in html and "pris en compte" not in html.replace(
        "aura été pris en compte", ""
    )
    assert "02 61 91 00 01" in html and "Délai habituel : 15 jours" in html
    html = page(client, monde.alice, "suivi:mes_signalements").content.decode()
    assert "DUVIVIER Maëlle" in html and "Reçu" in html and "Nouveau" not in html


def test_le_retour_ne_dit_que_son_droit(client, monde):
    s = w.signaler(monde.lycee, monde.alice)
    mener(monde, s)
    html = page(client, monde.alice, "suivi:retour", s.reference).content.decode()
    for attendu in ("pris en compte", "reçu par le GAB", "suivi par une structure", "Solution : formation"):
        assert attendu in html
    assert "SECRET" not in html and "Mission locale" not in html and "pprentissage" not in html
    assert "onflit" not in html


def test_jamais_l_accompagnement_specialise(client, monde):
    """It reads as any accompaniment does: its absence would name it too."""
    s = w.signaler(monde.lycee, monde.alice)
    mener(monde, s, code="accompagnement_specialise")
    autre = w.signaler(monde.lycee, monde.alice, 1)
    mener(monde, autre, code="accompagnement_ml")

    def lignes(signalement):
        return [(n.code, n.titre) for n in retours.nouvelles(signalement)]

    assert lignes(s) == lignes(autre)
    assert ("devenir", "Solution : accompagnement") in lignes(s)
    assert "pécialisé" not in page(client, monde.alice, "suivi:retour", s.reference).content.decode()


def test_seulement_ce_qui_suit_le_triage(monde):
    """A school that joins a dossier already followed learns nothing of what went before its own triage."""
    premier = w.signaler(monde.cfa, monde.basile)
    mener(monde, premier)
    second = w.signaler(monde.lycee, monde.alice)
    assert second.versement.dossier == premier.versement.dossier
    assert [n.code for n in retours.nouvelles(second)] == ["recu"]
    gab.juger_recevable(second, par=monde.celia)
    second.refresh_from_db()
    assert [n.code for n in retours.nouvelles(second)] == ["recevable", "recu"]
    annote = retours.avec_nouvelles(Signalement.objects.filter(pk=second.pk), monde.alice).get()
    assert annote.nouvelle_le == second.trie_le and retours.resume(annote)[0] == "Pris en compte"


def test_un_autre_etablissement_lit_en_formation_jamais_ou(client, monde):
    premier = w.signaler(monde.cfa, monde.basile)
    second = w.signaler(monde.lycee, monde.alice)
    for pk in (premier.pk, second.pk):
        s = Signalement.objects.get(pk=pk)
        gab.juger_recevable(s, par=monde.celia)
        vieillir(s)
    premier.refresh_from_db()
    second.refresh_from_db()
    premier.motif_retrait = "retour_formation"
    premier.save(update_fields=["motif_retrait"])
    gab.confirmer_retrait(premier, par=monde.celia)
    html = page(client, monde.alice, "suivi:retour", second.reference).content.decode()
    assert "Jeune en formation" in html and "Ifs" not in html
    assert (
        "Signalement retiré" in page(client, monde.basile, "suivi:retour", premier.reference).content.decode()
    )


def test_non_lu_jusqu_a_la_lecture(client, monde):
    s = w.signaler(monde.lycee, monde.alice)
    mener(monde, s)

    def non_lus(personne):
        return retours.non_lus(retours.avec_nouvelles(retours.mes_signalements(personne), personne)).count()

    assert non_lus(monde.alice) == non_lus(monde.andre) == 1
    assert "Nouveau" in page(client, monde.alice, "suivi:mes_signalements").content.decode()
    page(client, monde.alice, "suivi:retour", s.reference)
    assert non_lus(monde.alice) == 1  # a GET, or a prefetch, counts for nothing
    reponse = client.post(reverse("suivi:lu", args=[s.reference]), headers={"X-Requested-With": "fetch"})
    assert reponse.status_code == 204
    assert non_lus(monde.alice) == 0 and non_lus(monde.andre) == 1
    assert LectureRetour.objects.get().utilisateur == monde.alice
    assert "J’ai lu ce retour" not in page(client, monde.alice, "suivi:retour", s.reference).content.decode()
    assert not client.get(reverse("suivi:mes_signalements") + "?nouveau=on").context["page"].object_list
    # something more happens: unread again
    gab.clore(s.versement.dossier, "solution_stable", par=monde.celia)
    assert non_lus(monde.alice) == 1


def test_part_des_retours_lus(client, monde):
    a, b = w.signaler(monde.lycee, monde.alice), w.signaler(monde.lycee, monde.alice, 1)
    c = w.signaler(monde.cfa, monde.basile, 2)
    attend = w.signaler(monde.cfa, monde.basile, 3)
    for s in (a, b, c):
        gab.juger_recevable(s, par=monde.celia)
    page(client, monde.andre, "suivi:lu", a.reference, x="")
    taux = retours.taux_de_lecture(Signalement.objects.all(), "structure")
    assert taux == {monde.lycee.pk: (1, 2), monde.cfa.pk: (0, 1)}
    assert attend.trie_le is None


def test_chacun_ses_signalements(client, monde):
    s = w.signaler(monde.lycee, monde.alice)
    for personne, attendu in (
        (monde.alice, 200),
        (monde.andre, 200),
        (monde.basile, 404),
        (monde.celia, 403),
    ):
        assert page(client, personne, "suivi:retour", s.reference).status_code == attendu
    assert "DUVIVIER" not in page(client, monde.basile, "suivi:mes_signalements").content.decode()


def test_filtres(client, monde):
    s = w.signaler(monde.lycee, monde.alice, classe="1 CUISINE")
    w.signaler(monde.lycee, monde.alice, 1)
    gab.demander_complement(s, "Quelle classe ?", par=monde.celia)
    attendus = {
        "": 2,
        "?classe=1+CUISINE": 1,
        "?etat=a_completer": 1,
        "?etat=recu": 1,
        "?etat=en_solution": 0,
        "?etat=x'--": 2,
    }
    for suite, nombre in attendus.items():
        page_ = page(client, monde.alice, "suivi:mes_signalements", suite=suite).context["page"]
        assert len(page_.object_list) == nombre, suite
    assert "Quelle classe ?" in page(client, monde.alice, "suivi:retour", s.reference).content.decode()


def test_etablissements_sans_reponse(client, monde):
    mois = relances.mois_recents(1)[0]
    s = w.signaler(monde.lycee, monde.alice)
    Signalement.objects.filter(pk=s.pk).update(
        envoye_le=timezone.now().replace(year=mois.year, month=mois.month, day=3)
    )
    portee = relances.structures_a_relancer(monde.celia)
    assert set(portee) == {monde.lycee, monde.cfa}
    assert list(relances.sans_reponse(portee, mois)) == [monde.cfa]
    html = page(client, monde.celia, "suivi:sans_reponse").content.decode()
    assert "CFA d’Ifs" in html and "Malherbe" not in html.split("<tbody>")[1]
    # only those of one's territory that did not answer are reminded
    donnees = {
        "mois": f"{mois:%Y-%m}",
        "structure": [monde.cfa.code, monde.lycee.code, monde.lycee_lisieux.code],
    }
    client.post(reverse("suivi:sans_reponse"), donnees)
    assert monde.basile.avis.filter(code="sans_reponse").count() == 1
    assert not monde.alice.avis.filter(code="sans_reponse").exists()
    assert not monde.lucie.avis.filter(code="sans_reponse").exists()
    EtatNeant.objects.create(structure=monde.cfa, mois=mois)
    assert not relances.sans_reponse(portee, mois).exists()
    assert (
        "Tous les établissements ont répondu"
        in page(client, monde.celia, "suivi:sans_reponse").content.decode()
    )
    assert relances.structures_a_relancer(monde.rene).count() == 3
    assert page(client, monde.alice, "suivi:sans_reponse").status_code == 403

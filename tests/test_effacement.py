"""What is erased is erased everywhere, and stays so after a restore (third promise of the README)."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import psycopg
import pytest
from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from dedoublonnage.models import Jeune
from gab import services as gab
from gab.models import Dossier
from qualit.journal.models import Trace
from qualit.journal.services import noter
from qualit.postgres import Cluster
from qualit.rgpd import conservation, effacement, grand_livre
from qualit.rgpd.models import Demande
from signalements.models import Origine, Signalement
from statistiques import services as statistiques
from statistiques.models import Episode

from . import canari as c
from . import monde as w

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registre(tmp_path, settings):
    settings.REGISTRE_DES_EFFACEMENTS = tmp_path / "effacements.jsonl"
    return settings.REGISTRE_DES_EFFACEMENTS


@pytest.fixture
def m(db):
    return w.construire()


def mots(jeune):
    """All that could bring the person back: name, contacts, birth date, INE, references of every row."""
    signalements = Signalement.objects.filter(rattachements__jeune=jeune)
    naissances = {f"'{s.date_naissance}'" for s in signalements if s.date_naissance}
    references = {r for s in signalements for r in [s.reference]}
    references |= {jeune.reference, *jeune.dossiers.values_list("reference", flat=True)}
    return [c.CANARI, "639987766", *naissances, *references]


@pytest.mark.django_db(transaction=True)
def test_ce_qui_est_efface_l_est_aussi_apres_une_restauration(registre):
    m = w.construire()
    jeune = c.planter(m)
    a_chercher = mots(jeune)
    avant = c.vider_dans_un_fichier()
    assert not set(a_chercher) - {mot for mot, _ in c.traces_dans(avant, *a_chercher)}  # the canary sings
    sauvegarde = c.sauvegarder()

    effacement.effacer(jeune, par=m.dora, raison="demande")
    call_command("purger", "--appliquer", stdout=StringIO())
    # the brother of the same name is another person: he stays, so the name alone is looked for without him
    frere = Signalement.objects.get(prenom="Tristan")
    assert frere.nom_naissance == c.CANARI
    effacement.effacer(frere.rattachements.get().jeune, par=m.dora, raison="demande")
    assert c.traces_dans(c.vider_dans_un_fichier(), *a_chercher) == []
    assert c.traces_dans(registre.read_bytes(), *a_chercher) == []

    base = f"{connection.settings_dict['NAME']}_restauree"
    with psycopg.connect(c.url_de("postgres"), autocommit=True) as serveur:
        serveur.execute(f'DROP DATABASE IF EXISTS "{base}"')
        proprietaire = connection.settings_dict["USER"]
        serveur.execute(f'CREATE DATABASE "{base}" OWNER "{proprietaire}"')
    try:
        restaurer(sauvegarde, base)
        assert c.traces_dans(c.vider_dans_un_fichier(base), *a_chercher)  # the backup brought the person back
        compte = rejouer(base, registre)
        assert compte["personnes"] == compte["inscrits"] == 2
        assert c.traces_dans(c.vider_dans_un_fichier(base), *a_chercher) == []
        assert rejouer(base, registre)["personnes"] == 0  # once more changes nothing
    finally:
        with psycopg.connect(c.url_de("postgres"), autocommit=True) as serveur:
            serveur.execute(f'DROP DATABASE "{base}" WITH (FORCE)')


def restaurer(sauvegarde, base):
    resultat = subprocess.run(
        [str(c.outil("pg_restore")), "--dbname", c.url_de(base), "--exit-on-error", "--clean", "--if-exists"],
        input=sauvegarde, capture_output=True, cwd="/", **c.identite(),
    )  # fmt: skip
    assert resultat.returncode == 0, resultat.stderr.decode()[-2000:]


def rejouer(base, registre):
    """The command, as after a real restore: another process, on the restored database."""
    if "DATABASE_URL" in os.environ:
        url = c.url_de(base)
    else:
        url = Cluster.de(settings.BASE_DIR).url("qualit").rsplit("/", 1)[0] + f"/{base}"
    resultat = subprocess.run(
        [sys.executable, "manage.py", "rejouer_effacements", "--json"],
        env=os.environ
        | {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "qualit.settings.tests",
            "REGISTRE_DES_EFFACEMENTS": str(registre),
        },
        cwd=settings.BASE_DIR, capture_output=True, text=True,
    )  # fmt: skip
    assert resultat.returncode == 0, resultat.stderr[-2000:]
    return json.loads(resultat.stdout)


def test_les_statistiques_gardent_leurs_nombres(m):
    jeune = c.planter(m)
    champs = [
        f.name for f in Episode._meta.concrete_fields if f.name not in {"commune_id", "etat", "clos_le"}
    ]
    gab.clore(jeune.dossiers.ouverts().get(), "autre", par=m.celia)  # else the erasure would close it
    statistiques.rafraichir_tout()
    avant = list(Episode.objects.filter(jeune_id=jeune.pk).values(*champs))
    assert avant
    effacement.effacer(jeune, par=m.dora, raison="demande")
    statistiques.rafraichir_tout()
    assert list(Episode.objects.filter(jeune_id=jeune.pk).values(*champs)) == avant


@pytest.mark.parametrize("jours", [0, 1, 40, 200, 364, 365])
@pytest.mark.parametrize("ecart", [-40, 0, 1, 30, 120])
def test_la_date_de_naissance_floue_garde_l_age_et_la_minorite(jours, ecart):
    sortie = timezone.localdate() - timedelta(days=200)
    envoi = sortie + timedelta(days=ecart)
    vraie = sortie - relativedelta(years=18) + timedelta(days=jours - 182)
    s = Signalement(
        date_naissance=vraie, date_sortie=sortie, envoye_le=timezone.now() - (timezone.localdate() - envoi)
    )
    floue = effacement.naissance_floue(s)
    assert relativedelta(sortie, floue).years == relativedelta(sortie, vraie).years
    jour = timezone.localdate(s.envoye_le)
    if ecart >= 0:
        assert (relativedelta(jour, floue).years < 18) == (relativedelta(jour, vraie).years < 18)


def test_le_registre_ne_s_ecrit_pas_rien_ne_s_efface(m, settings, tmp_path):
    jeune = w.signaler(m.lycee, m.alice).rattachements.get().jeune
    (tmp_path / "fichier").write_text("")
    settings.REGISTRE_DES_EFFACEMENTS = tmp_path / "fichier" / "registre.jsonl"
    with pytest.raises(grand_livre.GrandLivreIllisible), transaction.atomic():
        effacement.effacer(jeune, par=m.dora, raison="demande")
    jeune.refresh_from_db()
    assert jeune.anonymise_le is None and jeune.identite.nom_naissance == "DUVIVIER"


def test_un_registre_d_une_autre_cle_ou_abime_se_dit(m, settings, registre):
    grand_livre.inscrire(["AAAA2222"], raison="demande")
    assert grand_livre.retrouver({"AAAA2222", "BBBB3333"}) == {"AAAA2222"}
    with registre.open("a") as sortie:
        sortie.write('{"v": 1, "qua')  # a power failure in the middle of a line
    assert len(grand_livre.lire()) == 1
    settings.CLE_DES_EFFACEMENTS = "une autre"
    with pytest.raises(grand_livre.GrandLivreIllisible):
        grand_livre.lire()
    settings.CLE_DES_EFFACEMENTS = "developpement-seulement"
    registre.write_text("n’importe quoi\n" + registre.read_text())
    with pytest.raises(grand_livre.GrandLivreIllisible):
        grand_livre.lire()


def test_un_signalement_detache_depuis_la_sauvegarde_n_est_pas_efface(m):
    """The backup holds two reports under one jeune; one was detached since, and the other person was not erased."""
    a = w.signaler(m.lycee, m.alice)
    b = w.signaler(m.cfa, m.basile)
    jeune = a.rattachements.get().jeune
    assert b.rattachements.get().jeune == jeune
    grand_livre.inscrire([a.reference, "JEUNEAUT"], raison="demande")  # what was erased: `a` alone
    nombre, _ = conservation.rejouer()
    assert nombre == 1
    a.refresh_from_db(), b.refresh_from_db()
    assert a.nom_naissance == "Effacé" and b.nom_naissance == "DUVIVIER"


def vieillir(dossier, mois):
    Dossier.objects.filter(pk=dossier.pk).update(clos_le=timezone.now() - relativedelta(months=mois, days=2))


@pytest.fixture
def clos(m):
    """A closed dossier."""
    s = w.signaler(m.lycee, m.alice)
    gab.juger_recevable(s, par=m.celia)
    return gab.clore(s.versement.dossier, "autre", par=m.celia)


def purger(*options):
    sortie = StringIO()
    call_command("purger", "--json", *options, stdout=sortie)
    return json.loads(sortie.getvalue())


def test_la_purge_a_blanc_ne_change_rien(m, clos):
    vieillir(clos, 36)
    avant = Trace.objects.count()
    compte = purger()
    assert compte["appliquee"] is False and compte["prevu"]["Jeunes à anonymiser"] == 1
    assert not Jeune.objects.filter(anonymise_le__isnull=False).exists() and Trace.objects.count() == avant


@pytest.mark.parametrize(("mois", "archive", "anonymise"), [(23, 0, 0), (24, 1, 0), (35, 1, 0), (36, 1, 1)])
def test_vingt_quatre_mois_puis_douze(m, clos, mois, archive, anonymise):
    vieillir(clos, mois)
    assert (conservation.archives().count(), conservation.a_anonymiser().count()) == (archive, anonymise)


def test_la_purge_anonymise_et_en_rend_compte(m, clos, registre):
    vieillir(clos, 36)
    compte = purger("--appliquer")
    assert compte["fait"]["Jeunes anonymisés"] == 1 and compte["reste"]["Jeunes à anonymiser"] == 0
    assert compte["lignes_videes"]["signalements.Signalement"] == 1
    assert len(registre.read_text().splitlines()) == 1
    assert purger("--appliquer")["fait"]["Jeunes anonymisés"] == 0


def test_ce_qui_n_est_pas_purge(m, clos):
    vieillir(clos, 40)
    Jeune.objects.filter(pk=clos.jeune_id).update(limite_le=timezone.now())
    assert not conservation.a_anonymiser().exists()  # article 18: limited data are kept
    Jeune.objects.filter(pk=clos.jeune_id).update(limite_le=None)
    Signalement.objects.update(origine=Origine.REPRISE)
    assert not conservation.a_anonymiser().exists()  # the slips of 2009-2010
    Signalement.objects.update(origine=Origine.SAISIE)
    w.signaler(m.cfa, m.basile)  # the same jeune again: the dossier is open
    assert not conservation.a_anonymiser().exists()


def test_le_journal_expire_et_les_demandes_repondues_s_anonymisent(m):
    vieille = timezone.now() - relativedelta(months=14)
    Trace.objects.create(quand=vieille, action="lecture", quoi="essai")
    Trace.objects.create(quand=timezone.now() - relativedelta(months=11), action="lecture", quoi="essai")
    Demande.objects.create(
        academie=m.academie, type="acces", demandeur="Odile", qualite="jeune", suite="accordee",
        recue_le=timezone.localdate() - relativedelta(months=40), repondue_le=timezone.localdate() - relativedelta(months=39),
    )  # fmt: skip
    fait = purger("--appliquer")["fait"]
    assert fait["Lignes du journal"] == 1 and Trace.objects.filter(quoi="essai").count() == 1
    assert fait["Demandes anonymisées"] == 1 and Demande.objects.get().demandeur == "Effacé"


def test_l_application_ne_peut_pas_toucher_au_journal(m):
    for appel in ("journal_effacer_texte()", "journal_expirer(now())"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as curseur:
            curseur.execute("SET LOCAL ROLE qualit_app")
            curseur.execute(f"SELECT {appel}")


def test_le_texte_du_journal_ne_s_efface_que_pour_les_personnes_effacees(m):
    jeune = w.signaler(m.lycee, m.alice).rattachements.get().jeune
    autre = w.signaler(m.lycee, m.alice, 1).rattachements.get().jeune
    for un in (jeune, autre):
        noter("lecture", "essai", par=m.celia, jeunes=[un.pk], motif="un motif")
    effacement.effacer(jeune, par=m.dora, raison="demande")
    purger("--appliquer")
    motifs = {t.jeunes[0]: (t.motif, t.acteur) for t in Trace.objects.filter(quoi="essai")}
    assert motifs == {jeune.pk: ("", m.celia), autre.pk: ("un motif", m.celia)}
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as curseur:
        curseur.execute("UPDATE journal_trace SET motif = ''")

"""Random worlds for the statistics: reports, dossiers, facts, written in bulk with the dates of the past."""

import random
from datetime import UTC, date, datetime, timedelta

from dedoublonnage.fusion import FusionImpossible, annuler_fusion, choisir_garde, fusionner
from dedoublonnage.models import Jeune, Rattachement
from gab.models import Dossier, Entretien, Mission, Preconisation, Transfert, Versement
from qualit.journal.models import Passage
from signalements.models import EtatNeant, Signalement
from suivi.models import Devenir, LectureRetour

DEVENIRS = [
    ("apprentissage", "formation"), ("emploi_court", "insertion"), ("cej", "accompagnement"), ("sans_solution", ""),
]  # fmt: skip


def instant(jour, heure=10):
    return datetime(jour.year, jour.month, jour.day, heure, tzinfo=UTC)


def peupler_au_hasard(m, graine, jeunes=90, premiere=2022):
    """Fill the tests' world with `jeunes` people over three campaigns."""
    hasard = random.Random(graine)
    for n in range(jeunes):
        debut = date(premiere, 7, 1) + timedelta(days=hasard.randrange(3 * 365 - 40))
        bassin = hasard.choice([m.caen, m.caen, m.lisieux])
        jeune = Jeune.objects.create(cree_le=instant(debut))
        une_sortie(m, hasard, n, jeune, debut, bassin)
    EtatNeant.objects.create(
        structure=m.lycee, mois=date(premiere, 9, 1), quand=instant(date(premiere, 9, 12))
    )


def une_sortie(m, hasard, n, jeune, debut, bassin):
    """One exit of a jeune: a dossier, its reports, what was done and what became of them."""
    structures = [m.lycee, m.cfa, m.lycee_lisieux, m.cio]
    operateurs = {m.caen.pk: m.ml, m.lisieux.pk: m.ml_lisieux}
    hors_champ = hasard.random() < 0.12
    dossier = Dossier.objects.create(
        jeune=jeune, bassin=bassin, ouvert_le=instant(debut), premier_envoi_le=instant(debut),
        etat="hors_champ" if hors_champ else hasard.choice(["clos", "pris_en_charge", "en_solution"]),
        motif_hors_champ=hasard.choice(["n_etait_pas_sorti", "diplome"]) if hors_champ else "",
        echeance_legale=debut + timedelta(days=90) if hasard.random() < 0.5 else None,
        recu_avec_responsable_le=debut + timedelta(days=hasard.randrange(150)) if hasard.random() < 0.5 else None,
    )  # fmt: skip
    if dossier.etat in {"hors_champ", "clos"}:
        dossier.clos_le = instant(debut + timedelta(days=hasard.randrange(5, 60)))
        dossier.save()
    for rang in range(hasard.choice([1, 1, 1, 2, 3])):
        jour = debut + timedelta(days=rang * hasard.randrange(1, 30))
        s = Signalement.objects.create(
            structure=hasard.choice(structures), bassin=bassin, nom_naissance=f"ESSAI{n}", prenom="Alea",
            etat=hasard.choices(["recevable", "annule"], [9, 1])[0] if not hors_champ else "hors_champ",
            sexe=hasard.choice("FM"), niveau=hasard.choice(["vi", "v_bis", ""]),
            date_naissance=debut - timedelta(days=hasard.randrange(16 * 366, 20 * 365)),
            date_sortie=debut - timedelta(days=hasard.randrange(60)), motif_principal=hasard.choice(["absenteisme_lourd", ""]),
            obligation_formation=hasard.random() < 0.05 and rang == 0,
            envoye_le=instant(jour, 8 + rang), trie_le=instant(jour + timedelta(days=3)) if hasard.random() < 0.8 else None,
        )  # fmt: skip
        Rattachement.objects.create(signalement=s, jeune=jeune, mode="nouveau", quand=s.envoye_le)
        Versement.objects.create(dossier=dossier, signalement=s, quand=s.envoye_le)
        if s.etat == "annule":
            quand = s.envoye_le + timedelta(days=hasard.randrange(1, 20))
            Passage.objects.create(
                objet_type="signalements.signalement", objet_id=s.pk, action="annuler", de="envoye", vers="annule",
                quand=quand, survenu_le=quand,
            )  # fmt: skip
        if s.trie_le and hasard.random() < 0.5:
            LectureRetour.objects.create(
                signalement=s,
                utilisateur=m.alice,
                quand=s.trie_le + timedelta(days=hasard.randrange(1, 60)),
            )
        if jeune.identite is None:
            jeune.identite = s
            jeune.save()
    facts = debut
    if hasard.random() < 0.15 and dossier.etat not in {"hors_champ"}:
        facts = debut + timedelta(days=hasard.randrange(200, 420))
        Passage.objects.create(
            objet_type="gab.dossier", objet_id=dossier.pk, action="rouvrir", de="clos", vers="a_trier",
            quand=instant(facts), survenu_le=instant(facts),
        )  # fmt: skip
    for _ in range(hasard.choice([0, 1, 1, 2])):
        jour = hasard.choice([debut, facts]) + timedelta(days=hasard.randrange(1, 50))
        Entretien.objects.create(
            dossier=dossier,
            etat=hasard.choice(["tenu", "tenu", "absent"]),
            quand=instant(jour),
            constate_le=instant(jour),
        )
    if hasard.random() < 0.6:
        jour = debut + timedelta(days=hasard.randrange(5, 80))
        Preconisation.objects.create(
            dossier=dossier, solution="apprentissage", donnee_le=jour, quand=instant(jour)
        )
    if hasard.random() < 0.6:
        jour = debut + timedelta(days=hasard.randrange(5, 90))
        Mission.objects.create(
            dossier=dossier, structure=operateurs[bassin.pk], proposee_le=instant(jour), expire_le=jour + timedelta(days=15),
            etat=(etat := hasard.choice(["acceptee", "proposee", "refusee"])),
            repondue_le=None if etat == "proposee" else instant(jour + timedelta(days=4)),
            motif_refus="capacite" if etat == "refusee" else "",
        )  # fmt: skip
    dates = sorted(
        debut + timedelta(days=hasard.randrange(600)) for _ in range(hasard.choice([0, 1, 1, 2, 3]))
    )
    for rang, jour in enumerate(dates):
        code, groupe = hasard.choice(DEVENIRS)
        Devenir.objects.create(
            dossier=dossier, code=code, groupe=groupe, date=jour, source="structure", quand=instant(jour + timedelta(days=2)),
            premier_rdv_le=jour if groupe == "accompagnement" and hasard.random() < 0.7 else None,
            valable_jusqu_au=jour + timedelta(days=hasard.randrange(60, 300)),
            remplace_le=instant(jour + timedelta(days=30)) if rang < len(dates) - 1 else None,
            annule_le=None,
        )  # fmt: skip


def bousculer(m, graine):
    """What the years do to those worlds: reports told in full, second exits, dossiers closed and reopened twice, transfers,
    merges (chained too), some of them undone."""
    hasard = random.Random(f"bousculer {graine}")
    raconter(hasard)
    for dossier in hasard.sample(list(_dossiers().filter(etat="clos")), 10):
        _retirer(dossier, hasard)
    _rouvrir(hasard)
    for n, dossier in enumerate(hasard.sample(list(_dossiers().filter(etat__in=["clos", "hors_champ"])), 14)):
        debut = dossier.ouvert_le.date() + timedelta(days=hasard.randrange(70, 400))
        une_sortie(m, hasard, 1000 + n, dossier.jeune, debut, hasard.choice([m.caen, m.lisieux]))
    for dossier in hasard.sample(list(_dossiers().exclude(etat="hors_champ")), 12):
        transferer(m, dossier, dossier.ouvert_le + timedelta(days=hasard.randrange(1, 200)))
    reunir(m, hasard)


def raconter(hasard):
    """Fill what the reports and the interviews say of the jeunes."""
    signalements = list(Signalement.objects.order_by("pk"))
    for s in signalements:
        s.diplome = hasard.choice(["aucun", "aucun", "cap", ""])
        s.nature_sortie = hasard.choice(["demission", "fin_annee", ""])
        s.statut = hasard.choice(["scolaire", "apprenti"])
        s.origine = hasard.choice(["saisie", "saisie", "accueil", "api"])
        s.motif_principal = hasard.choice(["orientation_non_choisie", "difficultes_scolaires", ""])
    Signalement.objects.bulk_update(
        signalements, ["diplome", "nature_sortie", "statut", "origine", "motif_principal"]
    )
    entretiens = list(Entretien.objects.order_by("pk"))
    for e in entretiens:
        motifs = ["orientation_non_choisie", "difficultes_scolaires", "rejet_institution"]
        e.motifs_jeune = hasard.sample(motifs, hasard.randrange(3))
    Entretien.objects.bulk_update(entretiens, ["motifs_jeune"])


def _dossiers():
    return Dossier.objects.select_related("jeune__identite", "bassin").order_by("pk")


def _passage(dossier, action, vers, quand, de="pris_en_charge"):
    Passage.objects.create(
        objet_type="gab.dossier", objet_id=dossier.pk, action=action, de=de, vers=vers, quand=quand, survenu_le=quand
    )  # fmt: skip


def _retirer(dossier, hasard):
    """The school withdraws every report of a dossier, within three months."""
    retirer(dossier, lambda s: s.envoye_le + timedelta(days=hasard.randrange(1, 90)))


def retirer(dossier, instant):
    """Withdraw every report of a dossier. instant: when, for each report."""
    for s in Signalement.objects.filter(versement__dossier=dossier).exclude(etat="annule").order_by("pk"):
        quand = instant(s)
        Passage.objects.create(
            objet_type="signalements.signalement", objet_id=s.pk, action="annuler", de=s.etat, vers="annule", quand=quand,
            survenu_le=quand,
        )  # fmt: skip
        s.etat = "annule"
        s.save()


def _rouvrir(hasard):
    """A reopened dossier was closed before, or in a solution; some are reopened once more; those closed now were closed after."""
    for p in Passage.objects.filter(action="rouvrir").order_by("pk"):
        dossier = Dossier.objects.get(pk=p.objet_id)
        if hasard.random() < 0.6:
            _passage(dossier, "clore", "clos", p.survenu_le - timedelta(days=hasard.randrange(5, 150)))
        dernier = p.survenu_le
        if hasard.random() < 0.5:
            dernier += timedelta(days=hasard.randrange(30, 500))
            _passage(dossier, "rouvrir", "a_trier", dernier, de="en_solution")
        if dossier.etat == "clos":
            dossier.clos_le = dernier + timedelta(days=hasard.randrange(3, 60))
            dossier.save()


def transferer(m, dossier, quand):
    """The dossier goes to the other bassin, which accepted it."""
    vers = m.lisieux if dossier.bassin_id == m.caen.pk else m.caen
    Transfert.objects.create(
        dossier=dossier, de=dossier.bassin, vers=vers, etat="accepte", motif="Déménagement", propose_le=quand, repondu_le=quand
    )  # fmt: skip
    dossier.bassin = vers
    dossier.save()


def reunir(m, hasard, combien=14):
    """Merge people at random, as a coordinator does; undo a third of the merges."""
    fusions = []
    for _ in range(combien):
        deux = hasard.sample(list(Jeune.objects.filter(fusionne_dans=None).order_by("pk")), 2)
        fusions.append(fusionner(*choisir_garde(*deux), par=m.rene))
    for fusion in reversed(hasard.sample(fusions, combien // 3)):
        try:
            annuler_fusion(fusion, par=m.rene)
        except FusionImpossible:  # a later one holds it
            continue

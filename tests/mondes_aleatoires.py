"""Random worlds for the statistics: reports, dossiers, facts, written in bulk with the dates of the past."""

import random
from datetime import UTC, date, datetime, timedelta

from dedoublonnage.models import Jeune, Rattachement
from gab.models import Dossier, Entretien, Mission, Preconisation, Versement
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
    structures = [m.lycee, m.cfa, m.lycee_lisieux, m.cio]
    operateurs = {m.caen.pk: m.ml, m.lisieux.pk: m.ml_lisieux}
    for n in range(jeunes):
        debut = date(premiere, 7, 1) + timedelta(days=hasard.randrange(3 * 365 - 40))
        bassin = hasard.choice([m.caen, m.caen, m.lisieux])
        jeune = Jeune.objects.create(cree_le=instant(debut))
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
                date_sortie=debut - timedelta(days=hasard.randrange(60)), motif_principal=hasard.choice(["absenteisme_lourd", ""]),  # noqa: E501
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
            if rang == 0:
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
    EtatNeant.objects.create(
        structure=m.lycee, mois=date(premiere, 9, 1), quand=instant(date(premiere, 9, 12))
    )

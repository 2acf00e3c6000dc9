"""Removing any one permission makes a test fail: each line of `ROLES_DU_DROIT`, each path of each `PERIMETRE`.

`TABLE` is the contract role by role, `REPONSES` and `SUR_LE_DOSSIER` the answers person by person, all typed apart from
droits.py: a mutant is seen when the real functions answer somebody of tests/monde.py otherwise than written. The paths
are held by the oracle of `test_droits_oracle.py`; those of models that hang from a dossier by their own small check.
"""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from gab import services as gab
from gab.models import Dossier
from qualit.territoire import droits
from qualit.territoire.droits import ROLES_DU_DROIT
from qualit.territoire.roles import Role
from signalements.models import Signalement

from . import monde as w
from .test_droits_oracle import Faits, comparer

TABLE = {
    "signaleur": """
        signaler retirer lire_retour rapprocher importer rechercher exporter voir_statistiques voir_annuaire
    """,
    "referent_structure": """
        signaler retirer lire_retour rapprocher importer rechercher exporter voir_statistiques voir_annuaire
        gerer_equipe gerer_api
    """,
    "coordinateur_gab": """
        demander_acces
        lire_dossier trier convoquer preconiser missionner transferer clore tenir_seance lire_seance suivre arbitrer
        partager rechercher exporter voir_statistiques relancer_structures voir_annuaire nommer_suppleant
    """,
    "membre_gab": """
        demander_acces
        lire_dossier trier convoquer tenir_seance lire_seance rechercher exporter voir_statistiques voir_annuaire
    """,
    "invite_seance": """
        lire_seance
    """,
    "operateur": """
        demander_acces
        signaler retirer lire_retour rapprocher importer lire_dossier repondre_mission suivre accueillir
        publier_places rechercher exporter voir_statistiques voir_annuaire
    """,
    "rectorat_lecture": """
        voir_statistiques voir_statistiques_academie voir_annuaire
    """,
    "rectorat_pilote": """
        lire_dossier arbitrer partager rechercher exporter voir_statistiques voir_statistiques_academie
        publier_statistiques relancer_structures voir_annuaire nommer_suppleant gerer_equipe gerer_structures
        gerer_personnes gerer_nomenclatures gerer_api voir_qui_voit_quoi superviser_envois
    """,
    "partenaire": """
        voir_statistiques
    """,
    "dpo": """
        voir_annuaire voir_qui_voit_quoi lire_journal tenir_registre rechercher_avec_motif
    """,
    "admin_technique": """
        voir_annuaire gerer_nomenclatures superviser_envois voir_comme
    """,
}
# Right → who has it, among the people of tests/monde.py (ingrid with a membership of guest); nobody else.
REPONSES = {
    "signaler": "alice basile lucie robin andre omar olga",
    "retirer": "alice basile lucie robin andre omar olga",
    "lire_retour": "alice basile lucie robin andre omar olga",
    "rapprocher": "alice basile lucie robin andre omar olga",
    "importer": "alice basile lucie robin andre omar olga",
    "lire_dossier": "celia denis medhi omar olga rene",
    "trier": "celia denis medhi",
    "convoquer": "celia denis medhi",
    "preconiser": "celia denis",
    "missionner": "celia denis",
    "transferer": "celia denis",
    "clore": "celia denis",
    "tenir_seance": "celia denis medhi",
    "lire_seance": "celia denis medhi ingrid",
    "repondre_mission": "omar olga",
    "suivre": "celia denis omar olga",
    "accueillir": "omar olga",
    "publier_places": "omar olga",
    "arbitrer": "celia denis rene",
    "partager": "celia denis rene",
    "demander_acces": "celia denis medhi omar olga",
    "rechercher": "alice basile lucie robin andre celia denis medhi omar olga rene",
    "exporter": "alice basile lucie robin andre celia denis medhi omar olga rene",
    "voir_statistiques": "alice basile lucie robin andre celia denis medhi omar olga rita rene paul",
    "voir_statistiques_academie": "rita rene",
    "publier_statistiques": "rene",
    "relancer_structures": "celia denis rene",
    "voir_annuaire": "alice basile lucie robin andre celia denis medhi omar olga rita rene dora tom",
    "nommer_suppleant": "celia denis rene",
    "gerer_equipe": "andre rene",
    "gerer_structures": "rene",
    "gerer_personnes": "rene",
    "gerer_nomenclatures": "rene tom",
    "gerer_api": "andre rene",
    "voir_qui_voit_quoi": "rene dora",
    "lire_journal": "dora",
    "tenir_registre": "dora",
    "rechercher_avec_motif": "dora",
    "superviser_envois": "rene tom",
    "voir_comme": "tom",
}
# Right → who may use it on the dossier of a report by the lycée of Caen, with a mission for the mission locale of Caen.
SUR_LE_DOSSIER = {
    "trier": "celia medhi",
    "convoquer": "celia medhi",
    "preconiser": "celia",
    "missionner": "celia",
    "transferer": "celia",
    "clore": "celia",
    "partager": "celia rene",
}
TOUS = "alice basile lucie robin andre celia denis medhi ingrid omar olga rita rene paul dora tom jeanne nadia nobody"
LIGNES = [(droit, role) for droit, roles in ROLES_DU_DROIT.items() for role in sorted(roles)]
CHEMINS = [
    (modele, niveau, rang)
    for modele in (Dossier, Signalement)
    for niveau, chemins in modele.PERIMETRE.lecture.items()
    for rang in range(len(chemins))
]


def table_tenue():
    """Whether droits.py grants exactly what the table says."""
    return all(
        {d.value for d, roles in ROLES_DU_DROIT.items() if role in roles} == set(texte.split())
        for role, texte in TABLE.items()
    )


@contextmanager
def sans_la_ligne(droit, role):
    ROLES_DU_DROIT[droit] = ROLES_DU_DROIT[droit] - {role}
    try:
        yield
    finally:
        ROLES_DU_DROIT[droit] = ROLES_DU_DROIT[droit] | {role}


@contextmanager
def sans_le_chemin(modele, niveau, rang):
    perimetre = modele.PERIMETRE
    chemins = perimetre.lecture[niveau]
    modele.PERIMETRE = replace(
        perimetre, lecture=perimetre.lecture | {niveau: chemins[:rang] + chemins[rang + 1 :]}
    )
    try:
        yield
    finally:
        modele.PERIMETRE = perimetre


@pytest.fixture
def m(db):
    m = w.construire()
    w.adherer(m.ingrid, Role.INVITE_SEANCE, m.ml)
    signalement = w.signaler(m.lycee, m.alice)
    m.dossier = gab.juger_recevable(signalement, par=m.celia)
    gab.preconiser(m.dossier, "apprentissage", par=m.celia)
    gab.missionner(m.dossier, m.ml, par=m.celia)
    return m


def ecarts(m, droits_a_demander=tuple(REPONSES)):
    """(right, person, answer of the functions) wherever it is not the written one."""
    sortie = []
    for code in droits_a_demander:
        for nom in TOUS.split():
            qui = getattr(m, nom)
            if droits.a_le_droit(qui, code) != (nom in REPONSES[code].split()):
                sortie.append((code, nom))
            if droits.peut(qui, code) != (nom in REPONSES[code].split()):
                sortie.append((code, nom, "peut"))
            if code in SUR_LE_DOSSIER:
                attendu = nom in SUR_LE_DOSSIER[code].split()
                if droits.peut(qui, code, m.dossier) != attendu:
                    sortie.append((code, nom, "dossier"))
    return sortie


def test_chacun_a_les_droits_ecrits(m):
    assert set(REPONSES) == set(droits.Droit.values)
    assert ecarts(m) == []


def test_la_table_des_droits_est_celle_du_contrat():
    assert table_tenue()


def test_retirer_une_ligne_de_droit_se_voit(m):
    """Each line taken away changes an answer of the functions that the portal asks, for the right of that line only."""
    assert len(LIGNES) >= 40
    survivants = []
    for droit, role in LIGNES:
        with sans_la_ligne(droit, role):
            if not ecarts(m, [str(droit)]):
                survivants.append((droit, role))
    assert survivants == [] and ecarts(m) == []


@pytest.mark.long
@pytest.mark.django_db
def test_retirer_un_chemin_se_voit():
    faits = Faits(graine=1, personnes=80, dossiers=60)
    comparer(faits)
    survivants = []
    for mutant in CHEMINS:
        with sans_le_chemin(*mutant):
            try:
                comparer(faits)
            except AssertionError:
                continue
            survivants.append(mutant)
    assert survivants == []


@pytest.mark.long
@pytest.mark.django_db
def test_oublier_une_condition_se_voit():
    """Dates of memberships, activity of the account, dates and acceptance of a share."""
    faits = Faits(graine=2, personnes=80, dossiers=60)
    comparer(faits)
    modele = droits.PARTAGES.pop("dossier")
    try:
        with pytest.raises(AssertionError):
            comparer(faits)
    finally:
        droits.PARTAGES["dossier"] = modele

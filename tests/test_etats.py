"""docs/etats.md says what the code does: parsed here, then tried state × action × role, without exception."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dedoublonnage import arbitrage
from dedoublonnage.models import Paire
from gab import services as gab
from gab.documentation import etats_en_markdown
from gab.models import ETATS_OUVERTS, Dossier, Mission
from gab.services import DELAI_D_ACTION, seances
from qualit import workflow
from qualit.territoire.roles import SIEGE_DU_ROLE, Role
from qualit.workflow import MACHINES, TransitionImpossible

from .monde import adherer, personne, peupler

PAGE = Path(__file__).resolve().parents[1] / "docs" / "etats.md"
LIGNE = re.compile(r"^\| (\w+) \| (\w+) \| (\w+) \| (\w+) \| ([\w, è]+) \|$")
CHARGE = re.compile(r"^\| (\w+) \| (\w+) \| (\d+) \|$")


def table():
    """{(object, action, from): (to, {roles})} as written on the page."""
    lignes = {}
    for texte in PAGE.read_text(encoding="utf-8").splitlines():
        if m := LIGNE.match(texte):
            objet, action, de, vers, roles = m.groups()
            if objet == "object":
                continue
            porteurs = set() if roles == "système" else set(roles.split(", "))
            assert (objet, action, de) not in lignes, texte
            lignes[objet, action, de] = (vers, porteurs)
    return lignes


TABLE = table()


def test_la_page_est_a_jour():
    assert PAGE.read_text(encoding="utf-8") == etats_en_markdown(), "manage.py documenter_etats"


def test_chaque_etat_ouvert_a_un_responsable_et_un_delai():
    ecrits = {}
    for texte in PAGE.read_text(encoding="utf-8").splitlines():
        if m := CHARGE.match(texte):
            ecrits[m.group(1)] = (m.group(2), int(m.group(3)))
    assert set(ecrits) == {str(e) for e in ETATS_OUVERTS}
    assert ecrits == {str(e): (str(r), j) for e, (r, j) in DELAI_D_ACTION.items()}


@pytest.fixture
def scene(monde, nomenclatures):
    """One object of each machine, and one person a role, at the seat that is in charge."""
    m = peupler(monde)
    m.mission.dossier.refresh_from_db()
    entretien, mission, seance, transfert = m.entretien, m.mission, m.seance, m.transfert
    dossier = Dossier.objects.get(pk=m.mission.dossier_id)
    # the operator acts on a dossier through an accepted mission of its structure
    type(mission).objects.create(
        dossier=dossier,
        structure=m.cio,
        etat="acceptee",
        expire_le=timezone.localdate(),
        proposee_par=m.celia,
    )
    a, b = sorted([m.places["lycee"], m.places["cfa"]], key=lambda s: s.versement.dossier.jeune_id)
    paire, _ = Paire.objects.get_or_create(
        a=a.versement.dossier.jeune,
        b=b.versement.dossier.jeune,
        defaults={"academie": m.academie, "bassin": m.caen, "arbitre": "bassin", "probabilite": 0.9},
    )
    Paire.objects.filter(pk=paire.pk).update(arbitre="bassin", bassin=m.caen)
    objets = {
        "signalement": m.places["lycee"],
        "dossier": dossier,
        "entretien": entretien,
        "mission": mission,
        "seance": seance,
        "transfert": transfert,
        "paire": paire,
    }
    return m, objets


def siege(m, role, objet):
    """Where a person of that role sits to be in charge of that object."""
    if SIEGE_DU_ROLE[role] == "academie":
        return m.academie
    if SIEGE_DU_ROLE[role] == "bassin":
        return m.lisieux if objet == "transfert" else m.caen
    if role == Role.OPERATEUR:
        return {"signalement": m.lycee, "dossier": m.cio}.get(objet, m.ml)
    return m.lycee


def test_etat_action_role(scene):
    """Every state × action × role: allowed when the page says so, refused else. Never anything in between."""
    m, objets = scene
    machines = {modele.__name__.lower(): (modele, transitions) for modele, transitions in MACHINES.values()}
    assert set(machines) == {objet for objet, _, _ in TABLE} == set(objets)
    essais = 0
    for nom, (modele, transitions) in machines.items():
        objet = objets[nom]
        etats = [str(v) for v, _ in modele._meta.get_field("etat").flatchoices]
        actions = sorted({t.action for t in transitions})
        for role in Role.values:
            lieu = siege(m, Role(role), nom)
            qui = personne(f"{nom}-{role}")
            adherer(qui, role, lieu)
            for etat in etats:
                for action in actions:
                    attendu = TABLE.get((nom, action, etat))
                    with transaction.atomic():
                        modele._base_manager.filter(pk=objet.pk).update(etat=etat, **_coherent(nom, etat))
                        frais = modele._base_manager.get(pk=objet.pk)
                        try:
                            workflow.franchir(frais, action, par=qui, **_champs(nom, action))
                            resultat = modele._base_manager.values_list("etat").get(pk=objet.pk)[0]
                        except TransitionImpossible:
                            resultat = "impossible"
                        except PermissionDenied:
                            resultat = "interdit"
                        transaction.set_rollback(True)
                    essais += 1
                    voulu = (
                        "impossible" if attendu is None else attendu[0] if role in attendu[1] else "interdit"
                    )
                    assert resultat == voulu, (nom, etat, action, role)
    assert essais > 2000


# What the pages call, for each action of the table that somebody does: (object, actions) → service. The others follow
# from another object (retenir, tenir_entretien, preconiser, missionner, trouver_solution, reprendre_suivi), or do
# something in any state: their own tests hold them.
SERVICES = {
    ("signalement", ("juger_recevable",)): gab.juger_recevable,
    ("signalement", ("demander_complement",)): lambda o, par: gab.demander_complement(
        o, "Quelle classe ?", par=par
    ),
    ("signalement", ("ecarter",)): lambda o, par: gab.ecarter(o, "diplome", par=par),
    ("signalement", ("confirmer_retrait",)): gab.confirmer_retrait,
    ("signalement", ("retablir",)): gab.retablir,
    ("dossier", ("ecarter",)): lambda o, par: gab.ecarter_dossier(o, "diplome", par=par),
    ("dossier", ("clore",)): lambda o, par: gab.clore(o, "autre", par=par),
    ("dossier", ("perdre_de_vue",)): lambda o, par: gab.clore(o, "", par=par, perdu_de_vue=True),
    ("dossier", ("rouvrir", "retablir")): lambda o, par: gab.rouvrir(o, "repris", par=par),
    ("entretien", ("tenir",)): lambda o, par: gab.constater(o, "tenir", par=par, responsable_present="oui"),
    ("entretien", ("excuser",)): lambda o, par: gab.constater(o, "excuser", par=par),
    ("entretien", ("constater_absence",)): lambda o, par: gab.constater(o, "constater_absence", par=par),
    ("entretien", ("reporter",)): lambda o, par: gab.constater(o, "reporter", par=par),
    ("entretien", ("annuler",)): lambda o, par: gab.constater(o, "annuler", par=par),
    ("entretien", ("corriger",)): lambda o, par: gab.constater(o, "corriger", par=par),
    ("mission", ("accepter",)): gab.accepter_mission,
    ("mission", ("refuser",)): lambda o, par: gab.refuser_mission(o, "capacite", par=par),
    ("mission", ("terminer",)): lambda o, par: gab.terminer_mission(o, "fin", par=par),
    ("mission", ("revoquer",)): lambda o, par: gab.revoquer_mission(o, "autre", par=par),
    ("seance", ("ouvrir",)): seances.ouvrir,
    ("seance", ("clore",)): seances.clore,
    ("seance", ("signer",)): seances.signer,
    ("seance", ("annuler",)): seances.annuler,
    ("transfert", ("accepter",)): lambda o, par: gab.repondre_transfert(o, True, par=par),
    ("transfert", ("refuser",)): lambda o, par: gab.repondre_transfert(o, False, par=par),
    ("paire", ("confirmer_meme",)): lambda o, par: arbitrage.confirmer_meme(o, "", par=par),
    ("paire", ("dire_differents",)): lambda o, par: arbitrage.dire_differents(o, "", par=par),
    ("paire", ("revenir_sur_la_decision",)): arbitrage.revenir,
}


def test_etat_service_role(scene):
    """The services that the pages call: the new state that the page of the states says, or a refusal and no change."""
    m, objets = scene
    machines = {modele.__name__.lower(): modele for modele, _ in MACHINES.values()}
    for role in Role.values:
        gens = {}
        for (nom, actions), service in SERVICES.items():
            if nom not in gens:
                gens[nom] = personne(f"{nom}-{role}")
                adherer(gens[nom], role, siege(m, Role(role), nom))
            modele = machines[nom]
            for etat, _ in modele._meta.get_field("etat").flatchoices:
                attendu = next((TABLE[nom, a, etat] for a in actions if (nom, a, etat) in TABLE), None)
                with transaction.atomic():
                    modele._base_manager.filter(pk=objets[nom].pk).update(etat=etat, **_coherent(nom, etat))
                    if "rouvrir" in actions:  # nobody follows the jeune any more
                        Mission.objects.filter(dossier=objets[nom]).update(etat="terminee")
                    try:
                        with transaction.atomic():
                            service(modele._base_manager.get(pk=objets[nom].pk), par=gens[nom])
                        refuse = False
                    except (TransitionImpossible, PermissionDenied):
                        refuse = True
                    obtenu = modele._base_manager.values_list("etat", flat=True).get(pk=objets[nom].pk)
                    transaction.set_rollback(True)
                permis = attendu is not None and role in attendu[1]
                assert (obtenu, refuse) == (attendu[0] if permis else etat, not permis), (
                    nom,
                    actions,
                    etat,
                    role,
                )


def _coherent(nom, etat):
    """Fields that a constraint ties to the state."""
    return {"motif_refus": "autre"} if nom == "mission" and etat == "refusee" else {}


def _champs(nom, action):
    return {"motif_refus": "autre"} if nom == "mission" and action == "refuser" else {}

"""The state machines against domaine.md §3, written here by hand: each of its transitions exists, and only those.

What the code holds beyond the guide is in docs/decisions/0009-etats.md, line by line, with its reason.
"""

import re
from pathlib import Path

from qualit.territoire.droits import ROLES_DU_DROIT
from qualit.workflow import MACHINES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decisions" / "0009-etats.md"
LIGNE = re.compile(r"^\| (\w+) \| (\w+) \| (\w+) \| ([\wè]+) \| (.+) \|$")

ACTEURS = {
    "gab": {"coordinateur_gab", "membre_gab"},
    "coordinateur": {"coordinateur_gab"},
    "suivi": {"coordinateur_gab", "operateur"},
    "operateur": {"operateur"},
    "declarant": {"signaleur", "referent_structure", "operateur"},
    "declarant puis gab": {"signaleur", "referent_structure", "operateur", "coordinateur_gab", "membre_gab"},
    "système": set(),
}
OUVERTS = (
    *("a_trier", "entretien_a_tenir", "entretien_tenu", "preconise"),
    *("missionne", "pris_en_charge", "en_solution"),
)

# (object, from, to): who. In the order of the guide.
DOMAINE = {
    # brouillon → envoye → recevable | a_completer | hors_champ | annule(motif)
    ("signalement", "brouillon", "envoye"): "declarant",
    ("signalement", "envoye", "recevable"): "gab",
    ("signalement", "envoye", "a_completer"): "gab",
    ("signalement", "envoye", "hors_champ"): "gab",
    ("signalement", "envoye", "annule"): "declarant puis gab",
    # "question to the reporter, who answers from their list"; the triage then goes on
    ("signalement", "a_completer", "envoye"): "declarant",
    ("signalement", "a_completer", "recevable"): "gab",
    ("signalement", "a_completer", "hors_champ"): "gab",
    # "After triage the school requests a withdrawal and the GAB confirms it"
    ("signalement", "a_completer", "annule"): "gab",
    ("signalement", "recevable", "annule"): "gab",
    # a_trier → entretien_a_tenir → entretien_tenu → preconise → missionne → pris_en_charge → en_solution → clos
    ("dossier", "a_trier", "entretien_a_tenir"): "gab",
    ("dossier", "entretien_a_tenir", "entretien_tenu"): "gab",
    ("dossier", "entretien_tenu", "preconise"): "coordinateur",
    ("dossier", "preconise", "missionne"): "coordinateur",
    ("dossier", "missionne", "pris_en_charge"): "système",  # the operator accepts its mission
    ("dossier", "pris_en_charge", "en_solution"): "suivi",
    # Also: a_trier/entretien_* → missionne (urgent) or en_solution (found alone)
    ("dossier", "a_trier", "missionne"): "coordinateur",
    ("dossier", "entretien_a_tenir", "missionne"): "coordinateur",
    ("dossier", "entretien_tenu", "missionne"): "coordinateur",
    ("dossier", "a_trier", "en_solution"): "suivi",
    ("dossier", "entretien_a_tenir", "en_solution"): "suivi",
    ("dossier", "entretien_tenu", "en_solution"): "suivi",
    # mission refused or expired → preconise
    ("dossier", "missionne", "preconise"): "système",
    # en_solution, clos, perdu_de_vue → reopened
    ("dossier", "en_solution", "a_trier"): "coordinateur",
    ("dossier", "clos", "a_trier"): "coordinateur",
    ("dossier", "perdu_de_vue", "a_trier"): "coordinateur",
    # any open → hors_champ, perdu_de_vue, clos
    **{("dossier", ouvert, "hors_champ"): "gab" for ouvert in OUVERTS},
    **{("dossier", ouvert, "perdu_de_vue"): "coordinateur" for ouvert in OUVERTS},
    **{("dossier", ouvert, "clos"): "coordinateur" for ouvert in OUVERTS},
    # kept / absent excusé / absent / reporté; "convocations are cancelled"
    ("entretien", "prevu", "tenu"): "gab",
    ("entretien", "prevu", "absent_excuse"): "gab",
    ("entretien", "prevu", "absent"): "gab",
    ("entretien", "prevu", "reporte"): "gab",
    ("entretien", "prevu", "annule"): "gab",
    # proposee → acceptee | refusee(motif) | expiree → terminee | revoquee
    ("mission", "proposee", "acceptee"): "operateur",
    ("mission", "proposee", "refusee"): "operateur",
    ("mission", "proposee", "expiree"): "système",
    ("mission", "acceptee", "terminee"): "operateur",
    ("mission", "acceptee", "revoquee"): "coordinateur",
    ("mission", "proposee", "revoquee"): "coordinateur",
    # "agenda, decisions, minutes": prepared, open, closed in one action, signed off and locked
    ("seance", "preparee", "ouverte"): "gab",
    ("seance", "ouverte", "close"): "coordinateur",
    ("seance", "close", "signee"): "coordinateur",
    # "proposed, then accepted or refused with a motive" (decisions.md 10)
    ("transfert", "propose", "accepte"): "coordinateur",
    ("transfert", "propose", "refuse"): "coordinateur",
}


def du_code():
    """{(object, from, to): {roles}} of the machines of §3; several actions may lead from one state to another."""
    table = {}
    for modele, transitions in MACHINES.values():
        if modele.__name__ == "Paire":
            continue  # not in §3: decisions.md 1 and 3
        for t in transitions:
            roles = {str(r) for r in ROLES_DU_DROIT[t.droit]} if t.droit else set()
            for de in t.de:
                table.setdefault((modele.__name__.lower(), de, t.vers), set()).update(roles)
    return table


def au_dela():
    """The table of docs/decisions/0009-etats.md."""
    lignes = {}
    for texte in PAGE.read_text(encoding="utf-8").splitlines():
        m = LIGNE.match(texte)
        if m and m.group(1) != "object":
            objet, de, vers, qui, raison = m.groups()
            assert (objet, de, vers) not in lignes and len(raison) > 5, texte
            lignes[objet, de, vers] = qui
    return lignes


def test_chaque_transition_du_domaine_existe_et_elles_seules():
    ecrites, code = au_dela(), du_code()
    assert not set(ecrites) & set(DOMAINE), "already in the guide"
    attendues = DOMAINE | ecrites
    assert set(attendues) - set(code) == set(), "missing in the code"
    assert set(code) - set(attendues) == set(), "neither in the guide nor in docs/decisions/0009-etats.md"


def test_chaque_transition_est_a_ceux_que_le_domaine_dit():
    code = du_code()
    ecarts = {
        cle: (sorted(code[cle]), qui)
        for cle, qui in (DOMAINE | au_dela()).items()
        if code[cle] != ACTEURS[qui]
    }
    assert ecarts == {}


def test_la_chaine_des_etats_est_celle_du_domaine():
    """The states themselves, with those of decisions.md 7; *faux décrocheur* is a motive, a transfer an event."""
    etats = {
        modele.__name__: [str(v) for v, _ in modele._meta.get_field("etat").flatchoices]
        for modele, _ in MACHINES.values()
    }
    assert etats["Signalement"] == ["brouillon", "envoye", "recevable", "a_completer", "hors_champ", "annule"]
    assert etats["Dossier"] == [*OUVERTS, "clos", "hors_champ", "perdu_de_vue"]
    assert etats["Entretien"] == ["prevu", "tenu", "absent_excuse", "absent", "reporte", "annule"]
    assert etats["Mission"] == ["proposee", "acceptee", "refusee", "expiree", "terminee", "revoquee"]

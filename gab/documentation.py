"""docs/etats.md, written from the state tables and the rights: read aloud by people, parsed by the tests."""

from qualit.territoire.droits import ROLES_DU_DROIT
from qualit.territoire.roles import Role
from qualit.workflow import MACHINES

from .models import EtatDossier
from .services import DELAI_D_ACTION

ENTETE = """# The states of Qual'I.T.

Written by `manage.py documenter_etats` from the `etats.py` of each step and from `droits.py`; `tests/test_etats.py`
parses this page and tries every state × action × role. "système" means that nobody does it alone: it follows from
another action, or from the clock.
A role acts only on the objects of its own structure or bassin.

| object | action | from | to | role |
|---|---|---|---|---|
"""

CHARGE = """
## Who is in charge, and until when

`manage.py verifier_coherence` checks each open dossier against the row of its state: somebody holds that role there
today, and the next deadline is no later. A state without a row is an anomaly. Behind an operator or a member whose
seat is empty stands the coordinator of the bassin; behind the coordinator, the rectorat. The legal clock (L313-8), when
it ends sooner, gives the deadline; `missionne` waits until the mission expires (closing days of the structure apart),
`en_solution` until the outcome is to be checked again. A state that expects an operator without a live mission is an
anomaly; `en_solution` without an operator is in the hands of the coordinator.

| state | in charge | days to act |
|---|---|---|
"""

FIN = """| clos | nobody (finished) | – |
| hors_champ | nobody (finished) | – |
| perdu_de_vue | nobody (finished) | – |
"""


def lignes():
    """[(object, action, from, to, [roles])], one for each state that an action leaves."""
    resultat = []
    for modele, transitions in sorted(MACHINES.values(), key=lambda m: m[0].__name__):
        nom = modele.__name__.lower()
        for t in transitions:
            porteurs = ROLES_DU_DROIT[t.droit] if t.droit else set()
            roles = [str(r) for r in Role.values if r in porteurs]
            for depart in sorted(t.de):
                resultat.append((nom, t.action, depart, t.vers, roles))
    return resultat


def etats_en_markdown():
    """The whole page."""
    texte = ENTETE
    for nom, action, de, vers, roles in lignes():
        texte += f"| {nom} | {action} | {de} | {vers} | {', '.join(roles) or 'système'} |\n"
    texte += CHARGE
    for etat in EtatDossier:
        if etat in DELAI_D_ACTION:
            role, jours = DELAI_D_ACTION[etat]
            texte += f"| {etat.value} | {role} | {jours} |\n"
    return texte + FIN

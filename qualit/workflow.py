"""The state machine of every object, on one page.

Each step declares its table in `etats.py`: `declarer(Modele, TRANSITIONS)`. `franchir` is the only place that
assigns `.etat`: it locks the row, checks state and right, saves, and writes the `Passage`.
"""

from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from qualit.journal.models import Passage
from qualit.territoire import droits


class TransitionImpossible(Exception):
    """The object is not, or no longer, in a state that allows the action. The message is for the user."""


@dataclass(frozen=True)
class Transition:
    """An action: from which states, to which state, and the right that it demands (None: the machine itself)."""

    action: str
    de: frozenset
    vers: str
    droit: str | None = None
    libelle: str = ""
    roles: frozenset = field(default_factory=frozenset)

    def __init__(self, action, *, de, vers, droit=None, libelle=""):
        object.__setattr__(self, "action", action)
        object.__setattr__(self, "de", frozenset(str(e) for e in de))
        object.__setattr__(self, "vers", str(vers))
        object.__setattr__(self, "droit", droit)
        object.__setattr__(self, "libelle", libelle or action.replace("_", " ").capitalize())


MACHINES = {}


def declarer(modele, transitions):
    """Register the transitions of a model; several lines may share an action when their target differs."""
    MACHINES[modele._meta.label_lower] = (modele, tuple(transitions))


def transitions(objet_ou_modele):
    """The table of this model."""
    return MACHINES[objet_ou_modele._meta.label_lower][1]


def possibles(objet, user):
    """Actions that this user may do on this object now, in the order of the table."""
    return [
        t
        for t in transitions(objet)
        if objet.etat in t.de and t.droit is not None and droits.peut(user, t.droit, objet)
    ]


def trouver(objet, action):
    """The transition of that name from the object's present state.

    Raises TransitionImpossible when the table has none.
    """
    for transition in transitions(objet):
        if transition.action == action and objet.etat in transition.de:
            return transition
    libelle = dict(objet._meta.get_field("etat").flatchoices).get(objet.etat, objet.etat)
    raise TransitionImpossible(
        f"Cette action n’est plus possible : l’état est maintenant « {libelle} ». Rechargez la page."
    )


@transaction.atomic
def franchir(objet, action, *, par, motif="", survenu_le=None, systeme=False, **champs):
    """Make `objet` take the transition `action` and save it with `champs`.

    par: the user (None only with systeme=True, for the clock and for consequences of an action already checked).
    survenu_le: when the fact happened, if not now. Raises TransitionImpossible, PermissionDenied.
    """
    actuel = type(objet)._base_manager.select_for_update(of=("self",)).values_list("etat").get(pk=objet.pk)[0]
    objet.etat = actuel
    transition = trouver(objet, action)
    if not systeme:
        if transition.droit is None:
            raise PermissionDenied
        droits.exiger(par, transition.droit, objet)
    objet.etat = transition.vers
    for nom, valeur in champs.items():
        setattr(objet, nom, valeur)
    objet.save(update_fields=["etat", *champs])
    passage(objet, action, actuel, par=par, motif=motif, survenu_le=survenu_le)
    return objet


def passage(objet, action, de, *, par, motif="", survenu_le=None):
    """Write the history row of a change of state (also the creation of an object, with de='')."""
    adhesion = getattr(par, "adhesion_choisie", None)
    maintenant = timezone.now()
    return Passage.objects.create(
        objet_type=objet._meta.label_lower,
        objet_id=objet.pk,
        action=action,
        de=de,
        vers=objet.etat,
        par=par,
        role=adhesion.role if adhesion else "",
        motif=motif,
        quand=maintenant,
        survenu_le=survenu_le or maintenant,
    )

"""What later steps add to the page of a structure."""

#: Functions (structure, user) → blocks {titre, total, etats, dernieres}; registered at start (`suivi/apps.py`).
ACTIVITE = []


def blocs(structure, user):
    """The blocks of every step, in the order of registration."""
    return [bloc for fonction in ACTIVITE for bloc in fonction(structure, user)]

"""Write to the journal. `noter` for writes, `montrer` for the people that a response shows."""

from .models import Action, Trace


def _role(acteur):
    adhesion = getattr(acteur, "adhesion_choisie", None)
    return (adhesion.role, adhesion.pk) if adhesion else ("", None)


def noter(action, quoi, objets=(), *, par, jeunes=(), motif="", objet_type="", **details):
    """Record one event and return the `Trace`.

    objets: model instances of one class (their ids are kept) or ids; jeunes: ids of the people concerned;
    details: JSON-able facts without names or free text.
    """
    objets = list(objets) if isinstance(objets, (list, tuple, set)) else [objets]
    if objets and hasattr(objets[0], "_meta"):
        objet_type = objets[0]._meta.label_lower
    role, adhesion_id = _role(par)
    assistant = getattr(par, "vu_comme_par", None)
    if assistant is not None:  # the support acts as somebody: the trace names the one who looks
        details["vu_comme"] = par.pk
        par, role, adhesion_id = assistant, "admin_technique", None
    if logiciel := getattr(
        par, "logiciel", ""
    ):  # a key of the structure's software acts in this person's name
        details["logiciel"] = logiciel
    return Trace.objects.create(
        acteur=par if par is not None and par.is_authenticated else None,
        role=role,
        adhesion_id=adhesion_id,
        action=action,
        quoi=quoi,
        objet_type=objet_type,
        objets=[getattr(o, "pk", o) for o in objets],
        jeunes=sorted({j for j in jeunes if j}),
        motif=motif,
        details=details,
    )


class Lectures:
    """People shown by one response, gathered during the request and written once by the middleware."""

    def __init__(self):
        self.objets = {}
        self.jeunes = set()
        self.action = Action.LECTURE
        self.motif = ""
        self.details = {}

    def ajouter(self, objets, jeunes=()):
        for objet in objets:
            self.objets.setdefault(objet._meta.label_lower, set()).add(objet.pk)
        self.jeunes.update(j for j in jeunes if j)

    def __bool__(self):
        return bool(self.objets or self.jeunes)


def montrer(request, objets, jeunes=(), *, action=None, motif="", **details):
    """Declare that this response shows these objects (and these jeunes, by id); details: facts of the trace, as in `noter`."""
    lectures = request.lectures
    lectures.ajouter(objets, jeunes)
    lectures.details |= details
    if action:
        lectures.action = action
    if motif:
        lectures.motif = motif

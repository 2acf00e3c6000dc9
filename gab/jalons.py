"""What happened to a dossier since a form about it was shown, so that nobody decides on what no longer stands."""

from django.db.models import Max, Q

from qualit import workflow
from qualit.journal.models import Passage

from .models import Dossier, Entretien, Mission, Transfert


def _passages(dossier):
    q = Q(objet_type=Dossier._meta.label_lower, objet_id=dossier.pk)
    for modele in (Mission, Transfert, Entretien):
        ids = list(modele.objects.filter(dossier=dossier).values_list("pk", flat=True))
        q |= Q(objet_type=modele._meta.label_lower, objet_id__in=ids)
    return Passage.objects.filter(q)


def jalon(dossier):
    """The last facts of a dossier, as 'passage.preconisation' (ids; 0 for none)."""
    passage = _passages(dossier).aggregate(n=Max("pk"))["n"] or 0
    preconisation = dossier.preconisations.aggregate(n=Max("pk"))["n"] or 0
    return f"{passage}.{preconisation}"


def survenus(dossier, depuis):
    """Facts later than a `jalon`: [(when, French sentence)], oldest first; [] when it cannot be read."""
    try:
        passage, preconisation = (int(n) for n in depuis.split("."))
    except ValueError:
        return []
    faits = [
        (p.quand, f"préconisation « {p} »{_par(p.par)}")
        for p in dossier.preconisations.filter(pk__gt=preconisation).select_related("par")
    ]
    nouveaux = _passages(dossier).filter(pk__gt=passage).select_related("par")
    noms = {m._meta.label_lower: m._meta.verbose_name for m in (Dossier, Mission, Transfert, Entretien)}
    structures = dict(Mission.objects.filter(dossier=dossier).values_list("pk", "structure__nom"))
    for p in nouveaux:
        if p.objet_type == Dossier._meta.label_lower and p.action == "preconiser":
            continue  # the recommendation itself is told
        modele = workflow.MACHINES[p.objet_type][0]
        etat = dict(modele._meta.get_field("etat").flatchoices).get(p.vers, p.vers).lower()
        chez = f" ({structures[p.objet_id]})" if p.objet_type == Mission._meta.label_lower else ""
        faits.append((p.quand, f"{noms[p.objet_type]}{chez} : {etat}{_par(p.par)}"))
    return sorted(faits, key=lambda f: f[0])


def _par(personne):
    return f", par {personne.get_full_name()}" if personne else ""

"""Search of a jeune by name, INE or telephone, inside the person's own scope: rows outside it change nothing."""

from dataclasses import dataclass

from dedoublonnage.models import Jeune, Rattachement
from signalements.models import Signalement
from signalements.recherche import MAXIMUM, trouver

__all__ = ["MAXIMUM", "Resultat", "chercher", "trouver"]


@dataclass
class Resultat:
    """A jeune found: the reports of the scope that speak of them, and the jeune itself where the person may open it."""

    signalements: list
    jeune: Jeune | None = None

    @property
    def premier(self):
        return self.signalements[0]


def chercher(user, quoi, date_naissance=None):
    """The jeunes that this person may read and that answer to the words: a list of `Resultat`, best first."""
    portee = Signalement.objects.visibles_par(user).envoyes()
    return _par_jeune(user, portee, trouver(portee, quoi, date_naissance))


def _par_jeune(user, portee, ids):
    """Gather the reports found under their jeune; a person who may not open the jeune gets each report alone."""
    signalements = {
        s.pk: s for s in portee.filter(pk__in=ids).select_related("structure", "commune", "bassin").distinct()
    }
    jeunes = dict(
        Rattachement.objects.actifs().filter(signalement__in=ids).values_list("signalement_id", "jeune_id")
    )
    visibles = {
        j.pk: j for j in Jeune.objects.visibles_par(user).vivants().filter(pk__in=jeunes.values()).distinct()
    }
    resultats, par_jeune = [], {}
    for pk in ids:
        if pk not in signalements:
            continue
        jeune = visibles.get(jeunes.get(pk))
        if jeune is not None and jeune.pk in par_jeune:
            par_jeune[jeune.pk].signalements.append(signalements[pk])
            continue
        resultat = Resultat([signalements[pk]], jeune)
        resultats.append(resultat)
        if jeune is not None:
            par_jeune[jeune.pk] = resultat
    return resultats

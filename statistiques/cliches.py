"""Kept states of a campaign: the only thing that tables are made from for those who may not read the people.

The summary moves: an interview noted late, a report corrected, two jeunes found to be one change the figures of a day long
past. Whoever read them before and after would subtract one person. So each day of `jours.jours_de_lecture` is kept as it is
known a fortnight later, and the state that a publication was made from is kept with it: read again, they say the same.
Each is protected (`secret`) against those taken before it, and is never changed by those that follow.
"""

from dataclasses import replace

from django.db import connection, transaction

from .jours import jours_de_lecture
from .models import Cliche, Episode, EpisodeDuCliche, Faits, MissionDuCliche
from .relation import fin_de_campagne
from .services import VERROU

FAITS = [c.column for c in Faits._meta.get_fields()]
#: The state of a campaign of which nothing is known yet, or that the nightly task has yet to take; it is not kept.
RIEN = 0


@transaction.atomic
def prendre(campagne, au, academie=None):
    """Keep the campaign as it is known now, read at the day `au`. academie: for a publication of it. Returns the `Cliche`.

    One at a time, so that their numbers tell in which order they were taken.
    """
    with connection.cursor() as curseur:
        curseur.execute(VERROU)
        if academie is None and (deja := _d_un_jour(campagne, au)):
            return deja
        cliche = Cliche.objects.create(campagne=campagne, au=au, academie=academie)
        ou, valeurs = "campagne = %s", [campagne]
        if academie:
            ou, valeurs = f"{ou} AND academie_id = %s", [campagne, academie.pk]
        curseur.execute(
            f"INSERT INTO {EpisodeDuCliche._meta.db_table} (cliche_id, {', '.join(FAITS)}) "
            f"SELECT %s, {', '.join(FAITS)} FROM statistiques_courant WHERE {ou}",
            [cliche.pk, *valeurs],
        )
        curseur.execute(
            f"INSERT INTO {MissionDuCliche._meta.db_table} "
            "(cliche_id, structure_id, bassin_id, academie_id, proposee_le, repondue_le, suite) "
            "SELECT %s, structure_id, bassin_id, academie_id, proposee_le, repondue_le, suite "
            "FROM statistiques_missions(%s::date + 1, %s)",
            [cliche.pk, fin_de_campagne(campagne - 1), min(au, fin_de_campagne(campagne))],
        )
    return cliche


def _d_un_jour(campagne, au):
    return Cliche.objects.filter(campagne=campagne, au=au, academie=None).first()


def prendre_les_jours(campagne):
    """Keep the reading days of a campaign that are not kept yet, in their order. Returns how many were taken; none while the
    campaign holds nobody."""
    pris = set(Cliche.objects.filter(campagne=campagne, academie=None).values_list("au", flat=True))
    manquants = [j for j in jours_de_lecture(campagne) if j not in pris]
    if not manquants or not Episode.objects.filter(campagne=campagne).exists():
        return 0
    for jour in manquants:
        prendre(campagne, jour)
    return len(manquants)


def prendre_tous_les_jours():
    """`prendre_les_jours` of every campaign. Returns how many were taken."""
    campagnes = Episode.objects.order_by("campagne").values_list("campagne", flat=True).distinct()
    return sum(prendre_les_jours(c) for c in list(campagnes))


def du_jour(campagne, au):
    """The `Cliche` of a reading day, with those taken before it. One without rows when it is not taken: nobody is in the
    campaign, or the nightly task must still pass (`attendu`). Reading writes nothing (docs/decisions/0005)."""
    tous = list(Cliche.objects.filter(campagne=campagne))
    for rang, cliche in enumerate(tous):
        if cliche.au == au and cliche.academie_id is None:
            cliche.precedents = tous[:rang]
            return cliche
    rien = Cliche(pk=RIEN, campagne=campagne, au=au)
    rien.attendu = Episode.objects.filter(campagne=campagne).exists()
    return rien


def avec_cliche(champ, portee):
    """The field as this reader reads it: from a kept state, at the days at which those without names read tables. Until the
    nightly task has taken it, the rectorat reads the totals of the summary, as at any other day, and the others nothing."""
    if portee.exact or champ.cliche or champ.connu_au or champ.au not in jours_de_lecture(champ.campagne):
        return champ
    cliche = du_jour(champ.campagne, champ.au)
    if cliche.attendu and portee.totaux:
        return champ
    return replace(champ, cliche=cliche, filtres=())


def pris_avant(cliche, academie):
    """The states of the same campaign that people without names read before this one: its reading days, and the publications
    of the académie (its id)."""
    if not hasattr(cliche, "precedents"):
        cliche.precedents = list(Cliche.objects.filter(campagne=cliche.campagne, pk__lt=cliche.pk))
    return [c for c in cliche.precedents if c.academie_id in (None, academie)]


def reprendre(campagne):
    """Take again the reading days of a campaign that was loaded as a whole since."""
    Cliche.objects.filter(campagne=campagne, academie=None).delete()
    prendre_les_jours(campagne)

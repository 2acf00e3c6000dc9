"""At which days those who may not read the people read tables: few, the same for all, protected against one another.

Each day asked is one more state of the same campaign, and two states subtract. So tables are shown at the middle and at the
end of a campaign, and once more a year after (what became of the jeunes is then complete); a count that moved by less than the
threshold from one of these days, or from the day of a publication, to another is hidden with the small ones (`secret`).
"""

from datetime import date

from django.db.models.functions import Now
from django.utils import timezone

from .models import Publication
from .relation import fin_de_campagne, instant_de_fin, libelle_campagne


def jours_de_lecture(campagne, aujourdhui=None):
    """The days, now over, at which tables of a campaign are read without names; none in its first half."""
    jours = [date(campagne, 12, 31), fin_de_campagne(campagne), fin_de_campagne(campagne + 1)]
    return [j for j in jours if j < (aujourdhui or timezone.localdate())]


def ecarte(parametres, portee, champ):
    """Why a reader without names does not get the day or the tables that an address asks; "" when they do."""
    if portee.exact:
        return ""
    quand = (
        "au 31 décembre, au 30 juin, puis un an après la fin de la campagne : deux dates proches permettraient de retrouver "
        "de petits effectifs."
    )
    if portee.totaux and (champ.connu_au or champ.au not in jours_de_lecture(champ.campagne)):
        return f"À cette date, seuls les totaux de l’académie sont montrés. Les tableaux se lisent {quand}"
    demandee = parametres.get("au") or parametres.get("connu")
    if not portee.totaux and demandee and demandee not in (champ.au.isoformat(), f"{champ.au:%d/%m/%Y}"):
        return f"La date demandée n’est pas montrée. Les chiffres d’ensemble se lisent {quand}"
    if not portee.totaux and parametres.get("campagne") not in (None, "", libelle_campagne(champ.campagne)):
        return f"La campagne demandée n’est pas encore montrée. Les chiffres d’ensemble se lisent {quand}"
    return ""


def jours_publies(champ):
    """{campaign: days of its publications} of the place, for the campaign of the field and the one before it."""
    instant = instant_de_fin(champ.connu_au) if champ.connu_au else Now()
    publiees = Publication.objects.filter(
        academie=champ.lieu.academie_id,
        campagne__in=[champ.campagne, champ.campagne - 1],
        figee_le__lt=instant,
    )
    jours = {}
    for campagne, jour in publiees.values_list("campagne", "arrete_au"):
        jours.setdefault(campagne, set()).add(jour)
    return jours


def autres_jours(champ, publies):
    """The other days at which somebody without names may have read figures of this campaign and place."""
    connu = timezone.localdate(instant_de_fin(champ.connu_au)) if champ.connu_au else None
    return sorted({*jours_de_lecture(champ.campagne, connu), *publies.get(champ.campagne, ())} - {champ.au})

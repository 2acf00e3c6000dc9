"""At which days those who may not read the people read tables: few, the same for all, kept once for all (`cliches`).

Each day asked is one more state of the same campaign, and two states subtract. So tables are shown at the middle and at the
end of a campaign, and once more a year after (what became of the jeunes is then complete); a count that moved by less than the
threshold from one of these days, or from a publication, to a later one is hidden with the small ones (`secret`).
"""

from datetime import date, timedelta

from django.utils import timezone

from .relation import fin_de_campagne, libelle_campagne

#: What happened by a day is typed in the days that follow: the figures of a day are kept a fortnight after it.
DELAI = timedelta(days=15)


def jours_de_lecture(campagne, aujourdhui=None):
    """The days at which tables of a campaign are read without names, once `DELAI` is over; none in its first half."""
    jours = [date(campagne, 12, 31), fin_de_campagne(campagne), fin_de_campagne(campagne + 1)]
    return [j for j in jours if j + DELAI < (aujourdhui or timezone.localdate())]


def ecarte(parametres, portee, champ):
    """Why a reader without names does not get the day or the tables that an address asks; "" when they do."""
    if portee.exact:
        return ""
    quand = (
        "au 31 décembre, au 30 juin, puis un an après la fin de la campagne, tels que connus quinze jours après : deux dates "
        "proches permettraient de retrouver de petits effectifs."
    )
    de_lecture = not champ.connu_au and champ.au in jours_de_lecture(champ.campagne)
    if champ.cliche.attendu if champ.cliche else de_lecture:
        return "Les tableaux de cette date ne sont pas encore prêts : ils sont préparés chaque nuit."
    if portee.totaux and not de_lecture:
        return f"À cette date, seuls les totaux de l’académie sont montrés. Les tableaux se lisent {quand}"
    demandee = parametres.get("au") or parametres.get("connu")
    if not portee.totaux and demandee and demandee not in (champ.au.isoformat(), f"{champ.au:%d/%m/%Y}"):
        return f"La date demandée n’est pas montrée. Les chiffres d’ensemble se lisent {quand}"
    if not portee.totaux and parametres.get("campagne") not in (None, "", libelle_campagne(champ.campagne)):
        return f"La campagne demandée n’est pas encore montrée. Les chiffres d’ensemble se lisent {quand}"
    return ""

"""Reading nomenclatures: choices for a form, the label of a code on a date. Cached for a minute in each process."""

from datetime import date, datetime
from time import monotonic

from django.utils import timezone

from .models import Terme

DUREE_CACHE = 60  # seconds
_cache = {}


def termes(liste):
    """All the terms of a list, in order, whatever their dates. All the lists are read at once: some 500 lines."""
    lu, listes = _cache.get("listes", (0, None))
    if listes is None or monotonic() - lu > DUREE_CACHE:
        listes = {}
        for t in Terme.objects.all():
            listes.setdefault(t.liste, []).append(t)
        _cache["listes"] = (monotonic(), listes)
    return listes.get(liste, [])


def vider_cache():
    """Forget what was read (after an import, and between tests)."""
    _cache.clear()


def _jour(au):
    """The local day of a day or a moment; today for None."""
    if au is None:
        return timezone.localdate()
    return timezone.localdate(au) if isinstance(au, datetime) else au


def en_vigueur(liste, au=None):
    """The terms of a list that are in force on that day."""
    au = _jour(au)
    return [t for t in termes(liste) if _couvre(t, au)]


def _couvre(terme, jour):
    return (terme.valide_du or date.min) <= jour <= (terme.valide_au or date.max)


def choix(liste, au=None, vide=None):
    """`[(code, label)]` for a form field; `vide` adds a first empty line with that text."""
    lignes = [(t.code, t.libelle) for t in en_vigueur(liste, au)]
    return [("", vide), *lignes] if vide is not None else lignes


def terme(liste, code, au=None):
    """The term of that code in force on that day, else the latest of that code, else None."""
    return du_jour([t for t in termes(liste) if t.code == code], _jour(au))


def du_jour(termes, jour):
    """Among the terms of one code, the one in force on that day, else the last to end; None without any."""
    en_cours = next((t for t in termes if _couvre(t, jour)), None)
    return en_cours or max(termes, key=lambda t: t.valide_au or date.max, default=None)


def libelle(liste, code, au=None):
    """The label of a code on that day; the code itself when the list does not know it; '' for ''."""
    if not code:
        return ""
    t = terme(liste, code, au)
    return t.libelle if t else code

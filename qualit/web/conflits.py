"""Two people at the same form: the second is told what the first saved, and keeps their own text."""

from django.utils import timezone
from django.utils.html import format_html, format_html_join


def lisible(champ, valeur):
    """What a field shows for a stored value: labels of choices, dates and yes or no in French, "vide" for nothing."""
    if hasattr(valeur, "all"):
        valeur = [str(v) for v in valeur.all()]
    choix = {}
    for code, libelle in getattr(champ, "choices", ()):
        choix |= (
            {str(c): t for c, t in libelle} if isinstance(libelle, list | tuple) else {str(code): libelle}
        )
    if isinstance(valeur, list | tuple | set):
        return ", ".join(str(choix.get(str(v), v)) for v in valeur) or "vide"
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if hasattr(valeur, "year"):
        return f"{valeur:%d/%m/%Y}"
    return choix.get(str(valeur), valeur) if valeur not in (None, "") else "vide"


def _comparable(valeur):
    if hasattr(valeur, "all"):
        valeur = valeur.all()
    if isinstance(valeur, str) or not hasattr(valeur, "__iter__"):
        return getattr(valeur, "pk", valeur)
    return sorted(str(getattr(v, "pk", v)) for v in valeur)


def apres_conflit(form, actuel, champs, *, jalon="version", vu=None):
    """The same form, its text kept, that says what somebody saved meanwhile; sending it again replaces that.

    actuel: what is stored now; jalon: the hidden field that tells which version was shown; vu: its new value.
    """
    form.data = form.data.copy()
    form.data[form.add_prefix(jalon)] = actuel.version if vu is None else vu
    ecarts = []
    for nom in champs:
        stocke = getattr(actuel, f"{nom}_id") if hasattr(actuel, f"{nom}_id") else getattr(actuel, nom)
        if _comparable(stocke) != _comparable(form.cleaned_data.get(nom)):
            champ = form.fields[nom]
            ecarts.append((champ.label, lisible(champ, stocke)))
    form.add_error(
        None,
        format_html(
            "Quelqu’un a modifié cette fiche pendant votre saisie, qui est gardée ci-dessous. Enregistré entre-temps : {}. "
            "Enregistrez de nouveau pour le remplacer.",
            format_html_join(" ; ", "{} : « {} »", ecarts) or "les mêmes valeurs",
        ),
    )
    form._bound_fields_cache.pop(jalon, None)
    return form


def faits_survenus(form, faits, jalon, champ="vu"):
    """Say in a form what happened to its object while it was being filled in. faits: [(moment, sentence)]."""
    form.data = form.data.copy()
    form.data[form.add_prefix(champ)] = jalon
    form._bound_fields_cache.pop(champ, None)
    form.add_error(
        None,
        format_html(
            "Ce dossier a changé pendant votre saisie, qui est gardée ci-dessous : {}. Enregistrez de nouveau si votre "
            "décision tient toujours.",
            format_html_join(
                " ; ", "{} ({})", ((texte, f"{timezone.localtime(quand):%H h %M}") for quand, texte in faits)
            ),
        ),
    )

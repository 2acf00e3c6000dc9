"""Small tags of the portal's templates."""

from django import template
from django.utils.html import format_html
from django.utils.http import urlencode

from qualit.web import formulaires, jetons

register = template.Library()


@register.simple_tag
def jeton():
    """The hidden one-object token: see qualit.web.jetons."""
    return format_html('<input type="hidden" name="{}" value="{}">', jetons.CHAMP, jetons.nouveau())


@register.simple_tag(takes_context=True)
def lien_avec(context, **parametres):
    """The current address with these query parameters replaced; None removes one: href="{% lien_avec tri='nom' page=None %}"."""
    valeurs = context["request"].GET.dict()
    valeurs.update(parametres)
    return "?" + urlencode({k: v for k, v in valeurs.items() if v not in (None, "")})


@register.simple_tag
def entete_colonne(colonne, tri=None, tri_url=None):
    """A <th> of composants/tableau.html; sortable when `colonne` is (text, key) and `tri_url` is given."""
    if isinstance(colonne, str) or not tri_url:
        return format_html('<th scope="col">{}</th>', colonne if isinstance(colonne, str) else colonne[0])
    texte, cle = colonne
    if not cle:
        return format_html('<th scope="col">{}</th>', texte)
    sens = {cle: "ascending", f"-{cle}": "descending"}.get(tri)
    suivant = f"-{cle}" if tri == cle else cle
    fleche = {"ascending": "↑", "descending": "↓"}.get(sens, "↕")
    return format_html(
        '<th scope="col"{}><a class="qualit-tri" href="{}{}">{} <span aria-hidden="true">{}</span></a></th>',
        format_html(' aria-sort="{}"', sens) if sens else "",
        tri_url,
        suivant,
        texte,
        fleche,
    )


@register.filter
def champs_dsfr(formulaire):
    """The fields of any form, dressed: {% for champ in form|champs_dsfr %}{{ champ.as_field_group }}{% endfor %}."""
    return formulaires.champs_dsfr(formulaire)


@register.filter
def nombre_erreurs(formulaire):
    """How many errors the form holds, all fields together."""
    return sum(len(erreurs) for erreurs in formulaire.errors.values())


@register.filter
def oui_non(valeur):
    """True, False, None → Oui, Non, Non renseigné."""
    return {True: "Oui", False: "Non"}.get(valeur, "Non renseigné")


@register.filter
def pourcent(valeur):
    """0.7234 → "72,3 %"."""
    return "–" if valeur is None else f"{valeur * 100:.1f}".replace(".", ",") + "\u202f%"


@register.filter(name="nombre")
def en_francais(nombre):
    """{{ 2130|nombre }} → "2 130"."""
    return f"{nombre:,}".replace(",", "\u202f")


@register.filter
def pluriel(nombre, formes):
    """{{ n|pluriel:"signalement,signalements" }} → "1 signalement", "0 signalement", "2 signalements"."""
    un, plusieurs = formes.split(",")
    nombre = nombre or 0
    return f"{en_francais(nombre)} {plusieurs if abs(nombre) >= 2 else un}"

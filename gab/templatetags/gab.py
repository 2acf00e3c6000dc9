"""Small tags of the GAB's pages."""

from django import template
from django.utils import timezone
from django.utils.html import format_html

register = template.Library()


def _badge(genre, texte):
    return format_html('<span class="fr-badge fr-badge--sm fr-badge--{}">{}</span>', genre, texte)


@register.simple_tag
def age(dossier):
    """Age today of the jeune of a dossier, in words."""
    identite = dossier.jeune.identite
    annees = identite.age_au(timezone.localdate()) if identite else None
    return "–" if annees is None else f"{annees} ans"


@register.simple_tag
def echeance(dossier):
    """The legal countdown when it runs, else the day by which somebody must act."""
    reste = dossier.jours_avant_echeance
    if reste is not None:
        if reste < 0:
            return _badge("error", f"Échéance légale dépassée de {-reste} j")
        if reste <= 15:
            return _badge("warning", f"Échéance légale : {reste} j")
        if reste <= 30:
            return _badge("info", f"Échéance légale : {reste} j")
        return f"Échéance légale le {dossier.echeance_legale:%d/%m/%Y}"
    if dossier.prochaine_echeance is None:
        return "–"
    retard = (timezone.localdate() - dossier.prochaine_echeance).days
    if retard > 0:
        return _badge("warning", f"Action en retard de {retard} j")
    return f"Agir avant le {dossier.prochaine_echeance:%d/%m/%Y}"


@register.filter
def jours(date_):
    """Days until a date, in words: "dans 3 jours", "aujourd’hui", "il y a 2 jours"."""
    if date_ is None:
        return ""
    jour = timezone.localdate(date_) if hasattr(date_, "hour") else date_
    ecart = (jour - timezone.localdate()).days
    if ecart == 0:
        return "aujourd’hui"
    nombre = abs(ecart)
    mots = f"{nombre} jour{'s' if nombre > 1 else ''}"
    return f"dans {mots}" if ecart > 0 else f"il y a {mots}"

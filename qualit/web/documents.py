"""Documents made from a template: PDF when the machine can, and calendar files."""

import logging

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

logger = logging.getLogger(__name__)


class PdfIndisponible(Exception):
    """The machine lacks the Pango library: offer the print page instead. The message is for the user."""

    def __init__(self):
        super().__init__(
            "Ce serveur ne peut pas produire de PDF (bibliothèque Pango absente) : "
            "imprimez la page depuis votre navigateur, ou choisissez « enregistrer au format PDF »."
        )


def pdf(gabarit, contexte):
    """The PDF bytes of a template, tagged for screen readers (PDF/UA). Nothing is fetched: styles and images are inside.

    Raises PdfIndisponible when WeasyPrint cannot load Pango.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as erreur:
        logger.warning("WeasyPrint ne se charge pas : %s", type(erreur).__name__)
        raise PdfIndisponible from erreur
    rien_dehors = URLFetcher(allowed_protocols=["data"])
    document = HTML(string=render_to_string(gabarit, contexte), url_fetcher=rien_dehors)
    return document.write_pdf(pdf_variant="pdf/ua-1")


def reponse_pdf(contenu, nom):
    """A PDF shown by the browser; `nom` holds no name of a person. Never kept by a cache."""
    reponse = HttpResponse(contenu, content_type="application/pdf")
    reponse["Content-Disposition"] = f'inline; filename="{nom}.pdf"'
    reponse["Cache-Control"] = "private, no-store"
    return reponse


def _echapper(texte):
    return texte.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _plier(ligne):
    """Fold a content line at 75 octets (RFC 5545 §3.1)."""
    octets, morceaux = ligne.encode(), []
    while len(octets) > 74:
        coupe = 74
        while octets[coupe] & 0xC0 == 0x80:
            coupe -= 1
        morceaux.append(octets[:coupe].decode())
        octets = b" " + octets[coupe:]
    return "\r\n".join([*morceaux, octets.decode()])


def calendrier(evenements, nom="Qual'I.T."):
    """An iCalendar text (RFC 5545). evenements: dicts {uid, debut, fin, titre, lieu, texte, annule, sequence}.

    sequence: the version of the object. A cancelled one is written with one more: cancelling raises no version, and an
    agenda takes a change only when this number rises.
    """
    instant = timezone.now().strftime("%Y%m%dT%H%M%SZ")
    utc = timezone.get_fixed_timezone(0)
    lignes = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Qual'I.T.//Portail//FR",
        f"X-WR-CALNAME:{_echapper(nom)}",
    ]
    for e in evenements:
        lignes += [
            "BEGIN:VEVENT",
            f"UID:{e['uid']}",
            f"DTSTAMP:{instant}",
            f"DTSTART:{e['debut'].astimezone(utc):%Y%m%dT%H%M%SZ}",
            f"DTEND:{e['fin'].astimezone(utc):%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{_echapper(e['titre'])}",
            f"LOCATION:{_echapper(e.get('lieu', ''))}",
            f"DESCRIPTION:{_echapper(e.get('texte', ''))}",
            f"STATUS:{'CANCELLED' if e.get('annule') else 'CONFIRMED'}",
            f"SEQUENCE:{e.get('sequence', 0) + bool(e.get('annule'))}",
            "CLASS:PRIVATE",
            "END:VEVENT",
        ]
    lignes.append("END:VCALENDAR")
    return "\r\n".join(_plier(ligne) for ligne in lignes) + "\r\n"


def reponse_calendrier(evenements, nom_fichier, nom="Qual'I.T."):
    """The calendar file as a download."""
    reponse = HttpResponse(calendrier(evenements, nom), content_type="text/calendar; charset=utf-8")
    reponse["Content-Disposition"] = f'attachment; filename="{nom_fichier}.ics"'
    reponse["Cache-Control"] = "private, no-store"
    return reponse

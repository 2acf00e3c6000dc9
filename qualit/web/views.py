"""Error pages and the pages that anyone may read."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from qualit.territoire.regles import PUBLIC, regle

from .documents import PdfIndisponible, pdf, reponse_pdf


def requete_refusee(request, exception=None):
    """400: the request makes no sense."""
    return render(request, "400.html", status=400)


def acces_refuse(request, exception=None):
    """403: visible, not allowed."""
    return render(request, "403.html", status=403)


def page_absente(request, exception=None):
    """404: the same bytes whether the thing does not exist or lies outside the person's territory."""
    return render(request, "404.html", status=404)


def erreur_interne(request):
    """500: reads neither the database nor the context processors, which may be what failed."""
    return render(None, "500.html", status=500)


@login_not_required
@never_cache
def csrf_refuse(request, reason=""):
    """403 of the CSRF check: most often a page left open too long; what was typed can be copied back."""
    return render(request, "csrf.html", status=403)


@regle(PUBLIC)
def accessibilite(request):
    """Declaration of accessibility."""
    return render(request, "web/accessibilite.html")


@regle(PUBLIC)
def mentions_legales(request):
    """Legal notice."""
    return render(request, "web/mentions_legales.html")


@regle(PUBLIC)
def donnees_personnelles(request):
    """How personal data are handled."""
    return render(request, "web/donnees_personnelles.html")


@regle(PUBLIC)
def notice_familles(request):
    """The notice that young people and families are given."""
    return render(request, "web/notice_familles.html", _durees())


def _durees():
    return {
        "actif": settings.QUALIT["CONSERVATION_ACTIVE_MOIS"],
        "archive": settings.QUALIT["CONSERVATION_ARCHIVE_MOIS"],
    }


@regle(PUBLIC)
def notice_familles_pdf(request):
    """The same notice as a PDF, to hand over or to join to a letter."""
    try:
        return reponse_pdf(pdf("web/pdf/notice.html", _durees()), "notice-familles")
    except PdfIndisponible as erreur:
        messages.warning(request, str(erreur))
        return redirect("notice_familles")

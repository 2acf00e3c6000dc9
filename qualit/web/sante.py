"""The health check that the container and the supervisor call."""

from django.db import connection
from django.http import HttpResponse
from django.views.decorators.cache import never_cache

from qualit.territoire.regles import PUBLIC, regle


@regle(PUBLIC)
@never_cache
def sante(request):
    """200 when the server answers and its database too."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")

"""What every request loses and what every response behind the sign-in carries."""

from django.http import Http404, QueryDict


class SansMemoireMiddleware:
    """Pages behind the sign-in are kept by no cache: neither a proxy's nor that of a shared computer."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        reponse = self.get_response(request)
        if request.user.is_authenticated or request.path.startswith("/compte/"):
            reponse.headers["Cache-Control"] = "no-store, private"
        return reponse


class SansNulMiddleware:
    """NUL is a character that no browser types and that the database refuses: what comes with one comes without.

    An address, a cookie or a key that holds one names nothing. The API, whose bodies are JSON, says it itself.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if any("\0" in valeur for valeur in request.COOKIES.values()):
            request.COOKIES = {nom: v for nom, v in request.COOKIES.items() if "\0" not in v}
        if "%00" in request.META.get("QUERY_STRING", ""):
            request.GET = sans_nul(request.GET)
        return self.get_response(request)

    def process_view(self, request, vue, args, kwargs):
        if any("\0" in str(valeur) for valeur in (*args, *kwargs.values())):
            raise Http404
        if request.method == "POST" and not getattr(vue, "csrf_exempt", False):
            champs = request.POST
            if any("\0" in v for nom, valeurs in champs.lists() for v in (nom, *valeurs)):
                request.POST = sans_nul(champs)


def sans_nul(champs):
    """The same QueryDict without any NUL."""
    propres = QueryDict(mutable=True, encoding=champs.encoding)
    for nom, valeurs in champs.lists():
        propres.setlist(nom.replace("\0", ""), [v.replace("\0", "") for v in valeurs])
    propres._mutable = False
    return propres

"""What every response behind the sign-in carries."""


class SansMemoireMiddleware:
    """Pages behind the sign-in are kept by no cache: neither a proxy's nor that of a shared computer."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        reponse = self.get_response(request)
        if request.user.is_authenticated or request.path.startswith("/compte/"):
            reponse.headers["Cache-Control"] = "no-store, private"
        return reponse

"""One trace per response that showed people."""

from .services import Lectures, noter


class JournalMiddleware:
    """Give each request a `lectures` notebook and write it down, in the request's transaction, if anything was shown."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.lectures = Lectures()
        response = self.get_response(request)
        lectures = request.lectures
        if lectures and response.status_code < 400:
            types = sorted(lectures.objets)
            premier = types[0] if types else ""
            noter(
                lectures.action,
                request.resolver_match.view_name if request.resolver_match else request.path,
                sorted(lectures.objets.get(premier, ())),
                par=request.user,
                jeunes=lectures.jeunes,
                objet_type=premier,
                motif=lectures.motif,
                methode=request.method,
                **lectures.details,
                autres={t: sorted(lectures.objets[t]) for t in types[1:]},
            )
        return response

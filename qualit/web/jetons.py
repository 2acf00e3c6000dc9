"""One form, one object: the same form sent twice (double click, back button, network retry) acts once.

The form prints {% jeton %} (a random token) and the view is decorated with `@jetons.une_fois`: a token already used
answers with the redirection that the first sending got, and the view is not run again.

Two sendings at the same moment are serialised by a PostgreSQL advisory lock on the token, held to the
end of the transaction, so the second waits for the first, then reads its answer. The answers live in the session (rows of
the same database, in the same transaction as the object: both are there, or neither), the last 40 of them.
"""

import functools
import hashlib
import secrets

from django.contrib import messages
from django.db import connection, transaction
from django.http import HttpResponseRedirect

CHAMP = "jeton_formulaire"
CLE_SESSION = "jetons"
MAXIMUM = 40


def nouveau():
    """A fresh token: 128 random bits."""
    return secrets.token_urlsafe(16)


def lire(request):
    """The token that was sent, or "" when missing or badly formed."""
    jeton = request.POST.get(CHAMP, "")
    return jeton if 16 <= len(jeton) <= 64 and jeton.isascii() else ""


def _verrouiller(request, jeton):
    cle = hashlib.blake2b(f"{request.user.pk}:{jeton}".encode(), digest_size=8).digest()
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(cle, signed=True)])


def deja_servi(request, jeton):
    """Lock the token until the end of the transaction; return the URL that its first sending got, or None."""
    _verrouiller(request, jeton)
    # The session was read before the lock: what another request saved meanwhile is in the database only.
    session = type(request.session)(request.session.session_key)
    url = session.load().get(CLE_SESSION, {}).get(jeton) if request.session.session_key else None
    if url is None:
        url = request.session.get(CLE_SESSION, {}).get(jeton)
    return url


def retenir(request, jeton, url):
    """Keep the answer of this token and write the session now, inside the transaction."""
    servis = dict(list(request.session.get(CLE_SESSION, {}).items())[-MAXIMUM + 1 :])
    servis[jeton] = url
    request.session[CLE_SESSION] = servis
    request.session.save()


def une_fois(vue):
    """Decorate a view whose successful POST redirects: the same token gets the same redirection, and nothing is done twice."""

    @functools.wraps(vue)
    def enveloppe(request, *args, **kwargs):
        jeton = lire(request) if request.method == "POST" else ""
        if not jeton:
            return vue(request, *args, **kwargs)
        with transaction.atomic():
            if url := deja_servi(request, jeton):
                messages.info(
                    request, "Ce formulaire avait déjà été envoyé : il n’a été enregistré qu’une fois."
                )
                return HttpResponseRedirect(url)
            reponse = vue(request, *args, **kwargs)
            if reponse.status_code in (302, 303):
                retenir(request, jeton, reponse["Location"])
            return reponse

    return enveloppe

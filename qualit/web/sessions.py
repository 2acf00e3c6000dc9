"""Sessions kept in the database. Their idle end is pushed back once a minute at most: to read a page writes no session."""

from django.contrib.sessions.backends import db
from django.utils import timezone

#: A session ends between SESSION_COOKIE_AGE less this and SESSION_COOKIE_AGE after the last request, never later.
ECART_SECONDES = 60


class SessionStore(db.SessionStore):
    def load(self):
        session = self._get_session_from_db()
        if session is None:
            return {}
        reste = (session.expire_date - timezone.now()).total_seconds()
        if reste < self.get_session_cookie_age() - ECART_SECONDES:
            self.modified = True
        return self.decode(session.session_data)

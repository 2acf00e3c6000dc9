"""Technical logs without personal data."""

import logging
import traceback


class SansDonnees(logging.Formatter):
    """Tracebacks keep the places and the class of the error, not its message.

    A message may quote values (`Key (nom)=(…) already exists`), and the technical logs have other readers and
    another lifetime than the database.
    """

    def formatException(self, ei):
        lignes = []
        erreur, vues = ei[1], set()
        while erreur is not None and id(erreur) not in vues:
            vues.add(id(erreur))
            cadres = "".join(traceback.format_tb(erreur.__traceback__))
            lignes.append(f"{cadres}{type(erreur).__module__}.{type(erreur).__qualname__}")
            erreur = erreur.__cause__ or erreur.__context__
        return "\n".join(lignes)

"""Why a file cannot be taken."""


class FichierIllisible(Exception):
    """The file cannot be read. The message, in French, is for the user and says what to do."""

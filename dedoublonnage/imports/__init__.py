"""Lists of reports sent by a structure: read, compared, confirmed, sent, undone."""

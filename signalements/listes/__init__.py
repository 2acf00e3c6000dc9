"""A school's list read as reports: its columns recognised, its values understood, each row checked like the form."""

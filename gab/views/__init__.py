"""Pages of the GAB, by subject."""

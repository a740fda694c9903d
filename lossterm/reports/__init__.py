"""A session as words and tables."""

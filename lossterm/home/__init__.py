"""Where files are, who may read them, and what the user configured."""

"""Recorded comparisons: the JSON of a run, read again and compared with a second run."""

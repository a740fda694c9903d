"""Recorded comparisons: the JSON of a run, read again and held against a second run."""

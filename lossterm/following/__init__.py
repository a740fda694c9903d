"""Follows what is new in a store, for the app, for scripts and for screen readers."""

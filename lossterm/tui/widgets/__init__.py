"""Widgets that more than one panel or dialog could use."""

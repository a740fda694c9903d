"""Lanes on other machines: the worker's dispatcher, the bridge to a Ray cluster, and what runs on its nodes."""

"""Stress sweeps: the same comparison on data that are made worse and worse, and where the best loss changes."""

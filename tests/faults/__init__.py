"""Faults, injected: what dies, hangs, leaks or vanishes, and what is left afterwards."""

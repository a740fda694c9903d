"""Lanes: the protocol between the worker and what trains, over each of its carriers, and what happens to processes."""

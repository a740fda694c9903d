"""Lanes: what trains one stack of trials after another, and how the worker speaks with it, in a thread or a process."""

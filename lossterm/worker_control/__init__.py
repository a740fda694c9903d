"""The worker seen from outside: whether it is there, starting it, asking it to leave. Never imports it."""

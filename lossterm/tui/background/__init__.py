"""Work off the event loop: the store, other processes, slow directories."""

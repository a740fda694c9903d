"""Every comparison and stress sweep of a store, what came of each, and several side by side."""

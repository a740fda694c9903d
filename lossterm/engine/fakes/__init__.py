"""A worker like the real one that draws plausible curves at once, for tests of everything around training."""

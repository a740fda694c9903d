"""A stand-in for the engine that draws plausible curves at once, for tests of everything around training."""

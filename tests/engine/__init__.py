"""Tests of the engine; all but a few start TensorFlow."""

"""Benchmarks, run by hand. None is collected by pytest."""

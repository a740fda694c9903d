"""Benchmarks, run by hand; the tests only try that each still runs."""

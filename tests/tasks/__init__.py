"""Tests of tasks: how they are split, and user tables."""

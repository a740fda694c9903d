"""Tests of tasks: how they are split, and tables of one's own."""

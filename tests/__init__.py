"""Tests of lossterm."""

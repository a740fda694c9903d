"""Tests of what leaves lossterm, each read back with a reader that is not lossterm's own."""

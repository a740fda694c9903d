"""Fuzzing: whatever lossterm is given ends in a result or in one sentence, with an exit code that is documented.

`pytest tests/fuzz` tries the same examples each time; `python -m tests.fuzz --seconds N` new ones for as long as told.
"""

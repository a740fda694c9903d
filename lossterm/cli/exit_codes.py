"""The exit codes of `lossterm`, all of them: scripts go by them, so that none changes its meaning.

The code of what went wrong stands with the error: see `lossterm.errors`.
"""

from lossterm.errors import DataError, LosstermError, UsageError

DONE = 0
"""All went well."""
UNEXPECTED = LosstermError.exit_code
"""1: an error that nobody foresaw, or a worker or a benchmark that did not finish."""
WRONG_USAGE = UsageError.exit_code
"""2: what was asked for cannot be done: an option, a name or a number that makes no sense."""
UNUSABLE = DataError.exit_code
"""3: data, a file or a store that cannot be used."""
SOME_FAILED = 4
"""A trial failed, or diverged where it counts, or time was up before the last; the table is printed all the same."""
DIFFERS = 5
"""`check` saw a difference."""
INTERRUPTED = 130
"""Someone pressed Ctrl-C: 128 + SIGINT, as shells have it."""
STOPPED = INTERRUPTED
"""Someone else stopped trials that this command was waiting for: as if it had been interrupted here."""
NOBODY_READS = 141
"""What a shell sees of git and most other programs when the reader of their output leaves: 128 + SIGPIPE."""


def ended_by(signal: int) -> int:
    """Return the code of a command that a signal ended, as shells have it."""
    return 128 + signal

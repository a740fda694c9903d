"""`-` in the place of a table's file: standard input."""

import sys
from pathlib import Path

from lossterm.errors import UsageError
from lossterm.home.paths import piped

INPUT = Path("-")


def file_of(path: Path) -> Path:
    """Return the path of a table, of one from standard input where it was kept. Raises UsageError on a terminal."""
    if path != INPUT:
        return path
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- reads a table from standard input: pipe one in, as in `cat FILE | lossterm data -`.")
    from lossterm.data.piped import keep_piped

    return keep_piped(sys.stdin.buffer, piped())

"""Places in a file, as errors name them."""

import os

from lossterm.errors import DataError
from lossterm.text.harmless import clipped, printable


def place(path: str | os.PathLike[str], row: int | None = None, column: str | None = None) -> str:
    """Name a file with the row and the column, if known."""
    words = [printable(os.fspath(path))]
    if row is not None:
        words.append(f"row {row}")
    if column is not None:
        words.append(f"column {clipped(column)}")
    return ", ".join(words)


def refusal(path: str | os.PathLike[str], what: str, row: int | None = None, column: str | None = None) -> DataError:
    """Return an error that names the place, then what is wrong and what to do."""
    return DataError(f"{place(path, row, column)}: {what}")

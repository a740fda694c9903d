"""Reads JSON lines, one object in each, with pyarrow, which is imported only for such a file."""

from pathlib import Path
from typing import Any

from lossterm.data import memory
from lossterm.data.files.arrow_columns import Batches, pyarrow_for, read_columns
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Sheet
from lossterm.data.request import FileRequest
from lossterm.text.harmless import clipped, printable

_BYTES_OF_A_CELL = 8
"""Fewest bytes that a cell with its name and punctuation usually takes in the file."""


def refuse_early(path: Path, _: FileRequest) -> None:
    """Raise DataError if the table would not fit into memory, by the size of the file."""
    memory.refuse_too_large(path, path.stat().st_size / _BYTES_OF_A_CELL)


def read(path: Path, asked: FileRequest) -> Sheet:
    """Read JSON lines. Raises DataError for a line that is no object, or if pyarrow is missing."""
    batches = Batches(_table(path))
    return read_columns(path, asked, batches, batches.rows, "jsonl", "Read as JSON lines, an object in each.")


def _table(path: Path) -> Any:
    pyarrow = pyarrow_for(path, "JSON lines are")
    from pyarrow import json

    try:
        return json.read_json(path)
    except (pyarrow.ArrowException, OSError) as error:
        what = clipped(printable(str(error)), 160).rstrip(".")
        raise refusal(
            path,
            f"the JSON lines cannot be read ({what}). Write an object in each line, with one kind of value by name.",
        ) from error

"""Reads Feather files, which hold a table of Arrow's, with pyarrow, which is imported only for such a file."""

from pathlib import Path
from typing import Any

from lossterm.data import memory
from lossterm.data.files.arrow_columns import Batches, pyarrow_for, read_columns
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Sheet
from lossterm.data.request import FileRequest
from lossterm.text.harmless import printable


def refuse_early(path: Path, asked: FileRequest) -> None:
    """Raise DataError if the table would not fit into memory, by its number of rows and columns."""
    table = _table(path)
    memory.refuse_too_large(path, table.num_rows * max(1, table.num_columns - len(asked.drop)))


def read(path: Path, asked: FileRequest) -> Sheet:
    """Read a Feather file. Raises DataError if it is damaged, or pyarrow is missing."""
    batches = Batches(_table(path))
    return read_columns(path, asked, batches, batches.rows, "arrow", "Read as Feather (Arrow).")


def _table(path: Path) -> Any:
    pyarrow = pyarrow_for(path, "Feather is")
    from pyarrow import feather

    try:
        return feather.read_table(path, memory_map=True)
    except (pyarrow.ArrowException, OSError) as error:
        what = printable(str(error)).rstrip(".")
        raise refusal(path, f"the Feather file is damaged ({what}). Write it anew.") from error

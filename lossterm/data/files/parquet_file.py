"""Reads Parquet files with pyarrow, which is imported only for such a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lossterm.data import memory
from lossterm.data.files.arrow_columns import pyarrow_for, read_columns
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Sheet
from lossterm.data.request import FileRequest
from lossterm.text.harmless import printable


def refuse_early(path: Path, asked: FileRequest) -> None:
    """Raise DataError if the table, by the size in the file's footer, would not fit into memory."""
    with _opened(path) as file:
        memory.refuse_too_large(path, file.metadata.num_rows * max(1, file.metadata.num_columns - len(asked.drop)))


def read(path: Path, asked: FileRequest) -> Sheet:
    """Read a Parquet file. Raises DataError if it is damaged, or pyarrow is missing."""
    with _opened(path) as file:
        return read_columns(path, asked, file, file.metadata.num_rows, "parquet", "Read as Parquet.")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    pyarrow = pyarrow_for(path, "Parquet is")
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        what = printable(str(error)).rstrip(".")
        raise refusal(path, f"the Parquet file is damaged ({what}). Write it anew.") from error

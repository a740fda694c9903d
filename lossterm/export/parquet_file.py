"""Parquet: the same lines as CSV, in columns with types, each number as it is stored."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from lossterm import __version__
from lossterm.errors import UsageError
from lossterm.export.epochs import every
from lossterm.export.long_form import TRIAL_COLUMNS, Cell, of_epochs, of_trial, value_columns
from lossterm.export.session_contents import Contents

GROUP = 50_000
"""Lines of a row group, and so the most lines in memory at a time."""

WITHOUT = "Parquet is written by pyarrow, which is not installed: pip install 'lossterm[parquet]'."


def write_parquet(contents: Contents, path: Path) -> None:
    """Write every epoch; null where CSV has an empty cell. Raises UsageError without pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError(WITHOUT) from error
    columns = value_columns(contents)
    types = {"integer": pa.int64(), "number": pa.float64(), "text": pa.dictionary(pa.int32(), pa.string())}
    schema = pa.schema(
        [
            *((name, types[kind]) for name, kind in TRIAL_COLUMNS.items()),
            ("epoch", pa.int32()),
            *((name, pa.float32()) for name in columns),
        ],
        metadata={"lossterm": __version__, "session": contents.session},
    )
    lines = _lines(contents, columns)
    with pq.ParquetWriter(path, schema) as writer:
        while group := list(islice(lines, GROUP)):
            turned: list[Any] = list(zip(*group, strict=True))
            writer.write_table(
                pa.table([pa.array(cells, field.type) for cells, field in zip(turned, schema, strict=True)], schema)
            )


def _lines(contents: Contents, columns: tuple[str, ...]) -> Iterator[tuple[Cell, ...]]:
    for epochs in every(contents):
        trial = of_trial(epochs)
        for line in of_epochs(epochs, columns):
            yield *trial, *line

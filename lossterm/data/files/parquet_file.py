"""Reads Parquet files with pyarrow, which is imported here alone and only for such a file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lossterm.data import memory
from lossterm.data.files.growing_array import Growing
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Raw, Sheet, column_names, refuse_infinite
from lossterm.data.files.text_column import Gathering, Taken
from lossterm.data.request import FileRequest, checked
from lossterm.errors import DataError
from lossterm.text.harmless import printable

EXTRA = "pip install 'lossterm[parquet]'"
_BATCH = 4096


def _row(index: int) -> int:
    return index + 1


def refuse_early(path: Path, asked: FileRequest) -> None:
    """Raise DataError if the table, by the size in the file's footer, would not fit into memory."""
    with _opened(path) as file:
        memory.refuse_too_large(path, file.metadata.num_rows * max(1, file.metadata.num_columns - len(asked.drop)))


def read(path: Path, asked: FileRequest) -> Sheet:
    """Read a Parquet file. Raises DataError if it is damaged, or pyarrow is missing."""
    taken: dict[str, Taken] = dict.fromkeys(asked.categorical, "names")
    if asked.group is not None:
        taken[asked.group] = "groups"
    with _opened(path) as file:
        schema = file.schema_arrow
        names = column_names(str(path), [printable(name) for name in schema.names])
        checked(asked, names)
        if not file.metadata.num_rows:
            raise refusal(path, "there are columns and no rows. Give a file with rows.")
        kinds = {name: field.type for name, field in zip(names, schema, strict=True) if name not in asked.drop}
        places = {name: place for place, name in enumerate(names)}
        takers = _taken(path, file, places, kinds, taken)
        if mixed := [name for name, taker in takers.items() if isinstance(taker, _Text) and taker.mixed]:
            takers |= _taken(path, file, places, {name: kinds[name] for name in mixed}, dict.fromkeys(mixed, "words"))
        rows = file.metadata.num_rows
    unread = {
        name: f"holds {printable(str(kinds[name]))}, which no network can take as it is"
        for name in kinds
        if name not in takers
    }
    return Sheet(
        path=str(path),
        form="parquet",
        rows=rows,
        names=names,
        raws={name: taker.done() for name, taker in takers.items()},
        row=_row,
        unread=unread,
        remarks=("Read as Parquet.",),
    )


def _taken(
    path: Path, file: Any, places: Mapping[str, int], kinds: Mapping[str, Any], taken: Mapping[str, Taken]
) -> "dict[str, _Values | _Text]":
    """Read those columns with the types `kinds` that a table can use; `places` are their indices in the file."""
    candidates = {name: _taker(str(path), name, kind, taken.get(name, "guess")) for name, kind in kinds.items()}
    takers = {name: taker for name, taker in candidates.items() if taker}
    for batch in file.iter_batches(batch_size=_BATCH):
        for name, taker in takers.items():
            taker.feed(batch.columns[places[name]])
    return takers


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError(
            f"{printable(str(path))}: Parquet is read by pyarrow, which is not installed: {EXTRA}."
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        what = printable(str(error)).rstrip(".")
        raise refusal(path, f"the Parquet file is damaged ({what}). Write it anew.") from error


class _Values:
    """Collects cells that are already numbers, dates or booleans."""

    def __init__(self, path: str, name: str, kind: str) -> None:
        self._path, self._name, self._kind = path, name, kind
        self._cells, self._rows = Growing(np.float64), 0

    def feed(self, cells: Any) -> None:
        import pyarrow as pa

        if self._kind == "date":
            cells = cells.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        numbers = cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        numbers = numbers / 86_400e6 if self._kind == "date" else numbers
        refuse_infinite(self._path, self._name, numbers, _row, self._rows)
        self._cells.add(numbers)
        self._rows += len(numbers)

    def done(self) -> Raw:
        values = self._cells.done()
        if np.isnan(values).all():
            return Raw(name=self._name, kind="nothing", values=values)
        if self._kind == "boolean":
            return Raw(name=self._name, kind="boolean", values=values, words=("false", "true"))
        return Raw(name=self._name, kind="date" if self._kind == "date" else "number", values=values)


class _Text:
    """Collects cells of text, which may stand for numbers as in a CSV file."""

    def __init__(self, path: str, name: str, taken: Taken) -> None:
        self._gathering = Gathering(path, name, _row, taken=taken)

    def feed(self, cells: Any) -> None:
        self._gathering.feed([cell or "" for cell in cells.to_pylist()])

    @property
    def mixed(self) -> bool:
        return self._gathering.mixed

    def done(self) -> Raw:
        return self._gathering.done()


def _taker(path: str, name: str, kind: Any, taken: Taken) -> "_Values | _Text | None":
    """Return a collector for cells of an Arrow type, None for a type that no table can use."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _taker(path, name, kind.value_type, taken)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_null(kind):
        return _Text(path, name, taken)
    if types.is_boolean(kind):
        return _Values(path, name, "boolean")
    if types.is_timestamp(kind) or types.is_date(kind):
        return _Values(path, name, "date")
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return _Values(path, name, "number")
    return None

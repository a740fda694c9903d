"""Reads the columns of what pyarrow opened: a Parquet file, or a table of Arrow's. pyarrow itself is imported late."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lossterm.data.files.growing_array import Growing
from lossterm.data.files.missing_codes import MissingCodes, TableCodes
from lossterm.data.files.position import refusal
from lossterm.data.files.sheet import Form, Raw, RawKind, Sheet, column_names, refuse_infinite
from lossterm.data.files.text_column import Gathering, Taken
from lossterm.data.request import FileRequest, checked
from lossterm.errors import DataError
from lossterm.text.harmless import printable

_INSTALL = "pip install 'lossterm[parquet]'"
_BATCH = 4096


def _row(index: int) -> int:
    return index + 1


def pyarrow_for(path: Path, what: str) -> Any:
    """Import pyarrow, by which files of this kind are read. Raises DataError if it is missing."""
    try:
        import pyarrow
    except ImportError:
        raise DataError(
            f"{printable(str(path))}: {what} read by pyarrow, which is not installed: {_INSTALL}."
        ) from None
    return pyarrow


class Batches:
    """A table of Arrow's that is read in batches, as a Parquet file is."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.schema_arrow = table.schema

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self._table.num_rows)

    def iter_batches(self, *, batch_size: int) -> Iterator[Any]:
        """Yield batches of rows."""
        yield from self._table.to_batches(max_chunksize=batch_size)


def read_columns(path: Path, asked: FileRequest, file: Any, rows: int, form: Form, remark: str) -> Sheet:
    """Read all columns of a file that has `schema_arrow` and `iter_batches`. Raises DataError if it has no rows."""
    taken: dict[str, Taken] = dict.fromkeys(asked.categorical, "names")
    if asked.group is not None:
        taken[asked.group] = "groups"
    schema = file.schema_arrow
    names, renamed = column_names([printable(name) for name in schema.names])
    checked(asked, names)
    if not rows:
        raise refusal(path, "there are columns and no rows. Give a file with rows.")
    kinds = {name: field.type for name, field in zip(names, schema, strict=True) if name not in asked.drop}
    places = {name: place for place, name in enumerate(names)}
    takers = _taken(path, file, places, kinds, taken, asked)
    while again := {name: taker.again for name, taker in takers.items() if taker.again}:
        takers |= _taken(path, file, places, {name: kinds[name] for name in again}, again, asked)
    unread = {
        name: f"holds {printable(str(kinds[name]))}, which no network can take as it is"
        for name in kinds
        if name not in takers
    }
    return Sheet(
        path=str(path),
        form=form,
        rows=rows,
        names=names,
        raws={name: taker.done() for name, taker in takers.items()},
        row=_row,
        unread=unread,
        remarks=(remark, *renamed),
    )


def _taken(
    path: Path,
    file: Any,
    places: Mapping[str, int],
    kinds: Mapping[str, Any],
    taken: Mapping[str, Taken],
    asked: FileRequest,
) -> "dict[str, _Values | _Text]":
    """Read those columns with the types `kinds` that a table can use; `places` are their indices in the file."""
    codes = TableCodes.of(asked.missing, places)
    candidates = {
        name: _taker(str(path), name, kind, taken.get(name, "guess"), codes.in_column(name), asked.thousands)
        for name, kind in kinds.items()
    }
    takers = {name: taker for name, taker in candidates.items() if taker}
    for batch in file.iter_batches(batch_size=_BATCH):
        for name, taker in takers.items():
            taker.feed(batch.columns[places[name]])
    return takers


class _Values:
    """Collects cells that are already numbers, dates or booleans."""

    again: Taken | None = None
    """They are what they are."""

    def __init__(self, path: str, name: str, kind: str, missing: MissingCodes) -> None:
        self._path, self._name, self._kind, self._missing = path, name, kind, missing
        self._cells, self._rows = Growing(np.float64), 0
        self._absent: dict[str, None] = {}

    def feed(self, cells: Any) -> None:
        import pyarrow as pa

        if self._kind == "date":
            cells = cells.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        numbers = cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        numbers = numbers / 86_400e6 if self._kind == "date" else numbers
        if self._kind in ("number", "date"):
            numbers, absent = self._missing.applied(numbers, dates=self._kind == "date")
            self._absent |= dict.fromkeys(absent)
        refuse_infinite(self._path, self._name, numbers, _row, self._rows)
        self._cells.add(numbers)
        self._rows += len(numbers)

    def done(self) -> Raw:
        values = self._cells.done()
        if np.isnan(values).all():
            return Raw(name=self._name, kind="nothing", values=values, absent=tuple(self._absent))
        if self._kind == "boolean":
            return Raw(name=self._name, kind="boolean", values=values, words=("false", "true"))
        kind: RawKind = "date" if self._kind == "date" else "number"
        return Raw(name=self._name, kind=kind, values=values, absent=tuple(self._absent))


class _Text:
    """Collects cells of text, which may stand for numbers as in a CSV file."""

    def __init__(self, path: str, name: str, taken: Taken, missing: MissingCodes, thousands: str | None) -> None:
        self._gathering = Gathering(path, name, _row, taken=taken, missing=missing, thousands=thousands)

    def feed(self, cells: Any) -> None:
        self._gathering.feed([cell or "" for cell in cells.to_pylist()])

    @property
    def again(self) -> Taken | None:
        return self._gathering.again

    def done(self) -> Raw:
        return self._gathering.done()


def _taker(
    path: str, name: str, kind: Any, taken: Taken, missing: MissingCodes, thousands: str | None
) -> "_Values | _Text | None":
    """Return a collector for cells of an Arrow type, None for a type that no table can use."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _taker(path, name, kind.value_type, taken, missing, thousands)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_null(kind):
        return _Text(path, name, taken, missing, thousands)
    if types.is_boolean(kind):
        return _Values(path, name, "boolean", missing)
    if types.is_timestamp(kind) or types.is_date(kind):
        return _Values(path, name, "date", missing)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return _Values(path, name, "number", missing)
    return None

"""Reading what can be read of a damaged SQLite file: rows on sound pages, whatever lies on the others."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lossterm.store import migrations
from lossterm.store.file_header import APPLICATION_ID, MAGIC

_PAGE = 4096
_MOST_LOOKS = 4_000
"""Queries spent at most on what lies between two readable rows of a table: a fraction of a second."""

_MOST_IN_ALL = 100_000
"""Queries spent at most on all such places: some seconds."""

_END = 2**62
"""More rows than any table has."""

_MOST_ROWS = 100_000
"""Rows that one look may give: more come of pages that point at one another."""

_ORDER = " ORDER BY rowid"

Values = dict[str, Any]
"""A row: column → value."""


def mend_header(path: Path) -> None:
    """Write anew what the first 100 bytes of a store always hold, so that the pages behind them can be read.

    Raises OSError.
    """
    size = path.stat().st_size
    with path.open("r+b") as file:
        header = bytearray(file.read(100).ljust(100, b"\0"))
        version = int.from_bytes(header[60:64], "big")
        fixed = {
            0: MAGIC + _PAGE.to_bytes(2, "big") + bytes((2, 2, 0, 64, 32, 32)),
            28: (size // _PAGE).to_bytes(4, "big"),
            32: bytes(8),  # no list of free pages: it may lead anywhere
            44: (4).to_bytes(4, "big"),
            52: bytes(4) + (1).to_bytes(4, "big"),
            60: (version if 0 < version <= migrations.VERSION else migrations.VERSION).to_bytes(4, "big") + bytes(4),
            68: APPLICATION_ID.to_bytes(4, "big") + bytes(20),
            92: bytes(header[24:28]),  # only then is the number of pages believed
        }
        for place, value in fixed.items():
            header[place : place + len(value)] = value
        file.seek(0)
        file.write(header)


class Reader:
    """The readable rows of a damaged file."""

    def __init__(self, path: Path) -> None:
        """Open a copy that may be written: what SQLite's log holds is brought in. Raises sqlite3.Error."""
        self.partly: set[str] = set()
        """Tables of which some page could not be read so far."""
        self._error: sqlite3.Error | None = None  # what ended the last query
        self._looks = 0
        self._connection = sqlite3.connect(path, isolation_level=None)
        try:
            self._connection.row_factory = sqlite3.Row
            self._connection.text_factory = _text
            self._connection.execute("PRAGMA writable_schema = ON")  # tables stay readable beside one that is not
            self._connection.execute("PRAGMA query_only = ON")
            self._connection.execute("PRAGMA cell_size_check = ON")
            self.tables = {str(row[0]) for row in self._connection.execute("SELECT name FROM sqlite_master")}
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def rows(self, table: str) -> Iterator[Values]:
        """Yield the rows of a table in the order of their numbers."""
        last = -1
        while last < _END:
            for row in self._sound(f"SELECT rowid AS _row, * FROM {_tree(table)} WHERE rowid > ?{_ORDER}", last):
                number = row.pop("_row")
                if number <= last:  # a page that points at one before it: following it might never end
                    self._error = sqlite3.DatabaseError("rows out of order")
                    break
                last = number
                yield row
            if self._error is None:
                return
            self.partly.add(table)
            beyond = self._beyond(table, last)
            yield from self._between(table, last + 1, beyond)
            last = beyond

    def links(self, comparison: int) -> list[Values]:
        """Return what can be read of a comparison's links to its trials."""
        query = f"SELECT * FROM comparison_trials WHERE comparison = ? ORDER BY position LIMIT {_MOST_ROWS}"
        return list(self._sound(query, comparison))

    def _sound(self, query: str, *values: int) -> Iterator[Values]:
        """Yield rows until the query ends or meets damage."""
        self._error = None
        try:
            yield from map(dict, self._connection.execute(query, values))
        except (sqlite3.Error, UnicodeDecodeError, OverflowError, MemoryError) as error:
            self._error = error if isinstance(error, sqlite3.Error) else sqlite3.DataError(str(error))

    def _beyond(self, table: str, last: int) -> int:
        """Return a number above `last` behind which rows can be read again, as small as a few looks find."""
        step = 1
        while last + step < _END:
            query = f"SELECT rowid AS _row FROM {_tree(table)} WHERE rowid > ?{_ORDER} LIMIT 1"
            found = list(self._sound(query, last + step))
            if self._error is None:
                return max(found[0]["_row"] - 1, last + step) if found else _END
            step *= 2
        return _END

    def _between(self, table: str, first: int, last: int) -> Iterator[Values]:
        """Yield what can be read of the rows with numbers from `first` to `last`, halving the span at each damage."""
        spans, end = [(first, last)], min(self._looks + _MOST_LOOKS, _MOST_IN_ALL)
        while spans and self._looks < end:
            low, high = spans.pop()
            self._looks += 1
            query = (
                f"SELECT rowid AS _row, * FROM {_tree(table)} WHERE rowid BETWEEN ? AND ?{_ORDER} LIMIT {_MOST_ROWS}"
            )
            found = list(self._sound(query, low, high))
            if self._error is None and len(found) < _MOST_ROWS:
                yield from ({name: row[name] for name in row if name != "_row"} for row in found)
            elif low < high:
                middle = (low + high) // 2
                spans += [(middle + 1, high), (low, middle)]


def _tree(table: str) -> str:
    """Return a table as a query names it that must not read an index instead, which may be sound where it is not."""
    return f"{table} NOT INDEXED"


def _text(value: bytes) -> str | bytes:
    """Read text; what is none stays bytes, which no check lets pass."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value

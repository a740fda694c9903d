"""A connection to the store's file: reads, and transactions of which all happens or nothing."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from lossterm.errors import StoreError
from lossterm.home.paths import default_store_path
from lossterm.home.tilde import expanded
from lossterm.store import network_mounts, schema

Row = TypeVar("Row")

_UNREADABLE = sqlite3.DatabaseError("malformed: it is no text in UTF-8")
"""What Python's UnicodeDecodeError stands for: SQLite quotes what is damaged in its message, and that is no text."""


class Connection:
    """One connection to the file. Threads may share it: each operation waits for the one before.

    `network` is the kind of network file system that the file lies on, None for a local one.
    """

    def __init__(self, path: Path | None = None, *, make: bool = True) -> None:
        """Open the store, made if it isn't there and may be made. Raises StoreError."""
        given = expanded(path or default_store_path())
        try:
            self.path = network_mounts.resolved(given)
        except OSError as error:
            raise StoreError(f"The store {given} cannot be used: {error.strerror}.") from error
        try:
            self._sqlite = schema.connect(self.path, make=make)
        except UnicodeDecodeError as error:
            raise schema.explain(self.path, _UNREADABLE) from error
        self.network = schema.network_file_system(self.path)
        self._lock = threading.RLock()  # closing a connection that another thread is reading from crashes the process

    def close(self) -> None:
        """Let go of the file, once a running operation is done."""
        with self._lock:
            self._sqlite.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, query: str, *values: object) -> list[Any]:
        """Return the rows of a query. Raises StoreError."""
        with self._lock:
            try:
                return self._sqlite.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise schema.explain(self.path, error) from error
            except UnicodeDecodeError as error:
                raise schema.explain(self.path, _UNREADABLE) from error

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Carry out one statement inside a transaction that `write` opened, which says what an error of it means."""
        return self._sqlite.execute(statement, values)

    def execute_many(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        """Carry out one statement for each of many rows of values, inside such a transaction."""
        self._sqlite.executemany(statement, values)

    def rows(self, read: Callable[[Any], Row], query: str, *values: object) -> list[Row]:
        """Return the rows of a query as records. Raises StoreError for a row that no lossterm wrote."""
        return [self.sound(read, row) for row in self.read(query, *values)]

    def sound(self, read: Callable[[Any], Row], row: Any) -> Row:
        """Return a row as a record. Raises StoreError for one that no lossterm wrote."""
        try:
            return read(dict(row))
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
            wrong = sqlite3.DatabaseError(f"it holds a row that no lossterm wrote: {error}")
            raise schema.explain(self.path, wrong) from error

    @contextmanager
    def write(self) -> Iterator[int]:
        """Open a transaction and yield its tick; all of it happens, or none."""
        with self._lock:
            try:
                self._sqlite.execute("BEGIN IMMEDIATE")
                try:
                    schema.refuse_updated(self.path, self._sqlite)
                    tick = self._sqlite.execute("UPDATE clock SET tick = tick + 1 RETURNING tick").fetchone()
                    if tick is None or not isinstance(tick[0], int):
                        raise sqlite3.DatabaseError("it holds a clock that no lossterm wrote")
                    yield tick[0]
                    self._sqlite.execute("COMMIT")
                except BaseException:
                    if self._sqlite.in_transaction:  # SQLite has rolled back by itself after some errors
                        self._sqlite.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise schema.explain(self.path, error) from error
            except UnicodeDecodeError as error:
                raise schema.explain(self.path, _UNREADABLE) from error

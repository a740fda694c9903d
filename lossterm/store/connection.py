"""A connection to the store's file: reads and atomic transactions.

A connection that nobody uses lets go of the file, with all that SQLite's log held brought into it: so a store that is
not in use is one whole file, which can be copied, and another can be put in its place.
"""

import ctypes
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

import msgspec

from lossterm.errors import StoreError, StoreReplaced
from lossterm.home.paths import default_store_path
from lossterm.home.tilde import expanded
from lossterm.store import network_mounts, schema
from lossterm.store.file_header import OPENING

Row = TypeVar("Row")

_UNREADABLE = sqlite3.DatabaseError("malformed: it is not text in UTF-8")
"""Stands for a UnicodeDecodeError: SQLite quotes damaged bytes in its message, which Python cannot decode."""


REST_SECONDS = 1.0
"""Time without use after which a connection lets go of the file; the next use opens it again."""

YOUNG_SECONDS = 0.1
"""Age below which a file may have been written again without a change of its time."""


class _State(NamedTuple):
    """What a connection knows of the store when it lets go of it."""

    store: str
    tick: int


class Connection:
    """One connection to the file. Threads may share it: each operation waits for the one before.

    `network` is the kind of network file system that the file lies on, None for a local one.
    """

    def __init__(self, path: Path | None = None, *, make: bool = True) -> None:
        """Open the store, made if it isn't there and may be made. Raises StoreError."""
        given = expanded(path or default_store_path())
        self.path = network_mounts.located(given)
        self._lock = threading.RLock()  # closing a connection that another thread is reading from crashes the process
        self.network = schema.network_file_system(self.path)
        self._closed = False
        self._left: _State | None = None  # as the store was when it was let go of
        self._looked: list[tuple[int, ...] | None] | None = None  # as its files were then
        self._version, self._data_version = 0, -1
        self._tick: int | None = None  # of the transaction that is open
        self._used = time.monotonic()
        self._sqlite: sqlite3.Connection | None = self._opened(make=make)
        _RESTER.watch(self)

    def _opened(self, *, make: bool) -> sqlite3.Connection:
        try:
            while True:
                before = self._place()
                connection = schema.connect(self.path, make=make)
                self._file = self._place()
                if before in (None, self._file):
                    return connection
                connection.close()  # another file came there meanwhile
        except UnicodeDecodeError as error:
            raise schema.explain(self.path, _UNREADABLE) from error

    def _place(self) -> tuple[int, int] | None:
        """Return which file lies at the path, None for none."""
        try:
            status = os.stat(self.path)  # noqa: PTH116  many times a second
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Let go of the file, once a running operation is done."""
        with self._lock:
            self._closed = True
            self._let_go()

    @property
    def closed(self) -> bool:
        """Whether it was closed for good."""
        return self._closed

    def rest(self) -> None:
        """Let go of the file until it is used again; what SQLite's log holds is brought into it."""
        with self._lock:
            if self._sqlite is None or self._sqlite.in_transaction:
                return
            self._left = self._state()
            self._let_go()
            self._looked = self._files()

    def rest_if_unused(self) -> None:
        """Let go of the file where nobody used it for REST_SECONDS. Waits for nobody."""
        if time.monotonic() - self._used > REST_SECONDS and self._lock.acquire(blocking=False):
            try:
                self.rest()
            finally:
                self._lock.release()

    def version(self) -> int:
        """Return a number that changes when anybody has written. Asking for it does not count as use of the store."""
        with self._lock:
            if self._sqlite is None and self._looked is not None and self._looked == self._files():
                return self._version
            if self._sqlite is None:
                self._ready()
                self._version += 1
            try:
                assert self._sqlite is not None
                there = self._sqlite.execute("PRAGMA data_version").fetchone()[0]
            except sqlite3.Error as error:
                raise schema.explain(self.path, error) from error
            if there != self._data_version:
                self._used, self._data_version = time.monotonic(), there
                self._version += 1
            return self._version

    def _ready(self) -> sqlite3.Connection:
        """Return SQLite's connection, made anew where the file was let go of. Raises StoreError."""
        if self._closed:
            raise schema.explain(self.path, sqlite3.ProgrammingError("Cannot operate on a closed database."))
        if self._sqlite is None:
            was, self._sqlite, self._data_version = self._file, self._opened(make=False), -1
            here = self._state()
            moved = not self.network and self._file != was
            older = self._left and here and (here.store != self._left.store or here.tick < self._left.tick)
            if moved or older:
                self._file = was
                self._sqlite.close()
                self._sqlite = None
                raise self._replaced()
        self._used = time.monotonic()
        return self._sqlite

    def _refuse_moved(self) -> None:
        """Raise StoreError where another file lies at the path, or none: what is written here would go nowhere."""
        if self.network or (place := self._place()) == self._file:
            return
        raise self._replaced() if place else StoreError(f"The store {self.path} is gone.")

    def _replaced(self) -> StoreReplaced:
        return StoreReplaced(
            f"The store {self.path} was replaced by another while it was open here: nothing was written to the new "
            "one. Begin again to see what it holds."
        )

    def _state(self) -> _State | None:
        """Return whose the store is and where its clock stands; None where that cannot be read."""
        try:
            assert self._sqlite is not None
            row = self._sqlite.execute("SELECT store, tick FROM clock").fetchone()
            return _State(*row) if row and isinstance(row[1], int) else None
        except (sqlite3.Error, UnicodeDecodeError):
            return None

    def _files(self) -> list[tuple[int, ...] | None] | None:
        """Return what changes whenever the store is written; None if it was written too recently to tell."""
        looks: list[tuple[int, ...] | None] = []
        for path in (self.path, f"{self.path}-wal"):
            try:
                status = os.stat(path)  # noqa: PTH116  many times a second
            except OSError:
                looks.append(None)
                continue
            if abs(time.time() - status.st_mtime) < YOUNG_SECONDS:
                return None
            looks.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns) if status.st_size else None)
        return looks

    def _let_go(self) -> None:
        if self._sqlite is None:
            return
        connection, self._sqlite = self._sqlite, None
        if self._place() not in (self._file, None) and not self.network:
            # To close it would delete the log that lies at the path, and that is the new file's.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
            return
        with OPENING:
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA busy_timeout = 0")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, query: str, *values: object) -> list[Any]:
        """Return the rows of a query. Raises StoreError."""
        with self._lock:
            try:
                return self._ready().execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise schema.explain(self.path, error) from error
            except UnicodeDecodeError as error:
                raise schema.explain(self.path, _UNREADABLE) from error

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Carry out one statement inside a transaction that `write` opened, which says what an error of it means."""
        return self._ready().execute(statement, values)

    def execute_many(self, statement: str, values: Iterable[Sequence[object]]) -> None:
        """Carry out one statement for each of many rows of values, inside such a transaction."""
        self._ready().executemany(statement, values)

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
        """Open an atomic transaction and yield its tick; within another of this connection, be a part of that."""
        with self._lock:
            if self._tick is not None:
                yield self._tick
                return
            try:
                sqlite = self._ready()
                self._refuse_moved()
                sqlite.execute("BEGIN IMMEDIATE")
                try:
                    schema.refuse_updated(self.path, sqlite)
                    tick = sqlite.execute("UPDATE clock SET tick = tick + 1 RETURNING tick").fetchone()
                    if tick is None or not isinstance(tick[0], int):
                        raise sqlite3.DatabaseError("it holds a clock that no lossterm wrote")
                    self._tick = tick[0]
                    try:
                        yield tick[0]
                    finally:
                        self._tick = None
                    sqlite.execute("COMMIT")
                    self._used = time.monotonic()
                    self._version += 1
                except BaseException:
                    if sqlite.in_transaction:  # SQLite has rolled back by itself after some errors
                        sqlite.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise schema.explain(self.path, error) from error
            except UnicodeDecodeError as error:
                raise schema.explain(self.path, _UNREADABLE) from error


class _Rester:
    """Has connections that nobody uses let go of their files, by a thread that is there while there are any."""

    def __init__(self) -> None:
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, connection: Connection) -> None:
        """Look after a connection for as long as it is not closed."""
        with self._lock:
            self._connections.add(connection)
            if self._thread is None or not self._thread.is_alive():  # also in a process that was forked
                self._thread = threading.Thread(target=self._look, name="rester", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        while True:
            time.sleep(REST_SECONDS / 4)
            with self._lock:
                waiting = [one for one in self._connections if not one.closed]
                if not waiting:
                    self._thread = None
                    return
            for one in waiting:
                one.rest_if_unused()
            del waiting


_RESTER = _Rester()

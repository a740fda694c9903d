"""A connection to the store's file: reads, and transactions of which all happens or nothing."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from lossterm.store import schema


class Connection:
    """One connection to the file. Threads may share it: each operation waits for the one before.

    `network` is the kind of network file system that the file lies on, None for a local one.
    """

    def __init__(self, path: Path | None = None, *, make: bool = True) -> None:
        """Open the store, made if it isn't there and may be made. Raises StoreError."""
        self.path = (path or schema.default_path()).expanduser().resolve()
        self._connection = schema.connect(self.path, make=make)
        self.network = schema.network_file_system(self.path)
        self._lock = threading.RLock()  # closing a connection that another thread is reading from crashes the process

    def close(self) -> None:
        """Let go of the file, once a running operation is done."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise schema.explain(self.path, error) from error

    @contextmanager
    def _write(self) -> Iterator[int]:
        """Open a transaction and yield its tick; all of it happens, or none."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection.execute("UPDATE clock SET tick = tick + 1 RETURNING tick").fetchone()[0]
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:  # SQLite has rolled back by itself after some errors
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise schema.explain(self.path, error) from error

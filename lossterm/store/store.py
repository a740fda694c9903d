"""The store: one connection, and what may be asked of it, by who asks."""

from pathlib import Path
from typing import Self

from lossterm.store.connection import Connection
from lossterm.store.preferences import Preferences
from lossterm.store.reader import Reader
from lossterm.store.requests import Requests
from lossterm.store.sessions import Sessions
from lossterm.store.worker_writes import WorkerWrites


class Store:
    """One connection to the file that holds sessions. Threads may share it: each operation waits for the one before.

    A person's wishes are `requests` and `sessions`, a viewer reads by `reader`, a worker writes by `worker`, and
    `preferences` are of whoever looks. Each operation is one short transaction, or several where its docstring says so.
    """

    def __init__(self, path: Path | None = None, *, make: bool = True) -> None:
        """Open the store, made if it isn't there and may be made. Raises StoreError."""
        self._connection = Connection(path, make=make)
        self.requests = Requests(self._connection)
        self.sessions = Sessions(self._connection, self.requests)
        self.reader = Reader(self._connection)
        self.worker = WorkerWrites(self._connection)
        self.preferences = Preferences(self._connection)

    @property
    def path(self) -> Path:
        """Where the file is, with links and mounts resolved."""
        return self._connection.path

    @property
    def network(self) -> str | None:
        """The kind of network file system that the file lies on, None for a local one."""
        return self._connection.network

    def close(self) -> None:
        """Let go of the file, once a running operation is done."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

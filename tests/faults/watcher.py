"""One who watches a session to its end and remembers every epoch that was ever shown, bit by bit."""

import time
from collections.abc import Callable
from pathlib import Path

from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges
from lossterm.store import AskedComparison, Chunk, Store
from lossterm.worker_control import supervisor

PATIENCE = 60.0
"""Seconds after which what was waited for will not come."""


def until(true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


class Watcher:
    """A viewer as the screen and `lossterm run` are: a tail, a view, and a keeper where there is one."""

    def __init__(self, path: Path, session: str, device: str, keeper: supervisor.Supervisor | None = None) -> None:
        self.view = SessionState()
        self.shown: dict[tuple[int, int], bytes] = {}
        """(trial, epoch) → its values, float32."""
        self.seen: list[Chunk] = []
        """What came, in order."""
        self._tail, self._keeper = StoreChanges(path, session, device=device), keeper

    def close(self) -> None:
        """Let go of the store."""
        self._tail.close()

    def look(self) -> None:
        """Take in what is new and tend the worker. Fails where an epoch is shown again with other bits."""
        if update := self._tail.poll():
            self.view.apply(update)
            for chunk in update.chunks:
                self.seen.append(chunk)
                for epoch, values in epochs_of(chunk):
                    assert self.shown.setdefault((chunk.trial, epoch), values) == values
        if self._keeper:
            self._keeper.tend(needed=self.view.training, ready=self.view.ready)

    def until(self, true: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Look until something is true."""

        def looked() -> object:
            self.look()
            return true()

        until(looked, what, seconds)


def epochs_of(chunk: Chunk) -> list[tuple[int, bytes]]:
    """Return the epochs of a chunk, each with its values."""
    size = len(chunk.data) // chunk.epochs
    return [(chunk.start + n, chunk.data[n * size : (n + 1) * size]) for n in range(chunk.epochs)]


def curves(store: Store, asked: AskedComparison) -> dict[int, bytes]:
    """Return what a store holds of each trial's curve. Fails where one has gaps or epochs that are there twice."""
    rows, found = store.reader.trials([asked.id]), dict[int, bytes]()
    length = dict.fromkeys((row.id for row in rows), 0)
    for chunk in store.reader.chunks([asked.id])[0]:
        assert chunk.start == length[chunk.trial]
        length[chunk.trial] += chunk.epochs
        found[chunk.trial] = found.get(chunk.trial, b"") + chunk.data
    assert length == {row.id: row.epochs for row in rows}
    return found


def assert_nothing_lost(watcher: Watcher, store: Store, asked: AskedComparison) -> None:
    """Check that every epoch that was ever shown is in the store as it was shown, and on the screen too."""
    stored = {
        (chunk.trial, epoch): values
        for chunk in store.reader.chunks([asked.id])[0]
        for epoch, values in epochs_of(chunk)
    }
    assert watcher.shown.items() <= stored.items()
    found = curves(store, asked)
    assert {trial: curve.tobytes() for trial, curve in watcher.view.curves.items()} == found

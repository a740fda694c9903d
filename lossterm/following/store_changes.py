"""What is new in a store since the last look."""

import time
from collections.abc import Collection
from pathlib import Path

import msgspec

from lossterm.store import AskedComparison, Chunk, Store, TrialRow, WorkerRow
from lossterm.worker_control import lock

LIVENESS = 1.0
"""Seconds between two looks at the worker's lock, which a death frees without writing to the store."""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """What changed since the last update. Trials and worker are absolute states; chunks are to be added in order."""

    asked: tuple[AskedComparison, ...] | None
    """All comparisons that are followed, None if there is no new one."""
    trials: tuple[TrialRow, ...]
    """Trials that changed."""
    chunks: tuple[Chunk, ...]
    """Epochs that were added."""
    worker: WorkerRow | None
    """The living worker, or one that failed to load and said why; None if there is neither."""


class StoreChanges:
    """Follows one session, or some comparisons of it, through a connection of its own."""

    def __init__(
        self, path: Path, session: str, comparisons: Collection[int] | None = None, *, device: str = "auto"
    ) -> None:
        self._store = Store(path)
        self._session, self._only, self._device = session, comparisons, device
        self._seen = -1  # data_version
        self._tick = 0
        self._mark = 0
        self._followed: tuple[AskedComparison, ...] = ()
        self._worker: WorkerRow | None = None
        self._looked = float("-inf")

    def close(self) -> None:
        """Close the connection to the store."""
        self._store.close()

    def follow(self, comparisons: Collection[int]) -> None:
        """Follow these comparisons instead."""
        self._only, self._seen = comparisons, -1

    def poll(self) -> Update | None:
        """Return what is new, None if nothing is. Costs one PRAGMA where nothing was written."""
        version, now = self._store.reader.data_version(), time.monotonic()
        if version == self._seen and now - self._looked < LIVENESS:
            return None
        worker = self._living_worker()
        self._looked = now
        if version == self._seen and worker == self._worker:
            return None
        self._seen, self._worker = version, worker
        return self._changes(worker)

    def _living_worker(self) -> WorkerRow | None:
        alive = lock.alive(self._store.path, self._device)
        row = next((row for row in self._store.reader.workers() if row.device == self._device), None)
        return row if row and (alive or row.state == "failed") else None

    def _changes(self, worker: WorkerRow | None) -> Update:
        asked = self._asked()
        fresh = asked != self._followed
        added = {a.id for a in asked} != {a.id for a in self._followed}
        self._followed = asked
        ids = [a.id for a in asked]
        # The tick is read first: what is written in between is seen again next time rather than missed.
        tick = self._store.reader.tick()
        if added:
            trials, (chunks, mark) = self._store.reader.trials(ids), self._store.reader.chunks(ids)
        else:
            trials, (chunks, mark) = (
                self._store.reader.trials(ids, self._tick),
                self._store.reader.chunks(ids, self._mark),
            )
        self._tick, self._mark = tick, mark
        return Update(
            asked=asked if fresh else None,
            trials=tuple(trials),
            chunks=tuple(chunks),
            worker=worker,
        )

    def _asked(self) -> tuple[AskedComparison, ...]:
        every = self._store.reader.comparisons(self._session)
        return tuple(a for a in every if self._only is None or a.id in self._only)

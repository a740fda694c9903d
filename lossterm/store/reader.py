"""What viewers read of the store: comparisons with their trials, curves and models, and what workers say."""

from collections.abc import Collection, Sequence
from typing import Any

from lossterm.errors import StoreError
from lossterm.store.connection import Connection
from lossterm.store.records import AskedComparison, Chunk, Kept, Sample, TrialRow, WorkerRow
from lossterm.store.serialisation import (
    LISTED,
    TRIAL_COLUMNS,
    asked_row,
    chunk_row,
    listed,
    model_row,
    sample_row,
    trial_row,
    worker_row,
)


class Reader:
    """Reads what was asked for and what became of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._workers: tuple[int, list[WorkerRow]] | None = None

    def comparisons(self, session: str) -> list[AskedComparison]:
        """Return a session's comparisons, oldest first; none for a session that isn't there."""
        return self._connection.rows(
            asked_row,
            "SELECT c.id, s.name, c.asked, c.created, c.cancelled, c.checksum FROM comparisons c "
            "JOIN sessions s ON s.id = c.session WHERE s.name = ? ORDER BY c.id",
            session,
        )

    def size(self) -> int:
        """Return how many trials there are; sessions may share them."""
        return int(self._connection.read("SELECT count(*) FROM trials")[0][0])

    def trained_since(self, moment: float) -> int:
        """Return how many trials ended by themselves since a moment, in Unix time."""
        return int(
            self._connection.read(
                "SELECT count(*) FROM trials WHERE finished > ? AND status IN ('done', 'diverged')", moment
            )[0][0]
        )

    def trials(self, comparisons: Sequence[int], after: int = 0) -> list[TrialRow]:
        """Return the trials of these comparisons that changed after a tick, in the order asked for."""
        return self._connection.rows(
            trial_row,
            f"SELECT {TRIAL_COLUMNS} FROM trials t JOIN (SELECT trial, min(comparison << 32 | position) AS place "
            f"FROM comparison_trials WHERE comparison IN ({LISTED}) GROUP BY trial) ON trial = t.id "
            "WHERE t.changed > ? ORDER BY place",
            listed(comparisons),
            after,
        )

    def chunks(self, comparisons: Sequence[int], after: int = 0) -> tuple[list[Chunk], int]:
        """Return what was added to these comparisons' curves after a mark, and the new mark."""
        rows = self._rows_of_curves(comparisons, after)
        return [self._connection.sound(chunk_row, row) for row in rows], rows[-1]["id"] if rows else after

    def sound_chunks(self, comparisons: Sequence[int]) -> list[Chunk]:
        """Return all of these comparisons' curves but those with a damaged part, for what can do without.

        There are none where SQLite itself cannot read them.
        """
        chunks, damaged = [], set()
        try:
            rows = self._rows_of_curves(comparisons, after=0)
        except StoreError:
            return []
        for row in rows:
            try:
                chunks.append(self._connection.sound(chunk_row, row))
            except StoreError:
                damaged.add(row["trial"])
        return [chunk for chunk in chunks if chunk.trial not in damaged]

    def _rows_of_curves(self, comparisons: Sequence[int], after: int) -> list[Any]:
        return self._connection.read(
            "SELECT id, trial, start, epochs, data, checksum FROM curves WHERE id > ? AND trial IN "
            f"(SELECT trial FROM comparison_trials WHERE comparison IN ({LISTED})) ORDER BY id",
            after,
            listed(comparisons),
        )

    def models(self, trials: Collection[int]) -> dict[int, Kept]:
        """Return what was kept of those of these trials that left something, by the trial's number."""
        query = f"SELECT trial, about, data, checksum FROM models WHERE trial IN ({LISTED})"
        rows = self._connection.rows(model_row, query, listed(trials))
        return {row.trial: row for row in rows}

    def sample(self, key: str) -> Sample | None:
        """Return the rows that models are shown on, by `sample_key`; None where no trial has left any."""
        rows = self._connection.rows(
            sample_row, "SELECT key, about, features, target, checksum FROM samples WHERE key = ?", key
        )
        return rows[0] if rows else None

    def workers(self) -> list[WorkerRow]:
        """Return what each worker last said of itself, dead ones included."""
        version = self._connection.version()
        if self._workers is None or self._workers[0] != version:  # viewers ask every second; the store may rest
            self._workers = version, self._connection.rows(worker_row, "SELECT * FROM workers ORDER BY device")
        return list(self._workers[1])

    def data_version(self) -> int:
        """Return a number that changes when anybody has written. To look at it keeps no store from resting."""
        return self._connection.version()

    def tick(self) -> int:
        """Return the store's clock, raised by every transaction."""
        return self._connection.rows(lambda row: int(row["tick"]), "SELECT max(tick) AS tick FROM clock")[0]

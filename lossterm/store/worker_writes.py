"""What a worker does with the store: takes trials up, adds to their curves, ends them, and speaks of itself."""

import time
from collections.abc import Collection

import msgspec

from lossterm.comparison.comparison import Status
from lossterm.store.connection import Connection
from lossterm.store.records import Anatomy, Checkpoint, Chunk, Model, Sample, TrialRow, TrialScores, WorkerState
from lossterm.store.serialisation import AS_NEW, TRIAL_COLUMNS, about, checkpoint_row, encode, trial_row

_WAITS = (
    "status = 'queued' AND device = ? "
    "AND EXISTS (SELECT 1 FROM comparison_trials WHERE comparison_trials.trial = trials.id)"
)

_STANDS = (
    "SELECT epochs FROM checkpoints WHERE checkpoints.trial = trials.id "
    "AND epochs <= (SELECT sum(epochs) FROM curves WHERE curves.trial = trials.id)"
)
"""Epochs at which a trial goes on: of a checkpoint beyond its curve none, since the curve would have a gap."""

_ROW = f"SELECT {TRIAL_COLUMNS} FROM trials t"

MOST_ATTEMPTS = 2
"""A trial that was trained alone when this many workers died is failed, not tried again."""


class WorkerWrites:
    """Claims trials and writes what happens to them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, device: str, avoid: Collection[str] = ()) -> TrialRow | None:
        """Take up the first queued trial for a device whose program is not to be avoided; None if there is none.

        It begins with the epochs of its checkpoint, if it has one. What was queued for a comparison that never came to
        be, since whoever asked was killed in the middle, is left alone.
        """
        if not self._connection.read(f"SELECT 1 FROM trials WHERE {_WAITS} LIMIT 1", device):
            return None
        marks = ",".join("?" * len(avoid))
        with self._connection.write() as tick:
            first = (
                f"SELECT id FROM trials WHERE {_WAITS} AND (alone OR program NOT IN ({marks})) "
                "ORDER BY alone, id LIMIT 1"
            )
            found = self._connection.rows(trial_row, f"{_ROW} WHERE id = ({first})", device, *avoid)
            if not found or not self._has_room(device, found[0].id):
                return None
            number = found[0].id  # of a row that is as it was written: what follows gives it another checksum
            self._connection.execute(
                f"UPDATE trials SET status = 'running', attempts = attempts + 1, {AS_NEW}, changed = ?, "
                f"epochs = coalesce(({_STANDS}), 0) WHERE id = ?",
                (tick, number),
            )
            self._connection.execute("DELETE FROM models WHERE trial = ?", (number,))
            return self._connection.rows(trial_row, f"{_ROW} WHERE id = ?", number)[0]

    def _has_room(self, device: str, trial: int) -> bool:
        """Whether a trial may be trained beside those that are: none beside one that is tried alone."""
        (beside,) = self._connection.read(
            "SELECT count(*), coalesce(max(alone), 0), (SELECT alone FROM trials WHERE id = ?2) FROM trials "
            "WHERE status = 'running' AND device = ?1",
            device,
            trial,
        )
        running, one_alone, to_be_alone = beside
        return not running or not (one_alone or to_be_alone)

    def queued_epochs(self, device: str) -> dict[str, int]:
        """Return how many epochs wait for a device, by program."""
        rows = self._connection.read(
            f"SELECT program, sum(epochs_asked) AS epochs FROM trials WHERE {_WAITS} GROUP BY program",
            device,
        )
        return {row["program"]: row["epochs"] for row in rows}

    def checkpoint(self, trial: int) -> Checkpoint | None:
        """Return where a trial's training is to go on; None for its beginning, also where what is kept is damaged."""
        rows = self._connection.read("SELECT * FROM checkpoints WHERE trial = ?", trial)
        try:
            return checkpoint_row(dict(rows[0])) if rows else None
        except (msgspec.MsgspecError, ValueError, TypeError):
            return None

    def save(self, trial: int, checkpoint: Checkpoint) -> None:
        """Keep where a running trial stands, of which the curve is recorded up to there or further."""
        with self._connection.write():
            self._connection.execute(
                "INSERT OR REPLACE INTO checkpoints SELECT id, ?1, ?2, ?3, checksum(id, ?1, ?3) FROM trials "
                "WHERE id = ?4 AND status = 'running' AND epochs >= ?1",
                (checkpoint.epochs, checkpoint.seconds, checkpoint.state, trial),
            )
            # What has come so far does not kill its workers: two deaths in a row are counted, not two in a day.
            self._connection.execute("UPDATE trials SET attempts = 1 WHERE id = ? AND status = 'running'", (trial,))

    def record(self, chunk: Chunk) -> bool:
        """Add to a running trial's curve; return whether someone asked to stop it, deleted it, or took it away."""
        with self._connection.write() as tick:
            row = self._connection.execute(
                "SELECT cancel FROM trials WHERE id = ? AND status = 'running'", (chunk.trial,)
            ).fetchone()
            if row is None:
                return True
            self._add_chunk(chunk, tick)
            return bool(row[0])

    def finish(
        self,
        trial: int,
        status: Status,
        *,
        seconds: float | None = None,
        scores: TrialScores | None = None,
        error: str | None = None,
        chunk: Chunk | None = None,
        anatomy: Anatomy | None = None,
        note: str | None = None,
        model: Model | None = None,
        sample: Sample | None = None,
    ) -> None:
        """End a running trial, with the last of its curve, and its model with the rows to show it on.

        One that was stopped and meanwhile asked for again goes back into the queue; of one that was deleted, or is no
        longer running, nothing is written. A sample that is there already stays as it is; a checkpoint stays for one
        that was stopped.
        """
        with self._connection.write() as tick:
            if not self._connection.rows(trial_row, f"{_ROW} WHERE id = ? AND status = 'running'", trial):
                return
            if chunk:
                self._add_chunk(chunk, tick)
            if model:
                self._connection.execute(
                    "INSERT OR REPLACE INTO models VALUES (?1, ?2, ?3, checksum(?1, ?2, ?3))",
                    (model.trial, about(model), model.data),
                )
            if status != "cancelled":
                self._connection.execute("DELETE FROM checkpoints WHERE trial = ?", (trial,))
            if sample:
                self._connection.execute(
                    "INSERT OR IGNORE INTO samples VALUES (?1, ?2, ?3, ?4, checksum(?1, ?2, ?3, ?4))",
                    (sample.key, about(sample), sample.features, sample.target),
                )
            self._connection.execute(
                "UPDATE trials SET status = CASE WHEN ?1 = 'cancelled' AND NOT cancel THEN 'queued' ELSE ?1 END, "
                "seconds = ?2, scores = ?3, error = ?4, finished = ?5, changed = ?6, anatomy = ?8, note = ?9, "
                "checksum = checksum(asked, ?3, ?9, ?8), "
                "environment = (SELECT environment FROM workers WHERE workers.device = trials.device) WHERE id = ?7",
                (status, seconds, encode(scores), error, time.time(), tick, trial, encode(anatomy), note),
            )

    def unanswered(self, device: str) -> frozenset[int]:
        """Return the running trials of a device that someone wants stopped."""
        rows = self._connection.read("SELECT id FROM trials WHERE status = 'running' AND cancel AND device = ?", device)
        return frozenset(row["id"] for row in rows)

    def requeue(self, device: str, *, died: bool, ended_by: str = "") -> None:
        """Put a device's running trials back: after a worker's death, or before one leaves in good order.

        A trial that was alone in MOST_ATTEMPTS workers when they died is failed, with what ended the last of them.
        Of several that ran beside each other nobody knows which it was, or whether only all together took too much
        memory: none is blamed, and each is tried alone, after all others.
        """
        with self._connection.write() as tick:
            running = "status = 'running' AND device = ?"
            together = self._connection.read(f"SELECT count(*) FROM trials WHERE {running}", device)[0][0] > 1
            if died and together:
                self._connection.execute(f"UPDATE trials SET alone = 1 WHERE {running}", (device,))
                died = False
            self._connection.execute(
                "UPDATE trials SET status = 'cancelled', finished = ?, changed = ? "
                "WHERE status = 'running' AND device = ? AND cancel",
                (time.time(), tick, device),
            )
            if died:
                self._connection.execute(
                    "UPDATE trials SET status = 'failed', finished = ?, changed = ?, "
                    "error = 'The worker died ' || attempts || ' times while training this' || ? || "
                    "': see its log, and whether memory ran out.' "
                    "WHERE status = 'running' AND device = ? AND attempts >= ?",
                    (time.time(), tick, f", the last time by {ended_by}" if ended_by else "", device, MOST_ATTEMPTS),
                )
            self._connection.execute(
                "UPDATE trials SET status = 'queued', attempts = attempts - ?, changed = ? "
                "WHERE status = 'running' AND device = ?",
                (0 if died else 1, tick, device),
            )

    def fail_queued(self, device: str, error: str) -> None:
        """End everything that waits for a device that cannot train."""
        with self._connection.write() as tick:
            self._connection.execute(
                "UPDATE trials SET status = 'failed', error = ?, finished = ?, changed = ? "
                "WHERE status IN ('queued', 'running') AND device = ?",
                (error, time.time(), tick, device),
            )

    def report_worker(
        self, device: str, pid: int, state: WorkerState, message: str, environment: dict[str, str] | None = None
    ) -> None:
        """Say what a worker does; its environment stays as last said."""
        with self._connection.write() as tick:
            self._connection.execute(
                "INSERT INTO workers VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET pid = excluded.pid, "
                "state = excluded.state, message = excluded.message, changed = excluded.changed, "
                "environment = coalesce(excluded.environment, environment)",
                (device, pid, state, message, encode(environment), tick),
            )

    def _add_chunk(self, chunk: Chunk, tick: int) -> None:
        # Whatever lies beyond is of an attempt that was interrupted.
        self._connection.execute("DELETE FROM curves WHERE trial = ? AND start >= ?", (chunk.trial, chunk.start))
        self._connection.execute(
            "INSERT INTO curves (trial, start, epochs, data, checksum) "
            "VALUES (?1, ?2, ?3, ?4, checksum(?1, ?2, ?3, ?4))",
            (chunk.trial, chunk.start, chunk.epochs, chunk.data),
        )
        self._connection.execute(
            "UPDATE trials SET epochs = ?, changed = ? WHERE id = ?", (chunk.start + chunk.epochs, tick, chunk.trial)
        )

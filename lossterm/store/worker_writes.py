"""What a worker does with the store: takes trials up, adds to their curves, ends them, and speaks of itself."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from lossterm.comparison.comparison import Status
from lossterm.store.connection import Connection
from lossterm.store.records import (
    OF_WORKER,
    Anatomy,
    Checkpoint,
    Chunk,
    Kept,
    Sample,
    TrialRow,
    TrialScores,
    WorkerState,
)
from lossterm.store.serialisation import AS_NEW, TRIAL_COLUMNS, about, checkpoint_row, encode, trial_row

_WAITS = (
    "status = 'queued' AND device = ? "
    "AND EXISTS (SELECT 1 FROM comparison_trials WHERE comparison_trials.trial = trials.id)"
)

_STANDS = (
    "SELECT epochs FROM checkpoints WHERE checkpoints.trial = trials.id "
    "AND epochs <= (SELECT sum(epochs) FROM curves WHERE curves.trial = trials.id)"
)
"""Epochs at which a trial goes on. A checkpoint beyond its curve is not used: the curve would have a gap."""

_ALONE, _AWAY = "(alone & 1)", "(alone & 2)"
"""What a trial's column `alone` holds: whether it is tried alone, and whether, while it runs, it runs on another
machine, where it can't have been what ended a worker here."""

_ALIKE = (
    f"SELECT id FROM trials WHERE {_WAITS} AND program = ? AND epochs_asked = ? AND NOT {_ALONE} "
    "AND NOT EXISTS (SELECT 1 FROM checkpoints WHERE checkpoints.trial = trials.id) ORDER BY id LIMIT ?"
)
"""Ids of what can be trained together: one that goes on from a checkpoint is at another epoch than the others."""

_OF_PROGRAM = (
    f"SELECT id FROM trials WHERE {_WAITS} AND program = ? AND NOT {_ALONE} "
    "AND NOT EXISTS (SELECT 1 FROM checkpoints WHERE checkpoints.trial = trials.id) ORDER BY epochs_asked, id LIMIT ?"
)
"""Ids of trials of a program that can be trained with others, those of one length together."""

_NOT_INHERITED = ", ".join(f"'$.{key}'" for key in OF_WORKER)

_RAN_ON = (
    "(SELECT json_remove(iif(? IS NULL, environment, json_set(environment, '$.device', ?)), "
    f"{_NOT_INHERITED}) FROM workers WHERE workers.device = trials.device)"
)
"""What a worker says of itself, with the kind of device that a trial ran on where that is given, twice."""

_ROW = f"SELECT {TRIAL_COLUMNS} FROM trials t"

MOST_ATTEMPTS = 2
"""A trial that was trained alone when this many workers died is failed, not tried again."""


class WorkerWrites:
    """Claims trials and writes what happens to them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """Have all that is written within be one transaction: it is there as a whole or not at all."""
        with self._connection.write():
            yield

    def claim(
        self, device: str, avoid: Collection[str] = (), elsewhere: Collection[str] = (), *, away: bool = False
    ) -> TrialRow | None:
        """Take up the first queued trial for a device whose program is not to be avoided; None if there is none.

        Programs to `avoid` are others' unless a trial is to be tried alone; those `elsewhere` are others' in any case.
        One that is trained `away`, on another machine, is not blamed for the death of a worker.

        It begins with the epochs of its checkpoint, if it has one. A trial is left alone if its comparison was never
        added, because the process that asked for it was killed.
        """
        if not self._connection.read(f"SELECT 1 FROM trials WHERE {_WAITS} LIMIT 1", device):
            return None
        marks, others = ",".join("?" * len(avoid)), ",".join("?" * len(elsewhere))
        with self._connection.write() as tick:
            first = (
                f"SELECT id FROM trials WHERE {_WAITS} AND ({_ALONE} OR program NOT IN ({marks})) "
                f"AND program NOT IN ({others}) ORDER BY {_ALONE}, id LIMIT 1"
            )
            waiting = self._connection.rows(trial_row, f"{_ROW} WHERE id = ({first})", device, *avoid, *elsewhere)
            if not waiting or not self._has_room(device, waiting[0].id):
                return None
            number = waiting[0].id  # of a row that is as it was written: what follows gives it another checksum
            self._connection.execute(
                f"UPDATE trials SET status = 'running', attempts = attempts + 1, {AS_NEW}, changed = ?, "
                f"alone = {_ALONE} + ?, epochs = coalesce(({_STANDS}), 0) WHERE id = ?",
                (tick, 2 * away, number),
            )
            self._connection.execute("DELETE FROM models WHERE trial = ?", (number,))
            return self._connection.rows(trial_row, f"{_ROW} WHERE id = ?", number)[0]

    def claim_like(self, first: TrialRow, most: int, *, away: bool = False) -> list[TrialRow]:
        """Take up at most so many more trials that can be trained together with one that was claimed.

        They are of its device, program and length and begin at the beginning. None where one of them is tried alone.
        """
        trial = first.trial
        alike = (trial.device, trial.program, trial.hyperparameters.epochs)
        if first.epochs or not self._connection.read(_ALIKE, *alike, min(most, 1)):
            return []
        with self._connection.write() as tick:
            if self._connection.read(
                f"SELECT 1 FROM trials WHERE status = 'running' AND {_ALONE} AND device = ?", alike[0]
            ):
                return []
            # Rows that are as they were written, as in `claim`: what follows gives them another checksum.
            rows = self._connection.rows(trial_row, f"{_ROW} WHERE id IN ({_ALIKE})", *alike, most)
            waiting = [(row.id,) for row in rows]
            self._connection.execute_many(
                f"UPDATE trials SET status = 'running', attempts = attempts + 1, {AS_NEW}, changed = {tick:d}, "
                f"alone = {2 * away:d}, epochs = 0 WHERE id = ?",
                waiting,
            )
            self._connection.execute_many("DELETE FROM models WHERE trial = ?", waiting)
            marks = ",".join("?" * len(rows))
            return self._connection.rows(
                trial_row, f"{_ROW} WHERE id IN ({marks}) ORDER BY id", *(row.id for row in rows)
            )

    def claim_stacks(
        self, device: str, program: str, sizes: Sequence[int], *, away: bool = False
    ) -> list[list[TrialRow]]:
        """Take up trials of a program for several lanes at once: at most so many for each, all of one length.

        Those that are tried alone, or go on from a checkpoint, are left for `claim`. No stack is empty; there are fewer
        than asked for where fewer wait.
        """
        with self._connection.write() as tick:
            if self._connection.read(
                f"SELECT 1 FROM trials WHERE status = 'running' AND {_ALONE} AND device = ?", device
            ):
                return []
            rows = self._connection.rows(trial_row, f"{_ROW} WHERE id IN ({_OF_PROGRAM})", device, program, sum(sizes))
            by_length: dict[int, list[TrialRow]] = {}
            for row in sorted(rows, key=lambda row: row.id):
                by_length.setdefault(row.trial.hyperparameters.epochs, []).append(row)
            stacks, left = list[list[TrialRow]](), list(sizes)
            for alike in by_length.values():
                while alike and left:
                    size = left.pop(0)
                    stacks.append(alike[:size])
                    del alike[:size]
            taken = [(row.id,) for stack in stacks for row in stack]
            self._connection.execute_many(
                f"UPDATE trials SET status = 'running', attempts = attempts + 1, {AS_NEW}, changed = {tick:d}, "
                f"alone = {2 * away:d}, epochs = 0 WHERE id = ?",
                taken,
            )
            self._connection.execute_many("DELETE FROM models WHERE trial = ?", taken)
        return [[msgspec.structs.replace(row, status="running", epochs=0) for row in stack] for stack in stacks]

    def _has_room(self, device: str, trial: int) -> bool:
        """Whether a trial may start beside the running ones; a trial that is tried alone runs beside no other."""
        (row,) = self._connection.read(
            f"SELECT count(*), coalesce(max({_ALONE}), 0), (SELECT {_ALONE} FROM trials WHERE id = ?2) FROM trials "
            "WHERE status = 'running' AND device = ?1",
            device,
            trial,
        )
        running, one_alone, to_be_alone = row
        return not running or not (one_alone or to_be_alone)

    def queued_epochs(self, device: str) -> dict[str, int]:
        """Return how many epochs wait for a device, by program, that of the longest waiting trial first."""
        rows = self._connection.read(
            f"SELECT program, sum(epochs_asked) AS epochs FROM trials WHERE {_WAITS} GROUP BY program ORDER BY min(id)",
            device,
        )
        return {row["program"]: row["epochs"] for row in rows}

    def checkpoint(self, trial: int) -> Checkpoint | None:
        """Return where a trial's training goes on; None for its beginning, also if the checkpoint is damaged."""
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
        device: str | None = None,
        model: Kept | None = None,
        sample: Sample | None = None,
    ) -> None:
        """End a running trial, with the last of its curve, and what is kept of its network with the rows to show it on.

        One that was stopped and meanwhile asked for again goes back into the queue; of one that was deleted, or is no
        longer running, nothing is written. A sample that is there already stays as it is; a checkpoint stays for one
        that was stopped. `device` is the kind that it ran on, where a worker has several.
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
                f"environment = {_RAN_ON.replace('?', '?10')} WHERE id = ?7",
                (status, seconds, encode(scores), error, time.time(), tick, trial, encode(anatomy), note, device),
            )

    def unanswered(self, device: str) -> frozenset[int]:
        """Return the running trials of a device that someone wants stopped."""
        rows = self._connection.read("SELECT id FROM trials WHERE status = 'running' AND cancel AND device = ?", device)
        return frozenset(row["id"] for row in rows)

    def requeue(
        self,
        device: str,
        *,
        died: bool,
        ended_by: str = "",
        trials: Collection[int] | None = None,
        ran_on: str | None = None,
    ) -> None:
        """Put a device's running trials back: after a worker's death, or before one leaves in good order.

        Given `trials`, only these: those of a lane whose process ended, with the device's others trained on. `ran_on`
        is the kind of device of that lane, for those that are failed.

        A trial that was alone in MOST_ATTEMPTS workers when they died is failed, with what ended the last of them.
        Of several that ran beside each other nobody knows which it was, or whether only all together took too much
        memory: none is blamed, and each is tried alone, after all others. Nor is any that ran away from this machine
        when a worker died, unless it is among `trials`.
        """
        running = "status = 'running' AND device = ?"
        if trials is not None:
            running += f" AND id IN ({','.join(str(int(trial)) for trial in trials)})"
        with self._connection.write() as tick:
            if died and trials is None:
                self._put_back(f"{running} AND {_AWAY}", device, tick)
            together = self._connection.read(f"SELECT count(*) FROM trials WHERE {running}", device)[0][0] > 1
            if died and together:
                self._connection.execute(f"UPDATE trials SET alone = 1 WHERE {running}", (device,))
                died = False
            self._end_cancelled(running, device, tick)
            if died:
                self._connection.execute(
                    "UPDATE trials SET status = 'failed', finished = ?, changed = ?, "
                    "error = 'The worker died ' || attempts || ' times while training this' || ? || "
                    f"': see its log, and whether memory ran out.', environment = iif(? IS NULL, NULL, {_RAN_ON}) "
                    f"WHERE {running} AND attempts >= ?",
                    (
                        *(time.time(), tick, f", the last time by {ended_by}" if ended_by else ""),
                        *(ran_on, ran_on, ran_on, device, MOST_ATTEMPTS),
                    ),
                )
            self._put_back(running, device, tick, counted=died)

    def _end_cancelled(self, which: str, device: str, tick: int) -> None:
        self._connection.execute(
            f"UPDATE trials SET status = 'cancelled', finished = ?, changed = ? WHERE {which} AND cancel",
            (time.time(), tick, device),
        )

    def _put_back(self, which: str, device: str, tick: int, *, counted: bool = False) -> None:
        """Put running trials back into the queue, those that someone stopped left out."""
        self._end_cancelled(which, device, tick)
        self._connection.execute(
            f"UPDATE trials SET status = 'queued', attempts = attempts - ?, changed = ? WHERE {which}",
            (0 if counted else 1, tick, device),
        )

    def try_alone(self, trials: Collection[int]) -> None:
        """Have trials tried one by one, after all others: one of them takes too much, and nobody knows which."""
        with self._connection.write():
            self._connection.execute_many(
                "UPDATE trials SET alone = 1 WHERE status = 'running' AND id = ?", [(trial,) for trial in trials]
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

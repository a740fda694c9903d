"""Everything that is ever asked of the store, in short transactions."""

import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from lossterm.comparison import Comparison, Status
from lossterm.errors import UnknownName
from lossterm.store import schema
from lossterm.store.rows import (
    AS_NEW,
    TRIAL_COLUMNS,
    Anatomy,
    Asked,
    Chunk,
    Scores,
    SessionRow,
    TrialRow,
    WorkerRow,
    WorkerState,
    asked_row,
    encode,
    session_name,
    trial_row,
)

_ENDS = "('done', 'diverged', 'failed', 'cancelled')"
_AGAIN = "status IN ('failed', 'cancelled')"
_OPEN = "status IN ('queued', 'running')"
_WAITING = (
    "SELECT DISTINCT c.id FROM comparisons c JOIN sessions s ON s.id = c.session "
    "JOIN comparison_trials ON comparison = c.id JOIN trials t ON t.id = trial "
    f"WHERE s.name = ? AND c.cancelled IS NULL AND t.{_OPEN} AND c.changed >= t.queued"
)

MOST_ATTEMPTS = 2
"""A trial that was being trained when this many workers died is failed, not tried again."""


class Store:
    """One connection to the file that holds sessions. Threads may share it: each operation waits for the one before.

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

    # What a person asks

    def ask(self, session: str, comparison: Comparison) -> Asked:
        """Add a comparison to a session (made if it isn't there) and queue the trials that are not yet done.

        A trial that is in the store is shared, not trained again; one that failed or was cancelled is queued anew.
        """
        name, now = session_name(session), time.time()
        with self._write() as tick:
            self._connection.execute("INSERT OR IGNORE INTO sessions (name, created) VALUES (?, ?)", (name, now))
            number = self._connection.execute(
                "INSERT INTO comparisons (session, asked, created, changed) "
                "SELECT id, ?, ?, ? FROM sessions WHERE name = ? RETURNING id",
                (encode(comparison), now, tick, name),
            ).fetchone()[0]
            for position, trial in enumerate(comparison.trials()):
                found = self._connection.execute(
                    "INSERT INTO trials (key, asked, device, program, epochs_asked, status, queued, changed) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, 'queued', ?6, ?6) "
                    "ON CONFLICT (key) DO UPDATE SET changed = excluded.changed, cancel = 0, "
                    f"attempts = CASE WHEN {_AGAIN} THEN 0 ELSE attempts END, "
                    f"error = CASE WHEN {_AGAIN} THEN NULL ELSE error END, "
                    f"queued = CASE WHEN {_AGAIN} THEN excluded.queued ELSE queued END, "
                    f"status = CASE WHEN {_AGAIN} THEN 'queued' ELSE status END "
                    "RETURNING id",
                    (trial.key, encode(trial), trial.device, trial.program, trial.hyperparameters.epochs, tick),
                ).fetchone()
                self._connection.execute("INSERT INTO comparison_trials VALUES (?, ?, ?)", (number, position, found[0]))
        return Asked(id=number, session=name, comparison=comparison, created=now, cancelled=None)

    def cancel(self, comparisons: Sequence[int]) -> int:
        """Stop what only these comparisons wait for: queued trials at once, running ones as soon as the worker looks.

        Returns the number of their trials that go on, since another comparison waits for them too.
        """
        with self._write() as tick:
            return self._cancel(comparisons, tick)

    def stop(self, session: str) -> int:
        """Cancel every comparison of a session that still waits for a trial; see `cancel`."""
        with self._write() as tick:
            return self._cancel([row["id"] for row in self._read(_WAITING, session)], tick)

    def waiting(self, session: str) -> bool:
        """Whether any comparison of a session still waits for a trial."""
        return bool(self._read(_WAITING, session))

    def _cancel(self, comparisons: Sequence[int], tick: int) -> int:
        wanted, now = ",".join(map(str, comparisons)), time.time()
        self._connection.execute(
            f"UPDATE comparisons SET cancelled = ?, changed = ? WHERE id IN ({wanted}) AND cancelled IS NULL",
            (now, tick),
        )
        theirs = f"{_OPEN} AND id IN (SELECT trial FROM comparison_trials WHERE comparison IN ({wanted}))"
        elsewhere = (
            "EXISTS (SELECT 1 FROM comparison_trials JOIN comparisons c ON c.id = comparison "
            "WHERE trial = trials.id AND c.cancelled IS NULL AND c.changed >= trials.queued)"
        )
        self._connection.execute(
            "UPDATE trials SET changed = ?1, cancel = 1, finished = CASE status WHEN 'queued' THEN ?2 END, "
            "status = CASE status WHEN 'queued' THEN 'cancelled' ELSE status END "
            f"WHERE {theirs} AND NOT {elsewhere}",
            (tick, now),
        )
        return int(self._read(f"SELECT count(*) FROM trials WHERE {theirs} AND {elsewhere}")[0][0])

    # What viewers read

    def sessions(self) -> list[SessionRow]:
        """Return every session, newest first."""
        rows = self._read(
            "SELECT s.name, s.created, count(DISTINCT c.id) AS comparisons, count(DISTINCT ct.trial) AS trials, "
            f"count(DISTINCT CASE WHEN t.status IN {_ENDS} THEN t.id END) AS ended, "
            "group_concat(DISTINCT json_extract(c.asked, '$.task')) AS tasks "
            "FROM sessions s LEFT JOIN comparisons c ON c.session = s.id "
            "LEFT JOIN comparison_trials ct ON ct.comparison = c.id LEFT JOIN trials t ON t.id = ct.trial "
            "GROUP BY s.id ORDER BY s.created DESC, s.id DESC"
        )
        return [SessionRow(**{**row, "tasks": tuple((row["tasks"] or "").split(","))}) for row in map(dict, rows)]

    def require_session(self, name: str) -> None:
        """Raise UnknownName, with near misses, for a session that isn't there."""
        names = [row["name"] for row in self._read("SELECT name FROM sessions ORDER BY id DESC")]
        if name not in names:
            raise UnknownName("session", name, names)

    def comparisons(self, session: str) -> list[Asked]:
        """Return a session's comparisons, oldest first; none for a session that isn't there."""
        rows = self._read(
            "SELECT c.id, s.name, c.asked, c.created, c.cancelled FROM comparisons c "
            "JOIN sessions s ON s.id = c.session WHERE s.name = ? ORDER BY c.id",
            session,
        )
        return [asked_row(row) for row in rows]

    def trials(self, comparisons: Sequence[int], after: int = 0) -> list[TrialRow]:
        """Return the trials of these comparisons that changed after a tick, in the order asked for."""
        wanted = ",".join(map(str, comparisons))
        rows = self._read(
            f"SELECT {TRIAL_COLUMNS} FROM trials t JOIN (SELECT trial, min(comparison << 32 | position) AS place "
            f"FROM comparison_trials WHERE comparison IN ({wanted}) GROUP BY trial) ON trial = t.id "
            "WHERE t.changed > ? ORDER BY place",
            after,
        )
        return [trial_row(row) for row in rows]

    def chunks(self, comparisons: Sequence[int], after: int = 0) -> tuple[list[Chunk], int]:
        """Return what was added to these comparisons' curves after a mark, and the new mark."""
        wanted = ",".join(map(str, comparisons))
        rows = self._read(
            "SELECT id, trial, start, epochs, data FROM curves WHERE id > ? AND trial IN "
            f"(SELECT trial FROM comparison_trials WHERE comparison IN ({wanted})) ORDER BY id",
            after,
        )
        chunks = [Chunk(trial=r["trial"], start=r["start"], epochs=r["epochs"], data=r["data"]) for r in rows]
        return chunks, rows[-1]["id"] if rows else after

    def workers(self) -> list[WorkerRow]:
        """Return what each worker last said of itself, dead ones included."""
        return [
            WorkerRow(
                device=row["device"],
                pid=row["pid"],
                state=row["state"],
                message=row["message"],
                environment=msgspec.json.decode(row["environment"]) if row["environment"] else None,
            )
            for row in self._read("SELECT * FROM workers ORDER BY device")
        ]

    def data_version(self) -> int:
        """Return a number that changes when another connection has written."""
        return int(self._read("PRAGMA data_version")[0][0])

    def tick(self) -> int:
        """Return the store's clock, raised by every transaction."""
        return int(self._read("SELECT tick FROM clock")[0][0])

    # What a worker does

    def claim(self, device: str, avoid: Collection[str] = ()) -> TrialRow | None:
        """Take up the first queued trial for a device whose program is not to be avoided; None if there is none."""
        if not self._read("SELECT 1 FROM trials WHERE status = 'queued' AND device = ? LIMIT 1", device):
            return None
        marks = ",".join("?" * len(avoid))
        with self._write() as tick:
            row = self._connection.execute(
                f"UPDATE trials SET status = 'running', attempts = attempts + 1, epochs = 0, {AS_NEW}, changed = ? "
                "WHERE id = (SELECT id FROM trials "
                f"WHERE status = 'queued' AND device = ? AND program NOT IN ({marks}) ORDER BY id LIMIT 1) "
                "RETURNING id",
                (tick, device, *avoid),
            ).fetchone()
            if row is None:
                return None
            return trial_row(
                self._connection.execute(f"SELECT {TRIAL_COLUMNS} FROM trials t WHERE id = ?", (row[0],)).fetchone()
            )

    def queued_epochs(self, device: str) -> dict[str, int]:
        """Return how many epochs wait for a device, by program."""
        rows = self._read(
            "SELECT program, sum(epochs_asked) AS epochs FROM trials "
            "WHERE status = 'queued' AND device = ? GROUP BY program",
            device,
        )
        return {row["program"]: row["epochs"] for row in rows}

    def record(self, chunk: Chunk) -> bool:
        """Add to a running trial's curve; return whether someone asked to stop it."""
        with self._write() as tick:
            self._add_chunk(chunk, tick)
            row = self._connection.execute("SELECT cancel FROM trials WHERE id = ?", (chunk.trial,)).fetchone()
            return bool(row[0])

    def finish(
        self,
        trial: int,
        status: Status,
        *,
        seconds: float | None = None,
        scores: Scores | None = None,
        error: str | None = None,
        chunk: Chunk | None = None,
        anatomy: Anatomy | None = None,
        note: str | None = None,
    ) -> None:
        """End a running trial, with the last of its curve.

        One that was stopped and meanwhile asked for again goes back into the queue.
        """
        with self._write() as tick:
            if chunk:
                self._add_chunk(chunk, tick)
            self._connection.execute(
                "UPDATE trials SET status = CASE WHEN ?1 = 'cancelled' AND NOT cancel THEN 'queued' ELSE ?1 END, "
                "seconds = ?2, scores = ?3, error = ?4, finished = ?5, changed = ?6, anatomy = ?8, note = ?9, "
                "environment = (SELECT environment FROM workers WHERE workers.device = trials.device) WHERE id = ?7",
                (status, seconds, encode(scores), error, time.time(), tick, trial, encode(anatomy), note),
            )

    def requeue(self, device: str, *, died: bool) -> None:
        """Put a device's running trials back: after a worker's death, or before one leaves in good order.

        A trial that was running when MOST_ATTEMPTS workers died is failed, with the reason.
        """
        with self._write() as tick:
            self._connection.execute(
                "UPDATE trials SET status = 'cancelled', finished = ?, changed = ? "
                "WHERE status = 'running' AND device = ? AND cancel",
                (time.time(), tick, device),
            )
            if died:
                self._connection.execute(
                    "UPDATE trials SET status = 'failed', finished = ?, changed = ?, "
                    "error = 'The worker died ' || attempts || ' times while training this; see its log.' "
                    "WHERE status = 'running' AND device = ? AND attempts >= ?",
                    (time.time(), tick, device, MOST_ATTEMPTS),
                )
            self._connection.execute(
                "UPDATE trials SET status = 'queued', attempts = attempts - ?, changed = ? "
                "WHERE status = 'running' AND device = ?",
                (0 if died else 1, tick, device),
            )

    def fail_queued(self, device: str, error: str) -> None:
        """End everything that waits for a device that cannot train."""
        with self._write() as tick:
            self._connection.execute(
                "UPDATE trials SET status = 'failed', error = ?, finished = ?, changed = ? "
                "WHERE status IN ('queued', 'running') AND device = ?",
                (error, time.time(), tick, device),
            )

    def report_worker(
        self, device: str, pid: int, state: WorkerState, message: str, environment: dict[str, str] | None = None
    ) -> None:
        """Say what a worker does; its environment stays as last said."""
        with self._write() as tick:
            self._connection.execute(
                "INSERT INTO workers VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET pid = excluded.pid, "
                "state = excluded.state, message = excluded.message, changed = excluded.changed, "
                "environment = coalesce(excluded.environment, environment)",
                (device, pid, state, message, encode(environment), tick),
            )

    # How

    def _add_chunk(self, chunk: Chunk, tick: int) -> None:
        if chunk.start == 0:
            self._connection.execute("DELETE FROM curves WHERE trial = ?", (chunk.trial,))
        self._connection.execute(
            "INSERT INTO curves (trial, start, epochs, data) VALUES (?, ?, ?, ?)",
            (chunk.trial, chunk.start, chunk.epochs, chunk.data),
        )
        self._connection.execute(
            "UPDATE trials SET epochs = ?, changed = ? WHERE id = ?", (chunk.start + chunk.epochs, tick, chunk.trial)
        )

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

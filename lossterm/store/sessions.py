"""Sessions of the store as wholes: listed, stopped, renamed, deleted."""

from typing import Any

import msgspec

from lossterm.errors import StoreError, UnknownName, UsageError
from lossterm.store.connection import Connection
from lossterm.store.records import AskedComparison, RequestRow, SessionRow, session_name
from lossterm.store.requests import AGAIN, OPEN, Requests
from lossterm.store.serialisation import asked_row

_ENDS = "('done', 'diverged', 'failed', 'cancelled')"
_WAITING = (
    "SELECT DISTINCT c.id FROM comparisons c JOIN sessions s ON s.id = c.session "
    "JOIN comparison_trials ON comparison = c.id JOIN trials t ON t.id = trial "
    f"WHERE s.name = ? AND c.cancelled IS NULL AND t.{OPEN} AND c.changed >= t.queued"
)


class Sessions:
    """Looks at sessions and does what concerns one as a whole."""

    def __init__(self, connection: Connection, requests: Requests) -> None:
        self._connection, self._requests = connection, requests

    def every(self) -> list[SessionRow]:
        """Return every session, newest first."""
        rows = self._connection.read(
            # Each comparison's JSON is looked into once, and each trial's row, long as it is, not at all.
            "WITH asked AS (SELECT session, count(*) AS comparisons, max(created) AS last, "
            "group_concat(DISTINCT iif(json_valid(asked), json_extract(asked, '$.task'), NULL)) AS tasks "
            "FROM comparisons GROUP BY session), "
            "held AS (SELECT DISTINCT session, trial FROM comparisons JOIN comparison_trials ON comparison = id), "
            f"counted AS (SELECT session, count(*) AS trials, sum(status IN {_ENDS}) AS ended, "
            "sum(status = 'cancelled') AS stopped FROM held JOIN trials INDEXED BY trials_by_number "
            "ON trials.id = trial GROUP BY session) "
            "SELECT name, created, coalesce(comparisons, 0) AS comparisons, coalesce(trials, 0) AS trials, "
            "coalesce(ended, 0) AS ended, coalesce(stopped, 0) AS stopped, coalesce(tasks, '') AS tasks, "
            "coalesce(last, created) AS last "
            "FROM sessions s LEFT JOIN asked ON asked.session = s.id LEFT JOIN counted ON counted.session = s.id "
            "ORDER BY created DESC, s.id DESC"
        )

        def session_row(row: Any) -> SessionRow:
            return msgspec.convert({**row, "tasks": tuple(filter(None, row["tasks"].split(",")))}, SessionRow)

        return [self._connection.sound(session_row, row) for row in rows]

    def requests(self) -> list[RequestRow]:
        """Return every request of every session, oldest first; of one whose row is damaged, that it is there."""
        ends = ("done", "diverged", "failed", "cancelled")
        counts = ", ".join(f"sum(status = '{end}') AS {end}" for end in ends)
        rows = self._connection.read(
            f"WITH counted AS (SELECT comparison, count(*) AS trials, {counts} FROM comparison_trials "
            "JOIN trials INDEXED BY trials_by_number ON trials.id = trial GROUP BY comparison) "
            # As bytes, since damaged text would keep the other rows from being read.
            "SELECT c.id, s.name, CAST(c.asked AS BLOB) AS asked, c.created, c.cancelled AS ended, c.checksum, "
            "c.changed, counted.* FROM comparisons c JOIN sessions s ON s.id = c.session "
            "LEFT JOIN counted ON comparison = c.id ORDER BY c.id"
        )

        def request_row(row: Any) -> RequestRow:
            state = tuple(row[name] or 0 for name in ("changed", "trials", *ends))
            whole = {"id": row["id"], "session": row["name"], "asked": self._asked(row), "state": state}
            return msgspec.convert(whole, RequestRow)

        return [self._connection.sound(request_row, row) for row in rows]

    def _asked(self, row: Any) -> AskedComparison | None:
        try:
            return self._connection.sound(asked_row, {**row, "cancelled": row["ended"]})
        except StoreError:
            return None

    def require(self, name: str) -> None:
        """Raise UnknownName, with near misses, for a session that isn't there."""
        rows = self._connection.read("SELECT name FROM sessions ORDER BY id DESC")
        names = [row["name"] for row in rows if isinstance(row["name"], str)]  # a damaged store may hold anything
        if name not in names:
            raise UnknownName("session", name, names)

    def stop(self, session: str) -> int:
        """Cancel every comparison of a session that still waits for a trial; see `cancel`."""
        with self._connection.write() as tick:
            return self._requests.cancel_within([row["id"] for row in self._connection.read(_WAITING, session)], tick)

    def resume(self, session: str) -> list[AskedComparison]:
        """Queue anew what was stopped or failed in a session, and return its comparisons that wait for a trial.

        A long training goes on from where it was stopped.
        """
        with self._connection.write() as tick:
            stopped = f"({AGAIN} OR status = 'running' AND cancel)"
            again = f"trials WHERE {stopped} AND id IN (SELECT trial FROM comparison_trials WHERE comparison = c.id)"
            held = "FROM sessions s WHERE s.id = session AND s.name = ?2"
            self._connection.execute(
                "UPDATE comparisons AS c SET cancelled = NULL, changed = ?1 "
                f"WHERE EXISTS (SELECT 1 {held}) AND EXISTS (SELECT 1 FROM {again})",
                (tick, session),
            )
            self._requests.train_again(
                "SELECT trial FROM comparison_trials JOIN comparisons c ON c.id = comparison "
                "JOIN sessions s ON s.id = session WHERE s.name = ?2",
                session,
                tick,
            )
            return self._connection.rows(
                asked_row,
                "SELECT c.id, s.name, c.asked, c.created, c.cancelled, c.checksum FROM comparisons c "
                f"JOIN sessions s ON s.id = c.session WHERE c.id IN ({_WAITING}) ORDER BY c.id",
                session,
            )

    def waiting(self, session: str) -> bool:
        """Whether any comparison of a session still waits for a trial."""
        return bool(self._connection.read(_WAITING, session))

    def rename(self, old: str, new: str) -> None:
        """Give a session another name.

        Raises UnknownName for a session that isn't there, and UsageError for a name that no list could show or that
        another session has.
        """
        name = session_name(new)
        with self._connection.write():
            self.require(old)
            if name != old and self._connection.read("SELECT 1 FROM sessions WHERE name = ?", name):
                raise UsageError(f"There is a session {name!r} already: choose another name.")
            self._connection.execute("UPDATE sessions SET name = ? WHERE name = ?", (name, old))

    def delete(self, name: str) -> None:
        """Delete a session, its comparisons, and the trials that no other comparison holds, with curves and models.

        What only it waits for is stopped first, as by `cancel`. A trial that is running keeps its row until a session
        is deleted after its end, so that a worker never writes to the number of another. Raises UnknownName.
        """
        with self._connection.write() as tick:
            self.require(name)
            self._requests.cancel_within([row["id"] for row in self._connection.read(_WAITING, name)], tick)
            self._connection.execute(
                "UPDATE clock SET given = max(given, (SELECT coalesce(max(id), 0) FROM comparisons), "
                "(SELECT coalesce(max(id), 0) FROM trials))"
            )
            self._connection.execute("DELETE FROM sessions WHERE name = ?", (name,))
            self._connection.execute(
                "DELETE FROM trials WHERE status != 'running' "
                "AND NOT EXISTS (SELECT 1 FROM comparison_trials WHERE trial = trials.id)"
            )

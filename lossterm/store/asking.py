"""What a person asks of the store: comparisons, and to stop them."""

import time
from collections.abc import Sequence

from lossterm.comparison import Comparison
from lossterm.store.connection import Connection
from lossterm.store.rows import Asked, encode, session_name

OPEN = "status IN ('queued', 'running')"
"""What a trial is that still waits for its end."""

_AGAIN = "status IN ('failed', 'cancelled')"
_NEXT = "(SELECT 1 + max(given, coalesce((SELECT max(id) FROM {}), 0)) FROM clock)"


class Asking(Connection):
    """Adds comparisons and cancels them."""

    def ask(self, session: str, comparison: Comparison) -> Asked:
        """Add a comparison to a session (made if it isn't there) and queue the trials that are not yet done.

        A trial that is in the store is shared, not trained again; one that failed or was cancelled is queued anew.
        """
        name, now = session_name(session), time.time()
        with self._write() as tick:
            self._connection.execute("INSERT OR IGNORE INTO sessions (name, created) VALUES (?, ?)", (name, now))
            number = self._connection.execute(
                "INSERT INTO comparisons (id, session, asked, created, changed) "
                f"SELECT {_NEXT.format('comparisons')}, id, ?, ?, ? FROM sessions WHERE name = ? RETURNING id",
                (encode(comparison), now, tick, name),
            ).fetchone()[0]
            for position, trial in enumerate(comparison.trials()):
                found = self._connection.execute(
                    "INSERT INTO trials (id, key, asked, device, program, epochs_asked, status, queued, changed) "
                    f"VALUES ({_NEXT.format('trials')}, ?1, ?2, ?3, ?4, ?5, 'queued', ?6, ?6) "
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

    def _cancel(self, comparisons: Sequence[int], tick: int) -> int:
        wanted, now = ",".join(map(str, comparisons)), time.time()
        self._connection.execute(
            f"UPDATE comparisons SET cancelled = ?, changed = ? WHERE id IN ({wanted}) AND cancelled IS NULL",
            (now, tick),
        )
        theirs = f"{OPEN} AND id IN (SELECT trial FROM comparison_trials WHERE comparison IN ({wanted}))"
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

"""What a person asks of the store: comparisons, and to stop them."""

import time
from collections.abc import Sequence

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.store.connection import Connection
from lossterm.store.records import AskedComparison, session_name
from lossterm.store.serialisation import LISTED, encode, listed

OPEN = "status IN ('queued', 'running')"
"""Condition of a trial that has not ended."""

AGAIN = "status IN ('failed', 'cancelled')"
"""Condition of a trial that ended and is trained anew when it is asked for again."""

STOPPED = "status = 'cancelled'"
"""Condition of a trial that a person stopped."""

_NEXT = "(SELECT 1 + max(given, coalesce((SELECT max(id) FROM {}), 0)) FROM clock)"

_AT_ONCE = 20_000
"""Trials that are queued in one transaction at most: a worker waits about a second for that."""


class Requests:
    """Adds comparisons and cancels them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, session: str, comparison: Comparison, *, failed: bool = True) -> AskedComparison:
        """Add a comparison to a session (made if it isn't there) and queue the trials that are not yet done.

        A trial that is in the store is shared, not trained again; one that was cancelled is queued anew, and one that
        failed unless `failed` is false: what follows from results tries no failure once more. Of very many, the first
        are queued before the comparison is there, so that no worker waits long for its store.
        """
        name, now = session_name(session), time.time()
        trials = [_values(trial) for trial in comparison.trials()]  # what takes long is done before the store is locked
        numbers: list[int] = []
        try:
            return self._asked(name, now, comparison, trials, numbers, failed=failed)
        except BaseException:
            if numbers:  # interrupted between two batches: what was queued for nobody is taken back
                self._drop_unheld()
            raise

    def _asked(
        self,
        name: str,
        now: float,
        comparison: Comparison,
        trials: Sequence[tuple[str | int | None, ...]],
        numbers: list[int],
        *,
        failed: bool,
    ) -> AskedComparison:
        while len(trials) - len(numbers) > _AT_ONCE:
            with self._connection.write() as tick:
                numbers += self._queue(trials[len(numbers) :][:_AT_ONCE], tick)
        with self._connection.write() as tick:
            self._connection.execute("INSERT OR IGNORE INTO sessions (name, created) VALUES (?, ?)", (name, now))
            number = self._connection.execute(
                "INSERT INTO comparisons (id, session, asked, created, changed, checksum) "
                f"SELECT {_NEXT.format('comparisons')}, id, ?1, ?2, ?3, checksum(?1) FROM sessions WHERE name = ?4 "
                "RETURNING id",
                (encode(comparison), now, tick, name),
            ).fetchone()[0]
            if self._connection.read(f"SELECT count(*) FROM trials WHERE id IN ({LISTED})", listed(numbers))[0][
                0
            ] < len(numbers):
                numbers.clear()  # somebody deleted what no comparison held
            numbers += self._queue(trials[len(numbers) :], tick)
            self._connection.execute(
                "INSERT INTO comparison_trials SELECT ?, key, value FROM json_each(?)", (number, encode(numbers))
            )
            held = "SELECT trial FROM comparison_trials WHERE comparison = ?2"
            self.train_again(held, number, tick, which=AGAIN if failed else STOPPED)
        return AskedComparison(id=number, session=name, comparison=comparison, created=now, cancelled=None)

    def _drop_unheld(self) -> None:
        """Delete what is queued for no comparison."""
        with self._connection.write():
            self._connection.execute(
                "DELETE FROM trials WHERE status = 'queued' "
                "AND NOT EXISTS (SELECT 1 FROM comparison_trials WHERE comparison_trials.trial = trials.id)"
            )

    def _queue(self, trials: Sequence[tuple[str | int | None, ...]], tick: int) -> list[int]:
        """Queue trials that are not there yet, and return the numbers of all."""
        self._connection.execute_many(
            "INSERT INTO trials (id, key, asked, device, program, epochs_asked, status, queued, changed, checksum) "
            f"SELECT {_NEXT.format('trials')}, ?1, ?2, ?3, ?4, ?5, 'queued', ?6, ?6, checksum(?2, NULL, NULL, NULL) "
            "WHERE NOT EXISTS (SELECT 1 FROM trials WHERE key = ?1)",
            ((*values, tick) for values in trials),
        )
        keys = encode([values[0] for values in trials])
        return [
            row[0]
            for row in self._connection.read("SELECT (SELECT id FROM trials WHERE key = value) FROM json_each(?)", keys)
        ]

    def train_again(self, trials: str, value: int | str, tick: int, *, which: str = AGAIN) -> None:
        """Queue anew those of some trials that were stopped or failed; `trials` is a query, of which ?2 is a value."""
        self._connection.execute(
            "UPDATE trials SET status = 'queued', attempts = 0, alone = 0, error = NULL, cancel = 0, queued = ?1, "
            "changed = ?1 "
            f"WHERE {which} AND id IN ({trials})",
            (tick, value),
        )
        self._connection.execute(
            f"UPDATE trials SET cancel = 0, changed = ?1 WHERE status = 'running' AND cancel AND id IN ({trials})",
            (tick, value),
        )

    def cancel(self, comparisons: Sequence[int]) -> int:
        """Stop what only these comparisons wait for: queued trials at once, running ones as soon as the worker looks.

        Returns the number of their trials that go on, since another comparison waits for them too.
        """
        with self._connection.write() as tick:
            return self.cancel_within(comparisons, tick)

    def cancel_within(self, comparisons: Sequence[int], tick: int) -> int:
        """Cancel inside a transaction that is open; see `cancel`."""
        wanted, now = ",".join(map(str, comparisons)), time.time()
        self._connection.execute(
            f"UPDATE comparisons SET cancelled = ?, changed = ? WHERE id IN ({wanted}) AND cancelled IS NULL",
            (now, tick),
        )
        open_trials = f"{OPEN} AND id IN (SELECT trial FROM comparison_trials WHERE comparison IN ({wanted}))"
        elsewhere = (
            "EXISTS (SELECT 1 FROM comparison_trials JOIN comparisons c ON c.id = comparison "
            "WHERE trial = trials.id AND c.cancelled IS NULL AND c.changed >= trials.queued)"
        )
        self._connection.execute(
            "UPDATE trials SET changed = ?1, cancel = 1, finished = CASE status WHEN 'queued' THEN ?2 END, "
            "status = CASE status WHEN 'queued' THEN 'cancelled' ELSE status END "
            f"WHERE {open_trials} AND NOT {elsewhere}",
            (tick, now),
        )
        return int(self._connection.read(f"SELECT count(*) FROM trials WHERE {open_trials} AND {elsewhere}")[0][0])


def _values(trial: Trial) -> tuple[str | int | None, ...]:
    """Return what a trial's row says of what is asked."""
    return trial.key, encode(trial), trial.device, trial.program, trial.hyperparameters.epochs

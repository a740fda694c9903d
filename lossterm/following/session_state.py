"""What a viewer knows of a session, kept up to date from the tail: the same for the terminal and for scripts."""

import time
from array import array
from collections import deque
from collections.abc import Callable, Mapping

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.following.progress import PACE_SHARE, PACE_WINDOW, RATE_WINDOW, Progress
from lossterm.following.store_changes import Update
from lossterm.reports import report
from lossterm.store import AskedComparison, TrialRow, WorkerRow
from lossterm.tasks import TASKS, every_task


class SessionState:
    """Trials, curves and worker of what a tail follows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.asked: tuple[AskedComparison, ...] = ()
        self.rows: dict[int, TrialRow] = {}
        self.curves: dict[int, array[float]] = {}
        self.worker: WorkerRow | None = None
        self._clock = clock
        self._history: deque[tuple[float, int]] = deque()
        self._before = 0  # epochs that were trained when the history began

    def apply(self, update: Update) -> None:
        """Take in what changed."""
        if update.asked is not None:
            if {one.id for one in self.asked} - {one.id for one in update.asked}:
                self.rows.clear()  # the session was deleted or renamed: all that is left of it comes with the update
                self.curves.clear()
            self.asked = update.asked
            self._history.clear()  # trials that were there already are not trained now
        self.worker = update.worker
        self.rows.update((row.id, row) for row in update.trials)
        for chunk in update.chunks:
            if chunk.trial not in self.rows:  # a store that was tampered with holds curves of no trial
                continue
            curve = self.curves.get(chunk.trial)
            if curve is None or chunk.start == 0:
                curve = self.curves[chunk.trial] = array("f")
            # A chunk seen twice overwrites itself; one that does not join on belongs to an attempt that was replaced.
            place = chunk.start * protocol_named(self.rows[chunk.trial].trial.protocol).curves.columns
            if place <= len(curve):
                curve[place:] = chunk.values()
        self._note_rate()

    def _note_rate(self) -> None:
        now, epochs = self._clock(), sum(row.epochs for row in self.rows.values())
        if not self._history:
            self._before = epochs
        self._history.append((now, epochs))
        while len(self._history) > 2 and now - self._history[0][0] > PACE_WINDOW:
            self._history.popleft()

    @property
    def training(self) -> bool:
        """Whether anything is queued or running."""
        return any(not row.ended for row in self.rows.values())

    @property
    def ready(self) -> bool:
        """Whether a worker is there that can train."""
        return self.worker is not None and self.worker.state in ("ready", "training")

    def progress(self) -> Progress:
        """Say how far the trials are."""
        rows = self.rows.values()
        wanted = sum(row.trial.hyperparameters.epochs for row in rows)
        left = sum(row.trial.hyperparameters.epochs - row.epochs for row in rows if not row.ended)
        return Progress(
            trials=len(rows),
            ended=sum(row.ended for row in rows),
            stopped=sum(row.status == "cancelled" for row in rows),
            epochs=wanted - left,
            all_epochs=wanted,
            rate=self._rate(RATE_WINDOW) if left else None,
            pace=self._rate(PACE_WINDOW) if self._enough(left) else None,
        )

    def _enough(self, left: int) -> bool:
        """Whether enough was trained since this view began to look for a pace to mean something."""
        trained = self._history[-1][1] - self._before if self._history else 0
        return left > 0 and trained >= PACE_SHARE * (trained + left)

    def _rate(self, window: float) -> float | None:
        *earlier, (end, after) = self._history
        within = [(moment, epochs) for moment, epochs in earlier if end - moment <= window]
        start, before = (within or earlier[-1:] or [(end, after)])[0]
        return (after - before) / (end - start) if end > start and after > before else None

    def reports(self, metrics: Mapping[str, str] | None = None) -> list[report.Report]:
        """Return the standings of what is followed, one for each table, the last asked for last.

        `metrics` names for some tasks the metric to rank by instead of the one asked for.
        """
        rows, metrics, unknown = list(self.rows.values()), metrics or {}, self.unknown
        return [
            report.build(
                asked, report.rows_of(asked, rows), report.fitting_metric(asked, metrics.get(asked.comparison.task))
            )
            for asked in report.tables([asked for asked in self.asked if asked.comparison.task not in unknown])
        ]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Tasks that were asked for and are not there: of packages that are not installed here."""
        tasks = {asked.comparison.task for asked in self.asked if asked.comparison.data is None}
        return tuple(sorted(task for task in tasks if task not in TASKS and task not in every_task()))


def what_to_do(view: SessionState, task: str, begin: str) -> str:
    """Say what an empty chart waits for: the worker, or a person, whom `begin` tells how to begin."""
    worker = view.worker
    training = any(not row.ended for row in view.rows.values() if row.trial.task == task)
    if training and worker and worker.state == "training":
        return f"Compiling {worker.message} …"
    if training:
        return "Waiting for TensorFlow to load …"
    text = f"No curves yet.\n\n{begin}"
    if worker and worker.state == "loading":
        text += "\n\nTensorFlow is loading meanwhile."
    return text

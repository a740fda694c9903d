"""What a viewer knows of a session, kept up to date from the store's changes; used by the app and by scripts."""

import time
from array import array
from collections import deque
from collections.abc import Callable, Mapping

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.following.progress import PACE_SHARE, RATE_WINDOW, Pace, Progress
from lossterm.following.store_changes import Update
from lossterm.reports import report
from lossterm.reports.levelling import with_curves
from lossterm.store import AskedComparison, TrialRow, WorkerRow
from lossterm.stress_sweeps.curve import SweepCurve, curves_of
from lossterm.stress_sweeps.sweep import sweeps
from lossterm.tasks import TASKS, every_task


class SessionState:
    """Trials, curves and worker of what a tail follows."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.asked: tuple[AskedComparison, ...] = ()
        self.rows: dict[int, TrialRow] = {}
        self.curves: dict[int, array[float]] = {}
        """Number of a trial → its curve, laid out as its protocol's `followed`."""
        self.worker: WorkerRow | None = None
        self._clock = clock
        self._history: deque[tuple[float, int]] = deque()
        self._pace = Pace()
        self._held: tuple[object, list[tuple[float, set[int]]]] | None = None  # as computed for these requests
        self._before = 0  # epochs that were trained when the history began

    def apply(self, update: Update) -> None:
        """Take in what changed."""
        if update.asked is not None:
            if {one.id for one in self.asked} - {one.id for one in update.asked}:
                self.rows.clear()  # the session was deleted or renamed: all that is left of it comes with the update
                self.curves.clear()
            self.asked = update.asked
            self._history.clear()  # trials that were there already are not trained now
            self._pace = Pace()
        self.worker = update.worker
        self.rows.update((row.id, row) for row in update.trials)
        for chunk in update.chunks:
            if chunk.trial not in self.rows:  # a store that was tampered with holds curves of no trial
                continue
            curve = self.curves.get(chunk.trial)
            if curve is None or chunk.start == 0:
                curve = self.curves[chunk.trial] = array("f")
            # A chunk seen twice overwrites itself; one that does not join on belongs to an attempt that was replaced.
            protocol = protocol_named(self.rows[chunk.trial].trial.protocol)
            place = chunk.start * protocol.followed.columns
            if place <= len(curve):
                curve[place:] = protocol.curves.part(chunk.values(), protocol.followed)
        self._note_rate()

    def _note_rate(self) -> None:
        now, epochs = self._clock(), sum(row.epochs for row in self.rows.values())
        if not self._history:
            self._before = epochs
        self._history.append((now, epochs))
        self._pace.note(now, epochs, sum(row.ended for row in self.rows.values()))
        while len(self._history) > 2 and now - self._history[0][0] > RATE_WINDOW:
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
        """Say how far the trials are that are being trained, or were last: not what the session held before."""
        rows = self._going_on()
        wanted = sum(row.trial.hyperparameters.epochs for row in rows)
        left = sum(row.trial.hyperparameters.epochs - row.epochs for row in rows if not row.ended)
        rate, enough = self._rate() if left else None, self._enough(left)
        running = [row for row in rows if row.status == "running"]
        return Progress(
            trials=len(rows),
            ended=sum(row.ended for row in rows),
            stopped=sum(row.status == "cancelled" for row in rows),
            epochs=wanted - left,
            all_epochs=wanted,
            rate=rate,
            pace=self._pace.epochs if enough else None,
            trials_rate=self._pace.trials if enough else None,
            compiles=bool(running) and rate is None and not any(row.epochs for row in running),
            waits=bool(rows)
            and self.worker is not None
            and self.worker.state == "training"
            and all(row.status == "queued" and not row.epochs for row in rows),
        )

    def _going_on(self) -> list[TrialRow]:
        """Return the trials of the last request, and of those that were still trained when it came.

        Of these, what had ended before is left out, unless that is all.
        """
        if not self.asked:
            return list(self.rows.values())
        (since, latest), *earlier = reversed(self._held_by_each())
        numbers = set(latest)
        goes_on = bool(self.asked[-1].comparison.design)  # it follows from the results of the one before
        for (created, held), asked in zip(earlier, self.asked[-2::-1], strict=True):
            if goes_on and held <= numbers:
                since, goes_on = created, bool(asked.comparison.design)
                continue
            others = held - numbers  # what both hold may have failed, and is trained again
            if any(self._ended_after(number, since) for number in others):
                since, numbers = created, numbers | held
        new = [number for number in numbers if self._ended_after(number, since)]
        return [self.rows[number] for number in sorted(new or latest)]

    def _ended_after(self, number: int, moment: float) -> bool:
        row = self.rows[number]
        return not row.ended or row.finished is None or row.finished > moment

    def _held_by_each(self) -> list[tuple[float, set[int]]]:
        """Return when each request was made, and the numbers of its trials; oldest first."""
        known = [one.id for one in self.asked], len(self.rows)
        if self._held is None or self._held[0] != known:
            every = list(self.rows.values())
            held = [(one.created, {row.id for row in report.rows_of(one, every)}) for one in self.asked]
            self._held = known, held
        return self._held[1]

    def _enough(self, left: int) -> bool:
        """Whether enough was trained since this viewer started for the pace to mean something."""
        trained = self._history[-1][1] - self._before if self._history else 0
        return left > 0 and trained >= PACE_SHARE * (trained + left)

    def _rate(self) -> float | None:
        *earlier, (end, after) = self._history
        within = [(moment, epochs) for moment, epochs in earlier if end - moment <= RATE_WINDOW]
        start, before = (within or earlier[-1:] or [(end, after)])[0]
        return (after - before) / (end - start) if end > start and after > before else None

    def reports(self, metrics: Mapping[str, str] | None = None, *, stressed: bool = False) -> list[report.Report]:
        """Return the standings of what is followed, one for each table, the last asked for last.

        `metrics` names for some tasks the metric to rank by instead of the one asked for. Tables on stressed data are
        points of a sweep's curve, and left out unless they are asked for.
        """
        rows, metrics, unknown = list(self.rows.values()), metrics or {}, self.unknown
        built = (
            report.build(
                asked, report.rows_of(asked, rows), report.fitting_metric(asked, metrics.get(asked.comparison.task))
            )
            for asked in report.tables(
                [asked for asked in self.asked if asked.comparison.task not in unknown], stressed=stressed
            )
        )
        return [with_curves(one, self.curves, followed=True) for one in built]

    def sweeps(self) -> list[SweepCurve]:
        """Return the curves of the stress sweeps, the last asked for last."""
        unknown = self.unknown
        return curves_of(
            sweeps([asked for asked in self.asked if asked.comparison.task not in unknown]), self.rows.values()
        )

    @property
    def unknown(self) -> tuple[str, ...]:
        """Tasks that were asked for but are missing: their packages are not installed here."""
        tasks = {asked.comparison.task for asked in self.asked if asked.comparison.data is None}
        return tuple(sorted(task for task in tasks if task not in TASKS and task not in every_task()))

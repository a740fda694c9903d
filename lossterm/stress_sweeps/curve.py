"""What a sweep says: how each loss stands at each level, where the best one changes, and how fast each gets worse."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import msgspec

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.metrics import metric_named
from lossterm.reports import report as reports
from lossterm.reports.report import Report
from lossterm.statistics.paired_differences import Interval, Summary, mean_interval, paired, summarise
from lossterm.statistics.tipping_point import (
    LEVEL,
    Course,
    TippingPoint,
    area,
    completed,
    simultaneous,
    tipping_point,
)
from lossterm.store import TrialRow
from lossterm.stress_sweeps.sweep import AskedSweep


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One loss at one level."""

    score: Summary
    """Mean and spread of its scores on the test rows."""
    learning_rate: float
    """The rate that it is judged at there."""
    gain: float | None
    """How far it is ahead of the reference: the mean of the paired differences, positive where it is better."""
    band: Interval | None
    """Between what that lies, for all losses and levels at once; None for fewer than three seeds."""
    seeds: int
    """Seeds that both have."""
    collapsed: int
    """Seeds on which it predicts one class, or one number."""
    diverged: int
    """Seeds on which it ended in NaN or infinity."""


class Leader(msgspec.Struct, frozen=True, kw_only=True):
    """Who is best at a level."""

    loss: str
    """Key of the loss with the best mean."""
    tied: tuple[str, ...]
    """Losses that are not shown to be worse."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the axis on which a loss is the one to take."""

    loss: str
    """Key of the loss."""
    until: TippingPoint | None
    """Where the next one overtakes it; None for the last stretch."""


class SweepCurve(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The result of a sweep, complete or not."""

    asked: AskedSweep
    """The comparisons."""
    reports: tuple[Report, ...]
    """The standings at each level, ascending."""

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels, ascending; 0 is plain data."""
        return tuple(level for level, _ in self.asked.levels)

    @property
    def places(self) -> tuple[float, ...]:
        """Where they lie along the axis."""
        return tuple(map(self.asked.axis.place, self.levels))

    @property
    def losses(self) -> tuple[str, ...]:
        """The losses, the reference first."""
        return self.asked.reference, *(loss for loss in self.asked.losses if loss != self.asked.reference)

    @property
    def others(self) -> tuple[str, ...]:
        """The losses but for the reference."""
        return self.losses[1:]

    @property
    def metric(self) -> str:
        """Key of the metric."""
        return self.asked.comparison.metric

    @property
    def rope(self) -> float:
        """The region of practical equivalence on plain data, in units of the metric."""
        return self.reports[0].rope

    @property
    def partial(self) -> bool:
        """Whether some trials have not ended or were stopped, or a race is not over."""
        return any(one.partial or (one.race is not None and not one.race.over) for one in self.reports)

    @property
    def stopped(self) -> int:
        """Trials that were cancelled."""
        return sum(one.stopped for one in self.reports)

    @property
    def pending(self) -> int:
        """Trials that have not ended."""
        return sum(one.pending for one in self.reports)

    @property
    def sound(self) -> bool:
        """Whether no trial failed, and none diverged at the rate that its loss is judged at."""
        return all(one.sound for one in self.reports)

    @property
    def failure(self) -> str | None:
        """Why a trial failed; None if none did."""
        return next((row.error for one in self.reports for row in one.rows if row.status == "failed"), None)

    @property
    def seeds(self) -> int:
        """Seeds at most of any loss at any level."""
        return max(one.asked.comparison.seeds for one in self.reports)

    @property
    def trainings(self) -> tuple[int, int]:
        """How many trainings ended by themselves, and how many there would be with every seed at every rate."""
        done = sum(row.trained for one in self.reports for row in one.rows)
        return done, sum(one.asked.comparison.size_at_most for one in self.reports)

    @property
    def seconds(self) -> float:
        """Wall-clock time from the first request to the last trial's end."""
        began = min(asked.created for _, asked in self.asked.levels if asked.comparison.severity)
        ends = [row.finished for one in self.reports for row in one.rows if row.finished]
        return max(0.0, *(end - began for end in ends)) if ends else 0.0

    # Scores by seed

    @cached_property
    def _scores(self) -> Mapping[str, tuple[Mapping[int, float], ...]]:
        """Loss → for each level its scores by seed, at the rate that it is judged at."""
        every: dict[str, list[Mapping[int, float]]] = {loss: [] for loss in self.losses}
        for one in self.reports:
            judged: dict[str, dict[int, float]] = {loss: {} for loss in self.losses}
            for row in one.judged():
                score = row.score(self.metric, "test") if row.status == "done" else None
                if score is not None and row.trial.loss in judged:
                    judged[row.trial.loss][row.trial.seed] = score
            for loss, scores in judged.items():
                every[loss].append(scores)
        return {loss: tuple(levels) for loss, levels in every.items()}

    def gains(self, loss: str, over: str) -> list[list[float | None]]:
        """Return how far a loss is ahead of another, a row for each seed and a column for each level."""
        sign = 1 if metric_named(self.metric).direction == "max" else -1
        mine, theirs = self._scores[loss], self._scores[over]
        return [
            [sign * (a[seed] - b[seed]) if seed in a and seed in b else None for a, b in zip(mine, theirs, strict=True)]
            for seed in range(self.seeds)
        ]

    def _course(self, loss: str, over: str) -> list[list[float | None]]:
        """Return the same of the seeds that have a score, as far as the crossing of each can be told from it.

        A race trains a loss that is behind at a level on few seeds there: the others get their mean. A loss without any
        score at a level is far behind there.
        """
        mine, theirs = self._scores[loss], self._scores[over]
        rows = [row for row in self.gains(loss, over) if any(value is not None for value in row)]
        if self.asked.comparison.cap is not None:
            rows = completed(rows)
        if not rows:  # one of them has no score anywhere
            seeds = {seed for level in (*mine, *theirs) for seed in level}
            rows = [[None] * len(self.places) for _ in seeds]
        far = max((abs(value) for row in rows for value in row if value is not None), default=1.0) or 1.0
        for place, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            ended = self.reports[place].pending == 0
            if ended and bool(a) != bool(b):
                for row in rows:
                    row[place] = far if a else -far
        return [row for row in rows if any(value is not None for value in row)]

    # What is made of them

    @cached_property
    def points(self) -> Mapping[str, tuple[Point, ...]]:
        """Loss → how it stands at each level."""
        return {loss: tuple(self._points(loss)) for loss in self.losses}

    def _points(self, loss: str) -> Iterable[Point]:
        columns = list(zip(*self.gains(loss, self.asked.reference), strict=True))
        for place, one in enumerate(self.reports):
            known = [value for value in columns[place] if value is not None] if columns else []
            both = paired(known, self.correlation)
            standing = next((s for s in one.standings if s.loss == loss), None)
            yield Point(
                score=summarise(list(self._scores[loss][place].values())),
                learning_rate=standing.learning_rate if standing else math.nan,
                gain=math.fsum(known) / len(known) if known else None,
                band=simultaneous(both, self.intervals) if both and loss != self.asked.reference else None,
                seeds=len(known),
                collapsed=standing.collapsed if standing else 0,
                diverged=standing.diverged if standing else 0,
            )

    @property
    def correlation(self) -> float:
        """Nadeau and Bengio's ρ between the scores of two seeds."""
        comparison = self.asked.comparison
        return protocol_named(comparison.protocol).correlation(comparison.record)

    @property
    def intervals(self) -> int:
        """How many intervals hold at once: of each loss but the reference at each level."""
        return max(1, len(self.others) * len(self.levels))

    @cached_property
    def leaders(self) -> tuple[Leader | None, ...]:
        """Who is best at each level; None where no loss has a score yet."""
        return tuple(map(_leader, self.reports))

    @cached_property
    def tipping_points(self) -> Mapping[str, TippingPoint | None]:
        """Loss → where it overtakes the reference; None without a seed that has both."""
        return {loss: self.tipping(loss, self.asked.reference) for loss in self.others}

    def tipping(self, loss: str, over: str) -> TippingPoint | None:
        """Return where a loss overtakes another."""
        return tipping_point(self.places, self._course(loss, over))

    def shown_ahead(self, loss: str, over: str, since: float = 0.0) -> bool:
        """Whether a loss is beyond chance ahead of another at a level from a place on, for all intervals at once."""
        columns = zip(self.places, zip(*self.gains(loss, over), strict=True), strict=True)
        for place, column in columns:
            both = paired([value for value in column if value is not None], self.correlation)
            if place >= since and both is not None and both.mean > 0 and both.p * self.intervals < LEVEL:
                return True
        return False

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Which loss to take from where to where, beginning with the reference: another has to show that it is better.

        Of those that overtake beyond chance, the one that does so first comes next; of equal ones the better at the
        last level.
        """
        steps, current, since = list[Step](), self.asked.reference, 0.0
        left = list(self.others)
        while True:
            ahead = {
                loss: point
                for loss in left
                if (point := self.tipping(loss, current)) and point.found and self.shown_ahead(loss, current, since)
            }
            if not ahead:
                return (*steps, Step(loss=current, until=None))
            after = min(ahead, key=lambda loss: (max(ahead[loss].place, since), -self._last(loss)))
            since = max(ahead[after].place, since)
            steps.append(Step(loss=current, until=msgspec.structs.replace(ahead[after], place=since)))
            current = after
            left.remove(after)

    def _last(self, loss: str) -> float:
        """Return how far a loss is ahead of the reference at the last level at which that is known."""
        known = [point.gain for point in self.points[loss] if point.gain is not None]
        return known[-1] if known else -math.inf

    def taken_at(self, level: float) -> str:
        """Return the loss to take at a level."""
        place = self.asked.axis.place(level)
        return next(step.loss for step in self.steps if step.until is None or place < step.until.place)

    @cached_property
    def areas(self) -> Mapping[str, tuple[float, Interval | None] | None]:
        """Loss → by how much it gets worse on average along the axis, with its 95 % interval: the area under its curve.

        In units of the metric, over the width of the axis; None where fewer than two levels are known.
        """
        return {loss: self._area(loss) for loss in self.losses}

    def _area(self, loss: str) -> tuple[float, Interval | None] | None:
        sign = -1 if metric_named(self.metric).direction == "max" else 1
        each: list[float] = []
        for seed in range(self.seeds):
            scores = [level.get(seed) for level in self._scores[loss]]
            first = scores[0] if scores else None
            if first is None:
                continue
            worse: Course = [None if score is None else sign * (score - first) for score in scores]
            value = area(self.places, worse)
            each += [] if value is None else [value]
        if not each:
            return None
        summary = summarise(each)
        assert summary.mean is not None
        return summary.mean, mean_interval(summary, len(each), self.correlation)


def _leader(report: Report) -> Leader | None:
    ranked = [standing for standing in report.standings if standing.rank is not None]
    if not ranked:
        return None
    tied = tuple(s.loss for s in ranked[1:] if s.verdict in ("equal", "open", None))
    return Leader(loss=ranked[0].loss, tied=tied)


def curve_of(
    sweep: AskedSweep, rows: Iterable[TrialRow], metric: str | None = None, rope: float | None = None
) -> SweepCurve:
    """Compute what a sweep says so far. Raises as `reports.build`."""
    every = list(rows)
    built = tuple(reports.build(asked, reports.rows_of(asked, every), metric, rope) for _, asked in sweep.levels)
    if metric is not None:
        sweep = msgspec.structs.replace(
            sweep, levels=tuple((level, one.asked) for (level, _), one in zip(sweep.levels, built, strict=True))
        )
    return SweepCurve(asked=sweep, reports=built)


def curves_of(sweeps: Sequence[AskedSweep], rows: Iterable[TrialRow]) -> list[SweepCurve]:
    """Compute the same of several sweeps."""
    every = list(rows)
    return [curve_of(sweep, every) for sweep in sweeps]

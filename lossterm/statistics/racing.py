"""A race: trains the losses and learning rates on that are still in question, and stops the others early.

All learning rates of all losses begin with a few seeds. At each stage the rates go that validation shows to be behind
their loss's best one; from the first look on also those that are not better than it by as much as matters, so that of
equal rates one is left. At each look at the verdicts the losses stop that are worse than the best. What is open goes on
until nothing is, or until there are as many seeds as a race may have. The idea is that of Maron & Moore 1994, Hoeffding
Races; how often its verdicts err and what it saves is simulated in tests/statistics/test_racing.py.

Nothing is remembered from stage to stage: the whole race is gone through anew from the scores that there are, so that
whoever stops, dies or joins in between finds it where it is.
"""

import math
from collections.abc import Collection, Mapping

import msgspec

from lossterm.statistics.equivalence import Rope
from lossterm.statistics.learning_rate_choice import MOST_WIDENED, RatePoint, Scores, rate_beyond, sweep
from lossterm.statistics.race_levels import levels_of_race, looks, stages
from lossterm.statistics.ranking import Direction, Place, places
from lossterm.statistics.verdict_levels import VerdictLevels

CLEARLY = 2.0
"""Standard errors of a difference that are granted to a rate before it is dropped."""


class Entrant(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one loss, by learning rate."""

    ended: Mapping[float, Collection[int]]
    """The seeds whose trials ended by themselves."""
    validation: Mapping[float, Scores]
    """What its rate is chosen by."""
    test: Mapping[float, Scores]
    """What it is judged by."""
    metric: str
    """Key of the metric of `validation`: rates judged by one metric share an estimate of its noise."""
    direction: Direction
    """Which way that metric is better."""
    rope: Rope
    """Differences of that metric that matter to no one: rates within it are equal."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How a race is run."""

    cap: int
    """The seeds at which it ends at the latest."""
    rates: tuple[float, ...]
    """The learning rates that every loss begins with."""
    widens: bool
    """Whether a rate beyond these is tried where the best lies clearly at their edge."""
    direction: Direction
    """Which way the metric that ranks is better."""
    rope: Rope
    """Differences that matter to no one."""
    correlation: float = 0.0
    """Nadeau and Bengio's ρ."""
    races: int = 1
    """How many races over these losses there were, this one included, each with another cap."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided at one number of seeds. Field names are those of the JSON."""

    seeds: int
    """The number of seeds."""
    look: bool
    """Whether it was a look at the verdicts too."""
    dropped: dict[str, tuple[float, ...]]
    """Loss → rates that are not trained any further."""
    worse: tuple[str, ...]
    """Losses that stop because they are worse than the best."""
    broken: tuple[str, ...]
    """Losses that stop because no trial of them has a score."""
    running: tuple[str, ...]
    """Losses that are still in the race."""


class Race(msgspec.Struct, frozen=True, kw_only=True):
    """How far a race is."""

    cap: int
    """The seeds at which it ends at the latest."""
    stages: tuple[Stage, ...] = ()
    """What was decided so far."""
    levels: VerdictLevels
    """The levels of the last look, of the first before there was one."""
    stopped: Mapping[str, float] = {}
    """The losses that looks before the last one called worse, each with the p of its look."""
    judged: Mapping[str, int] = {}
    """Loss → the number of seeds it is judged by; empty before the first look."""
    rates: Mapping[str, tuple[float, ...]] = {}
    """Loss → the rates that it may be judged at; empty before the first stage."""
    wanted: tuple[tuple[str, float, int], ...] = ()
    """Losses, rates and numbers of seeds to be trained next."""
    settled: bool = False
    """Whether nothing was open at the last look."""

    @property
    def over(self) -> bool:
        """Whether nothing more is to be trained."""
        return not self.wanted

    def goes_on(self, loss: str) -> bool:
        """Whether more of a loss is to be trained, as far as is known."""
        return not self.over and (not self.stages or loss in self.stages[-1].running)

    @property
    def looked(self) -> bool:
        """Whether there was a look at the verdicts."""
        return any(stage.look for stage in self.stages)


def race(entrants: Mapping[str, Entrant], rules: Rules) -> Race:
    """Go through a race as far as the scores reach."""
    course = _Course(entrants, rules)
    for seeds in stages(rules.cap):
        if wanted := course.missing(seeds):
            return course.standing(wanted)
        course.decide(seeds)
        if course.over:
            break
    return course.standing(())


class _Course:
    """A race while it is gone through."""

    def __init__(self, entrants: Mapping[str, Entrant], rules: Rules) -> None:
        self.over = False
        self._entrants, self._rules = entrants, rules
        self._running = tuple(entrants)
        self._tried = dict.fromkeys(entrants, rules.rates)
        self._left = dict(self._tried)
        self._stages: list[Stage] = []
        self._levels = levels_of_race(rules.cap, looks(rules.cap)[0], rules.races)
        self._worse: dict[str, float] = {}  # up to the last look
        self._stopped: dict[str, float] = {}  # up to the one before
        self._judged: dict[str, int] = {}
        self._rates: dict[str, tuple[float, ...]] = {}
        self._settled = False

    def standing(self, wanted: tuple[tuple[str, float, int], ...]) -> Race:
        """Return how far it is, where this is to be trained next."""
        return Race(
            cap=self._rules.cap,
            stages=tuple(self._stages),
            levels=self._levels,
            stopped=self._stopped,
            judged=self._judged if any(stage.look for stage in self._stages) else {},
            rates=self._rates,
            wanted=wanted,
            settled=self._settled,
        )

    def missing(self, seeds: int) -> tuple[tuple[str, float, int], ...]:
        """Return what is to be trained before the stage; the grid is widened until its best rates lie within."""
        missing = tuple(
            (loss, rate, seeds)
            for loss in self._running
            for rate in self._left[loss]
            if not set(range(seeds)) <= set(self._entrants[loss].ended.get(rate, ()))
        )
        if missing or not self._rules.widens or seeds not in looks(self._rules.cap):
            return missing
        widened = [loss for loss in self._running if self._widened(loss, seeds)]
        return self.missing(seeds) if widened else ()

    def _widened(self, loss: str, seeds: int) -> bool:
        """Add the next rate beyond the grid if the best one lies clearly at its edge."""
        if len(self._tried[loss]) >= len(self._rules.rates) + MOST_WIDENED:
            return False
        beyond = rate_beyond(self._validation(loss, seeds), self._entrants[loss].direction, self._left[loss])
        if beyond is None or beyond in self._tried[loss]:
            return False
        self._tried[loss] = tuple(sorted((*self._tried[loss], beyond)))
        self._left[loss] = tuple(sorted((*self._left[loss], beyond)))
        return True

    def _validation(self, loss: str, seeds: int) -> dict[float, Scores]:
        known = self._entrants[loss].validation
        return {rate: _up_to(known.get(rate, {}), seeds) for rate in self._tried[loss]}

    def decide(self, seeds: int) -> None:
        """Decide what goes on from a number of seeds that all that is in the race has."""
        points = {loss: self._points(loss, seeds) for loss in self._running}
        noise = self._noise(seeds)
        look = seeds in looks(self._rules.cap)
        dropped = {
            loss: no_better
            for loss in self._running
            if (no_better := _no_better(points[loss], self._entrants[loss], noise[loss], seeds, equal=look))
        }
        for loss, rates in dropped.items():
            self._left[loss] = tuple(rate for rate in self._left[loss] if rate not in rates)
        scores = {loss: self._scores(loss, points[loss], seeds) for loss in self._running}
        broken = tuple(loss for loss in scores if not any(score is not None for score in scores[loss]))
        self._judged |= dict.fromkeys(self._running, seeds)
        self._rates |= {loss: self._left[loss] for loss in self._running}
        self._running = tuple(loss for loss in self._running if loss not in broken)
        worse = self._look({loss: scores[loss] for loss in self._running}, seeds) if look else ()
        self.over = self._settled or not self._running
        self._stages.append(
            Stage(seeds=seeds, look=look, dropped=dropped, worse=worse, broken=broken, running=self._running)
        )

    def _points(self, loss: str, seeds: int) -> tuple[RatePoint, ...]:
        """Return the rates that are left, with the best one chosen."""
        known, left = self._validation(loss, seeds), self._left[loss]
        return sweep({rate: known[rate] for rate in left}, self._entrants[loss].direction)

    def _noise(self, seeds: int) -> dict[str, float | None]:
        """Return for each loss the standard deviation of validation, as all losses with its metric show it."""
        by_metric: dict[str, list[list[list[float]]]] = {}
        for loss in self._running:
            known = self._validation(loss, seeds)
            whole = [_whole(known[rate], seeds) for rate in self._left[loss]]
            by_metric.setdefault(self._entrants[loss].metric, []).append([row for row in whole if row])
        noise = {metric: residual_sd(grids) for metric, grids in by_metric.items()}
        return {loss: noise[self._entrants[loss].metric] for loss in self._running}

    def _scores(self, loss: str, points: tuple[RatePoint, ...], seeds: int) -> list[float | None]:
        rate = next(point.learning_rate for point in points if point.chosen)
        known = self._entrants[loss].test.get(rate, {})
        return [known.get(seed) for seed in range(seeds)]

    def _look(self, scores: Mapping[str, list[float | None]], seeds: int) -> tuple[str, ...]:
        """Judge the losses in the race; return those that are worse, which leave it."""
        rules = self._rules
        self._levels = levels_of_race(rules.cap, seeds, rules.races)
        self._stopped = dict(self._worse)
        placed = places(
            scores, direction=rules.direction, rope=rules.rope, correlation=rules.correlation, levels=self._levels
        )
        worse = {
            loss: place.difference.p
            for loss, place in placed.items()
            if place.verdict == "worse" and place.difference and place.difference.p is not None
        }
        self._worse |= worse
        self._settled = not any(map(_is_open, placed.values()))
        self._running = tuple(loss for loss in self._running if loss not in worse)
        return tuple(worse)


def _is_open(place: Place) -> bool:
    return place.verdict == "open" or (place.verdict is None and place.difference is not None)


def _up_to(scores: Scores, seeds: int) -> Scores:
    return {seed: score for seed, score in scores.items() if seed < seeds}


def _whole(scores: Scores, seeds: int) -> list[float]:
    """Return the scores of all seeds, none if one is missing."""
    known = [score for seed in range(seeds) if (score := scores.get(seed)) is not None]
    return known if len(known) == seeds else []


def _no_better(
    points: tuple[RatePoint, ...], entrant: Entrant, noise: float | None, seeds: int, *, equal: bool
) -> tuple[float, ...]:
    """Return the rates that are behind the chosen one or did not train; if `equal`, those that are equal to it too.

    Behind is a rate that can hardly be better than the chosen one, equal one that can hardly be better by as much as
    matters. A single rate is not forced beyond that: choosing one at 5 or 10 seeds made .08 to .25 of simulated races
    err. Dropping equal ones before the first look made .01 more of them err.
    """
    best = next(point.mean for point in points if point.chosen)
    if best is None:
        return ()
    uncertain = math.inf if noise is None else CLEARLY * noise * math.sqrt(2 / seeds)
    margin = uncertain - (entrant.rope.around(best) if equal else 0)
    sign = 1 if entrant.direction == "max" else -1
    return tuple(
        point.learning_rate
        for point in points
        if not point.chosen and (point.mean is None or sign * (best - point.mean) > margin)
    )


def residual_sd(grids: list[list[list[float]]]) -> float | None:
    """Return the pooled standard deviation that is left of scores once their seeds' and rates' means are removed.

    Each grid is a loss: a row for each rate, a column for each seed. None where no loss has two rates and two seeds.
    """
    squares, freedom = 0.0, 0
    for rows in grids:
        if len(rows) < 2 or len(rows[0]) < 2:
            continue
        means = [math.fsum(row) / len(row) for row in rows]
        columns = [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
        overall = math.fsum(means) / len(means)
        squares += math.fsum(
            (value - mean - column + overall) ** 2
            for row, mean in zip(rows, means, strict=True)
            for value, column in zip(row, columns, strict=True)
        )
        freedom += (len(rows) - 1) * (len(columns) - 1)
    return math.sqrt(squares / freedom) if freedom else None

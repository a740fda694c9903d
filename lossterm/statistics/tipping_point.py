"""Where along an axis one loss overtakes another, seed by seed, and by how much a loss gets worse along it.

Levels are places on an axis, ascending from 0. What is overtaken is a paired difference: how far another loss is ahead
on the same seed at the same level.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from lossterm.statistics import student_t
from lossterm.statistics.paired_differences import Interval, Paired
from lossterm.statistics.sign_interval import median, sign_interval

Course = Sequence[float | None]
"""How far another loss is ahead at each level, None where that is unknown."""

LEVEL = 0.05
"""How often any of the intervals of a curve may leave its true difference out."""


class TippingPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where one loss overtakes another, over the seeds."""

    place: float
    """Median over the seeds; infinite where at least half of them see no crossing."""
    interval: Interval | None
    """95 % interval of the median from the order of the seeds; an infinite end lies beyond the last level."""
    seeds: tuple[float, ...]
    """The place of each seed, infinite for one without a crossing."""

    @property
    def found(self) -> bool:
        """Whether there is one within the levels."""
        return math.isfinite(self.place)


def crossing(places: Sequence[float], ahead: Course) -> float:
    """Return the place from which on the other loss is ahead; 0 if it always is, infinite if it never is.

    A single sign is luck, so the whole course decides: the point after which the area between the two curves, counted
    against the other loss where it is behind, is largest. It lies between a level at which the other is not ahead and
    one at which it is, and is interpolated between them.
    """
    known = [(place, value) for place, value in zip(places, ahead, strict=True) if value is not None]
    best, start, total = 0.0, len(known), 0.0
    for number in range(len(known) - 1, -1, -1):
        total += _width([place for place, _ in known], number) * known[number][1]
        if total > best:
            best, start = total, number
    if start == len(known):
        return math.inf
    if start == 0:
        return known[0][0]
    (before, low), (after, high) = known[start - 1 : start + 1]
    return before + (after - before) * (-low / (high - low) if high > low else 0.0)


def _width(places: Sequence[float], number: int) -> float:
    """Return the part of the axis that a level stands for: half of the way to either neighbour; 1 if it is alone."""
    low, high = places[max(number - 1, 0)], places[min(number + 1, len(places) - 1)]
    return (high - low) / 2 or 1.0


def tipping_point(places: Sequence[float], courses: Sequence[Course]) -> TippingPoint | None:
    """Return where the other loss overtakes, by its course on each seed; None without any."""
    seeds = tuple(crossing(places, course) for course in courses if any(value is not None for value in course))
    middle = median(seeds)
    if middle is None:
        return None
    return TippingPoint(place=middle, interval=sign_interval(seeds), seeds=seeds)


def completed(courses: Sequence[Course]) -> list[list[float | None]]:
    """Fill what seeds lack at a level with the mean of those that have it.

    A race trains a loss that is clearly behind at a level on few seeds there: on the others it is as far behind.
    """
    columns = [[value for value in column if value is not None] for column in zip(*courses, strict=True)]
    means = [math.fsum(column) / len(column) if column else None for column in columns]
    return [[mean if value is None else value for value, mean in zip(row, means, strict=True)] for row in courses]


def simultaneous(paired: Paired, intervals: int) -> Interval:
    """Return the interval of a mean difference, one of so many of which all hold at once in 95 % of cases.

    Bonferroni's inequality: levels share rows and losses share the reference, so that it is wide rather than narrow.
    """
    half = student_t.critical(paired.seeds - 1, LEVEL / max(1, intervals)) * paired.standard_error
    return paired.mean - half, paired.mean + half


def area(places: Sequence[float], values: Course) -> float | None:
    """Return the mean height of a curve along the axis, by the trapezium rule; None for fewer than two known points."""
    known = [(place, value) for place, value in zip(places, values, strict=True) if value is not None]
    if len(known) < 2:
        return None
    parts = [(b - a) * (y + z) / 2 for (a, y), (b, z) in pairwise(known)]
    return math.fsum(parts) / (known[-1][0] - known[0][0])

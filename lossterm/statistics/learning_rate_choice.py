"""Chooses a loss's learning rate on the validation split, with pure functions of scores."""

import math
from collections.abc import Collection, Mapping

import msgspec

from lossterm.statistics.paired_differences import summarise
from lossterm.statistics.ranking import Direction

Scores = Mapping[int, float | None]
"""Seed → validation score of a trial that ended, None if it diverged or failed; without trials still to come."""


class RatePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One learning rate of a sweep. Field names are those of the JSON."""

    learning_rate: float
    """The learning rate."""
    mean: float | None
    """Mean validation score over the seeds that have one."""
    sd: float | None
    """Its sample standard deviation."""
    ended: int
    """Number of trials that ended by themselves."""
    broken: int
    """Number of those that diverged or failed."""
    chosen: bool
    """Whether the loss is judged at this rate."""


MOST_WIDENED = 3
"""Rates that a grid may be widened by, for each loss."""


def sweep(
    rates: Mapping[float, Scores], direction: Direction, eligible: Collection[float] = ()
) -> tuple[RatePoint, ...]:
    """Return every rate in ascending order, with the best one chosen; among those `eligible`, if any are named.

    The best rate has the fewest trials that diverged or failed; among equals the best mean validation score decides,
    then the smaller rate. A rate without a score is chosen only if no rate has one. While trials are still to come,
    only seeds that ended at every rate are compared, so that no rate wins by having trained the easy seeds first; if
    there is no such seed yet, all seeds are used.
    """
    shared = set.intersection(*(set(rates[rate]) for rate in eligible or rates))
    sign = 1 if direction == "min" else -1

    def order(rate: float) -> tuple[bool, int, float, float]:
        scores = {seed: score for seed, score in rates[rate].items() if seed in shared or not shared}
        values = [score for score in scores.values() if score is not None]
        mean = summarise(values).mean
        return mean is None, len(scores) - len(values), 0.0 if mean is None else sign * mean, rate

    best = min(eligible or rates, key=order)
    points = []
    for rate in sorted(rates):
        summary = summarise([score for score in rates[rate].values() if score is not None])
        broken = sum(score is None for score in rates[rate].values())
        points.append(
            RatePoint(
                learning_rate=rate,
                mean=summary.mean,
                sd=summary.sd,
                ended=len(rates[rate]),
                broken=broken,
                chosen=rate == best,
            )
        )
    return tuple(points)


def at_edge(points: tuple[RatePoint, ...]) -> bool:
    """Whether the best rate is the smallest or the largest one tried, so that a better one may lie beyond."""
    return len(points) > 1 and any(point.chosen and point.mean is not None for point in (points[0], points[-1]))


def rate_beyond(rates: Mapping[float, Scores], direction: Direction, eligible: Collection[float] = ()) -> float | None:
    """Return the rate by which a grid should be widened: the next beyond its edge, if the best one lies there clearly.

    Clearly: on the seeds that both have, the edge beats its neighbour on validation by more than the standard error of
    the mean difference, and it does not break more often. None where it does not, or with fewer than two such seeds.
    `eligible` are the rates that may be best, as in `sweep`.
    """
    points = sweep(rates, direction, eligible)
    if not at_edge(points):
        return None
    edge, neighbour = (points[0], points[1]) if points[0].chosen else (points[-1], points[-2])
    if edge.broken > neighbour.broken:
        return None
    sign = 1 if direction == "max" else -1
    theirs = rates[neighbour.learning_rate]
    gains = [
        sign * (score - other)
        for seed, score in rates[edge.learning_rate].items()
        if score is not None and (other := theirs.get(seed)) is not None
    ]
    ahead = summarise(gains)
    if ahead.mean is None or ahead.sd is None or ahead.mean <= ahead.sd / math.sqrt(len(gains)):
        return None
    return next_rate(edge.learning_rate, upwards=edge is points[-1])


def next_rate(rate: float, *, upwards: bool) -> float:
    """Return the next of the rates …, 0.01, 0.03, 0.1, 0.3, 1, 3, …: about three times as much, or a third."""
    half_decades = round(2 * math.log10(rate)) + (1 if upwards else -1)
    decades, third = divmod(half_decades, 2)
    return float(f"{3 if third else 1}e{decades}")

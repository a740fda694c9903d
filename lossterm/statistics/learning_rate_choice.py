"""Chooses a loss's learning rate on the validation split, with pure functions of scores."""

from collections.abc import Mapping

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


def sweep(rates: Mapping[float, Scores], direction: Direction) -> tuple[RatePoint, ...]:
    """Return every rate in ascending order, with the best one chosen.

    The best rate has the fewest trials that diverged or failed; among equals the best mean validation score decides,
    then the smaller rate. A rate without a score is chosen only if no rate has one. While trials are still to come,
    only seeds that ended at every rate are compared, so that no rate wins by having trained the easy seeds first; if
    there is no such seed yet, all seeds are used.
    """
    shared = set.intersection(*(set(scores) for scores in rates.values()))
    sign = 1 if direction == "min" else -1

    def order(rate: float) -> tuple[bool, int, float, float]:
        scores = {seed: score for seed, score in rates[rate].items() if seed in shared or not shared}
        values = [score for score in scores.values() if score is not None]
        mean = summarise(values).mean
        return mean is None, len(scores) - len(values), 0.0 if mean is None else sign * mean, rate

    best = min(rates, key=order)
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

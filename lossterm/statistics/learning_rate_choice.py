"""Choosing a loss's learning rate on the validation split: pure functions over scores."""

from collections.abc import Mapping

import msgspec

from lossterm.statistics.paired_differences import summarise
from lossterm.statistics.ranking import Direction

Scores = Mapping[int, float | None]
"""Seed → validation score of a trial that ended, None for one that diverged or failed; others are not in it."""


class RatePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One learning rate of a sweep. Names are those of the JSON."""

    learning_rate: float
    """Step size."""
    mean: float | None
    """Mean validation score over the seeds that have one."""
    sd: float | None
    """Its sample standard deviation."""
    ended: int
    """Trials that ended by themselves."""
    broken: int
    """Those of them that diverged or failed."""
    chosen: bool
    """Whether the loss is judged at this rate."""


def sweep(rates: Mapping[float, Scores], direction: Direction) -> tuple[RatePoint, ...]:
    """Return every rate in ascending order, the best one chosen.

    The best has the fewest trials that diverged or failed and, among those, the best mean validation score; the
    smaller of equals; never one without a score where another has one. While trials are still to come, only the seeds
    that ended at every rate are compared, so that no rate wins by having trained the easy seeds first; where there is
    none yet, what is there.
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
    """Whether the best rate is the smallest or the largest tried, so that a better one may lie beyond."""
    return len(points) > 1 and any(point.chosen and point.mean is not None for point in (points[0], points[-1]))

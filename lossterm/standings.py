"""A loss's place in a comparison: pure functions over scores."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec


class Summary(msgspec.Struct, frozen=True):
    """Mean and spread of one score over the seeds."""

    mean: float | None
    """Arithmetic mean, None where no trial has the score."""
    sd: float | None
    """Sample standard deviation (n − 1), None for fewer than two trials."""


def summarise(values: Sequence[float]) -> Summary:
    """Return mean and sample standard deviation of finite values."""
    if not values:
        return Summary(None, None)
    count = len(values)
    mean = math.fsum(values) / count
    # Not statistics.stdev: its exact fractions cost 100 times as much, and a live table is computed again and again.
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1)) if count > 1 else None
    return Summary(mean, sd)


def rank(means: Mapping[str, float | None], direction: Literal["min", "max"]) -> dict[str, int | None]:
    """Number losses from 1, best first; equal means share a number, None stays unranked.

    The result's order is the table's: ranked ones by rank, then the rest as they came.
    """
    sign = 1 if direction == "min" else -1
    scored = {key: sign * mean for key, mean in means.items() if mean is not None}
    ranks: dict[str, int | None] = {}
    last: tuple[float, int] | None = None
    for place, key in enumerate(sorted(scored, key=lambda key: scored[key]), start=1):
        last = last if last and last[0] == scored[key] else (scored[key], place)
        ranks[key] = last[1]
    ranks.update({key: None for key in means if key not in scored})
    return ranks

"""The median of scores, with an interval that stays true where some of them are far off the others."""

import math
from collections.abc import Sequence

from lossterm.statistics.paired_differences import Interval

LEVEL = 0.05
"""How often the true median may lie outside of the interval."""

LEAST_VALUES = 5
"""With fewer values even the interval from the least to the largest leaves the median out in an eighth of cases."""


def median(values: Sequence[float]) -> float | None:
    """Return the middle value, or the mean of the two in the middle; None without values."""
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else math.fsum(ordered[half - 1 : half + 1]) / 2


def mean_of_middle_half(values: Sequence[float]) -> float | None:
    """Return the mean without the lowest and highest quarter, which settles ties of medians; None without values."""
    cut = len(values) // 4
    middle = sorted(values)[cut : len(values) - cut]
    return math.fsum(middle) / len(middle) if middle else None


def sign_interval(values: Sequence[float]) -> Interval | None:
    """Return the 95 % interval of the median from the order of the values alone; None for too few.

    It goes from the r-th lowest to the r-th highest, r the largest with 2·P(Bin(n, ½) ≤ r − 1) ≤ .05. Five values give
    the whole range, which holds the median in .9375 of cases. Source: Thompson 1936, On Confidence Ranges for the
    Median.
    """
    if len(values) < LEAST_VALUES:
        return None
    ordered, r = sorted(values), max(rank_of_end(len(values)), 1)
    return ordered[r - 1], ordered[-r]


def rank_of_end(count: int) -> int:
    """Return r for so many values, 0 if none is small enough."""
    below, r = 0, 0
    while 2 * (below := below + math.comb(count, r)) <= LEVEL * 2**count:
        r += 1
    return r

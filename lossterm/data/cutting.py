"""Whether groups of rows are neighbouring parts of one range, as thresholds make them; honest groups lie apart.

Where a range was cut, the rows lie as densely about the threshold as elsewhere; between groups of their own they thin
out. In 30 rows that leaves a sixth of honest groups which happen not to overlap, in 60 rows a fiftieth, and finds most
cuts.
"""

from collections.abc import Iterator

import numpy as np

FEW_VALUES = 30
"""Distinct values, each in two rows at least, below which numbers go in steps: they lie apart by one wherever they are
cut."""

WIDEST_AT_ONE, WIDEST_AT_SEVERAL = 3.0, 5.0
"""How many times as wide as those beside it the space at a threshold is at most: at a single one, and at several, which
honest groups rarely respect all."""

THINNEST_AT_ONE, THINNEST_AT_SEVERAL = 1.3, 1.5
"""How many times as wide as all spaces on average those about a threshold are at most, at one and at several."""

ABOUT = 3
"""One in how many rows of a group lies about its threshold."""


def was_cut(place: np.ndarray, values: np.ndarray, number: int) -> bool:
    """Whether groups, as indices (rows,) below `number`, are parts of the range of values (rows,) without gaps."""
    low, high = np.full(number, np.inf), np.full(number, -np.inf)
    np.minimum.at(low, place, values)
    np.maximum.at(high, place, values)
    order = np.argsort(low)
    gaps = low[order][1:] - high[order][:-1]
    if (gaps < 0).any():
        return False
    each = np.unique(values)
    if len(each) < min(FEW_VALUES, len(values) / 2):
        return bool(np.median(gaps) <= 1.01 * np.median(np.diff(each)))
    ends = np.cumsum(np.bincount(place, minlength=number)[order])[:-1]
    rows = np.sort(values)
    scales = (rows, np.log(rows)) if rows[0] > 0 else (rows,)
    spaces = [np.median(np.array(list(_spaces(scale, ends))), axis=0) for scale in scales]
    one = number == 2
    widest, thinnest = (WIDEST_AT_ONE, THINNEST_AT_ONE) if one else (WIDEST_AT_SEVERAL, THINNEST_AT_SEVERAL)
    return bool(spaces[0][0] <= widest and min(thin for _, thin in spaces) <= thinnest)


def _spaces(rows: np.ndarray, ends: np.ndarray) -> Iterator[tuple[float, float]]:
    """Yield of each threshold its space relative to those beside it, and these relative to all; `ends` are its rows."""
    bounds = np.concatenate(([0], ends, [len(rows)]))
    first, last = np.quantile(rows, (0.05, 0.95))
    usual = (last - first) / (0.9 * (len(rows) - 1))
    for before, end, after in zip(bounds[:-2], bounds[1:-1], bounds[2:], strict=True):
        about = max(2, int(min(end - before, after - end)) // ABOUT)
        low, high = max(before, end - 1 - about), min(after - 1, end + about)
        beside = (rows[end - 1] - rows[low] + rows[high] - rows[end]) / max(1, end - 1 - low + high - end)
        gap = rows[end] - rows[end - 1]
        thin = (rows[high] - rows[low]) / (high - low)
        # Where nearly all rows are equal, as the zeros of those who bought nothing, there is no usual space.
        yield float(gap / beside) if beside > 0 else np.inf, float(thin / usual) if usual > 0 else np.inf

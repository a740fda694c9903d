"""Curves smoothed, right at their ends and on constant series."""

from functools import lru_cache
from itertools import accumulate

import numpy as np

from lossterm.charts.band_over_seeds import _BLOCK


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """Return the exponential moving average over epochs, (epochs,), without a start that leans towards zero.

    `weight` from 0 (nothing is smoothed) to below 1 is that of the past; a constant stays what it is, and what is not
    finite is passed over. That is TensorBoard's smoothing.
    """
    there = np.isfinite(values)
    count = int(there.sum())
    if weight <= 0 or count < 2:
        return values
    kernel, powers = _kernel(weight)
    blocks = np.zeros(-(-count // _BLOCK) * _BLOCK)
    blocks[:count] = values[there]
    averages = blocks.reshape(-1, _BLOCK) @ kernel.T
    # Each block goes on from the end of the one before.
    ends = accumulate(averages[:, -1].tolist(), lambda before, end: float(end + powers[-1] * before))
    averages[1:] += np.array(list(ends)[:-1])[:, None] * powers
    result = np.full(len(values), np.nan)
    result[there] = averages.ravel()[:count] / (1 - weight ** np.arange(1, count + 1))
    return result


@lru_cache(maxsize=8)
def _kernel(weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what each value of a block adds to each average in it, and what is left there of the one before."""
    place = np.arange(_BLOCK)
    kernel = (1 - weight) * np.tril(weight ** np.maximum(np.subtract.outer(place, place), 0))
    return kernel, weight ** (place + 1)

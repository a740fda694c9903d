"""The normal distribution's quantiles.

Written here because importing the standard library's `statistics` takes longer than the first paint may.
"""

import math
from functools import lru_cache


@lru_cache(maxsize=256)
def quantile(beyond: float) -> float:
    """Return the z with P(Z > z) = `beyond`, which is at most one half."""
    low, high = 0.0, 40.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):  # the two are neighbours: no number lies between
            return middle
        low, high = (middle, high) if math.erfc(middle / math.sqrt(2)) > 2 * beyond else (low, middle)

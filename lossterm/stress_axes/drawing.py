"""What several axes draw: which rows are hit, nested over levels, and measures that a few hits do not shift."""

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def hit(count: int, level: float, generator: "np.random.Generator") -> "np.ndarray":
    """Return the places of a share of so many rows: those of a level are among those of every higher one.

    The order is drawn whole, so that every level takes as much from the generator.
    """
    return generator.permutation(count)[: round(level * count)]


def spreads(values: "np.ndarray") -> "np.ndarray":
    """Return the standard deviation of each column, (columns,); 0 where a column holds one value or none."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a value
        spread: np.ndarray = np.nan_to_num(np.nanstd(values, axis=0))
    return spread

"""A table as it is trained on: numbers and indices, no text."""

import mmap
from typing import TYPE_CHECKING

import msgspec

from lossterm.data.column import FeatureColumn

if TYPE_CHECKING:
    import numpy as np


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The rows that have a target, in the order of the file or, if requested, of time."""

    features: "np.ndarray"
    """(rows, columns) float32, NaN where missing, or (rows, *input_shape); mapped from the cache, read-only."""
    target: "np.ndarray"
    """(rows, *target_shape) float64, or int64 indices of classes."""
    groups: "np.ndarray | None"
    """(rows,) int64, equal for rows that stay in one split; None if no group was requested."""
    times: "np.ndarray | None"
    """(rows,) int64, the rank of each row's time from 0, never decreasing; None if no time column was requested."""
    weights: "np.ndarray | None" = None
    """(rows,) float32, what each row weighs in training; None where all weigh alike."""
    columns: tuple[FeatureColumn, ...]
    """The features, in order; none for images, sequences and other arrays with shapes."""
    rows: "np.ndarray | None" = None
    """(rows,) int64, the number of each row in its file, as a person finds it there; None where that was not kept."""


def let_go(features: "np.ndarray") -> None:
    """Release the memory of features that are mapped from a file; reading them again loads it anew."""
    if isinstance(features.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        features.base.madvise(mmap.MADV_DONTNEED)

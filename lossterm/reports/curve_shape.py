"""The shape of a curve over epochs: where it starts, falls, levels off, turns and ends."""

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from lossterm.statistics.ranking import Direction
from lossterm.store import Chunk

if TYPE_CHECKING:
    import numpy as np

NOTICEABLE = 0.05
"""Share of a curve's whole range below which it counts as level."""

LAST_SHARE = 10
"""The last epochs are one in this many."""


class CurveShape(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of a curve. Epochs count from 1, and those without a finite value are skipped."""

    start: float
    """First value."""
    end: float
    """Last value."""
    last: int
    """Epoch of the last value."""
    best: float
    """Best value."""
    best_epoch: int
    """The first epoch that has it."""
    constant: bool
    """Whether only the last digits of float32 change."""
    steepest: tuple[int, int] | None
    """Neighbouring epochs with the largest improvement; None if it never improves."""
    level_from: int | None
    """Epoch from which it stays within NOTICEABLE of its end; None if it is not level throughout the last epochs."""
    ending: Literal["better", "worse", "unsteady"] | None
    """How it changes during the last epochs; None if it is level by then."""
    worsened: float
    """By how much the end is worse than the best; 0 if that is not noticeable."""


def joined(chunks: Iterable[Chunk]) -> dict[int, "array[float]"]:
    """Join the chunks of each trial, in their order, into its curve."""
    curves: dict[int, array[float]] = {}
    for chunk in chunks:
        curves.setdefault(chunk.trial, array("f")).extend(chunk.values())
    return curves


def shape_of(values: "np.ndarray", direction: Direction) -> CurveShape | None:
    """Describe a curve of (epochs,) values; None if no value is finite."""
    import numpy as np

    there = np.flatnonzero(np.isfinite(values))
    if not there.size:
        return None
    costs = values[there].astype(np.float64) * (1 if direction == "min" else -1)  # less is better
    best, moved = int(costs.argmin()), float(costs.max() - costs.min())
    noticeable = NOTICEABLE * moved
    tail = max(1, len(costs) // LAST_SHARE)
    off = np.flatnonzero(np.abs(costs - costs[-1]) > noticeable)
    first = int(off[-1]) + 1 if off.size else 0
    level = first <= max(len(costs) - 1 - tail, 0)
    change = float(costs[-1] - costs[max(len(costs) - 1 - tail, 0)])
    steps = np.diff(costs)
    steepest = int(steps.argmin()) if steps.size and steps.min() < 0 else None
    worsened = float(costs[-1] - costs[best])
    return CurveShape(
        start=float(values[there[0]]),
        end=float(values[there[-1]]),
        last=int(there[-1]) + 1,
        best=float(values[there[best]]),
        best_epoch=int(there[best]) + 1,
        constant=moved <= 1e-6 * float(np.abs(costs).max()),
        steepest=None if steepest is None else (int(there[steepest]) + 1, int(there[steepest + 1]) + 1),
        level_from=int(there[first]) + 1 if level else None,
        ending=None if level else "better" if change < -noticeable else "worse" if change > noticeable else "unsteady",
        worsened=worsened if worsened > noticeable else 0.0,
    )


def stacked(curves: "Sequence[array[float]]", columns: int, column: int) -> "np.ndarray":
    """Return one column of each trial as (trials, epochs), NaN where a trial has no finite value."""
    import numpy as np

    every = [np.array(curve[column : len(curve) // columns * columns : columns], np.float64) for curve in curves]
    stack = np.full((len(every), max(map(len, every))), np.nan)
    for place, values in enumerate(every):
        stack[place, : len(values)] = np.where(np.isfinite(values), values, np.nan)
    return stack


def median(values: "np.ndarray") -> "np.ndarray":
    """Return the median of the finite values at each epoch; NaN where there are none."""
    import numpy as np

    there = np.isfinite(values).any(axis=0)
    medians = np.full(values.shape[1], np.nan)
    if there.any():
        medians[there] = np.nanmedian(values[:, there], axis=0)
    return medians

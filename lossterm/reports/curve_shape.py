"""How a curve over epochs goes: where it starts, falls, levels off, turns and ends."""

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from lossterm.statistics.ranking import Direction

if TYPE_CHECKING:
    import numpy as np

NOTICEABLE = 0.05
"""Share of all that a curve moves below which it counts as level."""

LAST_SHARE = 10
"""The end of a curve is one epoch in so many."""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """How a curve goes. Epochs count from 1, and those without a finite value are passed over."""

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
    """Whether nothing moves but the last digits of float32."""
    steepest: tuple[int, int] | None
    """Neighbouring epochs between which it gets better by most; None where it never does."""
    level_from: int | None
    """Epoch from which it stays within NOTICEABLE of its end; None where it is not level throughout the last epochs."""
    ending: Literal["better", "worse", "unsteady"] | None
    """Where it goes during the last epochs, None where it is level by then."""
    worsened: float
    """By how much the end is worse than the best, 0 where that is not noticeable."""


def course(values: "np.ndarray", direction: Direction) -> Course | None:
    """Describe a curve of (epochs,) values; None where none is finite."""
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
    return Course(
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
    """Return one column of each trial as (trials, epochs), NaN where a trial did not get or is not finite."""
    import numpy as np

    every = [np.array(curve[column : len(curve) // columns * columns : columns], np.float64) for curve in curves]
    found = np.full((len(every), max(map(len, every))), np.nan)
    for place, values in enumerate(every):
        found[place, : len(values)] = np.where(np.isfinite(values), values, np.nan)
    return found


def median(values: "np.ndarray") -> "np.ndarray":
    """Return the median over trials at each epoch, of those that are finite; NaN where none is."""
    import numpy as np

    there = np.isfinite(values).any(axis=0)
    found = np.full(values.shape[1], np.nan)
    if there.any():
        found[there] = np.nanmedian(values[:, there], axis=0)
    return found

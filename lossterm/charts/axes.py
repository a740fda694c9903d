"""Axes: which numbers they go between, and the round ones among them that are written."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

FOLLOWED = (1, 99)
"""Percentiles that an upright axis follows."""

SLACK = 0.25
"""Share of the room between them by which it goes beyond, as far as there are values."""

LARGEST = 1e300
"""Size from which a value counts as infinite, so that no difference of two overflows."""

SMALLEST_SIZE = 1 / LARGEST
"""Size up to which a value counts as zero."""

EQUAL = 1e-9
"""Difference of two values, as a share of their size, up to which they count as equal."""
_SAMPLED = 8192
"""Values from which percentiles are computed, evenly spaced among all, if there are more: sorting all is slow."""
_LABELS_EVERY = 4
"""Lines from one label of the upright axis to the next, at least."""
_LABELS_APART = 12
"""Columns from one label of the level axis to the next, at least."""
_MOST_BELOW = 6
"""Stretches into which the level axis is divided at most."""


class Axis(msgspec.Struct, frozen=True):
    """From a lowest to a highest number, linear or logarithmic."""

    low: float
    """Number at the left or below, above 0 on a logarithmic axis."""
    high: float
    """Number at the right or above, larger."""
    ticks: tuple[tuple[float, str], ...] = ()
    """Numbers that are written, each as it is written; where room is short the first come first."""
    log: bool = False
    """Whether equal ratios are equally far apart."""

    def share(self, numbers: np.ndarray) -> np.ndarray:
        """Return how far along the axis numbers lie, 0 at the low end and 1 at the high end."""
        low, high = self.low, self.high
        if self.log:
            low, high, numbers = math.log10(low), math.log10(high), np.log10(numbers)
        return np.asarray((numbers - low) / (high - low))

    def at(self, share: float) -> float:
        """Return the number that lies so far along the axis."""
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)


def value_axis(values: np.ndarray, height: int, *, log: bool = False) -> Axis:
    """Return an upright axis for values, (values,), that a few far outliers do not stretch.

    There is at least one value; all are smaller than LARGEST, and above SMALLEST_SIZE for a logarithmic axis.
    """
    return _log_axis(values, height) if log else _linear_axis(values, height)


def exact_axis(low: float, high: float, height: int) -> Axis:
    """Return a linear upright axis with just these ends, which differ, and round numbers between them."""
    return Axis(low, high, _ends_first(*_round_ticks(low, high, max(2, height // _LABELS_EVERY))))


def _linear_axis(values: np.ndarray, height: int) -> Axis:
    low, high = _limits(values)
    if high - low <= max(EQUAL * max(abs(low), abs(high)), SMALLEST_SIZE):
        aside = 0.5 * abs(low)
        low, high = (low - aside, high + aside) if aside > SMALLEST_SIZE else (0.0, 0.5)
    step = _step((high - low) / max(1, height // _LABELS_EVERY))
    # As multiples of the step, so that zero is zero.
    ticks = step * np.arange(math.floor(low / step + EQUAL), math.ceil(high / step - EQUAL) + 1)
    return Axis(float(ticks[0]), float(ticks[-1]), _ends_first(ticks.tolist(), _written(ticks, step)))


def _log_axis(values: np.ndarray, height: int) -> Axis:
    low, high = _limits(np.log10(values))
    if high - low <= EQUAL:
        low, high = low - 0.5, high + 0.5
    ticks = _log_ticks(10.0**low, 10.0**high, max(2, height // _LABELS_EVERY))
    return Axis(10.0**low, 10.0**high, _ends_first(*ticks), log=True)


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Return the percentiles with their slack; the whole range where next to all values are equal."""
    low, high = float(values.min()), float(values.max())
    under, over = (float(one) for one in np.percentile(values[:: max(1, len(values) // _SAMPLED)], FOLLOWED))
    if over - under <= EQUAL * max(abs(under), abs(over)):
        return low, high
    slack = SLACK * (over - under)
    return max(low, under - slack), min(high, over + slack)


def _log_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Return decades within a range; 1, 2 and 5 times them where there are too few, else round numbers."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = _within([10.0**power for power in range(first, last + 1)], low, high)
    near = _within([digit * 10.0**power for power in range(first, last + 1) for digit in (1, 2, 5)], low, high)
    for ticks in (decades[:: max(1, math.ceil(len(decades) / most))], near):
        if len(ticks) >= 2:
            return ticks, [f"{tick:g}" if 1e-3 <= tick < 1e5 else f"{tick:.0e}" for tick in ticks]
    return _round_ticks(low, high, most)


def _round_ticks(low: float, high: float, most: int) -> tuple[list[float], list[str]]:
    """Return round numbers within a range, equally far apart: at least two."""
    step = _step((high - low) / most)
    while True:
        ticks = step * np.arange(math.ceil(low / step - EQUAL), math.floor(high / step + EQUAL) + 1)
        if len(ticks) >= 2:
            return ticks.tolist(), _written(ticks, step)
        step = _step(step / 2.5)  # the next smaller one


def _within(ticks: Sequence[float], low: float, high: float) -> list[float]:
    return [tick for tick in ticks if low * (1 - EQUAL) <= tick <= high * (1 + EQUAL)]


def even_axis(first: int, last: int, width: int) -> Axis:
    """Return a level axis from one whole number to another, such as epochs, with both and round ones between written.

    One that is alone stands in the middle.
    """
    if first == last:
        return Axis(first - 0.5, first + 0.5, ((first, str(first)),))
    step = max(1, round(_step((last - first) / max(1, min(_MOST_BELOW, width // _LABELS_APART)))))
    between = range(first - first % step + step, last, step)
    return Axis(first, last, tuple((float(tick), str(tick)) for tick in (first, last, *between)))


def _step(rough: float) -> float:
    """Return the next round number that is at least as large: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough * (1 - EQUAL))


def _written(ticks: np.ndarray, step: float) -> list[str]:
    """Write multiples of a step with as many digits as tell them apart."""
    size, fine = (math.floor(math.log10(one) + EQUAL) for one in (float(np.abs(ticks).max()), step))
    if size >= 5 or fine < -5:
        return [f"{tick:.{size - fine}e}" if tick else "0" for tick in ticks]
    return [f"{tick:.{max(0, -fine)}f}" for tick in ticks]


def _ends_first(ticks: Sequence[float], labels: Sequence[str]) -> tuple[tuple[float, str], ...]:
    written = list(zip(ticks, labels, strict=True))
    return (written[0], *written[:0:-1])

"""Axes: which numbers they go between, and the round ones among them that are written."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

FOLLOWED = (1, 99)
"""Percentiles that an upright axis follows."""

SLACK = 0.25
"""Share of the range by which an axis extends beyond it, at most to the outermost values."""

LARGEST = 1e300
"""Size from which a value counts as infinite, so that no difference of two overflows."""

SMALLEST_SIZE = 1 / LARGEST
"""Size up to which a value counts as zero."""

EQUAL = 1e-9
"""Difference of two values, as a share of their size, up to which they count as equal."""

FLAT = 1e-6
"""Range of values, as a share of their size, up to which they count as one: what is trained is recorded in single
precision, whose last digits change although nothing else does."""

Scale = Literal["linear", "log", "quantiles"]
"""How numbers are laid out along an axis: at equal distances, at equal ratios, or as many values to equal parts."""

_FEWEST_SCALED = 10
"""Values below which no scale but the linear one is worth it."""
_CROWDED = 12
"""How many times as wide as the middle half of the values nearly all are, from which most would lie in one blob."""
_KNOTS = 41
"""Quantiles that an axis by quantiles goes by."""

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
    knots: tuple[float, ...] = ()
    """On an axis by quantiles, numbers from `low` to `high` between which equal shares of the values lie."""

    def share(self, numbers: np.ndarray) -> np.ndarray:
        """Return how far along the axis numbers lie, 0 at the low end and 1 at the high end."""
        low, high = self.low, self.high
        if self.knots:
            return np.asarray(np.interp(numbers, self.knots, np.linspace(0, 1, len(self.knots))))
        if self.log:
            low, high, numbers = math.log10(low), math.log10(high), np.log10(numbers)
        return np.asarray((numbers - low) / (high - low))

    def at(self, share: float) -> float:
        """Return the number that lies so far along the axis."""
        if self.knots:
            return float(np.interp(share, np.linspace(0, 1, len(self.knots)), self.knots))
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)


def value_axis(values: np.ndarray, height: int, *, log: bool = False) -> Axis:
    """Return an upright axis for values, (values,), that a few far outliers do not stretch.

    There is at least one value; all are smaller than LARGEST, and above SMALLEST_SIZE for a logarithmic axis.
    """
    return _log_axis(values, height) if log else _linear_axis(values, height)


def scale_for(values: np.ndarray) -> Scale:
    """Return the scale that shows most of values, (values,): linear, unless nearly all would lie in a small part of it.

    Then logarithmic where all are above zero, else by quantiles.
    """
    if len(values) < _FEWEST_SCALED:
        return "linear"
    low, first, middle, last, high = (float(one) for one in np.quantile(values, (0.01, 0.25, 0.5, 0.75, 0.99)))
    if high - low <= _CROWDED * (last - first) and (last > first or flat(low, high)):
        return "linear"
    if values.min() <= SMALLEST_SIZE:
        return "quantiles"
    logs = np.log10((low, first, middle, last, high))
    return "log" if logs[3] > logs[1] and logs[4] - logs[0] <= _CROWDED * (logs[3] - logs[1]) else "quantiles"


def scaled_axis(values: np.ndarray, scale: Scale, cells: int, *, level: bool = False) -> Axis:
    """Return an axis that holds all of values, (values,), on a scale, in so many cells; `level` for one below a chart.

    There is at least one value; all are smaller than LARGEST, and above SMALLEST_SIZE for a logarithmic scale.
    """
    low, high = float(values.min()), float(values.max())
    most = max(2, cells // (_LABELS_APART if level else _LABELS_EVERY))
    if scale == "quantiles" and (knots := _knots(values)):
        steps = np.linspace(0, 1, min(most, _MOST_BELOW) + 1)
        written = np.interp(steps, np.linspace(0, 1, len(knots)), knots).tolist()
        return Axis(low, high, _ends_first(written, [brief(tick) for tick in written]), knots=knots)
    if scale == "log":
        axis = _log_between(math.log10(low), math.log10(high), most)
        return msgspec.structs.replace(axis, ticks=tuple((tick, brief(tick)) for tick, _ in axis.ticks))
    if flat(low, high):
        aside = 0.5 * (abs(low) or 1.0)
        low, high = low - aside, high + aside
    ticks, labels = _round_ticks(low, high, min(most, _MOST_BELOW) if level else most)
    if any("e" in label for label in labels):
        labels = [brief(tick) for tick in ticks]
    return Axis(low, high, _ends_first(ticks, labels))


def brief(value: float) -> str:
    """Write a number with three digits, as labels do: 0, −1.25, 1,234, 341k, 1.2M, 3e−07."""
    size = abs(value)
    units = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
    unit, letter = next(((one, sign) for one, sign in units if max(one, 1e4) <= size < 1e12), (1.0, ""))
    whole = 999.5 <= size / unit < 1e4 and unit in (1.0, 1e9)
    return (f"{value / unit:,.0f}" if whole else f"{value / unit:.3g}").replace("-", "−") + letter


def _knots(values: np.ndarray) -> tuple[float, ...]:
    """Return the quantiles of values that an axis has as its knots, each once; () where they are too few."""
    knots = np.unique(np.quantile(values, np.linspace(0, 1, _KNOTS)))
    return tuple(knots.tolist()) if len(knots) > 2 else ()


def exact_axis(low: float, high: float, height: int) -> Axis:
    """Return a linear upright axis with just these ends, which differ, and round numbers between them."""
    return Axis(low, high, _ends_first(*_round_ticks(low, high, max(2, height // _LABELS_EVERY))))


def flat(low: float, high: float) -> bool:
    """Whether values from a lowest to a highest one differ by rounding alone, or not at all."""
    return high - low <= max(FLAT * max(abs(low), abs(high)), SMALLEST_SIZE)


def _linear_axis(values: np.ndarray, height: int) -> Axis:
    low, high = _limits(values)
    if flat(low, high):
        aside = 0.5 * abs(low)
        low, high = (low - aside, high + aside) if aside > SMALLEST_SIZE else (0.0, 0.5)
    return round_axis(low, high, height // _LABELS_EVERY)


def round_axis(low: float, high: float, stretches: int) -> Axis:
    """Return a linear axis that holds two numbers, which differ, between round ends: they seldom move as numbers do.

    It is divided by round numbers into about so many stretches.
    """
    step = _step((high - low) / max(1, stretches))
    # As multiples of the step, so that zero is zero.
    ticks = step * np.arange(math.floor(low / step + EQUAL), math.ceil(high / step - EQUAL) + 1)
    return Axis(float(ticks[0]), float(ticks[-1]), _ends_first(ticks.tolist(), _written(ticks, step)))


def _log_axis(values: np.ndarray, height: int) -> Axis:
    return _log_between(*_limits(np.log10(values)), max(2, height // _LABELS_EVERY))


def _log_between(low: float, high: float, most: int) -> Axis:
    """Return a logarithmic axis between two powers of ten."""
    if high - low <= FLAT:
        low, high = low - 0.5, high + 0.5
    ticks = _log_ticks(10.0**low, 10.0**high, most)
    return Axis(10.0**low, 10.0**high, _ends_first(*ticks), log=True)


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Return the percentiles with their slack; the whole range where next to all values are equal."""
    low, high = float(values.min()), float(values.max())
    under, over = (float(one) for one in np.percentile(values[:: max(1, len(values) // _SAMPLED)], FOLLOWED))
    if flat(under, over):
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

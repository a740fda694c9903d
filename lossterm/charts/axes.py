"""A canvas with axes: numbers become places on it, and round numbers are written at its left and below."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec
import numpy as np
from rich.text import Span, Text

from lossterm.charts.canvas import TALL, WIDE, Canvas, fitted
from lossterm.charts.loss_colours import Colour

FOLLOWED = (1, 99)
"""Percentiles that an upright axis follows."""

SLACK = 0.25
"""Share of the room between them by which it goes beyond, as far as there are values."""

LARGEST = 1e300
"""Size from which a value counts as infinite, so that no difference of two overflows."""

SMALLEST_SIZE = 1 / LARGEST
"""Size up to which a value counts as zero."""

_EQUAL = 1e-9
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
    if high - low <= max(_EQUAL * max(abs(low), abs(high)), SMALLEST_SIZE):
        aside = 0.5 * abs(low)
        low, high = (low - aside, high + aside) if aside > SMALLEST_SIZE else (0.0, 0.5)
    step = _step((high - low) / max(1, height // _LABELS_EVERY))
    # As multiples of the step, so that zero is zero.
    ticks = step * np.arange(math.floor(low / step + _EQUAL), math.ceil(high / step - _EQUAL) + 1)
    return Axis(float(ticks[0]), float(ticks[-1]), _ends_first(ticks.tolist(), _written(ticks, step)))


def _log_axis(values: np.ndarray, height: int) -> Axis:
    low, high = _limits(np.log10(values))
    if high - low <= _EQUAL:
        low, high = low - 0.5, high + 0.5
    ticks = _log_ticks(10.0**low, 10.0**high, max(2, height // _LABELS_EVERY))
    return Axis(10.0**low, 10.0**high, _ends_first(*ticks), log=True)


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Return the percentiles with their slack; the whole range where next to all values are equal."""
    low, high = float(values.min()), float(values.max())
    under, over = (float(one) for one in np.percentile(values[:: max(1, len(values) // _SAMPLED)], FOLLOWED))
    if over - under <= _EQUAL * max(abs(under), abs(over)):
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
        ticks = step * np.arange(math.ceil(low / step - _EQUAL), math.floor(high / step + _EQUAL) + 1)
        if len(ticks) >= 2:
            return ticks.tolist(), _written(ticks, step)
        step = _step(step / 2.5)  # the next smaller one


def _within(ticks: Sequence[float], low: float, high: float) -> list[float]:
    return [tick for tick in ticks if low * (1 - _EQUAL) <= tick <= high * (1 + _EQUAL)]


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
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough * (1 - _EQUAL))


def _written(ticks: np.ndarray, step: float) -> list[str]:
    """Write multiples of a step with as many digits as tell them apart."""
    size, fine = (math.floor(math.log10(one) + _EQUAL) for one in (float(np.abs(ticks).max()), step))
    if size >= 5 or fine < -5:
        return [f"{tick:.{size - fine}e}" if tick else "0" for tick in ticks]
    return [f"{tick:.{max(0, -fine)}f}" for tick in ticks]


def _ends_first(ticks: Sequence[float], labels: Sequence[str]) -> tuple[tuple[float, str], ...]:
    written = list(zip(ticks, labels, strict=True))
    return (written[0], *written[:0:-1])


class Plot:
    """A canvas between an upright axis at the left and a level one below; `canvas` is what there is to draw on."""

    def __init__(self, width: int, height: int, x: Axis, y: Axis, *, labelled: bool = True, margin: int = 0) -> None:
        """Lay out `width` × `height` cells; `labelled` for the level axis, `margin` columns at the right are kept free.

        The canvas is at least one cell wide and high. Labels that would take more than half of the width are left out.
        """
        self.x, self.y, self._labelled, self._width = x, y, labelled, width
        label = max([len(label) for _, label in y.ticks], default=0)
        self.left = 1 + (label if 2 * label <= width - margin else 0)
        self.canvas = Canvas(max(1, width - self.left - margin), max(1, height - (2 if labelled else 0)))

    def line(self, x: np.ndarray, y: np.ndarray, colour: Colour) -> None:
        """Draw the line through points, (points,) each, x ascending; y is NaN in its gaps, through which no line goes.

        Each column of dots is filled from the lowest to the highest value in it, so that spikes survive. What lies
        beyond the upright axis is drawn at its edge.
        """
        if len(x):
            low, high = self._envelope(x, y)
            last = TALL * self.canvas.rows - 1
            self.canvas.fill(np.clip(self._dot_row(high), 0, last), np.clip(self._dot_row(low), 0, last), colour)

    def clipped(self, x: np.ndarray, y: np.ndarray, colour: Colour) -> None:
        """Mark at the upper and lower edge where points go beyond the upright axis."""
        for beyond, row, sign in (
            (y > self.y.high + _EQUAL * abs(self.y.high), 0, "▲"),
            (y < self.y.low - _EQUAL * abs(self.y.low), self.canvas.rows - 1, "▼"),
        ):
            if beyond.any():
                for column in np.unique(self._columns(x[beyond])).tolist():
                    self.canvas.mark(column, row, sign, colour)

    def area(self, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the cells that the area between two lines goes through, (rows, columns) of bool; NaN in their gaps."""
        if not len(x):
            return np.zeros((self.canvas.rows, self.canvas.columns), bool)
        bottom, top = self._envelope(x, low)[0], self._envelope(x, high)[1]
        bottom, top = (
            one(edge.reshape(-1, WIDE), axis=1) for one, edge in ((np.fmin.reduce, bottom), (np.fmax.reduce, top))
        )
        inside = (top >= self.y.low) & (bottom <= self.y.high)
        rows = np.arange(self.canvas.rows)[:, None]
        edges = (np.clip(one, self.y.low, self.y.high) for one in (top, bottom))
        above, below = (self._dot_row(edge) // TALL for edge in edges)
        return np.asarray((rows >= above) & (rows <= below) & inside)

    def mark(self, x: float, y: float, sign: str, colour: Colour) -> None:
        """Put a character at a point; one beyond the upright axis goes to its edge."""
        self.canvas.mark(self.column(x), self.row(y), sign, colour)

    def column(self, x: float) -> int:
        """Return the column of the canvas that a number lies in."""
        return int(self._columns(np.array([x]))[0])

    def row(self, y: float) -> int:
        """Return the row of the canvas that a number lies in, the first or last for one beyond the axis."""
        return int(np.clip(self._dot_row(np.array([y]))[0] // TALL, 0, self.canvas.rows - 1))

    @property
    def _dots_wide(self) -> int:
        return WIDE * self.canvas.columns

    def _dot(self, x: np.ndarray) -> np.ndarray:
        return self.x.share(x) * (self._dots_wide - 1)

    def _columns(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(np.floor(self._dot(x) + 0.5).astype(int) // WIDE)

    def _dot_row(self, y: np.ndarray) -> np.ndarray:
        return np.asarray(np.rint((1 - self.y.share(y)) * (TALL * self.canvas.rows - 1)))

    def _envelope(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the lowest and highest value of the line through points in each column of dots, NaN where it is not.

        Columns that touch share the value at their common edge, so that what is drawn has no gaps but the line's own.
        """
        dots, edges = self._dot(x), np.arange(self._dots_wide + 1) - 0.5
        at = np.interp(edges, dots, y, left=math.nan, right=math.nan)
        low, high = np.fmin(at[:-1], at[1:]), np.fmax(at[:-1], at[1:])
        starts = np.searchsorted(dots, edges)
        holds = np.flatnonzero(np.diff(starts))
        if len(holds):
            within, first = slice(starts[holds[0]], starts[holds[-1] + 1]), starts[holds] - starts[holds[0]]
            low[holds] = np.fmin(low[holds], np.fmin.reduceat(y[within], first))
            high[holds] = np.fmax(high[holds], np.fmax.reduceat(y[within], first))
        return low, high

    def lines(self) -> list[Text]:
        """Return the chart, every line as wide as it was asked to be."""
        labels: dict[int, str] = {}
        for tick, label in self.y.ticks:
            if -_EQUAL <= float(self.y.share(np.array([tick]))[0]) <= 1 + _EQUAL:
                labels.setdefault(self.row(tick), label)
        width = self.left - 1
        found = []
        for row, line in enumerate(self.canvas.lines()):
            label = (labels.get(row, "").rjust(width) if width else "") + ("┤" if row in labels else "│")
            shifted = [Span(start + self.left, end + self.left, style) for start, end, style in line.spans]
            found.append(Text(label + line.plain, spans=[Span(0, self.left, "dim"), *shifted]))
        return [fitted(line, self._width) for line in chain(found, self._below())]

    def _below(self) -> Iterator[Text]:
        if not self._labelled:
            return
        rule, names = ["─"] * self.canvas.columns, [" "] * (self.left + self.canvas.columns)
        for tick, label in self.x.ticks:
            column = self.column(tick)
            start = min(max(self.left + column - len(label) // 2, 0), len(names) - len(label))
            around = names[max(start - 1, 0) : start + len(label) + 1]
            if 0 <= column < len(rule) and start >= 0 and not "".join(around).strip():
                rule[column] = "┬"
                names[start : start + len(label)] = label
        yield Text(" " * (self.left - 1) + "└" + "".join(rule), "dim")
        yield Text("".join(names), "dim")


def span_of(lines: Sequence[Text]) -> tuple[list[int], int]:
    """Return which lines of a chart lie above its level axis, and the column right of the upright one."""
    rows = [place for place, line in enumerate(lines) if set(line.plain) & set("│┤")]
    if not rows:
        return [], 0
    return rows, 1 + next(place for place, sign in enumerate(lines[rows[0]].plain) if sign in "│┤")

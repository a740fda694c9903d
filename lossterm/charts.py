"""Numbers to terminal charts, drawn by plotext. Slow to import, so the app does it after its first paint."""

from array import array
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from plotext import _figure
from rich.text import Text

LEFT_OUT = 99
"""Percentile of the values beyond which a far outlier does not stretch the axis."""

MOST_MEDIANS = 512
"""Epochs at which a median over trials is taken."""


class Series(msgspec.Struct, frozen=True):
    """One line of a chart."""

    values: np.ndarray
    """(epochs,), not finite where nothing is to be drawn."""
    colour: tuple[int, int, int]
    """Red, green, blue."""


def median_curve(curves: Iterable["array[float]"], columns: int, column: int) -> np.ndarray:
    """Return the median over trials of one column at each epoch, over those trials that got there and are finite.

    `curves` hold (epochs, columns) row by row; the result has as many epochs as the longest, NaN where none is finite.
    Of several long curves only MOST_MEDIANS epochs are looked at, the first and the last among them, NaN between: a
    median over trials has no spikes that could be lost.
    """
    picked = [np.asarray(curve, np.float32)[column::columns] for curve in curves]
    picked = [one for one in picked if len(one)]
    if len(picked) < 2:
        return picked[0] if picked else np.empty(0, np.float32)
    longest = max(map(len, picked))
    looked_at = np.unique(np.linspace(0, longest - 1, min(longest, MOST_MEDIANS)).astype(int))
    together = np.full((len(picked), len(looked_at)), np.nan, np.float32)
    for row, one in zip(together, picked, strict=True):
        there = looked_at[looked_at < len(one)]
        row[: len(there)] = one[there]
    together[~np.isfinite(together)] = np.nan
    order = np.sort(together, axis=0)  # NaN sorts last
    count = np.isfinite(order).sum(axis=0)
    place = np.arange(order.shape[1])
    low, high = order[np.maximum((count - 1) // 2, 0), place], order[np.minimum(count // 2, len(order) - 1), place]
    median = np.full(longest, np.nan, np.float32)
    median[looked_at] = np.where(count > 0, (low + high) / 2, np.nan)
    return median


def decimate(values: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return epochs (from 1) and values with at most two points a column, its minimum and maximum; spikes survive."""
    epochs = np.flatnonzero(np.isfinite(values))
    if len(epochs) <= 2 * columns:
        return epochs + 1, values[epochs]
    kept = [0, len(epochs) - 1]
    for part in np.array_split(np.arange(len(epochs)), columns):
        kept += [part[values[epochs[part]].argmin()], part[values[epochs[part]].argmax()]]
    epochs = epochs[np.unique(kept)]
    return epochs + 1, values[epochs]


def line_chart(series: Sequence[Series], width: int, height: int, epochs: int) -> list[Text]:
    """Draw series over epochs 1 … `epochs` in `width` × `height` cells; the first series lie on top.

    Returns one Text per line, all of the given width; words where there is nothing finite to draw.
    """
    points = [(decimate(one.values, width), one.colour) for one in series]
    finite = np.concatenate([values for (_, values), _ in points]) if points else np.empty(0)
    if not len(finite):
        return [Text("Nothing to draw:", "dim"), Text("every training diverged at once.", "dim")]
    if width < 12 or height < 4:
        return [Text("Too small to draw.", "dim")]
    low, high = _limits(finite)
    figure = _figure._figure_class()
    figure._limit_size(False, False)  # or plotext cuts the chart to the terminal that the process started in
    figure.plotsize(width, height)
    figure.theme("clear")
    figure.xaxes(True, False)
    figure.yaxes(True, False)
    figure.xlim(1, max(epochs, 2))
    figure.ylim(low, high)
    figure.xticks(*_epoch_ticks(max(epochs, 2), width))
    figure.yticks(*_value_ticks(low, high, height))
    for (x, y), colour in reversed(points):
        if len(x):
            # One point is no line: plotext would draw nothing.
            x, y = (np.repeat(x, 2), np.repeat(y, 2)) if len(x) == 1 else (x, y)  # noqa: PLW2901  same names on purpose
            figure.plot(x.tolist(), np.clip(y, low, high).tolist(), marker="braille", color=colour)
    lines = figure.build().rstrip("\n").split("\n")
    return [_fitted(Text.from_ansi(line), width) for line in lines[:height]]


def _limits(finite: np.ndarray) -> tuple[float, float]:
    low, high = float(finite.min()), float(finite.max())
    most = float(np.percentile(finite, LEFT_OUT))
    if high - low > 5 * (most - low) > 0:
        high = most  # a few points far out would press all the rest flat
    if high - low < 1e-9 * max(abs(high), 1e-9):
        low, high = low - 0.5 * abs(low or 1), high + 0.5 * abs(high or 1)
    return low, high


def _epoch_ticks(epochs: int, width: int) -> tuple[list[int], list[str]]:
    count = max(2, min(6, width // 12))
    ticks = sorted({round(tick) for tick in np.linspace(1, epochs, count)})
    return ticks, [str(tick) for tick in ticks]


def _value_ticks(low: float, high: float, height: int) -> tuple[list[float], list[str]]:
    ticks = np.linspace(low, high, max(2, min(6, height // 3))).tolist()
    digits = max(0, 2 - int(np.floor(np.log10(high - low)))) if high > low else 3
    big = max(abs(low), abs(high)) >= 1e4 or digits > 6
    return ticks, [f"{tick:.1e}" if big else f"{tick:.{digits}f}" for tick in ticks]


def _fitted(line: Text, width: int) -> Text:
    line.truncate(width, pad=True)
    return line

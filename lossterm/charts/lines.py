"""Curves over epochs: medians and bands over seeds, decimated to the columns there are."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text

from lossterm.charts.canvas import SMALLEST, Colour, built, canvas_of, frame, limits

MOST_MEDIANS = 512
"""Epochs at which a median over trials is taken."""

BAND = (0.1, 0.9)
"""Quantiles over the seeds between which a band is drawn."""


class Series(msgspec.Struct, frozen=True):
    """One line of a chart."""

    values: np.ndarray
    """(epochs,), not finite where nothing is to be drawn."""
    colour: Colour
    """Its colour."""


class Band(msgspec.Struct, frozen=True):
    """The area between two lines, drawn as a tint behind them."""

    low: np.ndarray
    """(epochs,), not finite where nothing is to be drawn."""
    high: np.ndarray
    """(epochs,)."""
    colour: Colour
    """The tint."""


def median_curve(curves: Iterable["array[float]"], columns: int, column: int) -> np.ndarray:
    """Return the median over trials of one column at each epoch, over those trials that got there and are finite.

    `curves` hold (epochs, columns) row by row; the result has as many epochs as the longest, NaN where none is finite.
    Of several long curves only MOST_MEDIANS epochs are looked at, the first and the last among them, NaN between: a
    median over trials has no spikes that could be lost.
    """
    picked = seed_curves(curves, columns, column)
    return picked[0] if len(picked) == 1 else _quantiles(picked, (0.5,))[0]


def band_of(curves: Iterable["array[float]"], columns: int, column: int, colour: Colour) -> Band | None:
    """Return the band over trials of one column, None for fewer than two trials; see `median_curve`."""
    picked = seed_curves(curves, columns, column)
    if len(picked) < 2:
        return None
    low, high = _quantiles(picked, BAND)
    return Band(low, high, colour)


def seed_curves(curves: Iterable["array[float]"], columns: int, column: int) -> list[np.ndarray]:
    """Return one column of each trial that has any epoch, (epochs,) each."""
    picked = [np.asarray(curve, np.float32)[column::columns] for curve in curves]
    return [one for one in picked if len(one)]


def _quantiles(picked: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    """Return quantiles over trials, (shares, epochs), interpolated linearly; NaN where nothing is known."""
    longest = max(map(len, picked), default=0)
    looked_at = np.unique(np.linspace(0, longest - 1, min(longest, MOST_MEDIANS)).astype(int))
    together = np.full((len(picked), len(looked_at)), np.nan, np.float32)
    for row, one in zip(together, picked, strict=True):
        there = looked_at[looked_at < len(one)]
        row[: len(there)] = one[there]
    together[~np.isfinite(together)] = np.nan
    order = np.sort(together, axis=0)  # NaN sorts last
    count = np.isfinite(order).sum(axis=0)
    place = np.arange(len(looked_at))
    found = np.full((len(shares), longest), np.nan, np.float32)
    for line, share in zip(found, shares, strict=True):
        exact = share * np.maximum(count - 1, 0)
        below = exact.astype(int)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        low, high = order[below, place], order[above, place]
        line[looked_at] = np.where(count > 0, low + (high - low) * (exact - below), np.nan)
    return found


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


def line_chart(
    series: Sequence[Series], width: int, height: int, epochs: int, bands: Sequence[Band] = ()
) -> list[Text]:
    """Draw series over epochs 1 … `epochs` in `width` × `height` cells; the first series lie on top, bands behind.

    Returns one Text per line, all of the given width; words where there is nothing finite to draw.
    """
    points = [(decimate(one.values, width), one.colour) for one in series]
    finite = np.concatenate([values for (_, values), _ in points]) if points else np.empty(0)
    if not len(finite):
        return [Text("Nothing to draw:", "dim"), Text("every training diverged at once.", "dim")]
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return [Text("Too small to draw.", "dim")]
    edges = [decimate(line, width)[1] for band in bands for line in (band.low, band.high)]
    low, high = limits(np.concatenate([finite, *edges]))
    last = max(epochs, 2)
    figure = frame(width, height, (1, last), (low, high), _epoch_ticks(last, width))
    for (x, y), colour in reversed(points):
        if len(x):
            # One point is no line: plotext would draw nothing.
            x, y = (np.repeat(x, 2), np.repeat(y, 2)) if len(x) == 1 else (x, y)  # noqa: PLW2901  same names on purpose
            figure.plot(x.tolist(), np.clip(y, low, high).tolist(), marker="braille", color=colour)
    lines = built(figure, width, height)
    _tint(lines, bands, last, (low, high))
    return lines


def _tint(lines: Sequence[Text], bands: Sequence[Band], epochs: int, ends: tuple[float, float]) -> None:
    """Colour the ground of the cells that lie in a band; where bands overlap, with the mean of their tints."""
    canvas, left = canvas_of(lines)
    if not bands or not canvas:
        return
    height, width = len(canvas), len(lines[0].plain) - left
    low, high = ends
    colours, counts = np.zeros((height, width, 3)), np.zeros((height, width))
    middles = high - (np.arange(height) + 0.5) / height * (high - low)
    for band in bands:
        there = np.flatnonzero(np.isfinite(band.low) & np.isfinite(band.high))
        if not len(there):
            continue
        at = np.linspace(0, epochs - 1, width)
        inside = at <= there[-1]
        bottom, top = (np.interp(at, there, line[there]) for line in (band.low, band.high))
        reach = (high - low) / height / 2  # a band thinner than a cell still tints the cell it passes through
        cells = (middles[:, None] >= bottom - reach) & (middles[:, None] <= top + reach) & inside
        colours[cells] += band.colour
        counts += cells
    for row, line in enumerate(canvas):
        for start, end in _runs(counts[row], colours[row]):
            if counts[row, start]:
                mean = (int(part) for part in colours[row, start] / counts[row, start])
                lines[line].stylize(Style(bgcolor=Color.from_rgb(*mean)), left + start, left + end)


def _runs(counts: np.ndarray, colours: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield start and end of the stretches in which neither count nor colour changes."""
    changes = (np.diff(counts) != 0) | (np.diff(colours, axis=0) != 0).any(axis=1)
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(counts)]
    yield from pairwise(edges)


def _epoch_ticks(epochs: int, width: int) -> tuple[list[int], list[str]]:
    count = max(2, min(6, width // 12))
    ticks = sorted({round(tick) for tick in np.linspace(1, epochs, count)})
    return ticks, [str(tick) for tick in ticks]

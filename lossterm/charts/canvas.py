"""The ground that every chart is drawn on: a plotext figure with axes, and its text as Rich knows it.

plotext 5.3.2 wants a fresh figure for each drawing, nothing but finite numbers, and not to look at the terminal itself.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from plotext import _figure
from rich.text import Text

Colour = tuple[int, int, int]
"""Red, green, blue."""

LEFT_OUT = 99
"""Percentile of the values beyond which a far outlier does not stretch the axis."""

SMALLEST = (12, 4)
"""Columns and lines below which nothing can be drawn."""


def frame(
    width: int,
    height: int,
    x: tuple[float, float],
    y: tuple[float, float],
    ticks: tuple[Sequence[float], Sequence[str]],
    *,
    labelled: bool = True,
) -> Any:
    """Return an empty plotext figure with axes at the left and, unless it is not labelled, below."""
    figure = _figure._figure_class()
    figure._limit_size(False, False)  # or plotext cuts the chart to the terminal that the process started in
    figure.plotsize(width, height)
    figure.theme("clear")
    figure.xaxes(labelled, False)
    figure.yaxes(True, False)
    figure.xlim(*x)
    figure.ylim(*y)
    figure.xticks(*ticks)
    figure.yticks(*_value_ticks(*y, height))
    return figure


def built(figure: Any, width: int, height: int) -> list[Text]:
    """Return a figure's lines, all of the given width."""
    lines = figure.build().rstrip("\n").split("\n")
    return [_fitted(Text.from_ansi(line), width) for line in lines[:height]]


def canvas_of(lines: Sequence[Text]) -> tuple[list[int], int]:
    """Return which lines of a chart lie above its axis, and the column right of the axis at the left."""
    rows = [place for place, line in enumerate(lines) if set(line.plain) & set("│┤")]
    if not rows:
        return [], 0
    return rows, 1 + next(place for place, mark in enumerate(lines[rows[0]].plain) if mark in "│┤")


def written(line: Text, words: str, column: int) -> Text:
    """Write words into a line, unless something is drawn there already."""
    end = column + len(words)
    if column < 0 or line.plain[column - 1 : end + 1].strip(" \u2800"):
        return line
    before, _, after = line.divide([column, end])
    return Text.assemble(before, (words, "dim"), after)


def limits(finite: np.ndarray) -> tuple[float, float]:
    """Return the lowest and highest value of an axis."""
    low, high = float(finite.min()), float(finite.max())
    most = float(np.percentile(finite, LEFT_OUT))
    if high - low > 5 * (most - low) > 0:
        high = most  # a few points far out would press all the rest flat
    if high - low < 1e-9 * max(abs(high), 1e-9):
        low, high = low - 0.5 * abs(low or 1), high + 0.5 * abs(high or 1)
    return low, high


def _value_ticks(low: float, high: float, height: int) -> tuple[list[float], list[str]]:
    ticks = np.linspace(low, high, max(2, min(6, height // 3))).tolist()
    digits = max(0, 2 - int(np.floor(np.log10(high - low)))) if high > low else 3
    big = max(abs(low), abs(high)) >= 1e4 or digits > 6
    return ticks, [f"{tick:.1e}" if big else f"{tick:.{digits}f}" for tick in ticks]


def _fitted(line: Text, width: int) -> Text:
    line.truncate(width, pad=True)
    return line

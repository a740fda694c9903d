"""A canvas between two axes: numbers become places on it, and round numbers are written at its left and below."""

import math
from collections.abc import Iterator

import numpy as np
from rich.text import Text

from lossterm.charts.axes import EQUAL, Axis
from lossterm.charts.canvas import TALL, WIDE, Canvas, fitted
from lossterm.charts.drawing import Drawing, Region
from lossterm.charts.loss_colours import Colour


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
            (y > self.y.high + EQUAL * abs(self.y.high), 0, "▲"),
            (y < self.y.low - EQUAL * abs(self.y.low), self.canvas.rows - 1, "▼"),
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

    def drawing(self) -> Drawing:
        """Return the chart, every line as wide as it was asked to be."""
        region = Region(left=self.left, top=0, columns=self.canvas.columns, rows=self.canvas.rows, x=self.x)
        return Drawing(lines=tuple(self._lines()), regions=(region,))

    def _lines(self) -> Iterator[Text]:
        labels: dict[int, str] = {}
        for tick, label in self.y.ticks:
            if -EQUAL <= float(self.y.share(np.array([tick]))[0]) <= 1 + EQUAL:
                labels.setdefault(self.row(tick), label)
        width = self.left - 1
        for row, line in enumerate(self.canvas.lines()):
            label = (labels.get(row, "").rjust(width) if width else "") + ("┤" if row in labels else "│")
            yield fitted(Text.assemble((label, "dim"), line), self._width)
        for line in self._below():
            yield fitted(line, self._width)

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

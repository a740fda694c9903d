"""plotext behind one seam: numbers between two axes go in, lines of text and the region that they lie in come out.

plotext lays out the axes and draws lines and dots. What it cannot do is done to its matrix of cells after it has drawn:
tints behind the curves, and marks that stand for what lies beyond the axes, for a cursor or for the end of a training.

It is given places along the axes, from 0 to 1, not the numbers: its own logarithmic axis takes limits in other units
than data, NaN breaks it, and differences of the largest numbers overflow. The labels of the axes are ours too.

plotext's public functions share one figure in the process, while charts here are drawn in threads: so its classes of a
figure and of a matrix are used by their private names, as they are in 5.3.
"""

from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import groupby

import numpy as np
from plotext._figure import _figure_class as Figure  # noqa: N812  the public functions share one figure; threads draw
from plotext._matrix import matrix_class as Matrix  # noqa: N812  plotext's name for a class
from rich.color import Color
from rich.style import Style
from rich.text import Span, Text

from lossterm.charts.axes import EQUAL, Axis
from lossterm.charts.decimation import Line, decimated, rounded
from lossterm.charts.drawing import Drawing, Region
from lossterm.charts.loss_colours import Colour
from lossterm.charts.text_lines import fitted

TALL, WIDE = 4, 2
"""Dots of a cell."""

_BRAILLE, _NONE, _BLANK = "braille", "default", " "
"""plotext's words for a marker, for no colour, and what stands in an empty cell."""

_ALONE = "bold"
"""A style of plotext's, by which dots are known that share their cell with no line; it is not shown."""

_CellColour = Colour | str
_Ends = tuple[float, float]
_ENDS: _Ends = (0, 1)


class Plot:
    """What is to be drawn between an upright axis at the left and a level one below."""

    def __init__(self, width: int, height: int, x: Axis, y: Axis, *, labelled: bool = True, margin: int = 0) -> None:
        """Lay out `width` × `height` cells; `labelled` for the level axis, `margin` columns at the right are kept free.

        The canvas is at least one cell wide and high. Labels that would take more than half of the width are left out.
        """
        self.x, self.y, self.labelled = x, y, labelled
        self.width, self.height, self.margin = width, height, margin
        label = max([len(label) for _, label in y.ticks], default=0)
        self.y_labels = 2 * label <= width - margin
        self.columns = max(1, width - margin - 1 - (label if self.y_labels else 0))
        self.rows = max(1, height - (2 if labelled else 0))
        self._lines: list[tuple[Line, Colour]] = []
        self._dots: list[tuple[Line, Colour]] = []

    def line(self, x: np.ndarray, y: np.ndarray, colour: Colour) -> None:
        """Draw the line through points, (points,) each, x ascending; y is NaN in its gaps, through which no line goes.

        What lies beyond the upright axis is drawn at its edge.
        """
        across, up = self._across(x), self._up(y)
        there = np.flatnonzero(np.isfinite(up))
        for part in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1) if len(there) else ():
            self._lines.append((Line(across[part], up[part]), colour))

    def dots(self, x: np.ndarray, y: np.ndarray, colour: Colour) -> None:
        """Set single dots, (points,) each, finite, above all lines; each place once, however many points lie there.

        A cell that has one shows nothing of the lines: beside a dot, a line's would be taken for another.
        """
        places = np.unique(rounded(np.stack([self._across(x), self._up(y)])), axis=1)
        self._dots.append((Line(*places), colour))

    def column(self, x: float) -> int:
        """Return the column of the canvas that a number lies in, outside of it for one beyond the level axis."""
        return int(self.columns_of(np.array([x]))[0])

    def columns_of(self, x: np.ndarray) -> np.ndarray:
        """Return the same of many numbers, (points,) of int."""
        return np.asarray(rounded(self._across(x)).astype(int) // WIDE)

    def row(self, y: float) -> int:
        """Return the row of the canvas, from the top, that a number lies in; the nearest for one beyond the axis."""
        return self.rows - 1 - int(rounded(self._up(np.array([y])))[0]) // TALL

    def cells_between(self, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the cells that the area between two lines goes through, (rows, columns) of bool; NaN in their gaps."""
        if not len(x):
            return np.zeros((self.rows, self.columns), bool)
        across = self._across(x) / WIDE
        bottom = _extreme_by_column(across, low, self.columns, np.fmin)
        top = _extreme_by_column(across, high, self.columns, np.fmax)
        seen = (top >= self.y.low) & (bottom <= self.y.high)
        lowest, highest = (rounded(self._up(np.clip(edge, self.y.low, self.y.high))) // TALL for edge in (bottom, top))
        rows = np.arange(self.rows)[::-1, None]
        return np.asarray((rows >= lowest) & (rows <= highest) & seen)

    @property
    def cost(self) -> int:
        """How long plotext will take, in dots: ten thousand take about a twentieth of a second."""
        return sum(line.cost for line in self._fewer) + sum(len(dots.x) for dots, _ in self._dots)

    def picture(self) -> "Picture":
        """Have plotext draw it; nothing is added afterwards."""
        return Picture(self, self._drawn())

    @cached_property
    def _fewer(self) -> list[Line]:
        return decimated([line for line, _ in self._lines])

    def _across(self, x: np.ndarray) -> np.ndarray:
        return self.x.share(x) * (WIDE * self.columns - 1)

    def _up(self, y: np.ndarray) -> np.ndarray:
        return np.asarray(np.clip(self.y.share(y), 0, 1) * (TALL * self.rows - 1))

    def _drawn(self) -> Figure:
        figure = Figure()
        figure.monitor.matrix = _SharedCells()
        figure.theme("clear")
        figure.xaxes(self.labelled, False)
        figure.yaxes(True, False)
        figure.xlim(*_ENDS)
        figure.ylim(*_ENDS)
        # Not by xticks(), which puts them into a set: of labels that touch, chance would choose one.
        figure.monitor.xticks[0], figure.monitor.xlabels[0] = _ticks(self.x, self.columns if self.labelled else 0, WIDE)
        figure.yticks(*_ticks(self.y, self.rows if self.y_labels else 0, TALL))
        figure.scatter([-1.0], [-1.0])  # outside, and so not drawn: an axis without data gets no labels
        for line, (_, colour) in zip(self._fewer, self._lines, strict=True):
            figure.plot(*self._shares(line), marker=_BRAILLE, color=colour)
        for dots, colour in self._dots:
            figure.scatter(*self._shares(dots), marker=_BRAILLE, color=colour, style=_ALONE)
        figure.monitor.set_size([self.width - self.margin, self.height])
        figure.monitor.build_plot()  # what build() does, without writing all of it as one string for a terminal
        return figure

    def _shares(self, line: Line) -> tuple[list[float], list[float]]:
        wide, tall = max(1, WIDE * self.columns - 1), max(1, TALL * self.rows - 1)
        return (line.x / wide).tolist(), (line.y / tall).tolist()


class _SharedCells(Matrix):  # type: ignore[misc]  # plotext has no types
    """plotext's cells, but where curves meet in one, it shows the dots of all, in the colour of the last."""

    def insert_element(self, col: int, row: int, marker: str, *look: object, **how: object) -> None:
        """Put a character into a cell; a line's dots are added to those that are there. `look`: colour, style, …"""
        if _is_dots(marker) and _ALONE not in look[1:2] and self.legal(col, row):
            there = self.get_marker(col, row)
            marker = chr(ord(marker) | ord(there)) if _is_dots(there) else marker
        super().insert_element(col, row, marker, *look, **how)


def _is_dots(sign: str) -> bool:
    return "\u2800" <= sign <= "\u28ff"


class Picture:
    """What plotext drew, to put signs and tints into. Columns and rows are the canvas's, from the upper left."""

    def __init__(self, plot: Plot, figure: Figure) -> None:
        self._plot = plot
        self._matrix = figure.monitor.matrix

    def tint(self, cells: np.ndarray, colour: Colour) -> None:
        """Colour the ground of cells, (rows, columns) of bool."""
        for row, column in np.argwhere(cells).tolist():
            self._matrix.set_background(self._column(column), self._row(row), colour)

    def mark(self, column: int, row: int, sign: str, colour: Colour | None = None) -> None:
        """Put one character over whatever is drawn in a cell; outside the canvas it is left out."""
        if 0 <= column < self._plot.columns and 0 <= row < self._plot.rows:
            self._matrix.insert_element(self._column(column), self._row(row), sign, colour or _NONE)

    def mark_at(self, x: float, y: float, sign: str, colour: Colour) -> None:
        """Put one character at a point; one beyond the upright axis goes to its edge."""
        self.mark(self._plot.column(x), self._plot.row(y), sign, colour)

    def mark_clipped(self, x: np.ndarray, y: np.ndarray, colour: Colour) -> None:
        """Mark at the upper and lower edge where points, (points,) each, go beyond the upright axis."""
        axis = self._plot.y
        for beyond, row, sign in (
            (y > axis.high + EQUAL * abs(axis.high), 0, "▲"),
            (y < axis.low - EQUAL * abs(axis.low), self._plot.rows - 1, "▼"),
        ):
            for column in np.unique(self._plot.columns_of(x[beyond])).tolist():
                self.mark(column, row, sign, colour)

    def free(self, column: int, row: int, length: int = 1) -> bool:
        """Whether nothing is drawn in so many cells of a row, all of them on the canvas."""
        if not (0 <= row < self._plot.rows and column >= 0 and column + length <= self._plot.columns):
            return False
        start = self._column(column)
        return not "".join(self._matrix.get_marker_row(self._row(row))[start : start + length]).strip()

    def drawing(self) -> Drawing:
        """Return the chart, every line as wide as it was asked to be."""
        columns, rows = self._matrix.Cols_canvas, self._matrix.Rows_canvas
        top = self._matrix.rows - rows.stop
        region = Region(left=columns.start, top=top, columns=len(columns), rows=len(rows), x=self._plot.x)
        lines = (self._line(row) for row in reversed(self._matrix.Rows))
        return Drawing(lines=tuple(fitted(line, self._plot.width) for line in lines), regions=(region,))

    def _column(self, column: int) -> int:
        return int(self._matrix.Cols_canvas.start + column)

    def _row(self, row: int) -> int:
        return int(self._matrix.Rows_canvas.stop - 1 - row)

    def _line(self, row: int) -> Text:
        signs = self._matrix.get_marker_row(row)
        if row not in self._matrix.Rows_canvas:
            return Text("".join(signs), spans=[Span(0, len(signs), "dim")])
        spans, start = [Span(0, self._matrix.Cols_canvas.start, "dim")], self._matrix.Cols_canvas.start
        for look, cells in groupby(self._looks(row)):
            end = start + sum(1 for _ in cells)
            if look != (_NONE, _NONE):
                spans.append(Span(start, end, _style(*look)))
            start = end
        return Text("".join(signs), spans=spans)

    def _looks(self, row: int) -> Iterator[tuple[_CellColour, _CellColour]]:
        """Yield ink and ground of each cell of the canvas. A blank goes on with its neighbour's ink: fewer changes."""
        matrix, ink = self._matrix, None
        cells = self._matrix.Cols_canvas
        for column in cells:
            if matrix.marker[row][column] != _BLANK:
                ink = matrix.fullground[row][column]
            elif ink is None:
                ink = next((matrix.fullground[row][one] for one in cells if matrix.marker[row][one] != _BLANK), _NONE)
            yield ink, matrix.background[row][column]


def _ticks(axis: Axis, cells: int, dots: int) -> tuple[list[float], list[str]]:
    """Return places along an axis and what is written there: of those that fall on one cell the first, none beyond.

    They are the places of the cells in which a curve has its dots, so many to a cell, at that number.
    """
    ticks: dict[int, str] = {}
    for tick, label in axis.ticks if cells else ():
        share = axis.share(np.array([tick]))
        if -EQUAL <= share[0] <= 1 + EQUAL:
            ticks.setdefault(int(rounded(np.clip(share, 0, 1) * (dots * cells - 1))[0]) // dots, label)
    return [cell / max(1, cells - 1) for cell in ticks], list(ticks.values())


def _extreme_by_column(across: np.ndarray, y: np.ndarray, columns: int, extreme: np.ufunc) -> np.ndarray:
    """Return the lowest or highest value of a line, places in cells, in each column, NaN where it is not.

    Columns that touch share the value at their common edge, so that what is drawn has no gaps but the line's own.
    """
    edges = np.arange(columns + 1) - 0.25
    at = np.interp(edges, across, y, left=np.nan, right=np.nan)
    values = np.asarray(extreme(at[:-1], at[1:]))
    starts = np.searchsorted(across, edges)
    holds = np.flatnonzero(np.diff(starts))
    if len(holds):
        within, first = slice(starts[holds[0]], starts[holds[-1] + 1]), starts[holds] - starts[holds[0]]
        values[holds] = extreme(values[holds], extreme.reduceat(y[within], first))
    return values


@lru_cache(maxsize=1024)
def _style(ink: _CellColour, ground: _CellColour) -> Style:
    return Style(color=_colour(ink), bgcolor=_colour(ground))


def _colour(colour: _CellColour) -> Color | None:
    return None if isinstance(colour, str) else Color.from_rgb(*colour)

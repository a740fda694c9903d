"""Curves over epochs: lines and bands, from far or near, with marks where something is cut off or broke.

Numbers come in, lines and the region that they were drawn in go out: whoever calls knows nothing of how it is drawn.
"""

import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.axes import LARGEST, SMALLEST_SIZE, even_axis, value_axis
from lossterm.charts.drawing import Drawing, Prepared, prepared_words
from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.plot import Picture, Plot
from lossterm.charts.text_lines import SMALLEST, fitted
from lossterm.text.marks import COLLAPSED

BROKEN = "×"
"""Stands where a training diverged."""

POINT = "●"
"""Stands where the cursor meets a curve."""

UNKNOWN = "–"
"""Stands in place of the value of a curve that has none at the cursor."""

_SHORTEST_NAME = 3
"""Characters of a name without which its value is not written either."""


_Points = tuple[np.ndarray, np.ndarray]
"""Epochs and values."""
_Area = tuple[_Points, _Points]
"""Lower and upper edge of a band."""
_Tint = tuple[np.ndarray, Colour]
"""Cells, (rows, columns) of bool, and the colour of their ground."""


class Series(msgspec.Struct, frozen=True):
    """One line of a chart."""

    values: np.ndarray
    """(epochs,), not finite where nothing is to be drawn."""
    colour: Colour
    """Its colour."""
    name: str = ""
    """What is written at its right end; nothing for a line that goes with another."""
    broken: tuple[int, ...] = ()
    """Epochs, from 1, at which trainings diverged."""
    collapsed: tuple[tuple[int, float], ...] = ()
    """Last epoch, from 1, and last value of trainings that collapsed."""


class Band(msgspec.Struct, frozen=True):
    """The area between two lines, drawn as a tint behind them."""

    low: np.ndarray
    """(epochs,), not finite where nothing is to be drawn."""
    high: np.ndarray
    """(epochs,)."""
    colour: Colour
    """The tint."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the curves is shown, and how."""

    first: int = 1
    """Epoch at the left end."""
    last: int
    """Epoch at the right end."""
    log: bool = False
    """Whether the upright axis is logarithmic: what is not above 0 is left out."""
    cursor: int | None = None
    """Epoch of the cursor, None without one."""
    names: int = 0
    """Columns at the right for the names of the series, 0 for none; a third of the width at most."""


class _Curve(msgspec.Struct, frozen=True):
    """What of a series can be drawn: the epochs of the frame, and one more at each side of it."""

    series: Series
    x: np.ndarray
    y: np.ndarray
    """NaN where nothing is drawn."""

    def before(self, epoch: int) -> float | None:
        """Return the last value that is drawn up to an epoch, None before any."""
        until = self.y[: max(0, epoch + 1 - int(self.x[0]))] if len(self.x) else self.y
        known = np.flatnonzero(np.isfinite(until))
        return float(until[known[-1]]) if len(known) else None

    def at(self, epoch: int) -> float | None:
        """Return the value that is drawn at an epoch, None where there is none."""
        place = np.flatnonzero((self.x == epoch) & np.isfinite(self.y))
        return float(self.y[place[0]]) if len(place) else None


def line_chart(series: Sequence[Series], width: int, height: int, frame: Frame, bands: Sequence[Band] = ()) -> Drawing:
    """Draw series over epochs in `width` × `height` cells; the first series lie on top, bands behind.

    The upright axis follows most of the values in the frame; those far beyond are marked at its edge by ▲ and ▼.
    Returns `height` lines of `width` cells; words where there is nothing to draw or no room.
    """
    return prepared(series, width, height, frame, bands).draw()


def prepared(series: Sequence[Series], width: int, height: int, frame: Frame, bands: Sequence[Band] = ()) -> Prepared:
    """Lay out a `line_chart` whose drawing may take long."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return prepared_words("Too small to draw.", width, height)
    curves = [_Curve(one, *_part(one.values, frame)) for one in series]
    areas = [(_part(band.low, frame), _part(band.high, frame)) for band in bands]
    parts = [(one.x, one.y) for one in curves] + [edge for area in areas for edge in area]
    seen = np.concatenate([np.empty(0), *(_inside(x, y, frame) for x, y in parts)])
    seen = seen[np.isfinite(seen)]
    if not len(seen):
        return prepared_words(_nothing(series, frame), width, height)
    room = min(frame.names, width // 3)
    plot = Plot(
        width,
        height,
        even_axis(frame.first, frame.last, width - room),
        value_axis(seen, height, log=frame.log),
        margin=room,
    )
    for one in reversed(curves):
        plot.line(one.x, one.y, one.series.colour)
    tints = list(_mixed(_cells(plot, areas, frame), [band.colour for band in bands]))
    return Prepared(draw=lambda: _drawn(plot, curves, tints, frame, room), cost=plot.cost)


def _drawn(plot: Plot, curves: Sequence[_Curve], tints: Sequence[_Tint], frame: Frame, room: int) -> Drawing:
    picture = plot.picture()
    for cells, colour in tints:
        picture.tint(cells, colour)
    for one in reversed(curves):
        picture.mark_clipped(one.x, one.y, one.series.colour)
        for epoch in one.series.broken:
            if frame.first <= epoch <= frame.last:
                value = one.before(epoch)  # what never was finite went beyond any axis
                picture.mark_at(epoch, plot.y.high if value is None else value, BROKEN, one.series.colour)
        for epoch, value in one.series.collapsed:
            if frame.first <= epoch <= frame.last and math.isfinite(value) and (value > 0 or not frame.log):
                picture.mark_at(epoch, value, COLLAPSED, one.series.colour)
    if frame.cursor is not None:
        _point_at(plot, picture, curves, frame.cursor)
    drawing = picture.drawing()
    if room:
        _name(drawing.lines, plot, [one for one in curves if one.series.name], frame, room)
    return drawing


def _part(values: np.ndarray, frame: Frame) -> _Points:
    """Return epochs, from 1, and values in the frame and one at each side of it; NaN for what cannot be drawn."""
    shown = slice(max(frame.first - 2, 0), frame.last + 1)
    part = values[shown].astype(np.float64)
    with np.errstate(invalid="ignore"):  # NaN is neither large nor small
        there = (part > SMALLEST_SIZE) & (part < LARGEST) if frame.log else np.abs(part) < LARGEST
    part[~there] = np.nan
    return np.arange(shown.start + 1, shown.start + 1 + len(part)), part


def _inside(x: np.ndarray, y: np.ndarray, frame: Frame) -> np.ndarray:
    """Return the values in the frame alone."""
    return y[np.searchsorted(x, frame.first) : np.searchsorted(x, frame.last, "right")]


def _nothing(series: Sequence[Series], frame: Frame) -> str:
    if any(np.isfinite(one.values[max(frame.first - 1, 0) : frame.last]).any() for one in series):
        return "Nothing above 0 here: no logarithmic axis."
    if any(np.isfinite(one.values).any() for one in series) or not any(len(one.values) for one in series):
        return "No epoch here yet."
    return "Nothing to draw: every training diverged at once."


def _point_at(plot: Plot, picture: Picture, curves: Sequence[_Curve], epoch: int) -> None:
    column = plot.column(epoch)
    for row in range(plot.rows):
        if picture.free(column, row):
            picture.mark(column, row, "┊")
    for one in reversed(curves):
        value = one.at(epoch)
        if one.series.name and value is not None:
            picture.mark_at(epoch, value, POINT, one.series.colour)


def _name(lines: Sequence[Text], plot: Plot, curves: Sequence[_Curve], frame: Frame, room: int) -> None:
    """Write each series' name and value at the height of its right end, or where the cursor is, without overlap.

    Where there are more than lines, the first are named.
    """
    ends = ((one, one.before(frame.last if frame.cursor is None else frame.cursor)) for one in curves)
    wanted = [(plot.row(end), -end, one) for one, end in ends if end is not None][: plot.rows]
    wanted.sort(key=lambda end: end[:2])
    for row, (_, _, one) in zip(_spread_rows([row for row, _, _ in wanted], plot.rows), wanted, strict=True):
        value = one.before(frame.last) if frame.cursor is None else one.at(frame.cursor)
        name, number = _label(one.series.name, UNKNOWN if value is None else f"{value:.3g}", room)
        line, width = lines[row], len(lines[row].plain)
        line.right_crop(room)
        line.append(f" {name}", colour_text(one.series.colour))
        line.append(number)
        fitted(line, width)


def _label(name: str, number: str, room: int) -> tuple[str, str]:
    """Return a name and a number for so many columns, one of them blank; the name is cut before the number is left."""
    spare = room - len(number) - 2
    if spare < min(len(name), _SHORTEST_NAME):
        spare, number = room - 1, ""
    return name if len(name) <= spare else f"{name[: spare - 1]}…", f" {number}" if number else ""


def _spread_rows(rows: Sequence[int], most: int) -> list[int]:
    """Return rows, ascending and no more than `most`, moved so that no two are the same."""
    moved: list[int] = []
    for row in rows:
        moved.append(max(row, moved[-1] + 1) if moved else row)
    last = most - 1
    for place in reversed(range(len(moved))):  # what was pushed out below pushes the others up
        moved[place] = min(moved[place], last)
        last = moved[place] - 1
    return moved


def _cells(plot: Plot, areas: Sequence[_Area], frame: Frame) -> list[np.ndarray]:
    """Return the cells that lie in each band, (rows, columns) of bool."""
    cells = []
    for (_, low), (x, high) in areas:
        # On a logarithmic axis a band that reaches down to 0 goes to the lower end.
        bottom = np.where(np.isnan(low) & ~np.isnan(high), plot.y.low, low) if frame.log else low
        cells.append(plot.cells_between(x, bottom, high))
    return cells


def _mixed(cells: Sequence[np.ndarray], colours: Sequence[Colour]) -> Iterator[_Tint]:
    """Yield the cells of each tint: where bands overlap, the mean of theirs."""
    if not cells:
        return
    counts = np.sum(cells, axis=0)
    sums = np.einsum("brc,bp->rcp", np.array(cells, int), np.array(colours))
    means = sums // np.maximum(counts, 1)[..., None]
    for red, green, blue in np.unique(means[counts > 0], axis=0).tolist():
        yield (counts > 0) & (means == (red, green, blue)).all(axis=-1), (red, green, blue)

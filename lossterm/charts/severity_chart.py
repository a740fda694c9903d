"""How far losses are ahead of one of them, over what is done to the data; beneath, who is best where."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.axes import Axis, round_axis
from lossterm.charts.drawing import Drawing, Prepared, Region, prepared_words
from lossterm.charts.line_chart import POINT
from lossterm.charts.loss_colours import Colour, colour_text, faint
from lossterm.charts.plot import Picture, Plot
from lossterm.charts.text_lines import fitted

SMALLEST = (30, 10)
"""Columns and lines below which there is no room."""

ALONE, TIED, NOBODY = "█", "▒", " "
"""Signs of the ribbon: a best loss, one that is not shown to be apart from others, and none yet."""

OWN = "◆"
"""Stands on the axis where the data at hand are."""

_LABEL = "best"
_ROWS_BENEATH = 2


class SeverityLine(msgspec.Struct, frozen=True, kw_only=True):
    """One loss."""

    name: str
    """What stands beside it."""
    colour: Colour
    """Of its line, its points and its part of the ribbon."""
    tint: Colour
    """Of its band."""
    gains: np.ndarray
    """(levels,) how far it is ahead, NaN where that is unknown."""
    low: np.ndarray
    """(levels,) lower end of its band, NaN where there is none."""
    high: np.ndarray
    """(levels,) its upper end."""
    tipping: float = math.nan
    """The place at which it overtakes; NaN or infinite for none."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Who is best around one level."""

    loss: str
    """Its name; "" where nobody is yet."""
    colour: Colour
    """Its colour."""
    tied: bool
    """Whether another is not shown to be worse."""


class SeverityAxis(msgspec.Struct, frozen=True, kw_only=True):
    """What lies below."""

    places: tuple[float, ...]
    """The places of the levels, ascending from 0."""
    labels: tuple[str, ...]
    """How each level is written."""
    title: str
    """What there is more and more of."""
    own: float | None = None
    """The place of the data at hand."""


def severity_chart(
    lines: Sequence[SeverityLine],
    ribbon: Sequence[Stretch],
    axis: SeverityAxis,
    rope: float,
    width: int,
    height: int,
    *,
    dark: bool = True,
) -> Drawing:
    """Draw lines with bands, a zero line and the strip of what does not matter, and a ribbon beneath.

    `rope` is half of the width of that strip. Returns `height` lines of `width` cells; words without any number or
    room.
    """
    return prepared(lines, ribbon, axis, rope, width, height, dark=dark).draw()


def prepared(
    lines: Sequence[SeverityLine],
    ribbon: Sequence[Stretch],
    axis: SeverityAxis,
    rope: float,
    width: int,
    height: int,
    *,
    dark: bool = True,
) -> Prepared:
    """Lay out a `severity_chart`."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return prepared_words("Too small to draw.", width, height)
    if not any(np.isfinite(line.gains).any() for line in lines):
        return prepared_words("No level has a score yet.", width, height)
    names = min(max(len(line.name) for line in lines) + 1, width // 4)
    plot = Plot(width, height - _ROWS_BENEATH, _level_axis(axis, width), _gain_axis(lines, rope, height), margin=names)
    x = np.array(axis.places)
    grey = _grey(dark=dark)
    plot.line(np.array([plot.x.low, plot.x.high]), np.zeros(2), grey)
    for line in reversed(lines):
        plot.line(x, line.gains, line.colour)
    return Prepared(draw=lambda: _drawn(plot, lines, ribbon, axis, rope, names, dark=dark), cost=plot.cost)


def _drawn(
    plot: Plot,
    lines: Sequence[SeverityLine],
    ribbon: Sequence[Stretch],
    axis: SeverityAxis,
    rope: float,
    names: int,
    *,
    dark: bool,
) -> Drawing:
    picture, x = plot.picture(), np.array(axis.places)
    if rope > 0:
        edges = np.array([plot.x.low, plot.x.high])
        picture.tint(plot.cells_between(edges, np.full(2, -rope), np.full(2, rope)), faint(_grey(dark=dark), dark=dark))
    for line in reversed(lines):
        known = np.isfinite(line.low) & np.isfinite(line.high)
        if known.sum() > 1:
            picture.tint(plot.cells_between(x[known], line.low[known], line.high[known]), line.tint)
    for line in reversed(lines):
        picture.mark_clipped(x[np.isfinite(line.gains)], line.gains[np.isfinite(line.gains)], line.colour)
        for place, value in zip(axis.places, line.gains, strict=True):
            if np.isfinite(value):
                picture.mark_at(place, float(value), POINT, line.colour)
    for line in lines:
        if math.isfinite(line.tipping):
            _upright(plot, picture, line.tipping, "┊", line.colour)
    if axis.own is not None:
        _upright(plot, picture, axis.own, "╎", None)
    drawing = picture.drawing()
    region = drawing.regions[0]
    _name(drawing.lines, plot, lines, names, region)
    beneath = [_ribbon(plot, ribbon, axis, region, plot.width), _legend(ribbon, axis, plot.width)]
    return Drawing(lines=(*drawing.lines, *beneath), regions=drawing.regions)


def _upright(plot: Plot, picture: Picture, place: float, sign: str, colour: Colour | None) -> None:
    column = min(max(plot.column(place), 0), plot.columns - 1)
    for row in range(plot.rows):
        if picture.free(column, row):
            picture.mark(column, row, sign, colour)


def _grey(*, dark: bool) -> Colour:
    return (110, 110, 110) if dark else (150, 150, 150)


def _level_axis(axis: SeverityAxis, width: int) -> Axis:
    """Return the axis from 0 to the last level; of the labels those that have room, both ends first."""
    last = axis.places[-1] or 1.0
    ticks = list(zip(axis.places, axis.labels, strict=True))
    kept = [ticks[-1], ticks[0]] if len(ticks) > 1 else ticks
    room = last / max(width - 12, 1)
    for tick in ticks[1:-1]:
        apart = (abs(tick[0] - other[0]) / room - (len(tick[1]) + len(other[1])) / 2 for other in kept)
        if min(apart) >= 2:
            kept.append(tick)
    return Axis(0.0, last, tuple(kept))


def _gain_axis(lines: Sequence[SeverityLine], rope: float, height: int) -> Axis:
    """Return an axis that holds the lines and most of their bands, zero and the strip."""
    gains = np.concatenate([line.gains[np.isfinite(line.gains)] for line in lines])
    bands = np.concatenate([np.concatenate([line.low, line.high]) for line in lines])
    bands = bands[np.isfinite(bands)]
    reach = max(float(np.abs(gains).max()), 1.5 * rope, 1e-9)
    low, high = min(float(gains.min()), -rope), max(float(gains.max()), rope)
    if len(bands):
        low, high = max(min(low, float(bands.min())), low - reach), min(max(high, float(bands.max())), high + reach)
    if high <= low:
        low, high = low - reach, high + reach
    return round_axis(low, high, max(2, height // 4))


def _name(lines: Sequence[Text], plot: Plot, every: Sequence[SeverityLine], room: int, region: Region) -> None:
    """Write each name at the height of the end of its line, or as near as there is room."""
    ends = [(plot.row(float(line.gains[np.isfinite(line.gains)][-1])), line) for line in every if _known(line)]
    taken: set[int] = set()
    for row, line in sorted(ends, key=lambda end: end[0]):
        free = [one for one in range(plot.rows) if one not in taken]
        if not free:
            return
        place = min(free, key=lambda one: abs(one - row))
        taken.add(place)
        text = lines[region.top + place]
        width = text.cell_len
        text.right_crop(room)
        text.append(f" {line.name}"[:room], colour_text(line.colour))
        fitted(text, width)


def _known(line: SeverityLine) -> bool:
    return bool(np.isfinite(line.gains).any())


def _ribbon(plot: Plot, ribbon: Sequence[Stretch], axis: SeverityAxis, region: Region, width: int) -> Text:
    """Return a line of who is best, under the canvas: each column shows the level that is nearest along the axis."""
    places = np.array(axis.places)
    line = Text(_LABEL.rjust(region.left) if region.left >= len(_LABEL) else " " * region.left, "dim")
    own = None if axis.own is None else min(max(plot.column(axis.own), 0), plot.columns - 1)
    for column in range(region.columns):
        number = plot.x.at(column / max(1, region.columns - 1))
        one = ribbon[int(np.abs(places - number).argmin())]
        if column == own:
            line.append(OWN, "bold")
            continue
        sign = NOBODY if not one.loss else TIED if one.tied else ALONE
        line.append(sign, colour_text(one.colour))
    return fitted(line, width)


def _legend(ribbon: Sequence[Stretch], axis: SeverityAxis, width: int) -> Text:
    """Return what the ribbon's colours and signs are, in the order of the levels."""
    line = Text()
    for name, colour in dict.fromkeys((one.loss, one.colour) for one in ribbon if one.loss):
        line.append(f"{ALONE} {name}  ", colour_text(colour))
    if any(one.tied for one in ribbon):
        line.append(f"{TIED} tied  ", "dim")
    if axis.own is not None:
        line.append(f"{OWN} your data  ", "bold")
    line.append(axis.title, "dim")
    return fitted(line, width)

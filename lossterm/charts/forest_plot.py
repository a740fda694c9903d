"""A forest plot: how far each loss is behind the best, as a bar `├──●──┤` over the strip of what does not matter."""

from collections.abc import Sequence
from statistics import median_low

import msgspec
import numpy as np
from rich.cells import cell_len
from rich.text import Text

from lossterm.charts.axes import Axis, round_axis
from lossterm.charts.drawing import Drawing, Region
from lossterm.charts.text_lines import fitted, painted

LEAST_COLUMNS = 16
"""Columns between names and words with which a bar says anything."""

ENOUGH_COLUMNS = 40
"""Columns that bars keep before numbers stand beside them."""

FAR = 6
"""How many times as far as half of the losses a loss may be before the axis no longer follows it."""

_APART = 8
"""Columns from one label of the axis to the next, about."""
_LEFT, _RIGHT = "◂", "▸"
_SEED, _SEEDS = "·", "•"


class ForestRow(msgspec.Struct, frozen=True, kw_only=True):
    """One loss of a forest plot."""

    name: str
    """What stands at the left."""
    ink: str = ""
    """How that is written, as Rich reads it."""
    mean: float | None
    """How far it is behind the best; None where that is unknown, and there is no bar."""
    interval: tuple[float, float] | None = None
    """Between what that lies, both finite; None where it is unknown."""
    seeds: tuple[float, ...] = ()
    """How far it is behind on each seed."""
    word: str
    """The verdict, or why there is none."""
    size: str = ""
    """The same as numbers, for where there is room."""
    colour: str = ""
    """Style of bar and word, as Rich reads it."""


class _Room(msgspec.Struct, frozen=True):
    """How many columns each part has."""

    name: int
    bars: int
    size: int
    word: int


def forest_plot(
    rows: Sequence[ForestRow], rope: float, width: int, *, legends: Sequence[str] = ("",), seeds: bool = False
) -> Drawing | None:
    """Draw a line for each loss, beneath it one with a dot for each seed if wanted, and the axis under all.

    `rope` is half the width of the strip around zero, 0 for none; of the `legends` the first that has room stands
    beside the axis. Returns lines of `width` cells and the region of the bars; None where there is no room for bars or
    no loss has any.
    """
    known = [row for row in rows if row.mean is not None]
    room = _room(rows, width)
    if not any(_reach_of(row) for row in known) or room.bars < LEAST_COLUMNS:
        return None
    axis = round_axis(*_reach(known, rope), room.bars // _APART)
    left = room.name + 1
    lines = []
    for row in rows:
        lines.append(_line(row, axis, rope, room))
        if seeds and row.seeds:
            dots = _dots(row, axis, rope, room.bars)
            lines.append(fitted(Text.assemble(" " * left, dots), width))
    lines.append(_axis_line(axis, room, legends, width))
    region = Region(left=left, top=0, columns=room.bars, rows=len(lines) - 1, x=axis)
    return Drawing(lines=tuple(lines), regions=(region,))


def _room(rows: Sequence[ForestRow], width: int) -> _Room:
    name = min(max((cell_len(row.name) for row in rows), default=0), width // 4)
    word = min(max((cell_len(row.word) for row in rows), default=0), width // 4)
    size = max((cell_len(row.size) for row in rows), default=0)
    bars = width - name - word - 2
    if size and bars - size - 2 >= ENOUGH_COLUMNS:
        return _Room(name, bars - size - 2, size, word)
    return _Room(name, bars, 0, word)


def _reach(rows: Sequence[ForestRow], rope: float) -> tuple[float, float]:
    """Return between what the axis goes: what most bars reach, zero and the strip; a few far out are cut off."""
    ends = [end for row in rows if row.mean is not None for end in (row.mean, *(row.interval or ()))]
    reaches = [reach for row in rows if (reach := _reach_of(row))]
    usual = FAR * max(median_low(reaches), min(rope, max(reaches)) / 2)
    strip = min(1.2 * rope, usual)
    return max(-usual, min(-strip, *ends, 0.0)), min(usual, max(strip, *ends, 0.0))


def _reach_of(row: ForestRow) -> float:
    """Return how far from zero a bar goes on either side."""
    ends: tuple[float, ...] = (row.mean or 0.0, *(row.interval or ()))
    return max(abs(end) for end in ends)


def _column(value: float, axis: Axis, columns: int) -> int:
    """Return the column of a number; -1 or `columns` where it lies beyond an end of the axis."""
    if not axis.low <= value <= axis.high:
        return -1 if value < axis.low else columns
    return round((value - axis.low) / (axis.high - axis.low) * (columns - 1))


def _ground(axis: Axis, rope: float, columns: int) -> list[str]:
    """Return the strip of what does not matter, with the line at zero."""
    first, last = (_column(end, axis, columns) for end in (-rope, rope))
    ground = ["░" if rope and first <= place <= last else " " for place in range(columns)]
    ground[_column(0.0, axis, columns)] = "│"
    return ground


def _bar(row: ForestRow, axis: Axis, columns: int) -> dict[int, str]:
    """Return the signs of a bar by their columns."""
    if row.mean is None:
        return {}
    low, high = (_column(end, axis, columns) for end in row.interval or (row.mean, row.mean))
    signs = dict.fromkeys(range(max(low, 0), min(high, columns - 1) + 1), "─")
    if row.interval and low != high:
        signs |= {low: "├", high: "┤"}
    signs[_column(row.mean, axis, columns)] = "●"
    if signs.pop(-1, None):
        signs[0] = _LEFT
    if signs.pop(columns, None):
        signs[columns - 1] = _RIGHT
    return signs


def _inked(ground: list[str], signs: dict[int, str], style: str) -> Text:
    over = [signs.get(place, sign) for place, sign in enumerate(ground)]
    inks = [2 if place in signs else int(sign != " ") for place, sign in enumerate(ground)]
    (line,) = painted(np.array([over]), np.array([inks]), ["", "dim", style])
    return line


def _line(row: ForestRow, axis: Axis, rope: float, room: _Room) -> Text:
    bar = _inked(_ground(axis, rope, room.bars), _bar(row, axis, room.bars), row.colour)
    parts = [_cut(row.name, room.name, row.ink), Text(" "), bar]
    if room.size:
        parts += [Text("  "), _cut(row.size, room.size)]
    return Text.assemble(*parts, " ", _cut(row.word, room.word, row.colour))


def _cut(text: str, width: int, style: str = "") -> Text:
    line = Text(text, style)
    line.truncate(width, overflow="ellipsis", pad=True)
    return line


def _dots(row: ForestRow, axis: Axis, rope: float, columns: int) -> Text:
    """Return a line with a dot for each seed; those beyond the axis are marked at its end."""
    signs: dict[int, str] = {}
    for value in row.seeds:
        place = _column(value, axis, columns)
        if not 0 <= place < columns:
            signs[max(0, min(place, columns - 1))] = _LEFT if place < 0 else _RIGHT
        elif signs.get(place) not in (_LEFT, _RIGHT):
            signs[place] = _SEEDS if place in signs else _SEED
    return _inked(_ground(axis, rope, columns), signs, row.colour)


def _axis_line(axis: Axis, room: _Room, legends: Sequence[str], width: int) -> Text:
    """Return the numbers of the axis under their columns: zero first, then the ends, then what has room."""
    signs = [" "] * (width - room.name - 1)
    for value, number in sorted(axis.ticks, key=lambda tick: tick[0] != 0):
        label = number.replace("-", "−")
        start = _within(_column(value, axis, room.bars) - len(label) // 2, len(label), len(signs))
        if all(sign == " " for sign in signs[max(0, start - 1) : start + len(label) + 1]):
            signs[start : start + len(label)] = label
    legend = next((one for one in legends if cell_len(one) <= room.name), "")
    return fitted(Text.assemble(_cut(legend, room.name), " ", "".join(signs), style="dim"), width)


def _within(start: int, length: int, columns: int) -> int:
    """Return where a label that would begin at a column begins so that it stays within the columns."""
    return max(0, min(start, columns - length))

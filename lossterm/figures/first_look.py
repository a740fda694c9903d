"""A first look at a task's data, drawn: the target or the classes, and how they lie over the features.

Slow to import, as charts are, so the app imports it on first use.
"""

import numpy as np
from rich.text import Text

from lossterm.charts.data_picture import class_bars, scatter_of, target_histogram
from lossterm.charts.decision_map import class_colours
from lossterm.charts.drawing import Drawing
from lossterm.charts.loss_colours import Colour
from lossterm.charts.terminal_style import Style
from lossterm.charts.text_lines import fitted
from lossterm.comparison.first_look import FirstLook
from lossterm.figures.shaped_look import drawn_pictures

SIDE_BY_SIDE = 70
"""Columns from which two pictures stand beside each other."""

ABOVE_EACH_OTHER = 20
"""Lines from which two stand above each other, where they cannot stand beside."""

GAP = 2
"""Columns between two pictures."""

MOST_BARS = 8
"""Lines that the classes take at most where a scatter stands beneath them."""


def chart(look: FirstLook, width: int, height: int, style: Style) -> Drawing:
    """Draw the target and how it goes with a feature in `width` × `height` cells; the one or the other where that is
    little room: the target of numbers, the scatter of classes.
    """
    colours = class_colours(max(len(look.classes), 1), dark=style.dark)
    if look.pictures:
        bars = min(len(look.classes), MOST_BARS) + 1
        bars = bars if height > 2 * bars else 0
        rest = drawn_pictures(look, width, height - bars, style)
        return _target(look, colours, width, bars).above(rest) if bars else rest
    if not look.points:
        return _target(look, colours, width, height)
    if width >= SIDE_BY_SIDE:
        left = (width - GAP) // 2
        gap = Drawing(lines=tuple(Text(" " * GAP) for _ in range(height)))
        right = _scatter(look, colours, width - GAP - left, height)
        return _target(look, colours, left, height).beside(gap).beside(right)
    if look.classes and height > len(look.classes) + SMALLEST_SCATTER:
        bars = min(len(look.classes), MOST_BARS) + 1
        return _target(look, colours, width, bars).above(_scatter(look, colours, width, height - bars))
    if height >= ABOVE_EACH_OTHER:
        return _target(look, colours, width, height // 2).above(_scatter(look, colours, width, height - height // 2))
    return _scatter(look, colours, width, height) if look.classes else _target(look, colours, width, height)


SMALLEST_SCATTER = 8
"""Lines that a scatter has at least beneath bars of classes."""


def _target(look: FirstLook, colours: list[Colour], width: int, height: int) -> Drawing:
    of = {"segmentation": "pixels of each class of", "multilabel": "rows with each label of"}
    title = f"{of.get(look.kind, 'rows of each class of') if look.classes else 'rows by'} {look.target}"
    head = fitted(Text(title, "dim"), width)
    if look.classes:
        return Drawing(lines=(head, *class_bars(look.classes, colours, width, height - 1)))
    drawn = target_histogram(np.array(look.values), look.rows, colours[0], width, height - 1)
    return Drawing(lines=(head,)).above(drawn)


def _scatter(look: FirstLook, colours: list[Colour], width: int, height: int) -> Drawing:
    return scatter_of(np.array(look.points), colours, (look.across, look.up), width, height)

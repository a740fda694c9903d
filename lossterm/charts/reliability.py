"""The reliability diagram of a classifier: how often it is right beside how confident it is."""

import math
import textwrap
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.text_lines import SMALLEST, message_lines, painted, panel
from lossterm.text.numbers import counted

_BARS = " ▁▂▃▄▅▆▇█"
_MARKS = "⣀⠤⠒⠉"
"""A horizontal line at the four heights of a cell, from below."""
_EDGE = 2
_WIDEST = 12
"""Columns that the bar of one bin takes at most, with its mark."""
_STYLES = ("", "dim", "bold")


class Bin(msgspec.Struct, frozen=True):
    """The rows whose confidence lies between two values."""

    low: float
    """Lowest confidence."""
    high: float
    """Highest confidence."""
    confidence: float
    """Mean confidence of its rows; not finite where it has none."""
    accuracy: float
    """Share of its rows that are right; not finite where it has none."""
    count: int
    """Rows."""


def reliability_bars(bins: Sequence[Bin], colour: Colour, width: int, height: int) -> list[Text]:
    """Draw a bar as high as each bin is accurate, and beside it a line at its mean confidence, where it ought to end.

    `bins` ascend; between 0 and 1, those that are left out hold no rows. A bin without rows is a dot, one that is not
    finite a question mark; if there are more bins than columns, neighbours are merged, and the chart says so. The last
    line holds the mean gap between accuracy and confidence over the rows, from the bins as given: not the metric ece.
    Returns `height` lines of `width` cells; words where there is nothing to draw or no room.
    """
    filled = [one for one in bins if one.count]
    finite = [one for one in filled if _finite(one)]
    if not filled:
        return message_lines("Nothing to draw: there are no rows.", width, height)
    if not finite:
        return message_lines("Nothing to draw: no confidence is finite.", width, height)
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return message_lines("Too small to draw.", width, height)

    bins = _without_gaps(bins)
    together = 1
    while -(-len(bins) // together) * 2 > width - _EDGE:
        together *= 2
    shown = [_joined(bins[start : start + together]) for start in range(0, len(bins), together)]
    slot = min((width - _EDGE) // len(shown), _WIDEST)
    caption = _caption(finite, len(filled) - len(finite), width)
    counts = _counts(shown, slot) if height - len(caption) >= 6 else []
    rows = height - 1 - len(counts) - len(caption)
    if rows < 2:
        return message_lines("Too small to draw.", width, height)
    plot = painted(*_bars(shown, slot, rows), (*_STYLES, colour_text(colour)))
    gutter = ["1┤", *[" │"] * (rows - 2), "0┤"]
    lines = [Text.assemble((label, "dim"), line) for label, line in zip(gutter, plot, strict=True)]
    return panel([*lines, _axis(slot * len(shown), together), *counts, *caption], width, height)


def _bars(shown: Sequence[Bin], slot: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return signs and places of their styles, (rows, slot · bins) each."""
    signs, inks = np.full((rows, slot * len(shown)), " "), np.zeros((rows, slot * len(shown)), int)
    wide = 1 if slot < 6 else 2
    for place, one in enumerate(shown):
        bar = slice(place * slot, (place + 1) * slot - wide - (slot > 2))
        mark = slice(bar.stop, bar.stop + wide)
        if not one.count or not _finite(one):
            signs[-1, bar], inks[-1, bar] = "?" if one.count else "·", 1
            continue
        # What is never right still has a bar, or it would look like a bin without rows.
        eighths = max(1, round(8 * rows * min(max(one.accuracy, 0), 1)))
        levels = np.clip(eighths - 8 * np.arange(rows - 1, -1, -1), 0, 8)
        signs[:, bar] = np.array(list(_BARS))[levels][:, None]
        inks[:, bar] = np.where(levels > 0, len(_STYLES), 0)[:, None]
        fourth = min(int(4 * rows * min(max(one.confidence, 0), 1)), 4 * rows - 1)
        signs[rows - 1 - fourth // 4, mark], inks[rows - 1 - fourth // 4, mark] = _MARKS[fourth % 4], 2
    return signs, inks


def _axis(columns: int, together: int) -> Text:
    words = f"{together} bins a bar" if together > 1 else "confidence"
    middle = words if len(words) + 4 <= columns else ""
    return Text(f"{'':{_EDGE}}0{middle:^{columns - 2}}1", "dim")


def _counts(shown: Sequence[Bin], slot: int) -> list[Text]:
    """Return a line with the rows of each bin, if all of them have room."""
    texts = [str(one.count) for one in shown]
    if max(map(len, texts)) >= slot:
        return []
    return [Text(" " * _EDGE + "".join(f"{text:^{slot - 1}} " for text in texts), "dim")]


def _caption(finite: Sequence[Bin], missing: int, width: int) -> list[Text]:
    rows = sum(one.count for one in finite)
    error = sum(one.count * abs(one.accuracy - one.confidence) for one in finite) / rows
    caption = f"gap {f'{error:.3f}'.removeprefix('0')}, {counted(rows, 'row')}"
    caption += f", {counted(missing, 'bin')} not finite" if missing else ""
    legend = f"{caption}  █ right  ⠒ claimed"
    return [Text(line, "dim") for line in ([legend] if len(legend) <= width else textwrap.wrap(caption, width))]


def _without_gaps(bins: Sequence[Bin]) -> list[Bin]:
    """Return bins from 0 to 1, with empty ones where some are left out: as wide as the others if those are alike."""
    widths = [one.high - one.low for one in bins]
    narrowest = min(widths)
    alike = max(widths) - narrowest < 1e-6
    filled: list[Bin] = []
    for low, one in zip([0.0, *(one.high for one in bins)], [*bins, None], strict=True):
        high = 1.0 if one is None else one.low
        if high - low > 1e-6:
            count = max(1, round((high - low) / narrowest)) if alike and narrowest > 0 else 1
            edges = np.linspace(low, high, count + 1).tolist()
            filled += [Bin(start, end, math.nan, math.nan, 0) for start, end in pairwise(edges)]
        filled += [] if one is None else [one]
    return filled


def _joined(bins: Sequence[Bin]) -> Bin:
    """Return neighbours as one bin: their means over rows."""
    rows = sum(one.count for one in bins)
    filled = [one for one in bins if one.count]
    confidence, accuracy = (
        sum(one.count * getattr(one, what) for one in filled) / rows if rows else math.nan
        for what in ("confidence", "accuracy")
    )
    return Bin(bins[0].low, bins[-1].high, confidence, accuracy, rows)


def _finite(one: Bin) -> bool:
    return math.isfinite(one.accuracy) and math.isfinite(one.confidence)

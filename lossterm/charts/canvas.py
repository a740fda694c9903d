"""The canvas of every chart: cells of 4×2 braille dots, each with one colour and a background tint."""

import textwrap
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Span, Text

from lossterm.charts.loss_colours import Colour

SMALLEST = (12, 4)
"""Columns and lines below which no chart can be drawn."""

TALL, WIDE = 4, 2
"""Dots of a cell."""

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
"""Bit of each dot, (TALL, WIDE), as Unicode's braille block numbers them."""
_BLANK, _BRAILLE = ord(" "), 0x2800
_NONE = -1


class Canvas:
    """Drawn on from back to front: a cell takes the colour of what was drawn in it last."""

    def __init__(self, columns: int, rows: int) -> None:
        """Begin with nothing on `columns` × `rows` cells."""
        self.columns, self.rows = columns, rows
        self._dots = np.zeros((rows, columns), np.uint8)
        self._marks = np.zeros((rows, columns), np.uint32)
        self._ink = np.full((rows, columns), _NONE, np.int32)
        self._ground = np.full((rows, columns), _NONE, np.int32)

    def fill(self, top: np.ndarray, bottom: np.ndarray, colour: Colour) -> None:
        """Fill each column of dots from one row of dots down to another, (WIDE · columns,) each; NaN where nothing is.

        Rows of dots count from the top; what lies beyond the edges is cut off.
        """
        rows = np.arange(TALL * self.rows)[:, None]
        with np.errstate(invalid="ignore"):  # a comparison with NaN is false, as it should be
            self._put((rows >= top) & (rows <= bottom), colour)

    def dots(self, x: np.ndarray, y: np.ndarray, colour: Colour) -> None:
        """Set single dots, (points,) each in columns and rows of dots from the top left; those outside are left out."""
        inside = (x >= 0) & (x < WIDE * self.columns) & (y >= 0) & (y < TALL * self.rows)
        there = np.zeros((TALL * self.rows, WIDE * self.columns), bool)
        there[y[inside].astype(int), x[inside].astype(int)] = True
        self._put(there, colour)

    def _put(self, there: np.ndarray, colour: Colour) -> None:
        cells = there.view(np.uint8).reshape(self.rows, TALL, self.columns, WIDE)
        dots = np.einsum("rtcw,tw->rc", cells, _DOTS)
        self._dots |= dots
        self._ink[dots > 0] = _packed(colour)

    def tint(self, cells: np.ndarray, colour: Colour) -> None:
        """Colour the ground of cells, (rows, columns) of bool."""
        self._ground[cells] = _packed(colour)

    def mark(self, column: int, row: int, sign: str, colour: Colour | None = None) -> None:
        """Put one character over whatever is drawn in a cell; outside the canvas it is left out."""
        if 0 <= column < self.columns and 0 <= row < self.rows:
            self._marks[row, column] = ord(sign)
            self._ink[row, column] = _NONE if colour is None else _packed(colour)

    def free(self, column: int, row: int, length: int = 1) -> bool:
        """Whether nothing is drawn in so many cells of a row, all of them on the canvas."""
        part = slice(column, column + length)
        inside = 0 <= row < self.rows and column >= 0 and column + length <= self.columns
        return inside and not (self._dots[row, part].any() or self._marks[row, part].any())

    def lines(self) -> list[Text]:
        """Return one Text per row, all as wide as the canvas."""
        signs = np.where(self._dots > 0, self._dots.astype(np.uint32) + _BRAILLE, _BLANK)
        signs = np.where(self._marks > 0, self._marks, signs)
        return [self._line(row, signs[row]) for row in range(self.rows)]

    def _line(self, row: int, signs: np.ndarray) -> Text:
        text = signs.astype("<u4").tobytes().decode("utf-32-le")
        ground = self._ground[row]
        # A blank has no ink of its own: it goes on with that of its neighbour, so that there are fewer changes.
        drawn = np.flatnonzero(signs != _BLANK)
        if not len(drawn):
            ink = np.full(self.columns, _NONE, np.int32)
        else:
            ink = self._ink[row][drawn[np.maximum(np.searchsorted(drawn, np.arange(self.columns), "right") - 1, 0)]]
        changes = np.flatnonzero((np.diff(ink) != 0) | (np.diff(ground) != 0)) + 1
        edges = [0, *changes.tolist(), self.columns]
        spans = [
            Span(start, end, _style(int(ink[start]), int(ground[start])))
            for start, end in pairwise(edges)
            if ink[start] != _NONE or ground[start] != _NONE
        ]
        return Text(text, spans=spans)


def fitted(line: Text, width: int) -> Text:
    """Cut or fill a line to a width, in place, and return it."""
    line.truncate(width, pad=True)
    return line


def panel(lines: Sequence[Text], width: int, height: int) -> list[Text]:
    """Return exactly `height` lines of exactly `width` cells: cut, or filled with blanks."""
    return [fitted(line.copy(), width) for line in [*lines[:height], *[Text()] * (height - len(lines))]]


def message_lines(words: str, width: int, height: int) -> list[Text]:
    """Return a message in place of a chart, wrapped, in exactly `height` lines of exactly `width` cells."""
    return panel([Text(line, "dim") for line in textwrap.wrap(words, max(width, 1))], width, height)


def painted(signs: np.ndarray, inks: np.ndarray, styles: Sequence[str]) -> list[Text]:
    """Return lines of single characters, one span for each stretch of one style.

    `signs` and `inks`, places among the `styles`, are (lines, columns); the empty style is written without any span.
    """
    lines = []
    for row, ink in zip(signs, inks, strict=True):
        line = Text("".join(row))
        for start, end in pairwise([0, *(np.flatnonzero(np.diff(ink)) + 1).tolist(), len(ink)]):
            if styles[ink[start]]:
                line.stylize(styles[ink[start]], start, end)
        lines.append(line)
    return lines


def _packed(colour: Colour) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue


@lru_cache(maxsize=1024)
def _style(ink: int, ground: int) -> Style:
    return Style(color=_colour(ink), bgcolor=_colour(ground))


def _colour(packed: int) -> Color | None:
    return None if packed == _NONE else Color.from_rgb(packed >> 16, packed >> 8 & 255, packed & 255)

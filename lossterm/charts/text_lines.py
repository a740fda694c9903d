"""Lines of text of one width: what every chart is made of in the end."""

import textwrap
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rich.text import Text

SMALLEST = (12, 4)
"""Columns and lines below which no chart can be drawn."""


def fitted(line: Text, width: int) -> Text:
    """Cut or fill a line to a width, in place, and return it."""
    line.truncate(width, pad=True)
    return line


def panel(lines: Sequence[Text], width: int, height: int) -> list[Text]:
    """Return exactly `height` lines of exactly `width` cells: cut, or filled with blanks."""
    return [fitted(line.copy(), width) for line in [*lines[:height], *[Text()] * (height - len(lines))]]


def with_sign(lines: Sequence[Text], column: int, row: int, sign: str, style: str = "bold") -> list[Text]:
    """Return lines with one cell replaced by a sign; one outside of them is left out."""
    changed = list(lines)
    if 0 <= row < len(lines) and 0 <= column < lines[row].cell_len:
        line = lines[row]
        changed[row] = Text.assemble(line[:column], (sign, style), line[column + 1 :])
    return changed


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

"""stdout with tables, styles and wrapping: a terminal is as wide as it is, a pipe or a file as wide as need be.

Most tables fit and most signs take one cell. These are drawn here as rich draws them, without the time that loading
it takes; all else is left to rich.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len

from lossterm.text.columns import TableColumn
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from lossterm.cli.rich_stdout import RichStdout

PIPE_WIDTH = 200
"""Width of a table that goes into a pipe or a file, where nothing needs to be left out."""

BETWEEN = 3
"""Cells between two columns."""

_STYLES = {"": "", "bold": "\x1b[1m", "dim": "\x1b[2m"}
_WORD = re.compile(r"\s*\S+\s*")


class Stdout:
    """Writes to stdout, with nothing but ASCII where it is to be `plain`."""

    def __init__(self, *, plain: bool = False) -> None:
        terminal = sys.stdout.isatty()
        self.width = shutil.get_terminal_size().columns if terminal else PIPE_WIDTH
        self._plain = plain
        self._styled = terminal and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")
        told = any(name in os.environ for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))  # what is a terminal, to rich
        self._simple = not plain and not told and (sys.stdout.encoding or "").lower().startswith("utf")

    @cached_property
    def rich(self) -> "RichStdout":
        """The same through rich."""
        from lossterm.cli.rich_stdout import RichStdout  # slow to load

        return RichStdout(self.width, plain=self._plain)

    def sentence(self, text: str, style: str = "") -> None:
        """Print a sentence, harmless, on as many lines as it takes."""
        text = printable(text)
        lines = wrapped(text, self.width)
        if lines is None or not self._simple or (self._styled and style not in _STYLES):
            self.rich.print(text, style=style)
            return
        self._write(lines, style)

    def table(self, columns: Iterable[TableColumn]) -> None:
        """Print columns as a table, harmless."""
        columns = list(columns)
        lines = drawn(columns, self.width)
        if lines is None or not self._simple:
            self.rich.table(columns)
            return
        self._write(lines[:1], "bold")
        self._write(lines[1:], "")

    def _write(self, lines: Iterable[str], style: str) -> None:
        begin = _STYLES[style] if self._styled else ""
        click.echo("\n".join(f"{begin}{line}\x1b[0m" if begin and line else line for line in lines))


def wrapped(text: str, width: int) -> list[str] | None:
    """Break a text between words, as rich does; None where a word or a sign is too wide for that."""
    if cell_len(text) != len(text):
        return None
    if len(text) <= width:
        return [text]
    lines = [""]
    for word in _WORD.findall(text):
        if len(word.rstrip()) > width:
            return None
        if len(lines[-1]) + len(word.rstrip()) > width:
            lines.append("")
        lines[-1] += word
    return [line[:width] for line in lines]


def drawn(columns: list[TableColumn], width: int) -> list[str] | None:
    """Draw columns: a head, a rule and rows, as rich does; None where they do not fit, or a sign is too wide."""
    shown = [[printable(text) for text in (column.head, *column.values)] for column in columns]
    if any(cell_len(text) != len(text) for texts in shown for text in texts):
        return None
    widths = [max(map(len, texts)) for texts in shown]
    whole = sum(widths) + BETWEEN * (len(widths) - 1)
    if not all(widths) or whole > width:
        return None
    cells = [
        [text.rstrip().rjust(cells) if column.right else text.ljust(cells) for text in texts]
        for column, texts, cells in zip(columns, shown, widths, strict=True)
    ]
    head, *rows = ((" " * BETWEEN).join(line) for line in zip(*cells, strict=True))
    return [head, "─" * whole, *rows]

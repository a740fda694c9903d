"""stdout with tables, styles and wrapping: a terminal as wide as it is, a pipe or a file without an end."""

import io
import shutil
import sys
from collections.abc import Iterable
from typing import IO, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lossterm.text.columns import TableColumn
from lossterm.text.glyph_fallback import swapped
from lossterm.text.harmless import printable

PIPE_WIDTH = 200
"""Width of a table that goes into a pipe or a file, where nothing needs to be left out."""


class Stdout(Console):
    """Writes to stdout, with nothing but ASCII where it is to be `plain`."""

    def __init__(self, *, plain: bool = False) -> None:
        terminal = sys.stdout.isatty()
        super().__init__(
            file=cast("IO[str]", _Plain()) if plain else sys.stdout,
            force_terminal=terminal if plain else None,
            width=shutil.get_terminal_size().columns if terminal else PIPE_WIDTH,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def on_broken_pipe(self) -> None:
        """Leave it to the program: rich would end it here, with the exit code of an unexpected error."""
        raise BrokenPipeError

    def sentence(self, text: str, style: str = "") -> None:
        """Print a sentence, harmless."""
        self.print(printable(text), style=style)

    def table(self, columns: Iterable[TableColumn]) -> None:
        """Print columns as a table, harmless."""
        drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        columns = list(columns)
        for column in columns:
            drawn.add_column(printable(column.head), justify="right" if column.right else "left", overflow="fold")
        for line in zip(*(column.values for column in columns), strict=True):
            drawn.add_row(*map(printable, line))
        self.print(drawn)


class _Plain(io.TextIOBase):
    """Writes to stdout with nothing but ASCII."""

    def write(self, text: str) -> int:
        return sys.stdout.write(swapped(text, "ascii", plain=True))

    def flush(self) -> None:
        sys.stdout.flush()

"""stdout through rich: for colours, and for whatever has no room or is of wide signs."""

import io
import sys
from typing import IO, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lossterm.text.columns import TableColumn
from lossterm.text.glyph_fallback import swapped
from lossterm.text.harmless import printable


class RichStdout(Console):
    """Writes to stdout, with nothing but ASCII where it is to be `plain`."""

    def __init__(self, width: int, *, plain: bool = False) -> None:
        super().__init__(
            file=cast("IO[str]", _Plain()) if plain else sys.stdout,
            force_terminal=sys.stdout.isatty() if plain else None,
            width=width,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def on_broken_pipe(self) -> None:
        """Leave it to the program: rich would end it here, with the exit code of an unexpected error."""
        raise BrokenPipeError

    def table(self, columns: list[TableColumn]) -> None:
        """Print columns as a table, harmless."""
        drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
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

"""Lists on stdout: as JSON, or as tables and sentences."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from lossterm.cli.stdout import BETWEEN, Stdout
from lossterm.text.columns import TableColumn
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json

if TYPE_CHECKING:
    from rich.text import Text


def print_rows(rows: Sequence[dict[str, Any]], columns: dict[str, str], form: str, empty: str) -> None:
    """Print a list as a table of some of its fields (field → title), or all of it as JSON."""
    if form == "json":
        click.echo(as_json(list(rows)))
    elif not rows:
        click.echo(empty, err=True)
    else:
        Stdout().table(
            TableColumn(head, False, tuple(str(row[field]) for row in rows)) for field, head in columns.items()
        )


def print_columns(columns: Sequence[TableColumn]) -> None:
    """Print columns as a table; those for which there is no room are left out from the end, with a word."""
    console, shown = Stdout(), list(columns)
    while len(shown) > 1 and sum(column.width + BETWEEN for column in shown) - BETWEEN > console.width:
        shown.pop()
    console.table(shown)
    if len(shown) < len(columns):
        console.sentence("More columns in a wider terminal, or with --format json.", "dim")


def print_lines(lines: Sequence[str], style: str) -> None:
    """Print sentences on stdout."""
    console = Stdout()
    for line in lines:
        console.sentence(line, style)


def print_texts(lines: "Iterable[Text]") -> None:
    """Print drawn lines on stdout, with their colours where that is a terminal."""
    console = Stdout()
    for line in lines:
        line.plain = printable(line.plain)  # sign for sign, so that colours stay where they were
        console.rich.print(line, soft_wrap=True)

"""`lossterm data`: what a file holds, and how it would be trained on."""

from itertools import pairwise
from pathlib import Path

import click

from lossterm.cli.console import print_columns, print_lines
from lossterm.cli.options.shared import Command, list_formats
from lossterm.cli.options.table_reading import READING
from lossterm.data import Preview, ShownColumn, ShownTarget, preview
from lossterm.errors import DataError
from lossterm.home.paths import shelf
from lossterm.losses import Kind
from lossterm.reports.cells import DASH, number
from lossterm.text.columns import TableColumn
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json
from lossterm.text.numbers import counted

BAR = 40
"""Cells of the longest bar."""

LEVELS = 4
"""Names of a category that a line of the table shows."""

Names = tuple[str, ...]


def _reading(command: Command) -> Command:
    for option in reversed(READING):
        command = option(command)
    return command


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--target", metavar="COL", help="Column to predict: its values are drawn, and the whole is tried.")
@_reading
@list_formats
def data(
    file: Path,
    target: str | None,
    kind: Kind | None,
    drop: Names,
    categorical: Names,
    group: str | None,
    time: str | None,
    delimiter: str | None,
    encoding: str | None,
    header: bool | None,
    form: str,
) -> None:
    """Look at a table of your own before training on it: its columns, its target, and what to mend."""
    shown = preview(
        file,
        target=target,
        kind=kind,
        drop=drop,
        categorical=categorical,
        group=group,
        time=time,
        delimiter=delimiter,
        encoding=encoding,
        header=header,
        shelf=shelf(),
    )
    if form == "json":
        click.echo(as_json(shown))
    else:
        _print(shown)
    if shown.problem:
        raise DataError(shown.problem)


def _print(shown: Preview) -> None:
    inputs = f", {counted(shown.features, 'input')} of a network" if shown.features else ""
    size = f"{counted(shown.rows, 'row')}, {counted(len(shown.columns), 'column')}"
    print_lines([f"{shown.file}: {size}{inputs}"], "bold")
    print_lines(shown.said, "")
    print_lines([""], "")
    print_columns(_columns(shown.columns))
    if shown.target:
        print_lines(["", f"The target, in {shown.target.rows:,} rows:"], "bold")
        print_lines(_bars(shown.target), "")
    if shown.warnings:
        print_lines(["", "To look at:"], "bold")
        print_lines([f"• {warning}" for warning in shown.warnings], "")
    if shown.command:
        click.echo(f"\nTo go on: {printable(shown.command)}")  # not folded, since it is to be copied
    elif not shown.problem:
        print_lines(["", "To go on, name the column to predict with --target."], "")


def _columns(columns: tuple[ShownColumn, ...]) -> list[TableColumn]:
    return [
        TableColumn("column", False, tuple(column.name for column in columns)),
        TableColumn("holds", False, tuple(DASH if column.kind == "unread" else column.kind for column in columns)),
        TableColumn("is", False, tuple(column.role for column in columns)),
        TableColumn("missing", True, tuple(column.share for column in columns)),
        TableColumn("values", False, tuple(column.values(LEVELS) for column in columns)),
        TableColumn("first", False, tuple(", ".join(column.examples) for column in columns)),
    ]


def _bars(target: ShownTarget) -> list[str]:
    """Draw a line with a bar for each class, or for each part of the range of numbers."""
    if target.classes:
        names, counts = zip(*target.classes, strict=True)
    else:
        ends = [number(edge) for edge in target.edges]
        wide = max(map(len, ends))
        names = tuple(f"{low.rjust(wide)} … {high.rjust(wide)}" for low, high in pairwise(ends))
        counts = target.counts
    width, most = max(map(len, names)), max(counts)
    return [f"{name.ljust(width)} {_bar(rows, most)} {rows:,}" for name, rows in zip(names, counts, strict=True)]


def _bar(rows: int, most: int) -> str:
    eighths = round(8 * BAR * rows / most)
    bar = "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return bar or ("▏" if rows else "")

"""`lossterm data`: what a file holds, and how it would be trained on."""

from itertools import pairwise
from pathlib import Path

import click

from lossterm.cli.console import print_columns, print_lines
from lossterm.cli.options.piped_table import file_of
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
@click.option("--target", metavar="A,B", help="Column to predict, or several: drawn, and the whole is tried.")
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
    sample_weight: str | None,
    delimiter: str | None,
    encoding: str | None,
    header: bool | None,
    thousands: str | None,
    missing: Names,
    min_class: str | None,
    form: str,
) -> None:
    """Look at a table of your own before training on it: its columns, its target, and what to mend.

    FILE is CSV or TSV, gzip or not, NPZ, or with pyarrow Parquet, Feather or JSON lines; - is standard input. Images,
    sequences and masks, in NPZ or a folder of NPY files, are shown as arrays, with the task that follows.
    """
    shown = preview(
        file_of(file),
        target=target,
        kind=kind,
        drop=drop,
        categorical=categorical,
        group=group,
        time=time,
        sample_weight=sample_weight,
        delimiter=delimiter,
        encoding=encoding,
        header=header,
        thousands=thousands,
        missing=missing,
        min_class=min_class,
        shelf=shelf(),
    )
    if form == "json":
        click.echo(as_json(shown))
    else:
        _print(shown)
    if wrong := shown.problem or shown.refused:
        raise DataError(wrong)


def _print(shown: Preview) -> None:
    inputs = f", {counted(shown.features, 'input')} of a network" if shown.features else ""
    print_lines([f"{shown.file}: {shown.size}{inputs}"], "bold")
    print_lines([one for one in shown.said if one != shown.refused], "")
    print_lines([""], "")
    print_columns((_arrays if shown.shaped else _columns)(shown.columns))
    if shown.target:
        of = "pixels of " if shown.target.kind == "segmentation" else ""
        print_lines(["", f"The target, in {of}{shown.target.rows:,} rows:"], "bold")
        print_lines(_bars(shown.target), "")
    if shown.warnings:
        print_lines(["", "To look at:"], "bold")
        print_lines([f"• {warning}" for warning in shown.warnings], "")
    if shown.command:
        click.echo(f"\nTo go on: {printable(shown.command)}")  # not folded, since it is to be copied
        if shown.advised:
            click.echo(f"With what is advised above: {printable(shown.advised)}")
    elif shown.guess_command:
        print_lines(["", f"To go on, if {shown.guess} is the target, since {shown.guess_why}:"], "")
        click.echo(printable(shown.guess_command))
    elif not (shown.problem or shown.refused):
        guess = f" A guess: {shown.guess}, since {shown.guess_why}." if shown.guess else ""
        what = "array" if shown.shaped else "column"
        print_lines(["", f"To go on, name the {what} to predict with --target.{guess}"], "")


def _columns(columns: tuple[ShownColumn, ...]) -> list[TableColumn]:
    return [
        TableColumn("column", False, tuple(column.name for column in columns)),
        TableColumn("holds", False, tuple(DASH if column.kind == "unread" else column.kind for column in columns)),
        TableColumn("is", False, tuple(column.role for column in columns)),
        TableColumn("missing", True, tuple(column.share for column in columns)),
        TableColumn("values", False, tuple(column.values(LEVELS) for column in columns)),
        TableColumn("first", False, tuple(", ".join(column.examples) for column in columns)),
    ]


def _arrays(columns: tuple[ShownColumn, ...]) -> list[TableColumn]:
    ranges = (f"{one.lowest} … {one.highest}" if one.lowest else DASH for one in columns)
    roles = (DASH if one.role == "feature" else one.role for one in columns)
    return [
        TableColumn("array", False, tuple(one.name for one in columns)),
        TableColumn("shape", False, tuple(one.dimensions for one in columns)),
        TableColumn("holds", False, tuple(one.dtype for one in columns)),
        TableColumn("is", False, tuple(roles)),
        TableColumn("range", False, tuple(ranges)),
        TableColumn("memory", True, tuple(one.memory for one in columns)),
    ]


def _bars(target: ShownTarget) -> list[str]:
    """Draw a line with a bar for each class or label, or for each part of the range of each number."""
    if target.outputs:
        return [line for output in target.outputs for line in ("", output.name, *_parts(output.edges, output.counts))]
    return _lying(target.classes) if target.classes else _parts(target.edges, target.counts)


def _parts(edges: tuple[float, ...], counts: tuple[int, ...]) -> list[str]:
    ends = [number(edge) for edge in edges]
    wide = max(map(len, ends))
    names = (f"{low.rjust(wide)} … {high.rjust(wide)}" for low, high in pairwise(ends))
    return _lying(tuple(zip(names, counts, strict=True)))


def _lying(bars: tuple[tuple[str, int], ...]) -> list[str]:
    width, most = max(len(name) for name, _ in bars), max(rows for _, rows in bars)
    return [f"{name.ljust(width)} {_bar(rows, most)} {rows:,}" for name, rows in bars]


def _bar(rows: int, most: int) -> str:
    eighths = round(8 * BAR * rows / most)
    bar = "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return bar or ("▏" if rows else "")

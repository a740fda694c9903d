"""`lossterm look`: what a task's data are like before training, and single rows of them."""

import shutil
import sys
from collections.abc import Sequence

import click

from lossterm.cli.console import print_columns, print_lines, print_texts
from lossterm.cli.options.shared import list_formats
from lossterm.cli.options.task_or_table import Subject, subject_options
from lossterm.data import Data
from lossterm.data.shown_rows import ShownRows
from lossterm.errors import UsageError
from lossterm.tasks import Task, task_named, task_on
from lossterm.text.columns import TableColumn
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json

WIDEST, HEIGHT = 110, 16
"""Columns of the pictures at the most, and their lines."""


@click.command()
@subject_options
@click.option("--rows", metavar="N,N,…", help="Print these rows as they are, by their numbers in the file.")
@list_formats
def look(subject: Subject, rows: str | None, form: str) -> None:
    """Look at a task's data before training: target or classes drawn, outliers, leaks, the constant prediction.

    Of a drawn task it is the draw of the first seed. For what to mend in a file of your own, see also lossterm data.
    """
    what = subject.task_or_data(lambda sentence: click.echo(printable(sentence), err=True))
    data = None if isinstance(what, str) else what
    task = task_named(what) if isinstance(what, str) else task_on(what)
    if rows is not None:
        _print_rows(_rows(task, data, _numbers(rows)), form)
    else:
        _look(task, data, form)


def _look(task: Task, data: Data | None, form: str) -> None:
    from lossterm.figures.first_look_building import first_look  # slow to import, as NumPy is

    seen = first_look(task, data)
    if form == "json":
        click.echo(as_json(seen))
        return
    from lossterm.charts.terminal_style import Style
    from lossterm.figures.first_look import chart

    print_lines(seen.said, "")
    width = min(shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST, WIDEST)
    click.echo()
    plain = bool(seen.pictures) and not sys.stdout.isatty()  # of an image, colours are all
    print_texts(chart(seen, width, HEIGHT, Style(dark=True, plain=plain)).lines)
    if seen.doubts:
        print_lines(["", "To look at:"], "bold")
        print_lines([f"• {sentence}" for sentence in seen.doubts], "")


def _numbers(text: str) -> tuple[int, ...]:
    numbers = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in numbers):
        raise UsageError(f"{printable(text)!r} are no row numbers: write them with commas, as 12,301.")
    return tuple(dict.fromkeys(map(int, numbers)))


def _rows(task: Task, data: Data | None, numbers: Sequence[int]) -> ShownRows:
    if data is not None:
        from lossterm.data.row_cells import rows_of_file

        return rows_of_file(data, numbers)
    from lossterm.tasks.drawn_rows import rows_of_draw

    return rows_of_draw(task, numbers)


def _print_rows(shown: ShownRows, form: str) -> None:
    if form == "json":
        click.echo(as_json(shown))
    elif not shown.rows:
        raise UsageError("None of these rows is there.")
    else:
        numbers = tuple(str(row.row) for row in shown.rows)
        cells = (tuple(row.cells[place] for row in shown.rows) for place in range(len(shown.columns)))
        columns = [TableColumn(name, False, of) for name, of in zip(shown.columns, cells, strict=True)]
        print_columns([TableColumn("row", True, numbers), *columns])

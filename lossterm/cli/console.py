"""Reports and lists on stdout, progress on stderr."""

import io
import shutil
import sys
import time
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Self, cast

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossterm.following.progress import sentence
from lossterm.following.session_state import SessionState
from lossterm.reports import (
    csv_lines,
    headline,
    json_document,
    markdown,
    notes,
    plain_text,
    report,
    screen_reader,
    table,
    verdict,
)
from lossterm.store import Chunk
from lossterm.text.glyph_fallback import swapped
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from rich.progress import Progress

PIPE_WIDTH = 200
"""Width of a table that goes into a pipe or a file, where nothing needs to be left out."""


def print_reports(
    found: Sequence[report.Report], form: str, chunks: Sequence[Chunk] | None = None, *, plain: bool = False
) -> None:
    """Print reports on stdout, one under the other. As JSON there is exactly one.

    `chunks` are the curves of their trials: JSON adds all trials then, sentences tell how the curves go. `plain` draws
    a table with nothing but ASCII.
    """
    if form == "json":
        (only,) = found
        click.echo(json_document.as_json(json_document.document(only, chunks)))
    elif form == "csv":
        click.echo(csv_lines.as_csv(found))
    elif form in ("markdown", "plain"):
        click.echo("\n\n".join(map(markdown.as_markdown if form == "markdown" else plain_text.as_plain, found)))
    elif form == "linear":
        print_sentences(found, screen_reader.joined(chunks or ()))
    else:
        for number, one in enumerate(found):
            if number:
                click.echo()
            _print_table(one, plain=plain)


def print_sentences(found: Sequence[report.Report], curves: Mapping[int, "array[float]"]) -> None:
    """Print reports and the curves of their trials on stdout in sentences, one a line."""
    click.echo("\n\n".join("\n".join(map(printable, screen_reader.lines(one, curves))) for one in found))


def print_rows(rows: Sequence[dict[str, Any]], columns: dict[str, str], form: str, empty: str) -> None:
    """Print a list as a table of some of its fields (field → title), or all of it as JSON."""
    if form == "json":
        click.echo(json_document.as_json(list(rows)))
    elif not rows:
        click.echo(empty, err=True)
    else:
        _table(
            [table.TableColumn(head, False, tuple(str(row[field]) for row in rows)) for field, head in columns.items()],
            _stdout(),
        )


def print_columns(columns: Sequence[table.TableColumn]) -> None:
    """Print columns as a table; those for which there is no room are left out from the end, with a word."""
    console, shown = _stdout(), list(columns)
    while len(shown) > 1 and sum(column.width + 3 for column in shown) - 3 > console.width:
        shown.pop()
    _table(shown, console)
    if len(shown) < len(columns):
        console.print("More columns in a wider terminal, or with --format json.", style="dim")


def print_lines(lines: Sequence[str], style: str) -> None:
    """Print sentences on stdout."""
    console = _stdout()
    for line in lines:
        console.print(printable(line), style=style)


def print_texts(lines: Iterable[Text]) -> None:
    """Print drawn lines on stdout, with their colours where that is a terminal."""
    console = _stdout()
    for line in lines:
        line.plain = printable(line.plain)  # sign for sign, so that colours stay where they were
        console.print(line, soft_wrap=True)


class _Output(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # rich would end the program here, with the exit code of an unexpected error


class _Plain(io.TextIOBase):
    """Writes to stdout with nothing but ASCII."""

    def write(self, text: str) -> int:
        return sys.stdout.write(swapped(text, "ascii", plain=True))

    def flush(self) -> None:
        sys.stdout.flush()


def _stdout(*, plain: bool = False) -> Console:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
    terminal = sys.stdout.isatty() if plain else None
    file = cast("IO[str]", _Plain()) if plain else sys.stdout
    return _Output(file=file, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False)


def _print_table(found: report.Report, *, plain: bool) -> None:
    console = _stdout(plain=plain)
    console.print(printable(headline.headline(found)), style="dim")
    console.print(printable(verdict.verdict(found)), style="bold")
    columns, shown = table.fit_to(found, console.width, between=3)
    _table(columns, console)
    for note in notes.notes(found):
        console.print(printable(note), style="dim")
    if not shown:
        console.print("More metrics in a wider terminal, or with --format json.", style="dim")


def _table(columns: Iterable[table.TableColumn], console: Console) -> None:
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    columns = list(columns)
    for column in columns:
        drawn.add_column(printable(column.head), justify="right" if column.right else "left", overflow="fold")
    for line in zip(*(column.values for column in columns), strict=True):
        drawn.add_row(*map(printable, line))
    console.print(drawn)


class Narrator:
    """Shows how a run goes on stderr: a bar where that is a terminal, a line now and then where it is not."""

    LINE_SECONDS = 2.0
    """Least time between two plain lines."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bar: Progress | None = None
        self._said: str | None = None
        self._said_at = float("-inf")

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # the app does without

            self._bar = Progress(
                SpinnerColumn(),
                BarColumn(bar_width=30),
                TextColumn("{task.description}", markup=False),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("asking", total=None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, view: SessionState) -> None:
        """Show the present state, if it is worth a line."""
        progress = view.progress()
        text = sentence(progress)
        if progress.ended < progress.trials:
            worker = view.worker
            doing = worker.message if worker and worker.state != "ready" else "" if worker else "starting the worker"
            text = ": ".join(filter(None, (text, doing)))
        text = printable(text)
        if self._bar:
            total = progress.all_epochs or None
            self._bar.update(self._task, total=total, completed=progress.epochs, description=text)
        elif not self._quiet:
            self._line(text, last=progress.ended == progress.trials)

    def _line(self, text: str, *, last: bool) -> None:
        now = time.monotonic()
        if text == self._said or (now - self._said_at < self.LINE_SECONDS and not last):
            return
        self._said, self._said_at = text, now
        click.echo(text, err=True)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        if not self._quiet:
            self._console.print(printable(text))

"""Reports on stdout, in every form."""

from array import array
from collections.abc import Mapping, Sequence

import click

from lossterm.cli.stdout import BETWEEN, Stdout
from lossterm.reports import (
    csv_lines,
    headline,
    json_document,
    markdown,
    notes,
    plain_text,
    screen_reader,
    table,
    verdict,
)
from lossterm.reports.curve_shape import joined
from lossterm.reports.report import Report
from lossterm.store import Chunk
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json


def print_reports(
    reports: Sequence[Report], form: str, chunks: Sequence[Chunk] | None = None, *, plain: bool = False
) -> None:
    """Print reports on stdout, one under the other. As JSON there is exactly one.

    `chunks` are the curves of their trials: JSON adds all trials then, sentences tell how the curves go. `plain` draws
    a table with nothing but ASCII.
    """
    if form == "json":
        (only,) = reports
        click.echo(as_json(json_document.document(only, chunks)))
    elif form == "csv":
        click.echo(csv_lines.as_csv(reports))
    elif form in ("markdown", "plain"):
        click.echo("\n\n".join(map(markdown.as_markdown if form == "markdown" else plain_text.as_plain, reports)))
    elif form == "linear":
        print_sentences(reports, joined(chunks or ()))
    else:
        for number, report in enumerate(reports):
            if number:
                click.echo()
            _print_table(report, plain=plain)


def print_sentences(reports: Sequence[Report], curves: Mapping[int, "array[float]"], *, followed: bool = False) -> None:
    """Print reports and the curves of their trials on stdout in sentences, one a line.

    The curves have all columns, or those that viewers keep if `followed`.
    """
    told = (screen_reader.lines(report, curves, followed=followed) for report in reports)
    click.echo("\n\n".join("\n".join(map(printable, lines)) for lines in told))


def _print_table(report: Report, *, plain: bool) -> None:
    console = Stdout(plain=plain)
    console.sentence(headline.headline(report), "dim")
    console.sentence(verdict.verdict(report), "bold")
    columns, shown = table.fit_to(report, console.width, between=BETWEEN)
    console.table(columns)
    for note in notes.notes(report):
        console.sentence(note, "dim")
    if not shown:
        console.sentence("More metrics in a wider terminal, or with --format json.", "dim")

"""Reports on stdout, in each form that there is."""

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
    report,
    screen_reader,
    table,
    verdict,
)
from lossterm.store import Chunk
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json


def print_reports(
    found: Sequence[report.Report], form: str, chunks: Sequence[Chunk] | None = None, *, plain: bool = False
) -> None:
    """Print reports on stdout, one under the other. As JSON there is exactly one.

    `chunks` are the curves of their trials: JSON adds all trials then, sentences tell how the curves go. `plain` draws
    a table with nothing but ASCII.
    """
    if form == "json":
        (only,) = found
        click.echo(as_json(json_document.document(only, chunks)))
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


def _print_table(found: report.Report, *, plain: bool) -> None:
    console = Stdout(plain=plain)
    console.sentence(headline.headline(found), "dim")
    console.sentence(verdict.verdict(found), "bold")
    columns, shown = table.fit_to(found, console.width, between=BETWEEN)
    console.table(columns)
    for note in notes.notes(found):
        console.sentence(note, "dim")
    if not shown:
        console.sentence("More metrics in a wider terminal, or with --format json.", "dim")

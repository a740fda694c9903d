"""Stress sweeps on stdout, in every form."""

import shutil
import sys
from collections.abc import Sequence

import click

from lossterm.cli.console import print_columns, print_texts
from lossterm.cli.stdout import BETWEEN, PIPE_WIDTH, Stdout
from lossterm.store import AskedComparison, TrialRow
from lossterm.stress_sweeps import document, table, wording
from lossterm.stress_sweeps.contamination import Contamination, contamination
from lossterm.stress_sweeps.curve import SweepCurve, curves_of
from lossterm.stress_sweeps.sweep import sweeps
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json

HEIGHT = 16
"""Lines of the drawing."""

WIDEST = 110
"""Columns of the drawing at the most."""


def found_in(curve: SweepCurve) -> Contamination | None:
    """Estimate where the data at hand lie on a sweep's axis, which takes a second; None where nothing can tell."""
    if curve.asked.record.finite and sys.stderr.isatty():
        click.echo(f"Looking at the data of {printable(curve.asked.comparison.task)} …", err=True)
    return contamination(curve.asked.record, curve.asked.axis)


def print_sweeps(
    curves: Sequence[SweepCurve], form: str, found: Sequence[Contamination | None], *, plain: bool = False
) -> None:
    """Print sweeps, one under the other, each with where the data at hand lie. As JSON there is exactly one."""
    pairs = list(zip(curves, found, strict=True))
    if form == "json":
        ((curve, own),) = pairs
        click.echo(as_json(document.document(curve, own)))
    elif form == "csv":
        click.echo(document.as_csv(curves))
    elif form in ("markdown", "plain"):
        write = document.as_markdown if form == "markdown" else document.as_plain
        click.echo("\n\n".join(write(*pair) for pair in pairs))
    elif form == "linear":
        click.echo("\n\n".join("\n".join(map(printable, document.sentences(*pair))) for pair in pairs))
    else:
        for number, (curve, own) in enumerate(pairs):
            if number:
                click.echo()
            _print_table(curve, own, plain=plain)


def print_sweeps_of(every: Sequence[AskedComparison], rows: Sequence[TrialRow], form: str) -> None:
    """Print the sweeps of a session beneath its tables, without looking at the data; CSV as a table of its own."""
    curves = curves_of(sweeps(every), rows)
    if curves:
        click.echo()
        print_sweeps(curves, form, [None] * len(curves))


def _print_table(curve: SweepCurve, found: Contamination | None, *, plain: bool) -> None:
    console = Stdout(plain=plain)
    console.sentence(wording.headline(curve), "dim")
    console.sentence(wording.verdict(curve, found), "bold")
    _draw(curve, found)
    print_columns(table.fit_to(curve, console.width, between=BETWEEN))
    click.echo()
    print_columns(table.by_loss(curve))
    for note in wording.notes(curve, found):
        console.sentence(note, "dim")


def _draw(curve: SweepCurve, found: Contamination | None) -> None:
    """Draw a sweep; nothing where no level has a score."""
    if all(one.gain is None for loss in curve.others for one in curve.points[loss]):
        return
    from lossterm.charts.terminal_style import Style
    from lossterm.figures import stress  # slow to import

    width = min(shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH, WIDEST)
    print_texts(stress.chart(curve, Style(dark=True), width, HEIGHT, found).lines)

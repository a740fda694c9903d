"""`lossterm explain`: a loss in words and drawn; nothing is trained, and TensorFlow is not needed."""

import shutil
import sys
from typing import Any

import click

from lossterm.charts.loss_colours import colour_of, colour_text
from lossterm.cli.catalogue_fields import finite, loss_fields
from lossterm.cli.console import print_lines, print_texts
from lossterm.cli.options.shared import list_formats
from lossterm.errors import UsageError
from lossterm.losses import Loss, every_loss, loss_named
from lossterm.losses import explanation as words
from lossterm.metrics import METRICS
from lossterm.text.glossary import Term, term_named
from lossterm.text.json_text import as_json
from lossterm.text.numbers import listed

HEIGHT = 14
"""Lines of the drawing."""

POINTS = 161
"""Points at which a loss is computed."""

WIDEST = 110
"""Columns of the drawing at the most."""


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="LOSS|METRIC|TERM...")
@list_formats
def explain(names: tuple[str, ...], form: str) -> None:
    """Say what a loss is, what it estimates, when to use it and when not, and draw it with its slope.

    Several losses share a drawing: lossterm explain mse mae huber:delta=0.5

    A metric, or a term or sign of tables and screens, is told in a sentence: lossterm explain ece ROPE ◇
    """
    terms = {name: term for name in dict.fromkeys(names) if name not in every_loss() and (term := _term(name))}
    records = [loss_named(name) for name in dict.fromkeys(names) if name not in terms]
    if form == "table":
        for term in terms.values():
            print_lines([term.head], "bold")
            print_lines([term.says], "")
    if own := [loss.key for loss in records if loss.reading == "unknown"]:
        raise UsageError(f"{own[0]} is a custom loss, which only its own file describes: see lossterm probe.")
    if form == "json":
        click.echo(as_json([*terms.values(), *(_document(loss) for loss in records)]))
        return
    width = min(shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST, WIDEST)
    for number, loss in enumerate(records):
        if number or terms:
            click.echo()
        print_lines([f"{loss.key}: {loss.title}"], colour_text(colour_of(loss.key, dark=True)) + " bold")
        print_lines(words.lines(loss, width), "")
    for together in _drawings(records):
        _draw(together, width, named=len(records) > 1)


def _term(name: str) -> Term | None:
    """Return what is told in a sentence: an entry of the glossary, or a metric; None for anything else."""
    metric = METRICS.get(name)
    if metric is None or any(name in loss.aliases for loss in every_loss().values()):
        return term_named(name)
    better = "less" if metric.direction == "min" else "more"
    says = f"A metric of {listed(metric.kinds)} tasks, {better} is better: {metric.formula} ({metric.source})."
    return Term(name=metric.key, says=says, also=(metric.title,))


def _drawings(losses: list[Loss]) -> list[list[Loss]]:
    """Return which losses share a drawing: those over the same axis, where colours tell them apart."""
    if not sys.stdout.isatty():
        return [[loss] for loss in losses]
    from lossterm.losses.shape import axis_of

    axes = dict.fromkeys(axis_of(loss) for loss in losses)
    return [[loss for loss in losses if axis_of(loss) == axis] for axis in axes]


def _draw(losses: list[Loss], width: int, *, named: bool) -> None:
    from lossterm.charts import loss_anatomy  # slow to import
    from lossterm.figures import anatomy

    click.echo()
    places = words.drawn(losses)
    title = f"{', '.join(loss.key for loss in losses)}, drawn" if named else "Drawn"
    print_lines([f"{title} {places[0]}:"] if len(places) == 1 else ["Drawn:", *places], "dim")
    height = HEIGHT if width >= loss_anatomy.SIDE_BY_SIDE else 2 * HEIGHT
    print_texts(anatomy.chart(losses, {}, width, height, dark=True).lines)


def _document(loss: Loss) -> dict[str, Any]:
    import numpy as np

    from lossterm.losses.shape import REACH, axis_of, shape_of, where_drawn

    x = np.linspace(-REACH, REACH, POINTS)
    values, slopes = shape_of(loss, x)
    drawn = {"axis": axis_of(loss), "where": where_drawn(loss)}
    curves = {"x": x, "loss": values, "slope": slopes}
    return {**loss_fields(loss), "shape": {**drawn, **{name: [finite(v) for v in one] for name, one in curves.items()}}}

"""`lossterm metrics`: what every model is scored on."""

from collections.abc import Sequence

import click

from lossterm.cli.catalogue_fields import fields_of
from lossterm.cli.console import print_rows
from lossterm.cli.options.shared import list_formats
from lossterm.metrics import METRICS


@click.command()
@list_formats
def metrics(form: str) -> None:
    """List the metrics that every model is scored on."""
    rows = [fields_of(metric) for metric in METRICS.values()]
    if form == "table":
        better = {"min": "less", "max": "more"}
        rows = [{**row, "kinds": _some(row["kinds"]), "direction": better[row["direction"]]} for row in rows]
    columns = {"key": "metric", "kinds": "task", "direction": "better", "title": "what it is", "formula": "formula"}
    print_rows(rows, columns, form, "")


SOME = 2
"""Kinds of task that a line names; JSON has all of them."""


def _some(kinds: Sequence[str]) -> str:
    more = f" and {len(kinds) - SOME} more" if len(kinds) > SOME else ""
    return ", ".join(kinds[:SOME]) + more

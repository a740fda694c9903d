"""`lossterm advise`: which losses to try on a task's data, by rules of thumb that name their numbers."""

import sys

import click
import msgspec

from lossterm.cli.console import print_lines
from lossterm.cli.options.shared import StorePath, absent, list_formats, store_option
from lossterm.cli.options.task_or_table import Subject, subject_options
from lossterm.comparison import advice
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.errors import StoreError, UsageError
from lossterm.losses import loss_named
from lossterm.store import Store
from lossterm.stress_sweeps.nearby import near_tipping_points
from lossterm.tasks import Task
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json


@click.command()
@subject_options
@click.option("--probabilities", is_flag=True, help="Name only losses whose probabilities can be taken as they are.")
@list_formats
@store_option
def advise(subject: Subject, probabilities: bool, form: str, store: StorePath) -> None:
    """Look at data and say which losses to try beside the reference, with the reason and the number.

    A heuristic, not a verdict: for that, compare them with lossterm run. Where a stored stress sweep says that the data
    are near the point at which the best loss changes, that is said too.
    """
    record = subject.record(lambda sentence: click.echo(printable(sentence), err=True))
    if probabilities and record.kind == "regression":
        raise UsageError(f"--probabilities is for classes, and the targets of {record.key} are numbers.")
    if sys.stderr.isatty():  # loading what looks at data takes seconds
        click.echo(f"Looking at the data of {printable(record.key)} …", err=True)
    suggestion = advice.advise(record, probabilities=probabilities)
    swept = _swept(record, store)
    if form == "json":
        named = {"sentence": suggestion.sentence, "command": advice.command(suggestion), "heuristic": True}
        click.echo(as_json({**msgspec.structs.asdict(suggestion), **named, "sweeps": swept}))
        return
    print_lines([suggestion.sentence], "bold")
    print_lines([*suggestion.notes, *swept], "")
    if suggestion.hidden:
        losses = [loss_named(key) for key, _ in suggestion.hidden]
        left_out = ", ".join(f"{one.key} ({one.misfit_in_short(record.targets, DEFAULT_PROTOCOL)})" for one in losses)
        print_lines([f"Not offered: {left_out}."], "dim")
    print_lines([f"To know: {advice.command(suggestion)}", '"No detectable difference" is a result too.'], "")


def _swept(task: Task, store: StorePath) -> list[str]:
    """Return what stored sweeps say of the data; nothing where there is no store, or it cannot be read just now."""
    try:
        if absent(store):
            return []
        with Store(store, make=False) as opened:
            return near_tipping_points(opened, task)
    except StoreError:  # advice is about data, and needs no store
        return []

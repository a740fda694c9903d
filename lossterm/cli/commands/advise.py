"""`lossterm advise`: which losses to try on a task's data, by rules of thumb that name their numbers."""

import sys

import click
import msgspec

from lossterm.cli.console import print_lines
from lossterm.cli.options.shared import list_formats
from lossterm.cli.options.task_or_table import Subject, subject_options
from lossterm.comparison import advice
from lossterm.errors import UsageError
from lossterm.losses import loss_named
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json


@click.command()
@subject_options
@click.option("--probabilities", is_flag=True, help="Name only losses whose probabilities can be taken as they are.")
@list_formats
def advise(subject: Subject, probabilities: bool, form: str) -> None:
    """Look at data and say which losses to try beside the reference, with the reason and the number.

    A heuristic, not a verdict: for that, compare them with lossterm run.
    """
    record = subject.record(lambda sentence: click.echo(printable(sentence), err=True))
    if probabilities and record.kind == "regression":
        raise UsageError(f"--probabilities is for classes, and the targets of {record.key} are numbers.")
    if sys.stderr.isatty():  # loading what looks at data takes seconds
        click.echo(f"Looking at the data of {printable(record.key)} …", err=True)
    found = advice.advise(record, probabilities=probabilities)
    if form == "json":
        named = {"sentence": found.sentence, "command": advice.command(found), "heuristic": True}
        click.echo(as_json({**msgspec.structs.asdict(found), **named}))
        return
    print_lines([found.sentence], "bold")
    print_lines(found.notes, "")
    if found.hidden:
        left_out = ", ".join(f"{loss} (needs {loss_named(loss).valid})" for loss, _ in found.hidden)
        print_lines([f"Not offered: {left_out}."], "dim")
    print_lines([f"To know: {advice.command(found)}", '"No detectable difference" is a result too.'], "")

"""`lossterm run`: ask for a comparison, watch it, print its table."""

import sys
from typing import Any

import click

from lossterm.cli.comparison import comparison_options
from lossterm.cli.console import print_reports
from lossterm.cli.options import StorePath, store_option, table_formats
from lossterm.cli.project import ProjectCommand
from lossterm.cli.subject import Subject
from lossterm.cli.watch import Watch
from lossterm.comparison import Comparison
from lossterm.errors import UsageError
from lossterm.lint import doubts
from lossterm.store import Store

SOME_FAILED = 4
STOPPED = 130
"""Someone else stopped trials that this run was waiting for: as if it had been interrupted here."""


@click.command(cls=ProjectCommand)
@comparison_options
@click.option("--trials", "with_trials", is_flag=True, help="Add every trial with its curves to the JSON.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@table_formats
@store_option
def run(
    subject: Subject,
    session: str,
    with_trials: bool,
    quiet: bool,
    form: str,
    store: StorePath,
    **settings: Any,
) -> None:
    """Train each loss with each seed and print the table of losses.

    Trials that are in the store already are not trained again. Ctrl-C stops the trials and keeps what there is. What is
    not given is taken from the project file, if there is one; see lossterm init.
    """
    if with_trials and form != "json":
        raise UsageError("--trials adds to the JSON: say --format json too.")

    def say(sentence: str) -> None:
        if not quiet:
            click.echo(sentence, err=True)

    comparison = Comparison.ask(subject.found(say), **settings)
    for doubt in doubts(comparison):
        say(f"Note: {doubt}")
    with Store(store) as opened:
        watch = Watch(opened, session, [comparison], quiet=quiet)
        try:
            watch.to_the_end()
        except KeyboardInterrupt:
            found = watch.reports()
            if any(standing.rank for one in found for standing in one.standings):  # marked partial, if any trial ended
                print_reports(found, form, watch.chunks() if form == "linear" else None)
            raise
        found = watch.reports()
        chunks = watch.chunks() if with_trials or form == "linear" else None
    print_reports(found, form, chunks)
    if not all(one.sound for one in found):
        sys.exit(SOME_FAILED)
    if any(one.stopped for one in found):
        sys.exit(STOPPED)

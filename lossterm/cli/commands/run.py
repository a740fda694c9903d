"""`lossterm run`: ask for a comparison, watch it, print its table."""

import sys
from typing import Any

import click

from lossterm.cli.exit_codes import SOME_FAILED, STOPPED
from lossterm.cli.following import Limits, Watch
from lossterm.cli.options.comparison import comparison_options
from lossterm.cli.options.comparison_size import most_trials_option, see_to_size
from lossterm.cli.options.limits import limit_options
from lossterm.cli.options.shared import StorePath, store_option, table_formats
from lossterm.cli.options.task_or_table import Subject
from lossterm.cli.printed_reports import print_reports
from lossterm.cli.project_file import ProjectCommand
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.doubts import doubts
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.errors import UsageError
from lossterm.following.follow import asking
from lossterm.store import Store
from lossterm.text.harmless import printable
from lossterm.worker_control.cluster import Cluster


@click.command(cls=ProjectCommand)
@comparison_options
@limit_options
@most_trials_option
@click.option("--trials", "with_trials", is_flag=True, help="Add every trial with its curves to the JSON.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@table_formats
@store_option
def run(
    subject: Subject,
    session: str,
    max_time: float | None,
    memory: int | None,
    cluster: Cluster | None,
    max_trials: int | None,
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

    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        if not quiet:
            click.echo(printable(sentence), err=True)

    comparison = Comparison.ask(subject.task_or_data(say), **settings)
    trust_all_of(comparison, cluster and cluster.address)
    for doubt in (one for one in doubts(comparison) if one not in said):
        say(f"Note: {doubt}")
    see_to_size(comparison, max_trials)
    with Store(store) as opened:
        limits = Limits(max_time, memory, cluster)
        watch = Watch(opened, session, asking(opened, session, [comparison]), quiet=quiet, limits=limits)
        try:
            watch.to_the_end()
        except KeyboardInterrupt:
            reports = watch.reports()
            if any(
                standing.rank for one in reports for standing in one.standings
            ):  # marked partial, if any trial ended
                print_reports(reports, form, watch.chunks() if form == "linear" else None)
            raise
        reports = watch.reports()
        chunks = watch.chunks() if with_trials or form == "linear" else None
    print_reports(reports, form, chunks)
    if not all(one.sound for one in reports) or watch.out_of_time:
        sys.exit(SOME_FAILED)
    if any(one.stopped for one in reports):
        sys.exit(STOPPED)

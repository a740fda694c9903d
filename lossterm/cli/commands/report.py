"""`lossterm report`: a stored session as a table, without training."""

import sys

import click

from lossterm.cli.exit_codes import SOME_FAILED
from lossterm.cli.options.shared import StorePath, absent, session_argument, store_option, table_formats
from lossterm.cli.printed_reports import print_reports
from lossterm.errors import UnknownName, UsageError
from lossterm.metrics import metric_for
from lossterm.reports import report as reports
from lossterm.store import AskedComparison, Store
from lossterm.text.harmless import printable


@click.command()
@session_argument
@click.option("--comparison", type=int, help="One comparison by number (default: all; as JSON the last).")
@click.option("--metric", help="What ranks and tunes (default: what was asked for); see `lossterm metrics`.")
@click.option("--trials", "with_trials", is_flag=True, help="Add every trial with its curves to the JSON.")
@table_formats
@store_option
def report(
    session: str, comparison: int | None, metric: str | None, with_trials: bool, form: str, store: StorePath
) -> None:
    """Print a stored session as a table, without training."""
    if with_trials and form != "json":
        raise UsageError("--trials adds to the JSON: say --format json too.")
    if absent(store):
        raise UnknownName("session", session, ())
    with Store(store) as opened:
        opened.sessions.require(session)
        every = opened.reader.comparisons(session)
        if not every:
            raise UsageError(f"The session {session!r} holds no comparison yet. Begin one with `lossterm run`.")
        if comparison is None:
            shown = reports.tables(every)
        else:
            shown = [one for one in every if one.id == comparison]
            if not shown:
                numbers = ", ".join(str(one.id) for one in every)
                raise UsageError(f"The session {session!r} has no comparison {comparison}; it has {numbers}.")
        if form == "json" and len(shown) > 1:
            _say_what_is_left_out(shown[:-1])
            shown = shown[-1:]
        ids = [one.id for one in every]
        rows = opened.reader.trials(ids)
        if metric and not any(reports.fitting_metric(one, metric) for one in shown):
            task = shown[-1].comparison.record
            metric_for(metric, task.kind, shown[-1].comparison.protocol, task.lowest)  # raises, with what would fit
        found = [reports.build(one, reports.rows_of(one, rows), reports.fitting_metric(one, metric)) for one in shown]
        chunks = opened.reader.chunks(ids)[0] if with_trials or form == "linear" else None
    print_reports(found, form, chunks)
    if not all(one.sound for one in found):
        sys.exit(SOME_FAILED)


def _say_what_is_left_out(others: list[AskedComparison]) -> None:
    listed = ", ".join(f"{one.id} ({printable(one.comparison.task)})" for one in others)
    click.echo(f"JSON holds one comparison. Not in this one: {listed}; ask for one with --comparison N.", err=True)

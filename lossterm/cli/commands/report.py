"""`lossterm report`: a stored session as a table, without training."""

import sys

import click

from lossterm.cli.exit_codes import SOME_FAILED
from lossterm.cli.options.shared import StorePath, absent, session_argument, store_option, table_formats
from lossterm.cli.printed_reports import print_reports
from lossterm.cli.printed_sweeps import found_in, print_sweeps, print_sweeps_of
from lossterm.comparison.setting_catalogue import OF_COMPARISON
from lossterm.errors import UnknownName, UsageError
from lossterm.metrics import metric_for
from lossterm.reports import report as reports
from lossterm.reports.curve_shape import joined
from lossterm.reports.levelling import all_with_curves
from lossterm.store import AskedComparison, Store
from lossterm.stress_sweeps.curve import curve_of
from lossterm.stress_sweeps.sweep import sweeps
from lossterm.text.harmless import printable


@click.command()
@session_argument
@click.option("--comparison", type=int, help="One comparison by number (default: all; as JSON the last).")
@click.option("--sweep", type=int, help="One stress sweep by number (default: all, beneath the tables; none as JSON).")
@click.option("--metric", help="What ranks and tunes (default: what was asked for); see `lossterm metrics`.")
@click.option("--rope", type=float, help="Judge by another ROPE, in units of the metric (default: what was asked for).")
@click.option("--trials", "with_trials", is_flag=True, help="Add every trial with its curves to the JSON.")
@table_formats
@store_option
def report(
    session: str,
    comparison: int | None,
    sweep: int | None,
    metric: str | None,
    rope: float | None,
    with_trials: bool,
    form: str,
    store: StorePath,
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
        if sweep is not None:
            _print_sweep(opened, session, every, sweep, form)
            return
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
        if rope is not None:
            _judge_again(shown, metric, OF_COMPARISON["rope"].checked(rope))
        ids = [one.id for one in every]
        rows = opened.reader.trials(ids)
        if metric and not any(reports.fitting_metric(one, metric) for one in shown):
            task = shown[-1].comparison.record
            metric_for(metric, task.kind, shown[-1].comparison.protocol, task.lowest)  # raises, with what would fit
        built = [
            reports.build(one, reports.rows_of(one, rows), reports.fitting_metric(one, metric), rope) for one in shown
        ]
        chunks = opened.reader.chunks(ids)[0] if with_trials or form == "linear" else None
        built = all_with_curves(built, joined(opened.reader.sound_chunks(ids) if chunks is None else chunks))
    print_reports(built, form, chunks)
    if comparison is None and form != "json":
        print_sweeps_of(every, rows, form)
    if not all(one.sound for one in built):
        sys.exit(SOME_FAILED)


def _print_sweep(store: Store, session: str, every: list[AskedComparison], number: int, form: str) -> None:
    """Print one stress sweep. Raises UsageError, with the numbers there are, for one that is not there."""
    held = sweeps(every)
    chosen = [one for one in held if one.number == number]
    if not chosen:
        numbers = ", ".join(f"{one.number} ({one.axis.key})" for one in held)
        has = f"it has {numbers}" if held else "it has none: lossterm stress makes one"
        raise UsageError(f"The session {session!r} has no sweep {number}; {has}.")
    curve = curve_of(chosen[0], store.reader.trials([one.id for one in every]))
    print_sweeps([curve], form, [found_in(curve)])


def _judge_again(shown: list[AskedComparison], metric: str | None, rope: float) -> None:
    """Say that a ROPE was chosen after the training. Raises UsageError where one ROPE cannot judge what is shown."""
    metrics = {reports.fitting_metric(one, metric) or one.comparison.metric: one.id for one in shown}
    if len(metrics) > 1:
        listed = " and ".join(f"{name} (comparison {number})" for name, number in metrics.items())
        raise UsageError(f"--rope is in units of one metric, and these tables rank by {listed}: add --comparison N.")
    if any(one.comparison.until for one in shown):
        raise UsageError("A race ends by the ROPE that it was begun with. Run it again with --rope instead.")
    click.echo(f"Judged by a ROPE of {rope:g}, chosen after the training: say so beside the verdicts.", err=True)


def _say_what_is_left_out(others: list[AskedComparison]) -> None:
    listed = ", ".join(f"{one.id} ({printable(one.comparison.task)})" for one in others)
    click.echo(f"JSON holds one comparison. Not in this one: {listed}; ask for one with --comparison N.", err=True)

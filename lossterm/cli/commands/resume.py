"""`lossterm resume`: train what was stopped, failed or interrupted in a session."""

import sys
from collections.abc import Sequence

import click

from lossterm.cli.exit_codes import SOME_FAILED, STOPPED
from lossterm.cli.following import Limits, Watch
from lossterm.cli.options.limits import limit_options
from lossterm.cli.options.shared import StorePath, absent, session_argument, store_option, table_formats
from lossterm.cli.printed_reports import print_reports
from lossterm.cli.printed_sweeps import print_sweeps_of
from lossterm.errors import UnknownName, UsageError
from lossterm.reports import report
from lossterm.reports.curve_shape import joined
from lossterm.reports.levelling import all_with_curves
from lossterm.reports.race_course import next_in_race
from lossterm.store import AskedComparison, Store
from lossterm.worker_control.cluster import Cluster


def _in_unfinished_races(store: Store, every: Sequence[AskedComparison]) -> list[AskedComparison]:
    """Return the comparisons of races whose next stage nobody has asked for, as when no viewer was there to."""
    rows = store.reader.trials([one.id for one in every])
    tables = (report.build(one, report.rows_of(one, rows)) for one in report.tables(every, stressed=True))
    unfinished = [table.asked.comparison for table in tables if next_in_race(table) is not None]
    return [one for one in every if any(map(one.comparison.comparable, unfinished))]


@click.command()
@session_argument
@limit_options
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@table_formats
@store_option
def resume(
    session: str,
    max_time: float | None,
    memory: int | None,
    cluster: Cluster | None,
    quiet: bool,
    form: str,
    store: StorePath,
) -> None:
    """Train what was stopped, failed or interrupted in a session, and print its tables.

    What a worker's death interrupted goes on by itself as soon as a worker is back: this brings one. A long training
    goes on where it was; what is done is not trained again. A race goes on until it is settled.
    """
    if absent(store):
        raise UnknownName("session", session, ())
    with Store(store) as opened:
        opened.sessions.require(session)
        every = opened.reader.comparisons(session)
        if not every:
            raise UsageError(f"The session {session!r} holds no comparison yet. Begin one with `lossterm run`.")
        shown = report.tables(every)
        if form == "json" and len(shown) > 1:
            raise UsageError(
                f"JSON holds one comparison, and the session {session!r} has {len(shown)}: see its report."
            )
        waiting = opened.sessions.resume(session)
        asked = [*waiting, *(one for one in _in_unfinished_races(opened, every) if one not in waiting)]
        watch = Watch(opened, session, asked, quiet=quiet, limits=Limits(max_time, memory, cluster))
        interrupted = False
        try:
            watch.to_the_end()
        except KeyboardInterrupt:
            interrupted = True
        every = opened.reader.comparisons(session)  # what came out may have asked for more
        ids = [one.id for one in every]
        rows = opened.reader.trials(ids)
        chunks = opened.reader.chunks(ids)[0] if form == "linear" else None
        built = (report.build(one, report.rows_of(one, rows)) for one in report.tables(every))
        reports = all_with_curves(built, joined(opened.reader.sound_chunks(ids) if chunks is None else chunks))
    print_reports(reports, form, chunks)
    if form != "json":
        print_sweeps_of(every, rows, form)
    if interrupted:
        raise KeyboardInterrupt
    if not all(one.sound for one in reports) or watch.out_of_time:
        sys.exit(SOME_FAILED)
    if any(one.stopped for one in reports):
        sys.exit(STOPPED)

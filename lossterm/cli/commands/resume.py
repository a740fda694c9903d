"""`lossterm resume`: train what was stopped, failed or interrupted in a session."""

import sys

import click

from lossterm.cli.exit_codes import SOME_FAILED, STOPPED
from lossterm.cli.following import Limits, Watch
from lossterm.cli.options.limits import limit_options
from lossterm.cli.options.shared import StorePath, absent, session_argument, store_option, table_formats
from lossterm.cli.printed_reports import print_reports
from lossterm.errors import UnknownName, UsageError
from lossterm.reports import report
from lossterm.store import Store


@click.command()
@session_argument
@limit_options
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@table_formats
@store_option
def resume(session: str, max_time: float | None, memory: int | None, quiet: bool, form: str, store: StorePath) -> None:
    """Train what was stopped, failed or interrupted in a session, and print its tables.

    What a worker's death interrupted goes on by itself as soon as a worker is back: this brings one. A long training
    goes on where it was; what is done is not trained again.
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
        watch = Watch(opened, session, opened.sessions.resume(session), quiet=quiet, limits=Limits(max_time, memory))
        interrupted = False
        try:
            watch.to_the_end()
        except KeyboardInterrupt:
            interrupted = True
        rows = opened.reader.trials([one.id for one in every])
        found = [report.build(one, report.rows_of(one, rows)) for one in shown]
        chunks = opened.reader.chunks([one.id for one in every])[0] if form == "linear" else None
    print_reports(found, form, chunks)
    if interrupted:
        raise KeyboardInterrupt
    if not all(one.sound for one in found) or watch.out_of_time:
        sys.exit(SOME_FAILED)
    if any(one.stopped for one in found):
        sys.exit(STOPPED)

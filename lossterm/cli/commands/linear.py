"""`lossterm --linear`: a session in sentences while it is trained, for screen readers and logs."""

import sys
import time
from collections.abc import Callable

import click

from lossterm.cli.exit_codes import SOME_FAILED
from lossterm.cli.options.shared import StorePath, absent, opening
from lossterm.cli.options.workers import workers_with
from lossterm.cli.printed_reports import print_sentences
from lossterm.cli.printed_sweeps import print_sweeps_of
from lossterm.following.follow import Follower, GoesOn, WorkerLeft
from lossterm.following.session_state import SessionState
from lossterm.reports.report import Report
from lossterm.reports.screen_reader import score, spoken
from lossterm.reports.verdict import verdict
from lossterm.store import Store
from lossterm.text.harmless import printable
from lossterm.text.numbers import counted
from lossterm.worker_control.cluster import Cluster

STEPS = 10
"""Parts of a session's trials after each of which there is news."""

LEAST_SECONDS = 1.0
"""Least time between two parts."""


class Telling:
    """Knows what was said of a session already, and so what is new."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_at = float("-inf")
        self._step = -1
        self._finished: set[tuple[str, str]] = set()
        self._broken: dict[tuple[str, str, str], int] = {}
        self._verdicts: dict[str, object] = {}

    def new(self, view: SessionState) -> list[str]:
        """Return the sentences on what happened since the last time, none before it is time for some.

        The first time that is how far the session is; after that, all that matters in each tenth of the trials.
        """
        rows = view.rows.values()
        ended = sum(row.ended for row in rows)
        step, now, first = STEPS * ended // max(len(rows), 1), self._clock(), self._step < 0
        self._step = min(step, self._step) if not first else self._step  # trials that were added make it less
        if step <= self._step or now - self._told_at < LEAST_SECONDS:
            return []
        self._step, self._told_at = step, now
        reports = view.reports()
        news = [line for one in reports for line in self._news_of(one, f"{_name(one)}: " if len(reports) > 1 else "")]
        if first:
            news = ["The worker that trains is starting."] if view.training and not view.ready else []
        lines = [f"{ended} of {len(rows)} trials have ended.", *news]
        return [spoken(line) for line in lines]

    def _news_of(self, report: Report, about: str) -> list[str]:
        """Return what is new in a report, and remember it."""
        news, table, metric = [], _name(report), report.asked.comparison.metric
        for standing in report.standings:
            rows = [row for row in report.rows if row.trial.loss == standing.loss]
            counts = {status: sum(row.status == status for row in rows) for status in ("diverged", "failed")}
            for status, count in {**counts, "collapsed": standing.collapsed}.items():
                if (more := count - self._broken.get((table, standing.loss, status), 0)) > 0:
                    news.append(f"{about}{counted(more, 'trial')} of {standing.loss} {status}.")
                self._broken[table, standing.loss, status] = count
            ended = all(row.ended for row in rows) and not (report.race and report.race.goes_on(standing.loss))
            if rows and ended and (table, standing.loss) not in self._finished:
                self._finished.add((table, standing.loss))
                known = "without a score" if standing.mean is None else f"with {score(metric, standing)}"
                news.append(f"{about}All seeds of {standing.loss} have ended, {known}.")
        places = {s.loss: (s.verdict, s.rank == 1) for s in report.standings if s.rank is not None}
        if places and places != self._verdicts.get(table):
            news.append(f"{about}{verdict(report)}")
        self._verdicts[table] = places
        return news


def _name(report: Report) -> str:
    """Name a table so that it stays the same when more seeds are asked for."""
    c = report.asked.comparison
    return f"{c.task}, {c.protocol} protocol"


def follow(session: str, store: StorePath, memory: int | None = None, cluster: Cluster | None = None) -> None:
    """Narrate a session on stdout until all its trials have ended, then print its whole report. Raises WorkerError.

    A worker, which may take `memory` bytes and uses a `cluster`, is kept running while there is something to train. An
    interrupt does not stop the training.
    """
    view = None if absent(store) else _narrate(session, store, memory, cluster)
    if view is None:
        begin = opening(session, store, "run")
        click.echo(printable(f"There is nothing in the session {session} yet. Begin with: {begin}"))
        return
    reports = view.reports()
    print_sentences(reports, view.curves, followed=True)
    print_sweeps_of(view.asked, list(view.rows.values()), "linear")
    if not all(one.sound for one in reports):
        sys.exit(SOME_FAILED)


def _narrate(session: str, store: StorePath, memory: int | None, cluster: Cluster | None) -> SessionState | None:
    """Narrate a session until all its trials have ended, and return its state; None for an empty session."""
    with Store(store) as opened:
        asked = opened.reader.comparisons(session)
        if not asked:
            return None
        telling, device = Telling(), asked[-1].comparison.device
        with Follower(opened, session, device=device, workers=workers_with(memory, cluster)) as follower:
            try:
                for news in follower:
                    if isinstance(news, WorkerLeft):
                        click.echo(printable(news.message), err=True)
                    if isinstance(news, GoesOn):
                        click.echo(printable(news.message))
                    if follower.state.training:
                        for line in telling.new(follower.state):
                            click.echo(printable(line))
            except KeyboardInterrupt:
                begin = opening(session, store, "--linear")
                click.echo(printable(f"Training goes on. Come back with: {begin}"), err=True)
                raise
            return follower.state

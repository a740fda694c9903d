"""`lossterm --linear`: a session in sentences while it is trained, for screen readers and logs."""

import sys
import time
from collections.abc import Callable

import click

from lossterm.cli.exit_codes import SOME_FAILED
from lossterm.cli.options.shared import StorePath, absent, opening
from lossterm.cli.options.workers import workers_with
from lossterm.cli.printed_reports import print_sentences
from lossterm.following.follow import Follower, WorkerLeft
from lossterm.following.session_state import SessionState
from lossterm.reports.report import Report
from lossterm.reports.screen_reader import score, spoken
from lossterm.reports.verdict import verdict
from lossterm.store import Store
from lossterm.text.harmless import printable
from lossterm.text.numbers import counted

STEPS = 10
"""Into how many parts of its trials a session is told."""

LEAST_SECONDS = 1.0
"""Least time between two parts."""


class Telling:
    """What was told of a session, and so what is new."""

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
        news = [line for one in reports for line in self._of(one, f"{_name(one)}: " if len(reports) > 1 else "")]
        if first:
            news = ["The worker that trains is starting."] if view.training and not view.ready else []
        told = [f"{ended} of {len(rows)} trials have ended.", *news]
        return [spoken(line) for line in told]

    def _of(self, report: Report, about: str) -> list[str]:
        """Return what is new in a report, and remember it."""
        found, table, metric = [], _name(report), report.asked.comparison.metric
        for standing in report.standings:
            rows = [row for row in report.rows if row.trial.loss == standing.loss]
            for status in ("diverged", "failed"):
                count = sum(row.status == status for row in rows)
                if more := count - self._broken.get((table, standing.loss, status), 0):
                    found.append(f"{about}{counted(more, 'trial')} of {standing.loss} {status}.")
                self._broken[table, standing.loss, status] = count
            if rows and all(row.ended for row in rows) and (table, standing.loss) not in self._finished:
                self._finished.add((table, standing.loss))
                known = "without a score" if standing.mean is None else f"with {score(metric, standing)}"
                found.append(f"{about}All seeds of {standing.loss} have ended, {known}.")
        places = {s.loss: (s.verdict, s.rank == 1) for s in report.standings if s.rank is not None}
        if places and places != self._verdicts.get(table):
            found.append(f"{about}{verdict(report)}")
        self._verdicts[table] = places
        return found


def _name(report: Report) -> str:
    """Name a table so that it stays the same when more seeds are asked for."""
    c = report.asked.comparison
    return f"{c.task}, {c.protocol} protocol"


def follow(session: str, store: StorePath, memory: int | None = None) -> None:
    """Tell a session on stdout until all its trials have ended, then its whole report. Raises WorkerError.

    It sees to it that a worker is there as long as there is something to train, which may take `memory` bytes.
    Interrupted, it leaves the training alone.
    """
    view = None if absent(store) else _told(session, store, memory)
    if view is None:
        begin = opening(session, store, "run")
        click.echo(printable(f"There is nothing in the session {session} yet. Begin with: {begin}"))
        return
    reports = view.reports()
    print_sentences(reports, view.curves)
    if not all(one.sound for one in reports):
        sys.exit(SOME_FAILED)


def _told(session: str, store: StorePath, memory: int | None) -> SessionState | None:
    """Tell a session until all its trials have ended, and return how it stands; None for one that holds nothing."""
    with Store(store) as opened:
        asked = opened.reader.comparisons(session)
        if not asked:
            return None
        telling, device = Telling(), asked[-1].comparison.device
        with Follower(opened, session, device=device, workers=workers_with(memory)) as follower:
            try:
                for news in follower:
                    if isinstance(news, WorkerLeft):
                        click.echo(printable(news.message), err=True)
                    if follower.state.training:
                        for line in telling.new(follower.state):
                            click.echo(printable(line))
            except KeyboardInterrupt:
                begin = opening(session, store, "--linear")
                click.echo(printable(f"Training goes on. Come back with: {begin}"), err=True)
                raise
            return follower.state

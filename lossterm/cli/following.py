"""Following comparisons to their end: what `run`, `resume`, `reproduce` and `check` have in common."""

import shlex
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NamedTuple

from lossterm.cli.console import Narrator
from lossterm.comparison.comparison import Comparison
from lossterm.errors import StoreError, WorkerError
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges
from lossterm.reports import report
from lossterm.store import AskedComparison, Chunk, Store, default_store_path
from lossterm.text.numbers import duration
from lossterm.worker_control import supervisor

SOME_FAILED = 4
"""A trial failed, or diverged where it counts, or time was up before the last."""
STOPPED = 130
"""Someone else stopped trials that this command was waiting for: as if it had been interrupted here."""


class Limits(NamedTuple):
    """What following may take."""

    seconds: float | None = None
    """Time, None for as long as it takes."""
    memory: int | None = None
    """Bytes that a worker may take, None for whatever one that is there may."""


class Watch:
    """Comparisons of one session that are followed together."""

    def __init__(
        self,
        store: Store,
        session: str,
        asked: Iterable[AskedComparison],
        *,
        quiet: bool,
        keeps: bool = True,
        limits: Limits = Limits(),  # noqa: B008  it cannot be changed
    ) -> None:
        """Prepare to follow; `asked` is gone through when that begins, and `keeps` tells whether the store stays."""
        self._store, self._session, self._quiet, self._keeps = store, session, quiet, keeps
        self._asking, self._limits = asked, limits
        self.asked: list[AskedComparison] = []
        self.out_of_time = False
        """Whether trials were stopped since time was up."""

    def to_the_end(self) -> None:
        """Follow the comparisons, seeing to it that a worker is there. Raises WorkerError.

        Interrupted, without a worker or out of time, it stops what nobody else waits for; what was trained is kept.
        Told to end, or left by its terminal, it ends the program and stops nothing.
        """
        with _leaving_when_told(), Narrator(quiet=self._quiet) as narrator:
            if self._store.network:
                narrator.say(f"The store lies on a network file system ({self._store.network}), which makes it slower.")
            try:
                for one in self._asking:
                    self.asked.append(one)
                if self.asked:
                    self._follow(narrator)
            except WorkerError:  # what was asked for waits, as the error says
                narrator.say(f"Go on: {self._command('resume')}")
                raise
            except KeyboardInterrupt:
                shared = self._store.requests.cancel(self._numbers)
                if self._keeps:
                    narrator.say(f"Stopped; what was trained is kept: {self._command('report')}")
                    narrator.say(f"Go on: {self._command('resume')}")
                if shared:
                    narrator.say(f"{shared} of the trials go on, since another comparison waits for them too.")
                raise
            except SystemExit:
                if self._keeps:
                    with suppress(OSError):  # its terminal may have gone
                        narrator.say(f"Training goes on; the table of what there is: {self._command('report')}")
                raise

    def reports(self) -> list[report.Report]:
        """Return the standings of what is there, one for each comparison, in the order asked."""
        rows = self._store.reader.trials(self._numbers)
        return [report.build(one, report.rows_of(one, rows)) for one in self.asked]

    def chunks(self) -> list[Chunk]:
        """Return the curves of what is there, in the order of their epochs."""
        return self._store.reader.chunks(self._numbers)[0]

    @property
    def _numbers(self) -> list[int]:
        return [asked.id for asked in self.asked]

    def _follow(self, narrator: Narrator) -> None:
        device = self.asked[-1].comparison.device
        keepers: dict[str, supervisor.Supervisor] = {}
        tail, view = StoreChanges(self._store.path, self._session, self._numbers, device=device), SessionState()
        began, refused = time.monotonic(), set[int]()  # workers that left since the store took nothing more
        try:
            for update in tail.follow():
                if update:
                    view.apply(update)
                    narrator.show(view)
                if not view.training:
                    return
                if view.worker and view.worker.state == "failed" and view.worker.pid not in refused:
                    refused.add(view.worker.pid)
                    if len(refused) == supervisor.Supervisor.MOST:
                        raise StoreError(view.worker.message)
                    narrator.say(view.worker.message)
                for one in {row.trial.device for row in view.rows.values() if not row.ended}:
                    keeper = keepers.setdefault(
                        one, supervisor.Supervisor(self._store.path, one, memory=self._limits.memory)
                    )
                    if word := keeper.tend(needed=True, ready=view.ready and one == device):
                        narrator.say(word)
                if not self.out_of_time and time.monotonic() - began > (self._limits.seconds or float("inf")):
                    self._end(narrator)
        finally:
            tail.close()

    def _end(self, narrator: Narrator) -> None:
        """Stop since time is up: as soon as the worker has obeyed, there is nothing left to follow."""
        self.out_of_time = True
        self._store.requests.cancel(self._numbers)
        narrator.say(
            f"Stopped after {duration(self._limits.seconds or 0)}, as --max-time says. Go on: {self._command('resume')}"
        )

    def _command(self, verb: str) -> str:
        """Write a command on the session, to be copied into a shell."""
        elsewhere = self._store.path != default_store_path().expanduser().resolve()
        place = ["--store", str(self._store.path)] if elsewhere else []
        return shlex.join(["lossterm", verb, *place, self._session])


@contextmanager
def _leaving_when_told() -> Iterator[None]:
    """Have the signals that end a program leave it in good order, unless they are ignored, as under nohup."""
    heeded = [told for told in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(told) is signal.SIG_DFL]
    for told in heeded:
        signal.signal(told, _leave)
    try:
        yield
    finally:
        for told in heeded:
            signal.signal(told, signal.SIG_DFL)


def _leave(told: int, _: FrameType | None) -> None:
    sys.exit(128 + told)


def asking(store: Store, session: str, comparisons: Sequence[Comparison]) -> Iterable[AskedComparison]:
    """Ask for comparisons one after the other, as they are taken from what this returns."""
    return (store.requests.ask(session, one) for one in comparisons)

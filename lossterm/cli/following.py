"""Following comparisons to their end: what `run`, `resume`, `reproduce` and `check` have in common."""

import shlex
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NamedTuple

from lossterm.cli.exit_codes import ended_by
from lossterm.cli.options.workers import workers_with
from lossterm.errors import StoreError, WorkerError
from lossterm.following.follow import Follower
from lossterm.following.narrator import Narrator, narrate
from lossterm.home.paths import default_store_path
from lossterm.reports import report
from lossterm.store import AskedComparison, Chunk, Store
from lossterm.store.network_mounts import located
from lossterm.text.numbers import duration
from lossterm.worker_control.cluster import Cluster


class Limits(NamedTuple):
    """What following may take."""

    seconds: float | None = None
    """Time, None for as long as it takes."""
    memory: int | None = None
    """Bytes that a worker may take, None for whatever one that is there may."""
    cluster: Cluster | None = None
    """The cluster that it uses beside this machine, None for whatever one that is there uses."""


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
        self._follower = Follower(
            store, session, asked, workers=workers_with(limits.memory, limits.cluster), seconds=limits.seconds
        )
        self.out_of_time = False
        """Whether trials were stopped since time was up."""

    def to_the_end(self) -> None:
        """Follow the comparisons, seeing to it that a worker is there. Raises WorkerError.

        Interrupted, without a worker or out of time, it stops what nobody else waits for; what was trained is kept.
        On SIGTERM, or SIGHUP when its terminal closes, it exits and stops nothing.
        """
        with _exiting_on_signals(), Narrator(quiet=self._quiet) as narrator:
            try:
                self._follow(narrator)
            except WorkerError:  # what was asked for waits, as the error says
                narrator.say(f"Go on: {self._command('resume')}")
                raise
            except KeyboardInterrupt:
                shared = self._follower.stop()
                if self._keeps:
                    narrator.say(self._what_is_kept())
                    narrator.say(f"Go on: {self._command('resume')}")
                if shared:
                    narrator.say(f"{shared} of the trials go on, since another comparison waits for them too.")
                raise
            except SystemExit:
                if self._keeps:
                    with suppress(OSError):  # its terminal may have gone
                        narrator.say(f"Training goes on; the table of what there is: {self._command('report')}")
                raise

    @property
    def asked(self) -> list[AskedComparison]:
        """What was asked for so far."""
        return self._follower.asked

    def reports(self) -> list[report.Report]:
        """Return the standings of what is there, one for each comparison, in the order asked."""
        return self._follower.reports()

    def chunks(self) -> list[Chunk]:
        """Return the curves of what is there, in the order of their epochs."""
        return self._follower.chunks()

    def _follow(self, narrator: Narrator) -> None:
        if (seconds := narrate(self._follower, narrator)) is not None:
            self.out_of_time = True
            narrator.say(f"Stopped after {duration(seconds)}, as --max-time says. Go on: {self._command('resume')}")

    def _what_is_kept(self) -> str:
        if self._follower.anything_trained:
            return f"Stopped; what was trained is kept: {self._command('report')}"
        return "Stopped before anything was trained."

    def _command(self, verb: str) -> str:
        """Write a command on the session, to be copied into a shell."""
        try:
            elsewhere = self._store.path != located(default_store_path().expanduser())
        except StoreError:  # the usual place cannot be used, so the store is elsewhere
            elsewhere = True
        place = ["--store", str(self._store.path)] if elsewhere else []
        return shlex.join(["lossterm", verb, *place, self._session])


@contextmanager
def _exiting_on_signals() -> Iterator[None]:
    """Exit in good order on the signals that end a program, unless they are ignored, as under nohup."""
    heeded = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in heeded:
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)


def _leave(number: int, _: FrameType | None) -> None:
    sys.exit(ended_by(number))

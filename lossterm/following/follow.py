"""One loop that asks for comparisons, keeps the workers that train them, and yields what is new until the end."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Self, TypeAlias

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_axis import axis_of
from lossterm.errors import StoreError, UnknownName
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges, Update
from lossterm.reports import race_course, report, widening
from lossterm.reports.levelling import with_curves
from lossterm.reports.report import Report
from lossterm.store import AskedComparison, Chunk, Store
from lossterm.stress_axes.levels import in_words
from lossterm.stress_sweeps import refinement
from lossterm.worker_control.starting import Workers
from lossterm.worker_control.supervisor import Supervisor

INTERVAL = 0.1
"""Seconds between two looks: the worker writes about as often."""


class WorkerLeft(msgspec.Struct, frozen=True):
    """A worker left before it was done; another is started in its place."""

    message: str
    """Why it left, and when the other is started."""


class TimeUp(msgspec.Struct, frozen=True):
    """Time was up: trials that no other session waits for were stopped; what was trained is kept."""

    seconds: float
    """Time that there was."""


class GoesOn(msgspec.Struct, frozen=True):
    """All that was asked for has ended, and what came out asks for more, which is queued."""

    message: str
    """What is trained now, and why."""


News: TypeAlias = Update | WorkerLeft | TimeUp | GoesOn
"""What a follower yields; an update is in its state already."""


class Follower:
    """Follows a session, or some comparisons of it, and sees to it that they are trained.

    Callers that may block iterate over it: `with Follower(store, "s", asking(store, "s", comparisons)) as follower:
    for news in follower: …`. The app, which may not block, calls `poll` and `tend` in a thread and `take` in its own.
    """

    def __init__(
        self,
        store: Store,
        session: str,
        asked: Iterable[AskedComparison] | None = None,
        *,
        device: str | None = None,
        workers: Workers | None = Workers(),  # noqa: B008  it cannot be changed
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to follow what is asked for, None for all of the session.

        `asked` is gone through when following begins. `device` is the one whose worker the state knows, None for that
        of the last that was asked for. `workers` says how workers are started, None to start none. `seconds` is what
        this may take, None for as long as it takes; `clock` measures the rate of training.
        """
        self.state = SessionState(clock)
        """What is known of the session."""
        self.asked: list[AskedComparison] = []
        """What was asked for so far."""
        self._store, self._session, self._asking, self._device = store, session, asked, device
        self._workers, self._seconds = workers, seconds
        self._changes: StoreChanges | None = None
        self._supervisors: dict[str, Supervisor] = {}
        self._numbers: list[int] = []  # of all requests that are followed: those asked for, and what followed from them
        self._began = time.time()
        self._left: set[int] = set()  # workers that reported that the store refused writes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to the store."""
        if self._changes is not None:
            self._changes.close()

    def __iter__(self) -> Iterator[News | None]:
        """Ask, then yield what is new until all trials have ended; None where a look brought nothing.

        Raises WorkerError where workers keep dying, and StoreError where the store is why, or is gone.
        """
        self.ask()
        if self._asking is not None and not self.asked:
            return
        began, ends = time.monotonic(), self._seconds
        while True:
            yield self.take(self.poll())
            if not self.state.training:
                if ends != self._seconds or not (more := self.go_on()):  # where time was up, nothing follows
                    return
                yield from map(GoesOn, more)
                continue
            if (left := self._worker_left()) is not None:
                yield left
            yield from map(WorkerLeft, self.tend(self.waiting))
            if ends is not None and time.monotonic() - began > ends:
                self.stop()  # as soon as the worker has obeyed, there is nothing left to follow
                yield TimeUp(ends)
                ends = None
            time.sleep(INTERVAL)  # the one place that waits: a store cannot call back

    # One step after the other

    def ask(self) -> None:
        """Ask for all comparisons. If interrupted, it knows those asked for until then."""
        for one in self._asking or ():
            self.asked.append(one)

    def poll(self) -> Update | None:
        """Return what is new in the store, None if nothing is."""
        if self._changes is None:
            self._numbers = [one.id for one in self.asked]
            numbers = None if self._asking is None else self._numbers
            self._changes = StoreChanges(self._store.path, self._session, numbers, device=self._followed_device)
        return self._changes.poll()

    def go_on(self) -> list[str]:
        """Queue what follows from the results of trials that have ended, and say what and why; nothing if nothing does.

        A race trains what is still in question; another table whose best learning rates lie at the edge of the grid has
        it widened; a sweep that is done puts more levels where its best loss changes. Nothing follows in a session
        where somebody stopped what was asked for last, and of its tables only in those that were trained while this
        looked.
        """
        words: list[str] = []
        if not self.state.asked or self.state.asked[-1].cancelled is not None:
            return words
        for table in filter(self._concerns, self.state.reports(stressed=True)):
            if (more := race_course.next_in_race(table)) is not None:
                said = race_course.announced(table, more)
            elif (more := widening.widened(table)) is not None:
                said = widening.announced(table, more)
            else:
                continue
            try:
                asked = self._store.requests.ask(self._session, more, failed=False)
            except UnknownName:  # a loss of a package that is no longer installed
                continue
            words.append(_at_level(more, said))
            self.asked = [asked if one.comparison.comparable(more) else one for one in self.asked]
            self._numbers.append(asked.id)
        if not words:
            words += self._refine()
        if words and self._changes is not None and self._asking is not None:
            self._changes.follow(self._numbers)
        return words

    def _refine(self) -> list[str]:
        """Queue further levels of sweeps where their best loss changes, and say which."""
        words = []
        for curve in self.state.sweeps():
            if any(map(self._concerns, curve.reports)) and (more := refinement.refined(curve)):
                added = [self._store.requests.ask(self._session, one, failed=False) for one in more]
                self._numbers += [one.id for one in added]
                self.asked += added if self._asking is not None else []
                words.append(refinement.announced(curve, more))
        return words

    def _concerns(self, table: Report) -> bool:
        """Whether a table is one that was asked for here, or of the followed device and not over when this began."""
        if self._asking is not None:
            return True
        since = table.race is not None or table.asked.created >= self._began
        since |= any(row.finished is not None and row.finished >= self._began for row in table.rows)
        return since and table.asked.comparison.device == self._followed_device

    def take(self, update: Update | None) -> Update | None:
        """Take an update into the state, and return it."""
        if update is not None:
            self.state.apply(update)
        return update

    @property
    def waiting(self) -> set[str]:
        """Devices with trials that have not ended."""
        return {row.trial.device for row in self.state.rows.values() if not row.ended}

    def tend(self, devices: Collection[str]) -> list[str]:
        """Start workers for these devices if needed; return news of them.

        Raises WorkerError and StoreError.
        """
        if self._workers is None:
            return []
        for device in devices:
            if device not in self._supervisors:
                self._supervisors[device] = Supervisor(self._store.path, device, *self._workers)
        words = [
            supervisor.tend(needed=device in devices, ready=self.state.ready and device == self._followed_device)
            for device, supervisor in self._supervisors.items()
        ]
        return [word for word in words if word]

    def stop(self) -> int:
        """Stop what was asked for here, or all of the session; return how many trials others wait for too."""
        if self._asking is None:
            return self._store.sessions.stop(self._session)
        return self._store.requests.cancel([one.id for one in self.asked])

    @property
    def network(self) -> str | None:
        """The kind of network file system that the store lies on, None for a local one."""
        return self._store.network

    # What came out

    @property
    def numbers(self) -> list[int]:
        """Numbers of all requests that are followed: those asked for here, and what followed from their results."""
        return sorted({*self._numbers, *(one.id for one in self.asked)})

    @property
    def anything_trained(self) -> bool:
        """Whether any trial of what was asked for has an epoch."""
        return any(row.epochs for row in self._store.reader.trials(self._last_numbers))

    def reports(self) -> list[Report]:
        """Return the standings of what is there, one for each comparison, in the order asked."""
        rows = self._store.reader.trials(self._last_numbers)
        tables = report.tables(self._store.reader.comparisons(self._session), stressed=True)
        asked = [report.looked_at(one, tables) for one in self.asked]
        built = (report.build(one, report.rows_of(one, rows)) for one in asked)
        return [with_curves(one, self.state.curves, followed=True) for one in built]

    def chunks(self) -> list[Chunk]:
        """Return the curves of what is there, in the order of their epochs."""
        return self._store.reader.chunks(self._last_numbers)[0]

    @property
    def _last_numbers(self) -> list[int]:
        return [one.id for one in self.asked]

    @property
    def _followed_device(self) -> str:
        return self._device or self.asked[-1].comparison.device

    def _worker_left(self) -> WorkerLeft | None:
        """Return the message of a worker that has just left. Raises StoreError with it if too many have."""
        worker = self.state.worker
        if worker is None or worker.state != "failed" or worker.pid in self._left:
            return None
        self._left.add(worker.pid)
        if len(self._left) == Supervisor.MOST:
            raise StoreError(worker.message)
        return WorkerLeft(worker.message)


def _at_level(comparison: Comparison, said: str) -> str:
    """Say at which level of a sweep something happens, where it is at one."""
    severity = comparison.severity
    return said if severity is None else f"At {in_words(axis_of(severity), severity.level)}: {said}"


def asking(store: Store, session: str, comparisons: Sequence[Comparison]) -> Iterable[AskedComparison]:
    """Ask for comparisons one after the other, as they are taken from what this returns."""
    return (store.requests.ask(session, one) for one in comparisons)

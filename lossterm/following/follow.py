"""One loop that asks for comparisons, keeps the workers that train them, and yields what is new until the end."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Self, TypeAlias

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.errors import StoreError
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges, Update
from lossterm.store import AskedComparison, Store
from lossterm.worker_control.starting import Workers
from lossterm.worker_control.supervisor import Supervisor

INTERVAL = 0.1
"""Seconds between two looks: the worker writes about as often."""


class WorkerLeft(msgspec.Struct, frozen=True):
    """A worker left before it was done; another is started in its place."""

    message: str
    """Why it left, and when the other is started."""


class TimeUp(msgspec.Struct, frozen=True):
    """Time was up, and what nobody else waits for was stopped; what was trained is kept."""

    seconds: float
    """Time that there was."""


News: TypeAlias = Update | WorkerLeft | TimeUp
"""What a follower yields; an update is in its state already."""


class Follower:
    """Follows a session, or some comparisons of it, and sees to it that they are trained.

    Whoever may wait goes through it: `with Follower(store, "s", asking(store, "s", comparisons)) as follower: for news
    in follower: …`. Whoever may not wait, as the app, calls `poll` and `tend` in a thread and `take` in its own.
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
        self._left: set[int] = set()  # workers that said that the store took nothing more

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what was opened to look at the store."""
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
                return
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
        """Ask for what is to be asked for. Interrupted, it knows what was asked for until then."""
        for one in self._asking or ():
            self.asked.append(one)

    def poll(self) -> Update | None:
        """Return what is new in the store, None if nothing is."""
        if self._changes is None:
            numbers = None if self._asking is None else [one.id for one in self.asked]
            self._changes = StoreChanges(self._store.path, self._session, numbers, device=self._followed_device)
        return self._changes.poll()

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
        """See to it that these devices have workers, if any are to be started; return what there is to say of those.

        Raises WorkerError and StoreError.
        """
        if self._workers is None:
            return []
        for device in devices:
            if device not in self._supervisors:
                self._supervisors[device] = Supervisor(
                    self._store.path, device, self._workers.command, self._workers.memory
                )
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
    def _followed_device(self) -> str:
        return self._device or self.asked[-1].comparison.device

    def _worker_left(self) -> WorkerLeft | None:
        """Return what a worker said that has just left. Raises StoreError with it where too many have."""
        worker = self.state.worker
        if worker is None or worker.state != "failed" or worker.pid in self._left:
            return None
        self._left.add(worker.pid)
        if len(self._left) == Supervisor.MOST:
            raise StoreError(worker.message)
        return WorkerLeft(worker.message)


def asking(store: Store, session: str, comparisons: Sequence[Comparison]) -> Iterable[AskedComparison]:
    """Ask for comparisons one after the other, as they are taken from what this returns."""
    return (store.requests.ask(session, one) for one in comparisons)

"""The worker's end of a lane: claims trials, gives them to the lane, and writes what it says into the store.

It alone writes. What is said twice, or by a lane that was given up, is written once or not at all.
"""

import threading
from collections.abc import Callable

import msgspec

from lossterm import __version__
from lossterm.comparison.comparison import ENGINE
from lossterm.engine.contract import DeviceKind
from lossterm.engine.lanes.carriers import Carrier
from lossterm.engine.lanes.lane import LaneLost
from lossterm.engine.lanes.ledger import Given, Ledger
from lossterm.engine.lanes.messages import (
    VERSION,
    Batch,
    Beat,
    Bye,
    Cancel,
    Curve,
    Ended,
    FromLane,
    Hello,
    Idle,
    Leave,
    Prepare,
    Prepared,
    Saved,
    ToLane,
)
from lossterm.engine.worker import health
from lossterm.engine.worker.board import Board
from lossterm.store import Store, TrialRow
from lossterm.text.numbers import memory_size
from lossterm.worker_control.awake_clock import AwakeClock

POLL = 0.05
"""Seconds between two looks at an empty queue, and at what someone wants stopped."""


class GivenUp(LaneLost):
    """A lane that must be ended: it is silent, hangs, takes too much, or left; the trials it had are not to blame."""


class LaneClient:
    """One life of one lane."""

    def __init__(
        self,
        number: int,
        store: Store,
        device: str,
        board: Board,
        stop: threading.Event,
        limits: "Limits | None" = None,
    ) -> None:
        """`limits` are for a lane that can be ended alone, a process; a thread ends only with the worker."""
        self._number, self._store, self._device, self._board, self._stop = number, store, device, board, stop
        self._limits = limits
        self._clock = AwakeClock()
        self._heard = self._heard_of_training = self._clock.look()
        self._carrier: Carrier[ToLane, FromLane] | None = None
        self._ledger = Ledger(store, self._note)
        self.hello: Hello | None = None
        """What it said first."""
        self.bye: Bye | None = None
        """What it said last."""
        self._prepared: Prepared | None = None
        self._idle: Idle | None = None
        self._rested = Idle(programs=frozenset(), compiled_bytes=0)  # what it said when it had nothing to do last
        self._seconds: float | None = None  # of the last training of a batch
        self.ended = 0
        """Trials that it has trained."""
        self.silent = False
        """Whether it was given up since it gave no sign of life."""
        self._version = -1  # the store's, when it was looked at last
        self._empty: int | None = None  # the same, with nothing queued

    @property
    def kind(self) -> DeviceKind:
        """The kind of device that the lane trains on."""
        return "GPU" if self.hello and self.hello.environment["device"] == "GPU" else "CPU"

    def serve(self, carrier: Carrier[ToLane, FromLane]) -> None:
        """Give the lane trials until it is to stop. Raises LaneLost where it is gone, GivenUp where it must go."""
        self._carrier = carrier
        while not self._stop.is_set():
            if self.hello is None:
                self._hear()
            elif row := self._claim():
                self._train(row)
            else:
                self._hear()

    def _claim(self) -> TrialRow | None:
        version = self._store.reader.data_version()
        if version == self._empty:
            return None
        queued = self._store.worker.queued_epochs(self._device)
        if not queued:
            self._empty = version
            return None
        avoid, elsewhere = self._board.avoid(self._number, queued), self._board.elsewhere(self.kind, queued)
        return self._store.worker.claim(self._device, avoid, elsewhere)

    def _train(self, row: TrialRow) -> None:
        """Have a trial trained, and with it what waits and can be trained in the same program."""
        self._board.begin(self._number, row)
        self._prepared = self._idle = self._seconds = None
        self._heard_of_training = self._clock.look()
        attempt = self._ledger.give(row)
        try:
            self._send(Prepare(number=row.id, attempt=attempt, trial=row.trial, served=self._board.served))
            self._hear_until(lambda: self._prepared or self._idle)
            if prepared := self._prepared:
                if prepared.chosen or prepared.kind != self.kind:
                    self._board.choose(row.trial.program, prepared.kind, prepared.chosen)
                if prepared.kind != self.kind:
                    self._put_back()
                    return
                self._send(self._batch(attempt, prepared.width))
                self._hear_until(lambda: self._idle)
        finally:
            self._rested = self._idle or self._rested
            self._board.end(self._number, self._rested.programs, self._seconds, self._rested.compiled_bytes)
        self._refuse_full(self._rested.compiled_bytes)

    def _batch(self, first: int, width: int) -> Batch:
        """Claim what is trained beside a trial."""
        row = self.given[first].row
        more = self._store.worker.claim_like(row, width - 1)
        self._board.join(self._number, more)
        for other in more:
            self._ledger.give(other)
        return Batch(assignments=self._ledger.assignments(list(self.given)))

    def _put_back(self) -> None:
        """Leave a trial to lanes of another kind of device."""
        numbers = self.numbers
        self.given.clear()
        self._store.worker.requeue(self._device, died=False, trials=numbers)

    @property
    def given(self) -> dict[int, Given]:
        """By attempt, what the lane has not ended."""
        return self._ledger.given

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers in the store of what the lane has not ended."""
        return self._ledger.numbers

    # What is said

    def _send(self, message: ToLane) -> None:
        assert self._carrier is not None
        self._carrier.send(message)

    def _hear_until(self, true: Callable[[], object]) -> None:
        while not true():
            self._hear()

    def _hear(self) -> None:
        """Take the next message, if there is one, and look whether all is well. Raises LaneLost."""
        assert self._carrier is not None
        if self.bye:
            raise GivenUp
        message = self._carrier.receive(POLL)
        if message is not None:
            self.take(message)
        self._stop_unwanted()
        if self._limits:
            self._look_after(self._limits)

    def take(self, message: FromLane) -> None:
        """Do what follows from what the lane says. Raises LaneLost where that cannot be."""
        self._heard = self._clock.look()
        if isinstance(message, Curve):
            self._record(message)
        elif isinstance(message, Ended):
            self._finish(message)
        elif isinstance(message, Saved):
            self._ledger.save(message)
        elif isinstance(message, Prepared):
            self._prepared = message if message.attempt in self.given else self._prepared
        elif isinstance(message, Idle):
            self._idle = None if self.given else message  # what was said before may be said again
        elif isinstance(message, Bye):
            self.bye = message
        elif isinstance(message, Hello):
            self._meet(message)
        else:
            self._weigh(message)

    def _meet(self, hello: Hello) -> None:
        """Take a lane on, if it is of this worker's kind."""
        mine, theirs = (VERSION, __version__, ENGINE), (hello.version, hello.lossterm, hello.engine)
        if mine != theirs:
            reason = f"A lane is of lossterm {hello.lossterm}, the worker of {__version__}: install the same on both."
            self.bye = Bye(why="failed", reason=reason)
            return
        self.hello = hello
        self._board.serve(self._number, self.kind, hello.environment)

    def _heard_of(self) -> None:
        self._heard_of_training = self._clock.look()
        self._board.hear(self._number)

    def _record(self, said: Curve) -> None:
        if (recorded := self._ledger.record(said)) is None:
            return
        self._heard_of()
        given, unwanted = recorded
        if unwanted or self._stop.is_set():
            self._cancel(said.attempt, given)

    def _finish(self, said: Ended) -> None:
        if (given := self._ledger.finish(said, stopping=self._stop.is_set())) is None:
            return
        self._heard_of()
        self._board.leave(self._number, given.row.id)
        self.ended += 1
        if said.result:
            self._seconds = said.result.seconds

    def _note(self, row: TrialRow) -> str:
        """Say of a trial that what it was for could not train it, if so."""
        fallen_back = self._board.fallen_back(self.kind, row.trial.program)
        return f"Trained on the {self.kind}: {self._board.trouble}." if fallen_back else ""

    # What is to stop

    def _cancel(self, attempt: int, given: Given) -> None:
        if given.stopped is None:
            given.stopped = self._clock.look()
            self._send(Cancel(attempt=attempt))

    def _stop_unwanted(self) -> None:
        """Tell the lane what someone wants stopped: before its next word, which may take a while."""
        if not self.given:
            return
        version = self._store.reader.data_version()
        if version == self._version and not self._stop.is_set():
            return
        self._version = version
        unwanted = self._store.worker.unanswered(self._device)
        for attempt, given in list(self.given.items()):
            if self._stop.is_set() or given.row.id in unwanted:
                self._cancel(attempt, given)

    # Whether all is well

    def _look_after(self, limits: "Limits") -> None:
        """Give up a lane that is silent, hangs or does not obey. Raises GivenUp."""
        now = self._clock.look()
        if now - self._heard > limits.silence:
            self.silent = True
            raise GivenUp(f"There was no sign of life for {limits.silence:g} s")
        quiet = now - self._heard_of_training if self.given else 0.0
        if quiet > limits.hang:
            names = self._names()
            self._fail(f"It gave no epoch for {limits.hang:g} s and was taken for hung.")
            raise GivenUp(f"Hung: {names}")
        late = [one for one in self.given.values() if now - (one.stopped or now) > health.OBEY_SECONDS]
        if late and quiet > health.OBEY_SECONDS:
            raise GivenUp(f"Hung: {self._names()}")

    def _names(self) -> str:
        return ", ".join(sorted({one.row.trial.loss for one in self.given.values()}))

    def _fail(self, reason: str) -> None:
        for number in self.numbers:
            self._board.leave(self._number, number)
        self._ledger.fail(reason, self.kind)

    def _weigh(self, beat: Beat) -> None:
        """Give up a lane that takes more memory than it may. Raises GivenUp."""
        limit = self._limits.memory if self._limits else None
        if limit is None or beat.memory <= limit:
            return
        if not self.ended and len(self.given) == 1:  # nothing else can have taken it
            self._fail(too_much(beat.memory, limit))
        elif not self.ended:
            self._store.worker.try_alone(self.numbers)
        raise GivenUp(f"At {memory_size(beat.memory)}, above the limit of memory")

    def _refuse_full(self, taken: int) -> None:
        """Ask a process to leave whose compiled programs take too much: the next finds them on disk. Raises GivenUp."""
        if self._limits and taken > self._limits.compiled:
            raise GivenUp(f"Compiled programs take {memory_size(taken)}")

    def leave(self) -> None:
        """Ask the lane to leave in good order."""
        self._send(Leave())


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a lane that is a process of its own may do before it is ended."""

    silence: float
    """Seconds without a sign of life."""
    hang: float
    """Seconds without an epoch, while it trains."""
    memory: int | None
    """Bytes that it may hold; None for no limit."""
    compiled: int
    """Bytes that its compiled programs may take."""


def too_much(taken: int, limit: int) -> str:
    """Say of a training that it took more memory than it may."""
    return (
        f"Out of memory: it took the worker to {memory_size(taken)}, and the limit is {memory_size(limit)}. "
        "A smaller --batch-size or --hidden needs less."
    )

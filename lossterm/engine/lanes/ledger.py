"""What a lane was given and has not ended, and how what it says of that gets into the store: each part once."""

import itertools
import time
from collections.abc import Callable, Sequence

import msgspec

from lossterm.engine.contract import Result
from lossterm.engine.lanes.lane import LaneLost
from lossterm.engine.lanes.messages import Assignment, Curve, Ended, Saved
from lossterm.store import Chunk, Store, TrialRow

_ATTEMPTS = itertools.count(time.time_ns())
"""Numbers that no attempt has, whichever worker gave it out before."""

NoteOf = Callable[[TrialRow], str]
"""What is to be noted of a trial that a lane trained, "" for nothing."""


class Given(msgspec.Struct):
    """A trial that a lane was given and has not ended."""

    row: TrialRow
    """The trial as it was claimed."""
    epochs: int | None = None
    """Epochs of its curve that are written; None before the first."""
    begun: int = 0
    """How often the lane has begun it anew."""
    stopped: float | None = None
    """When the lane was told to stop it."""

    def expects(self, begun: int, chunk: Chunk) -> bool:
        """Whether a part of a curve is the next one: no repetition. Raises LaneLost where one is missing before it."""
        if begun > self.begun:
            self.begun, self.epochs = begun, None
        if begun < self.begun or (self.epochs is not None and chunk.start < self.epochs):
            return False
        if chunk.start > (self.row.epochs if self.epochs is None else self.epochs):
            raise LaneLost
        return True


class Ledger:
    """The trials that one lane has, by attempt."""

    def __init__(self, store: Store, note: NoteOf = lambda _: "") -> None:
        self._store, self._note = store, note
        self.given: dict[int, Given] = {}
        """By attempt, what the lane has not ended."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers in the store of what the lane has not ended."""
        return tuple(one.row.id for one in self.given.values())

    def give(self, row: TrialRow) -> int:
        """Note that the lane is given a trial; return the number of this attempt."""
        attempt = next(_ATTEMPTS)
        self.given[attempt] = Given(row)
        return attempt

    def assignments(self, attempts: Sequence[int]) -> tuple[Assignment, ...]:
        """Return what the lane is told of some attempts. One that goes on from a checkpoint goes alone."""
        first = self.given[attempts[0]].row
        checkpoint = self._store.worker.checkpoint(first.id) if first.epochs else None
        return tuple(
            Assignment(
                number=self.given[attempt].row.id,
                attempt=attempt,
                trial=self.given[attempt].row.trial,
                checkpoint=checkpoint if attempt == attempts[0] else None,
            )
            for attempt in attempts
        )

    def record(self, said: Curve) -> tuple[Given, bool] | None:
        """Write the next part of a curve; return the trial, and whether someone wants it stopped. None if it is known.

        Raises LaneLost where a part is missing before it.
        """
        given = self.given.get(said.attempt)
        if given is None or not given.expects(said.begun, said.chunk):
            return None
        unwanted = self._store.worker.record(said.chunk)
        given.epochs = said.chunk.start + said.chunk.epochs
        return given, unwanted

    def save(self, said: Saved) -> None:
        """Keep where a long training stands."""
        if given := self.given.get(said.attempt):
            self._store.worker.save(given.row.id, said.checkpoint)

    def finish(self, said: Ended, *, stopping: bool) -> Given | None:
        """Write how a trial ended, and return it; None if that is known. Raises LaneLost as `record`.

        While the worker is `stopping`, what it had stopped is left as it is: it goes back into the queue.
        """
        given = self.given.get(said.attempt)
        if given is None:
            return None
        if said.result and said.result.chunk and not given.expects(said.begun, said.result.chunk):
            return None
        del self.given[said.attempt]
        if said.result is None:
            self._store.worker.finish(given.row.id, "failed", error=said.error, device=said.device)
        elif not (said.result.status == "cancelled" and stopping):
            self._write(given.row, said.result)
        return given

    def fail(self, reason: str, device: str) -> None:
        """End as failed whatever the lane has."""
        for number in self.numbers:
            self._store.worker.finish(number, "failed", error=reason, device=device)
        self.given.clear()

    def _write(self, row: TrialRow, result: Result) -> None:
        note = " ".join(filter(None, (result.note, self._note(row)))) or None
        self._store.worker.finish(
            row.id,
            result.status,
            seconds=result.seconds,
            scores=result.scores,
            chunk=result.chunk,
            anatomy=result.anatomy,
            note=note,
            device=result.device,
            model=result.model,
            sample=result.sample,
        )

"""The course of one training in a stack: its curve so far, what is kept of it, and whether it has ended."""

import time
from collections.abc import Sequence

import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol import Prepared
from lossterm.engine.contract import Job, Result
from lossterm.engine.training.batch_orders import batch_orders, shuffler
from lossterm.engine.training.checkpoint_timer import CheckpointTimer
from lossterm.engine.training.kept_numbers import KeptNumbers
from lossterm.store import Chunk


class Course:
    """One training of a stack."""

    def __init__(self, job: Job, slot: int, data: Prepared, keeping: KeptNumbers, sharing: int) -> None:
        """Begin it in a slot of a stack of `sharing` trainings."""
        self.job, self.slot, self.data, self.keeping = job, slot, data, keeping
        self.done = 0
        """Epochs trained."""
        self.stopped = False
        """Whether its patience ran out; it ends once all of the stack have ended."""
        self.diverged = False
        """Whether its last epoch gave numbers that are not finite."""
        self.ended = False
        """Whether its result was handed over."""
        self._parts: list[np.ndarray] = []
        self._reported, self._before, self._sharing = 0, 0.0, sharing
        self._began = time.perf_counter()
        self.pulse = CheckpointTimer()

    def go_on(self, epochs: int, seconds: float) -> None:
        """Continue after so many epochs, which took so many seconds."""
        self.done = self._reported = epochs
        self._before = seconds
        self.pulse = CheckpointTimer(seconds)

    def begin(self) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    @property
    def trains(self) -> bool:
        """Whether its next epochs count."""
        return not (self.stopped or self.diverged)

    @property
    def seconds(self) -> float:
        """Its part of the time that the stack took, with what it took before it was continued."""
        return self._before + (time.perf_counter() - self._began) / self._sharing

    def add(self, values: np.ndarray) -> None:
        """Add epochs to its curve, (epochs, columns), up to the first that is not finite: the last one shown."""
        finite = np.isfinite(values).all(axis=1)
        if not finite.all():
            self.diverged = True
            values = values[: int(finite.argmin()) + 1]
        self._parts.append(values)
        self.done += len(values)

    def chunk(self) -> Chunk:
        """Return the part of its curve that was not returned before."""
        values = np.concatenate(self._parts)
        self._parts.clear()
        chunk = Chunk(
            trial=self.job.number, start=self._reported, epochs=len(values), data=values.astype("<f4").tobytes()
        )
        self._reported += len(values)
        return chunk

    def end(self, result: Result) -> None:
        """Hand its result over."""
        self.ended = True
        self.job.end(result)


class Streams:
    """The batch orders of a stack; trials of one seed, such as the rates of a sweep, share theirs."""

    def __init__(self, trials: Sequence[Trial], width: int) -> None:
        self._seeds = [trial.seed for trial in trials]
        self._seeds += self._seeds[:1] * (width - len(trials))
        self._streams = {seed: shuffler(seed) for seed in self._seeds}

    def of(self, trial: Trial) -> np.random.Generator:
        """Return the stream that a trial's orders are drawn from."""
        return self._streams[trial.seed]

    def orders(self, rows: int, epochs: int, most: int) -> np.ndarray:
        """Draw the next epochs, (most, width, rows), of which those after the first `epochs` are not used."""
        orders = np.zeros((most, len(self._seeds), rows), np.int32)
        drawn = {seed: batch_orders(stream, rows, epochs) for seed, stream in self._streams.items()}
        for slot, seed in enumerate(self._seeds):
            orders[:epochs, slot] = drawn[seed]
        return orders

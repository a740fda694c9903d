"""The end that trains: takes what the worker asks for, has an engine do it, and says what comes of it."""

import os
import traceback
from collections.abc import Callable

from lossterm import __version__
from lossterm.comparison.comparison import ENGINE, Trial
from lossterm.engine.contract import Engine, Job, Result, out_of_memory
from lossterm.engine.lanes.messages import (
    Assignment,
    Batch,
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
from lossterm.engine.worker import program_cache
from lossterm.errors import LosstermError, StoreError
from lossterm.store import Checkpoint, Chunk


class LaneLost(Exception):
    """The other end of a lane is gone."""


PASSED_ON = (StoreError, LaneLost)
"""What is raised while something is said, and is no fault of what is trained: here is nobody to tell."""


class Lane:
    """One engine and what it was told. Knows no carrier: `say` takes what it says."""

    def __init__(self, engine: Engine, say: Callable[[FromLane], None]) -> None:
        self._engine, self._say = engine, say
        self._unwanted: set[int] = set()
        self.left = False
        """Whether it has said the last word."""

    def begin(self, environment: dict[str, str]) -> None:
        """Say who is there: versions and the processor, to which the kind of device is added."""
        self._say(
            Hello(
                lossterm=__version__,
                engine=ENGINE,
                environment={**environment, "device": self._engine.kind},
                pid=os.getpid(),
            )
        )

    def take(self, message: ToLane) -> None:
        """Do what the worker says; `Cancel` at once, from any thread, and all else where the engine is to run."""
        if isinstance(message, Cancel):
            self._unwanted.add(message.attempt)
        elif isinstance(message, Leave):
            self._leave(Bye(why="asked"))
        elif isinstance(message, Prepare):
            self._prepare(message)
        else:
            self._train(message)

    def _leave(self, bye: Bye) -> None:
        self.left = True
        self._say(bye)

    def _prepare(self, asked: Prepare) -> None:
        """Say how many trials of the program are trained together, or why none is."""
        try:
            kind = self._engine.belongs(asked.trial, asked.served)
            width = self._width(asked.trial) if kind == self._engine.kind else 0
        except PASSED_ON:
            raise
        except Exception as error:  # whatever a program raises is its trials' failure
            self._failed([asked], error)
            return
        chosen = self._engine.chosen(asked.trial)
        self._say(Prepared(attempt=asked.attempt, width=width, kind=kind, chosen=chosen))

    def _width(self, trial: Trial) -> int:
        while True:
            try:
                return self._engine.width(trial)
            except Exception as error:
                if not (out_of_memory(error) and self._engine.narrow(trial)):
                    raise

    def _train(self, batch: Batch) -> None:
        """Train a batch; with fewer beside each other, from their beginnings, where memory runs out."""
        left, begun = {one.attempt: one for one in batch.assignments}, 0
        while left:
            try:
                self._engine.train_together([self._job(one, begun, left) for one in left.values()])
                break
            except PASSED_ON:
                raise
            except Exception as error:  # whatever a training throws is that trial's failure, not the lane's
                trial = next(iter(left.values())).trial
                if not (out_of_memory(error) and self._engine.narrow(trial)):
                    self._failed(list(left.values()), error)
                    break
                print(f"Memory ran out: {trial.loss} is trained with fewer beside it.", flush=True)
                begun += 1
        if not self.left:
            self._unwanted -= {one.attempt for one in batch.assignments}
            self._rest()

    def _rest(self) -> None:
        self._say(Idle(programs=self._engine.programs, compiled_bytes=self._engine.compiled_bytes))

    def _job(self, one: Assignment, begun: int, left: dict[int, Assignment]) -> Job:
        def report(chunk: Chunk) -> bool:
            self._say(Curve(attempt=one.attempt, begun=begun, chunk=chunk))
            return one.attempt in self._unwanted

        def save(checkpoint: Checkpoint) -> None:
            self._say(Saved(attempt=one.attempt, checkpoint=checkpoint))

        def end(result: Result) -> None:
            del left[one.attempt]
            device = result.device or self._engine.kind
            self._say(Ended(attempt=one.attempt, begun=begun, result=result, device=device))

        return Job(trial=one.trial, number=one.number, report=report, save=save, end=end, checkpoint=one.checkpoint)

    def _failed(self, asked: list[Prepare] | list[Assignment], error: Exception) -> None:
        """Say why trials failed; where the disk has no room for their program, leave, and they are not to blame."""
        if program_cache.failed(error):
            self._leave(Bye(why="unkept", reason=f"Compiled programs are no longer kept: {error}"))
            return
        if not isinstance(error, LosstermError):  # else a custom loss that cannot be used: a sentence, no traceback
            traceback.print_exception(error)
        words = str(error) if isinstance(error, LosstermError) else _sentence(error)
        for one in asked:
            self._say(Ended(attempt=one.attempt, error=words, device=self._engine.kind))
        if isinstance(asked[0], Prepare):
            self._rest()


def _sentence(error: Exception) -> str:
    """Say what a training threw, kept short; of memory that ran out, also what helps."""
    message = " ".join(str(error).split())[:500]
    name = type(error).__name__
    if out_of_memory(error):
        return f"Out of memory ({name}: {message[:200]}). A smaller --batch-size or --hidden needs less."
    return f"{name}: {message}"

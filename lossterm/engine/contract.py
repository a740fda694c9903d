"""What a lane asks of an engine: train trials, report their chunks, hand over their results."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Literal, Protocol

import msgspec

from lossterm.comparison.comparison import Status, Trial
from lossterm.store import Anatomy, Checkpoint, Chunk, Kept, Sample, TrialScores

DeviceKind = Literal["CPU", "GPU"]
"""What a training runs on."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a training ended."""

    status: Status
    """done, diverged or cancelled."""
    seconds: float
    """Time of the training itself, without compiling; of trials that were trained together, each one's part."""
    scores: TrialScores | None
    """Metrics of the final model, None unless done."""
    chunk: Chunk | None
    """The last part of the curve, not yet reported."""
    anatomy: Anatomy | None = None
    """The final model's residuals or margins; None unless done."""
    device: DeviceKind | None = None
    """Kind of device that it ran on, CPU or GPU; None for that of the whole worker."""
    note: str | None = None
    """What a reader must know about how it was trained."""
    model: Kept | None = None
    """Weights or outputs at some of its epochs; None for seeds other than the first, and if it was cancelled."""
    sample: Sample | None = None
    """Rows to show the model on; None without a model."""


OnCheckpoint = Callable[[Checkpoint], None]
"""Takes the state of a training, after the curve up to it was reported."""

OnChunk = Callable[[Chunk], bool]
"""Takes the next part of a curve; returns whether the training should stop."""


OnResult = Callable[[Result], None]
"""Takes the result of a training."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A trial to be trained, and who takes what comes of it."""

    trial: Trial
    number: int
    """Its number in the store, for its chunks."""
    report: OnChunk
    """Takes each part of its curve except the last, which comes with the result."""
    save: OnCheckpoint = lambda _: None
    end: OnResult
    """Takes its result, once."""
    checkpoint: Checkpoint | None = None
    """Where it goes on; None for its beginning."""


class Engine(Protocol):
    """What trains: `training.trainer.Trainer`, or `fakes.fake_engine.FakeTrainer`."""

    @property
    def kind(self) -> DeviceKind:
        """The kind of device that it trains on."""

    @property
    def programs(self) -> frozenset[str]:
        """Programs that are already compiled."""

    @property
    def compiled_bytes(self) -> int:
        """Memory that compiling took so far, also of programs that were let go of: TensorFlow gives none of it back."""

    def belongs(self, trial: Trial, served: Collection[DeviceKind]) -> DeviceKind:
        """Return the kind of device that trains a trial's program, of those that have lanes: `served`, and its own.

        Raises as `train_together`.
        """

    def chosen(self, trial: Trial) -> str:
        """Say what was chosen to train a trial's program, and why; "" where there is no choice."""

    def width(self, trial: Trial) -> int:
        """Return how many trials of a trial's program are best trained together. Raises as `train_together`."""

    def narrow(self, trial: Trial) -> bool:
        """Have fewer trials of a trial's program trained together from now on; return False if it is one already."""

    def train_together(self, jobs: Sequence[Job]) -> None:
        """Train trials of one program and one length; each ends by itself, with a result.

        One continues from a usable checkpoint, and a long training saves more of them. Raises what a program raises
        that cannot be built or run: the jobs that have not ended by then have failed.
        """


class TrainsOne(ABC):
    """What trains several trials together, and so one of them alone."""

    @abstractmethod
    def train_together(self, jobs: Sequence[Job]) -> None:
        """Train trials of one program, as `Engine.train_together` does."""

    def train(
        self,
        trial: Trial,
        number: int = 0,
        report: OnChunk = lambda _: False,
        save: OnCheckpoint = lambda _: None,
        checkpoint: Checkpoint | None = None,
    ) -> Result:
        """Train one trial and return its result; see `train_together`."""
        results: list[Result] = []
        job = Job(trial=trial, number=number, report=report, save=save, end=results.append, checkpoint=checkpoint)
        self.train_together([job])
        return results[0]


def out_of_memory(error: Exception) -> bool:
    """Whether memory ran out: Python's, or a device's as TensorFlow and XLA say it."""
    ran_out = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    return ran_out or "RESOURCE_EXHAUSTED" in str(error)

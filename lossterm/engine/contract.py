"""What a training thread asks of an engine: train a trial, report its chunks, return a result."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from lossterm.comparison.comparison import Status, Trial
from lossterm.store import Anatomy, Checkpoint, Chunk, Model, Sample, TrialScores


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a training ended."""

    status: Status
    """done, diverged or cancelled."""
    seconds: float
    """Time of the training itself, without compiling."""
    scores: TrialScores | None
    """Metrics of the final model, None unless done."""
    chunk: Chunk | None
    """The last part of the curve, not yet reported."""
    anatomy: Anatomy | None = None
    """The final model's residuals or margins; None unless done."""
    note: str | None = None
    """What a reader must know about how it was trained."""
    model: Model | None = None
    """Weights at some of its epochs; None for seeds other than the first, and if it was cancelled."""
    sample: Sample | None = None
    """Rows to show the model on; None without a model."""


OnCheckpoint = Callable[[Checkpoint], None]
"""Takes the state of a training, after the curve up to it was reported."""

OnChunk = Callable[[Chunk], bool]
"""Takes the next part of a curve; returns whether the training should stop."""


class Engine(Protocol):
    """What trains: `training.trainer.Trainer`, or `fakes.fake_engine.FakeTrainer`."""

    @property
    def programs(self) -> frozenset[str]:
        """Programs that are already compiled."""

    @property
    def compiled_bytes(self) -> int:
        """Memory that compiling took so far, also of programs that were let go of: TensorFlow gives none of it back."""

    def train(
        self,
        trial: Trial,
        number: int,
        report: OnChunk,
        save: OnCheckpoint = lambda _: None,
        checkpoint: Checkpoint | None = None,
    ) -> Result:
        """Train one trial; report each part of its curve except the last, which comes with the result.

        It continues from a usable checkpoint, and a long training saves more of them.
        """

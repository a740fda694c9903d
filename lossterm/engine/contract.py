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
    """What a reader must know of how it was trained."""
    model: Model | None = None
    """Weights at some of its epochs; None of seeds other than the first, and where it was cancelled."""
    sample: Sample | None = None
    """Rows to show the model on; None where there is no model."""


OnCheckpoint = Callable[[Checkpoint], None]
"""Takes where a training stands, after the part of the curve that leads there was reported."""

OnChunk = Callable[[Chunk], bool]
"""What a training thread asks of an engine: train a trial, report its chunks, return a result."""


class Engine(Protocol):
    """What trains: `training.Trainer`, or the fake in `fake.py`."""

    @property
    def programs(self) -> frozenset[str]:
        """Programs that are compiled already."""

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
        """Train one trial, reporting parts of its curve but the last, which comes with the result.

        It goes on from a checkpoint, unless it cannot be used, and saves another now and then, if it takes long.
        """

"""What a script is about: one training of several seeds, with the records that say what it is."""

from dataclasses import dataclass

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.protocol import Protocol
from lossterm.export.script.user_loss import Described
from lossterm.losses import Loss
from lossterm.metrics import Metric
from lossterm.tasks import Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a script is to do."""

    comparison: Comparison
    """What was asked for."""
    task: Task
    """What it is trained on."""
    protocol: Protocol
    """How that is split and scaled."""
    loss: Loss
    """The loss, as the protocol sets it up; one of one's own as the engine describes it."""
    learning_rate: float
    """The rate it is judged at."""
    metric: Metric
    """What is printed."""
    seeds: tuple[int, ...]
    """Seeds with a score."""
    source: str = ""
    """Where the loss's code is, or whose it is; empty for one of the catalogue."""
    own: Described | None = None
    """What the engine says of a loss of one's own."""

    @property
    def settings(self) -> Hyperparameters:
        """What the training depends on besides."""
        return self.comparison.hyperparameters

    @property
    def units(self) -> int:
        """Units of the output layer."""
        return (self.task.classes if self.loss.by_class else None) or self.loss.units

    @property
    def varies(self) -> bool:
        """Whether each seed splits, or draws, its own data."""
        return self.protocol.varies(self.task)

    @property
    def scaled(self) -> bool:
        """Whether the target is scaled as the loss wants it."""
        return self.task.kind == "regression" and self.protocol.scales and self.loss.scale != "raw"

"""What a script trains: one loss on one task with several seeds, and the records that describe it."""

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
    """The plan of a script."""

    comparison: Comparison
    """What was asked for."""
    task: Task
    """What it is trained on."""
    protocol: Protocol
    """How the data are split and scaled."""
    loss: Loss
    """The loss as the protocol sets it up; a custom loss as the engine describes it."""
    learning_rate: float
    """The rate it is judged at."""
    metric: Metric
    """What is printed."""
    seeds: tuple[int, ...]
    """Seeds with a score."""
    source: str = ""
    """Where the code of the loss is, or the package that it comes from; empty for a loss of the catalogue."""
    user_loss: Described | None = None
    """The engine's description of a custom loss."""

    @property
    def settings(self) -> Hyperparameters:
        """Everything else that the training depends on."""
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

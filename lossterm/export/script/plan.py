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
    def several(self) -> bool:
        """Whether a row has several outputs or labels, beside each other in the network's output."""
        return bool(self.task.outputs)

    def column(self, name: str) -> str:
        """Return the expression of targets or outputs without the axis that Keras wants for a single one."""
        if self.several:
            return name
        return f"{name}[..., 0]" if self.task.target_shape else f"{name}[:, 0]"

    @property
    def as_column(self) -> str:
        """What adds that axis to an array of targets; "" where there are several."""
        return "" if self.several else "[..., None]" if self.task.target_shape else "[:, None]"

    @property
    def units(self) -> int:
        """Units of the output layer."""
        if self.several:
            return len(self.task.outputs)
        return self.loss.outputs(self.task.classes)

    @property
    def varies(self) -> bool:
        """Whether each seed splits, or draws, its own data."""
        return self.protocol.varies(self.task)

    @property
    def scaled(self) -> bool:
        """Whether the target is scaled as the loss wants it."""
        return self.task.element == "regression" and self.protocol.scales and self.loss.scale != "raw"

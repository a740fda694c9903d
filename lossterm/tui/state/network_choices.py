"""What is chosen of network and training besides what has a field of its own in the settings."""

from typing import Self

import msgspec

from lossterm.comparison.hyperparameters import ACTIVATIONS, DEFAULT_OPTIMIZER, SCHEDULES, Hyperparameters
from lossterm.comparison.user_network import called


class Network(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Settings under the names that `Comparison.ask` has for them; the defaults are what is usual."""

    activation: str = ACTIVATIONS[0]
    """Activation of the hidden layers."""
    initial_sd: float | None = None
    """Standard deviation of the output layer's initial kernel; comes with a comparison that is taken up."""
    dropout: float = 0.0
    """Share of the hidden units that are left out at each step."""
    batch_norm: bool = False
    """Whether sums are normalised over the batch."""
    l2: float = 0.0
    """Factor of the summed squares of all kernels."""
    optimizer: str = DEFAULT_OPTIMIZER
    """How weights are updated."""
    schedule: str = SCHEDULES[0]
    """How the learning rate goes."""
    early_stopping: int | None = None
    """Epochs without a better validation loss after which a training stops; None: never."""
    class_weight: str | None = None
    """How rows are weighed by their class."""
    model: str = ""
    """Where a network of one's own is, FILE.py:NAME; "" for layers."""

    @classmethod
    def of(cls, settings: Hyperparameters) -> Self:
        """Return what a comparison had; a network of one's own as its file is now."""
        found = cls(**{name: getattr(settings, name) for name in cls.__struct_fields__})
        return msgspec.structs.replace(found, model=found.model.rpartition("@")[0])

    @property
    def other(self) -> str:
        """What differs from what is usual, in words; "" where nothing does."""
        usual = Network()
        words = {
            "model": called(self.model),
            "activation": self.activation,
            "initial_sd": f"initial sd {self.initial_sd}",
            "dropout": f"dropout {self.dropout:g}",
            "batch_norm": "batch norm",
            "l2": f"l2 {self.l2:g}",
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "early_stopping": f"stops after {self.early_stopping}",
            "class_weight": str(self.class_weight),
        }
        return ", ".join(said for name, said in words.items() if getattr(self, name) != getattr(usual, name))

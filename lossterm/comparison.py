"""What was asked for, and the trials it expands into."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Literal, Self

import msgspec

from lossterm.errors import OutOfRange, UnknownName
from lossterm.losses import losses_for
from lossterm.metrics import PRIMARY
from lossterm.protocols import protocol_named
from lossterm.tasks import task_named

Status = Literal["queued", "running", "done", "diverged", "failed", "cancelled"]
"""Where a trial is; the last four are ends."""

OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop")
"""Keys of optimizers: plain SGD, SGD with momentum 0.9, and Keras's defaults of the other two."""

DEVICES = ("auto", "cpu", "gpu")
"""Where to train: `auto` takes a GPU where TensorFlow sees one."""

DEFAULT_TASK = "circles"
DEFAULT_SEEDS = 10
DEFAULT_RATE = 0.01
DEFAULT_OPTIMIZER = "momentum"
DEFAULT_BATCH = 32

ENGINE = 1
"""Raised when a change to the engine changes what a trial yields, so that stored trials are not taken for new ones."""

MOST_SEEDS, MOST_EPOCHS, MOST_BATCH, MOST_UNITS, MOST_LAYERS = 10_000, 1_000_000, 1_000_000, 65_536, 32


class Hyperparameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a training depends on besides task, loss, learning rate and seed."""

    hidden: tuple[int, ...]
    """Units of each hidden layer."""
    optimizer: str
    """One of OPTIMIZERS."""
    batch_size: int
    """Rows of one step; the last step of an epoch takes what is left."""
    epochs: int
    """Passes over the training split."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One training, fully determined: the same trial gives the same result."""

    task: str
    """Key of the task."""
    protocol: str
    """Key of the protocol."""
    loss: str
    """Key of the loss."""
    learning_rate: float
    """Step size of the optimizer."""
    seed: int
    """Fixes everything random."""
    hyperparameters: Hyperparameters
    """The rest."""
    device: str
    """One of DEVICES: devices differ in the last bits."""

    @property
    def key(self) -> str:
        """Identity: two trials with the same key are the same training."""
        return hashlib.sha256(b"%d %s" % (ENGINE, msgspec.json.encode(self))).hexdigest()[:32]

    @property
    def program(self) -> str:
        """What is compiled for it: all but rate, seed and length. Trials of one program share the compiling."""
        h = self.hyperparameters
        layers = "-".join(map(str, h.hidden))
        return f"{self.task}/{self.protocol}/{self.loss}/{layers}/{h.optimizer}/{h.batch_size}"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One question put to the worker."""

    task: str
    """Key of the task."""
    protocol: str
    """Key of the protocol."""
    losses: tuple[str, ...]
    """Keys of the losses, in the order asked for."""
    seeds: int
    """Number of seeds; they are 0, 1, … ."""
    learning_rates: tuple[float, ...]
    """The rates to train each loss at."""
    hyperparameters: Hyperparameters
    """What all trials share."""
    metric: str
    """Key of the metric that ranks."""
    device: str = "auto"
    """One of DEVICES."""

    @classmethod
    def ask(
        cls,
        task: str,
        losses: Sequence[str] = ("all",),
        *,
        protocol: str = "tutorial",
        seeds: int = DEFAULT_SEEDS,
        learning_rate: float = DEFAULT_RATE,
        hidden: Sequence[int] | None = None,
        optimizer: str = DEFAULT_OPTIMIZER,
        batch_size: int = DEFAULT_BATCH,
        epochs: int | None = None,
        device: str = "auto",
    ) -> Self:
        """Check every setting and fill in the task's defaults.

        Raises UnknownName, OutOfRange or DoesNotFit, each with a sentence that names the setting.
        """
        record = task_named(task)
        units = tuple(record.hidden if hidden is None else hidden)
        if not 1 <= len(units) <= MOST_LAYERS:
            raise OutOfRange("The number of hidden layers", len(units), f"from 1 to {MOST_LAYERS}")
        for layer in units:
            _within("A hidden layer", layer, MOST_UNITS)
        if not (math.isfinite(learning_rate) and learning_rate > 0):
            raise OutOfRange("The learning rate", learning_rate, "a positive number")
        if optimizer not in OPTIMIZERS:
            raise UnknownName("optimizer", optimizer, OPTIMIZERS)
        if device not in DEVICES:
            raise UnknownName("device", device, DEVICES)
        return cls(
            task=record.key,
            protocol=protocol_named(protocol).key,
            losses=losses_for(record.kind, tuple(losses)),
            seeds=_within("The number of seeds", seeds, MOST_SEEDS),
            learning_rates=(float(learning_rate),),  # 1 and 1.0 are the same training
            hyperparameters=Hyperparameters(
                hidden=units,
                optimizer=optimizer,
                batch_size=_within("The batch size", batch_size, MOST_BATCH),
                epochs=_within("The number of epochs", record.epochs if epochs is None else epochs, MOST_EPOCHS),
            ),
            metric=PRIMARY[record.kind],
            device=device,
        )

    def trials(self) -> Iterator[Trial]:
        """Expand, seed by seed, so that a table read half way has all losses on equal footing."""
        for seed in range(self.seeds):
            for rate in self.learning_rates:
                for loss in self.losses:
                    yield Trial(
                        task=self.task,
                        protocol=self.protocol,
                        loss=loss,
                        learning_rate=rate,
                        seed=seed,
                        hyperparameters=self.hyperparameters,
                        device=self.device,
                    )

    def comparable(self, other: "Comparison") -> bool:
        """Whether the trials of both may stand in one table: all but losses and seeds are the same."""
        return msgspec.structs.replace(self, losses=(), seeds=1) == msgspec.structs.replace(other, losses=(), seeds=1)

    def joined(self, other: "Comparison") -> "Comparison":
        """Return the comparison that asks for what both ask for. Both must be comparable."""
        return msgspec.structs.replace(
            self,
            losses=tuple(dict.fromkeys((*self.losses, *other.losses))),
            seeds=max(self.seeds, other.seeds),
        )


def _within(setting: str, value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise OutOfRange(setting, value, f"from 1 to {most}")
    return value

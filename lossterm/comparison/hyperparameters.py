"""What a training depends on besides task, loss, learning rate and seed."""

import math
from typing import Self

import msgspec

from lossterm.comparison.protocol import Protocol
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.comparison.user_network import called
from lossterm.errors import OutOfRange, UnknownName, UsageError
from lossterm.losses import Kind

OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop", "adamw", "nadam", "adagrad")
"""Keys of optimizers: plain SGD, SGD with momentum 0.9, and Keras's defaults of the others."""

ACTIVATIONS = ("relu", "tanh", "gelu", "elu", "selu", "silu", "leaky_relu", "sigmoid")
"""Activations of hidden layers, by Keras's names."""

SCHEDULES = ("constant", "cosine", "linear", "exponential")
"""How the learning rate goes, step by step over a whole training: it stays, or falls to 0 along half a cosine, to 0
along a line, or to 1 % by equal factors."""

CLASS_WEIGHTS = ("balanced",)
"""How rows are weighed by their class: n/(K·n_k), so that all classes count alike."""

NO_LAYERS = "none"
"""What a person writes for a network without hidden layers."""

DEFAULT_OPTIMIZER = "momentum"

MOST_EPOCHS, MOST_BATCH, MOST_UNITS, MOST_LAYERS = 1_000_000, 1_000_000, 65_536, 32

_NOTHING = 0.0


class Hyperparameters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a training depends on besides task, loss, learning rate and seed.

    A setting that is as it always was before there was a choice is not written, so that trials keep their keys; what
    has a `default_factory` was written from the start and is written always.
    """

    hidden: tuple[int, ...]
    """Units of each hidden layer; none for a linear model."""
    activation: str = msgspec.field(default_factory=lambda: ACTIVATIONS[0])
    """Activation of the hidden layers, one of ACTIVATIONS."""
    initial_sd: float | None = msgspec.field(default_factory=lambda: None)
    """Standard deviation of the output layer's normal initial kernel; None for glorot_uniform."""
    optimizer: str
    """One of OPTIMIZERS."""
    batch_size: int
    """Rows of one step; the last step of an epoch takes what is left."""
    epochs: int
    """Passes over the training split; with early stopping, at the most."""
    dropout: float = _NOTHING
    """Share of the hidden units that are left out at each step of training, after their activation."""
    batch_norm: bool = False
    """Whether sums are normalised over the batch before the activation of each hidden layer."""
    l2: float = _NOTHING
    """Factor of the summed squares of all kernels, added to the loss that is trained but not to the one in curves."""
    schedule: str = SCHEDULES[0]
    """How the learning rate goes, one of SCHEDULES."""
    early_stopping: int | None = None
    """Epochs without a better validation loss after which a training stops, the best weights restored; None: never."""
    class_weight: str | None = None
    """One of CLASS_WEIGHTS, for the loss that is trained but not for the one in curves; None: all rows weigh alike."""
    model: str = ""
    """Where a custom network is and what it is now, as `user_network.network_from` gives it; "" for a stack of dense
    layers. With one, the settings that shape that stack are as if they were not there."""

    def __post_init__(self) -> None:
        """Take a default for the default, since msgspec leaves out no other object that is equal to it."""
        for name, default in (("dropout", _NOTHING), ("l2", _NOTHING), ("schedule", SCHEDULES[0])):
            if getattr(self, name) == default:
                msgspec.structs.force_setattr(self, name, default)

    def checked(self, kind: Kind, protocol: Protocol) -> Self:
        """Return the same, if each setting makes sense, and all together on a task of a kind under a protocol.

        Raises OutOfRange, UnknownName or UsageError, each with a sentence that names the setting.
        """
        if len(self.hidden) > MOST_LAYERS:
            raise OutOfRange("The number of hidden layers", len(self.hidden), f"at most {MOST_LAYERS}")
        for layer in self.hidden:
            within("A hidden layer", layer, MOST_UNITS)
        if self.initial_sd is not None and not (math.isfinite(self.initial_sd) and self.initial_sd > 0):
            raise OutOfRange("The standard deviation of initial weights", self.initial_sd, "a positive number")
        for what, word, known in (
            ("activation", self.activation, ACTIVATIONS),
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("schedule", self.schedule, SCHEDULES),
            ("class weight", self.class_weight, (None, *CLASS_WEIGHTS)),
        ):
            if word not in known:
                raise UnknownName(what, str(word), [one for one in known if one])
        within("The batch size", self.batch_size, MOST_BATCH)
        within("The number of epochs", self.epochs, MOST_EPOCHS)
        if not 0 <= self.dropout < 1:
            raise OutOfRange("The dropout rate", self.dropout, "at least 0 and below 1")
        if not (math.isfinite(self.l2) and self.l2 >= 0):
            raise OutOfRange("The factor of the L2 penalty", self.l2, "a number of at least 0")
        if self.early_stopping is not None:
            within("The patience of early stopping", self.early_stopping, MOST_EPOCHS)
            if not protocol.tunes:
                raise UsageError(
                    f"The protocol {protocol.key} has no validation split for early stopping to watch: "
                    f"leave early stopping out, or use --protocol {DEFAULT_PROTOCOL}."
                )
        if (self.dropout or self.batch_norm) and not (self.hidden or self.model):
            raise UsageError("Dropout and batch normalisation are of hidden layers, and this network has none.")
        if self.class_weight and kind == "regression":
            raise UsageError("Class weights are for classes, and this task's targets are numbers: leave them out.")
        if self.model and (idle := self._shaping()):
            raise UsageError(
                f"{called(self.model)} builds the whole network, so {' and '.join(idle)} would change nothing: "
                "set them in its file, or leave --model out."
            )
        return self

    def _shaping(self) -> list[str]:
        """Name the settings that shape a stack of dense layers and are not as if they were not there."""
        plain = Hyperparameters(hidden=(), optimizer=self.optimizer, batch_size=self.batch_size, epochs=self.epochs)
        names = ("hidden", "activation", "initial_sd", "dropout", "batch_norm", "l2")
        return [name.replace("_", " ") for name in names if getattr(self, name) != getattr(plain, name)]

    @property
    def program(self) -> str:
        """What of it is compiled: all but the length. What has its default is left out, unless it always was said."""
        plain = Hyperparameters(hidden=(), optimizer="", batch_size=0, epochs=0)
        others = [
            f"{name}={value}"
            for name in ("dropout", "batch_norm", "l2", "schedule", "early_stopping", "class_weight", "model")
            if (value := getattr(self, name)) != getattr(plain, name)
        ]
        layers = "-".join(map(str, self.hidden))
        return "/".join([layers, self.activation, str(self.initial_sd), self.optimizer, str(self.batch_size), *others])


def layers_from(text: str, setting: str) -> tuple[int, ...]:
    """Read the units of hidden layers as a person writes them: NO_LAYERS, 50 or 50,20. Raises OutOfRange."""
    if text == NO_LAYERS:
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        allowed = f"whole numbers with commas between, such as 50,20, or `{NO_LAYERS}`"
        raise OutOfRange(setting, repr(text), allowed) from None


def within(setting: str, value: int, most: int) -> int:
    """Return a whole number from 1 to `most`. Raises OutOfRange, naming the setting, for any other."""
    if not 1 <= value <= most:
        raise OutOfRange(setting, value, f"from 1 to {most}")
    return value

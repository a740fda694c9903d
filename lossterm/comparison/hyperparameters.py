"""What a training depends on besides task, loss, learning rate and seed: one field, with its Setting, for each.

To add a hyperparameter, add a field with its Setting, and the code in the engine that acts on it. Everything else comes
from that record: the option, the key of the project file, the row of the network dialog, headline, JSON, exports, the
command that runs it again and the checks. Give a new field a default that means what happened before the choice
existed: defaults are not written, so stored trials keep their keys. If the script that `lossterm export` writes must
act on it too, extend `export/script/network_section.py`.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

import msgspec

from lossterm.comparison.protocol import Protocol
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.comparison.setting import Range, Setting, settings_of
from lossterm.comparison.user_network import called
from lossterm.errors import UnknownName, UsageError
from lossterm.losses import Kind
from lossterm.tasks import Task

OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop", "adamw", "nadam", "adagrad")
"""Keys of optimizers: plain SGD, SGD with momentum 0.9, and Keras's defaults of the others."""

ACTIVATIONS = ("relu", "tanh", "gelu", "elu", "selu", "silu", "leaky_relu", "sigmoid")
"""Activations of hidden layers, by Keras's names."""

SCHEDULES = ("constant", "cosine", "linear", "exponential")
"""How the learning rate changes, step by step over a whole training: it stays, or falls to 0 along half a cosine, to 0
along a line, or to 1 % by equal factors."""

CLASS_WEIGHTS = ("balanced",)
"""How rows are weighed by their class: n/(K·n_k), so that all classes count alike."""

MOST_EPOCHS, MOST_BATCH, MOST_UNITS, MOST_LAYERS = 1_000_000, 1_000_000, 65_536, 32

_NO_HIDDEN_LAYERS = "Dropout and batch normalisation apply to hidden layers, and this network has none."


class Hyperparameters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a training depends on besides task, loss, learning rate and seed.

    A setting with its plain default is not written, so that trials keep their keys. A field without a default, or with
    a `default_factory`, existed from the start and is always written.
    """

    hidden: Annotated[
        tuple[int, ...],
        Setting(
            label="Hidden layers",
            help="Units of the hidden layers",
            row="units of each layer, as 50,20, or none",
            field="hidden",
            part="layers",
            range=Range(least=1, most=MOST_UNITS),
            each="A hidden layer",
            most=MOST_LAYERS,
            example=(50, 20),
            of_task=True,
            always_shown=True,
            phrase=lambda units: f"hidden {','.join(map(str, units)) or 'none'}",
            default=(),
        ),
    ]
    """Units of each hidden layer; none for a linear model."""

    activation: Annotated[
        str,
        Setting(
            label="The activation",
            help="Of the hidden layers",
            row="of the hidden layers",
            part="layers",
            words=ACTIVATIONS,
            joins=("hidden", "{}"),
        ),
    ] = msgspec.field(default_factory=lambda: ACTIVATIONS[0])
    """Activation of the hidden layers, one of ACTIVATIONS."""

    initial_sd: Annotated[
        float | None,
        Setting(
            label="The standard deviation of initial weights",
            help="Standard deviation of the output layer's normal initial kernel",
            part="layers",
            range=Range(above=0),
            has_option=False,
            phrase=lambda sd: f"output drawn with sd {sd:g}",
        ),
    ] = msgspec.field(default_factory=lambda: None)
    """Standard deviation of the output layer's normal initial kernel; None for glorot_uniform."""

    optimizer: Annotated[
        str,
        Setting(
            label="The optimizer",
            help="How weights are updated",
            row="how weights are updated",
            words=OPTIMIZERS,
            always_shown=True,
            default="momentum",
        ),
    ]
    """One of OPTIMIZERS."""

    batch_size: Annotated[
        int,
        Setting(
            label="The batch size",
            help="Rows of one step",
            field="batch",
            range=Range(least=1, most=MOST_BATCH),
            example=32,
            of_task=True,
            always_shown=True,
            phrase=lambda rows: f"batch {rows}",
        ),
    ]
    """Rows of one step; the last step of an epoch takes what is left."""

    epochs: Annotated[
        int,
        Setting(
            label="The number of epochs",
            help="Passes over the data",
            field="epochs",
            range=Range(least=1, most=MOST_EPOCHS),
            example=100,
            of_task=True,
            always_shown=True,
            compiled=False,
            phrase=lambda epochs: f"{epochs} epochs",
        ),
    ]
    """Passes over the training split; with early stopping, at the most."""

    dropout: Annotated[
        float,
        Setting(
            label="The dropout rate",
            help="Share of the hidden units left out at each step, after their activation; from 0 to below 1",
            row="share of hidden units left out, 0 to below 1",
            part="layers",
            range=Range(least=0, below=1),
            needs_hidden=True,
            unfit=_NO_HIDDEN_LAYERS,
            phrase=lambda share: f"dropout {share:g}",
        ),
    ] = 0.0
    """Share of the hidden units that are left out at each step of training, after their activation."""

    batch_norm: Annotated[
        bool,
        Setting(
            label="Batch normalisation",
            help="Normalise over the batch before the activation of each hidden layer",
            row="normalise over the batch",
            part="layers",
            needs_hidden=True,
            unfit=_NO_HIDDEN_LAYERS,
            phrase=lambda _: "batch norm",
        ),
    ] = False
    """Whether sums are normalised over the batch before the activation of each hidden layer."""

    l2: Annotated[
        float,
        Setting(
            label="The factor of the L2 penalty",
            help="Factor of the summed squares of all kernels, as 1e-4: trained on, but not shown in curves",
            row="factor of the squared weights, as 1e-4",
            part="layers",
            range=Range(least=0),
            phrase=lambda factor: f"l2 {factor:g}",
        ),
    ] = 0.0
    """Factor of the summed squares of all kernels, added to the loss that is trained but not to the one in curves."""

    schedule: Annotated[
        str,
        Setting(
            label="The schedule",
            help="How the learning rate falls from step to step",
            more=" over the whole training: to 0 along half a cosine or a line, or to 1 % by equal factors",
            row="how the learning rate falls",
            words=SCHEDULES,
            joins=("learning_rates", "{}"),
        ),
    ] = SCHEDULES[0]
    """How the learning rate changes, one of SCHEDULES."""

    early_stopping: Annotated[
        int | None,
        Setting(
            label="The patience of early stopping",
            help="Epochs without a better validation loss to stop after, going back to the best weights",
            row="epochs without a better validation loss",
            range=Range(least=1, most=MOST_EPOCHS),
            example=20,
            unset="never",
            needs_validation=True,
            unfit="The protocol {protocol} has no validation split for early stopping to watch: "
            f"leave early stopping out, or use --protocol {DEFAULT_PROTOCOL}.",
            phrase=lambda patience: f"stops after {patience}",
            joins=("epochs", "({} without a better)"),
        ),
    ] = None
    """Epochs without a better validation loss after which a training stops, the best weights restored; None: never."""

    class_weight: Annotated[
        str | None,
        Setting(
            label="The class weight",
            help="Train as if all classes were equally frequent",
            more="; curves and scores do not weigh",
            row="train as if classes were equally frequent",
            words=CLASS_WEIGHTS,
            example=CLASS_WEIGHTS[0],
            unset="all rows weigh alike",
            kinds=("binary", "multiclass"),
            unfit="Class weights are for classes, and this task's targets are numbers: leave them out.",
            phrase=lambda weights: f"{weights} classes",
        ),
    ] = None
    """One of CLASS_WEIGHTS, for the loss that is trained but not for the one in curves; None: all rows weigh alike."""

    model: Annotated[
        str,
        Setting(
            label="The model",
            help="Instead of layers, a custom network",
            more=": a function (features, outputs) in a Python file or an installed package that returns an uncompiled "
            "Keras model with a linear output",
            row="FILE.py:NAME of a function (features, outputs)",
            part="model",
            example="nets.py:build",
            is_code=True,
            phrase=lambda model: f"network {called(model)}",
        ),
    ] = ""
    """Where a custom network is and its fingerprint, as `user_network.network_from` returns it; "" for a stack of dense
    layers. With a custom network, the settings that shape that stack have no effect."""

    def __post_init__(self) -> None:
        """Replace each value that equals its default by the default itself: msgspec leaves out only that object."""
        for name, default in _defaults(type(self)):
            if getattr(self, name) == default:
                msgspec.structs.force_setattr(self, name, default)

    @classmethod
    def asked(cls, given: Mapping[str, object], task: Task, also: Iterable[str] = ()) -> Self:
        """Return the given settings; those that are missing or None take the task's value or the default.

        `also` holds other names that a misspelt one might mean. Raises UnknownName, OutOfRange, and what
        `network_from` raises. The result is still to be `checked`.
        """
        settings = {setting.name: setting for setting in settings_of(cls)}
        for name in given:
            if name not in settings:
                raise UnknownName("setting", name, [*also, *settings])
        chosen = {name: settings[name].stored(value) for name, value in given.items() if value is not None}
        custom = bool(chosen.get("model"))
        usual = {
            name: getattr(task, name)
            if setting.of_task and not (custom and setting.part == "layers")
            else setting.default
            for name, setting in settings.items()
        }
        return cls(**usual | chosen)

    def checked(self, kind: Kind, protocol: Protocol) -> Self:
        """Return self if each setting is valid, and all of them together fit a kind of task and a protocol.

        Raises OutOfRange, UnknownName or UsageError, each with a sentence that names the setting.
        """
        settings = settings_of(type(self))
        for setting in settings:
            setting.checked(getattr(self, setting.name))
        chosen = self.chosen
        for setting in chosen:
            if (
                (setting.needs_validation and not protocol.tunes)
                or (setting.needs_hidden and not (self.hidden or self.model))
                or kind not in setting.kinds
            ):
                raise UsageError(setting.unfit.format(protocol=protocol.key))
        unused = [setting.title for setting in chosen if setting.part == "layers"]
        if self.model and unused:
            raise UsageError(
                f"{called(self.model)} builds the whole network, so {' and '.join(unused)} would change nothing: "
                "set them in its file, or leave --model out."
            )
        return self

    @property
    def shared(self) -> dict[str, Any]:
        """Every setting by name, fit to be shared: code by name and fingerprint, without its path."""
        return {setting.name: setting.shared(getattr(self, setting.name)) for setting in settings_of(type(self))}

    @property
    def chosen(self) -> tuple[Setting, ...]:
        """The settings that differ from their defaults, or whose value each task sets."""
        return tuple(setting for setting in settings_of(type(self)) if setting.is_set(getattr(self, setting.name)))

    @property
    def shown(self) -> tuple[Setting, ...]:
        """The settings to show: those that differ from their defaults, and those always shown unless ignored."""
        return tuple(
            setting
            for setting in settings_of(type(self))
            if setting.is_set(getattr(self, setting.name)) or (setting.always_shown and not self.ignores(setting))
        )

    def ignores(self, setting: Setting) -> bool:
        """Whether a setting changes nothing here, because it shapes a stack of layers and the network is custom."""
        return bool(self.model) and setting.part == "layers"

    @property
    def program(self) -> str:
        """Names what is compiled: all but the length. Defaults are left out, unless they are always written."""
        words = []
        for setting in settings_of(type(self)):
            value: Any = getattr(self, setting.name)
            if setting.compiled and setting.always_written:
                words.append("-".join(map(str, value)) if isinstance(value, tuple) else str(value))
            elif setting.compiled and setting.is_set(value):
                words.append(f"{setting.name}={value}")
        return "/".join(words)


@functools.cache
def _defaults(record: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """Return each field that is not written at its default, with that default; None, True and False are single objects
    anyway.
    """
    return tuple(
        (setting.name, setting.default)
        for setting in settings_of(record)
        if not setting.always_written and not isinstance(setting.default, bool | None)
    )

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

from lossterm.comparison.initial_weights import HIDDEN, OUTPUT, Initializer, chosen_by_activation
from lossterm.comparison.protocol import Protocol
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.comparison.setting import Range, Setting, settings_of
from lossterm.comparison.user_network import called
from lossterm.errors import DoesNotFit, UnknownName, UsageError
from lossterm.tasks import Task

OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop", "adamw", "nadam", "adagrad")
"""Keys of optimizers: plain SGD, SGD with MOMENTUM, and Keras's defaults of the others."""

MOMENTUM = 0.9
"""What SGD keeps of its last step under `momentum`; Keras's default is none."""

ACTIVATIONS = ("relu", "tanh", "gelu", "elu", "selu", "silu", "leaky_relu", "sigmoid")
"""Activations of hidden layers, by Keras's names."""

SCHEDULES = ("constant", "cosine", "linear", "exponential")
"""How the learning rate changes, step by step over a whole training: it stays, or falls to 0 along half a cosine, to 0
along a line, or to 1 % by equal factors."""

CLASS_WEIGHTS = ("balanced",)
"""How rows are weighed by their class: n/(K·n_k), so that all classes count alike."""

SCALINGS = ("standard", "robust")
"""How a numeric target is scaled: by mean and standard deviation, or by median and median absolute deviation."""

NETWORKS = ("mlp", "cnn", "rnn", "unet")
"""Dense layers, convolutions over an image, recurrent layers over a sequence, a U-Net from images to masks."""

POOLINGS = ("max", "average")
"""What is taken of each 2×2 pixels after a convolution."""

CELLS = ("gru", "lstm", "simple")
"""Cells of recurrent layers."""

MOST_KERNEL = 15

MOST_EPOCHS, MOST_BATCH, MOST_UNITS, MOST_LAYERS = 1_000_000, 1_000_000, 65_536, 32

_NO_HIDDEN_LAYERS = "Dropout and batch normalisation apply to hidden layers, and this network has none."


_CONVOLVING, _RECURRENT = ("cnn", "unet"), ("rnn",)


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
            networks=("mlp", "cnn", "rnn"),
            unfit="A unet has no hidden layers but its convolutions: use --filters, or leave --hidden out.",
            phrase=lambda units: f"hidden {','.join(map(str, units)) or 'none'}",
            default=(),
        ),
    ]
    """Units of each hidden layer, which are the last of a network of another kind; none for a linear model."""

    activation: Annotated[
        str,
        Setting(
            label="The activation",
            help="Of the hidden layers",
            more=f"; it chooses their initial kernels too: {chosen_by_activation()}",
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
            more=f"; momentum is SGD with a momentum of {MOMENTUM}",
            row="how weights are updated",
            words=OPTIMIZERS,
            always_shown=True,
            phrase=lambda key: f"{key} {MOMENTUM}" if key == "momentum" else key,
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
            phrase=lambda epochs: f"{epochs} epoch{'' if epochs == 1 else 's'}",
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
            of_protocol=True,
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
            kinds=("binary", "multiclass", "ordinal"),
            unfit="Class weights are for classes of whole rows, which this task does not have: leave them out.",
            phrase=lambda weights: f"{weights} classes",
        ),
    ] = None
    """One of CLASS_WEIGHTS, for the loss that is trained but not for the one in curves; None: all rows weigh alike."""

    scaling: Annotated[
        str,
        Setting(
            label="The scaling",
            help="How a target of numbers is scaled",
            more=": by mean and standard deviation, or by median and median absolute deviation, which outliers hardly "
            "shift; what is fixed in units of that scale, such as huber's delta, then keeps its meaning",
            row="numeric targets by mean, SD or median, MAD",
            words=SCALINGS,
            kinds=("regression", "multioutput"),
            needs_scaling=True,
            unfit="Robust scaling is for targets of numbers, under a protocol that scales them: leave --scaling out.",
            phrase=lambda scaling: f"{scaling} scaling",
        ),
    ] = SCALINGS[0]
    """How a numeric target is scaled on the training rows, one of SCALINGS."""

    network: Annotated[
        str,
        Setting(
            label="The network",
            help="Kind of network",
            more=": dense layers (mlp), convolutions over images (cnn), recurrent layers over sequences (rnn), or a "
            "U-Net from images to masks (unet)",
            row="mlp; cnn, unet for images; rnn for sequences",
            part="layers",
            words=NETWORKS,
            example="cnn",
            of_task=True,
        ),
    ] = NETWORKS[0]
    """One of NETWORKS."""

    filters: Annotated[
        tuple[int, ...],
        Setting(
            label="Filters",
            help="Filters of each convolution, with pooling after each; of a U-Net, of each level",
            row="of each convolution, as 8,16",
            part="layers",
            range=Range(least=1, most=MOST_UNITS),
            each="A number of filters",
            most=MOST_LAYERS,
            example=(8, 16),
            of_task=True,
            networks=_CONVOLVING,
            unfit="Filters are of convolutions: use --network cnn or unet, or leave them out.",
            phrase=lambda filters: f"filters {','.join(map(str, filters))}",
        ),
    ] = ()
    """Filters of each convolution; () for networks without any."""

    kernel: Annotated[
        int,
        Setting(
            label="The kernel",
            help="Height and width of each convolution's kernel",
            row="height and width of kernels",
            part="layers",
            range=Range(least=1, most=MOST_KERNEL),
            networks=_CONVOLVING,
            unfit="Kernels are of convolutions: use --network cnn or unet, or leave --kernel out.",
            phrase=lambda side: f"kernel {side}",
        ),
    ] = 3
    """Height and width of the kernels of convolutions."""

    pooling: Annotated[
        str,
        Setting(
            label="The pooling",
            help="What is taken of each 2×2 pixels after a convolution",
            row="of 2×2 pixels after a convolution",
            part="layers",
            words=POOLINGS,
            networks=_CONVOLVING,
            unfit="Pooling is between convolutions: use --network cnn or unet, or leave --pooling out.",
            phrase=lambda kind: f"{kind} pooling",
        ),
    ] = POOLINGS[0]
    """One of POOLINGS."""

    units: Annotated[
        tuple[int, ...],
        Setting(
            label="Recurrent units",
            help="Units of each recurrent layer",
            row="of each recurrent layer, as 16",
            part="layers",
            range=Range(least=1, most=MOST_UNITS),
            each="A recurrent layer",
            most=MOST_LAYERS,
            example=(16,),
            of_task=True,
            networks=_RECURRENT,
            unfit="Units are of recurrent layers: use --network rnn, or leave --units out.",
            phrase=lambda units: f"units {','.join(map(str, units))}",
        ),
    ] = ()
    """Units of each recurrent layer; () for networks without any."""

    cell: Annotated[
        str,
        Setting(
            label="The cell",
            help="Cell of the recurrent layers",
            row="of recurrent layers",
            part="layers",
            words=CELLS,
            networks=_RECURRENT,
            unfit="Cells are of recurrent layers: use --network rnn, or leave --cell out.",
            joins=("units", "{}"),
        ),
    ] = CELLS[0]
    """One of CELLS."""

    bidirectional: Annotated[
        bool,
        Setting(
            label="Both directions",
            help="Read sequences from both ends",
            row="read sequences from both ends",
            part="layers",
            networks=_RECURRENT,
            unfit="Both directions are of recurrent layers: use --network rnn, or leave --bidirectional out.",
            phrase=lambda _: "both directions",
        ),
    ] = False
    """Whether recurrent layers read a sequence from both ends."""

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
    def asked(cls, given: Mapping[str, object], task: Task, protocol: Protocol, also: Iterable[str] = ()) -> Self:
        """Return the given settings; those that are missing or None take the value of task or protocol, or the default.

        `also` holds other names that a misspelt one might mean. Raises UnknownName, OutOfRange, and what
        `network_from` raises. The result is still to be `checked`.
        """
        settings = {setting.name: setting for setting in settings_of(cls)}
        for name in given:
            if name not in settings:
                raise UnknownName("setting", name, [*also, *settings])
        chosen = {name: settings[name].stored(value) for name, value in given.items() if value is not None}
        custom = bool(chosen.get("model"))
        network = chosen.get("network", settings["network"].default if custom else task.network)

        def of_task(setting: Setting) -> bool:
            used = not (custom and setting.part == "layers") and network in (setting.networks or NETWORKS)
            return setting.of_task and used

        usual = {
            name: getattr(task, name) if of_task(setting) else usual_value(setting, protocol)
            for name, setting in settings.items()
        }
        return cls(**usual | chosen)

    def checked(self, task: Task, protocol: Protocol) -> Self:
        """Return self if each setting is valid, and all of them together fit a task and a protocol.

        Raises OutOfRange, UnknownName or UsageError, each with a sentence that names the setting.
        """
        settings = settings_of(type(self))
        for setting in settings:
            setting.checked(getattr(self, setting.name))
        chosen = self.chosen
        for setting in chosen:
            if (
                (setting.needs_validation and not protocol.tunes)
                or (setting.needs_scaling and not protocol.scales)
                or (setting.needs_hidden and not (self.hidden or self.filters or self.units or self.model))
                or task.kind not in setting.kinds
                or not (self.model or self.network in (setting.networks or NETWORKS))
            ):
                raise UsageError(setting.unfit.format(protocol=protocol.key))
        if self.class_weight and task.weights is not None:
            raise UsageError(
                "Rows weigh by --class-weight or by --sample-weight, as in Keras, not by both: leave one of them out."
            )
        reason = "" if self.model else unfit_network(self.network, task, self.filters)
        if reason:
            raise DoesNotFit(reason)
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

    def unlike(self, protocol: Protocol) -> tuple[Setting, ...]:
        """Return the settings that a request under a protocol must name, or whose value each task sets."""
        every = settings_of(type(self))
        return tuple(one for one in every if getattr(self, one.name) != usual_value(one, protocol))

    @property
    def shown(self) -> tuple[Setting, ...]:
        """The settings to show: those that differ from their defaults, and those always shown unless ignored."""
        return tuple(
            setting
            for setting in settings_of(type(self))
            if setting.is_set(getattr(self, setting.name)) or (setting.always_shown and not self.ignores(setting))
        )

    @property
    def hidden_initializer(self) -> Initializer | None:
        """How hidden kernels are drawn; None without hidden layers and for a custom network."""
        return HIDDEN[self.activation] if (self.hidden or self.filters) and not self.model else None

    @property
    def output_initializer(self) -> Initializer | None:
        """How the output's kernel is drawn; None with a standard deviation of its own and for a custom network."""
        return None if self.model or self.initial_sd is not None else OUTPUT

    @property
    def momentum(self) -> float | None:
        """The momentum of SGD; None under an optimizer that has its own."""
        return {"sgd": 0.0, "momentum": MOMENTUM}.get(self.optimizer)

    def ignores(self, setting: Setting) -> bool:
        """Whether a setting changes nothing here, because it shapes the layers of another kind of network."""
        if self.model:
            return setting.part == "layers"
        return self.network not in (setting.networks or NETWORKS)

    @property
    def robust(self) -> bool:
        """Whether a numeric target is scaled by medians."""
        return self.scaling == "robust"

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


def networks_for(task: Task) -> tuple[str, ...]:
    """Return the networks that can train on a task."""
    return tuple(network for network in NETWORKS if not unfit_network(network, task))


def unfit_network(network: str, task: Task, filters: tuple[int, ...] = ()) -> str:
    """Say why a network cannot train on a task, and which can; "" if it can."""
    shape = " × ".join(map(str, task.input_shape))
    if network == "unet" and task.kind != "segmentation":
        return f"A unet gives a mask for each image, and {task.key} wants none: use --network {task.network}."
    if network != "unet" and task.kind == "segmentation":
        return f"{task.key} wants a class for each pixel, which {_ARTICLES[network]} does not give: use --network unet."
    if network in ("cnn", "unet") and len(task.input_shape) != 3:
        takes = "images, (height, width, channels)"
        said = f"{_ARTICLES[network].capitalize()} takes {takes}"
        return f"{said}, and a row of {task.key} is {shape}: use --network {task.network}."
    if network == "rnn" and len(task.input_shape) != 2:
        takes = "sequences, (steps, channels)"
        return f"An rnn takes {takes}, and a row of {task.key} is {shape}: use --network {task.network}."
    halved = 2 ** max(len(filters) - 1, 0)
    if network == "unet" and any(side % halved for side in task.input_shape[:2]):
        return (
            f"A unet of {len(filters)} levels halves an image {len(filters) - 1} times, and {shape} cannot be: "
            "give fewer --filters, or pad the images."
        )
    return ""


_ARTICLES = {"mlp": "an mlp", "cnn": "a cnn", "rnn": "an rnn", "unet": "a unet"}


def usual_value(setting: Setting, protocol: Protocol, task: Task | None = None) -> Any:
    """Return the value of a setting that nobody set: the protocol's, the task's if one is given, or the default."""
    if task is not None and setting.of_task:
        return getattr(task, setting.name)
    return getattr(protocol, setting.name) if setting.of_protocol else setting.default


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

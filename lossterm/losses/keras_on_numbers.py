"""What Keras's losses mean for a target of numbers: on which scale of it, and which are for classes alone."""

import msgspec

from lossterm.errors import DoesNotFit
from lossterm.losses.loss import Kind
from lossterm.losses.user_defined import Source

TARGET = "target"
"""The parameter that says on which scale a custom loss gets a target of numbers."""

_MODULES = ("keras.losses", "keras.api.losses", "keras.src.losses", "tensorflow.keras.losses", "tf_keras.losses")

_BY_RATIO = frozenset(["meanabsolutepercentageerror", "mape", "meansquaredlogarithmicerror", "msle"])
"""Names, without underscores, of losses that look at ratios: a standardised target has negative values and zeros."""

_FOR_CLASSES = frozenset(
    (
        *("binarycrossentropy", "bce", "binaryfocalcrossentropy", "categoricalcrossentropy"),
        *("categoricalfocalcrossentropy", "sparsecategoricalcrossentropy", "categoricalgeneralizedcrossentropy"),
        *("kldivergence", "kld", "kullbackleiblerdivergence", "hinge", "squaredhinge", "categoricalhinge"),
        *("ctc", "dice", "tversky", "circle"),
    )
)
"""Names of losses that compare classes or their probabilities."""


def suited(source: Source, kind: Kind, task: str) -> Source:
    """Return a custom loss as it is to be trained on a task of this kind: Keras's on the scale that they are made for.

    Raises DoesNotFit for a scale of classes, and for a loss of Keras without a meaning for numbers, with what to write.
    """
    scale = dict(source.settings).get(TARGET)
    if kind != "regression":
        if scale is not None:
            raise DoesNotFit(f"{source.text}: {TARGET}={scale} is for numbers, and the targets of {task} are classes.")
        return source
    name = _keras_name(source)
    if name in _FOR_CLASSES:
        raise DoesNotFit(
            f"{source.text} compares classes or their probabilities, and the targets of {task} are numbers: "
            "--loss mse, --loss mae and --loss huber are for those."
        )
    if name == "poisson":
        raise DoesNotFit(
            f"{source.text} needs y_pred above 0, and the network's output has any sign: --loss poisson is the same "
            "loss of an output that is read as ln y_pred."
        )
    if name in _BY_RATIO and scale is None:
        return msgspec.structs.replace(source, settings=(*source.settings, (TARGET, "mean")))
    return source


def wants_ratio(module: str, name: str) -> bool:
    """Whether a loss of this name, defined in this module, is one of Keras's that look at ratios."""
    return _of_keras(module) and _plain(name) in _BY_RATIO


def _keras_name(source: Source) -> str:
    return _plain(source.name) if source.file is None and _of_keras(source.place) else ""


def _of_keras(module: str) -> bool:
    return module.startswith(_MODULES)


def _plain(name: str) -> str:
    return name.lower().replace("_", "")

"""What a kept model predicts, and how well: with NumPy alone, so that the app needs no TensorFlow.

NumPy is imported inside the functions, since a screen is painted before any prediction is asked for.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lossterm.losses import Activation
from lossterm.losses.prediction_from_output import Predicted, prediction_of
from lossterm.store import Kept, Model, Sample

if TYPE_CHECKING:
    import numpy as np

    from lossterm.charts.reliability import Bin

__all__ = [
    "Predicted",
    "confusion",
    "field",
    "on_sample",
    "outputs",
    "place_at",
    "predicted",
    "reliability",
    "residuals",
]


def outputs(model: Model, place: int, features: "np.ndarray") -> "np.ndarray":
    """Return a network's raw output with the weights kept at `model.epochs[place]`, float32.

    From features (rows, inputs): (rows,) for an output of one unit, (rows, units) otherwise. Raises IndexError for a
    place that isn't there.
    """
    import numpy as np

    *hidden, (kernel, bias) = model.weights(place)
    values = features.astype(np.float32)
    # A network that is about to diverge overflows here as it did in training: that shows in what is returned.
    with np.errstate(over="ignore", invalid="ignore"):
        for inner, shift in hidden:
            values = _activated(model.activation, values @ inner + shift)
        values = _activated(model.head, values @ kernel + bias)
    return np.asarray(values[:, 0] if values.shape[1] == 1 else values)


def predicted(model: Model, place: int, features: "np.ndarray") -> Predicted:
    """Return what a network predicts for features (rows, inputs) with the weights kept at `model.epochs[place]`."""
    return _read(model, outputs(model, place, features))


def place_at(kept: Kept, epoch: int) -> int:
    """Return the place among the kept epochs of the last one up to an epoch; the first where there is none."""
    return max(bisect_right(kept.epochs, epoch) - 1, 0)


def on_sample(kept: Kept, place: int, sample: Sample) -> "tuple[Predicted, np.ndarray]":
    """Return what is predicted for a sample's rows at `kept.epochs[place]`, and their targets.

    Where outputs were kept, these are the first rows, as many as they were kept for.
    """
    features, target = sample.arrays()
    if isinstance(kept, Model):
        return predicted(kept, place, features), target
    output = kept.output(place)[: len(target)]
    return _read(kept, output, target.ndim), target[: len(output)]


def field(
    model: Model, place: int, lows: Sequence[float], highs: Sequence[float], columns: int, rows: int
) -> "tuple[np.ndarray, np.ndarray]":
    """Return the predicted class and how sure the network is of it over a rectangle of two features.

    Both are (rows, columns), taken at the centres of cells that fill the rectangle from `lows` to `highs` (of the first
    feature, then of the second); the top row has the largest second feature. Confidence is 0 at a boundary and at most
    1: the class's probability from 1/K to 1 drawn out to 0 to 1, or tanh of the margin, or of the gap between the two
    largest scores, where there are no probabilities; NaN where the output is not finite. Raises ValueError for a
    network that does not tell classes apart by two features.
    """
    import numpy as np

    if model.layers[0] != 2 or model.reading == "value":
        raise ValueError(f"a field needs classes and two features, and this model has {model.layers[0]}")
    across = lows[0] + (np.arange(columns) + 0.5) * (highs[0] - lows[0]) / columns
    down = highs[1] - (np.arange(rows) + 0.5) * (highs[1] - lows[1]) / rows
    first, second = np.meshgrid(across, down)
    output = outputs(model, place, np.stack([first.ravel(), second.ravel()], axis=1))
    prediction = _read(model, output)
    if prediction.probability is not None:
        classes = prediction.probability.shape[1]
        confidence = (prediction.probability.max(axis=1) * classes - 1) / (classes - 1)
    elif output.ndim == 1:
        confidence = np.tanh(np.abs(output))
    else:
        runner_up, winner = np.partition(output, -2, axis=1)[:, -2:].T
        confidence = np.tanh(winner - runner_up)
    sure = np.clip(confidence, 0, 1).astype(np.float64)
    return prediction.prediction.reshape(rows, columns), sure.reshape(rows, columns)


def residuals(predicted: Predicted, target: "np.ndarray") -> "np.ndarray":
    """Return prediction less target, (rows,), in the target's units."""
    return predicted.prediction - target  # type: ignore[no-any-return]  # NumPy types no difference of unknown shapes


def confusion(prediction: "np.ndarray", target: "np.ndarray", classes: int) -> "np.ndarray":
    """Count rows by class, (classes, classes): true classes down, predicted ones across."""
    import numpy as np

    cells = np.bincount(target * classes + prediction, minlength=classes * classes)
    return np.asarray(cells.reshape(classes, classes))


def reliability(probability: "np.ndarray", target: "np.ndarray", bins: int = 10) -> "list[Bin]":
    """Compare probabilities (rows, K) with what came true, in bins of equal width; those without rows are left out.

    Of two classes, the probability of class 1 with how often it is the true one; of more, the probability of the
    predicted class with how often that is right. Rows whose probabilities are not finite are left out.
    """
    import numpy as np

    from lossterm.charts.reliability import Bin

    binary = probability.shape[1] == 2
    sure = probability[:, 1] if binary else probability.max(axis=1)
    true = target == (1 if binary else probability.argmax(axis=1))
    finite = np.isfinite(probability).all(axis=1)
    sure, true = sure[finite], true[finite]
    edges = np.linspace(0, 1, bins + 1)
    places = np.searchsorted(edges[1:-1], sure)
    filled = []
    for place in np.unique(places):
        held = places == place
        filled.append(
            Bin(
                low=float(edges[place]),
                high=float(edges[place + 1]),
                confidence=float(sure[held].mean()),
                accuracy=float(true[held].mean()),
                count=int(held.sum()),
            )
        )
    return filled


def _read(kept: Kept, output: "np.ndarray", rank: int = 1) -> Predicted:
    """Read an output, (rows, …) or (rows, …, units), given the rank of the target.

    One that overflowed gives what is not finite, and no warning.
    """
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        return prediction_of(output, kept.reading, kept.link, kept.scaling, rank)


def _activated(activation: str | Activation, sums: "np.ndarray") -> "np.ndarray":
    """Apply a layer's activation, by Keras's name and with Keras's defaults, to sums (rows, units)."""
    import numpy as np

    return np.asarray(_ACTIVATIONS[activation](np, sums))


def _elu(np: Any, x: Any) -> Any:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _sigmoid(np: Any, x: Any) -> Any:
    return np.exp(-np.logaddexp(0, -x))  # without overflow at either end


def _softmax(np: Any, x: Any) -> Any:
    shifted = np.exp(x - x.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def _normal(np: Any, x: Any) -> Any:
    """Return the normal distribution function, to 1e-7: NumPy has none (Abramowitz and Stegun 1964, 7.1.26)."""
    z = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    tail = series * np.exp(-(z**2)) / 2
    return np.where(x > 0, 1 - tail, tail)


_ACTIVATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "linear": lambda _, x: x,
    "relu": lambda np, x: np.maximum(x, 0),
    "leaky_relu": lambda np, x: np.maximum(x, 0.2 * x),
    "elu": _elu,
    "selu": lambda np, x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * _elu(np, x)),
    "silu": lambda np, x: x * _sigmoid(np, x),
    "gelu": lambda np, x: x * _normal(np, x),
    "tanh": lambda np, x: np.tanh(x),
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}
"""Every activation of a hidden or an output layer, as a function of NumPy and sums."""

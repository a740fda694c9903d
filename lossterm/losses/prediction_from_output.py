"""From a network's raw output to a prediction: a value in the target's units, or a class with probabilities."""

from typing import TYPE_CHECKING

import msgspec

from lossterm.losses import Link, Reading
from lossterm.losses.target_scaling import Scaling

if TYPE_CHECKING:
    import numpy as np


class Predicted(msgspec.Struct, frozen=True, kw_only=True):
    """A network's predictions for some rows."""

    prediction: "np.ndarray"
    """(rows,): values in the target's own units, or indices of classes (sign or argmax of the output)."""
    probability: "np.ndarray | None" = None
    """(rows, K) class probabilities; None for values and for outputs without probabilities."""


def value_of(output: "np.ndarray", link: Link) -> "np.ndarray":
    """Return predicted values on the loss's scale, (rows,), from an output of (rows,) or (rows, units)."""
    import numpy as np

    first = output[:, 0] if output.ndim > 1 else output
    with np.errstate(over="ignore"):  # an infinite prediction has no score, which is reported
        return np.exp(first) if link == "log" else first


def prediction_of(output: "np.ndarray", reading: Reading, link: Link, scaling: Scaling) -> Predicted:
    """Read an output of (rows,) or (rows, units) as a loss's record says; `link` and `scaling` matter only for values.

    Computed in float64.
    """
    import numpy as np

    output = output.astype(np.float64)
    if reading == "value":
        return Predicted(prediction=scaling.restored(value_of(output, link)))
    if reading == "margin":
        return Predicted(prediction=(output > 0).astype(int))
    if reading == "logit":
        positive = np.exp(-np.logaddexp(0, -output))  # σ, without overflow at either end
        negative = np.exp(-np.logaddexp(0, output))
        return Predicted(prediction=(output > 0).astype(int), probability=np.stack([negative, positive], axis=1))
    if reading == "scores":
        return Predicted(prediction=output.argmax(axis=1))
    shifted = np.exp(output - output.max(axis=1, keepdims=True))
    return Predicted(prediction=output.argmax(axis=1), probability=shifted / shifted.sum(axis=1, keepdims=True))

"""From a network's raw output to a prediction: a value in the target's units, or a class with probabilities."""

from typing import TYPE_CHECKING

import msgspec

from lossterm.losses import Link, Reading
from lossterm.losses.arrays import numpy
from lossterm.losses.loss import RANKED, Beside
from lossterm.losses.ordinal import chances
from lossterm.losses.quantiles import apart, in_order
from lossterm.losses.regression import variance_of
from lossterm.losses.target_scaling import Scaling

if TYPE_CHECKING:
    import numpy as np


class Predicted(msgspec.Struct, frozen=True, kw_only=True):
    """A network's predictions for some rows."""

    prediction: "np.ndarray"
    """(rows, …) as the target: values in its own units, or indices of classes (sign or argmax of the output)."""
    probability: "np.ndarray | None" = None
    """(rows, …, K) class probabilities; None for values and for outputs without probabilities."""


def value_of(output: "np.ndarray", link: Link, rank: int = 1) -> "np.ndarray":
    """Return predicted values on the loss's scale from an output (rows, …), or of several units (rows, …, units).

    `rank` is that of the target.
    """
    import numpy as np

    first = output[..., 0] if output.ndim > rank else output
    if link == "logit":
        return np.asarray(np.exp(-np.logaddexp(0, -first)))  # σ, without overflow at either end
    with np.errstate(over="ignore"):  # an infinite prediction has no score, which is reported
        return np.exp(first) if link == "log" else first


_TAIL = (1.2815515655446004, 0.8416212335729143, 0.5244005127080407, 0.2533471031357997)
DECILES = (*(-one for one in _TAIL), 0.0, *reversed(_TAIL))
"""Those of the standard normal distribution."""


def gives_quantiles(beside: Beside) -> bool:
    """Whether an output with such units beside the value gives quantiles."""
    return beside in ("steps", "quantiles", "variance")


def quantiles_of(output: "np.ndarray", beside: Beside) -> "np.ndarray | None":
    """Return predicted quantiles of τ = 1/(n+1), …, n/(n+1) on the loss's scale, (rows, n); None where there are none.

    Of a normal distribution they are the deciles.
    """
    import numpy as np

    if beside == "steps":
        return np.asarray(apart(numpy(), output))
    if beside == "quantiles":
        return np.asarray(in_order(numpy(), output))
    if beside == "variance":
        return np.asarray(output[:, :1] + np.sqrt(variance_of(numpy(), output))[:, None] * np.array(DECILES))
    return None


MEDIAN = 0.5
"""A rank is predicted that is not passed with a larger probability than this: the median, as CORAL and CORN have it."""


def rank_probabilities(output: "np.ndarray", reading: Reading) -> "np.ndarray":
    """Return the probability of each of K ranks, (rows, K), from K−1 cumulative or conditional logits (rows, K−1)."""
    import numpy as np

    reached = chances(numpy(), output, reading)
    edge = np.ones((len(output), 1))
    return np.asarray(np.concatenate([edge, reached], axis=1) - np.concatenate([reached, 0 * edge], axis=1))


def prediction_of(output: "np.ndarray", reading: Reading, link: Link, scaling: Scaling, rank: int = 1) -> Predicted:
    """Read an output of (rows, …) or (rows, …, units) as a loss's record says; `rank` is that of the target.

    `link` and `scaling` matter only for values. Computed in float64.
    """
    import numpy as np

    output = output.astype(np.float64)
    if reading == "value":
        return Predicted(prediction=scaling.restored(value_of(output, link, rank)))
    if reading == "margin":
        return Predicted(prediction=(output > 0).astype(int))
    if reading == "logit":
        positive = np.exp(-np.logaddexp(0, -output))  # σ, without overflow at either end
        negative = np.exp(-np.logaddexp(0, output))
        return Predicted(prediction=(output > 0).astype(int), probability=np.stack([negative, positive], axis=-1))
    if reading in RANKED:
        probability = rank_probabilities(output, reading)
        prediction = (np.cumsum(probability, axis=-1)[..., :-1] < MEDIAN).sum(axis=-1)
        return Predicted(prediction=prediction, probability=probability)
    if reading == "scores":
        return Predicted(prediction=output.argmax(axis=-1))
    shifted = np.exp(output - output.max(axis=-1, keepdims=True))
    return Predicted(prediction=output.argmax(axis=-1), probability=shifted / shifted.sum(axis=-1, keepdims=True))

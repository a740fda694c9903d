"""What rows weigh in training: which numbers may be weights, and what a person is told of them."""

from collections.abc import Callable

import numpy as np

from lossterm.errors import DataError
from lossterm.text.harmless import clipped

USUAL_MEAN = (0.5, 2.0)
"""Means of weights that change a learning rate by less than a step of those that are tried."""


def checked_weights(values: np.ndarray, refusal: Callable[[str, int], DataError]) -> np.ndarray:
    """Return the weights of rows, (rows,) of float64, as float32.

    `refusal` makes the error of a sentence about the row at an index, which is raised for a row without a weight, for a
    weight below 0, and where all are 0.
    """
    if (missing := np.isnan(values)).any():
        raise refusal(
            f"the row has no weight, as {int(missing.sum()):,} of {len(values):,} have none. Give each a number, 0 "
            "where a row is not to be trained on.",
            int(missing.argmax()),
        )
    if (negative := values < 0).any():
        index = int(negative.argmax())
        raise refusal(
            f"the row weighs {values[index]:g}, and a weight is at least 0: 0 keeps a row out of the training.", index
        )
    if not values.any():
        raise refusal("every row weighs 0, so that nothing would be learnt. Name another --sample-weight.", 0)
    return values.astype(np.float32)


def weights_in_words(name: str | None, weights: np.ndarray | None) -> tuple[str, ...]:
    """Say what rows weigh in training, and what their mean does to it; () where all weigh alike."""
    if name is None or weights is None:
        return ()
    low, high, mean = (float(number) for number in (weights.min(), weights.max(), weights.mean(dtype=np.float64)))
    said = (
        f"In training rows weigh what {clipped(name)} says, {low:g} to {high:g}, {mean:.3g} on average; curves, early "
        "stopping, scores and the anatomy count all rows alike."
    )
    if USUAL_MEAN[0] <= mean <= USUAL_MEAN[1]:
        return (said,)
    return (
        said,
        f"As in Keras, losses are not divided by the mean weight, so that gradients are {mean:.3g} times the usual "
        f"ones: divide {clipped(name)} by its mean to keep the usual learning rates.",
    )

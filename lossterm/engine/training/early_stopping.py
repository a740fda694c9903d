"""Early stopping inside a compiled program, as `keras.callbacks.EarlyStopping` does it between epochs."""

from typing import Any

import numpy as np

from lossterm.engine.runtime import tf


class EarlyStopping:
    """Watches the validation loss and keeps the weights with the lowest.

    Each number is a float32 variable, so that a training can continue from chunk to chunk: TensorFlow keeps integers in
    the host's memory, where a program on a GPU cannot reach them.
    """

    def __init__(self, patience: int, weights: list[Any]) -> None:
        """Stop after `patience` epochs without a lower loss; `weights` are the Keras variables to keep."""
        self._patience, self._weights = patience, weights
        self._lowest, self._waited, self._seen, self._best = (tf.Variable(0.0) for _ in range(4))
        self._kept = [tf.Variable(tf.convert_to_tensor(weight)) for weight in weights]

    # In a program

    def begin(self) -> None:
        """Start anew: the present weights are the best so far."""
        self._lowest.assign(np.inf)
        for number in (self._waited, self._seen, self._best):
            number.assign(0.0)
        for kept, weight in zip(self._kept, self._weights, strict=True):
            kept.assign(weight)

    def see(self, loss: Any) -> None:
        """Record the validation loss after an epoch."""
        better = loss < self._lowest
        self._seen.assign_add(1.0)
        self._lowest.assign(tf.where(better, loss, self._lowest))
        self._waited.assign(tf.where(better, 0.0, self._waited + 1.0))
        self._best.assign(tf.where(better, self._seen, self._best))
        for kept, weight in zip(self._kept, self._weights, strict=True):
            kept.assign(tf.where(better, weight, kept))

    def goes_on(self) -> Any:
        """Whether there is patience left."""
        return self._waited < float(self._patience)

    # Between programs

    @property
    def variables(self) -> list[Any]:
        """Every variable that changes during a training."""
        return [self._lowest, self._waited, self._seen, self._best, *self._kept]

    @property
    def seen(self) -> int:
        """Epochs trained."""
        return int(self._seen.numpy())

    @property
    def stopped(self) -> bool:
        """Whether patience ran out."""
        return bool(self._waited.numpy() >= self._patience)

    @property
    def best(self) -> int:
        """The epoch after which the loss was lowest, from 1; 0 before any."""
        return int(self._best.numpy())

    def restore(self) -> None:
        """Give the network back its best weights."""
        for kept, weight in zip(self._kept, self._weights, strict=True):
            weight.assign(kept)

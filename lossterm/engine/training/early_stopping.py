"""Early stopping inside a compiled program, as `keras.callbacks.EarlyStopping` does it between epochs."""

from typing import Any

import numpy as np

from lossterm.engine.runtime import tf


class EarlyStopping:
    """Watches the validation loss and keeps the weights that it was lowest with.

    Each number is a float32 variable, so that a training goes on from chunk to chunk: TensorFlow keeps whole numbers in
    the host's memory, where a program on a GPU does not reach them.
    """

    def __init__(self, patience: int, weights: list[Any]) -> None:
        """Stop after `patience` epochs in which `weights`, variables of Keras, got no better."""
        self._patience, self._weights = patience, weights
        self._lowest, self._waited, self._seen, self._best = (tf.Variable(0.0) for _ in range(4))
        self._kept = [tf.Variable(tf.convert_to_tensor(weight)) for weight in weights]

    # In a program

    def begin(self) -> None:
        """Forget what was seen; what the weights are now is the best so far."""
        self._lowest.assign(np.inf)
        for number in (self._waited, self._seen, self._best):
            number.assign(0.0)
        for kept, weight in zip(self._kept, self._weights, strict=True):
            kept.assign(weight)

    def see(self, loss: Any) -> None:
        """Take in the validation loss after an epoch."""
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
        """All that changes as it goes."""
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
        """Give the network the weights that it had then."""
        for kept, weight in zip(self._kept, self._weights, strict=True):
            weight.assign(kept)

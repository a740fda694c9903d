"""Early stopping inside a compiled program, as `keras.callbacks.EarlyStopping` does it between epochs."""

from typing import Any

import numpy as np

from lossterm.engine.runtime import tf


class EarlyStopping:
    """Watches the validation loss of one training, or of each of a stack, and keeps the weights with the lowest.

    Each number is a float32 variable, so that a training can continue from chunk to chunk: TensorFlow keeps integers in
    the host's memory, where a program on a GPU cannot reach them.
    """

    def __init__(self, patience: int, weights: list[Any], shape: tuple[int, ...] = ()) -> None:
        """Stop after `patience` epochs without a lower loss; `weights` are the Keras variables to keep.

        `shape` is (trials,) for a stack, whose weights have a leading axis of trials.
        """
        self._patience, self._weights = patience, weights
        self._lowest, self._waited, self._seen, self._best = (tf.Variable(tf.zeros(shape)) for _ in range(4))
        self._kept = [tf.Variable(tf.convert_to_tensor(weight)) for weight in weights]

    # In a program

    def begin(self) -> None:
        """Start anew: the present weights are the best so far."""
        self._lowest.assign(tf.fill(self._lowest.shape, np.inf))
        for number in (self._waited, self._seen, self._best):
            number.assign(tf.zeros_like(number))
        for kept, weight in zip(self._kept, self._weights, strict=True):
            kept.assign(weight)

    def see(self, loss: Any) -> None:
        """Record the validation loss after an epoch; of a training that has stopped, nothing any more."""
        waits = self._waited < float(self._patience)
        better = tf.logical_and(waits, loss < self._lowest)
        self._seen.assign_add(tf.cast(waits, tf.float32))
        self._lowest.assign(tf.where(better, loss, self._lowest))
        self._waited.assign(tf.where(better, 0.0, self._waited + tf.cast(waits, tf.float32)))
        self._best.assign(tf.where(better, self._seen, self._best))
        for kept, weight in zip(self._kept, self._weights, strict=True):
            ones = [1] * (len(kept.shape) - len(better.shape))
            kept.assign(tf.where(tf.reshape(better, [*better.shape, *ones]), weight, kept))

    def goes_on(self) -> Any:
        """Whether there is patience left with any training."""
        return tf.reduce_any(self._waited < float(self._patience))

    # Between programs

    @property
    def variables(self) -> list[Any]:
        """Every variable that changes during a training."""
        return [self._lowest, self._waited, self._seen, self._best, *self._kept]

    def seen(self, slot: int = 0) -> int:
        """Return how many epochs a training of the stack was trained."""
        return int(np.atleast_1d(self._seen.numpy())[slot])

    def stopped(self, slot: int = 0) -> bool:
        """Whether its patience ran out."""
        return bool(np.atleast_1d(self._waited.numpy())[slot] >= self._patience)

    def best(self, slot: int = 0) -> int:
        """Return the epoch after which its loss was lowest, from 1; 0 before any."""
        return int(np.atleast_1d(self._best.numpy())[slot])

    def restore(self) -> None:
        """Give the networks back their best weights."""
        for kept, weight in zip(self._kept, self._weights, strict=True):
            weight.assign(kept)

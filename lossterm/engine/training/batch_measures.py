"""What a program computes from the outputs of one network: the loss that it minimises, its curves, its gradients."""

from typing import Any

from lossterm.comparison.protocol import Protocol
from lossterm.engine.runtime import keras, tf
from lossterm.engine.training.output_shape import outputs_of
from lossterm.losses import Loss
from lossterm.losses.loss import RANKED
from lossterm.losses.ordinal import chances
from lossterm.losses.prediction_from_output import MEDIAN
from lossterm.tasks import Task


class BatchMeasures:
    """A loss on a protocol's data, as TensorFlow operations.

    Arguments are the encoded `target` of some rows and a network's `output` for them, (rows, …) or (rows, …, K);
    `counts`, the training rows or pixels of each class, (K,); `scale`, origin and unit of the target, (2,), or
    (outputs, 2) of several outputs.
    """

    def __init__(self, loss: Loss, protocol: Protocol, task: Task) -> None:
        self._loss, self._protocol, self._single = loss, protocol, outputs_of(task, loss) == 1
        self._rank = 1 + len(task.target_shape)

    def output(self, network_output: Any) -> Any:
        """Return what a network gives, (rows, …, units), as the loss takes it: without the axis of a single unit."""
        return tf.squeeze(network_output, -1) if self._single else network_output

    def each(self, target: Any, output: Any, counts: Any) -> Any:
        """Return the loss of each row, (rows,)."""
        return self._loss(keras.ops, target, output, counts)

    def mean(self, target: Any, output: Any, counts: Any) -> Any:
        """Return the mean loss, ()."""
        return tf.reduce_mean(self.each(target, output, counts))

    def classes(self, target: Any) -> Any:
        """Return the class of each row or pixel, (rows, …)."""
        if self._loss.encoding == "one_hot":
            return tf.argmax(target, -1, tf.int32)
        return target if self._loss.encoding == "index" else tf.cast(target > 0, tf.int32)

    def deviations(self, target: Any, output: Any, scale: Any) -> Any:
        """Return of each row what the curve's metric is the mean of, (rows,).

        That is the absolute error in the target's units, or 1 where the class is right, by sign or argmax: of several
        outputs, labels or pixels, their mean. `scale` may be of each row, (rows, 2) or (rows, outputs, 2).
        """
        each = self._deviations(target, output, scale)
        return tf.reduce_mean(each, tuple(range(1, self._rank))) if self._rank > 1 else each

    def _deviations(self, target: Any, output: Any, scale: Any) -> Any:
        if self._loss.reading == "value":
            first = output[:, 0] if self._loss.units > 1 else output
            links = {"log": tf.exp, "logit": tf.sigmoid, "identity": tf.identity}
            value = links[self._loss.link](first)
            origin, unit = scale[..., 0], scale[..., 1]
            if self._loss.scale == "log1p" and self._protocol.scales:
                target, value = (tf.math.expm1(origin + unit * part) for part in (target, value))
                return tf.abs(target - value)
            return unit * tf.abs(target - value)
        if self._loss.reading in RANKED:
            passed = chances(keras.ops, output, self._loss.reading) > MEDIAN
            right = tf.reduce_sum(tf.cast(passed, tf.int32), -1) == self.classes(target)
        elif self._loss.by_class:
            right = tf.argmax(output, -1, tf.int32) == self.classes(target)
        else:
            right = (output > 0) == (target > 0 if target.dtype.is_integer else target > self._between)
        return tf.cast(right, tf.float32)

    @property
    def _between(self) -> float:
        return 0.5 if self._loss.encoding == "zero_one" else 0.0


def class_weights(counts: Any) -> Any:
    """Return n/(K·n_k) of each class k, (…, K), from the training rows of each, (…, K)."""
    return tf.math.divide_no_nan(tf.reduce_sum(counts, -1, keepdims=True), counts.shape[-1] * counts)


def sizes(slope: Any, rank: int) -> Any:
    """Return the sizes of gradients with respect to outputs, of each row; `rank` is that of one number for each."""
    if len(slope.shape) == rank:
        return tf.abs(slope)
    return tf.norm(tf.reshape(slope, (*slope.shape[:rank], -1)), axis=-1)

"""Builds a custom network, for a task and a loss, with the function that a person named."""

from typing import Any

import numpy as np

from lossterm.comparison.user_network import OPTION, source_of
from lossterm.engine.runtime import keras, tf
from lossterm.engine.training.keras_network import DRAWING
from lossterm.engine.training.output_shape import output_shape_of, outputs_of
from lossterm.engine.user_code.loss_loading import Way, blamed, line_of, module_of
from lossterm.engine.user_code.probe import fastest, slower
from lossterm.errors import DataError, UsageError
from lossterm.losses import Loss
from lossterm.tasks import Task

ROWS = 4
"""Rows that a network is tried on."""

SQUASHING = ("sigmoid", "softmax")
"""Activations that a network must not end in: the losses here apply them themselves to a linear output."""


class UserNetwork:
    """A person's function (features, outputs), and the network that it built."""

    def __init__(self, model: str, task: Task, loss: Loss) -> None:
        """Load a result of `user_network.network_from` and try the network that it builds.

        Raises DataError for a file that was changed or fails, with the line, and for anything but an uncompiled Keras
        model from (rows, features), or (rows, *input_shape), to the (rows, …, outputs) that the loss wants.
        """
        try:
            self._source = source_of(model)
        except UsageError as error:  # the file was edited since
            raise DataError(str(error)) from error
        self._shape, self._outputs, self._head = task.input_shape, outputs_of(task, loss), loss.activation
        self._features = task.features if len(task.input_shape) == 1 else task.input_shape
        self._wanted = output_shape_of(task, loss)
        with blamed(self._source, "loaded"):
            self._function: Any = getattr(module_of(self._source, OPTION), self._source.name, None)
        self._spot = f"{self._source.name} in {self._source.place}{line_of(self._function)}"
        if not callable(self._function):
            raise DataError(
                f"{self._spot} is of type {type(self._function).__name__}: a network is given as a function "
                "(features, outputs) that returns a Keras model."
            )
        self.network = self._built(0)
        self.way, self.note = self._way()

    def state(self, seed: int) -> list[np.ndarray]:
        """Return a value for each of `network.variables`: those of a network built after Keras was seeded."""
        fresh = [np.asarray(variable) for variable in self._built(seed).variables]
        if [value.shape for value in fresh] != [tuple(variable.shape) for variable in self.network.variables]:
            raise DataError(f"{self._spot} builds another network each time: its layers must not be drawn at random.")
        return fresh

    @property
    def _rows_in_words(self) -> str:
        """Say what a row of the inputs is."""
        return f"{self._features} features" if len(self._shape) == 1 else " × ".join(map(str, self._shape))

    def _built(self, seed: int) -> Any:
        with DRAWING:
            keras.utils.set_random_seed(seed)
            with blamed(self._source, "called"):
                network = self._function(self._features, self._outputs)
            self._look_at(network)
            self._try(network)
        if self._head == "linear":
            return network
        return keras.Sequential([keras.layers.Input(self._shape), network, keras.layers.Activation(self._head)])

    def _look_at(self, network: Any) -> None:
        if not isinstance(network, keras.Model):
            raise DataError(f"{self._spot} returns something of type {type(network).__name__}, not a Keras model.")
        if network.compiled:
            raise DataError(
                f"{self._spot} returns a compiled model: leave compile() out, "
                "since loss, optimizer and learning rate are chosen with lossterm's own settings."
            )
        inputs = getattr(network, "inputs", None) or []
        shapes = [tuple(tensor.shape) for tensor in inputs]
        if shapes and shapes != [(None, *self._shape)]:
            taken = " and ".join(map(str, shapes))
            raise DataError(f"{self._spot} takes {taken}, where rows of {self._rows_in_words} are wanted.")
        self._refuse_squashed(network)

    def _try(self, network: Any) -> None:
        """Try the network on some rows, which also builds one that waits for its input."""
        with blamed(self._source, f"tried on {ROWS} rows of {self._rows_in_words}"):
            output = network(tf.zeros((ROWS, *self._shape)), training=False)
        if not tf.is_tensor(output):
            raise DataError(f"{self._spot} has an output of type {type(output).__name__}, where one tensor is wanted.")
        if tuple(output.shape) != (ROWS, *self._wanted):
            raise DataError(
                f"{self._spot} returns {tuple(output.shape)} for {ROWS} rows, "
                f"where {(ROWS, *self._wanted)} is wanted: "
                "end in a layer of as many units as the second argument says."
            )
        if output.dtype != tf.float32:
            raise DataError(f"{self._spot} has an output of {output.dtype.name}, where float32 is wanted.")
        self._refuse_squashed(network)
        if not network.trainable_variables:
            raise DataError(f"{self._spot} has no weights to train.")

    def _refuse_squashed(self, network: Any) -> None:
        if (ends := _ending(network)) in SQUASHING:
            raise DataError(
                f"{self._spot} ends in a {ends}: leave it out, since each loss here takes a linear output "
                "and applies what it needs itself."
            )

    def _way(self) -> tuple[Way, str | None]:
        """Return the fastest way to train the network, and a note on what is slower than for the usual one."""
        network = self.network

        def both(rows: Any) -> tuple[Any, Any]:
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(network(rows, training=True))
            gradients = tape.gradient(total, network.trainable_variables)
            return total, [gradient for gradient in gradients if gradient is not None] or None

        way, reason = fastest(both, tf.zeros((ROWS, *self._shape)))
        alone = f"{self._spot} is trained one at a time, since only plain networks share a program."
        return way, alone if way == "compiled" else slower(self._spot, way, reason)


def _ending(network: Any) -> str:
    """Return the name of the activation that a network ends in, "" where it is unknown, or not known yet."""
    outputs = getattr(network, "outputs", None)
    if not outputs:
        return ""
    last = outputs[0]._keras_history.operation
    if isinstance(last, keras.Model):
        return _ending(last)
    activation = getattr(last, "activation", None)
    return str(getattr(activation, "__name__", "")) or type(last).__name__.lower()

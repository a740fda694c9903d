"""The network, built by Keras."""

import threading
from typing import Any

from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.engine.runtime import keras
from lossterm.losses import Loss
from lossterm.tasks import Task

DRAWING = threading.Lock()
"""Held while a network is built: layers draw from one stream of Python's that all threads share."""

INITIALIZERS = {
    **dict.fromkeys(("relu", "elu", "gelu", "silu", "leaky_relu"), "he_uniform"),
    **dict.fromkeys(("tanh", "sigmoid"), "glorot_uniform"),
    "selu": "lecun_normal",  # what its fixed point is derived for
}
"""How the kernel of a hidden layer is drawn, by its activation."""


def outputs_of(task: Task, loss: Loss) -> int:
    """Return the number of outputs that a loss wants on a task."""
    return (task.classes if loss.by_class else None) or loss.units


def build_network(task: Task, loss: Loss, hyperparameters: Hyperparameters) -> Any:
    """Return an untrained `keras.Sequential`: the hidden layers, then the output that the loss wants.

    Hidden kernels are drawn as INITIALIZERS says, the output's by glorot_uniform, or normally with `initial_sd`. With
    batch normalisation a hidden layer is Dense without a bias (normalising would cancel it), then BatchNormalization,
    then Activation; Dropout comes last.
    """
    with DRAWING:
        return _stacked(task, loss, hyperparameters)


def _stacked(task: Task, loss: Loss, hyperparameters: Hyperparameters) -> Any:
    sd = hyperparameters.initial_sd
    output = "glorot_uniform" if sd is None else keras.initializers.RandomNormal(stddev=sd)
    last = keras.layers.Dense(
        outputs_of(task, loss),
        loss.activation,
        kernel_initializer=output,
        kernel_regularizer=_penalty(hyperparameters),
    )
    hidden = [layer for units in hyperparameters.hidden for layer in _hidden(units, hyperparameters)]
    return keras.Sequential([keras.layers.Input((task.features,)), *hidden, last])


def _hidden(units: int, hyperparameters: Hyperparameters) -> list[Any]:
    activation = hyperparameters.activation
    initializer, penalty = INITIALIZERS[activation], _penalty(hyperparameters)
    if hyperparameters.batch_norm:
        layers = [
            keras.layers.Dense(units, use_bias=False, kernel_initializer=initializer, kernel_regularizer=penalty),
            keras.layers.BatchNormalization(),
            keras.layers.Activation(activation),
        ]
    else:
        layers = [keras.layers.Dense(units, activation, kernel_initializer=initializer, kernel_regularizer=penalty)]
    return [*layers, keras.layers.Dropout(hyperparameters.dropout)] if hyperparameters.dropout else layers


def _penalty(hyperparameters: Hyperparameters) -> Any:
    return keras.regularizers.L2(hyperparameters.l2) if hyperparameters.l2 else None

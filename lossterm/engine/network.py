"""The network and its optimizer, built by Keras; initial weights drawn from a seed."""

from typing import Any

import numpy as np

from lossterm.comparison import Hyperparameters
from lossterm.engine.runtime import keras
from lossterm.losses import Loss
from lossterm.tasks import Task


def build_network(task: Task, loss: Loss, hyperparameters: Hyperparameters) -> Any:
    """Return an untrained `keras.Sequential`: the hidden layers, then the output that the loss wants.

    Kernels are drawn as he_uniform for ReLU and glorot_uniform for the rest; the output's normally with `initial_sd`.
    """
    outputs = task.classes if loss.by_class else loss.units
    activation, sd = hyperparameters.activation, hyperparameters.initial_sd
    hidden = "he_uniform" if activation == "relu" else "glorot_uniform"
    output = "glorot_uniform" if sd is None else keras.initializers.RandomNormal(stddev=sd)
    return keras.Sequential(
        [
            keras.layers.Input((task.features,)),
            *(keras.layers.Dense(u, activation, kernel_initializer=hidden) for u in hyperparameters.hidden),
            keras.layers.Dense(outputs, loss.activation, kernel_initializer=output),
        ]
    )


def build_optimizer(key: str, learning_rate: float = 0.01) -> Any:
    """Return the Keras optimizer of a key of `comparison.OPTIMIZERS`."""
    optimizers = {
        "sgd": lambda: keras.optimizers.SGD(learning_rate),
        "momentum": lambda: keras.optimizers.SGD(learning_rate, momentum=0.9),
        "adam": lambda: keras.optimizers.Adam(learning_rate),
        "rmsprop": lambda: keras.optimizers.RMSprop(learning_rate),
    }
    return optimizers[key]()


def initial_weights(network: Any, seed: int) -> list[np.ndarray]:
    """Draw what `network.get_weights()` would return, from its own initializers and a seed.

    Each kernel has a stream of its own, so that adding a layer does not change the others' draws.
    """
    weights: list[np.ndarray] = []
    for place, layer in enumerate(network.layers):
        kernel_seed = int(np.random.SeedSequence([seed, 0, place]).generate_state(1)[0] >> 1)
        drawn = layer.kernel_initializer
        initializer = type(drawn).from_config({**drawn.get_config(), "seed": kernel_seed})
        weights.append(np.asarray(initializer(layer.kernel.shape)))
        weights.append(np.zeros(layer.bias.shape, np.float32))
    return weights


def shuffler(seed: int) -> np.random.Generator:
    """Return the stream that a trial's batch orders are drawn from."""
    return np.random.Generator(np.random.SFC64([seed, 1]))


def batch_orders(stream: np.random.Generator, rows: int, epochs: int) -> np.ndarray:
    """Draw the order of rows in the next epochs, (epochs, rows), int32; chunks of any size give the same orders."""
    orders = np.empty((epochs, rows), np.int32)
    for epoch in range(epochs):
        orders[epoch] = stream.permutation(rows)
    return orders

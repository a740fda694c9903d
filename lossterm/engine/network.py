"""The network and its optimizer, built by Keras; initial weights drawn from a seed."""

import threading
from typing import Any

import numpy as np

from lossterm.engine.runtime import keras
from lossterm.hyperparameters import Hyperparameters
from lossterm.losses import Loss
from lossterm.tasks import Task

DRAWING = threading.Lock()
"""Held while a network is built: layers draw from a stream of Python's that is one for all lanes."""

INITIALIZERS = {
    **dict.fromkeys(("relu", "elu", "gelu", "silu", "leaky_relu"), "he_uniform"),
    **dict.fromkeys(("tanh", "sigmoid"), "glorot_uniform"),
    "selu": "lecun_normal",  # what its fixed point is derived for
}
"""How the kernel of a hidden layer is drawn, by its activation."""

LEFT_AT_THE_END = 0.01
"""Share of the learning rate that an exponential schedule ends with."""


def outputs_of(task: Task, loss: Loss) -> int:
    """Return the units of the output layer that a loss wants on a task."""
    return (task.classes if loss.by_class else None) or loss.units


def build_network(task: Task, loss: Loss, hyperparameters: Hyperparameters) -> Any:
    """Return an untrained `keras.Sequential`: the hidden layers, then the output that the loss wants.

    Kernels are drawn as INITIALIZERS says, and as glorot_uniform for the output, or normally with `initial_sd`. With
    batch normalisation a hidden layer is Dense without a bias, which the normalisation would take away again, then
    BatchNormalization, then Activation; Dropout comes last.
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


def build_optimizer(key: str, learning_rate: Any = 0.01) -> Any:
    """Return the Keras optimizer of a key of `OPTIMIZERS`, with a learning rate or a schedule of Keras's."""
    optimizers = {
        "sgd": lambda: keras.optimizers.SGD(learning_rate),
        "momentum": lambda: keras.optimizers.SGD(learning_rate, momentum=0.9),
        "adam": lambda: keras.optimizers.Adam(learning_rate),
        "rmsprop": lambda: keras.optimizers.RMSprop(learning_rate),
        "adamw": lambda: keras.optimizers.AdamW(learning_rate),
        "nadam": lambda: keras.optimizers.Nadam(learning_rate),
        "adagrad": lambda: keras.optimizers.Adagrad(learning_rate),
    }
    return optimizers[key]()


def build_schedule(key: str, learning_rate: Any, steps: Any) -> Any:
    """Return Keras's schedule of a key of `SCHEDULES` but the first, over all `steps` of a training.

    Both may be variables, so that one compiled program serves every rate and length.
    """
    schedules = keras.optimizers.schedules
    made = {
        "cosine": lambda: schedules.CosineDecay(learning_rate, steps),
        "linear": lambda: schedules.PolynomialDecay(learning_rate, steps, end_learning_rate=0.0, power=1.0),
        "exponential": lambda: schedules.ExponentialDecay(learning_rate, steps, decay_rate=LEFT_AT_THE_END),
    }
    return made[key]()


def optimizer_state(optimizer: Any) -> list[Any]:
    """Return every variable that a built optimizer changes as it goes.

    More than `optimizer.variables`: Nadam keeps a product there without tracking it.
    """
    apart = [value for value in vars(optimizer).values() if isinstance(value, keras.Variable)]
    return list({id(variable): variable for variable in (*optimizer.variables, *apart)}.values())


def initial_weights(network: Any, seed: int) -> list[np.ndarray]:
    """Draw what `network.get_weights()` would return of a network of `build_network`, from a seed.

    Each kernel has a stream of its own, so that adding a layer does not change the others' draws. What is normalised
    over the batch begins with a scale of 1, an offset of 0, a mean of 0 and a variance of 1.
    """
    weights: list[np.ndarray] = []
    place = 0
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dense):
            kernel_seed = int(np.random.SeedSequence([seed, 0, place]).generate_state(1)[0] >> 1)
            drawn = layer.kernel_initializer
            initializer = type(drawn).from_config({**drawn.get_config(), "seed": kernel_seed})
            weights.append(np.asarray(initializer(layer.kernel.shape)))
            weights += [np.zeros(layer.bias.shape, np.float32)] if layer.use_bias else []
            place += 1
        elif isinstance(layer, keras.layers.BatchNormalization):
            units = layer.gamma.shape
            weights += [np.ones(units, np.float32), np.zeros(units, np.float32)]
            weights += [np.zeros(units, np.float32), np.ones(units, np.float32)]
    return weights


def initial_state(network: Any, seed: int) -> list[np.ndarray]:
    """Draw a value for each of `network.variables`: the initial weights, and the seeds of what is random in a step."""
    weights = iter(initial_weights(network, seed))
    chances = iter(np.random.SeedSequence([seed, 3]).spawn(len(network.variables)))
    known = {id(variable) for variable in network.weights}
    return [
        next(weights) if id(variable) in known else _seeded(next(chances), variable) for variable in network.variables
    ]


def _seeded(chance: np.random.SeedSequence, variable: Any) -> np.ndarray:
    """Return the state of a `keras.random.SeedGenerator` of a seed, at its beginning."""
    return np.array([chance.generate_state(1)[0], 0], variable.dtype)


def shuffler(seed: int) -> np.random.Generator:
    """Return the stream that a trial's batch orders are drawn from."""
    return np.random.Generator(np.random.SFC64([seed, 1]))


def batch_orders(stream: np.random.Generator, rows: int, epochs: int) -> np.ndarray:
    """Draw the order of rows in the next epochs, (epochs, rows), int32; chunks of any size give the same orders."""
    orders = np.empty((epochs, rows), np.int32)
    for epoch in range(epochs):
        orders[epoch] = stream.permutation(rows)
    return orders

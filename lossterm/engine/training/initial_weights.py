"""Initial weights, drawn from a seed."""

from typing import Any

import numpy as np

from lossterm.engine.runtime import keras


def initial_weights(network: Any, seed: int) -> list[np.ndarray]:
    """Draw initial weights from a seed, in the order of `get_weights()` of a network of `build_network`.

    Each kernel has a separate stream, so that adding a layer does not change the draws of the others. Batch
    normalisation begins with a scale of 1, an offset of 0, a mean of 0 and a variance of 1.
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
    """Draw a value for each of `network.variables`: initial weights, and the seeds of layers that are random."""
    weights = iter(initial_weights(network, seed))
    chances = iter(np.random.SeedSequence([seed, 3]).spawn(len(network.variables)))
    known = {id(variable) for variable in network.weights}
    return [
        next(weights) if id(variable) in known else _seeded(next(chances), variable) for variable in network.variables
    ]


def _seeded(chance: np.random.SeedSequence, variable: Any) -> np.ndarray:
    """Return the initial state of a `keras.random.SeedGenerator` with this seed."""
    return np.array([chance.generate_state(1)[0], 0], variable.dtype)

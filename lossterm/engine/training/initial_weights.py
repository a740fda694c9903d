"""Initial weights, drawn from a seed."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from lossterm.engine.runtime import keras


def initial_weights(network: Any, seed: int) -> list[np.ndarray]:
    """Draw initial weights from a seed, in the order of `get_weights()` of a network of `build_network`.

    Each kernel, and what a recurrent cell multiplies its state by, has a separate stream, so that adding a layer does
    not change the draws of the others. Batch normalisation begins with a scale of 1, an offset of 0, a mean of 0 and a
    variance of 1.
    """
    weights: list[np.ndarray] = []
    streams = itertools.count()

    def drawn(initializer: Any, weight: Any) -> np.ndarray:
        stream = int(np.random.SeedSequence([seed, 0, next(streams)]).generate_state(1)[0] >> 1)
        fresh = type(initializer).from_config({**initializer.get_config(), "seed": stream})
        return np.asarray(fresh(weight.shape))

    for layer in _single(network.layers):
        if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D):
            weights.append(drawn(layer.kernel_initializer, layer.kernel))
            weights += [np.zeros(layer.bias.shape, np.float32)] if layer.use_bias else []
        elif isinstance(layer, keras.layers.BatchNormalization):
            units = layer.gamma.shape
            weights += [np.ones(units, np.float32), np.zeros(units, np.float32)]
            weights += [np.zeros(units, np.float32), np.ones(units, np.float32)]
        elif isinstance(layer, keras.layers.RNN):
            cell = layer.cell
            weights.append(drawn(cell.kernel_initializer, cell.kernel))
            weights.append(drawn(cell.recurrent_initializer, cell.recurrent_kernel))
            weights.append(_offsets(cell))
    return weights


def _single(layers: Iterable[Any]) -> Iterator[Any]:
    """Yield the layers, of one that reads both ways its two."""
    for layer in layers:
        if isinstance(layer, keras.layers.Bidirectional):
            yield from (layer.forward_layer, layer.backward_layer)
        else:
            yield layer


def _offsets(cell: Any) -> np.ndarray:
    """Return the initial bias of a recurrent cell: 0, but 1 for what an LSTM keeps, so that it begins by remembering.

    Source: Jozefowicz, Zaremba & Sutskever 2015, An Empirical Exploration of Recurrent Network Architectures.
    """
    bias = np.zeros(cell.bias.shape, np.float32)
    if isinstance(cell, keras.layers.LSTMCell):
        bias[cell.units : 2 * cell.units] = 1
    return bias


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

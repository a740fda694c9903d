"""A network as a stack of dense layers, a form that can be kept and computed without TensorFlow."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_args

import numpy as np

from lossterm.comparison.hyperparameters import ACTIVATIONS
from lossterm.engine.runtime import keras
from lossterm.engine.training.kept_numbers import NetworkForm
from lossterm.losses import Activation

Value = Callable[[Any], np.ndarray]
"""Returns the present value of a variable of a network."""


@dataclass(kw_only=True, slots=True)
class Layer:
    """One dense layer with what follows it."""

    dense: Any
    """The layer."""
    norm: Any = None
    """Batch normalisation of its sums, if any."""
    activation: str = "linear"
    """Keras's name of the activation after it."""

    def folded(self, value: Value) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel (inputs, units) and bias (units,), with the normalisation at prediction folded in."""
        kernel = value(self.dense.kernel)
        bias = value(self.dense.bias) if self.dense.use_bias else np.zeros(kernel.shape[1], np.float32)
        if self.norm is None:
            return kernel, bias
        factor = 1 / np.sqrt(value(self.norm.moving_variance).astype(np.float64) + self.norm.epsilon)
        factor = factor * value(self.norm.gamma) if self.norm.scale else factor
        offset = value(self.norm.beta) if self.norm.center else 0.0
        shifted = (bias - value(self.norm.moving_mean)) * factor + offset
        return (kernel * factor).astype(np.float32), shifted.astype(np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerStack:
    """All layers of a network that predicts by kernels, biases and one activation of its hidden layers."""

    parts: list[Layer]
    """From the first hidden layer to the output."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Units from the input to the output."""
        return (int(self.parts[0].dense.kernel.shape[0]), *(part.dense.units for part in self.parts))

    @property
    def form(self) -> NetworkForm:
        """Everything but the weights; without a hidden layer, the activation is the first of ACTIVATIONS."""
        activation = next((part.activation for part in self.parts[:-1]), ACTIVATIONS[0])
        head: Activation = self.parts[-1].activation  # type: ignore[assignment]  # `stack_of` made no other
        return NetworkForm(self.layers, activation, head)

    @property
    def size(self) -> int:
        """How many numbers `weights` returns."""
        return sum((inputs + 1) * units for inputs, units in pairwise(self.layers))

    def weights(self, value: Value = np.asarray) -> list[np.ndarray]:
        """Return kernel and bias of each layer in turn, as they are now; `value` reads a variable of the network."""
        return [part for layer in self.parts for part in layer.folded(value)]


def stack_of(network: Any) -> LayerStack | None:
    """Return a built network as a stack; None if it is anything else."""
    parts: list[Layer] = []
    for layer in _chain(network):
        last = parts[-1] if parts else None
        if type(layer) is keras.layers.Dense:
            parts.append(Layer(dense=layer, activation=_name(layer.activation)))
        elif isinstance(layer, _WITHOUT_EFFECT):
            continue
        elif last is None or last.activation != "linear":
            return None
        elif type(layer) is keras.layers.BatchNormalization and last.norm is None:
            last.norm = layer
        elif type(layer) is keras.layers.Activation:
            last.activation = _name(layer.activation)
        else:
            return None
    hidden = {part.activation for part in parts[:-1]}
    if not parts or len(hidden) > 1 or hidden - set(ACTIVATIONS) or parts[-1].activation not in get_args(Activation):
        return None
    return LayerStack(parts=parts)


_WITHOUT_EFFECT = (
    keras.layers.InputLayer,
    keras.layers.Dropout,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.ActivityRegularization,
)
"""Layers that do nothing when a network predicts."""


def _name(activation: Any) -> str:
    name = keras.activations.serialize(activation)
    return name if isinstance(name, str) else ""


def _chain(network: Any) -> Iterator[Any]:
    """Yield the layers that rows pass one after the other; a network that is not a chain is yielded itself."""
    if not isinstance(network, keras.Sequential) and not _straight(network):
        yield network
        return
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _chain(layer)
        else:
            yield layer


def _straight(network: Any) -> bool:
    """Whether a functional model hands each layer what the one before it returned, and nothing else."""
    layers = network.layers
    if not getattr(network, "outputs", None) or any(isinstance(layer, keras.Model) for layer in layers):
        return False
    joined = all(after.input is before.output for before, after in pairwise(layers))
    return bool(joined and network.outputs[0] is layers[-1].output)

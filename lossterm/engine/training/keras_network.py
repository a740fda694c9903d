"""The network, built by Keras."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.initial_weights import HIDDEN, OUTPUT
from lossterm.engine.runtime import keras
from lossterm.engine.training.output_shape import outputs_of
from lossterm.engine.training.sliced_convolution import SlicedConv2D
from lossterm.losses import Loss
from lossterm.tasks import Task

DRAWING = threading.Lock()
"""Held while a network is built: layers draw from one stream of Python's that all threads share."""


def build_network(task: Task, loss: Loss, hyperparameters: Hyperparameters, *, plain: bool = False) -> Any:
    """Return an untrained Keras model: what the kind of network begins with, hidden layers, the output of the loss.

    Hidden kernels are drawn as HIDDEN says, the output's as OUTPUT, or normally with `initial_sd`. With
    batch normalisation a hidden layer has no bias (normalising would cancel it), then comes BatchNormalization, then
    Activation; Dropout comes last. A `plain` network has layers of Keras alone, so that anyone can load it.
    """
    layers = _Layers(hyperparameters, keras.layers.Conv2D if plain else SlicedConv2D)
    with DRAWING:
        if hyperparameters.network == "unet":
            return _unet(task, loss, hyperparameters, layers)
        inputs = keras.layers.Input(task.input_shape)
        hidden = [layer for units in hyperparameters.hidden for layer in layers.dense(units)]
        return keras.Sequential(
            [inputs, *_BEGINNINGS[hyperparameters.network](task, layers), *hidden, _last(task, loss, layers)]
        )


class _Layers:
    """Makes hidden layers as the hyperparameters say."""

    def __init__(self, hyperparameters: Hyperparameters, convolution: Any) -> None:
        self.of, self._convolution = hyperparameters, convolution

    @property
    def penalty(self) -> Any:
        return keras.regularizers.L2(self.of.l2) if self.of.l2 else None

    @property
    def output_initializer(self) -> Any:
        """How the output kernel is drawn."""
        sd = self.of.initial_sd
        return OUTPUT.key if sd is None else keras.initializers.RandomNormal(stddev=sd)

    def dense(self, units: int) -> list[Any]:
        return self._normalised(keras.layers.Dense, units)

    def convolution(self, filters: int) -> list[Any]:
        more = {} if self._convolution is SlicedConv2D else {"padding": "same"}
        return self._normalised(self._convolution, filters, self.of.kernel, **more)

    def pixels(self, units: int, activation: str) -> Any:
        """Make the layer that gives the outputs of each pixel from its filters."""
        initializer, penalty = self.output_initializer, self.penalty
        return self._convolution(
            units, 1, activation=activation, kernel_initializer=initializer, kernel_regularizer=penalty
        )

    def pooling(self) -> Any:
        """Make the layer that halves an image; of an odd side, the last pixels stand alone."""
        kind = keras.layers.MaxPooling2D if self.of.pooling == "max" else keras.layers.AveragePooling2D
        return kind(2, padding="same")

    def recurrent(self) -> list[Any]:
        """Make the recurrent layers: each but the last gives its state at each step."""
        kinds = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM, "simple": keras.layers.SimpleRNN}
        layers: list[Any] = []
        for place, units in enumerate(self.of.units):
            layer = kinds[self.of.cell](
                units, return_sequences=place < len(self.of.units) - 1, kernel_regularizer=self.penalty
            )
            layers.append(keras.layers.Bidirectional(layer) if self.of.bidirectional else layer)
            layers += self._dropout()
        return layers

    def _normalised(self, kind: Callable[..., Any], *sizes: int, **more: Any) -> list[Any]:
        activation = self.of.activation
        more |= {"kernel_initializer": HIDDEN[activation].key, "kernel_regularizer": self.penalty}
        if not self.of.batch_norm:
            return [kind(*sizes, activation=activation, **more), *self._dropout()]
        normalised = [keras.layers.BatchNormalization(), keras.layers.Activation(activation)]
        return [kind(*sizes, use_bias=False, **more), *normalised, *self._dropout()]

    def _dropout(self) -> list[Any]:
        return [keras.layers.Dropout(self.of.dropout)] if self.of.dropout else []


def _flat(task: Task, _: _Layers) -> list[Any]:
    return [keras.layers.Flatten()] if len(task.input_shape) > 1 else []


def _convolutions(_: Task, layers: _Layers) -> list[Any]:
    blocks = [[*layers.convolution(filters), layers.pooling()] for filters in layers.of.filters]
    return [*(layer for block in blocks for layer in block), keras.layers.Flatten()]


def _recurrent(_: Task, layers: _Layers) -> list[Any]:
    return layers.recurrent()


_BEGINNINGS: dict[str, Callable[[Task, _Layers], list[Any]]] = {
    "mlp": _flat,
    "cnn": _convolutions,
    "rnn": _recurrent,
}
"""What a chain of layers begins with, by kind of network."""


def _last(task: Task, loss: Loss, layers: _Layers) -> Any:
    return keras.layers.Dense(
        outputs_of(task, loss),
        loss.activation,
        kernel_initializer=layers.output_initializer,
        kernel_regularizer=layers.penalty,
    )


def _unet(task: Task, loss: Loss, hyperparameters: Hyperparameters, layers: _Layers) -> Any:
    """Return a U-Net: down through the levels by pooling, and up again beside what each level had on the way down.

    Source: Ronneberger, Fischer & Brox 2015, U-Net; with one convolution on each level, since images are small.
    """
    inputs = image = keras.layers.Input(task.input_shape)
    *upper, lowest = hyperparameters.filters
    beside = []
    for filters in upper:
        image = _through(layers.convolution(filters), image)
        beside.append(image)
        image = layers.pooling()(image)
    image = _through(layers.convolution(lowest), image)
    for filters, same in zip(reversed(upper), reversed(beside), strict=True):
        image = keras.layers.Concatenate()([keras.layers.UpSampling2D(2)(image), same])
        image = _through(layers.convolution(filters), image)
    return keras.Model(inputs, layers.pixels(outputs_of(task, loss), loss.activation)(image))


def _through(layers: Sequence[Any], image: Any) -> Any:
    for layer in layers:
        image = layer(image)
    return image

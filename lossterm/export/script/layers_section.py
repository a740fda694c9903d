"""Convolutions, recurrent layers and U-Nets, written out layer by layer as a person would with Keras."""

import itertools
from collections.abc import Iterator

from lossterm.comparison.initial_weights import HIDDEN, OUTPUT
from lossterm.export.script.plan import Plan
from lossterm.text.numbers import exact

_CELLS = {"gru": "GRU", "lstm": "LSTM", "simple": "SimpleRNN"}
_POOLINGS = {"max": "MaxPooling2D", "average": "AveragePooling2D"}


class Layers:
    """The expressions of the layers of a plan's network, each kernel with a stream of its own, in order."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._h = plan, plan.settings
        self._kernels, self._dropouts = itertools.count(), itertools.count()

    def hidden(self) -> Iterator[str]:
        """Yield the layers of a chain, from the first after the input to the last."""
        h = self._h
        if h.network == "cnn":
            for filters in h.filters:
                yield from self.convolution(filters)
                yield self.pooling()
        if h.network == "rnn":
            yield from self._recurrent()
        elif len(self._plan.task.input_shape) > 1:
            yield "keras.layers.Flatten()"
        for units in h.hidden:
            yield from self._activated(f"Dense({units}")
        activation = "" if self._plan.loss.activation == "linear" else f'"{self._plan.loss.activation}", '
        yield f"keras.layers.Dense({self._plan.units}, {activation}{self._drawn(self._output)}{self._penalty})"

    def convolution(self, filters: int) -> Iterator[str]:
        """Yield a convolution and what follows it."""
        yield from self._activated(f'Conv2D({filters}, {self._h.kernel}, padding="same"')

    def pooling(self) -> str:
        """Return the layer that halves an image."""
        return f'keras.layers.{_POOLINGS[self._h.pooling]}(2, padding="same")'

    def pixels(self) -> str:
        """Return the layer that gives the outputs of each pixel."""
        activation = "" if self._plan.loss.activation == "linear" else f'activation="{self._plan.loss.activation}", '
        return f"keras.layers.Conv2D({self._plan.units}, 1, {activation}{self._drawn(self._output)}{self._penalty})"

    @property
    def _penalty(self) -> str:
        return f", kernel_regularizer=keras.regularizers.L2({exact(self._h.l2)})" if self._h.l2 else ""

    @property
    def _output(self) -> str:
        sd = self._h.initial_sd
        return f"{OUTPUT.keras}(" if sd is None else f"RandomNormal(stddev={exact(sd)}, seed="

    def _drawn(self, initializer: str, argument: str = "kernel_initializer") -> str:
        return f"{argument}=keras.initializers.{initializer}kernel_seed(seed, {next(self._kernels)}))"

    def _activated(self, layer: str) -> Iterator[str]:
        activation = self._h.activation
        drawn = self._drawn(f"{HIDDEN[activation].keras}(")
        if self._h.batch_norm:
            yield f"keras.layers.{layer}, use_bias=False, {drawn}{self._penalty})"
            yield "keras.layers.BatchNormalization()"
            yield f'keras.layers.Activation("{activation}")'
        else:
            yield f'keras.layers.{layer}, activation="{activation}", {drawn}{self._penalty})'
        yield from self._dropped()

    def _dropped(self) -> Iterator[str]:
        if self._h.dropout:
            yield f"dropout(seed, {next(self._dropouts)})"

    def _recurrent(self) -> Iterator[str]:
        *inner, _ = self._h.units
        for units, sequences in zip(self._h.units, [*[True] * len(inner), False], strict=True):
            more = ", return_sequences=True" if sequences else ""
            layer = self._cell(units, more)
            if self._h.bidirectional:
                back = self._cell(units, f"{more}, go_backwards=True")
                layer = f"keras.layers.Bidirectional({layer}, backward_layer={back})"
            yield layer
            yield from self._dropped()

    def _cell(self, units: int, more: str) -> str:
        kernel = self._drawn("GlorotUniform(")
        recurrent = self._drawn("Orthogonal(seed=", "recurrent_initializer")
        return f"keras.layers.{_CELLS[self._h.cell]}({units}{more}, {kernel}, {recurrent}{self._penalty})"


def layer_lines(plan: Plan) -> list[str]:
    """Return the lines of `build(seed)` for a network whose layers are written out."""
    head = ["def build(seed):", '    """Return the network, with the initial weights of a seed."""']
    layers = Layers(plan)
    if plan.settings.network != "unet":
        chain = [line for layer in layers.hidden() for line in laid_out(12, "", layer, ",")]
        return [
            *head,
            "    return keras.Sequential(",
            "        [",
            "            keras.layers.Input(SHAPE),",
            *chain,
            *_END,
        ]
    *upper, lowest = plan.settings.filters
    lines = [*head, "    inputs = image = keras.layers.Input(SHAPE)"]

    def through(*expressions: str) -> None:
        for expression in expressions:
            lines.extend(laid_out(4, "image = ", expression, "(image)"))

    for level, filters in enumerate(upper):
        through(*layers.convolution(filters))
        lines.append(f"    level_{level} = image")
        through(layers.pooling())
    through(*layers.convolution(lowest))
    for level, filters in reversed(list(enumerate(upper))):
        lines.append(f"    image = keras.layers.Concatenate()([keras.layers.UpSampling2D(2)(image), level_{level}])")
        through(*layers.convolution(filters))
    through(layers.pixels())
    return [*lines, "    return keras.Model(inputs, image)"]


WIDEST = 120
"""Columns of a line of a script."""


def laid_out(indent: int, before: str, call: str, after: str) -> list[str]:
    """Return the lines of a call as a formatter wants them: one, or its arguments on a line together, or one each."""
    line = f"{' ' * indent}{before}{call}{after}"
    if len(line) <= WIDEST:
        return [line]
    opening = call.index("(")
    arguments = _arguments(call[opening + 1 : -1])
    inner = f"{' ' * (indent + 4)}{', '.join(arguments)}"
    split = [inner] if len(inner) <= WIDEST else []
    for argument in [] if split else arguments:
        name, equals, value = argument.partition("=")
        nested = equals and name.isidentifier() and value.endswith(")")
        split += laid_out(indent + 4, f"{name}=", value, ",") if nested else [f"{' ' * (indent + 4)}{argument},"]
    return [f"{' ' * indent}{before}{call[: opening + 1]}", *split, f"{' ' * indent}){after}"]


def _arguments(text: str) -> list[str]:
    """Split arguments at the commas that are in no brackets."""
    arguments, depth = [""], 0
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and not depth:
            arguments.append("")
        else:
            arguments[-1] += sign
    return [argument.strip() for argument in arguments]


_END = ["        ]", "    )"]

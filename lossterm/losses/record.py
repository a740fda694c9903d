"""The form of a loss: one record, one pure function over an array namespace."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

Array = Any
"""An array of whichever namespace the function was called with."""

Namespace = Any
"""NumPy's names plus `softplus`, `log_softmax` and `one_hot`: `keras.ops`, or `arrays.numpy()`."""

Kind = Literal["regression", "binary", "multiclass"]
Encoding = Literal["value", "zero_one", "plus_minus_one", "one_hot", "index"]
Activation = Literal["linear", "tanh"]
Reading = Literal["value", "logit", "margin", "logits"]


class TutorialSetting(msgspec.Struct, frozen=True, kw_only=True):
    """How the tutorial set a loss up where that differs from how it should be set up."""

    activation: Activation | None = None
    """Activation of the output layer there, None where it is the record's own."""
    note: str
    """What is wrong with it, in a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """One record of the catalogue."""

    key: str
    """The field's name, as typed on the command line."""
    title: str
    """The name in print."""
    kinds: tuple[Kind, ...]
    """Kinds of task it can train."""
    function: Callable[[Namespace, Array, Array], Array]
    """`(namespace, target, output) -> loss of each row`; target as `encoding` says, output after `activation`."""
    formula: str
    """The loss of one row, in the notation of `losses/__init__.py`."""
    estimates: str
    """What the minimiser tends to: mean, median, class probability, …"""
    reading: Reading
    """How the output is read: a value, a logit of class 1, a margin whose sign is the class, or logits of K classes."""
    activation: Activation = "linear"
    """Activation of the output layer."""
    encoding: Encoding
    """Form in which the loss wants its targets."""
    valid: str
    """Range of targets, before encoding, on which the loss is defined."""
    lowest: float = float("-inf")
    """The same as a number: no target may be below."""
    large_errors: str
    """What the gradient does far from the target."""
    use_when: str
    """When to choose it."""
    avoid_when: str
    """When not to."""
    keras: str | None
    """Class in `keras.losses`, None where Keras has none."""
    same_as: str | None = None
    """Key of the loss that this one equals by construction."""
    references: tuple[str, ...]
    """Where it was defined or studied."""
    tutorial: TutorialSetting | None = None
    """How the tutorial's protocol sets it up, None where nothing differs."""

    @property
    def probabilistic(self) -> bool:
        """Whether the output gives class probabilities."""
        return self.reading in ("logit", "logits")

    def fits(self, kind: Kind, lowest: float, protocol: str) -> bool:
        """Whether it can train a task of this kind whose targets are not below `lowest`.

        The tutorial's protocol offers what the tutorial did, wrong or not.
        """
        return kind in self.kinds and (lowest >= self.lowest or (protocol == "tutorial" and self.tutorial is not None))

    def head(self, protocol: str) -> Activation:
        """Activation of the output layer under a protocol."""
        if protocol == "tutorial" and self.tutorial and self.tutorial.activation:
            return self.tutorial.activation
        return self.activation
